//! Which zone an address lies in, by the configuration's networks.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The name of the zone of addresses that no configured network holds.
pub const ELSEWHERE: &str = "elsewhere";

/// A zone and its networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// The zone's name, as grants use it.
    pub name: String,
    /// Its networks of both families.
    pub networks: Vec<IpNet>,
}

/// All zones; the longest prefix decides.
#[derive(Clone, Debug, Default)]
pub struct Zones(Vec<(IpNet, String)>);

impl Zones {
    /// From the configuration.
    #[must_use]
    pub fn new(zones: &[Zone]) -> Self {
        let mut networks: Vec<(IpNet, String)> = zones
            .iter()
            .flat_map(|zone| zone.networks.iter().map(|network| (network.trunc(), zone.name.clone())))
            .collect();
        networks.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
        Self(networks)
    }

    /// The zone of an address.
    #[must_use]
    pub fn of(&self, addr: IpAddr) -> &str {
        self.0.iter().find(|(network, _)| network.contains(&addr)).map_or(ELSEWHERE, |(_, zone)| zone)
    }

    /// The zone that holds a whole range, if one does.
    #[must_use]
    pub fn holding(&self, range: &IpNet) -> &str {
        let zone = self.of(range.network());
        let inner = self.0.iter().any(|(network, name)| name != zone && range.contains(network));
        if inner || zone != self.of(range.broadcast()) { ELSEWHERE } else { zone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones() -> Zones {
        let zone = |name: &str, networks: &[&str]| Zone {
            name: name.into(),
            networks: networks.iter().map(|n| n.parse().unwrap()).collect(),
        };
        Zones::new(&[zone("management", &["10.0.0.0/8", "fd00::/8"]), zone("lab", &["10.9.0.0/16"])])
    }

    #[test]
    fn the_longest_prefix_decides() {
        let zones = zones();
        assert_eq!(zones.of("10.9.1.1".parse().unwrap()), "lab");
        assert_eq!(zones.of("10.8.1.1".parse().unwrap()), "management");
        assert_eq!(zones.of("fd00::1".parse().unwrap()), "management");
        assert_eq!(zones.of("192.0.2.1".parse().unwrap()), ELSEWHERE);
    }

    #[test]
    fn a_range_over_two_zones_lies_in_neither() {
        let zones = zones();
        assert_eq!(zones.holding(&"10.9.3.0/24".parse().unwrap()), "lab");
        assert_eq!(zones.holding(&"10.8.0.0/24".parse().unwrap()), "management");
        assert_eq!(zones.holding(&"10.0.0.0/8".parse().unwrap()), ELSEWHERE);
        assert_eq!(zones.holding(&"0.0.0.0/0".parse().unwrap()), ELSEWHERE);
    }
}
