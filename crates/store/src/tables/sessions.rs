//! Sessions: people who are signed in, by the hash of their cookie.

use crate::value::{Row, args};
use crate::work::Trouble;
use crate::{Result, Store};
use jiff::Timestamp;
use std::net::IpAddr;

/// Somebody who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The hash of the cookie.
    pub hash: String,
    /// The account.
    pub user: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they were last seen.
    pub last_seen: Timestamp,
    /// The address that they signed in from.
    pub from: Option<IpAddr>,
    /// The browser's name for itself.
    pub user_agent: String,
    /// When the second factor was last shown; none if it was not.
    pub second_factor_at: Option<Timestamp>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("user", &self.user)
            .field("created_at", &self.created_at)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "hash, user_name, created_at, last_seen, from_addr, user_agent, second_factor_at";

fn read(row: &mut Row) -> Result<Session, Trouble> {
    let from: Option<String> = row.take(4)?;
    let from = from.map(|from| from.parse()).transpose();
    Ok(Session {
        hash: row.take(0)?,
        user: row.take(1)?,
        created_at: row.take(2)?,
        last_seen: row.take(3)?,
        from: from
            .map_err(|source| Trouble::Document { what: "address".into(), source: Box::new(source) })?,
        user_agent: row.take(5)?,
        second_factor_at: row.take(6)?,
    })
}

impl Store {
    /// Adds a session.
    ///
    /// # Errors
    /// [`crate::Error::Missing`] if there is no such user; else if it cannot be written.
    pub async fn create_session(&self, session: &Session) -> Result<()> {
        let session = session.clone();
        self.write("create a session of", format!("user {}", session.user), move |c| {
            let sql = format!("INSERT INTO sessions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)");
            let args = args![
                session.hash,
                session.user,
                session.created_at,
                session.last_seen,
                session.from.map(|from| from.to_string()),
                session.user_agent,
                session.second_factor_at,
            ];
            c.execute(&sql, args).map(drop)
        })
        .await
    }

    /// A session by the hash of its cookie.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn session(&self, hash: &str) -> Result<Option<Session>> {
        let hash = hash.to_owned();
        self.read("read", "session", move |c| {
            c.first(&format!("SELECT {COLUMNS} FROM sessions WHERE hash = $1"), args![hash], read)
        })
        .await
    }

    /// Every session, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn sessions(&self) -> Result<Vec<Session>> {
        self.read("list", "sessions", |c| {
            c.all(&format!("SELECT {COLUMNS} FROM sessions ORDER BY created_at DESC"), &[], read)
        })
        .await
    }

    /// Writes down that a session was used.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn session_seen(&self, hash: &str, at: Timestamp) -> Result<bool> {
        let hash = hash.to_owned();
        self.write("write the use of", "session", move |c| {
            Ok(c.execute("UPDATE sessions SET last_seen = $1 WHERE hash = $2", args![at, hash])? > 0)
        })
        .await
    }

    /// Writes down that the second factor was shown in a session.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn session_proven(&self, hash: &str, at: Timestamp) -> Result<bool> {
        let hash = hash.to_owned();
        self.write("write the second factor of", "session", move |c| {
            Ok(c.execute("UPDATE sessions SET second_factor_at = $1 WHERE hash = $2", args![at, hash])? > 0)
        })
        .await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn end_session(&self, hash: &str) -> Result<bool> {
        let hash = hash.to_owned();
        self.write("end", "session", move |c| {
            Ok(c.execute("DELETE FROM sessions WHERE hash = $1", args![hash])? > 0)
        })
        .await
    }

    /// Ends every session of a user; comes back with how many there were.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn end_sessions_of(&self, user: &str) -> Result<u64> {
        let user = user.to_owned();
        self.write("end the sessions of", format!("user {user}"), move |c| {
            c.execute("DELETE FROM sessions WHERE user_name = $1", args![user])
        })
        .await
    }

    /// Ends the sessions that were last seen, or begun, before a time; comes back with how many there were.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn end_stale_sessions(&self, seen_before: Timestamp, created_before: Timestamp) -> Result<u64> {
        self.write("end", "stale sessions", move |c| {
            let sql = "DELETE FROM sessions WHERE last_seen < $1 OR created_at < $2";
            c.execute(sql, args![seen_before, created_before])
        })
        .await
    }
}
