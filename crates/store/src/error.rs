//! What can go wrong: one variant for each way, with the operation and its subject inside.

use crate::work::Trouble;
use model::{Failure, Kind};
use std::path::PathBuf;

/// What a method of [`crate::Store`] comes back with.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the database itself, or the file system below it, said.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why something was not read, written, opened, backed up or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL names a database that this version cannot use.
    #[error("open database {url}: not in this version; use sqlite:/path/to/file")]
    Unsupported {
        /// The URL's scheme; the rest may hold a password.
        url: String,
    },
    /// The file could not be opened or created.
    #[error("open database {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: Cause,
    },
    /// The database has a schema that this version does not know.
    #[error(
        "open database {}: written by a newer Portcullis (schema {found}, this one knows {known}); run that version, or restore a backup made before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this version knows.
        known: i64,
    },
    /// The file is a database of something else, or no database.
    #[error("open database {}: it is not a Portcullis database", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("check database {}: {finding}; restore a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the check found first.
        finding: String,
    },
    /// An older database could not be brought to this version's schema; it is as it was.
    #[error("migrate database {} to schema {to}", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// The schema that was being made.
        to: i64,
        /// What was wrong.
        source: Cause,
    },
    /// The disk is full. Nothing was changed.
    #[error("{operation} {subject}: no space left for the database; free some on its disk")]
    Full {
        /// What was tried.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// The database cannot be written. Nothing was changed.
    #[error("{operation} {subject}: the database is read-only; check its file, directory and mount")]
    ReadOnly {
        /// What was tried.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// There is one of that name already. Nothing was changed.
    #[error("{operation} {subject}: there is one of that name already")]
    Duplicate {
        /// What was tried.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// What the row belongs to (its user, its device) does not exist. Nothing was changed.
    #[error("{operation} {subject}: what it belongs to does not exist")]
    Missing {
        /// What was tried.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// A stored value is not what this version understands.
    #[error("{operation} {subject}: the stored {what} cannot be understood")]
    Document {
        /// What was tried.
        operation: &'static str,
        /// On what.
        subject: String,
        /// Which row or column.
        what: String,
        /// What was wrong.
        source: Cause,
    },
    /// Anything else that the database refused. Nothing was changed.
    #[error("{operation} {subject}")]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// On what.
        subject: String,
        /// What the database said.
        source: Cause,
    },
    /// The store has been shut down.
    #[error("{operation} {subject}: the database is closed")]
    Closed {
        /// What was tried.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// The file to be written exists.
    #[error("write {}: it exists already; name another file or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the database open.
    #[error("restore into {}: it is in use; stop Portcullis first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written, renamed or removed.
    #[error("{operation} {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: std::io::Error,
    },
    /// The copy from one database file to another failed.
    #[error("copy database {} to {}", from.display(), to.display())]
    Copy {
        /// The file that was read.
        from: PathBuf,
        /// The file that was to be written.
        to: PathBuf,
        /// What was wrong.
        source: Cause,
    },
}

impl Error {
    /// Whether the disk is full: the same call may work later.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::File { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            Self::Open { source, .. } | Self::Migrate { source, .. } | Self::Copy { source, .. } => {
                crate::sqlite::is_full(source.as_ref())
            }
            _ => false,
        }
    }

    /// Whether there was one of that name already.
    #[must_use]
    pub const fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate { .. })
    }

    /// Whether what the row belongs to does not exist.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    pub(crate) fn new(operation: &'static str, subject: String, trouble: Trouble) -> Self {
        match trouble {
            Trouble::Full => Self::Full { operation, subject },
            Trouble::ReadOnly => Self::ReadOnly { operation, subject },
            Trouble::Duplicate => Self::Duplicate { operation, subject },
            Trouble::Missing => Self::Missing { operation, subject },
            Trouble::Document { what, source } => Self::Document { operation, subject, what, source },
            Trouble::Failed(source) => Self::Failed { operation, subject, source },
        }
    }
}

impl From<Error> for Failure {
    /// An operation and a subject with the whole chain of causes in one line.
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Duplicate { .. } | Error::Exists { .. } | Error::InUse { .. } => Kind::Conflict,
            Error::Missing { .. } => Kind::NotFound,
            _ => Kind::Unavailable,
        };
        let (operation, subject, cause) = match &error {
            Error::Full { operation, subject } => {
                (*operation, subject.clone(), "no space left for the database".into())
            }
            Error::ReadOnly { operation, subject } => {
                (*operation, subject.clone(), "the database is read-only".into())
            }
            Error::Duplicate { operation, subject } => {
                (*operation, subject.clone(), "there is one of that name already".into())
            }
            Error::Missing { operation, subject } => {
                (*operation, subject.clone(), "what it belongs to does not exist".into())
            }
            Error::Failed { operation, subject, source } => {
                (*operation, subject.clone(), chain(source.as_ref()))
            }
            Error::Document { operation, subject, what, source } => (
                *operation,
                subject.clone(),
                format!("the stored {what} cannot be understood: {}", chain(source.as_ref())),
            ),
            Error::Closed { operation, subject } => {
                (*operation, subject.clone(), "the database is closed".into())
            }
            other => ("use", "the database".to_owned(), chain(other)),
        };
        let failure = Self::new(kind, operation, subject, cause);
        if error.is_full() {
            failure.hint("free some space on the disk that holds the database")
        } else {
            failure
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
