//! Who is let in: accounts, sessions, wrong passwords and the lock that they close. Pure.

use crate::flavour::AccessRow;
use crate::random::Dice;
use jiff::{SignedDuration, Timestamp};
use model::Secret;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Administrator,
    /// Switch and configure the server.
    Operator,
    /// Look.
    ReadOnly,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Administrator, Self::Operator, Self::ReadOnly];

    /// The role's identifier (DSP0266, "Roles").
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::Operator => "Operator",
            Self::ReadOnly => "ReadOnly",
        }
    }
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its identifier in the collection.
    pub id: String,
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: Secret<String>,
    /// Its role.
    pub role: Role,
    /// Whether it may be used.
    pub enabled: bool,
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its identifier.
    pub id: String,
    /// Its token.
    pub token: String,
    /// Whose it is.
    pub username: String,
    /// When it was opened.
    pub opened: Timestamp,
    used: Timestamp,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Neither token nor name and password.
    NoCredential,
    /// A token that is not, or no longer, valid.
    BadToken,
    /// A wrong name or password.
    Wrong,
    /// Too many of those before.
    Locked,
    /// All sessions are taken.
    Full,
}

/// Accounts, sessions and the lock of one BMC.
#[derive(Clone, Debug)]
pub struct Access {
    row: &'static AccessRow,
    dice: Dice,
    accounts: Vec<Account>,
    sessions: Vec<Session>,
    opened: u64,
    wrong: u32,
    wrong_at: Timestamp,
    locked_until: Option<Timestamp>,
    timeout_seconds: u32,
    limit: usize,
}

impl Access {
    /// With these accounts and no session.
    #[must_use]
    pub fn new(row: &'static AccessRow, seed: u64, accounts: Vec<Account>) -> Self {
        Self {
            row,
            dice: Dice::new(seed, "sessions"),
            accounts,
            sessions: Vec::new(),
            opened: 0,
            wrong: 0,
            wrong_at: Timestamp::UNIX_EPOCH,
            locked_until: None,
            timeout_seconds: row.timeout_seconds,
            limit: row.sessions,
        }
    }

    /// The accounts.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The open sessions.
    #[must_use]
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Seconds after which an unused session ends.
    #[must_use]
    pub const fn timeout_seconds(&self) -> u32 {
        self.timeout_seconds
    }

    /// Sets them.
    pub const fn set_timeout(&mut self, seconds: u32) {
        self.timeout_seconds = seconds;
    }

    /// Sets how many sessions may be open at once.
    pub const fn set_limit(&mut self, sessions: usize) {
        self.limit = sessions;
    }

    /// Whether the lock is closed.
    #[must_use]
    pub const fn is_locked(&self) -> bool {
        self.locked_until.is_some()
    }

    /// Gives the account `id` another password; `false` if there is none such.
    pub fn set_password(&mut self, id: &str, password: Secret<String>) -> bool {
        let account = self.accounts.iter_mut().find(|account| account.id == id);
        account.map(|account| account.password = password).is_some()
    }

    /// Puts an account in the place of the one with its identifier, or beside the others. Who is disabled has no
    /// sessions any more.
    pub fn put(&mut self, account: Account) {
        let old = self.accounts.iter_mut().find(|known| known.id == account.id);
        let (was, enabled) = (old.as_ref().map(|old| old.username.clone()), account.enabled);
        match old {
            Some(old) => *old = account,
            None => self.accounts.push(account),
        }
        self.sessions.retain(|session| enabled || Some(&session.username) != was.as_ref());
    }

    /// Takes an account away, and its sessions.
    pub fn remove(&mut self, id: &str) {
        let Some(at) = self.accounts.iter().position(|account| account.id == id) else { return };
        let account = self.accounts.remove(at);
        self.sessions.retain(|session| session.username != account.username);
    }

    /// Ends what has run out.
    pub fn advance(&mut self, now: Timestamp) {
        let limit = SignedDuration::from_secs(i64::from(self.timeout_seconds));
        self.sessions.retain(|session| now.duration_since(session.used) < limit);
        if self.locked_until.is_some_and(|until| until <= now) {
            self.locked_until = None;
            self.wrong = 0;
        }
    }

