//! The elements of the sets that the program fills: pinholes, and addresses that are isolated.

use crate::message::Transport;
use std::fmt;
use std::net::IpAddr;

/// What an element is about: with a service it is a pinhole, without one an isolated address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The address.
    pub address: IpAddr,
    /// The protocol and port.
    pub service: Option<(Transport, u16)>,
}

impl Key {
    /// The set that it belongs into.
    #[must_use]
    pub const fn set(&self) -> &'static str {
        match (self.address, self.service) {
            (IpAddr::V4(_), Some(_)) => "pinholes4",
            (IpAddr::V6(_), Some(_)) => "pinholes6",
            (IpAddr::V4(_), None) => "isolated4",
            (IpAddr::V6(_), None) => "isolated6",
        }
    }

    /// As the kernel keeps it: each part filled up to four bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut key = bytes(self.address);
        if let Some((protocol, port)) = self.service {
            let [high, low] = port.to_be_bytes();
            key.extend([protocol.number(), 0, 0, 0, high, low, 0, 0]);
        }
        key
    }

    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(" . ");
        let address = parts.next()?.parse().ok()?;
        let service = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => None,
            (Some("tcp"), Some(port), None) => Some((Transport::Tcp, port.parse().ok()?)),
            (Some("udp"), Some(port), None) => Some((Transport::Udp, port.parse().ok()?)),
            _ => return None,
        };
        Some(Self { address, service })
    }
}

/// As `nft` writes it.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.service {
            Some((protocol, port)) => write!(f, "{} . {} . {port}", self.address, protocol.name()),
            None => self.address.fmt(f),
        }
    }
}

/// An address as the kernel has it.
#[must_use]
pub fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Whether it is a set that this program fills.
#[must_use]
pub fn is_own(set: &str) -> bool {
    matches!(set, "pinholes4" | "pinholes6" | "isolated4" | "isolated6")
}
