//! What was found for class pairs and pieces, put together into as few rows as can be without saying more than was found.

use super::addresses::Addresses;
use crate::evaluate::{Family, merge};
use crate::service::{Ports, Service};
use std::collections::BTreeMap;

/// All packets from any of these, to any of those of the same family, for any of the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product<K> {
    /// What they have in common.
    pub(crate) key: K,
    pub(crate) from: Addresses,
    pub(crate) to: Addresses,
    pub(crate) services: Vec<Service>,
}

/// Sources and targets.
type Pair = (Addresses, Addresses);

/// Gathers what was found.
pub(crate) struct Gathering<K> {
    /// By key, and by the two sets of addresses.
    found: BTreeMap<(K, Addresses, Addresses), Vec<Service>>,
}

impl<K: Ord + Clone> Gathering<K> {
    pub(crate) const fn new() -> Self {
        Self { found: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, key: K, from: &Addresses, to: &Addresses, piece: Service) {
        self.found.entry((key, from.clone(), to.clone())).or_default().push(piece);
    }

    /// The rows, by key.
    pub(crate) fn rows(self) -> Vec<Product<K>> {
        let rows = self.found.into_iter().map(|((key, from, to), pieces)| ((key, tidy(&pieces)), from, to));
        // First what differs in its targets alone, then what differs in its sources alone, and last the two families.
        let rows = join(rows.map(|(key, from, to)| ((key, from), to)));
        let rows = join(rows.into_iter().map(|((key, from), to)| ((key, to), from)));
        let mut whole: BTreeMap<(K, Vec<Service>), Vec<Pair>> = BTreeMap::new();
        for ((key, to), from) in rows {
            let pairs = whole.entry(key).or_default();
            let fits = |pair: &&mut Pair| {
                Family::BOTH.iter().any(|family| is_only(&pair.0, *family) && !overlaps(&from, *family))
            };
            match pairs.iter_mut().find(fits) {
                Some(pair) => *pair = (pair.0.and(&from), pair.1.and(&to)),
                None => pairs.push((from, to)),
            }
        }
        let rows = whole.into_iter().flat_map(|((key, services), pairs)| {
            pairs.into_iter().map(move |(from, to)| Product {
                key: key.clone(),
                from,
                to,
                services: services.clone(),
            })
        });
        rows.collect()
    }
}

fn is_only(addresses: &Addresses, family: Family) -> bool {
    *addresses == addresses.of_family(family)
}

fn overlaps(addresses: &Addresses, family: Family) -> bool {
    addresses.of_family(family) != Addresses::default()
}

fn join<K: Ord>(rows: impl Iterator<Item = (K, Addresses)>) -> BTreeMap<K, Addresses> {
    let mut joined: BTreeMap<K, Addresses> = BTreeMap::new();
    for (key, addresses) in rows {
        let all = joined.entry(key).or_default();
        *all = all.and(&addresses);
    }
    joined
}

/// Pieces that touch become one; an echo request is named the same in both families.
fn tidy(pieces: &[Service]) -> Vec<Service> {
    let ports = |of: fn(&Service) -> Option<Ports>| {
        let wanted = pieces.iter().filter_map(of).map(|ports| (ports.first(), ports.last()));
        merge(wanted.collect()).into_iter().filter_map(|(first, last)| Ports::new(first, last))
    };
    let tcp = ports(|service| if let Service::Tcp(ports) = service { Some(*ports) } else { None });
    let udp = ports(|service| if let Service::Udp(ports) = service { Some(*ports) } else { None });
    let icmp = pieces.iter().filter_map(|service| match service {
        Service::Tcp(_) | Service::Udp(_) => None,
        Service::Icmp(Service::ECHO) | Service::Icmp6(Service::ECHO6) => Some(Service::Echo),
        other => Some(*other),
    });
    tcp.map(Service::Tcp).chain(udp.map(Service::Udp)).chain(icmp).collect()
}
