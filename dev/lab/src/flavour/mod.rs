//! The makers: each is a row of data and a few small functions in a file of its own.
//!
//! The documents are built once, in [`crate::document`], out of a row; what only one maker has is
//! added by that row's `decorate`.

mod ami;
mod dell;
mod hpe;
pub mod layout;
mod lenovo;
mod nvidia;
mod oem;
mod openbmc;
mod supermicro;

use crate::document::{Place, View};
use crate::hardware::{Firmware, Hardware};
use crate::parts::{CpuPart, DimmPart, GpuPart, RaidPart};
use crate::random::Dice;
use crate::unit::Unit;
use serde_json::Value;
use std::str::FromStr;

/// A maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Dell, iDRAC 9.
    Dell,
    /// HPE, iLO 5.
    Hpe,
    /// Lenovo, XClarity Controller.
    Lenovo,
    /// Supermicro.
    Supermicro,
    /// OpenBMC, on a board of Quanta's.
    Openbmc,
    /// NVIDIA, OpenBMC with a second controller for the GPUs.
    Nvidia,
    /// AMI MegaRAC, on a board of Gigabyte's.
    Ami,
}

impl Kind {
    /// Every maker.
    pub const ALL: &'static [Self] =
        &[Self::Dell, Self::Hpe, Self::Lenovo, Self::Supermicro, Self::Openbmc, Self::Nvidia, Self::Ami];
    /// Those that a lab has if nothing else is said.
    pub const USUAL: &'static [Self] =
        &[Self::Dell, Self::Hpe, Self::Lenovo, Self::Supermicro, Self::Openbmc];

    /// The maker's row.
    #[must_use]
    pub const fn row(self) -> &'static Flavour {
        match self {
            Self::Dell => &dell::ROW,
            Self::Hpe => &hpe::ROW,
            Self::Lenovo => &lenovo::ROW,
            Self::Supermicro => &supermicro::ROW,
            Self::Openbmc => &openbmc::ROW,
            Self::Nvidia => &nvidia::ROW,
            Self::Ami => &ami::ROW,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.row().word)
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.row().word == word).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|kind| kind.row().word).collect();
            format!("{word:?} is none of {}", known.join(", "))
        })
    }
}

