//! One controller's client and the one session that is kept open on it, written down before and after.
//!
//! A session that may be open and is not in use (an earlier life's, one whose request broke off) is a
//! suspect: it is taken up in place of a new one, or closed at the next sign-in, and its entry stays in the
//! book until then.

use super::starting::{Digest, Starting};
use super::trouble::Trouble;
use super::{Shared, entry};
use crate::{Client, Error, Scheme, Target, Trust};
use model::book::OpenSession;
use model::device::{Device, DeviceId};
use model::{Credential, Failure, Kind};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How the client asks at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// As nobody.
    Out,
    /// In the session that the book knows as this.
    Session(OpenSession),
    /// With the account, on a controller that takes no sessions.
    Basic,
}

/// The session on one adopted controller, and the client that is kept.
pub struct Link {
    pub(super) shared: Arc<Shared>,
    pub(super) id: DeviceId,
    pub(super) client: Option<Client>,
    pub(super) signed: Signed,
    epoch: u64,
    pub(super) sessions_path: Option<String>,
    pub(super) suspects: Vec<OpenSession>,
    /// Until then a request of ours that broke off may still open a session.
    pub(super) unsure_until: Instant,
    /// When suspects that remain are looked after again.
    pub(super) look_again: Instant,
    /// Whether a session of an earlier life may be taken up: once, at the first sign-in.
    may_resume: bool,
    /// The credential in use, as a digest, and the one that was refused.
    in_use: Option<Digest>,
    refused: Option<Digest>,
    makeshift: Makeshift,
    /// Whether what it says of the credential and of sessions is to be believed.
    starting: Starting,
}

/// Asking with the account because no session can be written down (the appliance's disk is full).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Makeshift {
    /// Not so at present.
    Not,
    /// So until then; then a session is tried again.
    Until(Instant),
    /// The controller takes sessions only.
    Refused,
}

/// How a session was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignIn {
    /// One of an earlier life was taken up; it may have ended.
    Resumed,
    /// It was opened just now, or none is needed.
    Anew,
}

/// How long the account is used in place of a session before a session is tried again.
const MAKESHIFT: Duration = Duration::from_secs(20);

impl Link {
    /// Nothing is opened yet.
    pub fn new(shared: Arc<Shared>, id: DeviceId, suspects: Vec<OpenSession>) -> Self {
        let now = Instant::now();
        let grace = Duration::from_secs(shared.config.starting_grace);
        Self {
            starting: Starting::new(grace),
            unsure_until: now + shared.config.limits().whole,
            look_again: now,
            shared,
            id,
            client: None,
            signed: Signed::Out,
            epoch: 0,
            sessions_path: None,
            suspects,
            may_resume: true,
            in_use: None,
            refused: None,
            makeshift: Makeshift::Not,
        }
    }

    /// Whether a session of ours may be open that is not in use.
    pub const fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Whether a session may be open that cannot just be taken up.
    pub fn must_clean(&self) -> bool {
        let is_one = self.may_resume && self.suspects.len() == 1;
        let known = |suspect: &OpenSession| entry::session(suspect).is_some();
        self.has_suspects() && !(is_one && self.suspects.iter().all(known))
    }

    /// A person asks: a refused credential may be tried once more.
    pub const fn forgive(&mut self) {
        self.refused = None;
        self.starting.forgive();
    }

    /// There was no connection, or it broke: the controller may be starting.
    pub const fn lost(&mut self, now: Instant) {
        self.starting.lost(now);
    }

    /// A request was answered with success.
    pub fn served(&mut self) {
        match self.signed {
            Signed::Session(_) => self.starting.served(true),
            Signed::Basic if self.makeshift == Makeshift::Not => self.starting.served(false),
            Signed::Basic | Signed::Out => {}
        }
    }

    /// The client, signed in.
    pub async fn ready(&mut self) -> Result<&mut Client, Trouble> {
        self.follow_the_record()?;
        self.end_makeshift();
        let mut was_open = self.signed != Signed::Out;
        loop {
            if self.signed == Signed::Out {
                was_open |= self.sign_in().await? == SignIn::Resumed;
                self.look_again = Instant::now();
            }
            if !self.has_suspects() || self.look_again > Instant::now() {
                break;
            }
            match self.close_suspects().await {
                // The session has ended in the meantime: in a new one, once.
                Err(Trouble::Request(Error::SessionEnded { .. })) if was_open => was_open = false,
                other => break other?,
            }
        }
        self.client.as_mut().ok_or(Trouble::Gone)
    }

