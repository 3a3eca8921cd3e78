//! Random policies for the world, and packets that find their rules.

use super::wire::Segment;
use super::world::{DEVICES, OWN, Way, route};
use crate::sample::{self, Dice};
use policy::evaluate::{Asked, Evaluator, Family, Pinhole, is_group};
use policy::packet::{Packet, Path, Payload};
use policy::plan::{Plan, Rule, Zone};
use policy::service::Service;
use std::net::IpAddr;

/// Networks that a zone may have, and the device that leads to them; some are within others.
const NETWORKS: [(&str, usize); 16] = [
    ("10.0.0.0/16", 0),
    ("fd00::/16", 0),
    ("10.0.64.0/18", 0),
    ("fd00:4000::/18", 0),
    ("10.0.64.16/28", 0),
    ("10.1.0.0/16", 1),
    ("fd01::/16", 1),
    ("10.1.128.0/17", 1),
    ("10.1.200.3/32", 1),
    ("fd01:8000::/17", 1),
    ("10.2.0.0/16", 2),
    ("fd02::/16", 2),
    ("0.0.0.0/0", 3),
    ("::/0", 3),
    ("198.51.100.0/24", 3),
    ("2001:db8::/32", 3),
];
const PEERS: [&str; 18] = [
    "10.0.0.9",
    "10.0.64.5",
    "10.0.64.17",
    "10.0.127.255",
    "10.1.0.9",
    "10.1.200.3",
    "10.1.200.4",
    "10.2.0.9",
    "203.0.113.5",
    "198.51.100.77",
    "fd00::9",
    "fd00:4000::5",
    "fd01::9",
    "fd01:8000::3",
    "fd02::9",
    "2001:db8::7",
    "2001:db9::7",
    "fd00:4000::6",
];
const PEOPLE: [&str; 7] = [
    "10.0.64.0/24",
    "10.1.200.2/31",
    "203.0.113.0/24",
    "fd00:4000::4/126",
    "fd01::/17",
    "10.0.0.0/8",
    "10.0.0.1/32",
];

pub fn own() -> Vec<IpAddr> {
    OWN.iter().flat_map(|(v4, v6)| [v4.parse().unwrap(), v6.parse().unwrap()]).collect()
}

pub fn plan(dice: &mut Dice) -> Plan {
    let count = 2 + dice.throw(4);
    let mut zones: Vec<Zone> = (0..count).map(|index| zone(dice, index)).collect();
    if dice.is(2) {
        let world = ["0.0.0.0/0", "::/0"].map(|net| net.parse::<ipnet::IpNet>().unwrap());
        zones[count - 1].networks.extend(world);
        if !zones[count - 1].interfaces.is_empty() {
            zones[count - 1].interfaces.push("e3".into());
        }
    }
    let rules: Vec<Rule> = (0..3 + dice.throw(11)).map(|index| rule(dice, index, count)).collect();
    let mut routed = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        routed.extend(rule.from.iter().filter(|_| !dice.is(3)).map(|from| (*from, rule.to, place)));
    }
    let home = dice.throw(count);
    Plan {
        scenario: "random 1.0.0".into(),
        zones,
        home,
        own: own(),
        rules,
        routed,
        limits: Vec::new(),
        links: Vec::new(),
        urgent: Vec::new(),
    }
}

fn zone(dice: &mut Dice, index: usize) -> Zone {
    let picked: Vec<(&str, usize)> = (0..2 + dice.throw(5)).map(|_| dice.of(&NETWORKS)).collect();
    let mut interfaces: Vec<String> = match dice.throw(8) {
        0 | 1 => Vec::new(),
        2 => vec![dice.of(&DEVICES).to_owned()],
        _ => picked.iter().map(|(_, device)| DEVICES[*device].to_owned()).collect(),
    };
    interfaces.sort();
    interfaces.dedup();
    let networks = picked.iter().map(|(net, _)| net.parse().unwrap()).collect();
    Zone { name: format!("zone{index}"), interfaces, networks, is_choke_point: dice.is(2) }
}

fn rule(dice: &mut Dice, index: usize, zones: usize) -> Rule {
    let mut rule = sample::rule(dice, index, zones);
    if rule.sources.is_some() {
        rule.sources = Some((0..dice.throw(4)).map(|_| dice.of(&PEOPLE).parse().unwrap()).collect());
    }
    // A rule that is about ICMP errors alone is about nothing.
    if dice.is(3) {
        rule.services.push(Service::Echo);
    }
    rule
}

