//! Users: the appliance's own accounts.

use crate::value::{Row, args, document};
use crate::work::Trouble;
use crate::{Result, Store};
use jiff::Timestamp;

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// The person's name.
    pub full_name: String,
    /// Whether they may sign in.
    pub enabled: bool,
    /// The password's PHC string; none before the first login.
    pub password: Option<String>,
    /// The second factor's key, sealed by the vault; none before the first login.
    pub totp: Option<Vec<u8>>,
    /// The newest time step of the second factor that was accepted.
    pub totp_last_step: Option<i64>,
    /// The hashes of the recovery codes that are left.
    pub recovery: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the person last signed in.
    pub last_sign_in: Option<Timestamp>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str =
    "name, full_name, enabled, password, totp, totp_last_step, recovery, created_at, last_sign_in";

fn read(row: &mut Row) -> Result<User, Trouble> {
    Ok(User {
        name: row.take(0)?,
        full_name: row.take(1)?,
        enabled: row.take(2)?,
        password: row.take(3)?,
        totp: row.take(4)?,
        totp_last_step: row.take(5)?,
        recovery: row.document(6, "recovery codes")?,
        created_at: row.take(7)?,
        last_sign_in: row.take(8)?,
    })
}

impl Store {
    /// Adds an account.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`] if there is one of that name; else if it cannot be written.
    pub async fn create_user(&self, user: &User) -> Result<()> {
        let user = user.clone();
        self.write("create", format!("user {}", user.name), move |c| {
            let recovery = document(&user.recovery, "recovery codes")?;
            let sql = format!("INSERT INTO users ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
            let args = args![
                user.name,
                user.full_name,
                user.enabled,
                user.password,
                user.totp,
                user.totp_last_step,
                recovery,
                user.created_at,
                user.last_sign_in,
            ];
            c.execute(&sql, args).map(drop)
        })
        .await
    }

    /// Writes everything but the name and the time of creation anew.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_user(&self, user: &User) -> Result<bool> {
        let user = user.clone();
        self.write("change", format!("user {}", user.name), move |c| {
            let recovery = document(&user.recovery, "recovery codes")?;
            let sql = "UPDATE users SET full_name = $1, enabled = $2, password = $3, totp = $4, \
                       totp_last_step = $5, recovery = $6, last_sign_in = $7 WHERE name = $8";
            let args = args![
                user.full_name,
                user.enabled,
                user.password,
                user.totp,
                user.totp_last_step,
                recovery,
                user.last_sign_in,
                user.name,
            ];
            Ok(c.execute(sql, args)? > 0)
        })
        .await
    }

    /// An account by its name.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn user(&self, name: &str) -> Result<Option<User>> {
        let name = name.to_owned();
        self.read("read", format!("user {name}"), move |c| {
            c.first(&format!("SELECT {COLUMNS} FROM users WHERE name = $1"), args![name], read)
        })
        .await
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn users(&self) -> Result<Vec<User>> {
        self.read("list", "users", |c| {
            c.all(&format!("SELECT {COLUMNS} FROM users ORDER BY name"), &[], read)
        })
        .await
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// If they cannot be counted.
    pub async fn count_users(&self) -> Result<u64> {
        self.read("count", "users", |c| c.scalar("SELECT count(*) FROM users", &[])).await
    }

    /// Enables or disables an account. Disabling ends its sessions and links and revokes its tokens, in one transaction.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn set_user_enabled(&self, name: &str, enabled: bool, now: Timestamp) -> Result<bool> {
        let name = name.to_owned();
        self.write(if enabled { "enable" } else { "disable" }, format!("user {name}"), move |c| {
            let there =
                c.execute("UPDATE users SET enabled = $1 WHERE name = $2", args![enabled, &name])? > 0;
            if !enabled {
                c.execute("DELETE FROM sessions WHERE user_name = $1", args![&name])?;
                c.execute("DELETE FROM links WHERE user_name = $1", args![&name])?;
                let sql = "UPDATE tokens SET revoked_at = $1 WHERE user_name = $2 AND revoked_at IS NULL";
                c.execute(sql, args![now, &name])?;
            }
            Ok(there)
        })
        .await
    }

    /// Sets, or takes away, an account's password.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn set_password(&self, name: &str, phc: Option<String>) -> Result<bool> {
        let name = name.to_owned();
        self.write("set the password of", format!("user {name}"), move |c| {
            Ok(c.execute("UPDATE users SET password = $1 WHERE name = $2", args![phc, name])? > 0)
        })
        .await
    }

    /// Sets, or takes away, an account's second factor with its recovery codes.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn set_second_factor(
        &self,
        name: &str,
        sealed: Option<Vec<u8>>,
        recovery: &[String],
    ) -> Result<bool> {
        let (name, recovery) = (name.to_owned(), recovery.to_vec());
        self.write("set the second factor of", format!("user {name}"), move |c| {
            let recovery = document(&recovery, "recovery codes")?;
            let sql = "UPDATE users SET totp = $1, totp_last_step = NULL, recovery = $2 WHERE name = $3";
            Ok(c.execute(sql, args![sealed, recovery, name])? > 0)
        })
        .await
    }

    /// Uses a time step of the second factor up: true once for each, and never for one older than the newest used.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn use_totp_step(&self, name: &str, step: i64) -> Result<bool> {
        let name = name.to_owned();
        self.write("use the second factor of", format!("user {name}"), move |c| {
            let sql = "UPDATE users SET totp_last_step = $1 \
                       WHERE name = $2 AND (totp_last_step IS NULL OR totp_last_step < $1)";
            Ok(c.execute(sql, args![step, name])? > 0)
        })
        .await
    }

    /// Uses a recovery code up: true once for each.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn use_recovery_code(&self, name: &str, hash: &str) -> Result<bool> {
        let (name, hash) = (name.to_owned(), hash.to_owned());
        self.write("use a recovery code of", format!("user {name}"), move |c| {
            let sql = "SELECT recovery FROM users WHERE name = $1";
            let codes = c.first::<Vec<String>>(sql, args![&name], |row| row.document(0, "recovery codes"))?;
            let Some(mut codes) = codes.filter(|codes| codes.contains(&hash)) else { return Ok(false) };
            codes.retain(|code| *code != hash);
            let left = document(&codes, "recovery codes")?;
            Ok(c.execute("UPDATE users SET recovery = $1 WHERE name = $2", args![left, name])? > 0)
        })
        .await
    }

    /// Writes down that the person signed in.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn signed_in(&self, name: &str, at: Timestamp) -> Result<bool> {
        let name = name.to_owned();
        self.write("write the sign-in of", format!("user {name}"), move |c| {
            Ok(c.execute("UPDATE users SET last_sign_in = $1 WHERE name = $2", args![at, name])? > 0)
        })
        .await
    }

    /// Removes an account with its grants, tokens, sessions and links.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_user(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        self.write("delete", format!("user {name}"), move |c| {
            Ok(c.execute("DELETE FROM users WHERE name = $1", args![name])? > 0)
        })
        .await
    }
}
