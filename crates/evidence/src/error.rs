//! What can go wrong while a log is written, or while a key or a checkpoint is read.

/// A record, key or checkpoint that could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The body cannot be written as JSON.
    #[error("record {seq} of kind {kind:?} cannot be written as JSON")]
    Encode {
        /// The number that the record would have had.
        seq: u64,
        /// Its kind.
        kind: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The line would be longer than [`crate::MAX_LINE`].
    #[error(
        "record of kind {kind:?} would take {length} bytes; a line holds at most {most}: shorten its detail"
    )]
    TooLong {
        /// The record's kind.
        kind: String,
        /// The length of the line in bytes.
        length: usize,
        /// The longest line in bytes.
        most: usize,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Random,
    /// The bytes are no Ed25519 key pair in PKCS#8.
    #[error("not an Ed25519 key pair in PKCS#8 (RFC 8410): {0}")]
    Key(String),
    /// The text is no public key, hash or log id.
    #[error("{text:?} is not {what}")]
    Hex {
        /// What it should have been.
        what: &'static str,
        /// What it was.
        text: String,
    },
    /// The line is no checkpoint.
    #[error("not a checkpoint: {0}")]
    Checkpoint(String),
}
