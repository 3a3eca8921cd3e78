//! All packets at once: addresses that every rule treats alike form a class, services a piece, and one judgement speaks
//! for all packets of a class pair and a piece. So answers about everything are exact, not sampled.
//!
//! | module | what it is |
//! |---|---|
//! | [`addresses`] | ranges of addresses, and how they are written |
//! | [`product`] | what was found, put together into as few rows as can be |

pub mod addresses;
pub(crate) mod product;

pub use addresses::{AddressRange, Addresses};

use crate::evaluate::places::{Place, ends, is_link_local, number};
use crate::evaluate::{Asked, Evaluator, Family, Judgement, is_group};
use crate::packet::{Packet, Payload};
use crate::service::{Ports, Service};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of one family that all rules of all the plans treat alike.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// One of them.
    pub(crate) speaker: IpAddr,
    /// Where they stand, by plan.
    pub(crate) places: Vec<Option<Place>>,
    /// All of them.
    pub(crate) addresses: Addresses,
}

/// Whether something may come from them, and whether something may go to them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Source,
    Target,
}

/// The classes of a family, as far as a packet can pass from or to them.
pub(crate) fn classes(evaluators: &[&Evaluator], family: Family, role: Role, extra: &[IpAddr]) -> Vec<Class> {
    let starts: Vec<u128> = cuts(evaluators, family, role, extra).into_iter().collect();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([family.last()]);
    let mut found: BTreeMap<Signature, Class> = BTreeMap::new();
    for (first, last) in starts.iter().copied().zip(ends) {
        let speaker = family.address(first);
        let signature = Signature::of(evaluators, speaker, role, extra);
        if !signature.can_pass() {
            continue;
        }
        let places = signature.places.clone();
        let class = found.entry(signature);
        let class = class.or_insert_with(|| Class { speaker, places, addresses: Addresses::default() });
        class.addresses.push(family, first, last);
    }
    found.into_values().collect()
}

/// What tells addresses apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    places: Vec<Option<Place>>,
    /// Whose groups of people it is in, by plan and rule; for a target whether it is good on one link only.
    marks: Vec<bool>,
    /// Itself, where it was asked for or is a group that a rule lists.
    alone: Option<u128>,
    is_listed_group: bool,
}

impl Signature {
    fn of(evaluators: &[&Evaluator], address: IpAddr, role: Role, extra: &[IpAddr]) -> Self {
        let places = evaluators.iter().map(|evaluator| evaluator.places().of(address)).collect();
        let is_listed_group = role == Role::Target
            && is_group(address)
            && rules(evaluators).any(|(_, _, rule)| rule.multicast.contains(&address));
        let marks = match role {
            Role::Source => rules(evaluators)
                .filter(|(_, _, rule)| rule.sources.is_some())
                .map(|(evaluator, place, _)| evaluator.sources_hold(place, address))
                .collect(),
            Role::Target => vec![is_link_local(address)],
        };
        let alone = (is_listed_group || extra.contains(&address)).then(|| number(address));
        Self { places, marks, alone, is_listed_group }
    }

    fn can_pass(&self) -> bool {
        self.is_listed_group || self.places.iter().any(Option::is_some)
    }
}

/// The first addresses of ranges within which nothing changes.
fn cuts(evaluators: &[&Evaluator], family: Family, role: Role, extra: &[IpAddr]) -> BTreeSet<u128> {
    let mut starts = BTreeSet::from([0]);
    let mut cut = |first: u128, last: u128| {
        starts.insert(first);
        starts.extend(last.checked_add(1).filter(|next| *next <= family.last()));
    };
    for evaluator in evaluators {
        for range in evaluator.places().ranges(family) {
            cut(range.first, range.last);
        }
    }
    for (_, _, rule) in rules(evaluators) {
        let sources = rule.sources.iter().flatten().filter(|_| role == Role::Source);
        for (first, last) in sources.filter(|net| Family::of(net.addr()) == family).map(ends) {
            cut(first, last);
        }
        for group in rule.multicast.iter().filter(|group| Family::of(**group) == family) {
            cut(number(*group), number(*group));
        }
    }
    for address in extra.iter().filter(|address| Family::of(**address) == family) {
        cut(number(*address), number(*address));
    }
    for (first, last) in special(family) {
        cut(number(first), number(last));
    }
    starts
}

/// Addresses that are judged by what they are: groups, and those good on one link only.
fn special(family: Family) -> Vec<(IpAddr, IpAddr)> {
    let v4 = |first: [u8; 4], last: [u8; 4]| (Ipv4Addr::from(first).into(), Ipv4Addr::from(last).into());
    let v6 = |prefix: u16, mask: u16| {
        let first = Ipv6Addr::new(prefix, 0, 0, 0, 0, 0, 0, 0);
        let last = Ipv6Addr::from(u128::from(first) | (u128::MAX >> 16) | (u128::from(!mask) << 112));
        (first.into(), last.into())
    };
    match family {
        Family::V4 => vec![
            v4([169, 254, 0, 0], [169, 254, 255, 255]),
            v4([224, 0, 0, 0], [239, 255, 255, 255]),
            v4([255; 4], [255; 4]),
        ],
        Family::V6 => vec![v6(0xfe80, 0xffc0), v6(0xff00, 0xff00)],
    }
}

