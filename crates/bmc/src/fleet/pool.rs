//! The connections to one controller: one that is kept, and a few beside it while there is much to ask.
//!
//! Those beside are counted over the whole fleet, since each takes tens of kilobytes; a command gets one in any case.

use super::link::Link;
use crate::client::Client;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// So long a connection beside the first is kept without a request.
const REST: Duration = Duration::from_secs(5);
/// So many are kept beside the first: with it, as many as are in use at most.
const BESIDE: usize = 4;

/// Which connection a request goes over.
#[derive(Debug)]
pub enum Seat {
    /// The one that is kept.
    Home,
    /// One beside it that is open already.
    Kept,
    /// A new one beside it, with its share of what the fleet may have.
    Beside(Option<OwnedSemaphorePermit>),
}

impl Seat {
    /// Whether it is there already.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Home | Self::Kept)
    }
}

/// A connection without a request.
struct Idle {
    client: Client,
    share: OwnedSemaphorePermit,
    epoch: u64,
    since: Instant,
}

/// One controller's connections.
pub struct Pool {
    fleet: Arc<Semaphore>,
    home_is_out: bool,
    idle: Vec<Idle>,
}

impl Pool {
    /// None is open. `fleet` has a permit for each connection beside the first that the whole fleet may have.
    pub const fn new(fleet: Arc<Semaphore>) -> Self {
        Self { fleet, home_is_out: false, idle: Vec::new() }
    }

    /// A connection that may be used now, if there is one; with `only_home` none but the first.
    pub fn seat(&self, only_home: bool) -> Option<Seat> {
        if !self.home_is_out {
            Some(Seat::Home)
        } else if only_home {
            None
        } else if !self.idle.is_empty() {
            Some(Seat::Kept)
        } else {
            self.fleet.clone().try_acquire_owned().ok().map(|share| Seat::Beside(Some(share)))
        }
    }

    /// The client for a seat, and what is to be given back with it.
    pub fn take(&mut self, seat: Seat, link: &mut Link) -> Option<(Client, Seat)> {
        match seat {
            Seat::Home => {
                self.home_is_out = true;
                Some((link.lend()?, Seat::Home))
            }
            Seat::Kept => {
                let idle = self.idle.pop()?;
                let client = if idle.epoch == link.epoch() { idle.client } else { link.sibling()? };
                Some((client, Seat::Beside(Some(idle.share))))
            }
            Seat::Beside(share) => Some((link.sibling()?, Seat::Beside(share))),
        }
    }

    /// Takes a client back. One of an earlier sign-in is closed.
    pub fn put(&mut self, client: Client, seat: Seat, epoch: u64, link: Option<&mut Link>, now: Instant) {
        let link = link.filter(|link| link.epoch() == epoch);
        match (seat, link) {
            (Seat::Home, link) => {
                self.home_is_out = false;
                if let Some(link) = link {
                    link.take_back(client);
                }
            }
            (Seat::Beside(Some(share)), Some(_)) if self.idle.len() < BESIDE => {
                self.idle.push(Idle { client, share, epoch, since: now });
            }
            _ => {}
        }
    }

    /// A request was broken off, and its connection with it.
    pub const fn gave_up(&mut self, seat: &Seat) {
        if matches!(seat, Seat::Home) {
            self.home_is_out = false;
        }
    }

    /// When a connection has rested long enough to be closed.
    pub fn rests_at(&self) -> Option<Instant> {
        self.idle.iter().map(|idle| idle.since + REST).min()
    }

    /// Closes those that have rested long enough.
    pub fn rest(&mut self, now: Instant) {
        self.idle.retain(|idle| idle.since + REST > now);
    }

    /// Closes all but the one that is kept.
    pub fn clear(&mut self) {
        self.idle = Vec::new();
    }
}
