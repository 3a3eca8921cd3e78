//! Lets people and programs in: sign-in, sessions, tokens, first logins. Every outcome is written down.

use crate::access_book::{AccessBook, ENROL};
use crate::book::unavailable;
use crate::config::Access;
use crate::events::Events;
use crate::metrics;
use audit::Note;
use identity::throttle::{Escalation, Throttle, Verdict};
use identity::{password, recovery, session, token, totp};
use jiff::Timestamp;
use model::event::{Finding, What};
use model::{Actor, Clock, Failure, Kind, Principal, Secret};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;
use tokio::sync::Semaphore;
use vault::Vault;

/// So many characters of a typed name are looked at and written down: more than any account has, and few
/// enough for a record.
const LONGEST_TYPED: usize = 100;

/// A finding that somebody acknowledged is kept for so long.
const FINDINGS_KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(365 * 24);

/// What somebody types to come in.
#[derive(Debug)]
pub struct Attempt {
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: Secret<String>,
    /// Six digits from the authenticator, or a recovery code.
    pub code: Secret<String>,
    /// Where they are.
    pub from: Option<IpAddr>,
    /// The browser's name for itself.
    pub agent: String,
}

/// Somebody who is signed in, at one request.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who acts.
    pub actor: Actor,
    /// The account's name.
    pub user: String,
    /// What forms must carry.
    pub csrf: String,
    /// The session's identifier in lists: the start of its hash, worth nothing.
    pub id: String,
}

/// The gate. Cheap to clone; every clone is the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    access: Arc<AccessBook>,
    store: Store,
    vault: Arc<Vault>,
    audit: audit::Log,
    events: Events,
    clock: Arc<dyn Clock>,
    settings: Access,
    throttle: Mutex<Throttle>,
    hashing: Arc<Semaphore>,
    enrolments: crate::enrol::Enrolments,
}

