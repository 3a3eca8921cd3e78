//! What a unit is made of: processors, memory, drives, cards, made anew from the seed whenever it is asked for.
//!
//! Nothing of it is kept, so a thousand idle BMCs cost next to nothing.

use crate::flavour::Model;
use crate::parts::{CARDS, CpuPart, DRIVES, DimmPart, DrivePart, GPUS, GpuPart, NicPart, ONBOARD};
use crate::random::{Dice, mac};
use crate::unit::Unit;
use model::device::Health;

/// What a unit is made of.
#[derive(Clone, Debug)]
pub struct Hardware {
    /// The server's model.
    pub model: Model,
    /// The UUID that the operating system sees too.
    pub uuid: String,
    /// The controller's own UUID.
    pub service_uuid: String,
    /// The controller's MAC address.
    pub bmc_mac: String,
    /// The controller's firmware version.
    pub bmc_firmware: &'static str,
    /// The BIOS version.
    pub bios: &'static str,
    /// The operating system's host name.
    pub hostname: String,
    /// Both processors.
    pub cpu: CpuPart,
    /// How many there are.
    pub cpus: usize,
    /// Memory modules.
    pub dimms: Vec<Dimm>,
    /// Drives.
    pub drives: Vec<Drive>,
    /// Network adapters; the first is on the board.
    pub adapters: Vec<Adapter>,
    /// GPUs.
    pub gpus: Vec<Gpu>,
    /// The serial number of the controller of the drives.
    pub raid_serial: String,
    /// Power supplies.
    pub psus: Vec<Psu>,
    /// Fans.
    pub fans: usize,
    /// What is broken in it.
    pub ailment: Option<Ailment>,
}

/// A memory module.
#[derive(Clone, Debug)]
pub struct Dimm {
    /// Its processor, from zero.
    pub cpu: usize,
    /// Its slot at that processor, from zero.
    pub slot: usize,
    /// What it is.
    pub part: DimmPart,
    /// Its serial number.
    pub serial: String,
}

/// A drive.
#[derive(Clone, Debug)]
pub struct Drive {
    /// What it is.
    pub part: DrivePart,
    /// Its serial number.
    pub serial: String,
}

/// A network adapter.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// What it is.
    pub part: NicPart,
    /// Its serial number.
    pub serial: String,
    /// The MAC address of each port.
    pub macs: Vec<String>,
}

/// A GPU.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// What it is.
    pub part: GpuPart,
    /// Its serial number.
    pub serial: String,
}

/// A power supply.
#[derive(Clone, Debug)]
pub struct Psu {
    /// Its serial number.
    pub serial: String,
}

/// A piece of firmware.
#[derive(Clone, Debug)]
pub struct Firmware {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// In words.
    pub description: String,
    /// The date of its release, where told.
    pub released: Option<&'static str>,
    /// Whether it can be updated.
    pub updateable: bool,
}

/// What can be broken in a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ailment {
    /// A memory module corrects too many errors.
    Dimm,
    /// A drive is about to fail.
    Drive,
    /// A power supply has no input.
    Psu,
    /// A fan is too slow.
    Fan,
}

impl Ailment {
    /// How bad it is.
    #[must_use]
    pub const fn health(self) -> Health {
        match self {
            Self::Dimm | Self::Fan => Health::Warning,
            Self::Drive | Self::Psu => Health::Critical,
        }
    }
}

/// Which servers are ill: a fixed pattern, so that every lab of more than a few has some of each.
const fn ailment(index: usize) -> Option<Ailment> {
    match index % 31 {
        6 => Some(Ailment::Dimm),
        13 => Some(Ailment::Drive),
        17 => Some(Ailment::Fan),
        22 => Some(Ailment::Psu),
        _ => None,
    }
}

/// Whether a server is off when the lab starts.
#[must_use]
pub const fn starts_off(index: usize) -> bool {
    index % 9 == 4
}

/// What `unit` is made of.
#[must_use]
pub fn of(unit: &Unit) -> Hardware {
    let row = unit.flavour();
    let mut dice = Dice::new(unit.seed, "hardware");
    let model = dice.pick(row.models);
    let cpu = dice.pick(model.cpus);
    let (uuid, service_uuid) = (dice.uuid(), dice.uuid());
    let uuid_case = |uuid: String| if row.manner.upper_uuids { uuid.to_uppercase() } else { uuid };
    Hardware {
        uuid: uuid_case(uuid),
        service_uuid: uuid_case(service_uuid),
        bmc_mac: mac(row.manager.oui, dice.mac_tail()),
        bmc_firmware: dice.pick(row.manager.firmware),
        bios: dice.pick(model.bios),
        hostname: format!("node{:04}.lab.example", unit.index + 1),
        dimms: dimms(&mut dice, &model),
        drives: drives(&mut dice, &model),
        adapters: adapters(&mut dice),
        psus: (0..2).map(|_| Psu { serial: format!("PS{}", dice.hex(10)) }).collect(),
        raid_serial: format!("RC{}", dice.hex(8)),
        gpus: gpus(&mut dice, &model, row.names.gpus),
        fans: 6,
        ailment: ailment(unit.index),
        cpus: 2,
        cpu,
        model,
    }
}

