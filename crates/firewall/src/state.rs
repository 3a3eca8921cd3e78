//! The state directory: what is loaded at boot, what is on trial, who is isolated, and what the kernel should show.

use crate::error::Error;
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// What begins a file of rules; its number follows.
const HEAD: &str = "# portcullis-firewall: generation ";
/// The file of what is loaded at boot.
const CONFIRMED: &str = "confirmed.nft";
/// The file of what `Confirm` would load.
const PENDING: &str = "pending.nft";
/// The file of who is isolated.
pub const ISOLATED: &str = "isolated.json";
/// The file of the lines that classes share.
pub const LINKS: &str = "links.json";
/// The file of what the kernel should show.
pub const INTENDED: &str = "intended.json";

/// A text of rules with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Counted up with every policy that is put on trial.
    pub generation: u64,
    /// The text.
    pub text: String,
}

/// The state directory.
#[derive(Clone, Debug, Default)]
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
        self.rules(CONFIRMED)
    }

    /// What `Confirm` would load.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn pending(&self) -> Result<Option<Rules>, Error> {
        self.rules(PENDING)
    }

    /// Keeps what `Confirm` will load.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_pending(&self, rules: &Rules) -> Result<(), Error> {
        self.write(PENDING, &format!("{HEAD}{}\n{}", rules.generation, rules.text))
    }

    /// Makes what is pending what is loaded at boot.
    ///
    /// # Errors
    /// The disk's.
    pub fn confirm(&self) -> Result<(), Error> {
        self.attempt("rename", PENDING, |path| fs::rename(path, self.directory.join(CONFIRMED)))?;
        self.sync()
    }

    /// Forgets what is pending.
    ///
    /// # Errors
    /// The disk's.
    pub fn drop_pending(&self) -> Result<(), Error> {
        if_there(self.attempt("remove", PENDING, |path| fs::remove_file(path)))?;
        self.sync()
    }

    /// What is kept in a file, if it is there.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        let text = self.read(name)?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| Error::Damaged(self.directory.join(name)))
    }

    /// Keeps something in a file.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep<T: Serialize>(&self, name: &str, what: &T) -> Result<(), Error> {
        self.write(name, &serde_json::to_string(what).map_err(Error::Listing)?)
    }

    fn rules(&self, name: &str) -> Result<Option<Rules>, Error> {
        let Some(text) = self.read(name)? else { return Ok(None) };
        let (head, text) = text.split_once('\n').unwrap_or_default();
        let generation = head.strip_prefix(HEAD).and_then(|number| number.parse().ok());
        let generation = generation.ok_or_else(|| Error::Damaged(self.directory.join(name)))?;
        Ok(Some(Rules { generation, text: text.to_owned() }))
    }

    fn attempt<T>(
        &self,
        what: &'static str,
        name: &str,
        work: impl FnOnce(&PathBuf) -> io::Result<T>,
    ) -> Result<T, Error> {
        let path = self.directory.join(name);
        work(&path).map_err(|source| Error::File { what, path, source })
    }

    fn read(&self, name: &str) -> Result<Option<String>, Error> {
        if_there(self.attempt("read", name, |path| fs::read_to_string(path)))
    }

    /// Whole or not at all, and on disk when it returns.
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        self.attempt("write", name, |path| {
            let new = self.directory.join(format!("{name}.new"));
            let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, path)
        })?;
        self.sync()
    }

    fn sync(&self) -> Result<(), Error> {
        self.attempt("sync", "", |directory| File::open(directory)?.sync_all())
    }
}

/// A file that is not there is none.
fn if_there<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
