//! A judgement in words: why, by which rule and for what reason, and what is missing where it does not pass.

mod nearest;

pub use nearest::Nearest;

use crate::document::words::{Action, Text};
use crate::evaluate::{Asked, Cause, Evaluator, Judgement, Place};
use crate::packet::{Packet, Path};
use crate::plan::Rule;
use serde::Serialize;
use std::net::IpAddr;

/// The answer to "may this packet pass?", for people and for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What happens.
    pub verdict: Action,
    /// The rule of the scenario that decided, counted from 0; `null` where none did.
    pub rule: Option<usize>,
    /// Its application.
    pub app_id: Option<String>,
    /// Why, in one or two sentences.
    pub why: String,
    /// The rule's own reason, as its author wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// On which way.
    pub path: Path,
    /// Whether the appliance can hold it to that.
    pub enforced: bool,
    /// Where it comes from.
    pub from: End,
    /// Where it wants to go.
    pub to: End,
    /// Rules that would have kept it from passing, were they not on trial.
    pub shadow: Vec<Shadow>,
    /// Where it does not pass: the rule that would have allowed it, had something been different.
    pub nearest: Option<Nearest>,
}

/// One end of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// Its address.
    pub address: IpAddr,
    /// Its zone.
    pub zone: Option<String>,
    /// Whether it is the appliance.
    pub appliance: bool,
}

/// A rule that only logs what it would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shadow {
    /// Its place in the scenario.
    pub rule: usize,
    /// Its application.
    pub app_id: String,
    /// What it would do.
    pub would: Action,
}

/// Judges a packet and says why, with rationales in the language that is asked for, or the first that there is.
#[must_use]
pub fn explain(evaluator: &Evaluator, packet: &Packet, asked: &Asked, language: &str) -> Explanation {
    let judgement = evaluator.judge(packet, asked);
    let rule = judgement.rule.and_then(|place| evaluator.rule(place));
    let shadows = evaluator.shadows(packet, &judgement);
    let shadow = shadows.into_iter().filter_map(|place| evaluator.rule(place)).map(|rule| Shadow {
        rule: rule.index,
        app_id: rule.app_id.clone(),
        would: rule.action,
    });
    Explanation {
        verdict: judgement.verdict,
        rule: rule.map(|rule| rule.index),
        app_id: rule.map(|rule| rule.app_id.clone()),
        why: why(evaluator, packet, &judgement),
        rationale: rule.and_then(|rule| in_language(&rule.rationale, language)),
        path: judgement.path,
        enforced: judgement.enforced,
        from: end(evaluator, packet.from),
        to: end(evaluator, packet.to),
        shadow: shadow.collect(),
        nearest: nearest::find(evaluator, packet, &judgement),
    }
}

/// A text in a language: that of the tag, or of its first part, or English, or the first that there is.
#[must_use]
pub fn in_language(text: &Text, language: &str) -> Option<String> {
    let broad = language.split('-').next().unwrap_or(language);
    let found = text.get(language).or_else(|| text.get(broad)).or_else(|| text.get("en"));
    found.or_else(|| text.values().next()).cloned()
}

fn end(evaluator: &Evaluator, address: IpAddr) -> End {
    let place = evaluator.places().of(address);
    let zone = place.map(|place| match place {
        Place::Own => evaluator.plan().home,
        Place::Zone(zone) => zone,
    });
    End {
        address,
        zone: zone.and_then(|zone| evaluator.plan().zones.get(zone)).map(|zone| zone.name.clone()),
        appliance: place == Some(Place::Own),
    }
}

fn why(evaluator: &Evaluator, packet: &Packet, judgement: &Judgement) -> String {
    let rule = judgement.rule.and_then(|place| evaluator.rule(place));
    let mut text = match (judgement.cause, rule) {
        (Cause::Rule, Some(rule)) => by_rule(evaluator, packet, rule),
        (Cause::Answer, Some(rule)) => format!(
            "it answers a request to a group that rule {} ({}) allowed within the last {} seconds",
            rule.index,
            rule.app_id,
            crate::evaluate::asked::ANSWER_SECONDS
        ),
        (Cause::NotRouted(place), _) => not_routed(evaluator, place),
        (cause, _) => plainly(cause, evaluator, packet).to_owned(),
    };
    if judgement.path == Path::Inside && !judgement.enforced {
        text.push_str(
            "; but both ends are in one zone, whose members reach each other without the appliance",
        );
    }
    text
}

fn by_rule(evaluator: &Evaluator, packet: &Packet, rule: &Rule) -> String {
    let verb = match rule.action {
        Action::Allow => "allows",
        Action::Drop => "drops",
        Action::Reject => "rejects",
    };
    let people = if rule.sources.is_some() { " for its group of people" } else { "" };
    let zone = |end: End| if end.appliance { "the appliance".into() } else { end.zone.unwrap_or_default() };
    let from = zone(end(evaluator, packet.from));
    let to = if crate::evaluate::is_group(packet.to) {
        format!("the group {}", packet.to)
    } else {
        zone(end(evaluator, packet.to))
    };
    format!("rule {} ({}) {verb} {} from {from} to {to}{people}", rule.index, rule.app_id, packet.payload)
}

fn not_routed(evaluator: &Evaluator, place: usize) -> String {
    let (index, app) = evaluator.rule(place).map_or((0, ""), |rule| (rule.index, rule.app_id.as_str()));
    format!(
        "rule {index} ({app}) allows it by the document, but the appliance routes nothing between these zones: it can be \
         had through the appliance itself, or by naming the application under `routed` in the site file"
    )
}

fn plainly(cause: Cause, evaluator: &Evaluator, packet: &Packet) -> &'static str {
    match cause {
        Cause::Loopback => "it never leaves the appliance",
        Cause::Link => "neighbour discovery and group membership always pass: no address works without them",
        Cause::Pinhole => "a short-lived opening from the appliance lets it through",
        Cause::Quarantined => "one of its ends is quarantined: nobody but the appliance may talk to it",
        Cause::Spoofed => "its interface does not lead to its zone: its address is taken for forged",
        Cause::NoZone => {
            let place = |address| evaluator.places().of(address);
            match (place(packet.from), place(packet.to)) {
                (None, Some(_)) => "its source is in no zone, and what no rule allows does not pass",
                _ => "its destination is in no zone, and what no rule allows does not pass",
            }
        }
        Cause::NoConnection => {
            "no connection begins with such a packet; if it belongs to one, it is judged by that one's first packet"
        }
        _ => "no rule allows it, and what no rule allows does not pass",
    }
}
