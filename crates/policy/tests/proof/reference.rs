//! A second evaluator, slow and word for word, and the fast one held against it.

use crate::sample::{self, Dice};
use policy::document::words::Action;
use policy::evaluate::{Asked, Evaluator, Family, Pinhole, is_group};
use policy::packet::{Packet, Path, Payload};
use policy::plan::{Plan, Rule};
use std::collections::HashMap;
use std::net::IpAddr;

/// The zone with the longest prefix around an address; the appliance's own addresses are in its home.
fn zone_of(plan: &Plan, address: IpAddr) -> Option<usize> {
    if is_group(address) {
        return None;
    }
    if plan.own.contains(&address) {
        return Some(plan.home);
    }
    let all =
        plan.zones.iter().enumerate().flat_map(|(at, zone)| zone.networks.iter().map(move |net| (net, at)));
    let around = all.filter(|(net, _)| net.contains(&address));
    // Of equal prefixes the first zone's: `max_by_key` would take the last.
    around.rev_max().map(|(_, at)| at)
}

trait RevMax: Iterator {
    fn rev_max(self) -> Option<Self::Item>;
}

impl<'a, I: Iterator<Item = (&'a ipnet::IpNet, usize)>> RevMax for I {
    fn rev_max(self) -> Option<Self::Item> {
        let mut all: Vec<_> = self.collect();
        all.sort_by_key(|(net, at)| (std::cmp::Reverse(net.prefix_len()), *at));
        all.first().copied()
    }
}

fn takes(plan: &Plan, zone: usize, interface: Option<&String>) -> bool {
    let interfaces = &plan.zones[zone].interfaces;
    interface.is_none_or(|name| interfaces.is_empty() || interfaces.contains(name))
}

fn matches(plan: &Plan, rule: &Rule, packet: &Packet, path: Path) -> bool {
    let from = zone_of(plan, packet.from);
    let zones = if is_group(packet.to) {
        rule.multicast.contains(&packet.to)
            && match path {
                Path::Output => takes(plan, rule.to, packet.interface.as_ref()),
                _ => Some(rule.to) == from,
            }
    } else {
        zone_of(plan, packet.to) == Some(rule.to)
    };
    from.is_some_and(|from| rule.from.contains(&from))
        && zones
        && rule.services.iter().any(|service| packet.payload.is_of(*service))
        && rule.sources.as_ref().is_none_or(|nets| nets.iter().any(|net| net.contains(&packet.from)))
}

fn path_of(plan: &Plan, packet: &Packet) -> Path {
    let link_local = match packet.to {
        IpAddr::V4(to) => to.is_link_local(),
        IpAddr::V6(to) => to.is_unicast_link_local(),
    };
    if plan.own.contains(&packet.from) {
        Path::Output
    } else if plan.own.contains(&packet.to) || is_group(packet.to) || link_local {
        Path::Input
    } else if zone_of(plan, packet.from) == zone_of(plan, packet.to) {
        Path::Inside
    } else {
        Path::Forward
    }
}

/// The verdict and the rule's place.
pub fn judge(plan: &Plan, packet: &Packet, asked: &Asked) -> (Action, Option<usize>) {
    let path = path_of(plan, packet);
    let own = |address| plan.own.contains(&address);
    if packet.interface.as_deref() == Some("lo") || own(packet.from) && own(packet.to) {
        return (Action::Allow, None);
    }
    let family = Family::of(packet.from);
    let local = matches!(path, Path::Input | Path::Output);
    let bound = (0..plan.zones.len()).any(|zone| takes(plan, zone, packet.interface.as_ref()));
    if local && bound && packet.payload.keeps_link_working(family) {
        return (Action::Allow, None);
    }
    if family != Family::of(packet.to) || !packet.payload.begins_connection(family) {
        return (Action::Drop, None);
    }
    let to_is_reached = !matches!(packet.to, IpAddr::V4(_) | IpAddr::V6(_) if path == Path::Input)
        || own(packet.to)
        || is_group(packet.to);
    let remote = if path == Path::Output { zone_of(plan, packet.to) } else { zone_of(plan, packet.from) };
    let known = path == Path::Output && is_group(packet.to)
        || remote.is_some() && (is_group(packet.to) || zone_of(plan, packet.to).is_some());
    let spoofed = remote.is_some_and(|zone| !takes(plan, zone, packet.interface.as_ref()));
    let isolated = [packet.from, packet.to].iter().any(|end| asked.quarantined.contains(end));
    if !known || !to_is_reached || spoofed || isolated && path != Path::Output {
        return (Action::Drop, None);
    }
    if let (Payload::Udp { source, to }, Path::Input) = (packet.payload, path) {
        let answer = asked.answers.iter().find(|answer| {
            (answer.to, answer.port, answer.service) == (packet.to, to, source)
                && Some(plan.rules[answer.rule].to) == remote
        });
        if let Some(answer) = answer {
            return (Action::Allow, Some(answer.rule));
        }
    }
    let (protocol, port) = packet.payload.key();
    if path == Path::Output
        && !is_group(packet.to)
        && asked.pinholes.contains(&Pinhole { to: packet.to, protocol, port })
    {
        return (Action::Allow, None);
    }
    let routed = |place| {
        let pair = zone_of(plan, packet.from).zip(zone_of(plan, packet.to));
        pair.is_some_and(|(from, to)| plan.routed.contains(&(from, to, place)))
    };
    for (place, rule) in plan.rules.iter().enumerate().filter(|(_, rule)| matches(plan, rule, packet, path)) {
        match rule.action {
            Action::Allow if path == Path::Forward && !routed(place) => return (Action::Drop, None),
            Action::Allow => return (Action::Allow, Some(place)),
            _ if rule.is_shadow => {}
            action => return (action, Some(place)),
        }
    }
    (Action::Drop, None)
}

#[test]
fn the_evaluator_says_what_the_words_say() {
    let mut seen: HashMap<(Path, Action), usize> = HashMap::new();
    for seed in 0..600 {
        let mut dice = Dice::new(seed);
        let plan = sample::plan(&mut dice);
        let evaluator = Evaluator::new(&plan);
        for _ in 0..300 {
            let packet = sample::packet(&mut dice);
            let asked = if dice.is(2) { Asked::default() } else { sample::asked(&mut dice, &plan) };
            let judgement = evaluator.judge(&packet, &asked);
            let wanted = judge(&plan, &packet, &asked);
            assert_eq!(
                (judgement.verdict, judgement.rule),
                wanted,
                "seed {seed}: {packet:?} {asked:?}\n{judgement:?}\n{plan:#?}"
            );
            assert_eq!(judgement.path, path_of(&plan, &packet), "seed {seed}: {packet:?}");
            *seen.entry((judgement.path, judgement.verdict)).or_default() += 1;
        }
    }
    for path in [Path::Input, Path::Output, Path::Forward, Path::Inside] {
        for action in [Action::Allow, Action::Drop, Action::Reject] {
            assert!(
                seen.get(&(path, action)).is_some_and(|count| *count > 50),
                "{path:?} {action:?}: {seen:?}"
            );
        }
    }
}