fn rules<'a>(
    evaluators: &'a [&'a Evaluator],
) -> impl Iterator<Item = (&'a Evaluator, usize, &'a crate::plan::Rule)> {
    evaluators.iter().flat_map(|evaluator| {
        evaluator.plan().rules.iter().enumerate().map(|(place, rule)| (*evaluator, place, rule))
    })
}

/// All services of a family that some rule is about, cut where any rule's begins or ends.
pub(crate) fn pieces(evaluators: &[&Evaluator], family: Family) -> Vec<Service> {
    let services: Vec<Service> = rules(evaluators).flat_map(|(_, _, rule)| rule.services.clone()).collect();
    let ports = |of: fn(&Service) -> Option<Ports>| cut_ports(services.iter().filter_map(of));
    let (tcp, udp) = (ports(tcp), ports(udp));
    let icmp: BTreeSet<Service> = services.iter().filter_map(|service| icmp_of(*service, family)).collect();
    tcp.into_iter().map(Service::Tcp).chain(udp.into_iter().map(Service::Udp)).chain(icmp).collect()
}

fn icmp_of(service: Service, family: Family) -> Option<Service> {
    match (service, family) {
        (Service::Icmp(_), Family::V4) | (Service::Icmp6(_), Family::V6) => Some(service),
        (Service::Echo, Family::V4) => Some(Service::Icmp(Service::ECHO)),
        (Service::Echo, Family::V6) => Some(Service::Icmp6(Service::ECHO6)),
        _ => None,
    }
}

fn cut_ports(ports: impl Iterator<Item = Ports>) -> Vec<Ports> {
    let wanted: Vec<Ports> = ports.collect();
    let edges = wanted.iter().flat_map(|ports| [u32::from(ports.first()), u32::from(ports.last()) + 1]);
    let edges: Vec<u32> = edges.collect::<BTreeSet<u32>>().into_iter().collect();
    let pieces = edges
        .iter()
        .zip(edges.iter().skip(1))
        .filter_map(|(first, next)| Ports::new(u16::try_from(*first).ok()?, u16::try_from(next - 1).ok()?));
    pieces.filter(|piece| wanted.iter().any(|ports| ports.covers(*piece))).collect()
}

/// A service in parts within which no rule tells one port from another: what holds of a part's first port holds of all of it.
#[must_use]
pub fn parts(evaluator: &Evaluator, service: Service) -> Vec<Service> {
    let cut = |whole: Ports, kind: fn(Ports) -> Service, of: fn(&Service) -> Option<Ports>| {
        let services = evaluator.plan().rules.iter().flat_map(|rule| &rule.services);
        let cuts = services.filter_map(of).filter_map(|ports| ports.and(whole));
        cut_ports(cuts.chain([whole])).into_iter().map(kind).collect()
    };
    match service {
        Service::Tcp(ports) if !ports.is_single() => cut(ports, Service::Tcp, tcp),
        Service::Udp(ports) if !ports.is_single() => cut(ports, Service::Udp, udp),
        _ => vec![service],
    }
}

const fn tcp(service: &Service) -> Option<Ports> {
    if let Service::Tcp(ports) = service { Some(*ports) } else { None }
}

const fn udp(service: &Service) -> Option<Ports> {
    if let Service::Udp(ports) = service { Some(*ports) } else { None }
}

/// What one packet of a class pair and a piece meets, and so all of them.
pub(crate) fn judge(evaluator: &Evaluator, from: &Class, to: &Class, piece: Service) -> Judgement {
    let payload = speaker(piece, Family::of(from.speaker));
    let packet = Packet { from: from.speaker, to: to.speaker, payload, interface: None };
    evaluator.judge(&packet, &Asked::default())
}

/// A packet of a service; of several ports to the first, so ask for each of its [`parts`].
#[must_use]
pub fn speaker(service: Service, family: Family) -> Payload {
    match (service, family) {
        (Service::Tcp(ports), _) => Payload::Tcp(ports.first()),
        (Service::Udp(ports), _) => Payload::Udp { source: 0, to: ports.first() },
        (Service::Icmp(kind), _) => Payload::Icmp(kind),
        (Service::Icmp6(kind), _) => Payload::Icmp6(kind),
        (Service::Echo, Family::V4) => Payload::Icmp(Service::ECHO),
        (Service::Echo, Family::V6) => Payload::Icmp6(Service::ECHO6),
    }
}
