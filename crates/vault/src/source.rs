//! Where the key comes from, as the configuration says it: `file:PATH`, `credential:NAME` or `passphrase`.

use crate::error::Error;
use crate::key::{Key, generate_key_file};
use crate::passphrase::Stretch;
use crate::seal::Vault;
use model::Secret;
use std::path::{Path, PathBuf};

/// The systemd credential that the unit loads when nobody says otherwise.
pub const DEFAULT_CREDENTIAL: &str = "portcullis-vault-key";

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A key file, readable by its owner only; a relative path begins at the data directory.
    File(PathBuf),
    /// A systemd credential of this name.
    Credential(String),
    /// A passphrase that the program is given at every start.
    Passphrase,
}

/// What the program found around itself; the vault reads no environment.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// `$CREDENTIALS_DIRECTORY`, if it is set.
    pub credentials_directory: Option<PathBuf>,
    /// The passphrase, if one was given.
    pub passphrase: Option<Secret<String>>,
    /// Where the record beside a passphrase lies, such as `/var/lib/portcullis/vault-passphrase.json`.
    pub stretch_file: PathBuf,
}

impl KeySource {
    /// The same, with a relative path begun at the data directory.
    #[must_use]
    pub fn within(self, data_directory: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(data_directory.join(path)),
            other => other,
        }
    }

    /// Opens the vault.
    ///
    /// # Errors
    /// If the key cannot be had, each case with what to do.
    pub fn open(&self, around: &Surroundings) -> Result<Vault, Error> {
        let key = match self {
            Self::File(path) => Key::from_file(path)?,
            Self::Credential(name) => {
                let missing = || Error::NoCredentials { name: name.clone() };
                Key::from_credential(around.credentials_directory.as_deref().ok_or_else(missing)?, name)?
            }
            Self::Passphrase => {
                let passphrase = around.passphrase.as_ref().ok_or(Error::NoPassphrase)?;
                Stretch::read(&around.stretch_file)?.key(passphrase, &around.stretch_file)?
            }
        };
        Ok(Vault::new(key))
    }
}

impl KeySource {
    /// Opens the vault for the first time: makes the key file, or the record beside a passphrase, where there is
    /// none yet. What exists is opened and never changed.
    ///
    /// # Errors
    /// As [`KeySource::open`], and if the file cannot be made or the passphrase is too short.
    pub fn establish(&self, around: &Surroundings) -> Result<Vault, Error> {
        match self {
            Self::File(path) if !is_there(path)? => {
                generate_key_file(path)?;
            }
            Self::Passphrase if !is_there(&around.stretch_file)? => {
                let passphrase = around.passphrase.as_ref().ok_or(Error::NoPassphrase)?;
                let (record, _key) = Stretch::create(passphrase)?;
                record.write(&around.stretch_file)?;
            }
            Self::File(_) | Self::Passphrase | Self::Credential(_) => {}
        }
        self.open(around)
    }
}

fn is_there(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(|source| Error::Read { path: path.into(), source })
}

impl std::str::FromStr for KeySource {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        let plain = |name: &&str| !name.is_empty() && !name.contains('/') && !matches!(*name, "." | "..");
        match given.split_once(':') {
            None if given == "passphrase" => Ok(Self::Passphrase),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("credential", name)) if plain(&name) => Ok(Self::Credential(name.into())),
            _ => Err(Error::Source { given: given.into() }),
        }
    }
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Passphrase => f.write_str("passphrase"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_round_trip_as_text() {
        for text in [
            "file:/etc/portcullis/vault.key",
            "file:vault.key",
            "credential:portcullis-vault-key",
            "passphrase",
        ] {
            assert_eq!(text.parse::<KeySource>().unwrap().to_string(), text);
        }
        for bad in ["", "file:", "credential:", "credential:../x", "credential:..", "passphrase:x", "env:X"] {
            let told = bad.parse::<KeySource>().unwrap_err().to_string();
            assert!(told.contains("passphrase"), "{told}");
        }
    }

    #[test]
    fn a_relative_key_file_begins_at_the_data_directory() {
        let within = |text: &str| text.parse::<KeySource>().unwrap().within(Path::new("/data")).to_string();
        assert_eq!(within("file:vault.key"), "file:/data/vault.key");
        assert_eq!(within("file:/etc/vault.key"), "file:/etc/vault.key");
        assert_eq!(within("passphrase"), "passphrase");
    }

    #[test]
    fn each_source_opens_the_vault() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(DEFAULT_CREDENTIAL);
        let id = generate_key_file(&file).unwrap();
        let stretch_file = directory.path().join("vault-passphrase.json");
        let passphrase = Secret::from("a sluice above the old mill");
        let (record, key) = Stretch::create(&passphrase).ok().unwrap();
        record.write(&stretch_file).unwrap();
        let around = Surroundings {
            credentials_directory: Some(directory.path().into()),
            passphrase: Some(passphrase),
            stretch_file,
        };
        assert!(KeySource::File(file).open(&around).ok().unwrap().key_id() == id);
        assert!(KeySource::Credential(DEFAULT_CREDENTIAL.into()).open(&around).ok().unwrap().key_id() == id);
        assert!(KeySource::Passphrase.open(&around).ok().unwrap().key_id() == key.id());
    }

    #[test]
    fn what_is_established_once_stays() {
        let directory = tempfile::tempdir().unwrap();
        let around = Surroundings {
            passphrase: Some("a sluice above the old mill".into()),
            stretch_file: directory.path().join("vault-passphrase.json"),
            ..Surroundings::default()
        };
        for source in [KeySource::File(directory.path().join("vault.key")), KeySource::Passphrase] {
            assert!(source.open(&around).is_err(), "nothing is made by opening");
            let id = source.establish(&around).ok().unwrap().key_id();
            assert_eq!(source.establish(&around).ok().unwrap().key_id(), id);
            assert_eq!(source.open(&around).ok().unwrap().key_id(), id);
        }
        let credential = KeySource::Credential("none".into());
        assert!(matches!(credential.establish(&around), Err(Error::NoCredentials { .. })));
    }

    #[test]
    fn what_is_missing_is_told() {
        let nothing = Surroundings::default();
        let told = |source: KeySource| source.open(&nothing).err().unwrap().to_string();
        assert!(told(KeySource::Credential("k".into())).contains("LoadCredential=k:"));
        assert!(told(KeySource::Passphrase).contains("none was given"));
        assert!(told(KeySource::File("/nonexistent/key".into())).contains("/nonexistent/key"));
    }
}
