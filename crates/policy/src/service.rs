//! What an application is on the wire: a protocol, and ports or a kind of ICMP message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A protocol and, of it, what is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// TCP to these destination ports.
    Tcp(Ports),
    /// UDP to these destination ports.
    Udp(Ports),
    /// ICMP of this type (RFC 792), for IPv4.
    Icmp(u8),
    /// ICMPv6 of this type (RFC 4443), for IPv6.
    Icmp6(u8),
    /// An echo request of either family: type 8 or 128.
    Echo,
}

/// Ports from the first to the last, both included; a single one is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports {
    first: u16,
    last: u16,
}

impl Ports {
    /// `None` if the first is after the last.
    #[must_use]
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// The first of them.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The last of them.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last
    }

    /// Whether it is one port.
    #[must_use]
    pub const fn is_single(self) -> bool {
        self.first == self.last
    }

    /// The ports that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        Self::new(self.first.max(other.first), self.last.min(other.last))
    }

    /// Whether this port is one of them.
    #[must_use]
    pub const fn holds(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// Whether all of the other's are among these.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// Whether some port is in both.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl Service {
    /// ICMP's echo request (RFC 792).
    pub const ECHO: u8 = 8;
    /// ICMPv6's echo request (RFC 4443, section 4.1).
    pub const ECHO6: u8 = 128;

    /// Whether everything that the other means is meant by this one too.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Tcp(mine), Self::Tcp(theirs)) | (Self::Udp(mine), Self::Udp(theirs)) => {
                mine.covers(theirs)
            }
            (Self::Echo, Self::Icmp(Self::ECHO) | Self::Icmp6(Self::ECHO6)) => true,
            _ => self == other,
        }
    }

    /// Whether something is meant by both.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Tcp(mine), Self::Tcp(theirs)) | (Self::Udp(mine), Self::Udp(theirs)) => mine.meets(theirs),
            _ => self.covers(other) || other.covers(self),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(ports) => write!(f, "tcp/{ports}"),
            Self::Udp(ports) => write!(f, "udp/{ports}"),
            Self::Icmp(kind) => write!(f, "icmp/{kind}"),
            Self::Icmp6(kind) => write!(f, "icmp6/{kind}"),
            Self::Echo => f.write_str("icmp/echo-request"),
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// What was written is no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no service: write tcp/443, udp/1024-2048, icmp/echo-request, icmp/8 or icmp6/128")]
pub struct NoService(String);

impl FromStr for Service {
    type Err = NoService;

    fn from_str(text: &str) -> Result<Self, NoService> {
        let refused = || NoService(text.chars().take(60).collect());
        let (protocol, rest) = text.trim().split_once('/').ok_or_else(refused)?;
        match protocol {
            "tcp" => ports(rest).map(Self::Tcp),
            "udp" => ports(rest).map(Self::Udp),
            "icmp" if rest == "echo-request" => Some(Self::Echo),
            "icmp" => number(rest).map(Self::Icmp),
            "icmp6" if rest == "echo-request" => Some(Self::Icmp6(Self::ECHO6)),
            "icmp6" => number(rest).map(Self::Icmp6),
            _ => None,
        }
        .ok_or_else(refused)
    }
}

fn ports(text: &str) -> Option<Ports> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    // RFC 6335, section 6: port 0 is reserved, and no packet is to have it.
    Ports::new(number(first)?, number(last)?).filter(|ports| ports.first() > 0)
}

/// Digits alone: `parse` would take a sign.
fn number<N: FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl Serialize for Service {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Service {
    fn schema_name() -> Cow<'static, str> {
        "Service".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A protocol and its destination ports or its kind of message.",
            "pattern": "^((tcp|udp)/[0-9]+(-[0-9]+)?|icmp6?/([0-9]+|echo-request))$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["tcp/443", "udp/1024-2048", "icmp/8", "icmp6/135", "icmp/echo-request"] {
            assert_eq!(text.parse::<Service>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for text in [
            "",
            "tcp",
            "tcp/",
            "tcp/+1",
            "tcp/65536",
            "tcp/0",
            "udp/0-9",
            "tcp/9-1",
            "sctp/1",
            "icmp/256",
            "tcp/1-2-3",
        ] {
            assert!(text.parse::<Service>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_echo_request_is_of_both_families() {
        assert!(Service::Echo.covers(Service::Icmp(8)) && Service::Echo.covers(Service::Icmp6(128)));
        assert!(!Service::Icmp(8).covers(Service::Echo) && Service::Icmp(8).meets(Service::Echo));
    }
}
