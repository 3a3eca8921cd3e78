//! Closes sessions that may be open on controllers which are not adopted: not yet, or not any more.
//!
//! Each is closed by its own way in. One with a token is ended as itself. One that was asked for and whose answer
//! was never read is looked for after a sign-in with the account that it was asked for with: that sign-in is
//! written down like every other, and an account that is refused is not sent again.

use super::suspects::{find_left_open, is_beyond_closing, patience};
use super::{Hold, Holder, Shared, entry, lock};
use crate::fleet::link::was_not_opened;
use crate::{Client, Error};
use jiff::SignedDuration;
use model::Credential;
use model::book::{OpenSession, WayIn};
use model::device::DeviceId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The first pause after a pass that did not close all; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest that one pass may take.
const PASS: Duration = Duration::from_secs(120);
/// Controllers end a session that nobody uses after minutes; the longest known limit is a day.
const GIVE_UP: Duration = Duration::from_secs(24 * 3600);

/// Sessions that may be open on a device without an owner, and when they are looked after.
pub struct Left {
    /// The sessions.
    pub sessions: Vec<OpenSession>,
    /// When the first of them was left, in this life.
    since: Instant,
    /// When the next pass is due.
    due: Instant,
    /// How many passes did not close all.
    passes: u32,
}

impl Default for Left {
    fn default() -> Self {
        let now = Instant::now();
        Self { sessions: Vec::new(), since: now, due: now, passes: 0 }
    }
}

impl Left {
    /// More of them: they are looked after at once.
    pub fn add(&mut self, sessions: Vec<OpenSession>) {
        self.sessions.extend(sessions);
        (self.due, self.passes) = (Instant::now(), 0);
    }

    /// Takes out those that `which` is true of.
    pub fn take(&mut self, which: impl Fn(&OpenSession) -> bool) -> Vec<OpenSession> {
        let (taken, kept) = std::mem::take(&mut self.sessions).into_iter().partition(which);
        self.sessions = kept;
        taken
    }
}

/// The devices on which something is left to be closed, and a pass is due; with `untried` those only that no
/// pass was made over.
pub fn due(shared: &Shared, untried: bool) -> Vec<DeviceId> {
    let now = Instant::now();
    let mut all = lock(&shared.left);
    all.retain(|_, left| !left.sessions.is_empty());
    let due = all.iter().filter(|(_, left)| left.due <= now && (left.passes == 0 || !untried));
    due.map(|(id, _)| id.clone()).collect()
}

/// One pass over what is left on a device. What it does not close is left for the next.
pub async fn pass(shared: Arc<Shared>, id: DeviceId) {
    let Ok(_turn) = shared.closing_left.acquire().await else { return };
    // Whoever adopts it meanwhile closes what is left, too.
    let Ok(hold) = shared.try_hold(&id, Holder::Closer) else { return };
    if shared.book.device(&id).is_some_and(|device| device.is_adopted()) {
        return;
    }
    let Some(left) = lock(&shared.left).remove(&id) else { return };
    let mut pass = Pass { shared: shared.clone(), id, left, again: None, _hold: hold };
    if timeout(PASS, pass.run()).await.is_err() {
        tracing::debug!(device = %pass.id, "closing sessions took too long; it is tried again");
    }
}

/// What became of a session.
enum Fate {
    /// It is closed, or was never opened.
    Closed,
    /// It cannot be closed.
    GivenUp(String),
    /// Another try may close it.
    Later(String),
}

impl From<&Error> for Fate {
    fn from(error: &Error) -> Self {
        match error {
            Error::CertificateChanged { .. } | Error::BadLink { .. } => Self::GivenUp(error.cause()),
            error if is_beyond_closing(error) => Self::GivenUp(error.cause()),
            error => Self::Later(error.cause()),
        }
    }
}

struct Pass {
    shared: Arc<Shared>,
    id: DeviceId,
    left: Left,
    /// When a session may be there that was not yet there to be found.
    again: Option<Instant>,
    _hold: Hold,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let sessions = std::mem::take(&mut self.left.sessions);
        if sessions.is_empty() {
            return;
        }
        let longest = Duration::from_secs(self.shared.config.backoff_limit.max(1));
        let pause = FIRST_PAUSE.saturating_mul(1 << self.left.passes.min(16)).min(longest);
        let left = Left {
            sessions,
            since: self.left.since,
            due: self.again.unwrap_or_else(|| Instant::now() + pause),
            passes: self.left.passes.saturating_add(1),
        };
        // Nobody leaves anything on a device that is held; but what is there is not lost.
        let mut all = lock(&self.shared.left);
        let more = all.insert(self.id.clone(), left);
        if let (Some(more), Some(left)) = (more, all.get_mut(&self.id)) {
            left.add(more.sessions);
        }
    }
}

impl Pass {
    async fn run(&mut self) {
        // Entries of an older version: only an owner can close them, so they wait for one, and not for ever.
        for session in self.left.sessions.clone() {
            if session.way_in.is_none() {
                self.settle(vec![session], Fate::Later("it is not known how it is closed".into())).await;
            }
        }
        // All are on one controller: what it could not do for one it could not for the next either.
        while let Some(session) = self.next(|session| entry::session(session).is_some()) {
            let fate = self.by_itself(&session).await;
            let is_later = matches!(fate, Fate::Later(_));
            self.settle(vec![session], fate).await;
            if is_later {
                return;
            }
        }
        while let Some(first) = self.next(|session| entry::account(session).is_some()) {
            let Some((way, account)) =
                entry::account(&first).map(|(way, account)| (way.clone(), account.clone()))
            else {
                return;
            };
            let sessions = self.left.sessions.iter().filter(|session| session.way_in == first.way_in);
            let alike: Vec<OpenSession> = sessions.cloned().collect();
            let fate = self.by_account(&way, &account, &alike).await;
            let is_later = matches!(fate, Fate::Later(_));
            self.settle(alike, fate).await;
            if is_later {
                return;
            }
        }
    }

