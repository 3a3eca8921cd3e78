//! The faults and their words.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It takes requests and never answers.
    Hang,
    /// It takes connections and never says a word, not even for TLS.
    Drop,
    /// It resets every connection.
    Reset,
    /// It answers 503 to everything.
    Unavailable,
    /// It takes this much longer than it should.
    Slow(Duration),
    /// So many in a hundred requests go wrong: 503, a reset, or an answer cut short, in turn.
    Flaky(u8),
    /// It refuses every login, right or wrong, and every session that it had.
    RefuseLogins,
    /// It says that all its sessions are taken.
    SessionsFull,
    /// It says that the server is on, whatever it is.
    Lies,
    /// `"Members": null` in every collection.
    NullMembers,
    /// Its documents are no JSON.
    InvalidJson,
    /// Its documents never end.
    EndlessJson,
    /// Its documents hold lists in lists in lists, a hundred thousand deep.
    DeepNesting,
    /// Its answers end in the middle, and the connection with them.
    Cut,
    /// It sends every client to another host.
    Redirect(SocketAddr),
    /// Systems, chassis, managers and updates are at other paths than before; the root links them there.
    Moved,
    /// Resets are refused with 409 for so many seconds after a power-off.
    Conflict(u32),
    /// Its clock is twenty years slow.
    WrongClock,
    /// It restarts in the middle of its next answer, once.
    Reboot,
    /// It restarts now, once.
    Restart,
    /// It makes itself another certificate now, once.
    Certificate,
}

/// Every fault as it is written, and what it does.
pub const FAULTS: &[(&str, &str)] = &[
    ("hang", "requests are taken and never answered"),
    ("drop", "connections are taken, and nothing is said, not even in TLS"),
    ("reset", "every connection is reset"),
    ("unavailable", "everything is answered with 503 and `Retry-After: 30`"),
    ("slow=MS", "every answer takes so many milliseconds longer"),
    ("flaky=P%", "that share of requests gets a 503, a reset or half an answer, in turn"),
    ("refuse-logins", "every login and every session is refused"),
    ("sessions-full", "the login says that all sessions are taken"),
    ("lies", "`PowerState` says `On`, whatever it is"),
    ("null-members", "`\"Members\": null` in every collection"),
    ("invalid-json", "documents are no JSON"),
    ("endless-json", "documents never end"),
    ("deep-nesting", "documents hold lists in lists, 100,000 deep"),
    ("cut", "answers end in the middle, and the connection with them"),
    ("redirect[=ADDR:PORT]", "everything is answered with 307 to another host (192.0.2.1:443)"),
    (
        "moved",
        "systems, chassis, managers and updates answer 404 at their old paths; the root links the new ones",
    ),
    (
        "conflict[=S]",
        "resets are refused with 409 for so many seconds (60, times --time-scale) after a power-off",
    ),
    ("wrong-clock", "times in documents, sessions and `Date` are twenty years slow"),
    ("reboot", "restarts in the middle of the next answer, once"),
    ("restart", "restarts now, once"),
    ("certificate", "makes another certificate now, once, and ends its connections"),
];

/// Where a redirect leads that names no host: an address for documentation (RFC 5737), where nobody is.
const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);

impl FaultKind {
    /// Those without a value, with their words.
    const PLAIN: [(Self, &'static str); 17] = [
        (Self::Hang, "hang"),
        (Self::Drop, "drop"),
        (Self::Reset, "reset"),
        (Self::Unavailable, "unavailable"),
        (Self::RefuseLogins, "refuse-logins"),
        (Self::SessionsFull, "sessions-full"),
        (Self::Lies, "lies"),
        (Self::NullMembers, "null-members"),
        (Self::InvalidJson, "invalid-json"),
        (Self::EndlessJson, "endless-json"),
        (Self::DeepNesting, "deep-nesting"),
        (Self::Cut, "cut"),
        (Self::Moved, "moved"),
        (Self::WrongClock, "wrong-clock"),
        (Self::Reboot, "reboot"),
        (Self::Restart, "restart"),
        (Self::Certificate, "certificate"),
    ];
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow(by) => write!(f, "slow={}", by.as_millis()),
            Self::Flaky(share) => write!(f, "flaky={share}%"),
            Self::Redirect(to) => write!(f, "redirect={to}"),
            Self::Conflict(seconds) => write!(f, "conflict={seconds}"),
            plain => {
                let word = Self::PLAIN.iter().find(|(kind, _)| kind == plain).map(|(_, word)| *word);
                f.write_str(word.unwrap_or_default())
            }
        }
    }
}

impl FromStr for FaultKind {
    type Err = String;

    /// One of [`FAULTS`].
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((kind, _)) = Self::PLAIN.iter().find(|(_, word)| *word == text) {
            return Ok(*kind);
        }
        let (word, value) = text.split_once('=').unwrap_or((text, ""));
        let kind = match (word, value) {
            ("503", "") => Some(Self::Unavailable),
            ("slow", ms) => {
                let ms = ms.trim_end_matches("ms").parse().ok().filter(|ms| *ms <= 3_600_000);
                ms.map(|ms| Self::Slow(Duration::from_millis(ms)))
            }
            ("flaky", share) => {
                let share = share.trim_end_matches('%').parse().ok();
                share.filter(|share| *share <= 100).map(Self::Flaky)
            }
            ("redirect", "") => Some(Self::Redirect(ELSEWHERE)),
            ("redirect", to) => to.parse().ok().map(Self::Redirect),
            ("conflict", "") => Some(Self::Conflict(60)),
            ("conflict", seconds) => {
                seconds.parse().ok().filter(|seconds| *seconds <= 86_400).map(Self::Conflict)
            }
            _ => None,
        };
        kind.ok_or_else(|| {
            let known: Vec<&str> = FAULTS.iter().map(|(word, _)| *word).collect();
            format!("fault {text:?} is none of: {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_that_is_told_of_can_be_written_and_is_written_so_again() {
        for (word, _) in FAULTS {
            let word = word.replace("[=", "=").trim_end_matches(']').to_owned();
            let word = word.replace("MS", "20000").replace("P%", "5%").replace("=S", "=7");
            let word = word.replace("ADDR:PORT", "127.0.0.1:99");
            let kind: FaultKind = word.parse().unwrap();
            assert_eq!(kind.to_string(), word);
        }
        assert_eq!(FAULTS.len(), FaultKind::PLAIN.len() + 4);
    }

    #[test]
    fn the_manual_tells_of_every_fault() {
        let manual = include_str!("../../../../docs/manual/lab.md");
        for (word, does) in FAULTS {
            assert!(
                manual.contains(&format!("| `{word}` | {does} |")),
                "{word} is not in docs/manual/lab.md"
            );
        }
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for bad in ["", "melt", "slow", "slow=x", "flaky=101%", "redirect=there", "conflict=-1", "hang=1"] {
            assert!(bad.parse::<FaultKind>().is_err(), "{bad}");
        }
    }
}
