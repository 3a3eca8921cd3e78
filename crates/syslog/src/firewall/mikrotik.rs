//! MikroTik RouterOS: rules with `log=yes`, or the action `log`.

use super::Told;
use super::fields::{ip, protocol, some, verdict_within};
use crate::message::{Context, Message};
use std::net::{IpAddr, SocketAddr};

pub(super) fn read<'a>(message: &'a Message, _context: &Context) -> Option<Told<'a>> {
    // `firewall,info PREFIX forward: in:ether1 out:ether2, …, proto TCP (SYN), A:port->B:port, len 52`; from the whole
    // line, since a chain without topics before it looks like a tag.
    let (before, packet) = message.line.split_once(" in:")?;
    let (ways, rest) = packet.split_once(", ")?;
    let (arrived, leaves) = ways.split_once(" out:")?;
    let (from, to) = rest.split(", ").find_map(ends)?;
    let said = rest.split_once("proto ")?.1;
    let protocol = protocol(said.split([' ', ',']).next()?);
    let is_icmp = matches!(protocol, Some(1 | 58));
    let number = |name: &str| {
        let behind = said.split_once(name)?.1;
        behind.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
    };
    let (chain, prefix) = chain_and_prefix(before);
    let length = rest.rsplit_once("len ").and_then(|(_, length)| length.split([' ', ',']).next());
    Some(Told {
        verdict: prefix.map(verdict_within).unwrap_or_default(),
        rule: prefix.or(chain),
        from: Some(from.0),
        to: Some(to.0),
        protocol,
        source_port: if is_icmp { number("(type ") } else { from.1 },
        port: if is_icmp { number("code ") } else { to.1 },
        arrived: interface(arrived),
        leaves: interface(leaves),
        bytes: length.and_then(|length| length.parse().ok()),
        ..Told::default()
    })
}

/// An address, and a port where there is one.
type End = (IpAddr, Option<u16>);

/// `A:port->B:port`, or addresses alone.
fn ends(part: &str) -> Option<(End, End)> {
    let (from, to) = part.split_once("->")?;
    let end = |text: &str| {
        let whole =
            text.parse::<SocketAddr>().ok().map(|whole| (whole.ip().to_canonical(), Some(whole.port())));
        whole.or_else(|| Some((ip(text.trim_matches(['[', ']']))?, None)))
    };
    Some((end(from)?, end(to)?))
}

/// An interface; `(unknown 0)` is none.
fn interface(name: &str) -> Option<&str> {
    some(name.trim()).filter(|name| !name.starts_with('('))
}

/// The chain, with its colon the last word before the packet, and the rule's prefix between the topics and it.
fn chain_and_prefix(before: &str) -> (Option<&str>, Option<&str>) {
    let before = before.trim_end();
    let (ahead, chain) = before.rsplit_once(' ').unwrap_or(("", before));
    let chain = chain.rsplit('>').next().unwrap_or(chain).trim_end_matches(':');
    // Topics are words with commas between them, such as `firewall,info`.
    let topics = ahead.rfind("firewall,").and_then(|at| ahead.get(at..));
    let prefix = topics.and_then(|topics| Some(topics.split_once(' ')?.1.trim_matches([' ', ':'])));
    (some(chain), prefix.and_then(some))
}
