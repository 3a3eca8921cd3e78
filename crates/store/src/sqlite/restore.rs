//! Putting a backup in a database's place.

use super::backup::{self, beside};
use super::connection::open_plain;
use super::migrate;
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode};
use std::io::ErrorKind;
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
    let placed = if there { leave(to) } else { Ok(()) };
    let placed = placed.and_then(|()| set_aside(to)).and_then(|()| backup::rename(&incoming, to));
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

/// Makes sure that nobody has the database open, and that its log is written back into it where it can still be read.
fn leave(path: &Path) -> Result<()> {
    match alone(path) {
        Ok(()) => Ok(()),
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ) =>
        {
            Err(Error::InUse { path: path.to_owned() })
        }
        // Damaged, or no database: a reason to restore, not a reason against it.
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the database that is replaced cannot be read");
            Ok(())
        }
    }
}

/// Renames whatever is left of a database. A log that stayed would be applied to the restored one and ruin it.
fn set_aside(path: &Path) -> Result<()> {
    let aside = beside(path, ".before-restore");
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let (from, to) = (beside(path, suffix), beside(&aside, suffix));
        remove(&to)?;
        match std::fs::rename(&from, &to) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(Error::File { operation: "rename", path: from, source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(Error::File { operation: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Holds the file alone for a moment; closing it then leaves no log behind.
fn alone(path: &Path) -> rusqlite::Result<()> {
    let connection: Connection = open_plain(path)?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    connection.close().map_err(|(_, error)| error)
}
