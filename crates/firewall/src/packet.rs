//! A logged packet, read from the kernel's message: by whoever follows, without any right, and not by the privileged program.

use crate::netlink::{attribute, big};
use rustix::net::netdevice;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Write;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The most bytes of what a packet carries that are told on.
const MAX_FIRST: usize = 128;
/// The longest prefix, with its zero (`NF_LOG_PREFIXLEN`).
const MAX_PREFIX: usize = 128;

/// A packet that a rule logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Packet {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What the rule says of itself: `pc:<i|o|f>:<rule|default|…>:<app>:<verdict>`.
    pub prefix: String,
    /// From where.
    pub from: Option<IpAddr>,
    /// To where.
    pub to: Option<IpAddr>,
    /// The protocol's number (IANA).
    pub protocol: u8,
    /// From this port; of ICMP the type.
    pub source: u16,
    /// To that port; of ICMP the code.
    pub port: u16,
    /// The interface that it came in by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived: Option<String>,
    /// The interface that it would leave by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaves: Option<String>,
    /// Its length by its own header, in bytes.
    pub bytes: u32,
    /// What it carries, the first bytes, in hexadecimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first: String,
}

/// A message of the kernel's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// Counted up by the kernel with every packet that it logs for us, handed over or lost.
    pub sequence: Option<u32>,
    /// The packet.
    pub packet: Packet,
    /// The interfaces' numbers, in and out.
    pub interfaces: (Option<u32>, Option<u32>),
}

/// Reads a message's body. What cannot be read stays empty: a record is never lost for a strange packet.
#[must_use]
pub fn parse(body: &[u8]) -> Logged {
    let attributes = body.get(4..).unwrap_or_default();
    let number = |kind| attribute(attributes, kind).and_then(big);
    let mut packet = Packet::default();
    if let Some([seconds, micros]) = attribute(attributes, 3).and_then(|value| {
        let (seconds, rest) = value.split_first_chunk::<8>()?;
        Some([i64::from_be_bytes(*seconds), i64::from_be_bytes(*rest.first_chunk()?)])
    }) {
        packet.at = seconds.saturating_mul(1_000_000).saturating_add(micros);
    }
    let prefix = attribute(attributes, 10).unwrap_or_default();
    let prefix = prefix.split(|byte| *byte == 0).next().unwrap_or_default();
    packet.prefix = String::from_utf8_lossy(prefix.get(..MAX_PREFIX).unwrap_or(prefix)).into_owned();
    read_packet(attribute(attributes, 9).unwrap_or_default(), &mut packet);
    Logged { sequence: number(12), packet, interfaces: (number(4), number(5)) }
}

/// RFC 791 and RFC 8200, and the ports or the kind of message behind them.
fn read_packet(bytes: &[u8], packet: &mut Packet) {
    let carried = match bytes.first().map(|first| first >> 4) {
        Some(4) => read_ipv4(bytes, packet),
        Some(6) => read_ipv6(bytes, packet),
        _ => None,
    };
    let Some(carried) = carried else { return };
    let word = |at| Some(u16::from_be_bytes(*carried.get(at..)?.first_chunk()?));
    let header = match packet.protocol {
        6 => carried.get(12).map_or(20, |byte| usize::from(byte >> 4) * 4),
        _ => 8,
    };
    match packet.protocol {
        1 | 58 => {
            packet.source = carried.first().copied().unwrap_or_default().into();
            packet.port = carried.get(1).copied().unwrap_or_default().into();
        }
        6 | 17 | 132 | 136 => {
            packet.source = word(0).unwrap_or_default();
            packet.port = word(2).unwrap_or_default();
        }
        _ => {}
    }
    packet.first = hexadecimal(carried.get(header..).unwrap_or_default(), MAX_FIRST);
}

fn read_ipv4<'a>(bytes: &'a [u8], packet: &mut Packet) -> Option<&'a [u8]> {
    let header = usize::from(bytes.first()? & 15) * 4;
    packet.bytes = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into();
    packet.protocol = *bytes.get(9)?;
    packet.from = Some(IpAddr::from(*bytes.get(12..)?.first_chunk::<4>()?));
    packet.to = Some(IpAddr::from(*bytes.get(16..)?.first_chunk::<4>()?));
    // A later fragment begins in the middle of what is carried.
    let fragment = u16::from_be_bytes(*bytes.get(6..)?.first_chunk()?) & 0x1fff;
    bytes.get(header.max(20)..).filter(|_| fragment == 0)
}

fn read_ipv6<'a>(bytes: &'a [u8], packet: &mut Packet) -> Option<&'a [u8]> {
    packet.bytes = u32::from(u16::from_be_bytes(*bytes.get(4..)?.first_chunk()?)) + 40;
    packet.from = Some(IpAddr::from(*bytes.get(8..)?.first_chunk::<16>()?));
    packet.to = Some(IpAddr::from(*bytes.get(24..)?.first_chunk::<16>()?));
    packet.protocol = *bytes.get(6)?;
    let mut rest = bytes.get(40..)?;
    // Hop-by-hop, routing, fragment and destination options stand before what is carried.
    for _ in 0..8 {
        let length = match packet.protocol {
            0 | 43 | 60 => usize::from(*rest.get(1)?) * 8 + 8,
            44 if u16::from_be_bytes(*rest.get(2..)?.first_chunk()?) & 0xfff8 == 0 => 8,
            44 => {
                packet.protocol = *rest.first()?;
                return None;
            }
            _ => return Some(rest),
        };
        packet.protocol = *rest.first()?;
        rest = rest.get(length..)?;
    }
    None
}

/// The first bytes, at most so many, in hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8], most: usize) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(most) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Interfaces' names, forgotten after a while because they may change.
#[derive(Debug, Default)]
pub struct Names {
    since: Option<Instant>,
    known: HashMap<u32, Option<String>>,
}

impl Names {
    /// The name of the interface with this number; any socket will do to ask.
    pub fn of(&mut self, fd: impl AsFd, index: u32) -> Option<String> {
        if self.since.is_none_or(|since| since.elapsed() > Duration::from_secs(5)) {
            self.known.clear();
            self.since = Some(Instant::now());
        }
        let name = self.known.entry(index).or_insert_with(|| netdevice::index_to_name(fd, index).ok());
        name.clone()
    }
}
