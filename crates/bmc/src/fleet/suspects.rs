//! Closes the sessions of ours that may be open and are not in use.
//!
//! One whose path and token are known is ended as itself: that touches no other session, and needs none. One
//! whose answer was never read is looked for in the controller's list.

use super::entry;
use super::link::{Link, Signed, members};
use super::trouble::Trouble;
use crate::client::Client;
use crate::sessions::{self, Ours};
use crate::{Error, Limits};
use jiff::{SignedDuration, Timestamp};
use model::book::OpenSession;
use model::device::Endpoint;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;
use tokio::time::Instant;

/// The most sessions that are looked at on one controller; they allow 6 to 64.
const MOST_SESSIONS: usize = 128;
/// How long a session that a controller refuses to close is left before the next try.
const STUBBORN: Duration = Duration::from_secs(300);

impl Link {
    /// Closes what may have been left open, as far as that is possible with what the link is signed in as. What
    /// the controller refuses to close stays a suspect and does not keep the device out of service.
    pub(super) async fn close_suspects(&mut self) -> Result<(), Trouble> {
        if self.client.is_none() {
            self.follow_the_record()?;
        }
        self.look_again = Instant::now() + STUBBORN;
        let mut closed = self.close_known().await?;
        if let Signed::Session(current) = self.signed.clone() {
            closed += self.close_unknown(&current).await?;
        }
        if closed > 0 {
            tracing::info!(device = %self.id, closed, "sessions that were left open are closed");
            metrics::counter!(crate::metrics::SESSIONS_RECOVERED).increment(closed);
        }
        Ok(())
    }

    /// Ends those whose path is known: as themselves, or, where an older version wrote the entry, by the session in use.
    async fn close_known(&mut self) -> Result<u64, Trouble> {
        let mut closed = 0;
        let known: Vec<OpenSession> =
            self.suspects.iter().filter(|suspect| suspect.path.is_some()).cloned().collect();
        for suspect in known {
            let client = self.client.as_mut().ok_or(Trouble::Gone)?;
            let path = suspect.path.as_deref().unwrap_or_default();
            let ended = match entry::session(&suspect) {
                Some(session) => client.end(&session).await,
                None if matches!(self.signed, Signed::Session(_)) => client.delete(path).await.map(drop),
                None => continue,
            };
            match ended {
                Ok(()) => {
                    closed += 1;
                    self.strike(&suspect).await;
                }
                Err(error) if is_beyond_closing(&error) => self.strike(&suspect).await,
                Err(error @ Error::Answered { .. }) => self.is_stubborn(path, &error),
                Err(error) => return Err(self.note(error)),
            }
        }
        Ok(closed)
    }

    /// Looks for those whose answer was never read.
    async fn close_unknown(&mut self, current: &OpenSession) -> Result<u64, Trouble> {
        let unknown: Vec<OpenSession> =
            self.suspects.iter().filter(|suspect| suspect.path.is_none()).cloned().collect();
        let Some(list) = self.sessions_path().await?.filter(|_| !unknown.is_empty()) else { return Ok(0) };
        let user = match unknown.iter().find_map(entry::account) {
            Some((_, account)) => account.username.clone(),
            None => self.shared.book.credential(&self.id).await.map_err(Trouble::Here)?.username,
        };
        let asked: Vec<Timestamp> = unknown.iter().map(|suspect| suspect.asked_at).collect();
        let client = self.client.as_mut().ok_or(Trouble::Gone)?;
        let (mut closed, mut stubborn) = (0, false);
        let found = match find_left_open(client, &list, &user, current, &asked).await {
            Ok(found) => found,
            Err(error @ (Error::Answered { .. } | Error::BadDocument { .. })) => {
                self.is_stubborn(&list, &error);
                stubborn = true;
                Vec::new()
            }
            Err(error) => return Err(self.note(error)),
        };
        for path in found {
            match self.client.as_mut().ok_or(Trouble::Gone)?.delete(&path).await {
                Ok(_) => closed += 1,
                Err(error) if is_beyond_closing(&error) => {}
                Err(error @ Error::Answered { .. }) => {
                    self.is_stubborn(&path, &error);
                    stubborn = true;
                }
                Err(error) => return Err(self.note(error)),
            }
        }
        if self.unsure_until > Instant::now() {
            // A slow controller may carry out only now what was asked before the crash.
            self.look_again = self.unsure_until;
        } else if !stubborn {
            for suspect in unknown {
                self.strike(&suspect).await;
            }
        }
        Ok(closed)
    }

    /// Where the controller lists its sessions. After a session was taken up it has to be looked for.
    async fn sessions_path(&mut self) -> Result<Option<String>, Trouble> {
        if self.sessions_path.is_none() && self.suspects.iter().any(|suspect| suspect.path.is_none()) {
            match self.client.as_mut().ok_or(Trouble::Gone)?.sessions_path().await {
                Ok(path) => self.sessions_path = Some(path),
                Err(Error::NoSessions { .. }) => {}
                Err(error) => return Err(self.note(error)),
            }
        }
        Ok(self.sessions_path.clone())
    }

    fn is_stubborn(&self, path: &str, error: &Error) {
        tracing::warn!(device = %self.id, path, cause = error.cause(), "a session that was left open cannot be closed");
    }
}

/// Whether the answer to a DELETE says that there is no such session, or that it cannot be ended at all.
pub const fn is_beyond_closing(error: &Error) -> bool {
    matches!(error, Error::Answered { status: 400 | 404 | 405 | 410, .. })
}

/// The paths of the sessions that must have come from requests made at the times `asked`, whose answers were
/// never read; `client` asks in the session `current`.
pub async fn find_left_open(
    client: &mut Client,
    list: &str,
    user: &str,
    current: &OpenSession,
    asked: &[Timestamp],
) -> Result<Vec<String>, Error> {
    let origin = own_address(client.target().endpoint);
    let members = match client.get(list).await {
        Ok(document) => members(&document.value),
        // The account may not see them, or there is no list: nothing can be found, now or later.
        Err(Error::Answered { status: 403 | 404 | 405 | 501, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut listed = Vec::new();
    for path in members.iter().take(MOST_SESSIONS) {
        match client.get(path).await {
            Ok(document) => listed.push(sessions::read(path, &document.value)),
            // It ended in the meantime, or is none of our business.
            Err(Error::Answered { .. } | Error::BadDocument { .. } | Error::BadLink { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let ours = Ours {
        user,
        origin,
        current: current.path.as_deref().unwrap_or_default(),
        current_asked_at: current.asked_at,
        patience: SignedDuration::try_from(patience(client.limits())).unwrap_or(SignedDuration::from_mins(5)),
    };
    Ok(sessions::left_open(&listed, &ours, asked).into_iter().map(str::to_owned).collect())
}

/// How long after it was asked for a session may still be opened.
pub fn patience(limits: &Limits) -> Duration {
    limits.connect + limits.handshake + limits.whole
}

/// The address that packets to a controller leave from, by the kernel's routes; nothing is sent.
fn own_address(endpoint: Endpoint) -> Option<IpAddr> {
    let any: SocketAddr = match endpoint.addr {
        IpAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        IpAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(SocketAddr::from(endpoint)).ok()?;
    socket.local_addr().ok().map(|addr| addr.ip())
}
