//! What can be broken at a BMC, from the start or while it runs.
//!
//! | module | what is in it |
//! |---|---|
//! | `harm` | what a fault does to an answer |
//! | `kind` | the faults and their words |
//! | `rule` | `KIND@WHERE` |

pub(crate) mod harm;
mod kind;
mod rule;

pub use kind::{FAULTS, FaultKind};
pub use rule::{FaultRule, Whose};

use model::Secret;
use std::mem::discriminant;
use std::net::SocketAddr;
use std::time::Duration;

/// What is broken at one BMC now, each kind at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<FaultKind>);

/// What can be told to a BMC while it runs.
#[derive(Clone, Debug)]
pub enum Change {
    /// Its server is on, or off, from now on, without the time that takes.
    Power(bool),
    /// It makes itself a new certificate; connections that are open end.
    Certificate,
    /// How long an answer takes.
    Latency(crate::config::Latency),
    /// Something breaks.
    Break(FaultKind),
    /// Something that was broken works again; the value of the kind does not matter.
    Mend(FaultKind),
    /// It takes requests and never answers; `false` ends it, for requests made after that.
    Hang(bool),
    /// It answers 503 to everything.
    Unavailable(bool),
    /// It resets every connection.
    Reset(bool),
    /// It refuses every login and every session.
    RefuseLogins(bool),
    /// It says that all its sessions are taken.
    SessionsFull(bool),
    /// It takes this much longer than it should.
    Slow(Option<Duration>),
    /// Its administrator has another password; sessions stay.
    Password(Secret<String>),
    /// It forgets its sessions and is not to be reached for a while, as after a firmware update.
    Restart,
    /// Everything works again.
    Repair,
}

impl Faults {
    /// Breaks something; a second time with another value, that value holds.
    pub fn set(&mut self, kind: FaultKind) {
        self.mend(kind);
        self.0.push(kind);
    }

    /// Ends a fault, whatever its value.
    pub fn mend(&mut self, kind: FaultKind) {
        self.0.retain(|other| discriminant(other) != discriminant(&kind));
    }

    /// Breaks something, or mends it.
    pub fn turn(&mut self, kind: FaultKind, on: bool) {
        if on { self.set(kind) } else { self.mend(kind) }
    }

    /// Ends them all.
    pub fn clear(&mut self) {
        self.0 = Vec::new();
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[FaultKind] {
        &self.0
    }

    /// Whether a fault without a value is there.
    #[must_use]
    pub fn has(&self, kind: FaultKind) -> bool {
        self.0.contains(&kind)
    }

    /// How much longer everything takes.
    #[must_use]
    pub fn slow(&self) -> Duration {
        let by = |kind: &FaultKind| if let FaultKind::Slow(by) = kind { Some(*by) } else { None };
        self.0.iter().find_map(by).unwrap_or_default()
    }

    /// In how many of a hundred requests something goes wrong.
    #[must_use]
    pub fn flaky(&self) -> u64 {
        let share = |kind: &FaultKind| if let FaultKind::Flaky(share) = kind { Some(*share) } else { None };
        self.0.iter().find_map(share).map_or(0, u64::from)
    }

    /// Where clients are sent instead.
    #[must_use]
    pub fn redirect(&self) -> Option<SocketAddr> {
        self.0.iter().find_map(|kind| if let FaultKind::Redirect(to) = kind { Some(*to) } else { None })
    }

    /// For how many seconds after a power-off resets are refused.
    #[must_use]
    pub fn conflict(&self) -> Option<u32> {
        self.0.iter().find_map(|kind| if let FaultKind::Conflict(for_) = kind { Some(*for_) } else { None })
    }
}
