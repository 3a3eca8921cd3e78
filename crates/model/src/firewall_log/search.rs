//! What is asked of the firewalls' log, and what comes back.

use super::{Entry, Loss, Verdict};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Seconds of an hour.
const HOUR: i64 = 3600;

/// Where an entry stands in the log: the hour (UTC) in which it was received, and how many stand before it in that hour. Written
/// `2026-11-20T20.17`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Hours since 1970.
    pub hour: i64,
    /// Entries before it in that hour.
    pub row: u64,
}

impl Position {
    /// The hour that a moment lies in.
    #[must_use]
    pub fn hour_of(at: Timestamp) -> i64 {
        at.as_second().div_euclid(HOUR)
    }

    /// When an hour begins.
    #[must_use]
    pub fn begin_of(hour: i64) -> Timestamp {
        Timestamp::from_second(hour.saturating_mul(HOUR)).unwrap_or_default()
    }

    /// An hour as files are named by it, such as `2026-11-20T20`.
    #[must_use]
    pub fn name_of(hour: i64) -> String {
        Self::begin_of(hour).strftime("%Y-%m-%dT%H").to_string()
    }

    /// The hour with this name.
    #[must_use]
    pub fn hour_named(name: &str) -> Option<i64> {
        if name.len() > 16 {
            return None;
        }
        let begin: Timestamp = format!("{name}:00:00Z").parse().ok()?;
        Some(Self::hour_of(begin)).filter(|hour| Self::name_of(*hour) == name)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Self::name_of(self.hour), self.row)
    }
}

/// A text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no place in the log, such as 2026-11-20T20.17; take it from an earlier answer")]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (hour, row) = text.split_once('.').ok_or(NoPosition)?;
        let hour = Self::hour_named(hour).ok_or(NoPosition)?;
        Ok(Self { hour, row: row.parse().map_err(|_no_number| NoPosition)? })
    }
}

/// Whose entries are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    #[default]
    All,
    /// Our own firewall's.
    Ours,
    /// Another's, by its name or address.
    Of(String),
}

/// What is asked. Everything that is given must hold; nothing given is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// From this moment on, by what the entry says.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// One end lies in one of these networks.
    pub either: Vec<IpNet>,
    /// It came from one of these.
    pub from: Vec<IpNet>,
    /// It went to one of these.
    pub to: Vec<IpNet>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The application.
    pub app: Option<String>,
    /// What became of it: one of these.
    pub verdicts: Vec<Verdict>,
    /// The protocol's number (IANA).
    pub protocol: Option<u8>,
    /// To this port.
    pub port: Option<u16>,
    /// Whose entries.
    pub whose: Whose,
    /// Only what stands before this place: where the last answer ended.
    pub before: Option<Position>,
    /// Only what stands behind this place.
    pub after: Option<Position>,
    /// So many at most.
    pub limit: usize,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub position: Position,
    /// When it was received, by the appliance's clock.
    pub received: Timestamp,
    /// The entry.
    pub entry: Entry,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The entries, the last received first.
    pub lines: Vec<Line>,
    /// Where to go on; none where there is no more.
    pub next: Option<Position>,
    /// Whether its time was over before it found as many as were asked for: `next` says how far it came.
    pub is_cut: bool,
    /// What is missing of the time that was asked about. Empty: nothing is.
    pub missing: Vec<Loss>,
    /// Entries that were looked at.
    pub searched: u64,
}

/// How to count: by spans of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bars {
    /// Where the first begins.
    pub begin: Timestamp,
    /// How long each is.
    pub step: SignedDuration,
    /// How many.
    pub number: usize,
}

impl Bars {
    /// The most that can be asked for.
    pub const MOST: usize = 500;

    /// Where the last ends.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        let number = i32::try_from(self.number).unwrap_or(i32::MAX);
        self.step.checked_mul(number).and_then(|all| self.begin.checked_add(all).ok()).unwrap_or(self.begin)
    }
}

