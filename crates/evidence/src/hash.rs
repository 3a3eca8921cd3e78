//! SHA-256 over a record, and its hexadecimal form.

use crate::error::Error;
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};

/// Begins the bytes that a record's hash covers, so that the hash means nothing elsewhere.
pub const RECORD_TAG: &str = "portcullis-evidence-record-v1";

/// Begins the bytes that stand for "the hash before the first record".
pub const GENESIS_TAG: &str = "portcullis-evidence-genesis-v1";

/// A SHA-256 hash, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash "before" the first record of a log: over the genesis tag, a newline and the log's id.
    #[must_use]
    pub fn before_first(log: &str) -> Self {
        Self::of(&[GENESIS_TAG.as_bytes(), b"\n", log.as_bytes()])
    }

    /// The hash of a record: over the tag, a newline, `self` (the record before it) in hexadecimal, a newline,
    /// and the exact bytes of the JSON.
    #[must_use]
    pub fn then(&self, json: &[u8]) -> Self {
        Self::of(&[RECORD_TAG.as_bytes(), b"\n", self.to_string().as_bytes(), b"\n", json])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        Self::from_digest(context.finish().as_ref())
    }

    fn from_digest(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self(hash)
    }

    /// Reads 64 lower-case hexadecimal digits; anything else is nothing.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        unhex(text).map(Self)
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of some bytes: a name for a key.
pub(crate) fn short_name(bytes: &[u8]) -> String {
    let full = Hash::from_digest(digest(&SHA256, bytes).as_ref()).to_string();
    full.chars().take(16).collect()
}

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads exactly `2 * N` lower-case hexadecimal digits.
pub(crate) fn unhex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (to, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *to = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl std::str::FromStr for Hash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_hex(text.as_bytes()).ok_or_else(|| Error::Hex {
            what: "a hash of 64 lower-case hexadecimal digits",
            text: text.into(),
        })
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_what_sha256sum_says() {
        // printf 'portcullis-evidence-genesis-v1\n%s' 000102030405060708090a0b0c0d0e0f | sha256sum
        let before = Hash::before_first("000102030405060708090a0b0c0d0e0f");
        assert_eq!(before.to_string(), "c592d682003ffa63a99d87de644fde568bae08baeadfe86744ae4ac53ab603e6");
        // printf 'portcullis-evidence-record-v1\n%s\n%s' "$before" '{"seq":1}' | sha256sum
        assert_eq!(
            before.then(b"{\"seq\":1}").to_string(),
            "16bdd8719c477aec4b9655b47a93e2a72550735884f429b7e7de01b0c0982e54"
        );
    }

    #[test]
    fn only_lower_case_hexadecimal_of_the_right_length_is_read() {
        let hash = Hash::before_first("x");
        assert_eq!(Hash::from_hex(hash.to_string().as_bytes()), Some(hash));
        assert_eq!(Hash::from_hex(hash.to_string().to_uppercase().as_bytes()), None);
        assert_eq!(Hash::from_hex(b"00"), None);
    }
}