    fn next(&self, kind: impl Fn(&OpenSession) -> bool) -> Option<OpenSession> {
        self.left.sessions.iter().find(|session| kind(session)).cloned()
    }

    /// Ends a session with its own token.
    async fn by_itself(&self, session: &OpenSession) -> Fate {
        let target =
            session.way_in.as_ref().and_then(|way| entry::target(way, self.shared.config.plain_http));
        let (Some(known), Some(target)) = (entry::session(session), target) else {
            return Fate::Later("it is not known how it is closed".into());
        };
        let mut client = Client::new(target, self.shared.config.limits());
        match client.end(&known).await {
            Ok(()) => Fate::Closed,
            Err(error) => Fate::from(&error),
        }
    }

    /// Signs in once and closes what these requests may have left open.
    async fn by_account(&mut self, way: &WayIn, account: &Credential, sessions: &[OpenSession]) -> Fate {
        let Some(target) = entry::target(way, self.shared.config.plain_http) else {
            return Fate::Later("it speaks plain HTTP, and `bmc.plain_http` is off".into());
        };
        let mut client = Client::new(target, self.shared.config.limits());
        let list = match client.sessions_path().await {
            Ok(list) => list,
            Err(Error::NoSessions { .. }) => return Fate::Closed,
            Err(error) => return Fate::from(&error),
        };
        let mut own = entry::asked(&self.id, &client, account, self.shared.clock.now());
        if let Err(failure) = self.shared.book.session_opened(own.clone()).await {
            return Fate::Later(failure.cause);
        }
        // From here on it may exist, also if this future is dropped.
        self.left.sessions.push(own.clone());
        match client.login_at(&list, account).await {
            Ok(opened) => entry::opened(&mut own, &opened),
            Err(error) => {
                if was_not_opened(&error) {
                    self.strike(&own).await;
                }
                return match error {
                    Error::NoSessions { .. } => Fate::Closed,
                    Error::CredentialRefused { .. } => Fate::GivenUp(error.cause()),
                    error => Fate::from(&error),
                };
            }
        }
        if let Some(entry) = self.left.sessions.last_mut() {
            *entry = own.clone();
        }
        if let Err(failure) = self.shared.book.session_opened(own.clone()).await {
            tracing::warn!(device = %self.id, %failure, "where a session is could not be written down");
        }
        let fate = self.close_found(&mut client, &list, account, &own, sessions).await;
        match client.logout().await {
            Ok(()) => self.strike(&own).await,
            Err(error) => {
                tracing::debug!(device = %self.id, cause = error.cause(), "the closer's own session stays for now")
            }
        }
        fate
    }

    async fn close_found(
        &mut self,
        client: &mut Client,
        list: &str,
        account: &Credential,
        own: &OpenSession,
        sessions: &[OpenSession],
    ) -> Fate {
        let asked: Vec<_> = sessions.iter().map(|session| session.asked_at).collect();
        let found = match find_left_open(client, list, &account.username, own, &asked).await {
            Ok(found) => found,
            Err(error) => return Fate::Later(error.cause()),
        };
        for path in &found {
            match client.delete(path).await {
                Ok(_) => {}
                Err(error) if is_beyond_closing(&error) => {}
                Err(error) => return Fate::Later(error.cause()),
            }
        }
        let patience = patience(client.limits());
        if found.len() < sessions.len() && self.left.since.elapsed() < patience {
            // A slow controller may carry out only now what was asked before the crash.
            self.again = Some(self.left.since + patience);
            return Fate::Later("what was asked for may still be opened".into());
        }
        Fate::Closed
    }

    /// Crosses out what is done with, and keeps the rest.
    async fn settle(&mut self, sessions: Vec<OpenSession>, fate: Fate) {
        let count = sessions.len() as u64;
        let given_up = match fate {
            Fate::Closed => {
                // First, so that a crash in between loses nothing.
                if let Err(failure) = self.shared.book.let_in(&self.id).await {
                    tracing::warn!(device = %self.id, %failure, "a try could not be counted back");
                }
                tracing::info!(device = %self.id, count, "sessions that were left open are closed");
                metrics::counter!(crate::metrics::SESSIONS_RECOVERED).increment(count);
                None
            }
            Fate::GivenUp(cause) => Some(cause),
            Fate::Later(cause) if sessions.iter().all(|session| self.is_too_old(session)) => Some(cause),
            Fate::Later(cause) => {
                tracing::debug!(device = %self.id, cause, "sessions that were left open cannot be closed yet");
                return;
            }
        };
        if let Some(cause) = given_up {
            tracing::warn!(device = %self.id, count, cause, "sessions that may have been left open are given up");
            metrics::counter!(crate::metrics::SESSIONS_GIVEN_UP).increment(count);
        }
        for session in sessions {
            self.strike(&session).await;
        }
    }

    /// By either clock: the wall's may have been set.
    fn is_too_old(&self, session: &OpenSession) -> bool {
        let longest = SignedDuration::try_from(GIVE_UP).unwrap_or(SignedDuration::MAX);
        let age = self.shared.clock.now().duration_since(session.asked_at);
        age > longest || self.left.since.elapsed() > GIVE_UP
    }

    async fn strike(&mut self, session: &OpenSession) {
        self.left.sessions.retain(|left| !entry::is_same(left, session));
        self.shared.strike(session).await;
    }
}
