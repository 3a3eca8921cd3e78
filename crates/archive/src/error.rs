//! What can go wrong.

use parquet::errors::ParquetError;
use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong with what is kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory or one of its files.
    #[error("{operation} {}", path.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file was not written or read.
    #[error("{operation} {} as Parquet", path.display())]
    Parquet {
        /// What was tried.
        operation: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: ParquetError,
    },
    /// The disk has less room than is to be left to others.
    #[error(
        "the disk has {left} MB left, and {spare} MB are for the rest of the appliance; make room, or give the archive less in [archive]"
    )]
    NoRoom {
        /// What is left, in megabytes.
        left: u64,
        /// What is to be left, in megabytes.
        spare: u64,
    },
}

impl Error {
    pub(crate) fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { operation, path, source }
    }

    pub(crate) fn parquet(operation: &'static str, path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_owned();
        move |source| Self::Parquet { operation, path, source }
    }
}
