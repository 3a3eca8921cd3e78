//! The operations that can fail, each with its subject; never with a secret.

use crate::key::KeyId;
use std::path::PathBuf;

/// An operation that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system gave no random bytes.
    #[error("take random bytes from the operating system")]
    Random(#[source] getrandom::Error),
    /// The secret is longer than the format allows.
    #[error("seal {context}: the secret has {length} bytes, at most {most} are allowed")]
    TooLong {
        /// What it was for.
        context: String,
        /// Its length.
        length: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// The cipher refused to seal.
    #[error("seal {context}")]
    Seal {
        /// What it was for.
        context: String,
    },
    /// The bytes are not a sealed secret.
    #[error("read a sealed secret: {problem}")]
    Format {
        /// What is wrong with them.
        problem: &'static str,
    },
    /// Sealed with another key than the one at hand.
    #[error(
        "open {context}: it was sealed with key {expected}, the vault has key {had}; start with that key, or restore it"
    )]
    WrongKey {
        /// What was to be opened.
        context: String,
        /// The key that it wants.
        expected: KeyId,
        /// The key at hand.
        had: KeyId,
    },
    /// The sealed bytes were changed, or moved from another row.
    #[error("open {context}: the sealed secret was changed or belongs to another row; enter it anew")]
    Changed {
        /// What was to be opened.
        context: String,
    },
    /// What was sealed there is another kind of secret.
    #[error("open {context}: what was sealed there is no {wanted}")]
    Kind {
        /// What was to be opened.
        context: String,
        /// What it was taken for.
        wanted: &'static str,
    },
    /// The configuration's key source is not understood.
    #[error(
        "key source {given:?} is not `file:PATH`, `credential:NAME` or `passphrase`; a credential's name has no slash"
    )]
    Source {
        /// As written.
        given: String,
    },
    /// A file could not be read.
    #[error("read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be made.
    #[error("write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key file can be read by others.
    #[error("key file {0} has mode {mode:04o}, so others can read it; run `chmod 600 {0}`, and rotate the key if anyone else uses this machine", path.display())]
    Mode {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is not a key file.
    #[error("{} is no key file: {problem}", path.display())]
    KeyFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The key comes as a systemd credential, and there are none.
    #[error(
        "take the vault's key from the systemd credential {name}: CREDENTIALS_DIRECTORY is not set; add `LoadCredential={name}:/path` to the unit"
    )]
    NoCredentials {
        /// The credential's name.
        name: String,
    },
    /// The key comes from a passphrase, and none was given.
    #[error("open the vault: its key comes from a passphrase, and none was given")]
    NoPassphrase,
    /// The passphrase is too short to make a key of.
    #[error("make a key of a passphrase: use at least {least} characters")]
    WeakPassphrase {
        /// The fewest characters.
        least: usize,
    },
    /// The passphrase makes another key than the one that the vault was made with.
    #[error("the passphrase is wrong: it does not make key {expected}")]
    WrongPassphrase {
        /// The key that the vault was made with.
        expected: KeyId,
    },
    /// The record beside a passphrase is not understood.
    #[error("read the passphrase record {}: {problem}", path.display())]
    Stretch {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Stretching the passphrase failed (out of memory).
    #[error("stretch the passphrase with argon2id")]
    Argon2(#[source] argon2::Error),
}
