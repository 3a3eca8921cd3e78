//! Random plans and packets, the same for the same seed.

use policy::document::words::Action;
use policy::evaluate::{Answer, Asked, Family, Pinhole};
use policy::packet::{Packet, Payload};
use policy::plan::{Log, Plan, Rule, Zone};
use policy::service::{Ports, Service};
use std::net::IpAddr;

/// SplitMix64: small, and the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635)
    }

    pub fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    pub fn is(&mut self, one_in: usize) -> bool {
        self.throw(one_in) == 0
    }

    pub fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.throw(items.len())]
    }
}

const NETWORKS: [&str; 18] = [
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.0.0.0/24",
    "10.0.0.64/26",
    "10.0.0.80/30",
    "10.0.1.0/24",
    "10.0.1.7/32",
    "0.0.0.0/0",
    "0.0.0.0/1",
    "240.0.0.0/4",
    "fd00::/16",
    "fd00::/64",
    "fd00::40/122",
    "fd00::47/128",
    "fd00:1::/64",
    "::/0",
    "8000::/1",
    "ff00::/8",
];
pub const GROUPS: [&str; 4] = ["239.255.255.253", "255.255.255.255", "ff02::116", "ff05::1:3"];
pub const PORTS: [u16; 12] = [0, 22, 23, 80, 80, 443, 443, 427, 5988, 5989, 40000, 65535];
const PEOPLE: [&str; 6] =
    ["10.0.0.64/28", "10.0.0.0/17", "10.0.1.7/32", "fd00::/80", "fd00::47/128", "0.0.0.0/0"];
const INTERFACES: [&str; 4] = ["eth0", "eth1", "eth2", "eth3"];

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn plan(dice: &mut Dice) -> Plan {
    let count = 2 + dice.throw(4);
    let zones: Vec<Zone> = (0..count).map(|index| zone(dice, index)).collect();
    let rules: Vec<Rule> = (0..dice.throw(12)).map(|index| rule(dice, index, count)).collect();
    let own = ["10.0.0.1", "10.0.1.1", "10.9.9.9", "fd00::1", "fd00:1::1", "2001:db8::1"];
    let own = own.iter().filter(|_| !dice.is(3)).map(|address| parsed(address)).collect();
    let mut routed: Vec<(usize, usize, usize)> = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        routed.extend(rule.from.iter().filter(|_| dice.is(2)).map(|from| (*from, rule.to, place)));
    }
    Plan {
        scenario: "random 1.0.0".into(),
        zones,
        home: dice.throw(count),
        own,
        rules,
        routed,
        limits: Vec::new(),
        links: Vec::new(),
        urgent: Vec::new(),
    }
}

fn zone(dice: &mut Dice, index: usize) -> Zone {
    let networks = (0..1 + dice.throw(4)).map(|_| parsed(dice.of(&NETWORKS))).collect();
    let interfaces = (0..dice.throw(3)).map(|_| dice.of(&INTERFACES).to_owned()).collect();
    Zone { name: format!("zone{index}"), interfaces, networks, is_choke_point: dice.is(2) }
}

pub fn action(dice: &mut Dice) -> Action {
    dice.of(&[Action::Allow, Action::Allow, Action::Allow, Action::Drop, Action::Reject])
}

pub fn rule(dice: &mut Dice, index: usize, zones: usize) -> Rule {
    let mut from: Vec<usize> = (0..zones).filter(|_| dice.is(2)).collect();
    if from.is_empty() {
        from.push(dice.throw(zones));
    }
    let sources = dice.is(4).then(|| (0..dice.throw(3)).map(|_| parsed(dice.of(&PEOPLE))).collect());
    let groups = if dice.is(3) { 1 + dice.throw(2) } else { 0 };
    Rule {
        index,
        app_id: format!("app{index}"),
        action: action(dice),
        from,
        to: dice.throw(zones),
        sources,
        services: (0..1 + dice.throw(3)).map(|_| service(dice)).collect(),
        multicast: (0..groups).map(|_| parsed(dice.of(&GROUPS))).collect(),
        log: Log { at_start: dice.is(2), at_end: false, is_high: dice.is(4), per_second: None },
        is_shadow: dice.is(6),
        class: Default::default(),
        is_clear_text: dice.is(4),
        rationale: [("en".to_owned(), format!("reason {index}"))].into(),
    }
}

