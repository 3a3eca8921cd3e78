//! What a controller is in the habit of doing with `$expand`, from one reading to the next: pure.

use model::traffic::{Learned, QueryUse};
use std::collections::BTreeSet;

/// Kinds of paths that are remembered; a controller where it fails at more is asked plainly.
const MAX_KINDS: usize = 64;

/// Answers in a row without any members in before it counts as ignored everywhere.
const MAX_IGNORED: u8 = 3;

/// What is known when a reading begins, and what is known when it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// What became of `$expand`.
    pub expand: QueryUse,
    /// Kinds of paths, as [`path_kind`] makes them, where that is otherwise or was refused.
    pub fails_at: BTreeSet<String>,
    /// Whether the service root offers `$select`; nothing before it was read.
    pub select: Option<bool>,
    ignored: u8,
    distrusted: bool,
}

impl From<&Learned> for Habits {
    fn from(learned: &Learned) -> Self {
        let fails_at = learned.expand_fails_at.iter().take(MAX_KINDS).cloned().collect();
        Self { expand: learned.expand, fails_at, select: None, ignored: 0, distrusted: false }
    }
}

impl Habits {
    /// Writes them down.
    pub fn store(&self, learned: &mut Learned) {
        learned.expand = self.expand;
        learned.expand_fails_at = self.fails_at.iter().cloned().collect();
        // What polls found out meanwhile stays, unless the controller offers something else now.
        learned.select = match (self.select, learned.select) {
            (Some(false), _) => Some(QueryUse::Absent),
            (Some(true), None | Some(QueryUse::Absent)) => Some(QueryUse::Untried),
            (_, known) => known,
        };
    }

    /// Whether it is worth asking at this path.
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        matches!(self.expand, QueryUse::Untried | QueryUse::Works)
            && !self.fails_at.contains(&path_kind(path))
    }

    /// An answer had what was asked for in it.
    pub const fn worked(&mut self) {
        self.expand = QueryUse::Works;
    }

    /// An answer was the same as without.
    pub fn ignored(&mut self, path: &str) {
        self.fail_at(path);
        if self.expand == QueryUse::Untried {
            self.ignored += 1;
            if self.ignored >= MAX_IGNORED {
                self.settle(QueryUse::Ignored);
            }
        }
    }

    /// It failed, and the same path without it did not. `flatly`: by an answer that says that the query is not known.
    pub fn refused(&mut self, path: &str, flatly: bool) {
        self.fail_at(path);
        if self.expand == QueryUse::Untried && (flatly || self.fails_at.len() >= usize::from(MAX_IGNORED))
            || self.fails_at.len() >= MAX_KINDS
        {
            self.settle(QueryUse::Refused);
        }
    }

    /// What came inside of answers lacks what the resources have by themselves.
    pub fn distrusted(&mut self) {
        self.distrusted = true;
        self.settle(QueryUse::Refused);
    }

    /// Whether what comes inside of answers is worth anything.
    #[must_use]
    pub const fn trusts(&self) -> bool {
        !self.distrusted
    }

    /// The service root does not offer it.
    pub fn absent(&mut self) {
        self.settle(QueryUse::Absent);
    }

    fn fail_at(&mut self, path: &str) {
        self.fails_at.insert(path_kind(path));
    }

    fn settle(&mut self, expand: QueryUse) {
        self.expand = expand;
        self.fails_at.clear();
    }
}

