//! The append-only record format of audit, recordings and logs: hash chain, signed checkpoints, verifier.
