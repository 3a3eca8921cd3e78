//! The store from outside: what is written is read back, whatever happens in between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod backup;
mod concurrency;
mod devices;
mod full;
mod history;
mod jobs;
mod killed;
mod policy;
mod sample;
