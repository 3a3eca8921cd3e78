//! What is written down of every act, in evidence's format; export, anchoring off the machine.