impl Gate {
    /// A gate to these accounts.
    #[must_use]
    pub fn new(
        door: &crate::Door,
        store: Store,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        settings: Access,
    ) -> Self {
        let hashing = Arc::new(Semaphore::new(settings.hash_at_once.max(1)));
        Self(Arc::new(Inner {
            access: Arc::clone(door.access()),
            audit: door.audit().clone(),
            events: door.events().clone(),
            store,
            vault,
            clock,
            settings,
            throttle: Mutex::default(),
            hashing,
            enrolments: crate::enrol::Enrolments::default(),
        }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn enrolments(&self) -> &crate::enrol::Enrolments {
        &self.0.enrolments
    }

    pub(crate) fn access(&self) -> &AccessBook {
        &self.0.access
    }

    /// Whether a second factor is asked for.
    #[must_use]
    pub fn asks_second_factor(&self) -> bool {
        self.0.settings.second_factor
    }

    /// Signs somebody in; comes back with the new session's token, for the cookie.
    ///
    /// # Errors
    /// `Unauthenticated`, with the same words whatever was wrong; `Throttled` after too many tries.
    pub async fn sign_in(&self, attempt: &Attempt) -> Result<Secret<String>, Failure> {
        let name = self.prove(attempt).await?;
        self.open_session(&name, attempt).await
    }

    /// Lets somebody who shows both present factors choose new ones; comes back with a one-time link. The
    /// present ones, and all sessions, end when the link is used.
    ///
    /// # Errors
    /// As [`Gate::sign_in`].
    pub async fn renew_login(&self, attempt: &Attempt) -> Result<Secret<String>, Failure> {
        let name = self.prove(attempt).await?;
        let link = self.0.access.make_link(&name).await?;
        self.note(Note::LoginRenewal, &name, attempt.from, json!({})).await;
        Ok(link)
    }

    /// Whether somebody is who they say; comes back with the account's name.
    async fn prove(&self, attempt: &Attempt) -> Result<String, Failure> {
        let name: String = attempt.name.trim().chars().take(LONGEST_TYPED).collect::<String>().to_lowercase();
        let from = attempt.from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        if let Err(refusal) = self.may_try(&name, from) {
            // Tries that were broken off lock too, and did not live to tell.
            let escalation = self.throttle(|throttle| throttle.failed(&name, from, self.now()));
            self.tell_lock(&name, attempt.from, escalation).await;
            return Err(refusal);
        }
        if self.is_right(&name, attempt).await? {
            self.throttle(|throttle| throttle.succeeded(&name, from, self.now()));
            return Ok(name);
        }
        let escalation = self.throttle(|throttle| throttle.failed(&name, from, self.now()));
        metrics::sign_in("failed");
        self.note(Note::SignInFailed, &name, attempt.from, json!({ "name": name })).await;
        self.tell_lock(&name, attempt.from, escalation).await;
        Err(wrong())
    }

    fn throttle<T>(&self, work: impl FnOnce(&mut Throttle) -> T) -> T {
        work(&mut self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn may_try(&self, name: &str, from: IpAddr) -> Result<(), Failure> {
        let now = self.now();
        let slow = |cause: String| {
            metrics::sign_in("throttled");
            Err(Failure::new(Kind::Throttled, "sign in", "here", cause))
        };
        match self.throttle(|throttle| throttle.check(name, from, now)) {
            Verdict::Go => Ok(()),
            Verdict::Wait(pause) => slow(format!("too many tries; wait {} s", pause.as_secs().max(1))),
            Verdict::Locked(until) => slow(format!(
                "locked after too many tries, until {until:.0}; ask an administrator if that was not you"
            )),
        }
    }

    /// Does the same work whether or not there is such an account.
    async fn is_right(&self, name: &str, attempt: &Attempt) -> Result<bool, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable("sign-in", error);
        let user = self.0.store.user(name).await.map_err(|error| failed(&error))?;
        let stored = user.as_ref().and_then(|user| user.password.clone());
        let right = self.hash(attempt.password.clone(), stored).await?;
        let Some(user) = user.filter(|user| right && user.enabled) else { return Ok(false) };
        self.renew_hash(&user, &attempt.password).await;
        if !self.0.settings.second_factor {
            return Ok(true);
        }
        self.second_factor(&user, &attempt.code).await
    }

    /// A hash made with weaker parameters than today's is made anew, now that the password is at hand.
    async fn renew_hash(&self, user: &store::User, typed: &Secret<String>) {
        if user.password.as_deref().is_some_and(password::needs_rehash)
            && let Ok(renewed) = self.make_hash(typed.clone()).await
            && let Err(error) = self.0.store.set_password(&user.name, Some(renewed)).await
        {
            tracing::warn!(%error, user = user.name, "a password's hash could not be renewed");
        }
    }

    async fn hash(&self, typed: Secret<String>, stored: Option<String>) -> Result<bool, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable("sign-in", error);
        let hashed = in_turn(&self.0.hashing, move || password::verify(&typed, stored.as_deref())).await?;
        hashed.map_err(|error| failed(&error))
    }

    /// Hashes a new password, in turn.
    pub(crate) async fn make_hash(&self, typed: Secret<String>) -> Result<String, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable("password", error);
        in_turn(&self.0.hashing, move || password::hash(&typed)).await?.map_err(|error| failed(&error))
    }

    async fn second_factor(&self, user: &store::User, typed: &Secret<String>) -> Result<bool, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable("sign-in", error);
        let Some(sealed) = &user.totp else { return Ok(false) };
        let opened = self.0.vault.open_bytes(&crate::enrol::totp_context(&user.name), sealed);
        let secret = opened.map_err(|error| failed(&error))?;
        let last = user.totp_last_step;
        if let Some(step) = totp::verify(&secret, typed.expose(), self.now(), last) {
            let used = self.0.store.use_totp_step(&user.name, step).await;
            return used.map_err(|error| failed(&error));
        }
        let Some(hash) = recovery::find(typed.expose(), &user.recovery).and_then(|at| user.recovery.get(at))
        else {
            return Ok(false);
        };
        let used = self.0.store.use_recovery_code(&user.name, hash).await.map_err(|error| failed(&error))?;
        if used {
            let left = user.recovery.len().saturating_sub(1);
            self.note(Note::RecoveryCode, &user.name, None, json!({ "left": left })).await;
        }
        Ok(used)
    }

    async fn open_session(&self, name: &str, attempt: &Attempt) -> Result<Secret<String>, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable("sign-in", error);
        let minted = session::mint().map_err(|error| failed(&error))?;
        let now = self.now();
        let row = store::Session {
            hash: minted.hash,
            user: name.to_owned(),
            created_at: now,
            last_seen: now,
            from: attempt.from,
            user_agent: attempt.agent.chars().take(200).collect(),
            second_factor_at: self.0.settings.second_factor.then_some(now),
        };
        self.0.store.create_session(&row).await.map_err(|error| failed(&error))?;
        self.0.store.signed_in(name, now).await.map_err(|error| failed(&error))?;
        metrics::sign_in("done");
        self.note(Note::SignIn, name, attempt.from, json!({})).await;
        Ok(minted.token)
    }

