//! The evaluator: one packet in, its verdict out. What it says is what the rendered rules do.
//!
//! | module | what it is |
//! |---|---|
//! | [`asked`] | what holds at the moment beside the document |
//! | [`judgement`] | the answer |
//! | [`places`] | addresses to zones |

pub mod asked;
pub mod judgement;
pub mod places;

pub use asked::{Answer, Asked, Pinhole};
pub use judgement::{Cause, Judgement};
pub use places::{Family, Place, Places, is_group};

use crate::document::words::Action;
use crate::packet::{Packet, Path, Payload};
use crate::plan::{Plan, Rule, ZoneIndex};
use places::{is_link_local, number};
use std::net::IpAddr;

/// A plan made ready for questions: rules by pair of zones, networks as disjoint ranges. Judging allocates nothing.
#[derive(Clone, Debug)]
pub struct Evaluator {
    plan: Plan,
    places: Places,
    /// Rules by `from * zones + to`, as places in the plan, rising.
    pairs: Vec<Vec<usize>>,
    /// Rules from the appliance's zone that list groups, rising.
    groups: Vec<usize>,
    /// The networks of each rule's group of people, by the rule's place, as rising ranges of each family.
    sources: Vec<Option<Sources>>,
}

#[derive(Clone, Debug)]
struct Sources([Vec<(u128, u128)>; 2]);

/// A packet with what had to be looked up only once.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) path: Path,
    /// The zone that it comes from.
    pub(crate) from: Option<ZoneIndex>,
    /// The zone that it goes to; for a request to a group from the appliance it depends on the rule.
    pub(crate) to: Option<ZoneIndex>,
    /// It goes to a group of addresses.
    pub(crate) is_group: bool,
    /// It never leaves the appliance.
    pub(crate) is_loop: bool,
}

