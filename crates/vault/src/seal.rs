//! The sealed format, sealing and opening.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `PCV1`: Portcullis, vault, format 1 |
//! | 4..12 | the identifier of the key |
//! | 12..36 | the nonce, random: 192 bits, so that chance never repeats one |
//! | 36.. | the secret under XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), and its tag of 16 bytes |
//!
//! The associated data is the first twelve bytes and the context, each led by its length: what was sealed for
//! `device:7` opens for `device:7` only.

use crate::error::Error;
use crate::key::{KEY_ID_BYTES, Key, KeyId};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use model::{Credential, Secret};
use zeroize::Zeroizing;

const MAGIC: [u8; 4] = *b"PCV1";
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = MAGIC.len() + KEY_ID_BYTES;
/// The longest secret that is sealed: passwords, keys and certificates fit many times.
pub const LONGEST: usize = 64 * 1024;

/// What a plain secret begins with, so that one kind is never taken for another.
const KIND_BYTES: u8 = 0;
const KIND_TEXT: u8 = 1;
const KIND_CREDENTIAL: u8 = 2;

/// A sealed secret: safe to store, to back up and to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    bytes: Vec<u8>,
    key_id: KeyId,
}

impl Sealed {
    /// Reads stored bytes. Whether they open is seen only with the key.
    ///
    /// # Errors
    /// If they have not the shape of a sealed secret.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bad = |problem| Error::Format { problem };
        let rest = bytes.strip_prefix(b"PCV").ok_or(bad("it does not begin with PCV"))?;
        let rest =
            rest.strip_prefix(b"1").ok_or(bad("it has another format than 1; a newer program sealed it"))?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>().ok_or(bad("it is cut short"))?;
        // One byte of kind is always there.
        let sizes = NONCE_BYTES + 1 + TAG_BYTES..=NONCE_BYTES + 1 + LONGEST + TAG_BYTES;
        if !sizes.contains(&rest.len()) {
            return Err(bad("it is cut short or too long"));
        }
        Ok(Self { bytes: bytes.to_vec(), key_id: KeyId(*id) })
    }

    /// For the store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key that it was sealed with.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }
}

/// Seals and opens with one key.
pub struct Vault {
    key: Key,
}

