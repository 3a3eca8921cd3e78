//! What can go wrong. An error may have to be told to every record of a batch, so sources are shared.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A record that was not written, or a log that could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk is full, and the record may not use the reserve.
    #[error(
        "audit record not written, so the act was not begun: the disk of {} is full; \
         free some space (essential acts such as power-off still work)", .dir.display()
    )]
    DiskFull {
        /// The log's directory.
        dir: PathBuf,
    },
    /// The disk is full, and the reserve is used up too.
    #[error("audit record not written: the disk of {} is full and the reserve is used up; free some space", .dir.display())]
    ReserveUsed {
        /// The log's directory.
        dir: PathBuf,
    },
    /// The log on disk is not what was written.
    #[error(
        "the audit log in {} is damaged ({} places); the first: {first}; keep a copy, run `portcullis audit verify`, \
         and move the directory away to begin a new log", .dir.display(), .count
    )]
    Damaged {
        /// The log's directory.
        dir: PathBuf,
        /// The first defect: file, line and what is wrong.
        first: String,
        /// How many there are.
        count: u64,
    },
    /// Another process holds the log.
    #[error("the audit log in {} is held by another process: stop it first", .dir.display())]
    Held {
        /// The log's directory.
        dir: PathBuf,
    },
    /// An operation on a file failed.
    #[error("{operation} {}", .path.display())]
    Io {
        /// What was tried, as a verb.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: Arc<io::Error>,
    },
    /// What is on disk is not known any more after a failed write; nothing is acknowledged until a restart.
    #[error("the audit log in {} takes no more records since a write failed: {cause}; restart the appliance", .dir.display())]
    Broken {
        /// The log's directory.
        dir: PathBuf,
        /// What failed.
        cause: String,
    },
    /// The record cannot be made.
    #[error("audit record not written")]
    Record(#[source] Arc<evidence::Error>),
    /// There is no act with this number that is still to be completed.
    #[error("act {record} is not open: it was completed already, or never begun")]
    NotOpen {
        /// The number of the record that began it.
        record: u64,
    },
    /// The log was stopped.
    #[error("the audit log is stopped: no act can be begun any more")]
    Stopped,
    /// The signing key cannot be used.
    #[error("audit key {}: {problem}", .path.display())]
    Key {
        /// The key's file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The collector cannot be reached as configured.
    #[error("syslog collector {address}: {problem}")]
    Syslog {
        /// Where it listens.
        address: String,
        /// What is wrong.
        problem: String,
    },
}

impl Error {
    /// For `map_err`: an operation on a path that failed.
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source: Arc::new(source) }
    }

    /// Whether it is the disk that has no room.
    #[must_use]
    pub const fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::ReserveUsed { .. })
    }
}

impl From<evidence::Error> for Error {
    fn from(why: evidence::Error) -> Self {
        Self::Record(Arc::new(why))
    }
}

impl From<&Error> for model::Failure {
    fn from(why: &Error) -> Self {
        let (mut cause, mut source) = (why.to_string(), std::error::Error::source(why));
        while let Some(inner) = source {
            cause = format!("{cause}: {inner}");
            source = inner.source();
        }
        let kind = match why {
            Error::NotOpen { .. } => model::Kind::Conflict,
            Error::Record(_) => model::Kind::Invalid,
            _ => model::Kind::Unavailable,
        };
        let failure = Self::new(kind, "write down", "the audit record", cause);
        if why.is_disk_full() { failure.hint("free some space on the appliance's disk") } else { failure }
    }
}
