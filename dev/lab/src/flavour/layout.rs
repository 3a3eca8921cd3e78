//! Which documents a maker has beside those that all have, and how they hang together.

use super::Kind;

/// Which documents a maker has, and where.
#[derive(Debug)]
pub struct Layout {
    /// `Power` and `Thermal`, as before Redfish 2020.4.
    pub older: bool,
    /// `PowerSubsystem` and `ThermalSubsystem`.
    pub newer: bool,
    /// `EnvironmentMetrics` of chassis.
    pub environment: bool,
    /// `Batteries` of RAID controllers, in the PowerSubsystem.
    pub batteries: bool,
    /// `Sensors`: how many processor cores have one, beside those that every maker has; `None` for no sensors at all.
    pub core_sensors: Option<usize>,
    /// `Assembly`.
    pub assembly: bool,
    /// Where storage controllers are told.
    pub controllers: Controllers,
    /// A storage controller's identifier, from its storage unit's.
    pub controller: fn(&str) -> String,
    /// `Volumes`.
    pub volumes: bool,
    /// Each NVMe drive is a storage unit of its own, with this identifier.
    pub unit_per_drive: Option<fn(usize) -> String>,
    /// Under which names adapters have their ports.
    pub ports: Ports,
    /// Bridges and chipset functions that are listed as PCIe devices beside cards and drives.
    pub bridges: usize,
    /// A PCIe device's identifier, from its number.
    pub pcie: fn(usize) -> String,
    /// Whether the system lists PCIe devices too, by links to those of the chassis.
    pub system_pcie: bool,
    /// `MemoryMetrics`.
    pub memory_metrics: bool,
    /// GPUs are processors, with this identifier.
    pub gpu: Option<fn(usize) -> String>,
    /// `LicenseService`.
    pub licences: &'static [Licence],
    /// `Certificates` of the controller's HTTPS, and the `CertificateService`.
    pub certificates: bool,
    /// The last words of the paths of the BIOS and of its pending settings.
    pub bios: (&'static str, &'static str),
    /// The version in the identifier of the BIOS's registry; `None` for no registry.
    pub registry: Option<&'static str>,
    /// How many BIOS attributes there are.
    pub attributes: usize,
    /// Boot options, and the identifier of each.
    pub boot: (usize, fn(usize) -> String),
    /// The logs.
    pub logs: &'static [Log],
    /// Members on a page of a collection; zero for all at once.
    pub page: usize,
    /// Chassis beside the main one: boards, modules, and what is on them.
    pub boards: &'static [Board],
    /// A second system with a controller of its own, which the first one passes on.
    pub second: Option<Second>,
}

/// What most makers have.
pub(super) const USUAL: Layout = Layout {
    older: true,
    newer: false,
    environment: false,
    batteries: false,
    core_sensors: None,
    assembly: false,
    controllers: Controllers::Both,
    controller: |_| "0".to_owned(),
    volumes: true,
    unit_per_drive: None,
    ports: Ports { newer: true, older: true, functions: true },
    bridges: 4,
    pcie: |number| number.to_string(),
    system_pcie: false,
    memory_metrics: false,
    gpu: None,
    licences: &[],
    certificates: true,
    bios: ("Bios", "Settings"),
    registry: Some("v1_0_0"),
    attributes: 180,
    boot: (8, |number| format!("Boot{number:04X}")),
    logs: &[],
    page: 0,
    boards: &[],
    second: None,
};

/// Where storage controllers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controllers {
    /// Inside of the storage, as before Redfish 2021.
    Inline,
    /// In a collection.
    Collection,
    /// Both.
    Both,
}

impl Controllers {
    /// Inside of the storage.
    #[must_use]
    pub const fn inline(self) -> bool {
        !matches!(self, Self::Collection)
    }

    /// In a collection.
    #[must_use]
    pub const fn collection(self) -> bool {
        !matches!(self, Self::Inline)
    }
}

/// Under which names adapters have their ports, and whether they have functions.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// `Ports`.
    pub newer: bool,
    /// `NetworkPorts`.
    pub older: bool,
    /// `NetworkDeviceFunctions`.
    pub functions: bool,
}

/// A licence.
#[derive(Clone, Copy, Debug)]
pub struct Licence {
    /// `Id`.
    pub id: &'static str,
    /// `Name`.
    pub name: &'static str,
}

/// Whose a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The system's.
    System,
    /// The manager's.
    Manager,
    /// The main chassis'.
    Chassis,
}

/// A log.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// Whose it is.
    pub owner: Owner,
    /// `Id`.
    pub id: &'static str,
    /// How many entries it has.
    pub entries: usize,
}

/// A chassis that is a board or a module.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Its identifier.
    pub id: &'static str,
    /// `ChassisType`.
    pub kind: &'static str,
    /// `Name`.
    pub name: &'static str,
    /// Whether it has `Assembly`, `Sensors`, `PowerSubsystem`, `ThermalSubsystem` and the like.
    pub full: bool,
}

/// A second system.
#[derive(Clone, Copy, Debug)]
pub struct Second {
    /// The system.
    pub system: &'static str,
    /// Its manager.
    pub manager: &'static str,
    /// Its chassis, one of the boards.
    pub chassis: &'static str,
}

/// The version of a schema in `@odata.type`, where the maker's own row does not name another.
const SCHEMAS: &[(&str, &str)] = &[
    ("Assembly", "v1_3_0"),
    ("AttributeRegistry", "v1_3_6"),
    ("Battery", "v1_0_0"),
    ("Bios", "v1_1_0"),
    ("BootOption", "v1_0_4"),
    ("Certificate", "v1_5_0"),
    ("CertificateLocations", "v1_0_2"),
    ("CertificateService", "v1_0_3"),
    ("EnvironmentMetrics", "v1_3_0"),
    ("Fan", "v1_1_1"),
    ("HpeServerDevice", "v2_1_0"),
    ("License", "v1_0_0"),
    ("LicenseService", "v1_0_0"),
    ("LogEntry", "v1_9_0"),
    ("LogService", "v1_2_0"),
    ("MemoryMetrics", "v1_4_1"),
    ("MessageRegistryFile", "v1_1_3"),
    ("NetworkPort", "v1_3_0"),
    ("PCIeDevice", "v1_5_0"),
    ("PCIeFunction", "v1_2_3"),
    ("Port", "v1_4_0"),
    ("PowerSubsystem", "v1_1_0"),
    ("PowerSupply", "v1_3_0"),
    ("PowerSupplyMetrics", "v1_0_1"),
    ("ProcessorMetrics", "v1_4_1"),
    ("Sensor", "v1_2_0"),
    ("Session", "v1_3_0"),
    ("StorageController", "v1_0_0"),
    ("ThermalMetrics", "v1_0_0"),
    ("ThermalSubsystem", "v1_0_0"),
    ("Volume", "v1_6_2"),
];

impl Kind {
    /// The version of `schema` that the maker speaks, such as `v1_6_2`.
    #[must_use]
    pub fn version(self, schema: &str) -> &'static str {
        let own = self.row().schemas.iter().find(|(name, _)| *name == schema);
        let usual = || SCHEMAS.iter().find(|(name, _)| *name == schema);
        own.or_else(usual).map_or("v1_0_0", |(_, version)| version)
    }
}
