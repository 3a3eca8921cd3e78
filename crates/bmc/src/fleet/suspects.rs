//! Closes the sessions of ours that may be open and are not in use.

use super::link::{Link, Signed, members};
use super::trouble::Trouble;
use crate::Error;
use crate::sessions::{self, Ours};
use jiff::SignedDuration;
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
    /// Closes what may have been left open. If all of it is closed, closes the session in use as well,
    /// because the book can only say of a device that none is open any more, and returns true. What
    /// the controller refuses to close stays a suspect and does not keep the device out of service.
    pub(super) async fn close_suspects(&mut self) -> Result<bool, Trouble> {
        let Signed::Session(current) = self.signed.clone() else { return Ok(false) };
        let (known, unknown): (Vec<OpenSession>, Vec<OpenSession>) =
            std::mem::take(&mut self.suspects).into_iter().partition(|suspect| suspect.path.is_some());
        let asked: Vec<_> = unknown.iter().map(|suspect| suspect.asked_at).collect();
        // Until each is dealt with it stays a suspect, also if this future is dropped.
        self.suspects = known.iter().chain(&unknown).cloned().collect();
        let found = if asked.is_empty() { Vec::new() } else { self.find_left_open(&current, &asked).await? };
        let mut stubborn = Vec::new();
        let paths = known.iter().filter_map(|suspect| suspect.path.as_ref()).chain(&found);
        let mut closed = 0_u64;
        for path in paths.filter(|path| Some(*path) != current.path.as_ref()) {
            match self.client.as_mut().ok_or(Trouble::Gone)?.delete(path).await {
                Ok(_) => closed += 1,
                Err(Error::Answered { status: 400 | 404 | 405 | 410, .. }) => {}
                Err(error @ Error::Answered { .. }) => {
                    tracing::warn!(device = %self.id, path, cause = error.cause(), "a session that was left open cannot be closed");
                    stubborn.push(OpenSession { path: Some(path.clone()), ..current.clone() });
                }
                Err(error) => return Err(self.note(error)),
            }
        }
        tracing::info!(device = %self.id, closed, "sessions that were left open are closed");
        metrics::counter!(crate::metrics::SESSIONS_RECOVERED).increment(closed);
        self.suspects = stubborn;
        self.look_again = Instant::now() + STUBBORN;
        if self.unsure_until > Instant::now() && !unknown.is_empty() {
            // A slow controller may carry out only now what was asked before the crash.
            self.look_again = self.unsure_until;
            self.suspects.extend(unknown);
        }
        if self.has_suspects() {
            return Ok(false);
        }
        match self.log_out().await {
            // The entries stay in the book, and the next start finds nothing under them.
            Err(Trouble::Here(failure)) => {
                tracing::warn!(device = %self.id, %failure, "that sessions are closed could not be written down");
            }
            other => other?,
        }
        self.follow_the_record()?;
        Ok(true)
    }

    async fn find_left_open(
        &mut self,
        current: &OpenSession,
        asked: &[jiff::Timestamp],
    ) -> Result<Vec<String>, Trouble> {
        let user = self.shared.book.credential(&self.id).await.map_err(Trouble::Here)?.username;
        let Some(list) = self.sessions_path.clone() else { return Ok(Vec::new()) };
        let client = self.client.as_mut().ok_or(Trouble::Gone)?;
        let origin = own_address(client.target().endpoint);
        let members = match client.get(&list).await {
            Ok(document) => members(&document.value),
            Err(error @ (Error::Answered { .. } | Error::BadDocument { .. })) => {
                tracing::warn!(device = %self.id, cause = error.cause(), "cannot look for sessions that were left open");
                return Ok(Vec::new());
            }
            Err(error) => return Err(self.note(error)),
        };
        let mut listed = Vec::new();
        for path in members.iter().take(MOST_SESSIONS) {
            match client.get(path).await {
                Ok(document) => listed.push(sessions::read(path, &document.value)),
                // It ended in the meantime, or is none of our business.
                Err(Error::Answered { .. } | Error::BadDocument { .. } | Error::BadLink { .. }) => {}
                Err(error) => return Err(self.note(error)),
            }
        }
        let limits = self.shared.config.limits();
        let patience = limits.connect + limits.handshake + limits.whole;
        let ours = Ours {
            user: &user,
            origin,
            current: current.path.as_deref().unwrap_or_default(),
            current_asked_at: current.asked_at,
            patience: SignedDuration::try_from(patience).unwrap_or(SignedDuration::from_mins(5)),
        };
        Ok(sessions::left_open(&listed, &ours, asked).into_iter().map(str::to_owned).collect())
    }
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
