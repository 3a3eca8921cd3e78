//! One line of a log: writing it, reading it.

use crate::error::Error;
use crate::hash::{Hash, hex, unhex};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

/// What tells one log from another: 128 random bits, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId([u8; 16]);

impl LogId {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Random)?;
        Ok(Self(bytes))
    }

    /// One with given bits, for tests that must come out the same every time.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Display for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::fmt::Debug for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogId({self})")
    }
}

impl std::str::FromStr for LogId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let what = "a log id of 32 lower-case hexadecimal digits";
        unhex(text.as_bytes()).map(Self).ok_or_else(|| Error::Hex { what, text: text.into() })
    }
}

impl Serialize for LogId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LogId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A record as it is written: the JSON's fields stand in this order.
#[derive(Serialize)]
pub(crate) struct Outgoing<'a, B: Serialize + ?Sized> {
    pub seq: u64,
    pub at: Timestamp,
    pub kind: &'a str,
    pub body: &'a B,
}

/// A record as it is read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its number, from 1.
    pub seq: u64,
    /// The wall clock when it was written; it may go backwards, the number may not.
    pub at: Timestamp,
    /// What kind of record it is.
    pub kind: String,
    /// What it says.
    pub body: serde_json::Value,
}

/// What the first record of a log says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// The log's id.
    pub log: LogId,
    /// The key that signs its checkpoints.
    pub key: crate::PublicKey,
}

/// A line cut into its two parts, its newline already removed. Nothing is verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The hash that the line claims.
    pub hash: Hash,
    /// The exact bytes of the JSON.
    pub json: &'a [u8],
}

/// Cuts a line (without its newline) into hash and JSON; the JSON is not looked at.
#[must_use]
pub fn split(line: &[u8]) -> Option<Parts<'_>> {
    let (hash, rest) = line.split_at_checked(64)?;
    let json = rest.strip_prefix(b" ")?;
    Some(Parts { hash: Hash::from_hex(hash)?, json })
}

/// Reads a line (without its newline): the hash that it claims, and the record.
///
/// # Errors
/// Says in words what is wrong with the line. The hash is not checked here; that needs the record before.
pub fn parse(line: &[u8]) -> Result<(Hash, Record), String> {
    let parts = split(line).ok_or("it does not begin with a hash of 64 hexadecimal digits and a space")?;
    let record =
        serde_json::from_slice(parts.json).map_err(|why| format!("its JSON is not a record: {why}"))?;
    Ok((parts.hash, record))
}