/// A plan that differs a little, or altogether.
pub fn successor(dice: &mut Dice, plan: &Plan) -> Plan {
    if dice.is(4) {
        return self::plan(dice);
    }
    let mut next = plan.clone();
    for _ in 0..1 + dice.throw(4) {
        let place = dice.throw(next.rules.len());
        match dice.throw(4) {
            0 => next.rules[place].action = sample::action(dice),
            1 => next.rules[place].is_shadow = false,
            2 => next.rules[place].services = vec![sample::service(dice)],
            _ => next.rules[place] = rule(dice, place, next.zones.len()),
        }
    }
    next.routed.retain(|_| !dice.is(4));
    next
}

/// A packet with its bytes, and how it comes in.
#[derive(Clone, Debug)]
pub struct Shot {
    pub packet: Packet,
    pub port: u16,
    pub way: Way,
    pub segment: Segment,
}

impl Shot {
    /// What the kernel must do with it.
    pub fn passes(&self, evaluator: &Evaluator, asked: &Asked) -> bool {
        let judgement = evaluator.judge(&self.packet, asked);
        judgement.passes() && judgement.enforced && !self.is_misled(evaluator)
    }

    /// It comes from outside under the appliance's own name; or it would be routed by an interface that does not lead to the
    /// zone that it goes to. The evaluator is asked about neither, and the kernel lets neither through.
    pub fn is_misled(&self, evaluator: &Evaluator) -> bool {
        let own = |address| evaluator.plan().own.contains(&address);
        let is_forged = own(self.packet.from) && matches!(self.way, Way::Wire(_));
        let place = evaluator.places().of(self.packet.to);
        let leads = |zone: usize| {
            let interfaces = &evaluator.plan().zones[zone].interfaces;
            interfaces.is_empty() || interfaces.iter().any(|name| name == route(self.packet.to))
        };
        let goes_through = !own(self.packet.from) && !own(self.packet.to) && !is_group(self.packet.to);
        let is_led_astray =
            goes_through && matches!(place, Some(policy::evaluate::Place::Zone(zone)) if !leads(zone));
        is_forged || is_led_astray
    }

    pub fn family(&self) -> Family {
        Family::of(self.packet.from)
    }
}

/// An address of the world: mostly others', now and then the appliance's.
pub fn address(dice: &mut Dice, family: Family) -> IpAddr {
    let own = own();
    loop {
        let address: IpAddr = if dice.is(3) { dice.of(&own) } else { dice.of(&PEERS).parse().unwrap() };
        if Family::of(address) == family {
            return address;
        }
    }
}

/// Where a packet between these comes in; `None` for what never leaves the appliance.
fn way(dice: &mut Dice, from: IpAddr, to: IpAddr) -> Option<(Way, String)> {
    let own = own();
    if own.contains(&from) && !dice.is(40) {
        if own.contains(&to) {
            return None;
        }
        let device = is_group(to).then(|| dice.of(&DEVICES));
        return Some((Way::Host(device), device.unwrap_or_else(|| route(to)).to_owned()));
    }
    let device = if dice.is(8) { dice.of(&DEVICES) } else { route(from) };
    Some((Way::Wire(device), device.to_owned()))
}

/// A packet between two addresses, if it can be sent.
pub fn shot(
    dice: &mut Dice,
    from: IpAddr,
    to: IpAddr,
    payload: Payload,
    port: u16,
    number: u16,
) -> Option<Shot> {
    let (way, interface) = way(dice, from, to)?;
    // Under a forged name too, what keeps a link working passes: a second bearer of our address must be heard.
    if matches!(way, Way::Wire(_)) && own().contains(&from) && payload.keeps_link_working(Family::of(from)) {
        return None;
    }
    let payload = match payload {
        Payload::Udp { source: 0, to } => Payload::Udp { source: port, to },
        other => other,
    };
    let source = if let Payload::Udp { source, .. } = payload { source } else { port };
    let segment = Segment::first(from, to, payload, source, number);
    let packet = Packet { from, to, payload, interface: Some(interface) };
    Some(Shot { packet, port: source, way, segment })
}

