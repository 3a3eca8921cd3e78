//! pfSense and OPNsense: `filterlog`, a list of values whose places depend on what stands before them.

use super::Told;
use super::fields::{csv, ip, some, verdict};
use crate::message::{Context, Message};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;

pub(super) fn read<'a>(message: &'a Message, _context: &Context) -> Option<Told<'a>> {
    let text = match message.app.as_deref() {
        Some("filterlog") => message.text(),
        _ => message.text().split_once("filterlog: ")?.1,
    };
    let fields = csv(text);
    let field = |at: usize| fields.get(at).copied();
    // Rule, sub-rule, anchor, label, interface, reason, action, direction, version.
    let interface = field(4).and_then(some);
    let is_in = match field(7)? {
        "in" => true,
        "out" => false,
        _ => return None,
    };
    // IPv4 has the protocol's number before its name, IPv6 after it.
    let (number, addresses) = match field(8)? {
        "4" => (15, 18),
        "6" => (13, 15),
        _ => return None,
    };
    let protocol = field(number).and_then(|number| number.parse().ok());
    let mut told = Told {
        verdict: field(6).map(verdict).unwrap_or_default(),
        // The label keeps its name when rules are moved; the number does not.
        rule: field(3).and_then(some).filter(|label| *label != "0").or_else(|| field(0).and_then(some)),
        from: field(addresses).and_then(ip),
        to: field(addresses + 1).and_then(ip),
        protocol,
        bytes: field(addresses - 1).and_then(|length| length.parse().ok()),
        arrived: interface.filter(|_| is_in),
        leaves: interface.filter(|_| !is_in),
        ..Told::default()
    };
    let port = |at: usize| field(at).and_then(|port| port.parse().ok());
    match protocol {
        Some(TCP | UDP) => (told.source_port, told.port) = (port(addresses + 2), port(addresses + 3)),
        Some(ICMP) => told.source_port = field(addresses + 2).and_then(icmp_type),
        _ => {}
    }
    Some(told)
}

/// The type of ICMP (IANA) by filterlog's word for it.
fn icmp_type(word: &str) -> Option<u16> {
    let number = match word {
        "reply" => 0,
        "unreach" | "unreachproto" | "unreachport" | "needfrag" => 3,
        "redirect" => 5,
        "request" => 8,
        "timexceed" | "timeexceed" => 11,
        "paramprob" => 12,
        "tstamp" => 13,
        "tstampreply" => 14,
        "maskreply" => 18,
        number => return number.parse().ok(),
    };
    Some(number)
}