/// Links whose target is a collection: the next part of the path differs from machine to machine.
const COLLECTIONS: &[&str] = &[
    "Systems",
    "Chassis",
    "Managers",
    "Processors",
    "Memory",
    "Storage",
    "SimpleStorage",
    "Drives",
    "Volumes",
    "Controllers",
    "StorageControllers",
    "EthernetInterfaces",
    "NetworkInterfaces",
    "NetworkAdapters",
    "NetworkDeviceFunctions",
    "NetworkPorts",
    "Ports",
    "PCIeDevices",
    "PCIeFunctions",
    "PCIeSlots",
    "PowerSupplies",
    "Batteries",
    "Fans",
    "Sensors",
    "Cables",
    "Fabrics",
    "Switches",
    "Endpoints",
    "Zones",
    "FirmwareInventory",
    "SoftwareInventory",
    "Accounts",
    "Roles",
    "Licenses",
    "Certificates",
    "LogServices",
    "Entries",
    "BootOptions",
    "VirtualMedia",
    "HostInterfaces",
    "SerialInterfaces",
    "Registries",
    "JsonSchemas",
    "Sessions",
    "Tasks",
    "Jobs",
    "MetricReports",
    "MetricReportDefinitions",
    "Members",
    "Devices",
    "ArrayControllers",
    "PhysicalDrives",
    "DiskDrives",
    "LogicalDrives",
    "TrustedComponents",
    "Assemblies",
];

/// A path with `*` in the place of what differs between machines of a model. Its query is left out.
#[must_use]
pub fn path_kind(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut kind = String::with_capacity(path.len());
    let mut after_collection = false;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        kind.push('/');
        let is_id = after_collection
            || part.len() > 48
            || part.bytes().any(|byte| byte.is_ascii_digit()) && part != "v1";
        kind.push_str(if is_id { "*" } else { part });
        after_collection = !is_id && COLLECTIONS.contains(&part);
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_paths() {
        for (path, kind) in [
            ("/redfish/v1/", "/redfish/v1"),
            (
                "/redfish/v1/Systems/System.Embedded.1/Processors/CPU.Socket.1",
                "/redfish/v1/Systems/*/Processors/*",
            ),
            ("/redfish/v1/Chassis/1/NetworkAdapters?$expand=.", "/redfish/v1/Chassis/*/NetworkAdapters"),
            (
                "/redfish/v1/Managers/bmc/EthernetInterfaces/eth0/",
                "/redfish/v1/Managers/*/EthernetInterfaces/*",
            ),
            ("/redfish/v1/Systems/Systems/Memory", "/redfish/v1/Systems/*/Memory"),
        ] {
            assert_eq!(path_kind(path), kind);
        }
    }

    #[test]
    fn ignored_everywhere_or_here_alone() {
        let mut habits = Habits::default();
        habits.ignored("/redfish/v1/Systems");
        assert!(habits.allows("/redfish/v1/Chassis") && !habits.allows("/redfish/v1/Systems"));
        habits.ignored("/redfish/v1/Chassis");
        habits.ignored("/redfish/v1/Managers");
        assert_eq!((habits.expand, habits.fails_at.len()), (QueryUse::Ignored, 0));
        let mut habits = Habits::default();
        habits.worked();
        (0..20).for_each(|_| habits.ignored("/redfish/v1/Managers"));
        assert_eq!((habits.expand, habits.fails_at.len()), (QueryUse::Works, 1));
    }

    #[test]
    fn refused_everywhere_or_here_alone() {
        let mut habits = Habits::default();
        habits.refused("/redfish/v1/Systems", true);
        assert!(!habits.allows("/redfish/v1/Chassis"));
        let mut habits = Habits::default();
        habits.refused("/redfish/v1/Systems", false);
        assert!(habits.allows("/redfish/v1/Chassis"));
        habits.worked();
        habits.refused("/redfish/v1/Chassis/7/Sensors", true);
        assert!(habits.allows("/redfish/v1/Managers") && !habits.allows("/redfish/v1/Chassis/8/Sensors"));
        let mut learned = Learned::default();
        habits.store(&mut learned);
        assert_eq!(learned.expand_fails_at, ["/redfish/v1/Chassis/*/Sensors", "/redfish/v1/Systems"]);
        assert!(!Habits::from(&learned).allows("/redfish/v1/Chassis/9/Sensors"));
    }
}
