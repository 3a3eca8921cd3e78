//! Cisco ASA and FTD: a message's number says how the rest is to be read.

use super::Told;
use super::fields::{ip, protocol, some, verdict};
use crate::message::{Context, Message};
use model::firewall_log::Verdict;
use std::net::IpAddr;

/// How a message names what it is about.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// `from A/port to [interface:]B/port … on interface I`.
    FromTo,
    /// `src interface:A/port … dst interface:B/port …`.
    SourceDestination,
    /// `access-list NAME permitted tcp interface/A(port) -> interface/B(port)`.
    AccessList,
    /// `Built outbound TCP connection 1 for interface:A/port (…) to interface:B/port (…)`; who began it is the second if it
    /// goes out.
    Built,
    /// `Teardown TCP connection 1 for interface:A/port to interface:B/port duration … bytes N`, in the order in which
    /// it was built; who began it is not told, and what is named first stands as the source.
    Teardown,
}

/// The numbers of Cisco's reference of system log messages that tell of packets and connections. What they
/// say of the verdict, the text of 106100 apart.
const NUMBERS: [(u32, Verdict, Shape); 17] = [
    (106_001, Verdict::Drop, Shape::FromTo),
    (106_006, Verdict::Drop, Shape::FromTo),
    (106_007, Verdict::Drop, Shape::FromTo),
    (106_010, Verdict::Drop, Shape::SourceDestination),
    (106_014, Verdict::Drop, Shape::SourceDestination),
    (106_015, Verdict::Drop, Shape::FromTo),
    (106_021, Verdict::Drop, Shape::FromTo),
    (106_023, Verdict::Drop, Shape::SourceDestination),
    (106_100, Verdict::Unknown, Shape::AccessList),
    (302_013, Verdict::Accept, Shape::Built),
    (302_014, Verdict::Accept, Shape::Teardown),
    (302_015, Verdict::Accept, Shape::Built),
    (302_016, Verdict::Accept, Shape::Teardown),
    (710_001, Verdict::Accept, Shape::FromTo),
    (710_002, Verdict::Accept, Shape::FromTo),
    (710_003, Verdict::Drop, Shape::FromTo),
    (710_005, Verdict::Drop, Shape::FromTo),
];

pub(super) fn read<'a>(message: &'a Message, _context: &Context) -> Option<Told<'a>> {
    let line = message.line.as_str();
    let start = ["%ASA-", "%FTD-", "%PIX-"].into_iter().find_map(|name| Some(line.split_once(name)?.1))?;
    // `4-106023: …`, or with a word between (`%ASA-session-4-106023`).
    let (head, body) = start.split_once(": ")?;
    let number: u32 = head.rsplit('-').next()?.parse().ok()?;
    let (_, verdict, shape) = *NUMBERS.iter().find(|(known, ..)| *known == number)?;
    let mut told = match shape {
        Shape::FromTo => from_to(body),
        Shape::SourceDestination => source_destination(body),
        Shape::AccessList => access_list(body),
        Shape::Built | Shape::Teardown => connection(body),
    }?;
    if verdict != Verdict::Unknown {
        told.verdict = verdict;
    }
    Some(told)
}

/// One end: its interface where it is named, its address, its port.
type End<'a> = (Option<&'a str>, Option<IpAddr>, Option<u16>);

fn told<'a>(body: &'a str, (arrived, from, source_port): End<'a>, (leaves, to, port): End<'a>) -> Told<'a> {
    let protocol = protocol_in(body);
    Told { from, to, source_port, port, arrived, leaves, protocol, ..Told::default() }
}

fn from_to(body: &str) -> Option<Told<'_>> {
    let mut told = told(body, end(after(body, "from")?), end(after(body, "to")?));
    // What the second end names is the interface of the ASA that was asked for; nothing leaves by it.
    told.arrived = told.arrived.or(told.leaves.take()).or_else(|| after(body, "interface").map(bare));
    Some(told)
}

