//! API tokens, by hash.

use crate::value::{Row, args, document};
use crate::work::Trouble;
use crate::{Result, Store};
use jiff::Timestamp;
use model::access::Limit;

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its public identifier.
    pub id: String,
    /// The account that it belongs to.
    pub user: String,
    /// What it is for.
    pub label: String,
    /// The hash of the token itself.
    pub hash: String,
    /// What it may do at most.
    pub limit: Limit,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, user_name, label, hash, most, created_at, expires_at, last_used, revoked_at";

fn read(row: &mut Row) -> Result<Token, Trouble> {
    Ok(Token {
        id: row.take(0)?,
        user: row.take(1)?,
        label: row.take(2)?,
        hash: row.take(3)?,
        limit: row.document(4, "limit")?,
        created_at: row.take(5)?,
        expires_at: row.take(6)?,
        last_used: row.take(7)?,
        revoked_at: row.take(8)?,
    })
}

impl Store {
    /// Adds a token.
    ///
    /// # Errors
    /// [`crate::Error::Missing`] if there is no such user, [`crate::Error::Duplicate`] if there is one of that
    /// identifier or hash; else if it cannot be written.
    pub async fn create_token(&self, token: &Token) -> Result<()> {
        let token = token.clone();
        self.write("create", format!("token {} of user {}", token.id, token.user), move |c| {
            let limit = document(&token.limit, "limit")?;
            let sql = format!("INSERT INTO tokens ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
            let args = args![
                token.id,
                token.user,
                token.label,
                token.hash,
                limit,
                token.created_at,
                token.expires_at,
                token.last_used,
                token.revoked_at,
            ];
            c.execute(&sql, args).map(drop)
        })
        .await
    }

    /// A token by its public identifier, whether it has ended or not.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn token(&self, id: &str) -> Result<Option<Token>> {
        let id = id.to_owned();
        self.read("read", format!("token {id}"), move |c| {
            c.first(&format!("SELECT {COLUMNS} FROM tokens WHERE id = $1"), args![id], read)
        })
        .await
    }

    /// A token by its hash, whether it has ended or not.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn token_by_hash(&self, hash: &str) -> Result<Option<Token>> {
        let hash = hash.to_owned();
        self.read("read", "token", move |c| {
            c.first(&format!("SELECT {COLUMNS} FROM tokens WHERE hash = $1"), args![hash], read)
        })
        .await
    }

    /// Every token, by user and age.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        self.read("list", "tokens", |c| {
            c.all(&format!("SELECT {COLUMNS} FROM tokens ORDER BY user_name, created_at, id"), &[], read)
        })
        .await
    }

    /// The tokens of one user, by age.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn tokens_of(&self, user: &str) -> Result<Vec<Token>> {
        let user = user.to_owned();
        self.read("list the tokens of", format!("user {user}"), move |c| {
            let sql = format!("SELECT {COLUMNS} FROM tokens WHERE user_name = $1 ORDER BY created_at, id");
            c.all(&sql, args![user], read)
        })
        .await
    }

    /// Writes down that a token was used.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn token_used(&self, id: &str, at: Timestamp) -> Result<bool> {
        let id = id.to_owned();
        self.write("write the use of", format!("token {id}"), move |c| {
            Ok(c.execute("UPDATE tokens SET last_used = $1 WHERE id = $2", args![at, id])? > 0)
        })
        .await
    }

    /// Revokes a user's token; false if there is none, or it was revoked before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn revoke_token(&self, user: &str, id: &str, at: Timestamp) -> Result<bool> {
        let (user, id) = (user.to_owned(), id.to_owned());
        self.write("revoke", format!("token {id} of user {user}"), move |c| {
            let sql =
                "UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND user_name = $3 AND revoked_at IS NULL";
            Ok(c.execute(sql, args![at, id, user])? > 0)
        })
        .await
    }

    /// Removes the tokens that expired or were revoked before a time; comes back with how many.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub async fn prune_tokens(&self, before: Timestamp) -> Result<u64> {
        self.write("remove", "ended tokens", move |c| {
            c.execute("DELETE FROM tokens WHERE expires_at < $1 OR revoked_at < $1", args![before])
        })
        .await
    }
}
