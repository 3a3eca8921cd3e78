//! What a message says of a packet. A format of a firewall is a row of a table: what recognises it reads it.
//!
//! Facts about the formats come from their makers' public documentation. A field that cannot be read is left out; the
//! line itself is always kept.

mod cisco;
pub mod fields;
mod filterlog;
mod fortinet;
mod junos;
mod mikrotik;
mod netfilter;
mod paloalto;

use crate::message::{Context, Message};
use jiff::Timestamp;
use model::firewall_log::Verdict;
use std::net::IpAddr;

/// What a line tells of a packet or a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told<'a> {
    /// When, where the text says it better than the header.
    pub at: Option<Timestamp>,
    /// The firewall's name, where the text says it.
    pub host: Option<&'a str>,
    /// What became of it.
    pub verdict: Verdict,
    /// What the firewall calls the rule.
    pub rule: Option<&'a str>,
    /// The application.
    pub app: Option<&'a str>,
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
    pub arrived: Option<&'a str>,
    /// The interface that it would leave by.
    pub leaves: Option<&'a str>,
    /// Of a packet its length, of a connection that has ended what both ends sent; in bytes.
    pub bytes: Option<u32>,
}

/// A format.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name, as it is counted.
    pub name: &'static str,
    /// Reads it; `None` if the message is of another.
    read: for<'a> fn(&'a Message, &Context) -> Option<Told<'a>>,
}

/// Every format, the strictest first.
pub const FORMATS: [Format; 7] = [
    Format { name: "filterlog", read: filterlog::read },
    Format { name: "cisco-asa", read: cisco::read },
    Format { name: "junos", read: junos::read },
    Format { name: "fortinet", read: fortinet::read },
    Format { name: "paloalto", read: paloalto::read },
    Format { name: "netfilter", read: netfilter::read },
    Format { name: "mikrotik", read: mikrotik::read },
];

/// What a message says, and in which format.
#[must_use]
pub fn read<'a>(message: &'a Message, context: &Context) -> Option<(&'static str, Told<'a>)> {
    FORMATS.iter().find_map(|format| Some((format.name, (format.read)(message, context)?)))
}

#[cfg(test)]
mod tests;