    /// When something runs out.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let limit = SignedDuration::from_secs(i64::from(self.timeout_seconds));
        let sessions = self.sessions.iter().filter_map(|session| session.used.checked_add(limit).ok());
        sessions.chain(self.locked_until).min()
    }

    /// Whose token it is; using it keeps the session open.
    ///
    /// # Errors
    /// If it is nobody's.
    pub fn by_token(&mut self, token: &str, now: Timestamp) -> Result<Role, Denial> {
        let session =
            self.sessions.iter_mut().find(|session| session.token == token).ok_or(Denial::BadToken)?;
        session.used = now;
        let username = session.username.as_str();
        let account = self.accounts.iter().find(|account| account.username == username);
        account.map(|account| account.role).ok_or(Denial::BadToken)
    }

    /// Who it is by name and password. Wrong ones are counted, and close the lock.
    ///
    /// # Errors
    /// If the lock is closed, or they are wrong.
    pub fn by_password(&mut self, username: &str, password: &str, now: Timestamp) -> Result<Role, Denial> {
        if self.is_locked() {
            return Err(Denial::Locked);
        }
        let right = |account: &&Account| {
            account.enabled && account.username == username && account.password.expose() == password
        };
        if let Some(account) = self.accounts.iter().find(right) {
            self.wrong = 0;
            return Ok(account.role);
        }
        let lock = SignedDuration::from_secs(i64::from(self.row.lock_seconds));
        self.wrong = if now.duration_since(self.wrong_at) > lock { 1 } else { self.wrong + 1 };
        self.wrong_at = now;
        if self.wrong >= self.row.lock_after {
            self.locked_until = now.checked_add(lock).ok();
        }
        Err(Denial::Wrong)
    }

    /// Opens a session.
    ///
    /// # Errors
    /// If the lock is closed, name or password are wrong, or all sessions are taken.
    pub fn open(&mut self, username: &str, password: &str, now: Timestamp) -> Result<Session, Denial> {
        self.by_password(username, password, now)?;
        if self.sessions.len() >= self.limit {
            return Err(Denial::Full);
        }
        self.opened += 1;
        let session = Session {
            id: (self.row.session_id)(&mut self.dice, self.opened, username),
            token: self.dice.hex(32).to_lowercase(),
            username: username.to_owned(),
            opened: now,
            used: now,
        };
        self.sessions.push(session.clone());
        Ok(session)
    }

    /// Ends a session; `false` if there is none such.
    pub fn close(&mut self, id: &str) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.id != id);
        self.sessions.len() < before
    }

    /// Ends them all.
    pub fn close_all(&mut self) {
        self.sessions.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flavour::Kind;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn access(kind: Kind) -> Access {
        let root = Account {
            id: "1".into(),
            username: "root".into(),
            password: "right".into(),
            role: Role::Administrator,
            enabled: true,
        };
        Access::new(&kind.row().access, 3, vec![root])
    }

    #[test]
    fn an_unused_session_ends_and_a_used_one_does_not() {
        for kind in Kind::ALL {
            let mut access = access(*kind);
            let limit = i64::from(kind.row().access.timeout_seconds);
            let session = access.open("root", "right", at(0)).unwrap();
            access.advance(at(limit - 1));
            assert_eq!(access.by_token(&session.token, at(limit - 1)), Ok(Role::Administrator));
            access.advance(at(2 * limit - 2));
            assert_eq!(access.sessions().len(), 1);
            assert_eq!(access.next_deadline(), Some(at(2 * limit - 1)));
            access.advance(at(2 * limit - 1));
            assert_eq!(access.by_token(&session.token, at(2 * limit - 1)), Err(Denial::BadToken));
        }
    }

    #[test]
    fn wrong_passwords_close_the_lock_for_a_while() {
        for kind in Kind::ALL {
            let mut access = access(*kind);
            let row = &kind.row().access;
            for _ in 0..row.lock_after {
                assert_eq!(access.by_password("root", "wrong", at(0)).unwrap_err(), Denial::Wrong);
            }
            assert_eq!(access.by_password("root", "right", at(1)), Err(Denial::Locked), "{kind}");
            access.advance(at(i64::from(row.lock_seconds)));
            assert_eq!(
                access.by_password("root", "right", at(i64::from(row.lock_seconds))),
                Ok(Role::Administrator)
            );
        }
    }

    #[test]
    fn sessions_are_limited_and_differ() {
        for kind in Kind::ALL {
            let mut access = access(*kind);
            let ids: std::collections::BTreeSet<String> = (0..kind.row().access.sessions)
                .map(|_| access.open("root", "right", at(0)).unwrap().id)
                .collect();
            assert_eq!(ids.len(), kind.row().access.sessions);
            assert_eq!(access.open("root", "right", at(0)).unwrap_err(), Denial::Full);
            assert!(access.close(ids.first().unwrap()));
            assert!(access.open("root", "right", at(0)).is_ok());
        }
    }
}