impl Vault {
    /// A vault with this key.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self { key }
    }

    /// The identifier of its key.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key.id()
    }

    /// Seals bytes for a context such as `device:7`; the context is needed to open them and is not kept inside.
    ///
    /// # Errors
    /// If the secret is longer than [`LONGEST`], or there is no randomness.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Sealed, Error> {
        self.seal_kind(context, KIND_BYTES, &[secret])
    }

    /// Opens bytes.
    ///
    /// # Errors
    /// If they were sealed with another key, for another context or as another kind, or were changed.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Secret<Vec<u8>>, Error> {
        let plain = self.open_kind(context, sealed, KIND_BYTES, "byte string")?;
        Ok(Secret::new(plain.get(1..).unwrap_or_default().to_vec()))
    }

    /// As [`Vault::seal`], to the bytes that are stored.
    ///
    /// # Errors
    /// As [`Vault::seal`].
    pub fn seal_bytes(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.seal(context, secret)?.bytes)
    }

    /// As [`Vault::open`], from stored bytes.
    ///
    /// # Errors
    /// As [`Vault::open`], or if they are not a sealed secret.
    pub fn open_bytes(&self, context: &str, stored: &[u8]) -> Result<Secret<Vec<u8>>, Error> {
        self.open(context, &Sealed::parse(stored)?)
    }

    /// Seals a text to the bytes that are stored.
    ///
    /// # Errors
    /// As [`Vault::seal`].
    pub fn seal_text(&self, context: &str, secret: &Secret<String>) -> Result<Vec<u8>, Error> {
        Ok(self.seal_kind(context, KIND_TEXT, &[secret.expose().as_bytes()])?.bytes)
    }

    /// Opens a text from stored bytes.
    ///
    /// # Errors
    /// As [`Vault::open_bytes`].
    pub fn open_text(&self, context: &str, stored: &[u8]) -> Result<Secret<String>, Error> {
        let plain = self.open_kind(context, &Sealed::parse(stored)?, KIND_TEXT, "text")?;
        text(plain.get(1..)).ok_or_else(|| Error::Kind { context: context.into(), wanted: "text" })
    }

    /// Seals a controller's credential to the bytes that are stored.
    ///
    /// # Errors
    /// As [`Vault::seal`].
    pub fn seal_credential(&self, context: &str, credential: &Credential) -> Result<Vec<u8>, Error> {
        let (username, password) = (credential.username.as_bytes(), credential.password.expose().as_bytes());
        // A longer one is refused by its total length.
        let length = u32::try_from(username.len()).unwrap_or(u32::MAX).to_be_bytes();
        Ok(self.seal_kind(context, KIND_CREDENTIAL, &[&length, username, password])?.bytes)
    }

    /// Opens a controller's credential from stored bytes.
    ///
    /// # Errors
    /// As [`Vault::open_bytes`].
    pub fn open_credential(&self, context: &str, stored: &[u8]) -> Result<Credential, Error> {
        let plain = self.open_kind(context, &Sealed::parse(stored)?, KIND_CREDENTIAL, "credential")?;
        parse_credential(&plain).ok_or_else(|| Error::Kind { context: context.into(), wanted: "credential" })
    }

    fn seal_kind(&self, context: &str, kind: u8, parts: &[&[u8]]) -> Result<Sealed, Error> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length > LONGEST {
            return Err(Error::TooLong { context: context.into(), length, most: LONGEST });
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(length + 1));
        plain.push(kind);
        parts.iter().for_each(|part| plain.extend_from_slice(part));
        self.seal_plain(context, &plain)
    }

    fn seal_plain(&self, context: &str, plain: &[u8]) -> Result<Sealed, Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(Error::Random)?;
        let mut bytes = Vec::with_capacity(HEAD_BYTES + NONCE_BYTES + plain.len() + TAG_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.key.id().0);
        let aad = associated_data(&bytes, context);
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad });
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed.map_err(|_| Error::Seal { context: context.into() })?);
        Ok(Sealed { bytes, key_id: self.key.id() })
    }

    fn open_kind(
        &self,
        context: &str,
        sealed: &Sealed,
        kind: u8,
        wanted: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let plain = self.open_plain(context, sealed)?;
        if plain.first() == Some(&kind) {
            Ok(plain)
        } else {
            Err(Error::Kind { context: context.into(), wanted })
        }
    }

    fn open_plain(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Error> {
        if sealed.key_id != self.key.id() {
            return Err(Error::WrongKey {
                context: context.into(),
                expected: sealed.key_id,
                had: self.key.id(),
            });
        }
        let cut = || Error::Format { problem: "it is cut short" };
        let (head, rest) = sealed.bytes.split_at_checked(HEAD_BYTES).ok_or_else(cut)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(cut)?;
        let aad = associated_data(head, context);
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: &aad });
        Ok(Zeroizing::new(opened.map_err(|_| Error::Changed { context: context.into() })?))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.bytes().into())
    }
}

/// Seals anew with another key, for rotation; the kind of the secret stays.
///
/// # Errors
/// If it does not open with the old key.
pub fn reseal(old: &Vault, new: &Vault, context: &str, sealed: &Sealed) -> Result<Sealed, Error> {
    new.seal_plain(context, &old.open_plain(context, sealed)?)
}

fn associated_data(head: &[u8], context: &str) -> Vec<u8> {
    let mut data = Vec::with_capacity(head.len() + context.len() + 16);
    for part in [head, context.as_bytes()] {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

fn text(bytes: Option<&[u8]>) -> Option<Secret<String>> {
    std::str::from_utf8(bytes?).ok().map(Secret::from)
}

/// Kind, length of the user name as 32 bits big-endian, user name, password.
fn parse_credential(plain: &[u8]) -> Option<Credential> {
    let (_kind, rest) = plain.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (username, password) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let username = std::str::from_utf8(username).ok()?.to_owned();
    Some(Credential { username, password: text(Some(password))? })
}
