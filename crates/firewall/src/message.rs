//! What is said over the socket: requests, answers and records, each one JSON object in a frame of four bytes of
//! length (big-endian) and so many bytes.

use crate::packet::Packet;
pub use model::enforcement::{Connection, Counted};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The longest frame, in bytes.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;
/// How long a policy may be on trial, in seconds.
pub const MAX_TRIAL: u32 = 3600;
/// How long a pinhole may stay open without being opened anew, in seconds.
pub const MAX_PINHOLE: u32 = 24 * 3600;
/// The most pinholes at once, and the most isolated addresses.
pub const MAX_ELEMENTS: usize = 16_384;
/// The most lines in one list.
pub const MAX_LINKS: usize = 64;
/// The fastest line, in megabits a second.
pub const MAX_RATE: u32 = 400_000;
/// The most connections in one list.
pub const MAX_CONNECTIONS: usize = 65_536;

/// What `portcullis` may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Put a policy on trial: it holds for so many seconds, then what was confirmed before holds again.
    Load {
        /// The table with the confirmed and the candidate chains, in the shape that the crate's documentation says.
        trial: String,
        /// The table in which the candidate is what is confirmed: loaded and kept by `Confirm`.
        settled: String,
        /// For how long, 1 to [`MAX_TRIAL`].
        seconds: u32,
    },
    /// Make the policy on trial the confirmed one.
    Confirm {
        /// The trial's number, so that nobody confirms another than they have seen.
        generation: u64,
    },
    /// End the trial now.
    Revert,
    /// Load what should hold anew, because something foreign changed it.
    Repair,
    /// Open a pinhole, or prolong it.
    Open(Pinhole),
    /// Close one. It is no error if it is closed already.
    Close {
        /// Its identifier.
        id: String,
    },
    /// Isolate a device's address, or end that.
    Isolate {
        /// The address.
        address: IpAddr,
        /// Whether it is isolated from now on.
        on: bool,
    },
    /// Let classes of traffic share these lines, and no others, as the rules choose them by `meta priority`.
    Links {
        /// Which; at most [`MAX_LINKS`].
        links: Vec<Link>,
    },
    /// List the connections that the kernel tracks.
    Connections,
    /// End these connections: the kernel forgets them, and local TCP sockets are reset.
    End {
        /// Which; at most [`MAX_CONNECTIONS`].
        connections: Vec<Connection>,
    },
    /// Say how things stand.
    Status,
    /// Turn this connection into a stream of records; the sockets of the log and the sinkhole are handed over on it.
    Follow,
}

/// A line that classes of traffic share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The interface that leads to it: 1 to 15 of `a-z A-Z 0-9 - _ .`, a letter or digit first.
    pub interface: String,
    /// What it carries, in megabits a second, 1 to [`MAX_RATE`].
    pub mbit: u32,
}

/// A short-lived opening to one port of one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinhole {
    /// Names it: 1 to 64 of `a-z A-Z 0-9 - _`.
    pub id: String,
    /// To this address.
    pub to: IpAddr,
    /// By this protocol.
    pub protocol: Transport,
    /// To this port.
    pub port: u16,
    /// It closes by itself after so many seconds, 1 to [`MAX_PINHOLE`].
    pub seconds: u32,
}

/// A protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    /// Its number (IANA).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }

    /// Its name, as `nft` writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The policy is on trial.
    Loaded {
        /// Its number, for `Confirm`.
        generation: u64,
    },
    /// It is done.
    Done,
    /// How things stand.
    Status(Box<Status>),
    /// The connections that the kernel tracks.
    Connections {
        /// At most [`MAX_CONNECTIONS`].
        connections: Vec<Connection>,
        /// There are more.
        more: bool,
    },
    /// Connections were ended.
    Ended {
        /// So many the kernel has forgotten.
        tracked: u32,
        /// So many local sockets were reset.
        sockets: u32,
    },
    /// A part of the stream after `Follow`; logged packets and arrivals are read from the sockets handed over instead.
    Record(Record),
    /// It was not done.
    Failed {
        /// In what way.
        kind: FailureKind,
        /// One line: what, and why.
        text: String,
    },
}

/// In what way something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The request cannot be carried out as it is.
    Refused,
    /// The trial is over, or it is another one.
    Over,
    /// Somebody else holds it.
    Busy,
    /// The kernel or a file failed.
    Failed,
}

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The confirmed policy's number; without one nothing is enforced but during a trial.
    pub confirmed: Option<u64>,
    /// The policy on trial.
    pub trial: Option<Trial>,
    /// The confirmed policy could not be loaded: nothing passes but on the loopback.
    pub shut: bool,
    /// Open pinholes; `seconds` is what is left.
    pub pinholes: Vec<Pinhole>,
    /// Isolated addresses.
    pub isolated: Vec<IpAddr>,
    /// What each rule has counted.
    pub counters: Vec<Counted>,
    /// Where the kernel differs from what should hold, each in a line.
    pub drift: Vec<String>,
    /// Base chains of other tables that see packets before ours do.
    pub earlier: Vec<String>,
}

/// A policy on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number.
    pub generation: u64,
    /// The kernel falls back after so many seconds.
    pub seconds_left: u32,
}

/// What the stream carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A packet that a rule logged.
    Packet(Box<Packet>),
    /// So many records are missing here.
    Lost {
        /// How many.
        records: u64,
    },
    /// The kernel differs from what should hold in these ways; empty: it agrees again.
    Drift {
        /// Each in a line.
        differences: Vec<String>,
    },
    /// A connection arrived at the sinkhole.
    Arrival {
        /// When, in microseconds since 1970.
        at: i64,
        /// From where.
        from: IpAddr,
        /// From which port.
        source: u16,
        /// What it wanted to reach.
        to: IpAddr,
        /// On which port.
        port: u16,
        /// What it sent first, in hexadecimal.
        first: String,
    },
}

/// Reads a request's frame, without its length.
///
/// # Errors
/// What is wrong with it, in a line.
pub fn parse(frame: &[u8]) -> Result<Request, String> {
    if frame.len() > MAX_FRAME {
        return Err(format!("a frame of {} bytes: at most {MAX_FRAME}", frame.len()));
    }
    let request: Request = serde_json::from_slice(frame).map_err(|error| format!("no request: {error}"))?;
    match &request {
        Request::Load { seconds, .. } => bounded("seconds", *seconds, MAX_TRIAL)?,
        Request::Open(pinhole) => {
            bounded("seconds", pinhole.seconds, MAX_PINHOLE)?;
            if !is_id(&pinhole.id) {
                return Err("a pinhole's id: 1 to 64 of a-z A-Z 0-9 - _".to_owned());
            }
        }
        Request::Links { links } if links.len() > MAX_LINKS || !links.iter().all(is_link) => {
            return Err(format!(
                "lines: at most {MAX_LINKS}, each of an interface, with 1 to {MAX_RATE} Mbit/s"
            ));
        }
        Request::End { connections } if connections.len() > MAX_CONNECTIONS => {
            return Err(format!("{} connections: at most {MAX_CONNECTIONS} at once", connections.len()));
        }
        _ => {}
    }
    Ok(request)
}

fn bounded(what: &str, value: u32, most: u32) -> Result<(), String> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(format!("{value} {what}: 1 to {most}")) }
}

/// Whether it may name a pinhole.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn is_link(Link { interface, mbit }: &Link) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = interface.starts_with(|first: char| first.is_ascii_alphanumeric()) && interface.len() < 16;
    is_name && interface.bytes().all(is_usual) && (1..=MAX_RATE).contains(mbit)
}
