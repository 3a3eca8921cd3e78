//! A key stretched from a passphrase.
//!
//! Salt, parameters and a check value lie in a record beside the vault. The record is no secret, but whoever has
//! it can try passphrases against it, as slowly as the parameters make them; so it is readable by its owner only.

use crate::error::Error;
use crate::key::{KEY_BYTES, Key, KeyId, write_new};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use model::Secret;
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::io::Read as _;
use std::path::Path;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The fewest characters of a new passphrase.
pub const SHORTEST: usize = 16;
/// The second choice of RFC 9106, section 4: 64 MiB, three passes, four lanes. It is done once per start.
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// Records from outside cannot ask for more than this.
const MOST_MEMORY_KIB: u32 = 1_048_576;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;
const SALT_BYTES: usize = 16;
const FILE_LIMIT: u64 = 4096;

/// How a passphrase becomes a key, and how a wrong one is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Of this record; 1.
    version: u32,
    /// Always `argon2id`.
    algorithm: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    /// Base64 of 16 bytes.
    salt: String,
    /// The identifier of the key, in hexadecimal.
    key_id: String,
    /// Base64 of HMAC-SHA-256 under the key: right only for the right passphrase.
    check: String,
}

impl Stretch {
    /// A fresh record for a new passphrase, and the key that it makes.
    ///
    /// # Errors
    /// If the passphrase is too short, or there is no randomness or memory.
    pub fn create(passphrase: &Secret<String>) -> Result<(Self, Key), Error> {
        if passphrase.expose().chars().count() < SHORTEST {
            return Err(Error::WeakPassphrase { least: SHORTEST });
        }
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(Error::Random)?;
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(KEY_BYTES)).map_err(Error::Argon2)?;
        let key = derive(passphrase, &salt, params)?;
        let record = Self {
            version: 1,
            algorithm: "argon2id".into(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: STANDARD_NO_PAD.encode(salt),
            key_id: key.id().to_string(),
            check: STANDARD_NO_PAD.encode(check_value(&key)),
        };
        Ok((record, key))
    }

    /// The key, if the passphrase is the right one.
    ///
    /// # Errors
    /// If it is not, or there is no memory.
    pub fn key(&self, passphrase: &Secret<String>, path: &Path) -> Result<Key, Error> {
        let bad = |problem: &str| Error::Stretch { path: path.into(), problem: problem.into() };
        let (params, salt) = self.parameters().map_err(bad)?;
        let expected = self.expected_id().ok_or_else(|| bad("key_id is not 16 hexadecimal digits"))?;
        let check = STANDARD_NO_PAD.decode(&self.check).map_err(|_| bad("check is not base64"))?;
        let key = derive(passphrase, &salt, params)?;
        let right: bool = check_value(&key).as_ref().ct_eq(&check).into();
        if right { Ok(key) } else { Err(Error::WrongPassphrase { expected }) }
    }

    fn parameters(&self) -> Result<(Params, Vec<u8>), &'static str> {
        if self.version != 1 || self.algorithm != "argon2id" {
            return Err("it is not version 1 with argon2id");
        }
        let bounded = (8..=MOST_MEMORY_KIB).contains(&self.memory_kib)
            && (1..=MOST_PASSES).contains(&self.passes)
            && (1..=MOST_LANES).contains(&self.lanes);
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES)).ok();
        let params = params.filter(|_| bounded).ok_or("its argon2id parameters are out of bounds")?;
        let salt = STANDARD_NO_PAD.decode(&self.salt).map_err(|_| "its salt is not base64")?;
        if salt.len() == SALT_BYTES { Ok((params, salt)) } else { Err("its salt has not 16 bytes") }
    }

    fn expected_id(&self) -> Option<KeyId> {
        let digits = self.key_id.len() == 16 && self.key_id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(&self.key_id, 16).ok().filter(|_| digits)?;
        Some(KeyId(number.to_be_bytes()))
    }

    /// Reads a record; the path is for errors.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(content: &[u8], path: &Path) -> Result<Self, Error> {
        let bad = |problem: String| Error::Stretch { path: path.into(), problem };
        if content.len() as u64 > FILE_LIMIT {
            return Err(bad("it is too large".into()));
        }
        let record: Self = serde_json::from_slice(content).map_err(|error| bad(error.to_string()))?;
        record.parameters().map_err(|problem| bad(problem.into()))?;
        Ok(record)
    }

    /// Reads the record in a file.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.into(), source };
        let mut content = Vec::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(FILE_LIMIT + 1).read_to_end(&mut content).map_err(failed)?;
        Self::parse(&content, path)
    }

    /// Writes the record to a new file; an existing one is never touched.
    ///
    /// # Errors
    /// If it exists or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::Stretch { path: path.into(), problem: error.to_string() })?;
        text.push(b'\n');
        write_new(path, &text)
    }
}

fn derive(passphrase: &Secret<String>, salt: &[u8], params: Params) -> Result<Key, Error> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2
        .hash_password_into(passphrase.expose().as_bytes(), salt, bytes.as_mut_slice())
        .map_err(Error::Argon2)?;
    Ok(Key::new(bytes))
}

fn check_value(key: &Key) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()), b"portcullis vault check v1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = "/var/lib/portcullis/vault-passphrase.json";

    #[test]
    fn the_right_passphrase_makes_the_key_again_and_a_wrong_one_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault-passphrase.json");
        let right = Secret::from("a sluice above the old mill");
        let (record, key) = Stretch::create(&right).ok().unwrap();
        record.write(&path).unwrap();
        assert!(record.write(&path).is_err(), "an existing record was overwritten");
        let read = Stretch::read(&path).unwrap();
        assert_eq!(read, record);
        assert!(read.key(&right, &path).ok().unwrap().id() == key.id());
        let error = read.key(&"a sluice above the old mall".into(), &path).err().unwrap();
        assert!(matches!(error, Error::WrongPassphrase { .. }));
        assert_eq!(error.to_string(), format!("the passphrase is wrong: it does not make key {}", key.id()));
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        assert!(matches!(
            Stretch::create(&"fifteen letters".into()),
            Err(Error::WeakPassphrase { least: 16 })
        ));
    }

    #[test]
    fn a_record_cannot_ask_for_the_whole_machine() {
        let record = |memory: u32, passes: u32, salt: &str| {
            format!(
                r#"{{"version":1,"algorithm":"argon2id","memory_kib":{memory},"passes":{passes},"lanes":4,
                "salt":"{salt}","key_id":"0011223344556677","check":"AAAA"}}"#
            )
        };
        let salt = "AAAAAAAAAAAAAAAAAAAAAA";
        let read = |text: &str| Stretch::parse(text.as_bytes(), Path::new(PATH));
        assert!(read(&record(65_536, 3, salt)).is_ok());
        for bad in [
            record(u32::MAX, 3, salt),
            record(0, 3, salt),
            record(65_536, 1_000_000, salt),
            record(65_536, 0, salt),
            record(65_536, 3, "AAAA"),
            record(65_536, 3, salt).replace("argon2id", "argon2d"),
            record(65_536, 3, salt).replace("\"version\":1", "\"version\":2"),
            record(65_536, 3, salt).replace("\"check\"", "\"extra\":1,\"check\""),
        ] {
            let error = read(&bad).err().unwrap().to_string();
            assert!(error.contains(PATH), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _either = Stretch::parse(&bytes, Path::new(PATH));
        }
    }
}
