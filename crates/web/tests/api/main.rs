//! The JSON API: without rights, with them, and as its document says.

#[path = "../harness/mod.rs"]
mod harness;

mod examples;
mod openapi;
mod refusals;
mod rights;
mod work;