fn source_destination(body: &str) -> Option<Told<'_>> {
    let mut told = told(body, end(after(body, "src")?), end(after(body, "dst")?));
    let number = |name: &str| after(body, name).and_then(|number| bare(number).parse().ok());
    told.source_port = told.source_port.or_else(|| number("(type").or_else(|| number("type")));
    told.port = told.port.or_else(|| number("code"));
    told.rule = body.split_once("access-group ").and_then(|(_, behind)| quoted(behind));
    Some(told)
}

fn access_list(body: &str) -> Option<Told<'_>> {
    let (before, behind) = body.split_once("->")?;
    let mut words = before.split_ascii_whitespace().skip_while(|word| *word != "access-list").skip(1);
    let (rule, done, named, source) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let mut told = told(before, of_list(source), of_list(behind.split_ascii_whitespace().next()?));
    told.rule = some(rule);
    told.protocol = protocol(named);
    told.verdict = if done == "est-allowed" { Verdict::Accept } else { verdict(done) };
    Some(told)
}

fn connection(body: &str) -> Option<Told<'_>> {
    let (first, second) = (end(after(body, "for")?), end(after(body, "to")?));
    let is_out = body.starts_with("Built outbound");
    let mut told = if is_out { told(body, second, first) } else { told(body, first, second) };
    told.bytes = after(body, "bytes").and_then(|bytes| bytes.parse().ok());
    Some(told)
}

/// `interface:address/port`, each part of which may be missing, with a user in parentheses behind it.
fn end(word: &str) -> End<'_> {
    let word = bare(word.split_once('(').map_or(word, |(end, _user)| end));
    let (place, port) = word.rsplit_once('/').map_or((word, None), |(place, port)| (place, service(port)));
    match (ip(place), place.split_once(':')) {
        (Some(address), _) => (None, Some(address), port),
        (None, Some((interface, address))) => (some(interface), ip(address), port),
        (None, None) => (None, None, port),
    }
}

/// `interface/address(port)`.
fn of_list(word: &str) -> End<'_> {
    let (interface, rest) = word.split_once('/').unwrap_or(("", word));
    let (address, port) = rest.split_once('(').unwrap_or((rest, ""));
    let port = port.split_once(')').and_then(|(port, _user)| port.parse().ok());
    (some(interface), ip(address), port)
}

/// The word behind a word.
fn after<'a>(body: &'a str, word: &str) -> Option<&'a str> {
    let mut words = body.split_ascii_whitespace();
    words.find(|found| *found == word)?;
    words.next()
}

/// Without the punctuation of the sentence around it.
fn bare(word: &str) -> &str {
    word.trim_matches(['.', ',', ';', '(', ')', '[', ']', '"'])
}

fn quoted(text: &str) -> Option<&str> {
    match text.strip_prefix('"') {
        Some(inside) => inside.split_once('"').map(|(name, _)| name).and_then(some),
        None => text.split_ascii_whitespace().next().and_then(some),
    }
}

/// The first word that is a protocol's name; `protocol 47` has its number.
fn protocol_in(body: &str) -> Option<u8> {
    let named = |word: &&str| word.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let mut words = body.split_ascii_whitespace();
    let named = words.by_ref().filter(named).find_map(protocol);
    named.or_else(|| after(body, "protocol").and_then(protocol))
}

/// A port by its number, or by the name that an ASA writes for it.
fn service(word: &str) -> Option<u16> {
    const NAMES: [(&str, u16); 20] = [
        ("bootpc", 68),
        ("bootps", 67),
        ("domain", 53),
        ("ftp", 21),
        ("http", 80),
        ("https", 443),
        ("isakmp", 500),
        ("ldap", 389),
        ("netbios-dgm", 138),
        ("netbios-ns", 137),
        ("ntp", 123),
        ("radius", 1645),
        ("rip", 520),
        ("snmp", 161),
        ("snmptrap", 162),
        ("ssh", 22),
        ("syslog", 514),
        ("telnet", 23),
        ("tftp", 69),
        ("www", 80),
    ];
    word.parse().ok().or_else(|| NAMES.iter().find(|(name, _)| *name == word).map(|(_, port)| *port))
}
