//! The JSON API: without rights, with them, and as its document says.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../harness/mod.rs"]
mod harness;

mod examples;
mod openapi;
mod policy;
mod refusals;
mod rights;
mod work;