    async fn tell_lock(&self, name: &str, from: Option<IpAddr>, escalation: Escalation) {
        if let Escalation::Locked(lock) = escalation {
            let who =
                lock.account.map_or_else(|| "every account".to_owned(), |name| format!("account {name}"));
            let whence = lock.from.map_or_else(|| "any address".to_owned(), |from| from.to_string());
            let text = format!(
                "{who} is locked for {whence} until {:.0}, after too many wrong sign-ins; find out who is guessing",
                lock.until
            );
            self.note(Note::Lockout, name, from, json!({ "text": text })).await;
            let finding = Finding { kind: "sign_in_locked".into(), device: None, text };
            if let Err(error) = self.0.store.add_finding(self.now(), &finding).await {
                tracing::error!(%error, "a finding could not be written down");
            }
            self.0.events.tell(What::FindingRaised(finding));
        }
    }

    /// The session behind a cookie, if it stands.
    pub async fn session(&self, cookie: &str, from: Option<IpAddr>) -> Option<Session> {
        self.standing(cookie, from, true).await
    }

    /// The same for what a page asks for by itself: it does not count as use, so a page that is left
    /// open does not keep its session alive.
    pub async fn peek(&self, cookie: &str, from: Option<IpAddr>) -> Option<Session> {
        self.standing(cookie, from, false).await
    }

    async fn standing(&self, cookie: &str, from: Option<IpAddr>, is_use: bool) -> Option<Session> {
        let hash = session::hash_of(cookie)?;
        let row = self.0.store.session(&hash).await.ok().flatten()?;
        let now = self.now();
        let times = session::Times {
            started_at: row.created_at,
            seen_at: row.last_seen,
            second_factor_at: row.second_factor_at,
        };
        if times.check(now).is_err() || !self.0.access.is_enabled(&row.user) {
            let _ended = self.0.store.end_session(&hash).await;
            return None;
        }
        if is_use && times.needs_touch(now) {
            let _seen = self.0.store.session_seen(&hash, now).await;
        }
        let csrf = session::csrf(&Secret::new(cookie.to_owned()));
        let id = hash.chars().take(12).collect();
        Some(Session { actor: Actor::user(&row.user, "web", from), user: row.user, csrf, id })
    }

    /// Ends the session behind a cookie.
    pub async fn sign_out(&self, cookie: &str) {
        let Some(hash) = session::hash_of(cookie) else { return };
        let user = self.0.store.session(&hash).await.ok().flatten().map(|row| row.user);
        let _ended = self.0.store.end_session(&hash).await;
        if let Some(user) = user {
            self.note(Note::SignOut, &user, None, json!({})).await;
        }
    }

