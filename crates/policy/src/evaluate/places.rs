//! Where an address stands: the zones' nested networks and the appliance's own addresses as disjoint ranges in rising order.

use crate::plan::{Plan, ZoneIndex};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One of the two kinds of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4 (RFC 791).
    V4,
    /// IPv6 (RFC 8200).
    V6,
}

impl Family {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Its last address, as a number.
    pub(crate) const fn last(self) -> u128 {
        match self {
            Self::V4 => u32::MAX as u128,
            Self::V6 => u128::MAX,
        }
    }

    /// The address with this number.
    pub(crate) fn address(self, number: u128) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
            Self::V6 => IpAddr::V6(Ipv6Addr::from(number)),
        }
    }
}

/// An address as a number, so that one code serves both families.
pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The first and the last address of a network.
pub(crate) fn ends(network: &ipnet::IpNet) -> (u128, u128) {
    (number(network.network()), number(network.broadcast()))
}

/// Whether it names many at once: multicast (RFC 1112, RFC 4291) or the limited broadcast (RFC 919).
#[must_use]
pub const fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// Whether it is only good on one link (RFC 3927, RFC 4291), so that nobody forwards it.
pub(crate) const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// Where an address stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// It is the appliance's own.
    Own,
    /// It is in this zone.
    Zone(ZoneIndex),
}

/// Addresses that stand in the same place; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its first address, as a number.
    pub first: u128,
    /// Its last.
    pub last: u128,
    /// Where they stand.
    pub place: Place,
}

/// All places, by family.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    v4: Vec<Range>,
    v6: Vec<Range>,
}

impl Places {
    /// From the zones' networks: the longest prefix decides; of equal ones, the first zone's.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self { v4: flatten(plan, Family::V4), v6: flatten(plan, Family::V6) }
    }

    /// The ranges of a family, disjoint and rising.
    #[must_use]
    pub fn ranges(&self, family: Family) -> &[Range] {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    /// Where an address stands. A group of addresses stands nowhere.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<Place> {
        if is_group(address) {
            return None;
        }
        let wanted = number(address);
        let ranges = self.ranges(Family::of(address));
        let after = ranges.partition_point(|range| range.first <= wanted);
        let range = ranges.get(after.checked_sub(1)?)?;
        (wanted <= range.last).then_some(range.place)
    }
}

/// What is still to be laid down: an outer network waits below the inner ones.
struct Layers {
    open: Vec<Range>,
    done: Vec<Range>,
    /// The next address that nothing was said of yet; `None` past the last one.
    next: Option<u128>,
}

impl Layers {
    fn open(&mut self, network: Range) {
        while self.open.last().is_some_and(|outer| outer.last < network.first) {
            self.close();
        }
        if let (Some(outer), Some(before)) = (self.open.last().copied(), network.first.checked_sub(1)) {
            self.lay(before, outer.place);
        }
        self.next = Some(network.first);
        self.open.push(network);
    }

    fn close(&mut self) {
        if let Some(top) = self.open.pop() {
            self.lay(top.last, top.place);
        }
    }

    fn lay(&mut self, last: u128, place: Place) {
        let Some(first) = self.next.filter(|first| *first <= last) else { return };
        self.next = last.checked_add(1);
        match self.done.last_mut() {
            Some(before) if before.place == place && before.last.checked_add(1) == Some(first) => {
                before.last = last;
            }
            _ => self.done.push(Range { first, last, place }),
        }
    }
}

fn flatten(plan: &Plan, family: Family) -> Vec<Range> {
    let own = plan.own.iter().filter(|address| Family::of(**address) == family).map(|address| Range {
        first: number(*address),
        last: number(*address),
        place: Place::Own,
    });
    let zones = plan.zones.iter().enumerate().flat_map(|(index, zone)| {
        let networks = zone.networks.iter().filter(move |net| Family::of(net.addr()) == family);
        networks.map(move |net| {
            let (first, last) = ends(net);
            Range { first, last, place: Place::Zone(index) }
        })
    });
    let mut networks: Vec<Range> = own.chain(zones).collect();
    // Outer before inner; of equal ones the appliance's own comes first, then the first zone's, and the others are dropped.
    networks.sort_by(|a, b| (a.first, b.last, a.place).cmp(&(b.first, a.last, b.place)));
    networks.dedup_by_key(|range| (range.first, range.last));
    let mut layers = Layers { open: Vec::new(), done: Vec::new(), next: None };
    for network in networks {
        layers.open(network);
    }
    while !layers.open.is_empty() {
        layers.close();
    }
    layers.done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Zone;

    fn plan(zones: &[&[&str]], own: &[&str]) -> Plan {
        let zone = |networks: &&[&str]| Zone {
            networks: networks.iter().map(|net| net.parse().unwrap()).collect(),
            ..Zone::default()
        };
        Plan {
            scenario: "s 1".into(),
            zones: zones.iter().map(zone).collect(),
            home: 0,
            own: own.iter().map(|address| address.parse().unwrap()).collect(),
            rules: Vec::new(),
            routed: Vec::new(),
            limits: Vec::new(),
            links: Vec::new(),
            urgent: Vec::new(),
        }
    }

    #[test]
    fn the_longest_prefix_decides_and_the_appliance_is_itself() {
        let nets: &[&[&str]] =
            &[&["10.0.0.0/24", "10.0.0.64/28", "::/0"], &["0.0.0.0/0"], &["10.0.0.64/26", "fd00::/64"]];
        let places = Places::new(&plan(nets, &["10.0.0.65", "fd00::1"]));
        for (address, place) in [
            ("10.0.0.1", Place::Zone(0)),
            ("10.0.0.64", Place::Zone(0)),
            ("10.0.0.65", Place::Own),
            ("10.0.0.66", Place::Zone(0)),
            ("10.0.0.80", Place::Zone(2)),
            ("10.0.0.128", Place::Zone(0)),
            ("10.0.1.0", Place::Zone(1)),
            ("255.255.255.254", Place::Zone(1)),
            ("0.0.0.0", Place::Zone(1)),
            ("fd00::2", Place::Zone(2)),
            ("fd00::1", Place::Own),
            ("2001:db8::1", Place::Zone(0)),
        ] {
            assert_eq!(places.of(address.parse().unwrap()), Some(place), "{address}");
        }
        assert_eq!(places.of("224.0.0.1".parse().unwrap()), None);
    }

    #[test]
    fn ranges_are_disjoint_rising_and_as_few_as_can_be() {
        let places = Places::new(&plan(&[&["10.0.0.0/25", "10.0.0.128/25"], &["10.0.1.0/24"]], &[]));
        let ranges = places.ranges(Family::V4);
        assert_eq!(ranges.len(), 2);
        assert!(ranges.windows(2).all(|pair| pair[0].last < pair[1].first));
        assert!(places.ranges(Family::V6).is_empty());
    }
}
