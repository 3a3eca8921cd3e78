//! A question as people and machines ask it: names, numbers and applications in; answers out.
//!
//! | module | what it is |
//! |---|---|
//! | [`wanted`] | protocol, port, type, service or application to what a packet carries |

mod wanted;

use crate::document::Site;
use crate::document::site::Application;
use crate::evaluate::{Asked, Evaluator, Family};
use crate::explain::{Explanation, explain};
use crate::names::{Hosts, Unknown, resolve};
use crate::near;
use crate::packet::{Packet, Payload};
use crate::service::Service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

/// So many answers are given to one question: a name may stand for several addresses, an application for several services.
pub const MOST_ANSWERS: usize = 256;
/// The longest line of JSON that is read as a question, in bytes.
pub const MAX_QUESTION_BYTES: usize = 16 << 10;

/// "May this reach that, by this?"
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// An address, a host's name, a zone (one address of each part of it that rules tell apart), or `appliance`.
    pub from: String,
    /// The same.
    pub to: String,
    /// `tcp`, `udp`, `icmp` (ICMPv6 between IPv6 addresses), `icmp6`, or a protocol's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proto: Option<String>,
    /// The port of TCP or UDP that it wants to reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The port of UDP that it comes from; it matters for answers to a multicast request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    /// The type of ICMP; the echo request, if nothing is said.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub icmp_type: Option<u8>,
    /// In place of `proto` and `port`: `tcp/443`, `443` (of TCP), `ping`, or an application by its `app_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The appliance's interface that it comes in by, or leaves by where the appliance sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// It belongs to a connection that was open before. It is judged like a new one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub established: bool,
    /// The destination has asked this multicast group a moment ago, from the port `port`, to the port `source_port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub asked: Option<IpAddr>,
}

/// What a question's names are looked up in, beside the plan.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Hosts by name.
    pub hosts: &'a Hosts,
    /// What each application is on the wire.
    pub applications: &'a BTreeMap<String, Application>,
}

impl<'a> Known<'a> {
    /// What a site file knows.
    #[must_use]
    pub const fn of(site: &'a Site) -> Self {
        Self { hosts: &site.hosts, applications: &site.applications }
    }
}

/// A question that cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {what}")]
pub struct Wrong {
    /// The field of the question that is wrong.
    pub field: &'static str,
    /// What is wrong with it.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Wrong {
    fn new(field: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { field, what: what.into(), hint: hint.into() }
    }
}

/// The answer for one packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The verdict, and why.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// What the packet carries: `tcp/443`; a range of ports where all of them get this answer.
    pub service: String,
    /// The interface that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// The answers to one question: the first, and those for the other addresses and services that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// The first.
    #[serde(flatten)]
    pub first: Answer,
    /// The others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Answer>,
}

impl Answers {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Answer> {
        std::iter::once(&self.first).chain(&self.also)
    }
}

/// Reads a question from a line of JSON, at most [`MAX_QUESTION_BYTES`] long.
///
/// # Errors
/// If it is longer, or no question.
pub fn parse(line: &[u8]) -> Result<Question, Wrong> {
    let hint = r#"write it like {"from": "10.0.9.4", "to": "10.20.0.7", "proto": "tcp", "port": 443}"#;
    if line.len() > MAX_QUESTION_BYTES {
        return Err(Wrong::new("question", format!("it is longer than {MAX_QUESTION_BYTES} bytes"), hint));
    }
    serde_json::from_slice(line).map_err(|error| Wrong::new("question", error.to_string(), hint))
}

/// Answers a question. `asked` is what holds beside the documents at the moment; `language` that of rationales.
///
/// # Errors
/// What of the question is wrong, and what to do about it.
pub fn ask(
    evaluator: &Evaluator,
    known: Known<'_>,
    question: &Question,
    asked: &Asked,
    language: &str,
) -> Result<Answers, Wrong> {
    let packets = packets(evaluator, known, question)?;
    let mut answers = packets.into_iter().map(|(packet, range)| {
        let awaited = awaiting(evaluator, question, &packet, asked);
        let mut explanation = explain(evaluator, &packet, awaited.as_ref().unwrap_or(asked), language);
        if question.established {
            explanation.why.push_str("; a connection that was open before is judged like a new one");
        }
        if let Some(range) = range {
            let _ = write!(explanation.why, "; so it is with all of {range}");
        }
        let service = range.map_or_else(|| packet.payload.to_string(), |range| range.to_string());
        Answer { explanation, service, via: packet.interface }
    });
    match answers.next() {
        Some(first) => Ok(Answers { first, also: answers.collect() }),
        None => Err(Wrong::new("to", "nothing is left to be asked", "name an address")),
    }
}

