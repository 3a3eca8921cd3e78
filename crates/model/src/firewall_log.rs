//! One line of a firewall's log: what a packet wanted and what became of it, told by our own firewall or by another.

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