pub fn ports(dice: &mut Dice) -> Ports {
    let (a, b) = (dice.of(&PORTS), dice.of(&PORTS));
    if dice.is(3) { Ports::new(a.min(b), a.max(b)).unwrap() } else { Ports::new(a, a).unwrap() }
}

pub fn service(dice: &mut Dice) -> Service {
    match dice.throw(7) {
        0..=2 => Service::Tcp(ports(dice)),
        3 | 4 => Service::Udp(ports(dice)),
        5 => Service::Echo,
        _ => dice.of(&[Service::Icmp(8), Service::Icmp(13), Service::Icmp(3), Service::Icmp6(128)]),
    }
}

const ADDRESSES: [&str; 26] = [
    "10.0.0.1",
    "10.0.1.1",
    "10.9.9.9",
    "10.0.0.0",
    "10.0.0.63",
    "10.0.0.64",
    "10.0.0.79",
    "10.0.0.80",
    "10.0.0.255",
    "10.0.1.7",
    "10.1.2.3",
    "11.0.0.0",
    "127.255.255.255",
    "169.254.1.1",
    "0.0.0.0",
    "255.255.255.254",
    "fd00::1",
    "fd00:1::1",
    "fd00::2",
    "fd00::47",
    "fd00::7f",
    "fd00:1::2",
    "2001:db8::1",
    "2001:db8::2",
    "fe80::1",
    "8000::",
];

pub fn address(dice: &mut Dice, family: Family) -> IpAddr {
    loop {
        let text = if dice.is(6) { dice.of(&GROUPS) } else { dice.of(&ADDRESSES) };
        let address = parsed(text);
        if Family::of(address) == family {
            return address;
        }
    }
}

pub fn packet(dice: &mut Dice) -> Packet {
    let family = dice.of(&Family::BOTH);
    let from = address(dice, family);
    let other = if dice.is(50) { dice.of(&Family::BOTH) } else { family };
    let to = address(dice, other);
    let port = |dice: &mut Dice| dice.of(&PORTS).saturating_add(u16::try_from(dice.throw(2)).unwrap());
    let payload = match dice.throw(8) {
        0..=2 => Payload::Tcp(port(dice)),
        3 | 4 => Payload::Udp { source: port(dice), to: port(dice) },
        5 => Payload::Icmp(dice.of(&[8, 8, 13, 3, 5])),
        6 => Payload::Icmp6(dice.of(&[128, 128, 135, 143, 1])),
        _ => Payload::Other(dice.of(&[2, 47])),
    };
    let interface = match dice.throw(10) {
        0 => Some("lo".to_owned()),
        1..=4 => Some(dice.of(&INTERFACES).to_owned()),
        _ => None,
    };
    Packet { from, to, payload, interface }
}

pub fn asked(dice: &mut Dice, plan: &Plan) -> Asked {
    let mut asked = Asked::default();
    for _ in 0..dice.throw(4) {
        let family = dice.of(&Family::BOTH);
        asked.pinholes.insert(Pinhole {
            to: address(dice, family),
            protocol: dice.of(&[6, 6, 17]),
            port: dice.of(&PORTS),
        });
    }
    if dice.is(3) {
        asked.quarantined.insert(address(dice, Family::V4));
        asked.quarantined.insert(address(dice, Family::V6));
    }
    for _ in 0..dice.throw(8) {
        if let (Some(to), false) = (plan.own.first(), plan.rules.is_empty()) {
            asked.answers.insert(Answer {
                to: *to,
                port: dice.of(&PORTS),
                service: dice.of(&PORTS),
                rule: dice.throw(plan.rules.len()),
            });
        }
    }
    asked
}
