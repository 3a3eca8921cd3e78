//! Ed25519 (RFC 8032): who signs checkpoints, and whose signature is believed.

use crate::error::Error;
use crate::hash::{hex, short_name, unhex};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// Signs checkpoints. Its `Debug` shows the public half only.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// Makes a new key pair; the bytes are PKCS#8 version 2 (RFC 5958, RFC 8410) and secret.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<impl AsRef<[u8]>, Error> {
        Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Error::Random)
    }

    /// Reads a key pair from PKCS#8.
    ///
    /// # Errors
    /// When the bytes are no Ed25519 key pair.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, Error> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map(Self).map_err(|why| Error::Key(why.to_string()))
    }

    /// The half that may be known.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.iter_mut().zip(self.0.public_key().as_ref()).for_each(|(to, from)| *to = *from);
        PublicKey(key)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.public())
    }
}

/// An Ed25519 public key, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// A short name for the key: the first 16 hexadecimal digits of its SHA-256.
    #[must_use]
    pub fn id(&self) -> String {
        short_name(&self.0)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl std::str::FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let what = "a public key of 64 lower-case hexadecimal digits";
        unhex(text.as_bytes()).map(Self).ok_or_else(|| Error::Hex { what, text: text.into() })
    }
}

impl Serialize for PublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let signer = Signer::from_pkcs8(Signer::generate().unwrap().as_ref()).unwrap();
        let other = Signer::from_pkcs8(Signer::generate().unwrap().as_ref()).unwrap();
        let signature = signer.sign(b"message");
        assert!(signer.public().verifies(b"message", &signature));
        assert!(!signer.public().verifies(b"massage", &signature));
        assert!(!other.public().verifies(b"message", &signature));
        assert_eq!(signer.public().to_string().parse::<PublicKey>().unwrap(), signer.public());
        assert!(Signer::from_pkcs8(b"nothing").is_err());
    }
}
