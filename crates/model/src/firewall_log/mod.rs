//! The firewalls' log: what packets wanted and what became of them, told by our own firewall or by others; and what of it is
//! missing.
//!
//! Who follows the kernel and who listens for other firewalls' syslog know no files; who keeps the log knows neither.
//! Between them stands [`Log`].

mod search;

pub use search::{Bars, Count, Counts, Found, Line, NoPosition, Position, Query, Whose};

use crate::command::BoxFuture;
use crate::failure::Failure;
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;

/// What became of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It passed.
    Accept,
    /// It was dropped without a word.
    Drop,
    /// It was refused, and the sender told.
    Reject,
    /// It passed, because the rule that would drop it is only on trial (shadow mode).
    WouldDrop,
    /// It passed, because the rule that would refuse it is only on trial.
    WouldReject,
    /// The line does not say.
    #[default]
    Unknown,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Accept, Self::Drop, Self::Reject, Self::WouldDrop, Self::WouldReject, Self::Unknown];

    /// Its name, as the log's files and `--json` write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Drop => "drop",
            Self::Reject => "reject",
            Self::WouldDrop => "would-drop",
            Self::WouldReject => "would-reject",
            Self::Unknown => "unknown",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// A line of the log. Names repeat from line to line, so they are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When: as the firewall says; when it was received where it does not.
    pub at: Timestamp,
    /// Which firewall tells it: its name or address. `None` is our own.
    pub source: Option<Arc<str>>,
    /// What became of the packet.
    pub verdict: Verdict,
    /// The rule that decided: of ours its number, `default` or another reason; of others what they call it.
    pub rule: Option<Arc<str>>,
    /// The application that the rule is about.
    pub app: Option<Arc<str>>,
    /// From where.
    pub from: Option<IpAddr>,
    /// To where.
    pub to: Option<IpAddr>,
    /// The protocol's number (IANA).
    pub protocol: Option<u8>,
    /// From this port; of ICMP the type.
    pub source_port: Option<u16>,
    /// To that port; of ICMP the code.
    pub port: Option<u16>,
    /// The interface that it came in by.
    pub arrived: Option<Arc<str>>,
    /// The interface that it would leave by.
    pub leaves: Option<Arc<str>>,
    /// Its length, in bytes.
    pub bytes: Option<u32>,
    /// The line itself, of another firewall's log.
    pub message: Option<Box<str>>,
}

/// Why a part of the log is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The kernel had more to tell than it could keep: a gap in the numbers of its records.
    Kernel,
    /// The firewall's program was away, and nobody read what the kernel told.
    Firewall,
    /// Entries came faster than they could be written.
    Buffer,
    /// The disk had no room, or failed.
    Disk,
    /// The appliance did not run.
    Stopped,
    /// The appliance ended without a word; what it had not written yet is gone.
    Crash,
    /// A file of the log cannot be read.
    Damaged,
    /// It was removed, because the log may be only so large or old.
    Removed,
    /// The log was not kept yet.
    Before,
}

impl Why {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Kernel,
        Self::Firewall,
        Self::Buffer,
        Self::Disk,
        Self::Stopped,
        Self::Crash,
        Self::Damaged,
        Self::Removed,
        Self::Before,
    ];

    /// Its name, as the log's files and `--json` write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Firewall => "firewall",
            Self::Buffer => "buffer",
            Self::Disk => "disk",
            Self::Stopped => "stopped",
            Self::Crash => "crash",
            Self::Damaged => "damaged",
            Self::Removed => "removed",
            Self::Before => "before",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.name() == name)
    }

    /// What happened, for people.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Kernel => "the kernel had more to tell than it could keep",
            Self::Firewall => "the firewall's program was away",
            Self::Buffer => "they came faster than they could be written",
            Self::Disk => "the disk had no room or failed",
            Self::Stopped => "the appliance did not run",
            Self::Crash => "the appliance ended without a word, and what it had not written yet is gone",
            Self::Damaged => "a file of the log cannot be read",
            Self::Removed => "it was removed, because the log may be only so large or old",
            Self::Before => "the log was not kept yet",
        }
    }

    /// Whether only our own firewall's entries are missing.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Kernel | Self::Firewall)
    }
}

/// A part of the log that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loss {
    /// From when on: as it was received.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Why.
    pub why: Why,
    /// How many entries; none where nobody can know.
    pub count: Option<u64>,
}

/// Whoever keeps the log.
pub trait Log: Send + Sync {
    /// Takes entries in, in the order in which they were received. It never waits: what there is no room for is counted as
    /// lost.
    fn keep(&self, entries: Vec<Entry>);

    /// Notes that entries are missing.
    fn lose(&self, loss: Loss);

    /// Searches it, the newest first.
    ///
    /// # Errors
    /// `Busy` while many search already; `Unavailable` if the disk fails.
    fn find(&self, query: Query) -> BoxFuture<'_, Result<Found, Failure>>;

    /// Counts what a search would find, by time and verdict.
    ///
    /// # Errors
    /// As [`Self::find`].
    fn count(&self, query: Query, bars: Bars) -> BoxFuture<'_, Result<Counts, Failure>>;
}