    /// The actor behind an API token.
    ///
    /// # Errors
    /// `Unauthenticated`, with the same words for every reason.
    pub async fn bearer(&self, text: &str, from: Option<IpAddr>) -> Result<Actor, Failure> {
        let refuse = || {
            Failure::new(Kind::Unauthenticated, "use", "the token", "it is not known, or it has ended")
                .hint("make a new one on the account page or with `portcullis token create`")
        };
        let presented = token::parse(token::Kind::Api, text).map_err(|_malformed| refuse())?;
        let row =
            self.0.store.token(&presented.id).await.map_err(|error| unavailable("the token", &error))?;
        let kept = row.as_ref().map(|row| token::Kept {
            hash: row.hash.clone(),
            expires_at: row.expires_at,
            ended: row.revoked_at.is_some(),
        });
        let now = self.now();
        token::check(&presented, kept.as_ref(), now).map_err(|_refusal| refuse())?;
        let row = row.filter(|row| self.0.access.is_enabled(&row.user)).ok_or_else(refuse)?;
        if row.last_used.is_none_or(|last| now.duration_since(last) > session::TOUCH_AFTER) {
            let _used = self.0.store.token_used(&row.id, now).await;
        }
        let principal = Principal::Token { id: row.id, user: row.user };
        Ok(Actor { principal, via: "api".into(), from, limit: Some(row.limit) })
    }

    /// Ends what has ended by time, in the store too.
    pub async fn tidy(&self) {
        let now = self.now();
        let ago = |span| now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let month_ago = ago(jiff::SignedDuration::from_hours(30 * 24));
        let stale = self.0.store.end_stale_sessions(ago(session::IDLE), ago(session::LIFETIME)).await;
        let links = self.0.store.prune_links(now).await;
        let tokens = self.0.store.prune_tokens(month_ago).await;
        let findings = self.0.store.prune_findings(ago(FINDINGS_KEPT)).await;
        for error in [stale.err(), links.err(), tokens.err(), findings.err()].into_iter().flatten() {
            tracing::warn!(%error, "what has ended could not be removed");
        }
    }

    pub(crate) async fn note(&self, kind: Note, user: &str, from: Option<IpAddr>, body: serde_json::Value) {
        let mut actor = Actor::user(user, "web", from);
        // A name that somebody typed is not yet that person; it stands in the body.
        if matches!(kind, Note::SignInFailed | Note::Lockout) {
            actor.principal = Principal::Anonymous;
        }
        match self.0.audit.note(kind, actor, body).await {
            Ok(record) => self.0.events.tell(What::Audited { record }),
            Err(error) => tracing::error!(%error, kind = kind.name(), "a record could not be written down"),
        }
    }
}

/// Hashing takes memory and a core for a while, so only a few run at once, off the runtime's threads.
///
/// The turn ends with the work, not with whoever waits for it: a client that goes away at once would else
/// start one hash after the other beside those that still run.
async fn in_turn<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let failed = |error: &dyn std::error::Error| unavailable("sign-in", error);
    let turn = Arc::clone(turns).acquire_owned().await.map_err(|error| failed(&error))?;
    let work = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    work.await.map_err(|error| failed(&error))
}

/// The same words whatever was wrong.
fn wrong() -> Failure {
    Failure::new(Kind::Unauthenticated, "sign in", "here", "name, password or code is wrong")
        .hint("a code from the authenticator works once; wait for the next one")
}

pub(crate) const ENROL_PURPOSE: &str = ENROL;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[tokio::test]
    async fn who_goes_away_keeps_the_turn_until_the_work_is_done() {
        let turns = Arc::new(Semaphore::new(1));
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (finish, may_finish) = mpsc::sync_channel::<()>(1);
        let own = Arc::clone(&turns);
        let mut waiting = tokio::task::JoinSet::new();
        waiting.spawn(async move {
            let work = move || {
                begun.send(()).unwrap();
                may_finish.recv().unwrap();
            };
            in_turn(&own, work).await
        });
        has_begun.await.unwrap();
        waiting.shutdown().await;
        assert_eq!(turns.available_permits(), 0, "the work still runs");
        finish.send(()).unwrap();
        let free = tokio::time::timeout(Duration::from_secs(10), turns.acquire()).await;
        assert!(free.is_ok(), "the turn ends with the work");
    }
}
