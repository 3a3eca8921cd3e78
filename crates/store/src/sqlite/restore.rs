//! Putting a backup in a database's place.

use super::backup::{self, beside};
use super::connection::open_plain;
use super::migrate;
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode};
use std::path::Path;

/// What becomes of a database that is in the backup's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is restored.
    Keep,
    /// It is renamed to the same name with `.before-restore`, in place of an earlier one.
    SetAside,
}

/// Checks a backup and puts it in a database's place; one with an older schema is migrated when it is opened. Blocks.
///
/// # Errors
/// If the backup is damaged, not Portcullis's own or of a newer version; if there is a database and it is to be kept,
/// or it is in use. Nothing is changed then.
pub fn restore(from: &Path, to: &Path, existing: Existing) -> Result<()> {
    check(from)?;
    let there = to.try_exists().map_err(|source| Error::File {
        operation: "look at",
        path: to.to_owned(),
        source,
    })?;
    if there && existing == Existing::Keep {
        return Err(Error::Exists { path: to.to_owned() });
    }
    let incoming = beside(to, ".restoring");
    backup::replace(from, &incoming)?;
    let placed = if there { set_aside(to) } else { Ok(()) }.and_then(|()| backup::rename(&incoming, to));
    placed.inspect_err(|_| {
        let _ = std::fs::remove_file(&incoming);
    })
}

/// Whether a file is a whole database of Portcullis that this version can read; comes back with its schema.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> Result<i64> {
    let foreign = |error| migrate::no_database(path, error);
    let connection = open_plain(path).map_err(foreign)?;
    let schema = migrate::version(path, &connection)?;
    if schema == 0 {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    let verdict = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    let finding = verdict("PRAGMA integrity_check(1)").map_err(foreign)?;
    if finding != "ok" {
        return Err(Error::Damaged { path: path.to_owned(), finding });
    }
    Ok(schema)
}

/// Renames a database that nobody has open, its log written back into it first where it can still be read.
fn set_aside(path: &Path) -> Result<()> {
    match alone(path) {
        Ok(()) => {}
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ) =>
        {
            return Err(Error::InUse { path: path.to_owned() });
        }
        // Damaged, or no database: a reason to restore, not a reason against it.
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the database that is replaced cannot be read")
        }
    }
    let aside = beside(path, ".before-restore");
    for suffix in ["-wal", "-shm"] {
        let log = beside(path, suffix);
        match std::fs::rename(&log, beside(&aside, suffix)) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::File { operation: "rename", path: log, source });
            }
            _ => {}
        }
    }
    backup::rename(path, &aside)
}

/// Holds the file alone for a moment; closing it then leaves no log behind.
fn alone(path: &Path) -> rusqlite::Result<()> {
    let connection: Connection = open_plain(path)?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    connection.close().map_err(|(_, error)| error)
}
