//! Copying a database into one file, by SQLite's own backup.

use super::connection::open_plain;
use crate::error::{Error, Result};
use rusqlite::backup::{Backup, StepResult};
use std::fs::{File, OpenOptions};
use std::io::{Error as IoError, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes a consistent copy into a new file. The copy is whole when it has its name: until then an empty file
/// holds the name, and the copy grows beside it.
pub fn backup(from: &Path, to: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(to) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::Exists { path: to.to_owned() });
        }
        Err(source) => return Err(Error::File { operation: "create", path: to.to_owned(), source }),
    }
    replace(from, to).inspect_err(|_| {
        // What failed is told; that an empty file of ours is left behind would hide it.
        let _ = std::fs::remove_file(to);
    })
}

/// Writes a consistent copy into a file, in place of an earlier one.
pub fn replace(from: &Path, to: &Path) -> Result<()> {
    let partial = beside(to, ".partial");
    let written = copy(from, &partial).and_then(|()| rename(&partial, to));
    written.inspect_err(|_| {
        let _ = std::fs::remove_file(&partial);
    })
}

/// Copies a database, its write-ahead log included, into one file that stands alone, and waits until it is on disk.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    let file = opened.map_err(|source| Error::File { operation: "create", path: to.to_owned(), source })?;
    let cannot = |source: rusqlite::Error| Error::Copy {
        from: from.to_owned(),
        to: to.to_owned(),
        source: source.into(),
    };
    copy_pages(from, to).map_err(cannot)?;
    file.sync_all().map_err(|source| Error::File { operation: "write", path: to.to_owned(), source })
}

fn copy_pages(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let source = open_plain(from)?;
    let mut target = open_plain(to)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        // All pages in one step: one consistent state, and in WAL mode the writer is not kept waiting by it.
        // Busy or locked is another process at the file; after the connection's own patience, a few more tries.
        let mut tries = 0;
        while backup.step(-1)? != StepResult::Done {
            tries += 1;
            if tries > 3 {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None));
            }
        }
    }
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.close().map_err(|(_, error)| error)
}

/// Renames a file, and waits until its directory knows.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    let cannot = |source: IoError| Error::File { operation: "rename", path: from.to_owned(), source };
    std::fs::rename(from, to).map_err(cannot)?;
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|source| Error::File { operation: "write", path: directory.to_owned(), source })
}

/// A path beside another, with something added to its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
