//! Grants: which role a user has over which devices.

use crate::value::{Row, args};
use crate::work::Trouble;
use crate::{Result, Store};
use model::{Grant, Role, Scope};

const SELECT: &str = "SELECT id, user_name, role, scope FROM grants";

fn read(row: &mut Row) -> Result<Grant, Trouble> {
    Ok(Grant {
        id: row.take(0)?,
        user: row.take(1)?,
        role: row.parsed(2, "role")?,
        scope: row.parsed(3, "scope")?,
    })
}

impl Store {
    /// Gives a user a role over a scope; comes back with the grant's number.
    ///
    /// # Errors
    /// [`crate::Error::Missing`] if there is no such user, [`crate::Error::Duplicate`] if they have it; else if it
    /// cannot be written.
    pub async fn add_grant(&self, user: &str, role: Role, scope: &Scope) -> Result<i64> {
        let (user, scope) = (user.to_owned(), scope.to_string());
        self.write("add a grant to", format!("user {user}"), move |c| {
            let sql = "INSERT INTO grants (user_name, role, scope) VALUES ($1, $2, $3) RETURNING id";
            c.scalar(sql, args![user, role.name(), scope])
        })
        .await
    }

    /// Takes a user's grant back.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn remove_grant(&self, user: &str, id: i64) -> Result<bool> {
        let user = user.to_owned();
        self.write("revoke", format!("grant {id} of user {user}"), move |c| {
            Ok(c.execute("DELETE FROM grants WHERE id = $1 AND user_name = $2", args![id, user])? > 0)
        })
        .await
    }

    /// Every grant, by number.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn grants(&self) -> Result<Vec<Grant>> {
        self.read("list", "grants", |c| c.all(&format!("{SELECT} ORDER BY id"), &[], read)).await
    }

    /// The grants of one user, by number.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn grants_of(&self, user: &str) -> Result<Vec<Grant>> {
        let user = user.to_owned();
        self.read("list the grants of", format!("user {user}"), move |c| {
            c.all(&format!("{SELECT} WHERE user_name = $1 ORDER BY id"), args![user], read)
        })
        .await
    }
}
