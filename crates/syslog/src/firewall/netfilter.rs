//! Linux: what the LOG target of iptables and the `log` statement of nftables write, with or without a prefix (UFW's
//! too), and ulogd's LOGEMU after them.

use super::Told;
use super::fields::{ip, pairs, protocol, some, verdict_within};
use crate::message::{Context, Message};

pub(super) fn read<'a>(message: &'a Message, _context: &Context) -> Option<Told<'a>> {
    let text = message.text();
    let start = text.find("IN=")?;
    let (before, packet) = text.split_at_checked(start)?;
    let outer = packet.split_once(" [").map_or(packet, |(outer, _the_packet_that_an_error_is_about)| outer);
    let mut told = Told::default();
    for (name, value) in pairs(outer) {
        // The first of a name holds: UDP has a second LEN.
        let word = || some(value);
        match name {
            "IN" => told.arrived = told.arrived.or_else(word),
            "OUT" => told.leaves = told.leaves.or_else(word),
            "SRC" => told.from = told.from.or_else(|| ip(value)),
            "DST" => told.to = told.to.or_else(|| ip(value)),
            "LEN" => told.bytes = told.bytes.or_else(|| value.parse().ok()),
            "PROTO" => told.protocol = told.protocol.or_else(|| protocol(value)),
            "SPT" | "TYPE" => told.source_port = told.source_port.or_else(|| value.parse().ok()),
            "DPT" | "CODE" => told.port = told.port.or_else(|| value.parse().ok()),
            _ => {}
        }
    }
    (told.from.is_some() && told.to.is_some()).then_some(())?;
    let prefix = prefix(before, message);
    told.verdict = prefix.map(verdict_within).unwrap_or_default();
    told.rule = prefix;
    Some(told)
}

/// The rule's prefix: what stands before the packet, without the kernel's clock. Where the header took it for a tag, the tag.
fn prefix<'a>(before: &'a str, message: &'a Message) -> Option<&'a str> {
    let before = before.trim_start();
    let clock = before.strip_prefix('[').and_then(|inside| inside.split_once(']'));
    let is_clock = |inside: &str| inside.trim().parse::<f64>().is_ok();
    let prefix = clock.filter(|(inside, _)| is_clock(inside)).map_or(before, |(_, behind)| behind);
    let prefix = prefix.trim_matches([' ', ':', '[', ']', '-']);
    let tag = message.app.as_deref().filter(|app| !app.eq_ignore_ascii_case("kernel"));
    some(prefix).or(tag.filter(|tag| !tag.starts_with("ulogd")))
}
