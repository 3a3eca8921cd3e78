//! The one way to act: authorise, audit, permit, act, event.