    /// Whether requests may be sent: signed in, as the record says, with nothing to clean up first.
    ///
    /// # Errors
    /// [`Trouble`] if the device is not adopted any more, or cannot be reached as its record says.
    pub fn is_ready(&mut self, now: Instant) -> Result<bool, Trouble> {
        self.follow_the_record()?;
        self.end_makeshift();
        let must_clean = self.has_suspects() && self.look_again <= now;
        Ok(self.signed != Signed::Out && !must_clean && self.client.is_some())
    }

    /// Which sign-in this is: it changes whenever clients that were lent out are of no more use.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether requests are sent in a session.
    pub const fn in_session(&self) -> bool {
        matches!(self.signed, Signed::Session(_))
    }

    /// Lends the client with the connection that is kept.
    pub fn lend(&mut self) -> Option<Client> {
        let client = self.client.as_mut()?;
        let sibling = client.sibling();
        Some(std::mem::replace(client, sibling))
    }

    /// A client with a connection of its own, signed in as this is.
    pub fn sibling(&self) -> Option<Client> {
        self.client.as_ref().map(Client::sibling)
    }

    /// Takes a client back that was lent in this epoch.
    pub fn take_back(&mut self, client: Client) {
        if let Some(own) = self.client.as_mut()
            && !own.is_connected()
        {
            *own = client;
        }
    }

    /// Remembers what an error of the client in use means for the requests to come.
    pub fn note(&mut self, error: Error) -> Trouble {
        match &error {
            Error::CredentialRefused { .. } if self.signed == Signed::Basic => {
                self.signed = Signed::Out;
                self.epoch += 1;
                if matches!(self.makeshift, Makeshift::Until(_)) {
                    self.makeshift = Makeshift::Refused;
                } else {
                    return self.was_refused(error);
                }
            }
            Error::SessionEnded { .. } | Error::CertificateChanged { .. } => self.let_session_go(),
            _ => {}
        }
        Trouble::Request(error)
    }

    /// Closes the connection and keeps the session.
    pub fn rest(&mut self) {
        let Some(client) = &self.client else { return };
        self.client = Some(client.sibling());
    }

    /// Closes the session. What cannot be closed stays in the book for the next start.
    pub async fn close(&mut self) -> Result<(), Trouble> {
        if self.has_suspects() && matches!(self.makeshift, Makeshift::Until(_)) {
            // There may be space again: then a session can be opened to close the others with.
            self.makeshift = Makeshift::Not;
            self.let_session_go();
            self.sign_in().await?;
        }
        let rest = if self.has_suspects() { self.close_suspects().await } else { Ok(()) };
        self.log_out().await.and(rest)
    }

    /// Closes the session in use and crosses its entry out.
    async fn log_out(&mut self) -> Result<(), Trouble> {
        let signed = std::mem::replace(&mut self.signed, Signed::Out);
        if let (Signed::Session(open), Some(client)) = (signed, self.client.as_mut()) {
            // Until it is dealt with it is a suspect, also if this future is dropped.
            self.suspects.push(open.clone());
            if open.path.is_some() {
                client.logout().await.map_err(Trouble::Request)?;
                self.strike(&open).await;
            }
        }
        self.client = None;
        Ok(())
    }

    /// A suspect is not open any more.
    pub(super) async fn strike(&mut self, session: &OpenSession) {
        self.suspects.retain(|suspect| !entry::is_same(suspect, session));
        self.shared.strike(session).await;
    }

    /// What may still be open when this link ends.
    pub fn take_suspects(&mut self) -> Vec<OpenSession> {
        self.let_session_go();
        std::mem::take(&mut self.suspects)
    }

    /// The session is given up but may still be open.
    pub fn let_session_go(&mut self) {
        self.epoch += 1;
        if let Signed::Session(open) = std::mem::replace(&mut self.signed, Signed::Out) {
            self.suspects.push(open);
        }
        if let Some(client) = &mut self.client {
            client.forget_credential();
        }
    }

