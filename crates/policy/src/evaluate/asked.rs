//! What lies outside the document and yet decides: answers that are awaited, short-lived openings, isolated devices.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// How long unicast answers to a multicast request are let in, in seconds.
pub const ANSWER_SECONDS: u32 = 15;

/// What holds at the moment of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Answers that are awaited. Each holds for [`ANSWER_SECONDS`] after the last request.
    pub answers: BTreeSet<Answer>,
    /// Short-lived openings from the appliance.
    pub pinholes: BTreeSet<Pinhole>,
    /// Isolated addresses: nobody but the appliance may talk to them.
    pub quarantined: BTreeSet<IpAddr>,
}

/// The unicast answers over UDP that an allowed multicast request lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answer {
    /// The appliance's address that asked.
    pub to: IpAddr,
    /// The port that it asked from.
    pub port: u16,
    /// The port that was asked, and that the answer must come from.
    pub service: u16,
    /// The place of the rule in the plan; the answer must come from the zone that the rule leads to.
    pub rule: usize,
}

/// A short-lived opening from the appliance to one service of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pinhole {
    /// The device.
    pub to: IpAddr,
    /// The protocol's number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6.
    pub protocol: u8,
    /// The destination port; for ICMP `type << 8 | code`.
    pub port: u16,
}
