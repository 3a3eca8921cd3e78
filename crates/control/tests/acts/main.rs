//! Who comes in, what is done, and what is written down of it: over a real store, vault and audit log.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod administrators;
mod door;
mod history;
mod jobs;
#[path = "../kernel/mod.rs"]
mod kernel;
mod policy;
mod policy_mended;
mod sign_in;
mod world;