/// How many of each verdict, in the order of [`Verdict::ALL`].
pub type Count = [u64; Verdict::ALL.len()];

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// For each span.
    pub bars: Vec<Count>,
    /// Whether its time was over before all was counted: everything before this moment of receipt is not.
    pub cut_at: Option<Timestamp>,
    /// What is missing of the time that was asked about.
    pub missing: Vec<Loss>,
}

impl Query {
    /// Whether an entry that was received here is asked for; nothing is said of its place.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, is: &Option<Arc<str>>| {
            wanted.as_deref().is_none_or(|wanted| is.as_deref() == Some(wanted))
        };
        self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && (self.verdicts.is_empty() || self.verdicts.contains(&entry.verdict))
            && self.protocol.is_none_or(|protocol| entry.protocol == Some(protocol))
            && self.port.is_none_or(|port| entry.port == Some(port))
            && is(&self.rule, &entry.rule)
            && is(&self.app, &entry.app)
            && self.whose.is(entry.source.as_deref())
            && self.is_between(entry)
    }

    fn is_between(&self, entry: &Entry) -> bool {
        let lies = |nets: &[IpNet], address: Option<std::net::IpAddr>| {
            address.is_some_and(|address| nets.iter().any(|net| net.contains(&address)))
        };
        (self.either.is_empty() || lies(&self.either, entry.from) || lies(&self.either, entry.to))
            && (self.from.is_empty() || lies(&self.from, entry.from))
            && (self.to.is_empty() || lies(&self.to, entry.to))
    }
}

impl Whose {
    /// Whether this source is meant; ours has no name.
    #[must_use]
    pub fn is(&self, source: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Ours => source.is_none(),
            Self::Of(name) => source == Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_and_read() {
        let at: Timestamp = "2026-11-20T20:59:59.9Z".parse().unwrap();
        let place = Position { hour: Position::hour_of(at), row: 17 };
        assert_eq!(place.to_string(), "2026-11-20T20.17");
        assert_eq!("2026-11-20T20.17".parse(), Ok(place));
        for text in [
            "",
            "2026-11-20T20",
            "2026-11-20T20.",
            "2026-11-20T20.-1",
            "2026-11-20.1",
            "x.1",
            "+02026-11-20T20.1",
        ] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text}");
        }
    }

    #[test]
    fn everything_that_is_asked_must_hold() {
        let entry = Entry {
            at: "2026-11-20T20:00:00Z".parse().unwrap(),
            verdict: Verdict::Drop,
            rule: Some("3".into()),
            from: "10.0.0.1".parse().ok(),
            to: "10.20.0.7".parse().ok(),
            protocol: Some(6),
            port: Some(23),
            ..Entry::default()
        };
        let net = |text: &str| vec![text.parse::<IpNet>().unwrap()];
        let yes = [
            Query::default(),
            Query { either: net("10.20.0.0/16"), ..Query::default() },
            Query { either: net("10.0.0.1/32"), port: Some(23), protocol: Some(6), ..Query::default() },
            Query { from: net("10.0.0.0/24"), to: net("10.20.0.7/32"), ..Query::default() },
            Query {
                rule: Some("3".into()),
                verdicts: vec![Verdict::Accept, Verdict::Drop],
                ..Query::default()
            },
            Query { since: Some(entry.at), whose: Whose::Ours, ..Query::default() },
        ];
        for query in yes {
            assert!(query.matches(&entry), "{query:?}");
        }
        let no = [
            Query { until: Some(entry.at), ..Query::default() },
            Query { from: net("10.20.0.0/16"), ..Query::default() },
            Query { either: net("fd00::/8"), ..Query::default() },
            Query { rule: Some("33".into()), ..Query::default() },
            Query { app: Some("x".into()), ..Query::default() },
            Query { verdicts: vec![Verdict::Reject], ..Query::default() },
            Query { whose: Whose::Of("pf".into()), ..Query::default() },
            Query { port: Some(24), ..Query::default() },
            Query { protocol: Some(17), ..Query::default() },
        ];
        for query in no {
            assert!(!query.matches(&entry), "{query:?}");
        }
    }
}
