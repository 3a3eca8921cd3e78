//! The state directory: what is loaded at boot, what is on trial, who is isolated, and what the kernel should show.

use crate::error::Error;
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// What begins a file of rules; its number follows.
const HEAD: &str = "# portcullis-firewall: generation ";

/// A text of rules with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Counted up with every policy that is put on trial.
    pub generation: u64,
    /// The text.
    pub text: String,
}

/// The state directory.
#[derive(Clone, Debug)]
pub struct State {
    /// Its path.
    pub directory: PathBuf,
}

impl State {
    /// What is loaded at boot.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn confirmed(&self) -> Result<Option<Rules>, Error> {
        self.rules("confirmed.nft")
    }

    /// What `Confirm` would load.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn pending(&self) -> Result<Option<Rules>, Error> {
        self.rules("pending.nft")
    }

    /// Keeps what `Confirm` will load.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_pending(&self, rules: &Rules) -> Result<(), Error> {
        self.write("pending.nft", &format!("{HEAD}{}\n{}", rules.generation, rules.text))
    }

    /// Makes what is pending what is loaded at boot.
    ///
    /// # Errors
    /// The disk's.
    pub fn confirm(&self) -> Result<(), Error> {
        let (from, to) = (self.path("pending.nft"), self.path("confirmed.nft"));
        fs::rename(&from, &to).map_err(|source| Error::File { what: "rename", path: from, source })?;
        self.sync()
    }

    /// Forgets what is pending.
    ///
    /// # Errors
    /// The disk's.
    pub fn drop_pending(&self) -> Result<(), Error> {
        let path = self.path("pending.nft");
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::File { what: "remove", path, source })
            }
            _ => self.sync(),
        }
    }

    /// The isolated addresses.
    ///
    /// # Errors
    /// The list is there and cannot be read.
    pub fn isolated(&self) -> Result<Vec<IpAddr>, Error> {
        Ok(self.read("isolated")?.unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// Keeps the isolated addresses.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_isolated<'a>(&self, all: impl IntoIterator<Item = &'a IpAddr>) -> Result<(), Error> {
        let text: String = all.into_iter().map(|address| format!("{address}\n")).collect();
        self.write("isolated", &text)
    }

    /// What the kernel should show, as it was kept; `None` if it is not there or not readable.
    #[must_use]
    pub fn intended<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.read("intended.json").ok()??).ok()
    }

    /// Keeps what the kernel should show.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_intended<T: Serialize>(&self, intended: &T) -> Result<(), Error> {
        self.write("intended.json", &serde_json::to_string(intended).map_err(Error::Listing)?)
    }

    fn rules(&self, name: &str) -> Result<Option<Rules>, Error> {
        let Some(text) = self.read(name)? else { return Ok(None) };
        let (head, text) = text.split_once('\n').unwrap_or_default();
        let generation = head.strip_prefix(HEAD).and_then(|number| number.parse().ok());
        let generation = generation.ok_or_else(|| Error::Damaged(self.path(name)))?;
        Ok(Some(Rules { generation, text: text.to_owned() }))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn read(&self, name: &str) -> Result<Option<String>, Error> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::File { what: "read", path: self.path(name), source }),
        }
    }

    /// Whole or not at all, and on disk when it returns.
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let (new, path) = (self.path(&format!("{name}.new")), self.path(name));
        let written = (|| {
            let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)
        })();
        written.map_err(|source| Error::File { what: "write", path, source })?;
        self.sync()
    }

    fn sync(&self) -> Result<(), Error> {
        let synced = File::open(&self.directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| Error::File { what: "sync", path: self.directory.clone(), source })
    }
}