/// What holds if the destination asked a group a moment ago.
fn awaiting(evaluator: &Evaluator, question: &Question, packet: &Packet, asked: &Asked) -> Option<Asked> {
    let group = question.asked.filter(|group| Family::of(*group) == Family::of(packet.to))?;
    let Payload::Udp { source, to } = packet.payload else { return None };
    let payload = Payload::Udp { source: to, to: source };
    let request = Packet { from: packet.to, to: group, payload, interface: None };
    let answer = evaluator.awaits(&request, &evaluator.judge(&request, asked))?;
    let mut asked = asked.clone();
    asked.answers.insert(answer);
    Some(asked)
}

/// The packets that a question stands for: every pair of addresses of one family, with everything that is wanted, and the
/// range of ports that a packet speaks for.
fn packets(
    evaluator: &Evaluator,
    known: Known<'_>,
    question: &Question,
) -> Result<Vec<(Packet, Option<Service>)>, Wrong> {
    let from = addresses("from", &question.from, evaluator, known.hosts)?;
    let to = addresses("to", &question.to, evaluator, known.hosts)?;
    let wanted = wanted::of(question, known.applications)?;
    let wanted: Vec<_> = wanted.into_iter().flat_map(|wanted| wanted.parts(evaluator)).collect();
    let interface = question.via.as_deref().map(|name| interface(name, evaluator)).transpose()?;
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
    let pairs = pairs.filter(|(from, to)| Family::of(*from) == Family::of(*to));
    let mut packets = Vec::new();
    for (from, to) in pairs {
        for wanted in &wanted {
            let Some(payload) = wanted.between(Family::of(from), question) else { continue };
            if packets.len() == MOST_ANSWERS {
                let what = format!("the question stands for more than {MOST_ANSWERS} packets");
                return Err(Wrong::new("to", what, "ask about single addresses and services"));
            }
            packets.push((Packet { from, to, payload, interface: interface.clone() }, wanted.range()));
        }
    }
    if packets.is_empty() {
        return Err(no_family(question, &from, &to));
    }
    Ok(packets)
}

fn addresses(
    field: &'static str,
    name: &str,
    evaluator: &Evaluator,
    hosts: &Hosts,
) -> Result<Vec<IpAddr>, Wrong> {
    let subject = resolve(name, evaluator, hosts)
        .map_err(|unknown| no_name(field, &unknown, name, evaluator, hosts))?;
    let is_source = field == "from";
    let addresses = if is_source { subject.sources(evaluator) } else { subject.addresses(evaluator) };
    if let Some(local) = addresses.iter().find(|address| address.is_loopback()) {
        let what = format!("{local} never leaves its host, so no rule is asked about it");
        return Err(Wrong::new(field, what, "write `appliance`, or the address that it has in its network"));
    }
    if addresses.is_empty() {
        let what = format!("{:?} has no address", short(name));
        return Err(Wrong::new(field, what, "give it one in the site file, or name an address"));
    }
    Ok(addresses)
}

/// What is said of a name that nobody bears.
#[must_use]
pub fn no_name(
    field: &'static str,
    unknown: &Unknown,
    name: &str,
    evaluator: &Evaluator,
    hosts: &Hosts,
) -> Wrong {
    let zones = evaluator.plan().zones.iter().map(|zone| zone.name.as_str());
    let known: Vec<&str> = zones.chain(hosts.keys().map(String::as_str)).chain(["appliance"]).collect();
    let otherwise = if name.contains('/') {
        "name one address of the network: each is asked for itself".to_owned()
    } else {
        "write an address such as 10.0.9.4 or fd12::4, or a name that the site file has under `hosts` or `zones`".to_owned()
    };
    Wrong::new(field, unknown.to_string(), near::hint(name, known, &otherwise))
}

fn interface(name: &str, evaluator: &Evaluator) -> Result<String, Wrong> {
    let bound = evaluator.plan().zones.iter().flat_map(|zone| &zone.interfaces);
    let mut known: Vec<&str> = bound.map(String::as_str).chain(["lo"]).collect();
    if known.contains(&name) || known.len() == 1 {
        return Ok(name.to_owned());
    }
    known.sort_unstable();
    known.dedup();
    let otherwise = format!("the site file's zones have: {}", known.join(", "));
    let what = format!("no zone has the interface {:?}", short(name));
    Err(Wrong::new("via", what, near::hint(name, known, &otherwise)))
}

fn no_family(question: &Question, from: &[IpAddr], to: &[IpAddr]) -> Wrong {
    let only = |addresses: &[IpAddr], family: Family| addresses.iter().all(|one| Family::of(*one) == family);
    let (v4, v6) = (Family::V4, Family::V6);
    if (only(from, v4) && only(to, v6)) || (only(from, v6) && only(to, v4)) {
        let (from, to) = (short(&question.from), short(&question.to));
        let what = format!("{from} and {to} are of different families: no packet goes from one to the other");
        return Wrong::new("to", what, "name two IPv4 addresses or two IPv6 addresses");
    }
    let what = "there is no such packet between addresses of this family";
    Wrong::new("proto", what, "write icmp between IPv4 addresses, icmp6 between IPv6 addresses")
}

/// As much of what was written as is fit to be repeated.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
