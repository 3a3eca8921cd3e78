//! What is written down of every act, in evidence's format; export, anchoring off the machine.
//!
//! An act is written down before it happens: [`Log::begin`] returns the record's number only once the record is
//! on disk, and [`Log::complete`] adds how it ended. One thread owns the files; many waiting records share one
//! `fdatasync`. A preallocated reserve keeps essential acts possible when the disk is full.
//!
//! This crate must never acknowledge a record that is not on disk, never change or drop one that
//! is, and never write a secret: what is put into `detail` is written as it stands.
//!
//! | module | what |
//! |---|---|
//! | [`config`] | what can be configured, with its defaults |
//! | [`record`] | what a record says: begin, end, interrupted, note |
//! | [`log`] | the handle that the rest of the appliance holds |
//! | `writer` | the one owner: group commit, checkpoints |
//! | `recover` | what is done with the files when the log is opened |
//! | `segment` | one file of the log, and its rotation |
//! | `reserve` | space that is kept for essential acts |
//! | [`read`] | acts and notes, newest first, begin and end joined |
//! | `reverse` | the lines of the files, last first |
//! | [`verify`] | whether the log is sound, and up to where an anchor proves it |
//! | [`syslog`] | RFC 5424 messages and RFC 5425 frames, pure |
//! | [`export`] | JSON lines; anchors and syslog off the machine |
//! | [`key`] | the key that signs checkpoints |
//! | [`metrics`] | names of what is counted |
//! | [`error`] | what can go wrong |

pub mod config;
pub mod error;
pub mod export;
pub mod key;
pub mod log;
pub mod metrics;
pub mod read;
pub mod record;
mod recover;
mod reserve;
mod reverse;
mod segment;
pub mod syslog;
pub mod verify;
mod writer;

pub use config::Config;
pub use error::Error;
pub use evidence::{Checkpoint, PublicKey, Report, Signer};
pub use log::Log;
pub use read::{Entry, Query, Status};
pub use record::{Begin, Note, Outcome};
pub use writer::Health;
