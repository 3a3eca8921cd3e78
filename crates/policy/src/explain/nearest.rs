//! The rule that would have allowed a packet, had something been different.

use crate::document::words::Action;
use crate::evaluate::{Cause, Evaluator, Judgement, is_group};
use crate::packet::{Packet, Path, Payload};
use crate::plan::Rule;
use crate::service::Service;
use serde::Serialize;

/// A rule that nearly allows a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nearest {
    /// Its place in the scenario.
    pub rule: usize,
    /// Its application.
    pub app_id: String,
    /// What is missing, in words.
    pub missing: String,
}

/// What stands between a packet and a rule, and how much it weighs.
struct Gap {
    weight: u32,
    words: String,
}

/// The allowing rule with the least missing; of equal ones the first. `None` where the packet passes, or where no
/// rule shares either its service or its zones.
pub(super) fn find(evaluator: &Evaluator, packet: &Packet, judgement: &Judgement) -> Option<Nearest> {
    if judgement.passes() {
        return None;
    }
    let plan = evaluator.plan();
    let allowing = plan.rules.iter().enumerate().filter(|(_, rule)| rule.action == Action::Allow);
    let near = allowing.filter_map(|(place, rule)| {
        let gaps = gaps(evaluator, packet, judgement, place, rule)?;
        Some((gaps.iter().map(|gap| gap.weight).sum::<u32>(), place, rule, gaps))
    });
    let (_, _, rule, gaps) = near.min_by_key(|(weight, place, ..)| (*weight, *place))?;
    let missing: Vec<String> = gaps.into_iter().map(|gap| gap.words).collect();
    Some(Nearest { rule: rule.index, app_id: rule.app_id.clone(), missing: missing.join("; ") })
}

fn gaps(
    evaluator: &Evaluator,
    packet: &Packet,
    judgement: &Judgement,
    place: usize,
    rule: &Rule,
) -> Option<Vec<Gap>> {
    let service = service_gap(packet.payload, rule);
    let zones = zone_gaps(evaluator, packet, rule);
    if service.is_some() && !zones.is_empty() {
        return None;
    }
    let fits = service.is_none() && zones.is_empty();
    let mut gaps: Vec<Gap> = service.into_iter().chain(zones).collect();
    if !evaluator.sources_hold(place, packet.from) {
        gaps.push(Gap {
            weight: 1,
            words: "it does not come from a network of the rule's group of people".into(),
        });
    }
    if is_group(packet.to) && !rule.multicast.contains(&packet.to) {
        gaps.push(Gap { weight: 1, words: format!("the application does not list the group {}", packet.to) });
    }
    gaps.extend(cause_gap(evaluator, judgement, place, fits));
    let way = evaluator.way(packet);
    if way.path == Path::Forward && !evaluator.is_routed(way, place) {
        gaps.push(Gap {
            weight: 1,
            words: "the appliance routes nothing between these zones for it: go through the appliance, or name it under \
                    `routed` in the site file"
                .into(),
        });
    }
    Some(gaps)
}

fn service_gap(payload: Payload, rule: &Rule) -> Option<Gap> {
    if rule.services.iter().any(|service| payload.is_of(*service)) {
        return None;
    }
    let is_same_protocol = |service: &Service| {
        matches!(
            (payload, service),
            (Payload::Tcp(_), Service::Tcp(_)) | (Payload::Udp { .. }, Service::Udp(_))
        )
    };
    let weight = if rule.services.iter().any(is_same_protocol) { 4 } else { 5 };
    let services: Vec<String> = rule.services.iter().map(ToString::to_string).collect();
    let words = match services.as_slice() {
        [] => "the site file binds the application to no service".into(),
        services => format!("the rule is about {}, not {payload}", services.join(", ")),
    };
    Some(Gap { weight, words })
}

fn zone_gaps(evaluator: &Evaluator, packet: &Packet, rule: &Rule) -> Vec<Gap> {
    let plan = evaluator.plan();
    let way = evaluator.way(packet);
    let name = |zone: Option<usize>| {
        zone.and_then(|zone| plan.zones.get(zone)).map_or("no zone", |zone| zone.name.as_str())
    };
    let mut gaps = Vec::new();
    if !way.from.is_some_and(|from| rule.from.contains(&from)) {
        let wanted: Vec<&str> = rule.from.iter().map(|zone| name(Some(*zone))).collect();
        let words = format!("it comes from {}, the rule is for {}", name(way.from), wanted.join(", "));
        gaps.push(Gap { weight: 2, words });
    }
    let depends_on_rule = way.is_group && way.path == Path::Output;
    if !depends_on_rule && way.to != Some(rule.to) {
        let words = format!("it goes to {}, the rule leads to {}", name(way.to), name(Some(rule.to)));
        gaps.push(Gap { weight: 2, words });
    }
    gaps
}

fn cause_gap(evaluator: &Evaluator, judgement: &Judgement, place: usize, fits: bool) -> Option<Gap> {
    let words = match judgement.cause {
        Cause::Rule if fits => {
            let decider = evaluator.rule(judgement.rule?)?;
            let when = if judgement.rule < Some(place) { "earlier" } else { "later" };
            format!("the {when} rule {} ({}) decides about it first", decider.index, decider.app_id)
        }
        Cause::Spoofed => "it comes by an interface that does not lead to its zone".into(),
        Cause::Quarantined => "one of its ends is quarantined".into(),
        Cause::NoConnection => "no connection begins with such a packet".into(),
        _ => return None,
    };
    Some(Gap { weight: 1, words })
}
