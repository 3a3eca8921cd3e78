//! What people may read about accounts, their own first; and the rows that reads come back with.

use crate::Door;
use crate::book::unavailable;
use model::{Actor, Failure, Kind};

pub use audit::export::Range as AuditRange;
pub use audit::{Entry as AuditEntry, Query as AuditQuery, Status as AuditStatus};
pub use store::{Session as SessionRow, Token as TokenRow, User as UserRow};

impl Door {
    /// The actor's own account.
    ///
    /// # Errors
    /// `NotFound` for an actor without one; `Unavailable` if the store cannot be read.
    pub async fn own_account(&self, actor: &Actor) -> Result<UserRow, Failure> {
        let none = || Failure::new(Kind::NotFound, "show", "one's account", "the actor is no user");
        let name = actor.principal.user().ok_or_else(none)?;
        let row = self.book().store().user(name).await;
        row.map_err(|error| unavailable(format!("user {name}"), &error))?.ok_or_else(none)
    }

    /// The actor's own sessions, newest use first.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn own_sessions(&self, actor: &Actor) -> Result<Vec<SessionRow>, Failure> {
        let stored = self.book().store().sessions().await;
        let mut sessions = stored.map_err(|error| unavailable("sessions", &error))?;
        sessions.retain(|session| Some(session.user.as_str()) == actor.principal.user());
        sessions.sort_by_key(|session| std::cmp::Reverse(session.last_seen));
        Ok(sessions)
    }

    /// Somebody's tokens, without their secrets.
    ///
    /// # Errors
    /// `Refused` unless they are one's own or one may see users; `Unavailable` if the store cannot be read.
    pub async fn tokens_of(&self, actor: &Actor, user: &str) -> Result<Vec<TokenRow>, Failure> {
        if actor.principal.user() != Some(user) {
            self.check_users(actor)?;
        }
        self.book().store().tokens_of(user).await.map_err(|error| unavailable("tokens", &error))
    }
}
