//! "Up to this record, this hash", signed: what leaves the machine and anchors the log.

use crate::chain::Head;
use crate::error::Error;
use crate::hash::Hash;
use crate::record::LogId;
use crate::{PublicKey, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Begins the bytes that a checkpoint's signature covers.
pub const CHECKPOINT_TAG: &str = "portcullis-evidence-checkpoint-v1";

/// The longest line of an anchor file in bytes, its newline included.
pub const MAX_CHECKPOINT: usize = 4096;

/// A signed statement about a log: its record `seq` has the hash `hash`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The log.
    pub log: LogId,
    /// The last record that it vouches for, and with it all before.
    pub seq: u64,
    /// That record's hash.
    pub hash: Hash,
    /// When it was signed.
    pub at: Timestamp,
    /// The key that signed it.
    pub key: PublicKey,
    /// Ed25519 over [`Checkpoint::message`], in base64.
    pub signature: String,
}

impl Checkpoint {
    /// Signs where a chain stands.
    #[must_use]
    pub fn sign(signer: &Signer, head: &Head, now: Timestamp) -> Self {
        let mut checkpoint = Self {
            log: head.log,
            seq: head.seq,
            hash: head.hash,
            at: now,
            key: signer.public(),
            signature: String::new(),
        };
        checkpoint.signature = STANDARD.encode(signer.sign(checkpoint.message().as_bytes()));
        checkpoint
    }

    /// The text that is signed: tag, log, number, hash and time, each followed by a newline.
    #[must_use]
    pub fn message(&self) -> String {
        format!("{CHECKPOINT_TAG}\n{}\n{}\n{}\n{}\n", self.log, self.seq, self.hash, self.at)
    }

    /// Whether the signature is `key`'s.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let signature = STANDARD.decode(&self.signature).unwrap_or_default();
        self.key == *key && key.verifies(self.message().as_bytes(), &signature)
    }

    /// One line of an anchor file, newline included.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_line(&self) -> Result<String, Error> {
        let mut line = serde_json::to_string(self).map_err(|why| Error::Checkpoint(why.to_string()))?;
        line.push('\n');
        Ok(line)
    }

    /// Reads a line of an anchor file, with or without its newline. The signature is not checked here.
    ///
    /// # Errors
    /// When the line is none.
    pub fn parse(line: &[u8]) -> Result<Self, Error> {
        if line.len() > MAX_CHECKPOINT {
            return Err(Error::Checkpoint(format!("longer than {MAX_CHECKPOINT} bytes")));
        }
        serde_json::from_slice(line).map_err(|why| Error::Checkpoint(why.to_string()))
    }
}