/// How one maker's controllers are.
pub struct Flavour {
    /// Its word on the command line.
    pub word: &'static str,
    /// The maker's name on systems and chassis.
    pub manufacturer: &'static str,
    /// What the root says of the maker and the product; either may be missing.
    pub root: RootRow,
    /// Its identifiers.
    pub ids: Ids,
    /// The versions of the schemas it speaks.
    pub versions: Versions,
    /// And of those that not every maker has, where they are not the usual ones.
    pub schemas: &'static [(&'static str, &'static str)],
    /// Which documents it has.
    pub layout: layout::Layout,
    /// How it writes.
    pub manner: Manner,
    /// How its power behaves.
    pub power: PowerRow,
    /// How it lets people in.
    pub access: AccessRow,
    /// How it names components.
    pub names: Names,
    /// What its controllers are.
    pub manager: ManagerRow,
    /// The servers it sells.
    pub models: &'static [Model],
    /// A serial number.
    pub serial: fn(&mut Dice) -> String,
    /// The subject of the certificate that a controller makes for itself, as type and value; the
    /// types are `CN`, `O`, `OU`, `L`, `ST` and `C`.
    pub subject: fn(&Unit, &Hardware) -> Vec<(&'static str, String)>,
    /// The firmware inventory.
    pub firmware: fn(&Unit, &Hardware) -> Vec<Firmware>,
    /// Fields that others have and this maker has not.
    pub absent: &'static [(Place, &'static [&'static str])],
    /// What only this maker has, added to a finished document.
    pub decorate: fn(Place, &mut Value, &View<'_>),
    /// Documents that only this maker has, by their path after `/redfish/v1`.
    pub extra: fn(&View<'_>, &[&str]) -> Option<Value>,
}

/// What the root says.
#[derive(Debug)]
pub struct RootRow {
    /// `Vendor`.
    pub vendor: Option<&'static str>,
    /// `Product`; `{model}` stands for the server's model.
    pub product: Option<&'static str>,
    /// `Id`.
    pub id: &'static str,
    /// `Name`.
    pub name: &'static str,
    /// Whether it has a UUID.
    pub uuid: bool,
    /// How deep `$expand` goes, as it is told.
    pub expand_levels: u32,
    /// Whether `$expand` knows `*` and `~`, or only `.`.
    pub expand_all: bool,
    /// What `$expand` really does.
    pub expand: Expand,
    /// `$select`.
    pub select: bool,
    /// `only`.
    pub only_member: bool,
}

/// What `$expand` really does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expand {
    /// What is told; asking for more levels is answered with this status.
    Works(u16),
    /// Nothing: it is told and ignored.
    Ignored,
}

/// Identifiers of the things there is one of.
#[derive(Debug)]
pub struct Ids {
    /// The system.
    pub system: &'static str,
    /// The main chassis.
    pub chassis: &'static str,
    /// The manager.
    pub manager: &'static str,
    /// The manager's network interface.
    pub bmc_nic: &'static str,
    /// The storage unit that the drives belong to.
    pub storage: &'static str,
    /// The chassis that the drives live in, where it is not the storage unit.
    pub backplane: Option<&'static str>,
    /// The administrator's account.
    pub account: &'static str,
}

/// Schema versions, as they stand in `@odata.type`, such as `v1_16_0`.
#[derive(Debug)]
pub struct Versions {
    /// `RedfishVersion`.
    pub redfish: &'static str,
    /// ServiceRoot.
    pub root: &'static str,
    /// ComputerSystem.
    pub system: &'static str,
    /// Chassis.
    pub chassis: &'static str,
    /// Manager.
    pub manager: &'static str,
    /// Processor.
    pub processor: &'static str,
    /// Memory.
    pub memory: &'static str,
    /// Storage.
    pub storage: &'static str,
    /// Drive.
    pub drive: &'static str,
    /// EthernetInterface.
    pub nic: &'static str,
    /// NetworkAdapter.
    pub adapter: &'static str,
    /// SoftwareInventory.
    pub software: &'static str,
    /// UpdateService.
    pub update: &'static str,
    /// AccountService.
    pub accounts: &'static str,
    /// SessionService.
    pub sessions: &'static str,
    /// ManagerAccount.
    pub account: &'static str,
    /// Role.
    pub role: &'static str,
    /// TaskService.
    pub tasks: &'static str,
    /// ManagerNetworkProtocol.
    pub protocol: &'static str,
    /// NetworkDeviceFunction.
    pub function: &'static str,
    /// Power.
    pub power: &'static str,
    /// Thermal.
    pub thermal: &'static str,
}

/// Where ETags are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etag {
    /// Nowhere.
    None,
    /// On accounts only.
    Accounts,
    /// Everywhere, weak: `W/"…"`.
    Weak,
    /// Everywhere, strong.
    Strong,
}

/// How a maker writes.
#[derive(Debug)]
pub struct Manner {
    /// `@odata.context` in every document.
    pub context: bool,
    /// `X@odata.count` beside every list.
    pub counts: bool,
    /// Where ETags are.
    pub etag: Etag,
    /// `"Members": null` where a collection is empty, instead of an empty list.
    pub null_members: bool,
    /// Whether the system lists the server's network interfaces at all.
    pub host_nics: bool,
    /// `Location` of a new session as a whole URL instead of a path.
    pub absolute_location: bool,
    /// MAC addresses in upper case.
    pub upper_macs: bool,
    /// UUIDs in upper case.
    pub upper_uuids: bool,
    /// The `Server` header, where it sends one.
    pub server: Option<&'static str>,
    /// The usual time for an answer in milliseconds, as captured.
    pub usual_ms: u64,
}

/// How reset types are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// `ResetType@Redfish.AllowableValues`.
    Values,
    /// `@Redfish.ActionInfo`.
    Info,
    /// Both.
    Both,
}

/// What a request gets that asks for the state that there already is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Already {
    /// Success, and nothing happens.
    Fine,
    /// A refusal with this status.
    Refused(u16),
}

/// How power behaves.
#[derive(Debug)]
pub struct PowerRow {
    /// The reset types.
    pub resets: &'static [model::device::Reset],
    /// How they are told.
    pub told: Told,
    /// Whether `PowerState` shows `PoweringOn` and `PoweringOff`; otherwise the old state until the new one is reached.
    pub shows_change: bool,
    /// Whether a forced restart goes through Off; otherwise the server stays On.
    pub restart_through_off: bool,
    /// What asking for the present state gets.
    pub already: Already,
    /// Seconds from Off to On.
    pub on_seconds: u32,
    /// Seconds from On to Off when forced.
    pub off_seconds: u32,
    /// Seconds from On to Off when the operating system is asked.
    pub graceful_seconds: u32,
    /// Seconds from On to a running operating system.
    pub boot_seconds: u32,
}