/// A packet of which a rule decides, if one is found soon.
pub fn shot_at(dice: &mut Dice, evaluator: &Evaluator, place: usize, port: u16, number: u16) -> Option<Shot> {
    for _ in 0..60 {
        let family = dice.of(&Family::BOTH);
        let rule = &evaluator.plan().rules[place];
        let groups: Vec<IpAddr> =
            rule.multicast.iter().copied().filter(|to| Family::of(*to) == family).collect();
        let from = address(dice, family);
        let to = if groups.is_empty() || dice.is(2) { address(dice, family) } else { dice.of(&groups) };
        let payload = payload_of(dice, &rule.services, family);
        let Some(shot) = shot(dice, from, to, payload, port, number) else { continue };
        let judgement = evaluator.judge(&shot.packet, &Asked::default());
        let sees = judgement.enforced && !shot.is_misled(evaluator);
        if sees
            && (judgement.rule == Some(place) || evaluator.shadows(&shot.packet, &judgement).contains(&place))
        {
            return Some(shot);
        }
    }
    None
}

fn payload_of(dice: &mut Dice, services: &[Service], family: Family) -> Payload {
    let port = |dice: &mut Dice, ports: policy::service::Ports| {
        let width = usize::from(ports.last() - ports.first());
        ports.first() + u16::try_from(dice.throw(width + 1)).unwrap()
    };
    match dice.of(services) {
        Service::Tcp(ports) => Payload::Tcp(port(dice, ports)),
        Service::Udp(ports) => Payload::Udp { source: 0, to: port(dice, ports) },
        Service::Icmp(kind) if family == Family::V4 => Payload::Icmp(kind),
        Service::Icmp6(kind) if family == Family::V6 => Payload::Icmp6(kind),
        _ => policy::region::speaker(Service::Echo, family),
    }
}

/// Any packet.
pub fn any_shot(dice: &mut Dice, port: u16, number: u16) -> Option<Shot> {
    let family = dice.of(&Family::BOTH);
    let from = address(dice, family);
    let group = dice.of(&sample::GROUPS).parse().unwrap();
    let to = if dice.is(6) && Family::of(group) == family { group } else { address(dice, family) };
    let payload = match (dice.throw(8), family) {
        (0..=2, _) => Payload::Tcp(dice.of(&sample::PORTS)),
        (3..=4, _) => Payload::Udp { source: 0, to: dice.of(&sample::PORTS) },
        (5..=6, Family::V4) => Payload::Icmp(dice.of(&[8, 8, 8, 13, 3, 5])),
        (5..=6, Family::V6) => Payload::Icmp6(dice.of(&[128, 128, 128, 135, 143, 1])),
        (_, Family::V4) => Payload::Other(dice.of(&[2, 47])),
        (_, Family::V6) => Payload::Other(47),
    };
    shot(dice, from, to, payload, port, number)
}

/// What holds beside the policy.
pub fn asked(dice: &mut Dice) -> Asked {
    let mut asked = Asked::default();
    for _ in 0..dice.throw(6) {
        let family = dice.of(&Family::BOTH);
        let payload = match dice.throw(3) {
            0 => policy::region::speaker(Service::Echo, family),
            1 => Payload::Tcp(dice.of(&sample::PORTS)),
            _ => Payload::Udp { source: 0, to: dice.of(&sample::PORTS) },
        };
        let (protocol, port) = payload.key();
        let to = address(dice, family);
        if !own().contains(&to) {
            asked.pinholes.insert(Pinhole { to, protocol, port });
        }
    }
    if dice.is(2) {
        let isolated = Family::BOTH.map(|family| address(dice, family));
        asked.quarantined.extend(isolated.iter().filter(|address| !own().contains(address)));
    }
    asked
}

/// A packet that a pinhole is for.
pub fn shot_through(dice: &mut Dice, hole: Pinhole, port: u16, number: u16) -> Option<Shot> {
    let family = Family::of(hole.to);
    let from = dice.of(&own().into_iter().filter(|own| Family::of(*own) == family).collect::<Vec<_>>());
    let payload = match hole.protocol {
        6 => Payload::Tcp(hole.port),
        17 => Payload::Udp { source: 0, to: hole.port },
        _ => policy::region::speaker(Service::Echo, family),
    };
    shot(dice, from, hole.to, payload, port, number)
}

/// Whether it can be followed in both directions.
pub fn can_be_followed(shot: &Shot, evaluator: &Evaluator) -> bool {
    let judgement = evaluator.judge(&shot.packet, &Asked::default());
    let comes_as_it_goes = match &shot.way {
        Way::Wire(device) => *device == route(shot.packet.from),
        Way::Host(device) => device.is_none(),
    };
    let is_connection = !matches!(shot.packet.payload, Payload::Other(_) | Payload::Icmp(13));
    let path = judgement.path;
    comes_as_it_goes
        && is_connection
        && !is_group(shot.packet.to)
        && matches!(path, Path::Input | Path::Output | Path::Forward | Path::Inside)
        && shot.passes(evaluator, &Asked::default())
}
