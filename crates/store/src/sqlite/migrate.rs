//! Numbered migrations: each in one transaction, after a copy of the file was written beside it.

use super::backup;
use crate::error::{Error, Result};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};
use std::path::{Path, PathBuf};

/// The steps from each schema to the next, the first from an empty file to schema 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_access.sql"),
    include_str!("../../migrations/0002_devices.sql"),
    include_str!("../../migrations/0003_jobs.sql"),
    include_str!("../../migrations/0004_history.sql"),
    include_str!("../../migrations/0005_ways_in.sql"),
    include_str!("../../migrations/0006_policy.sql"),
    include_str!("../../migrations/0007_rule_hits.sql"),
];

/// The schema that this version writes.
pub const SCHEMA: i64 = MIGRATIONS.len() as i64;

/// Brings a database to this version's schema, or refuses it.
pub fn migrate(path: &Path, connection: &mut Connection) -> Result<()> {
    let found = version(path, connection)?;
    if found == SCHEMA {
        return Ok(());
    }
    if found > 0 {
        let copy = copy_path(path, found);
        backup::replace(path, &copy)?;
        tracing::info!(path = %path.display(), from = found, to = SCHEMA, copy = %copy.display(), "migrating the database");
    }
    for (step, to) in MIGRATIONS.iter().zip(1..) {
        if to > found {
            apply(connection, step, to).map_err(|source| Error::Migrate {
                path: path.to_owned(),
                to,
                source: source.into(),
            })?;
        }
    }
    Ok(())
}

/// The schema of a database; 0 if it is empty.
///
/// # Errors
/// If it is not Portcullis's own, or newer than this version knows.
pub fn version(path: &Path, connection: &Connection) -> Result<i64> {
    let found = read_version(connection).map_err(|error| no_database(path, error))?;
    match found {
        None => Err(Error::Foreign { path: path.to_owned() }),
        Some(found) if found > SCHEMA => Err(Error::Newer { path: path.to_owned(), found, known: SCHEMA }),
        Some(found) => Ok(found),
    }
}

/// What it means that a file could not be read as a database.
pub fn no_database(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::Foreign { path },
        Some(ErrorCode::DatabaseCorrupt) => Error::Damaged { path, finding: error.to_string() },
        _ => Error::Open { path, source: error.into() },
    }
}

/// `None`: the database of something else.
fn read_version(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    if count("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'")? == 0 {
        return Ok((count("SELECT count(*) FROM sqlite_schema")? == 0).then_some(0));
    }
    connection.query_row("SELECT version FROM schema_version", [], |row| row.get(0)).optional()
}

/// One step, unless another process was faster.
fn apply(connection: &mut Connection, step: &str, to: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if read_version(&transaction)? >= Some(to) {
        return Ok(());
    }
    transaction.execute_batch(step)?;
    transaction.execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT; DELETE FROM schema_version;")?;
    transaction.execute("INSERT INTO schema_version (version) VALUES (?1)", [to])?;
    transaction.commit()
}

/// Where the copy goes that is made before migrating from a schema.
fn copy_path(path: &Path, schema: i64) -> PathBuf {
    backup::beside(path, &format!(".schema-{schema}"))
}

/// Makes a database as an older version would have left it.
#[cfg(test)]
pub fn create_at(path: &Path, schema: i64) {
    let mut connection = Connection::open(path).unwrap();
    for (step, to) in MIGRATIONS.iter().zip(1..=schema) {
        apply(&mut connection, step, to).unwrap();
    }
}
