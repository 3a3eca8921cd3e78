//! Links that work once: first login, and new credentials after a reset.

use crate::value::{Row, args};
use crate::work::Trouble;
use crate::{Result, Store};
use jiff::Timestamp;

/// A link that works once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its public identifier.
    pub id: String,
    /// The hash of its text.
    pub hash: String,
    /// The account that it is for.
    pub user: String,
    /// What it lets that account do.
    pub purpose: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, hash, user_name, purpose, created_at, expires_at, used_at";

fn read(row: &mut Row) -> Result<Link, Trouble> {
    Ok(Link {
        id: row.take(0)?,
        hash: row.take(1)?,
        user: row.take(2)?,
        purpose: row.take(3)?,
        created_at: row.take(4)?,
        expires_at: row.take(5)?,
        used_at: row.take(6)?,
    })
}

impl Store {
    /// Adds a link; the same user's earlier ones for the same purpose end.
    ///
    /// # Errors
    /// [`crate::Error::Missing`] if there is no such user; else if it cannot be written.
    pub async fn create_link(&self, link: &Link) -> Result<()> {
        let link = link.clone();
        self.write("create a link for", format!("user {}", link.user), move |c| {
            c.execute(
                "DELETE FROM links WHERE user_name = $1 AND purpose = $2",
                args![&link.user, &link.purpose],
            )?;
            let sql = format!("INSERT INTO links ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)");
            let args = args![
                link.id,
                link.hash,
                link.user,
                link.purpose,
                link.created_at,
                link.expires_at,
                link.used_at
            ];
            c.execute(&sql, args).map(drop)
        })
        .await
    }

    /// A link by its public identifier, whether it has ended or not.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn link(&self, id: &str) -> Result<Option<Link>> {
        let id = id.to_owned();
        self.read("read", format!("link {id}"), move |c| {
            c.first(&format!("SELECT {COLUMNS} FROM links WHERE id = $1"), args![id], read)
        })
        .await
    }

    /// Uses a link up, once its text was compared with the hash: comes back with it once, and never after its end.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn use_link(&self, id: &str, now: Timestamp) -> Result<Option<Link>> {
        let id = id.to_owned();
        self.write("use", format!("link {id}"), move |c| {
            let sql = format!(
                "UPDATE links SET used_at = $1 WHERE id = $2 AND used_at IS NULL AND expires_at > $1 RETURNING {COLUMNS}"
            );
            c.first(&sql, args![now, id], read)
        })
        .await
    }

    /// Removes the links that ended before a time; comes back with how many.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub async fn prune_links(&self, before: Timestamp) -> Result<u64> {
        self.write("remove", "ended links", move |c| {
            c.execute("DELETE FROM links WHERE expires_at < $1 OR used_at < $1", args![before])
        })
        .await
    }
}
