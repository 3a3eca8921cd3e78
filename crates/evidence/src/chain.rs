//! The writer's side: the next line, and the head of the chain.

use crate::error::Error;
use crate::hash::Hash;
use crate::record::{Genesis, LogId, Outgoing};
use crate::{CHECKPOINT, Checkpoint, GENESIS, MAX_LINE, PublicKey, Signer};
use jiff::Timestamp;
use serde::Serialize;

/// Where a chain stands: the last record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log.
    pub log: LogId,
    /// The number of the last record.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// When it was written.
    pub at: Timestamp,
}

/// A finished line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The record's number.
    pub seq: u64,
    /// The bytes to append, newline included.
    pub bytes: Vec<u8>,
}

/// Makes the lines of one log, each chained to the one before.
///
/// It is cheap to clone: a writer makes lines with a clone, and keeps the clone once they are on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    head: Head,
}

impl Chain {
    /// Begins a log, with its first record.
    ///
    /// # Errors
    /// When the record cannot be written as JSON.
    pub fn begin(log: LogId, key: PublicKey, now: Timestamp) -> Result<(Self, Line), Error> {
        let mut chain =
            Self { head: Head { log, seq: 0, hash: Hash::before_first(&log.to_string()), at: now } };
        let line = chain.next(GENESIS, &Genesis { log, key }, now)?;
        Ok((chain, line))
    }

    /// Goes on where a verified log ends.
    #[must_use]
    pub const fn resume(head: Head) -> Self {
        Self { head }
    }

    /// The last record.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Makes the next line.
    ///
    /// # Errors
    /// When the body cannot be written as JSON, or the line would be longer than [`MAX_LINE`]; the chain then
    /// stands where it stood.
    pub fn next<B: Serialize + ?Sized>(
        &mut self,
        kind: &str,
        body: &B,
        now: Timestamp,
    ) -> Result<Line, Error> {
        let seq = self.head.seq + 1;
        let json = serde_json::to_vec(&Outgoing { seq, at: now, kind, body })
            .map_err(|source| Error::Encode { seq, kind: kind.into(), source })?;
        let hash = self.head.hash.then(&json);
        let mut bytes = hash.to_string().into_bytes();
        bytes.push(b' ');
        bytes.extend_from_slice(&json);
        bytes.push(b'\n');
        if bytes.len() > MAX_LINE {
            return Err(Error::TooLong { kind: kind.into(), length: bytes.len(), most: MAX_LINE });
        }
        self.head = Head { log: self.head.log, seq, hash, at: now };
        Ok(Line { seq, bytes })
    }

    /// Signs the head, and makes the line that says so in the log itself.
    ///
    /// # Errors
    /// When the record cannot be written as JSON.
    pub fn checkpoint(&mut self, signer: &Signer, now: Timestamp) -> Result<(Checkpoint, Line), Error> {
        let checkpoint = Checkpoint::sign(signer, &self.head, now);
        let line = self.next(CHECKPOINT, &checkpoint, now)?;
        Ok((checkpoint, line))
    }
}
