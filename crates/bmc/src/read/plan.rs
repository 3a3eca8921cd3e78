//! What a reading follows out of a resource of each kind: by it is decided what to ask for at once, and
//! what to announce. A row that is missing costs requests, and nothing else.

use Form::{Collection, List, Single};
use serde_json::Value;

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A link to a collection, whose members are read.
    Collection,
    /// A list of links.
    List,
    /// A link to a resource.
    Single,
}

/// One field that is followed.
#[derive(Clone, Copy, Debug)]
pub struct Follow {
    /// The field, by its place inside the resource.
    pub field: &'static str,
    /// What stands in it.
    pub form: Form,
    /// Whether it is followed wherever it stands there, so that it can be announced.
    pub always: bool,
}

impl Follow {
    /// What stands in the field.
    pub fn value(self, resource: &Value) -> Option<&Value> {
        self.field.split('/').try_fold(resource, |value, name| value.get(name))
    }

    /// What the link is called.
    pub fn name(self) -> &'static str {
        self.field.rsplit('/').next().unwrap_or_default()
    }
}

/// What is followed out of one kind of resource.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The schema's name.
    pub kind: &'static str,
    /// The collections that such resources are members of, by the name of the link to them; or the name of
    /// the link to the resource itself.
    pub under: &'static [&'static str],
    /// The fields.
    pub follows: &'static [Follow],
}

const fn always(field: &'static str, form: Form) -> Follow {
    Follow { field, form, always: true }
}

const fn perhaps(field: &'static str, form: Form) -> Follow {
    Follow { field, form, always: false }
}

/// The kinds whose links are many.
pub const PLANS: &[Plan] = &[
    Plan {
        kind: "ServiceRoot",
        under: &[],
        follows: &[
            always("Systems", Collection),
            always("Chassis", Collection),
            always("Managers", Collection),
            always("AccountService", Single),
            always("LicenseService", Single),
            always("UpdateService", Single),
            always("Cables", Collection),
        ],
    },
    Plan {
        kind: "ComputerSystem",
        under: &["Systems"],
        follows: &[
            always("Processors", Collection),
            always("Memory", Collection),
            always("Storage", Collection),
            perhaps("SimpleStorage", Collection),
            perhaps("PCIeDevices", List),
            perhaps("PCIeFunctions", List),
            always("EthernetInterfaces", Collection),
            always("Boot/BootOptions", Collection),
            always("Bios", Single),
            always("LogServices", Collection),
        ],
    },
    Plan {
        kind: "Chassis",
        under: &["Chassis"],
        follows: &[
            always("NetworkAdapters", Collection),
            perhaps("Drives", Collection),
            always("Thermal", Single),
            perhaps("ThermalSubsystem", Single),
            perhaps("Sensors", Collection),
            always("PowerSubsystem", Single),
            perhaps("Power", Single),
            perhaps("PCIeDevices", Collection),
            always("Assembly", Single),
        ],
    },
    Plan {
        kind: "Storage",
        under: &["Storage"],
        follows: &[
            perhaps("Drives", List),
            perhaps("Controllers", Collection),
            perhaps("Volumes", Collection),
        ],
    },
    Plan {
        kind: "NetworkAdapter",
        under: &["NetworkAdapters"],
        follows: &[
            perhaps("NetworkDeviceFunctions", Collection),
            perhaps("Ports", Collection),
            perhaps("NetworkPorts", Collection),
        ],
    },
    Plan { kind: "PCIeDevice", under: &["PCIeDevices"], follows: &[perhaps("PCIeFunctions", Collection)] },
    Plan {
        kind: "PowerSubsystem",
        under: &["PowerSubsystem"],
        follows: &[always("PowerSupplies", Collection), always("Batteries", Collection)],
    },
    Plan { kind: "ThermalSubsystem", under: &["ThermalSubsystem"], follows: &[always("Fans", Collection)] },
    Plan {
        kind: "Manager",
        under: &["Managers"],
        follows: &[
            always("EthernetInterfaces", Collection),
            always("NetworkProtocol", Single),
            always("LogServices", Collection),
        ],
    },
    Plan {
        kind: "ManagerNetworkProtocol",
        under: &["NetworkProtocol"],
        follows: &[always("HTTPS/Certificates", Collection)],
    },
    Plan { kind: "AccountService", under: &["AccountService"], follows: &[always("Accounts", Collection)] },
    Plan { kind: "LicenseService", under: &["LicenseService"], follows: &[always("Licenses", Collection)] },
    Plan {
        kind: "UpdateService",
        under: &["UpdateService"],
        follows: &[always("FirmwareInventory", Collection), always("SoftwareInventory", Collection)],
    },
];

/// Collections with members of which each has more to follow: how many levels deep they are asked for. All
/// others are asked for with their members alone.
const DEEP: &[(&str, u8)] = &[
    ("Systems", 2),
    ("Chassis", 2),
    ("Managers", 2),
    ("Storage", 3),
    ("NetworkAdapters", 3),
    ("PCIeDevices", 3),
];

/// Single resources that are asked for with what is below them: at how few levels that saves anything, and
/// how many are asked for at most.
const DEEP_SINGLES: &[(&str, u8, u8)] = &[
    ("ComputerSystem", 1, 1),
    ("Chassis", 1, 1),
    ("Manager", 1, 1),
    ("Storage", 1, 2),
    ("NetworkAdapter", 2, 2),
    ("PCIeDevice", 2, 2),
    ("PowerSubsystem", 2, 2),
    ("ThermalSubsystem", 2, 2),
    ("AccountService", 2, 2),
    ("LicenseService", 2, 2),
];

/// Links to what grows without end: never asked for with what is in it.
const NEVER: &[&str] = &["LogServices", "Entries", "Sessions", "MetricReports", "Registries", "JsonSchemas"];

/// What is followed out of a resource of this schema.
#[must_use]
pub fn of_kind(kind: &str) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.kind == kind)
}

/// What is followed out of a resource behind a link of this name, or a member of the collection there.
#[must_use]
pub fn under(name: &str) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.under.contains(&name))
}

/// How many levels deep a collection behind a link of this name is asked for; 0 if never.
#[must_use]
pub fn collection_depth(name: &str) -> u8 {
    if NEVER.contains(&name) {
        return 0;
    }
    DEEP.iter().find(|(known, _)| *known == name).map_or(1, |(_, depth)| *depth)
}

/// How many levels deep a single resource of this schema is asked for, where so many are to be had; 0 if
/// without what is below it.
#[must_use]
pub fn single_depth(kind: &str, offered: u8) -> u8 {
    let row = DEEP_SINGLES.iter().find(|(known, least, _)| *known == kind && offered >= *least);
    row.map_or(0, |(.., most)| *most)
}