    /// A moved device or an approved certificate needs a new client.
    pub(super) fn follow_the_record(&mut self) -> Result<(), Trouble> {
        let device =
            self.shared.book.device(&self.id).filter(|device| device.is_adopted()).ok_or(Trouble::Gone)?;
        let target = target(&device, self.shared.config.plain_http).map_err(Trouble::Here)?;
        let same = self.client.as_ref().is_some_and(|client| is_same(client.target(), &target));
        if !same {
            self.let_session_go();
            self.epoch += 1;
            self.sessions_path = None;
            let mut client = Client::new(target, self.shared.config.limits());
            client.set_budget(self.shared.budget.clone());
            self.client = Some(client);
        }
        Ok(())
    }

    async fn sign_in(&mut self) -> Result<SignIn, Trouble> {
        if std::mem::take(&mut self.may_resume) && self.resume() {
            return Ok(SignIn::Resumed);
        }
        let credential = self.shared.book.credential(&self.id).await.map_err(Trouble::Here)?;
        let digest = digest(&credential);
        if self.refused == Some(digest) {
            return Err(Trouble::RefusedBefore);
        }
        let now = Instant::now();
        if let Some(pause) = self.starting.held(digest, now) {
            let seconds = pause.as_secs().max(1);
            let cause = format!(
                "it refused the credential just after it was away; that is sent once more in {seconds} s"
            );
            return Err(Trouble::Starting { cause });
        }
        self.in_use = Some(digest);
        if self.starting.is_it(now) {
            // The credential goes only to a controller whose root leads to its sessions again.
            self.sessions_path = None;
        }
        let path = match self.sessions_path.clone() {
            Some(path) => Ok(path),
            None => self.client.as_mut().ok_or(Trouble::Gone)?.sessions_path().await,
        };
        match path {
            Ok(path) => {
                self.sessions_path = Some(path.clone());
                self.open_session(&path, &credential).await?;
            }
            Err(error @ Error::NoSessions { .. }) => self.without_sessions(&credential, &error).await?,
            Err(error) => {
                let answered = matches!(error, Error::Answered { .. } | Error::BadDocument { .. });
                let starts = answered && self.starting.is_not_whole(Instant::now());
                return Err(if starts { starting(&error) } else { Trouble::Request(error) });
            }
        }
        Ok(SignIn::Anew)
    }

    /// Takes up the newest session that an earlier life left open at this very controller. Whether it still
    /// is shows at the first request.
    fn resume(&mut self) -> bool {
        let Some(client) = self.client.as_mut() else { return false };
        let newest =
            self.suspects.iter().enumerate().filter(|(_, suspect)| entry::is_at(suspect, client.target()));
        let newest =
            newest.filter_map(|(at, suspect)| Some((suspect.asked_at, at, entry::session(suspect)?)));
        let Some((_, at, session)) = newest.max_by_key(|(asked_at, at, _)| (*asked_at, *at)) else {
            return false;
        };
        client.resume_session(session);
        self.signed = Signed::Session(self.suspects.remove(at));
        tracing::debug!(device = %self.id, "the session that was left open is taken up");
        metrics::counter!(crate::metrics::SESSIONS_RESUMED).increment(1);
        true
    }

    /// Writes down that a session is asked for, asks, and writes down where it is.
    async fn open_session(&mut self, path: &str, credential: &Credential) -> Result<(), Trouble> {
        let client = self.client.as_mut().ok_or(Trouble::Gone)?;
        let mut open = entry::asked(&self.id, client, credential, self.shared.clock.now());
        if let Err(failure) = self.shared.book.session_opened(open.clone()).await {
            return self.make_do(credential, failure);
        }
        // From here on it may exist, also if this future is dropped.
        self.suspects.push(open.clone());
        self.unsure_until = Instant::now() + self.shared.config.limits().whole.saturating_mul(2);
        let error = match client.login_at(path, credential).await {
            Ok(session) => {
                entry::opened(&mut open, &session);
                if let Some(suspect) = self.suspects.last_mut() {
                    *suspect = open.clone();
                }
                if let Err(failure) = self.shared.book.session_opened(open).await {
                    // How it was asked for is written down: a later start finds it in the controller's list.
                    tracing::warn!(device = %self.id, %failure, "where a session is could not be written down");
                }
                self.signed = self.suspects.pop().map_or(Signed::Out, Signed::Session);
                return Ok(());
            }
            Err(error) => error,
        };
        if was_not_opened(&error) {
            self.strike(&open).await;
        }
        match error {
            Error::NoSessions { .. } => {
                self.sessions_path = None;
                self.without_sessions(credential, &error).await
            }
            Error::CredentialRefused { .. } => Err(self.was_refused(error)),
            Error::Answered { .. } if self.starting.is_it(Instant::now()) => Err(starting(&error)),
            other => Err(Trouble::Request(other)),
        }
    }

