//! One connection: how it is set up, and how SQLite's answers become ours.

use crate::value::{Row, Value};
use crate::work::{Connection, Trouble};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, ToSql, ffi, params_from_iter};
use std::path::Path;

/// Opens a file that exists, to read and write it.
pub fn open(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let connection = open_plain(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit survives the death of the process; a power cut may take the last ones, never the file's consistency.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted (sealed credentials, hashes) is overwritten with zeros.
    connection.pragma_update(None, "secure_delete", true)?;
    // After a burst of writes the log shrinks to 16 MiB again.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Pages of 4 KiB after which the write-ahead log is emptied into the file.
const LOG_PAGES: i64 = 256;
/// Free pages that the file is given at the start, and with them the log: what is written when the disk has
/// become full, such as a sign-in to switch something off, then needs no new block.
const RESERVE_PAGES: i64 = LOG_PAGES + 64;

/// Makes room in file and log, unless there is; on a disk that is full already there is what there is.
pub fn reserve(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    let size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // The log begins anew with each start, so it is written through in any case.
    let bytes = RESERVE_PAGES.max(free.min(2 * RESERVE_PAGES)) * size;
    let made = connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; CREATE TABLE reserve (room BLOB) STRICT; INSERT INTO reserve VALUES (zeroblob({bytes})); DROP TABLE reserve; COMMIT;"
    ));
    if made.is_err() {
        connection.execute_batch("ROLLBACK")?;
    }
    connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_row| Ok(()))
}

/// Opens a file that exists, to read it.
pub fn open_reader(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let connection = open_plain(path)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens a file that exists and changes nothing about it.
pub fn open_plain(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    // No URI: a path with `?` or `file:` in it is just a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(super::BUSY)?;
    Ok(connection)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Connection for rusqlite::Connection {
    fn execute(&self, sql: &str, args: &[Value]) -> Result<u64, Trouble> {
        let changed = self.prepare_cached(sql)?.execute(params_from_iter(args))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    fn each(
        &self,
        sql: &str,
        args: &[Value],
        row: &mut dyn FnMut(Row) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut statement = self.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(args))?;
        while let Some(found) = rows.next()? {
            let values = (0..columns).map(|column| value(found.get_ref(column)?));
            row(Row(values.collect::<Result<_, Trouble>>()?))?;
        }
        Ok(())
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, Trouble> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(
            String::from_utf8(text.to_vec())
                .map_err(|source| Trouble::Document { what: "text".into(), source: source.into() })?,
        ),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => {
            return Err(Trouble::Failed("no column holds a fraction, but this one does".into()));
        }
    })
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        let Some(cause) = error.sqlite_error() else { return Self::Failed(error.into()) };
        match (cause.code, cause.extended_code) {
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => Self::Full,
            (ErrorCode::ReadOnly, _) => Self::ReadOnly,
            (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => Self::Duplicate,
            (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::Missing,
            _ => Self::Failed(error.into()),
        }
    }
}

/// Whether what SQLite or the file system said is that the disk is full.
pub fn is_full(cause: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<std::io::Error>() {
        return error.kind() == std::io::ErrorKind::StorageFull;
    }
    let error = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error);
    error.is_some_and(|error| {
        error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
    })
}
