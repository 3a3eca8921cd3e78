//! One simulated BMC as it was built: where it stands, what it is, and its numbers. It never changes.

use crate::config::{LabConfig, RackLayout};
use crate::flavour::{Flavour, Kind, PowerRow};
use crate::hardware;
use crate::random::Dice;
use crate::replay::{Persona, Tree};
use jiff::Timestamp;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// What one simulated BMC is.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its number in the lab, from zero.
    pub index: usize,
    /// Where it listens.
    pub addr: SocketAddr,
    /// The maker it imitates.
    pub kind: Kind,
    /// The seed of all its numbers.
    pub seed: u64,
    /// The server's serial number or service tag.
    pub serial: String,
    /// The rack it stands in, such as `r1`.
    pub rack: String,
    /// The lowest rack unit it takes, from one.
    pub rack_unit: u32,
    /// Whether its certificate comes from the lab's CA.
    pub ca_signed: bool,
    /// The seed of the lab.
    pub lab_seed: u64,
    /// The captured tree that it serves, if it is not the maker's row that it is built from.
    pub replay: Option<Arc<Tree>>,
}

impl Unit {
    /// The row of its maker.
    #[must_use]
    pub fn flavour(&self) -> &'static Flavour {
        self.kind.row()
    }

    /// How its power behaves.
    #[must_use]
    pub fn power_row(&self) -> &PowerRow {
        self.replay.as_ref().map_or(&self.flavour().power, |tree| tree.power())
    }

    /// Whether its server is on when the lab starts.
    #[must_use]
    pub fn starts_on(&self) -> bool {
        self.replay.as_ref().map_or_else(|| !hardware::starts_off(self.index), |tree| tree.starts_on())
    }

    /// The path of its session collection.
    #[must_use]
    pub fn sessions(&self) -> &str {
        self.replay.as_ref().map_or("/redfish/v1/SessionService/Sessions", |tree| tree.sessions())
    }

    /// The controller's MAC address, lower case with colons.
    #[must_use]
    pub fn mac(&self) -> String {
        match &self.replay {
            Some(tree) => tree.mac(&self.persona()),
            None => hardware::of(self).bmc_mac,
        }
    }

    /// The server's model.
    #[must_use]
    pub fn model(&self) -> String {
        match &self.replay {
            Some(tree) => tree.model().to_owned(),
            None => hardware::of(self).model.name.to_owned(),
        }
    }

    /// Who tells a replayed tree's documents: by the numbers, and with a power that is not said yet.
    pub(crate) fn persona(&self) -> Persona {
        persona(self.lab_seed, self.index)
    }

    /// Rack and unit in one word, such as `r1-u03`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-u{:02}", self.rack, self.rack_unit)
    }
}

/// Every unit of a lab, in the order of their addresses.
#[must_use]
pub fn plan(config: &LabConfig) -> Vec<Unit> {
    (0..config.count).map(|index| unit(config, index)).collect()
}

fn unit(config: &LabConfig, index: usize) -> Unit {
    let replay = config.replay(index);
    let kind = replay.as_ref().map_or_else(|| config.mix.kind(index % config.turn()), |tree| tree.kind());
    let number = u64::try_from(index).unwrap_or(u64::MAX);
    let seed = Dice::new(config.seed.wrapping_add(number.wrapping_mul(0x9e37)), "unit").next();
    let (rack, rack_unit) = place(&config.racks, index);
    Unit {
        index,
        addr: SocketAddr::new(IpAddr::V4(address(config.first_addr, index)), config.port),
        kind,
        seed,
        serial: match &replay {
            Some(tree) => tree.serial(&persona(config.seed, index)),
            None => (kind.row().serial)(&mut Dice::new(seed, "serial")),
        },
        rack,
        rack_unit,
        ca_signed: Dice::new(seed, "ca").fraction() < config.ca_signed,
        lab_seed: config.seed,
        replay,
    }
}

const fn persona(seed: u64, index: usize) -> Persona {
    let never = Timestamp::UNIX_EPOCH;
    Persona { seed, index, power: "On", last_reset: never, now: never }
}

/// The address number `index` after `first`, leaving out those that end in 0 or 255.
fn address(first: Ipv4Addr, index: usize) -> Ipv4Addr {
    let [a, b, c, d] = first.octets();
    let offset = u32::from(d).clamp(1, 254) - 1 + u32::try_from(index).unwrap_or(u32::MAX - 254);
    let network = u32::from_be_bytes([0, a, b, c]).wrapping_add(offset / 254);
    Ipv4Addr::from_bits(network << 8 | (offset % 254 + 1))
}

fn place(racks: &RackLayout, index: usize) -> (String, u32) {
    let per_rack = racks.servers.max(1);
    let slot = u32::try_from(index % per_rack).unwrap_or(0);
    (format!("{}{}", racks.prefix, index / per_rack + 1), slot * racks.height_units.max(1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_lab_is_the_same_for_the_same_seed() {
        let config = LabConfig { count: 40, ..LabConfig::default() };
        let serials =
            |config: &LabConfig| plan(config).into_iter().map(|unit| unit.serial).collect::<Vec<_>>();
        assert_eq!(serials(&config), serials(&config));
        assert_ne!(serials(&config), serials(&LabConfig { seed: 99, ..config.clone() }));
        assert_eq!(serials(&config).into_iter().collect::<BTreeSet<_>>().len(), 40);
    }

    #[test]
    fn addresses_skip_what_looks_like_network_or_broadcast() {
        let first = Ipv4Addr::new(127, 20, 0, 10);
        assert_eq!(address(first, 0), first);
        assert_eq!(address(first, 244), Ipv4Addr::new(127, 20, 0, 254));
        assert_eq!(address(first, 245), Ipv4Addr::new(127, 20, 1, 1));
        assert_eq!(address(first, 245 + 254 * 255), Ipv4Addr::new(127, 21, 0, 1));
    }

    #[test]
    fn racks_fill_from_below() {
        let names: Vec<String> =
            plan(&LabConfig { count: 14, ..LabConfig::default() }).iter().map(Unit::name).collect();
        assert_eq!(names.first().map(String::as_str), Some("r1-u01"));
        assert_eq!(names.get(1).map(String::as_str), Some("r1-u03"));
        assert_eq!(names.get(12).map(String::as_str), Some("r2-u01"));
    }
}