    /// The credential in use was refused: it is not sent again, or once more if the controller may be starting.
    fn was_refused(&mut self, error: Error) -> Trouble {
        let believed = self.in_use.is_none_or(|digest| self.starting.refused(digest, Instant::now()));
        if believed {
            self.refused = self.in_use;
            return Trouble::Request(error);
        }
        starting(&error)
    }

    /// The controller says that it has no session service: then the account is sent with each request, unless it
    /// may be starting.
    async fn without_sessions(&mut self, credential: &Credential, error: &Error) -> Result<(), Trouble> {
        if self.starting.has_no_sessions(Instant::now()) {
            return self.use_account(credential).await;
        }
        Err(starting(error))
    }

    async fn use_account(&mut self, credential: &Credential) -> Result<(), Trouble> {
        self.client.as_mut().ok_or(Trouble::Gone)?.use_basic(credential);
        self.signed = Signed::Basic;
        // A controller without sessions has none of ours open.
        for suspect in std::mem::take(&mut self.suspects) {
            self.shared.strike(&suspect).await;
        }
        Ok(())
    }

    /// Nothing is opened that is not written down. But a server must be switched off also when the
    /// appliance's disk is full: so meanwhile the account is sent with each request, which leaves nothing open.
    fn make_do(&mut self, credential: &Credential, failure: Failure) -> Result<(), Trouble> {
        if self.makeshift == Makeshift::Refused {
            return Err(Trouble::Here(failure));
        }
        tracing::warn!(device = %self.id, %failure, "no session can be written down; the account is sent with each request");
        self.client.as_mut().ok_or(Trouble::Gone)?.use_basic(credential);
        self.signed = Signed::Basic;
        self.makeshift = Makeshift::Until(Instant::now() + MAKESHIFT);
        Ok(())
    }

    fn end_makeshift(&mut self) {
        let Makeshift::Until(until) = self.makeshift else { return };
        if until <= Instant::now() {
            self.makeshift = Makeshift::Not;
            self.let_session_go();
        }
    }
}

impl Drop for Link {
    /// Hands what may still be open to the next owner, whatever way this one ends.
    fn drop(&mut self) {
        let left = self.take_suspects();
        self.shared.leave(&self.id, left);
    }
}

/// Where and as what an adopted device must answer.
///
/// # Errors
/// If it has no pin, which only a device adopted over plain HTTP has, and that is not allowed any more.
pub fn target(device: &Device, plain_http: bool) -> Result<Target, Failure> {
    match &device.pinned {
        Some(pinned) => Ok(Target::https(device.endpoint, Trust::Pinned(pinned.fingerprint))),
        None if plain_http => Ok(Target::plain_http(device.endpoint)),
        None => {
            let cause = "no certificate is pinned for it, and `bmc.plain_http` is off";
            Err(Failure::new(Kind::Conflict, "connect to", device.subject(), cause)
                .hint("forget it and adopt it over HTTPS"))
        }
    }
}

fn starting(error: &Error) -> Trouble {
    Trouble::Starting { cause: error.cause() }
}

fn is_same(one: &Target, other: &Target) -> bool {
    let pin = |target: &Target| match (&target.scheme, &target.trust) {
        (Scheme::Https, Trust::Pinned(pin)) => Some(*pin),
        _ => None,
    };
    one.endpoint == other.endpoint && one.scheme == other.scheme && pin(one) == pin(other)
}

/// Whether it is certain that a login which ended in this error opened no session.
pub fn was_not_opened(error: &Error) -> bool {
    matches!(
        error,
        Error::Connect { .. }
            | Error::Tls { .. }
            | Error::CertificateChanged { .. }
            | Error::CredentialRefused { .. }
            | Error::NoSessions { .. }
            | Error::Answered { status: 400..=499 | 503, .. }
            | Error::BadLink { .. }
            | Error::TimedOut { awaited: "connection" | "TLS handshake", .. }
    )
}

/// The links of a collection's members.
pub fn members(collection: &Value) -> Vec<String> {
    let members = collection.get("Members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(crate::client::document::link).map(str::to_owned).collect()
}

fn digest(credential: &Credential) -> Digest {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(credential.username.as_bytes());
    context.update(&[0]);
    context.update(credential.password.expose().as_bytes());
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
