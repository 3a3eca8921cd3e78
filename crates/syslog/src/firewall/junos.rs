//! Juniper SRX: RT_FLOW, as structured data (the security log's `sd-syslog`) or as a sentence.

use super::Told;
use super::fields::{ip, protocol, some, sum};
use crate::message::{Context, Element, Message};
use model::firewall_log::Verdict;

/// What the structured data's id begins with: Juniper's enterprise number.
const SD_ID: &str = "junos@2636";
/// What became of a session, by the message's name without `RT_FLOW_` and `APPTRACK_`.
const EVENTS: [(&str, Verdict); 3] = [
    ("SESSION_CREATE", Verdict::Accept),
    ("SESSION_CLOSE", Verdict::Accept),
    ("SESSION_DENY", Verdict::Drop),
];

pub(super) fn read<'a>(message: &'a Message, _context: &Context) -> Option<Told<'a>> {
    match message.data.iter().find(|element| element.id.starts_with(SD_ID)) {
        Some(element) => structured(message.id.as_deref()?, element),
        None => sentence(message.text()),
    }
}

fn event(name: &str) -> Option<Verdict> {
    let name = name.strip_prefix("RT_FLOW_").or_else(|| name.strip_prefix("APPTRACK_"))?;
    EVENTS.iter().find(|(event, _)| name.starts_with(event)).map(|(_, verdict)| *verdict)
}

fn structured<'a>(name: &str, element: &'a Element) -> Option<Told<'a>> {
    let value = |name: &str| {
        let found = element.values.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let port = |name: &str| value(name).and_then(|port| port.parse().ok());
    let protocol = value("protocol-id").and_then(protocol);
    let is_icmp = matches!(protocol, Some(1 | 58));
    let app = ["application", "nested-application", "service-name"].into_iter();
    Some(Told {
        verdict: event(name)?,
        rule: value("policy-name").and_then(some),
        app: app.filter_map(|name| value(name).and_then(some)).find(|app| *app != "None"),
        from: value("source-address").and_then(ip),
        to: value("destination-address").and_then(ip),
        protocol,
        // Of ICMP the ports are a number of the session's and the echo's.
        source_port: if is_icmp { port("icmp-type") } else { port("source-port") },
        port: if is_icmp { None } else { port("destination-port") },
        arrived: value("packet-incoming-interface").and_then(some),
        bytes: sum(value("bytes-from-client"), value("bytes-from-server")),
        ..Told::default()
    })
}

/// `RT_FLOW_SESSION_DENY: session denied A/port->B/port …`. What follows has other places in each release, so only the
/// protocol of a denied session, `6(0)`, is looked for.
fn sentence(text: &str) -> Option<Told<'_>> {
    let (name, said) = text.split_once(": ")?;
    let verdict = event(name)?;
    let mut words = said.split_ascii_whitespace();
    let (from, to) = words.find_map(|word| word.split_once("->"))?;
    let end = |end: &str| {
        let (address, port) = end.rsplit_once('/')?;
        Some((ip(address)?, port.parse().ok()))
    };
    let ((from, source_port), (to, port)) = (end(from)?, end(to)?);
    let number = |word: &str| protocol(word.split_once('(')?.0);
    let protocol = if verdict == Verdict::Drop { words.find_map(number) } else { None };
    Some(Told { verdict, from: Some(from), to: Some(to), source_port, port, protocol, ..Told::default() })
}
