//! The append-only record format of audit, recordings and logs: hash chain, signed checkpoints, verifier.
//!
//! A log is lines of `<64 hex of hash> <json>\n`. A record's hash covers the hash before it and the
//! exact bytes of its JSON, so a byte that is changed, a record that is removed, moved or added breaks the
//! chain. Whoever can write the file can also make a whole new chain; therefore signed
//! [`Checkpoint`]s leave the machine, and what they vouch for cannot be rewritten unseen.
//!
//! This crate is pure: it takes bytes and the time and returns values. It opens no file, reads no clock, and
//! holds a bounded amount of memory however long the log is. It must never call a log sound that
//! disagrees with an anchor.
//!
//! | module | what |
//! |---|---|
//! | [`hash`] | SHA-256 over a record, and its hexadecimal form |
//! | [`record`] | one line: writing it, reading it |
//! | [`chain`] | the writer's side: the next line, and the head of the chain |
//! | [`key`] | Ed25519: who signs, and who may be believed |
//! | [`checkpoint`] | "up to this record, this hash", signed |
//! | [`lines`] | reading lines of bounded length |
//! | [`verify`] | the reader's side: everything that is wrong with a log |
//! | [`report`] | what the verifier found |
//! | [`error`] | what can go wrong while writing |

pub mod chain;
pub mod checkpoint;
pub mod error;
pub mod hash;
pub mod key;
pub mod lines;
pub mod record;
pub mod report;
pub mod verify;

pub use chain::{Chain, Head, Line};
pub use checkpoint::Checkpoint;
pub use error::Error;
pub use hash::Hash;
pub use key::{PublicKey, Signer};
pub use record::{LogId, Record};
pub use report::{Defect, Problem, Report, Torn};
pub use verify::Verifier;

/// The longest line, its newline included, in bytes.
pub const MAX_LINE: usize = 64 * 1024;

/// The kind of a log's first record.
pub const GENESIS: &str = "genesis";

/// The kind of a record that holds a [`Checkpoint`] of the record before it.
pub const CHECKPOINT: &str = "checkpoint";
