//! What a controller says its server is made of: typed fields of its components, and the faults in what it said.
//!
//! Every field that a controller may leave out is optional. A field that it spoils (a wrong type, an
//! invalid number) is lost alone, and stands in [`Inventory::faults`] with its path.

use crate::device::{Health, Identity, Power, canonical_mac, words};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

macro_rules! component {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        pub struct $name { $($(#[$fmeta])* pub $field: $type,)+ }
    };
}

mod bios;
mod chassis;
mod controller;
mod firmware;
mod network;
mod part;
mod server;
mod storage;
pub mod table;

pub use bios::{Bios, BootOption, Explained, Registry, RegistryKey, Setting};
pub use chassis::{Chassis, Fan, Sensor, SensorSource};
pub use controller::{Account, HeldCertificate, License, LogService, Manager, Protocol, SignInRules};
pub use firmware::Firmware;
pub use network::{Adapter, AdapterFunction, AdapterPort, Nic};
pub use part::{Part, PcieDevice, PcieFunction, PowerSupply};
pub use server::{MemoryModule, Processor, System};
pub use storage::{Drive, StorageController, Volume};

component! {
    /// Everything that was read from one controller in one go.
    Inventory {
        /// When the reading ended.
        #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
        taken_at: Option<Timestamp>,
        /// The service root.
        service: Service,
        /// The servers.
        systems: Vec<System>,
        /// The enclosures.
        chassis: Vec<Chassis>,
        /// The controllers.
        managers: Vec<Manager>,
        /// The firmware inventory.
        firmware: Vec<Firmware>,
        /// Software that the controller knows of beside firmware, such as drivers.
        software: Vec<Firmware>,
        /// Cables that the controller knows of.
        cables: Vec<Part>,
        /// Who may sign in to the controllers; never with a password.
        accounts: Vec<Account>,
        /// How the controllers let people in.
        sign_in: SignInRules,
        /// What was paid for.
        licenses: Vec<License>,
        /// What was wrong with what the controller said.
        faults: Vec<Fault>,
        /// How many requests the reading took.
        requests: u32,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
    }
}

component! {
    /// The service root (DSP0268 ServiceRoot).
    Service {
        /// The version of the protocol, such as `1.11.0`.
        redfish_version: Option<String>,
        /// The maker's name, where the root gives it.
        vendor: Option<String>,
        /// The product's name, where the root gives it.
        product: Option<String>,
        /// The service's own UUID.
        uuid: Option<String>,
        /// The service's name.
        name: Option<String>,
    }
}

component! {
    /// Something that a controller said wrongly, or did not say where it had to.
    Fault {
        /// The resource that was asked for.
        path: String,
        /// The field that was lost, as a path inside the document; empty when it is the whole document.
        field: String,
        /// What was wrong with it.
        kind: FaultKind,
        /// In words, with what the controller said.
        problem: String,
    }
}

words! {
    /// What can be wrong with what a controller said.
    #[derive(Default)]
    FaultKind {
        /// A value of another type than the schema's.
        WrongType = "wrong_type",
        /// A value of the right type that makes no sense (a date that is none, a MAC with three digits).
        BadValue = "bad_value",
        /// `null` where a list must be.
        NullMembers = "null_members",
        /// Not JSON, too deep, or too large.
        BadDocument = "bad_document",
        /// An HTTP status other than success.
        #[default]
        Refused = "refused",
        /// No answer in time.
        NoAnswer = "no_answer",
        /// A link that leads to nothing, to another host, or in a circle.
        BadLink = "bad_link",
    }
}

/// A [`Power`] whose default is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PowerReading(pub Power);

impl Default for PowerReading {
    fn default() -> Self {
        Self(Power::Unknown)
    }
}

/// A [`Health`] whose default is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HealthReading(pub Health);

impl Default for HealthReading {
    fn default() -> Self {
        Self(Health::Unknown)
    }
}

impl Inventory {
    /// Who the server and its controller say they are, gathered from all components.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let system = self.systems.first();
        let chassis = self.chassis.first();
        let of = |from_system: fn(&System) -> &Option<String>,
                  from_chassis: fn(&Chassis) -> &Option<String>| {
            let named = system.and_then(|system| meaningful(from_system(system)));
            named.or_else(|| chassis.and_then(|chassis| meaningful(from_chassis(chassis))))
        };
        let manufacturer = of(|s| &s.manufacturer, |c| &c.manufacturer);
        Identity {
            vendor: manufacturer.or_else(|| meaningful(&self.service.vendor)),
            model: of(|s| &s.model, |c| &c.model),
            serial: of(|s| &s.serial, |c| &c.serial),
            service_tag: None,
            service_uuid: meaningful(&self.service.uuid),
            system_uuid: system.and_then(|system| meaningful(&system.uuid)),
            hostname: system.and_then(|system| meaningful(&system.hostname)),
            asset_tag: of(|s| &s.asset_tag, |c| &c.asset_tag),
            bmc_firmware: self.managers.iter().find_map(|manager| meaningful(&manager.firmware)),
            bios_version: system.and_then(|system| meaningful(&system.bios_version)),
            macs: self.macs(),
            addresses: self.addresses(),
        }
    }

    /// The power of the first system, or unknown.
    #[must_use]
    pub fn power(&self) -> Power {
        self.systems.first().map_or(Power::Unknown, |system| system.power.0)
    }

    /// The worst health that any system, or else any chassis, tells of.
    #[must_use]
    pub fn health(&self) -> Health {
        let worst =
            |healths: &mut dyn Iterator<Item = Health>| healths.filter(|h| *h != Health::Unknown).max();
        worst(&mut self.systems.iter().map(|system| system.health.0))
            .or_else(|| worst(&mut self.chassis.iter().map(|chassis| chassis.health.0)))
            .unwrap_or(Health::Unknown)
    }

    fn nics(&self) -> impl Iterator<Item = &Nic> {
        let servers = self.systems.iter().flat_map(|system| &system.nics);
        servers.chain(self.managers.iter().flat_map(|manager| &manager.nics))
    }

    fn macs(&self) -> Vec<String> {
        let nics = self.nics().flat_map(|nic| nic.mac.iter().chain(&nic.permanent_mac));
        let adapters =
            self.chassis.iter().flat_map(|chassis| &chassis.adapters).flat_map(|adapter| &adapter.macs);
        let mut macs: Vec<String> = nics.chain(adapters).filter_map(|mac| canonical_mac(mac)).collect();
        macs.retain(|mac| mac != "00:00:00:00:00:00");
        macs.sort();
        macs.dedup();
        macs
    }

    fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses: Vec<IpAddr> = self.nics().flat_map(|nic| nic.addresses.iter().copied()).collect();
        addresses.retain(|addr| !addr.is_unspecified() && !addr.is_loopback());
        addresses.sort();
        addresses.dedup();
        addresses
    }
}

/// The text unless it is blank or one of the fillers that makers ship.
pub(crate) fn meaningful(text: &Option<String>) -> Option<String> {
    const FILLERS: &[&str] = &[
        "none",
        "n/a",
        "na",
        "null",
        "unknown",
        "to be filled by o.e.m.",
        "default string",
        "not specified",
    ];
    let text = text.as_deref()?.trim();
    let filler = text.is_empty() || FILLERS.iter().any(|filler| text.eq_ignore_ascii_case(filler));
    (!filler).then(|| text.to_owned())
}