impl Evaluator {
    /// Makes a plan ready.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let count = plan.zones.len();
        let mut pairs = vec![Vec::new(); count * count];
        for (place, rule) in plan.rules.iter().enumerate() {
            for from in &rule.from {
                if let Some(rules) = pairs.get_mut(from * count + rule.to).filter(|_| rule.to < count) {
                    rules.push(place);
                }
            }
        }
        let asks = |rule: &Rule| rule.from.contains(&plan.home) && !rule.multicast.is_empty();
        let groups = (0..plan.rules.len()).filter(|place| plan.rules.get(*place).is_some_and(asks)).collect();
        let sources = plan.rules.iter().map(|rule| rule.sources.as_deref().map(Sources::new)).collect();
        Self { plan: plan.clone(), places: Places::new(plan), pairs, groups, sources }
    }

    /// The plan that it judges by.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its addresses, by zone.
    #[must_use]
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// What happens to a packet that begins a connection; and so to every packet of that connection, in both directions.
    #[must_use]
    pub fn judge(&self, packet: &Packet, asked: &Asked) -> Judgement {
        let way = self.way(packet);
        if let Some(cause) = self.passes_always(packet, way) {
            return Judgement::pass(way.path, cause);
        }
        if let Some(cause) = self.falls_always(packet, way, asked) {
            return self.held(way, Judgement::drop(way.path, cause));
        }
        if let Some(answer) = self.answered(packet, way, asked) {
            return Judgement::by_rule(way.path, answer.rule, Action::Allow, Cause::Answer);
        }
        if way.path == Path::Output && !way.is_group && is_pinhole(packet, asked) {
            return Judgement::pass(way.path, Cause::Pinhole);
        }
        self.held(way, self.by_rules(packet, way))
    }

    /// What an allowed request to a group lets in.
    #[must_use]
    pub fn awaits(&self, packet: &Packet, judgement: &Judgement) -> Option<Answer> {
        let Payload::Udp { source, to } = packet.payload else { return None };
        let asks =
            judgement.path == Path::Output && judgement.verdict == Action::Allow && is_group(packet.to);
        let rule = judgement.rule.filter(|_| asks && judgement.cause == Cause::Rule)?;
        Some(Answer { to: packet.from, port: source, service: to, rule })
    }

    /// The shadow rules that a packet meets before it is decided about, by their places in the plan.
    #[must_use]
    pub fn shadows(&self, packet: &Packet, judgement: &Judgement) -> Vec<usize> {
        if judgement.shadow.is_none() {
            return Vec::new();
        }
        let way = self.way(packet);
        let until = judgement.decider().unwrap_or(usize::MAX);
        let met = self.candidates(way).iter().copied().take_while(|place| *place < until);
        met.filter(|place| self.rule(*place).is_some_and(|rule| self.matches(*place, rule, packet, way)))
            .collect()
    }

    pub(crate) fn way(&self, packet: &Packet) -> Way {
        let home = self.plan.home;
        let is_group = is_group(packet.to);
        let (from, to) = (self.places.of(packet.from), self.places.of(packet.to));
        let is_lo = packet.interface.as_deref() == Some("lo");
        let zone = |place: Option<Place>| match place {
            Some(Place::Own) => Some(home),
            Some(Place::Zone(index)) => Some(index),
            None => None,
        };
        let (path, to_zone) = match (from, to) {
            (Some(Place::Own), _) => (Path::Output, zone(to)),
            (_, Some(Place::Own)) => (Path::Input, Some(home)),
            _ if is_group => (Path::Input, zone(from)),
            _ if is_link_local(packet.to) => (Path::Input, None),
            _ if zone(from) == zone(to) => (Path::Inside, zone(to)),
            _ => (Path::Forward, zone(to)),
        };
        let is_loop = is_lo || (from == Some(Place::Own) && to == Some(Place::Own));
        Way { path, from: zone(from), to: to_zone, is_group, is_loop }
    }

    fn passes_always(&self, packet: &Packet, way: Way) -> Option<Cause> {
        if way.is_loop {
            return Some(Cause::Loopback);
        }
        let ends_here = matches!(way.path, Path::Input | Path::Output);
        let keeps_link = packet.payload.keeps_link_working(Family::of(packet.from));
        (ends_here && keeps_link && self.is_bound(packet.interface.as_deref())).then_some(Cause::Link)
    }

    fn falls_always(&self, packet: &Packet, way: Way, asked: &Asked) -> Option<Cause> {
        let family = Family::of(packet.from);
        if family != Family::of(packet.to) || !packet.payload.begins_connection(family) {
            return Some(Cause::NoConnection);
        }
        let remote = match way.path {
            Path::Output if way.is_group => None,
            Path::Output => Some(way.to.ok_or(Cause::NoZone)),
            _ => Some(way.from.and_then(|from| way.to.map(|_| from)).ok_or(Cause::NoZone)),
        };
        match remote {
            Some(Err(cause)) => return Some(cause),
            Some(Ok(zone)) if !self.leads_to(packet.interface.as_deref(), zone) => {
                return Some(Cause::Spoofed);
            }
            _ => {}
        }
        (way.path != Path::Output && is_isolated(packet, asked)).then_some(Cause::Quarantined)
    }

    fn answered(&self, packet: &Packet, way: Way, asked: &Asked) -> Option<Answer> {
        let Payload::Udp { source, to } = packet.payload else { return None };
        if way.path != Path::Input || way.is_group || asked.answers.is_empty() {
            return None;
        }
        let fits = |answer: &&Answer| {
            let zone = self.rule(answer.rule).map(|rule| rule.to);
            answer.service == source && zone == way.from
        };
        let first = Answer { to: packet.to, port: to, service: 0, rule: 0 };
        let last = Answer { to: packet.to, port: to, service: u16::MAX, rule: usize::MAX };
        asked.answers.range(first..=last).find(fits).copied()
    }

    fn by_rules(&self, packet: &Packet, way: Way) -> Judgement {
        let mut shadow = None;
        for place in self.candidates(way).iter().copied() {
            let Some(rule) = self.rule(place) else { continue };
            if !self.matches(place, rule, packet, way) {
                continue;
            }
            if rule.is_shadow && rule.action != Action::Allow {
                shadow = shadow.or(Some(place));
                continue;
            }
            let routed =
                way.path != Path::Forward || rule.action != Action::Allow || self.is_routed(way, place);
            let judgement = if routed {
                Judgement::by_rule(way.path, place, rule.action, Cause::Rule)
            } else {
                Judgement::drop(way.path, Cause::NotRouted(place))
            };
            return Judgement { shadow, ..judgement };
        }
        Judgement { shadow, ..Judgement::drop(way.path, Cause::Default) }
    }

    /// The rules that may be about a packet on this way.
    pub(crate) fn candidates(&self, way: Way) -> &[usize] {
        if way.is_group && way.path == Path::Output {
            return &self.groups;
        }
        let place = way.from.zip(way.to).map(|(from, to)| from * self.plan.zones.len() + to);
        place.and_then(|place| self.pairs.get(place)).map_or(&[], Vec::as_slice)
    }

    fn matches(&self, place: usize, rule: &Rule, packet: &Packet, way: Way) -> bool {
        let is_meant = !way.is_group || rule.multicast.contains(&packet.to);
        let leads =
            !way.is_group || way.path != Path::Output || self.leads_to(packet.interface.as_deref(), rule.to);
        is_meant
            && leads
            && rule.services.iter().any(|service| packet.payload.is_of(*service))
            && self.sources_hold(place, packet.from)
    }

    pub(crate) fn sources_hold(&self, place: usize, from: IpAddr) -> bool {
        match self.sources.get(place) {
            Some(Some(sources)) => sources.hold(from),
            _ => true,
        }
    }

    /// Whether the interface, if it is known, is one of the zone's; a zone without interfaces takes any.
    pub(crate) fn leads_to(&self, interface: Option<&str>, zone: ZoneIndex) -> bool {
        let Some(zone) = self.plan.zones.get(zone) else { return false };
        interface
            .is_none_or(|name| zone.interfaces.is_empty() || zone.interfaces.iter().any(|own| own == name))
    }

    fn is_bound(&self, interface: Option<&str>) -> bool {
        (0..self.plan.zones.len()).any(|zone| self.leads_to(interface, zone))
    }

    pub(crate) fn is_routed(&self, way: Way, place: usize) -> bool {
        let is_it = |routed: &&(ZoneIndex, ZoneIndex, usize)| {
            way.from == Some(routed.0) && way.to == Some(routed.1) && routed.2 == place
        };
        self.plan.routed.iter().any(|routed| is_it(&routed))
    }

    /// Inside a zone nothing is enforced unless the appliance is where all of it passes.
    fn held(&self, way: Way, judgement: Judgement) -> Judgement {
        let sees = |zone: ZoneIndex| self.plan.zones.get(zone).is_some_and(|zone| zone.is_choke_point);
        let enforced = way.path != Path::Inside || way.from.is_some_and(sees);
        Judgement { enforced, ..judgement }
    }

    pub(crate) fn rule(&self, place: usize) -> Option<&Rule> {
        self.plan.rules.get(place)
    }
}