fn dimms(dice: &mut Dice, model: &Model) -> Vec<Dimm> {
    let part = dice.pick(model.dimms);
    let filled = if dice.below(3) == 0 { model.slots } else { model.slots / 2 };
    (0..filled).map(|number| Dimm { cpu: number % 2, slot: number / 2, part, serial: dice.hex(8) }).collect()
}

fn drives(dice: &mut Dice, model: &Model) -> Vec<Drive> {
    let part = dice.pick(DRIVES);
    let least = 4.min(model.bays);
    let more = usize::try_from(dice.below(9)).unwrap_or(0);
    (0..(least + more).min(model.bays))
        .map(|_| Drive { part, serial: format!("S{}", dice.text(b"0123456789ABCDEFGHJKLMNPRSTVWXYZ", 13)) })
        .collect()
}

fn gpus(dice: &mut Dice, model: &Model, parts: &[GpuPart]) -> Vec<Gpu> {
    let part = dice.pick(if parts.is_empty() { GPUS } else { parts });
    (0..model.gpus).map(|_| Gpu { part, serial: dice.digits(13) }).collect()
}

fn adapters(dice: &mut Dice) -> Vec<Adapter> {
    let cards = 1 + usize::try_from(dice.below(2)).unwrap_or(0);
    let mut parts = vec![ONBOARD];
    parts.extend((0..cards).map(|_| dice.pick(CARDS)));
    parts
        .into_iter()
        .map(|part| {
            let first = dice.mac_tail();
            Adapter {
                macs: (0..part.ports).map(|port| mac(part.oui, first + port)).collect(),
                serial: format!("MT{}", dice.text(b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", 10)),
                part,
            }
        })
        .collect()
}

impl Hardware {
    /// Total memory in GiB.
    #[must_use]
    pub fn memory_gib(&self) -> u32 {
        self.dimms.iter().map(|dimm| dimm.part.gib).sum()
    }

    /// The health of the server with everything in it.
    #[must_use]
    pub fn health(&self) -> Health {
        self.ailment.map_or(Health::Ok, Ailment::health)
    }

    /// The health of number `number` of the kind that `which` is about; the third of the ill kind is the ill one.
    #[must_use]
    pub fn health_of(&self, which: Ailment, number: usize) -> Health {
        let ill = match which {
            Ailment::Dimm | Ailment::Drive => 2,
            Ailment::Fan => 3,
            Ailment::Psu => 1,
        };
        if self.ailment == Some(which) && number == ill { which.health() } else { Health::Ok }
    }

    /// Adapter number, port number, number in all and MAC address of each of the server's ports.
    pub fn ports(&self) -> impl Iterator<Item = (usize, usize, usize, &Adapter, &str)> {
        self.adapters
            .iter()
            .enumerate()
            .flat_map(|(card, adapter)| {
                adapter.macs.iter().enumerate().map(move |(port, mac)| (card, port, adapter, mac.as_str()))
            })
            .enumerate()
            .map(|(number, (card, port, adapter, mac))| (card, port, number, adapter, mac))
    }
}

/// A health in Redfish's words (DSP2046, Resource `Health`).
#[must_use]
pub const fn health_word(health: Health) -> &'static str {
    match health {
        Health::Ok | Health::Unknown => "OK",
        Health::Warning => "Warning",
        Health::Critical => "Critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LabConfig;
    use crate::unit::plan;
    use std::collections::BTreeSet;

    #[test]
    fn servers_are_worth_looking_at() {
        let mut macs = BTreeSet::new();
        let mut count = 0;
        for unit in plan(&LabConfig { count: 500, ..LabConfig::default() }) {
            let hardware = of(&unit);
            assert!((8..=32).contains(&hardware.dimms.len()), "{}", unit.name());
            assert!((4..=12).contains(&hardware.drives.len()), "{}", unit.name());
            assert!((2..=3).contains(&hardware.adapters.len()));
            let firmware = (unit.flavour().firmware)(&unit, &hardware).len();
            assert!((9..=24).contains(&firmware), "{} has {firmware} pieces of firmware", unit.name());
            macs.insert(hardware.bmc_mac.clone());
            macs.extend(hardware.ports().map(|(.., mac)| mac.to_owned()));
            count += 1 + hardware.ports().count();
        }
        assert!(macs.len() > count - 3, "{} of {count} MACs are distinct", macs.len());
    }

    #[test]
    fn a_lab_of_24_has_ill_servers_and_some_that_are_off() {
        let ill: Vec<Health> = (0..24).filter_map(ailment).map(Ailment::health).collect();
        assert_eq!(ill, [Health::Warning, Health::Critical, Health::Warning, Health::Critical]);
        assert_eq!((0..24).filter(|index| starts_off(*index)).count(), 3);
    }
}