/// How people are let in.
#[derive(Debug)]
pub struct AccessRow {
    /// The administrator's usual name.
    pub username: &'static str,
    /// Sessions at once.
    pub sessions: usize,
    /// Seconds after which an unused session ends.
    pub timeout_seconds: u32,
    /// What SessionService says about that.
    pub timeout_told: u32,
    /// Wrong logins until it locks.
    pub lock_after: u32,
    /// Seconds it stays locked.
    pub lock_seconds: u32,
    /// A session's identifier, from its number and the name of the user.
    pub session_id: fn(&mut Dice, u64, &str) -> String,
    /// What a login gets when all sessions are taken.
    pub full: Full,
}

/// What a login gets when all sessions are taken.
#[derive(Debug)]
pub struct Full {
    /// The HTTP status.
    pub status: u16,
    /// The message's identifier, such as `IDRAC.2.8.RAC0218`.
    pub id: &'static str,
    /// The message.
    pub message: &'static str,
}

/// How components are named.
#[derive(Debug)]
pub struct Names {
    /// A processor's identifier, from its number (0..).
    pub cpu: fn(usize) -> String,
    /// Its socket.
    pub socket: fn(usize) -> String,
    /// A memory module's identifier, from processor and slot (0..) and number.
    pub dimm: fn(usize, usize, usize) -> String,
    /// Its slot.
    pub slot: fn(usize, usize, usize) -> String,
    /// A drive's identifier, from its number.
    pub drive: fn(usize) -> String,
    /// Where a drive is plugged in.
    pub bay: fn(usize) -> String,
    /// A network adapter's identifier, from its number; number 0 is on the board.
    pub adapter: fn(usize) -> String,
    /// A network interface's identifier, from the adapter's number, the port and its number in all.
    pub nic: fn(usize, usize, usize) -> String,
    /// A fan's name.
    pub fan: fn(usize) -> String,
    /// A power supply's name.
    pub psu: fn(usize) -> String,
    /// A fan's identifier in the newer documents.
    pub fan_id: fn(usize) -> String,
    /// A power supply's identifier in the newer documents.
    pub psu_id: fn(usize) -> String,
    /// A port's identifier, from the adapter's number and its own.
    pub port: fn(usize, usize) -> String,
    /// A volume's identifier.
    pub volume: fn(usize) -> String,
    /// A sensor's identifier, from its number and its name.
    pub sensor: fn(usize, &str) -> String,
    /// The controller of drives that are not NVMe.
    pub raid: RaidPart,
    /// The GPUs it is sold with; empty for those on cards.
    pub gpus: &'static [GpuPart],
}

/// What controllers are.
#[derive(Debug)]
pub struct ManagerRow {
    /// `Name`.
    pub name: &'static str,
    /// `Model`.
    pub model: &'static str,
    /// `FirmwareVersion`; each unit has one of these.
    pub firmware: &'static [&'static str],
    /// The first three bytes of its MAC address.
    pub oui: &'static str,
    /// Its host name, from the server's serial number.
    pub hostname: fn(&str) -> String,
    /// Seconds it is away after a restart.
    pub restart_seconds: u32,
}

/// A server that can be bought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    /// Its stock-keeping unit; empty where that is the serial number.
    pub sku: &'static str,
    /// The board's part number.
    pub board: &'static str,
    /// Processors it is sold with.
    pub cpus: &'static [CpuPart],
    /// Memory it is sold with.
    pub dimms: &'static [DimmPart],
    /// Slots for memory.
    pub slots: usize,
    /// Bays for drives.
    pub bays: usize,
    /// BIOS versions.
    pub bios: &'static [&'static str],
    /// Watts of each power supply.
    pub psu_watts: u32,
    /// GPUs.
    pub gpus: usize,
}

impl std::fmt::Debug for Flavour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flavour").field("word", &self.word).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_kind() {
        for kind in Kind::ALL {
            assert_eq!(kind.row().word.parse::<Kind>().unwrap(), *kind);
        }
    }
}