fn is_isolated(packet: &Packet, asked: &Asked) -> bool {
    !asked.quarantined.is_empty()
        && (asked.quarantined.contains(&packet.from) || asked.quarantined.contains(&packet.to))
}

fn is_pinhole(packet: &Packet, asked: &Asked) -> bool {
    if asked.pinholes.is_empty() {
        return false;
    }
    let (protocol, port) = packet.payload.key();
    asked.pinholes.contains(&Pinhole { to: packet.to, protocol, port })
}

impl Sources {
    fn new(networks: &[ipnet::IpNet]) -> Self {
        Self(Family::BOTH.map(|family| {
            let of_family = networks.iter().filter(|net| Family::of(net.addr()) == family);
            merge(of_family.map(places::ends).collect())
        }))
    }

    fn hold(&self, address: IpAddr) -> bool {
        let [v4, v6] = &self.0;
        let ranges = if address.is_ipv4() { v4 } else { v6 };
        let wanted = number(address);
        let after = ranges.partition_point(|(first, _)| *first <= wanted);
        after.checked_sub(1).and_then(|before| ranges.get(before)).is_some_and(|(_, last)| wanted <= *last)
    }
}

/// Ranges made disjoint and rising; those that touch become one.
pub(crate) fn merge<N: Ord + Copy + Into<u128>>(mut ranges: Vec<(N, N)>) -> Vec<(N, N)> {
    ranges.sort_unstable();
    let mut merged: Vec<(N, N)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first.into() <= before.1.into().saturating_add(1) => {
                before.1 = before.1.max(last)
            }
            _ => merged.push((first, last)),
        }
    }
    merged
}
