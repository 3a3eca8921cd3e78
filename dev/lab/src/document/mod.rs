//! The documents, built on demand out of a maker's row and a unit's numbers. Pure.
//!
//! | module | which |
//! |---|---|
//! | `bios` | BIOS attributes, their registry, boot options |
//! | `board` | boards and modules, assemblies, a second system behind the first controller |
//! | `chassis` | the box |
//! | `log` | logs |
//! | `manager` | managers and their network interfaces |
//! | `network` | network adapters, their ports and functions |
//! | `part` | processors, GPUs, memory, the server's network interfaces |
//! | `pcie` | PCIe devices and their functions |
//! | `power`, `thermal`, `sensor` | power supplies, fans, readings; the older documents and the newer |
//! | [`query`] | `$expand`, `$select`, `only`, `$top`, `$skip`, pages |
//! | `service` | root, sessions, accounts, updates, tasks |
//! | `storage` | storage units, controllers, volumes, drives |
//! | `system` | systems |
//! | `trust` | certificates, licences |

mod bios;
mod board;
mod chassis;
mod log;
mod manager;
mod network;
mod part;
mod pcie;
mod power;
pub mod query;
mod sensor;
mod service;
mod storage;
mod system;
mod thermal;
mod trust;

pub use system::system_boot_targets;

use crate::access::Access;
use crate::flavour::{Etag, Flavour};
use crate::hardware::{Hardware, health_word};
use crate::power::{Power, Timing};
use crate::random::hash;
use crate::sensors::Climate;
use crate::unit::Unit;
use jiff::Timestamp;
use model::device::Health;
use serde_json::{Map, Value, json};

/// What can be set on a system.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `AssetTag`.
    pub asset_tag: Option<String>,
    /// Whether the identification light is on.
    pub light: bool,
    /// `BootSourceOverrideTarget`, and whether it stays.
    pub boot: Option<(String, bool)>,
    /// `NTP/NTPServers`, where they were set.
    pub ntp: Option<Vec<String>>,
}

impl Settings {
    /// Where the BMC takes the time from.
    #[must_use]
    pub fn ntp_servers(&self) -> Vec<String> {
        self.ntp.clone().unwrap_or_else(|| vec!["10.20.255.1".to_owned(), "10.20.255.2".to_owned()])
    }
}

/// Everything that a document may say.
pub struct View<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// Its maker.
    pub row: &'static Flavour,
    /// What it is made of.
    pub hardware: &'a Hardware,
    /// Its power.
    pub power: &'a Power,
    /// How long things take.
    pub timing: Timing<'a>,
    /// Accounts and sessions.
    pub access: &'a Access,
    /// What was set.
    pub settings: &'a Settings,
    /// Now.
    pub now: Timestamp,
}

/// Which document is being decorated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The service root.
    Root,
    /// A system.
    System,
    /// The main chassis.
    Chassis,
    /// A manager.
    Manager,
    /// A processor.
    Processor,
    /// A memory module.
    Memory,
    /// A drive.
    Drive,
    /// A network interface of the server.
    HostNic,
    /// A network interface of the manager.
    BmcNic,
    /// The session service.
    SessionService,
    /// The account service.
    AccountService,
    /// The update service.
    UpdateService,
    /// A piece of firmware.
    Firmware,
    /// A storage unit.
    Storage,
    /// A network adapter.
    Adapter,
    /// A function of a network adapter.
    Function,
    /// The manager's protocols.
    Protocol,
    /// An account.
    Account,
    /// A role.
    Role,
    /// Power and voltages.
    Power,
    /// Temperatures and fans, the older way.
    Thermal,
    /// A storage controller.
    Controller,
    /// A volume.
    Volume,
    /// A port of a network adapter.
    Port,
    /// The same, the older way.
    NetworkPort,
    /// A PCIe device.
    PcieDevice,
    /// A function of it.
    PcieFunction,
    /// Power, the newer way.
    PowerSubsystem,
    /// A power supply, the newer way.
    PowerSupply,
    /// What a power supply measures.
    SupplyMetrics,
    /// Cooling, the newer way.
    ThermalSubsystem,
    /// A fan, the newer way.
    Fan,
    /// Temperatures, the newer way.
    ThermalMetrics,
    /// Power and temperature of a chassis.
    EnvironmentMetrics,
    /// A sensor.
    Sensor,
    /// Field-replaceable parts.
    Assembly,
    /// The certificate service.
    CertificateService,
    /// Where certificates are.
    CertificateLocations,
    /// A certificate.
    Certificate,
    /// The licence service.
    LicenseService,
    /// A licence.
    License,
    /// The BIOS, or what is pending in it.
    Bios,
    /// What BIOS attributes mean.
    Registry,
    /// Something that can be booted.
    BootOption,
    /// A log.
    LogService,
    /// An entry of a log.
    LogEntry,
    /// What a memory module measures.
    MemoryMetrics,
    /// A GPU.
    Gpu,
    /// A board or module, or a second system or manager.
    Board,
    /// What an action takes.
    ActionInfo,
    /// Anything else.
    Other,
}

/// Where the tree begins.
pub const ROOT: &str = "/redfish/v1";

impl View<'_> {
    /// The document at `path`, the segments after `/redfish/v1`; `None` if there is none.
    #[must_use]
    pub fn document(&self, path: &[&str]) -> Option<Value> {
        let (place, mut doc) = self.raw(path)?;
        (self.row.decorate)(place, &mut doc, self);
        let mut doc = self.finished(path, doc);
        let absent = self.row.absent.iter().filter(|(at, _)| *at == place);
        absent.flat_map(|(_, names)| names.iter()).for_each(|name| {
            unset(&mut doc, name);
            unset(&mut doc, &format!("{name}@odata.count"));
        });
        Some(doc)
    }

    /// The document that a link leads to.
    #[must_use]
    pub fn at(&self, target: &str) -> Option<Value> {
        let path: Vec<&str> =
            target.strip_prefix(ROOT).unwrap_or_default().split('/').filter(|s| !s.is_empty()).collect();
        self.document(&path)
    }

    fn raw(&self, path: &[&str]) -> Option<(Place, Value)> {
        let found = match path {
            ["Systems", rest @ ..] => self.systems(rest),
            ["Chassis", rest @ ..] => self.chassis(rest),
            ["Managers", rest @ ..] => self.managers(rest),
            other => self.services(other),
        };
        found.or_else(|| (self.row.extra)(self, path).map(|doc| (Place::Other, doc)))
    }

    /// Gives a document its identifier, its type in the maker's version, and where it is.
    pub fn head(&self, doc: &mut Value, schema: &str, path: &str, id: &str) {
        self.typed(doc, schema, self.unit.kind.version(schema), path, id);
    }

    /// The same, in a version of one's own.
    pub(crate) fn typed(&self, doc: &mut Value, schema: &str, version: &str, path: &str, id: &str) {
        set(doc, "@odata.id", Value::String(path.to_owned()));
        set(doc, "@odata.type", Value::String(format!("#{schema}.{version}.{schema}")));
        set(doc, "Id", Value::String(id.to_owned()));
    }

    /// The sensors.
    #[must_use]
    pub fn climate(&self) -> Climate {
        Climate::at(self.unit.seed, self.power, self.now)
    }

    /// The path of the system.
    #[must_use]
    pub fn system_path(&self) -> String {
        format!("{ROOT}/Systems/{}", self.row.ids.system)
    }

    /// The path of the main chassis.
    #[must_use]
    pub fn chassis_path(&self) -> String {
        format!("{ROOT}/Chassis/{}", self.row.ids.chassis)
    }

    /// The path of the manager.
    #[must_use]
    pub fn manager_path(&self) -> String {
        format!("{ROOT}/Managers/{}", self.row.ids.manager)
    }

    /// A MAC address in the maker's spelling.
    #[must_use]
    pub fn mac(&self, mac: &str) -> String {
        if self.row.manner.upper_macs { mac.to_uppercase() } else { mac.to_owned() }
    }

    /// The moment as controllers write it: with an offset, without fractions.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
    }

    /// A collection of `members`, by their identifiers.
    pub fn collection(&self, path: &str, schema: &str, name: &str, members: &[String]) -> (Place, Value) {
        let links: Vec<Value> = members.iter().map(|id| link(&format!("{path}/{id}"))).collect();
        let none = links.is_empty() && self.row.manner.null_members;
        let doc = json!({
            "@odata.id": path,
            "@odata.type": format!("#{schema}.{schema}"),
            "Name": name,
            "Members": if none { Value::Null } else { Value::Array(links) },
            "Members@odata.count": members.len(),
        });
        (Place::Other, doc)
    }

    /// Adds what the maker puts into every document: context, counts, ETag.
    fn finished(&self, path: &[&str], mut doc: Value) -> Value {
        if self.row.manner.counts {
            count_lists(&mut doc);
        }
        let context = doc.get("@odata.type").and_then(Value::as_str).and_then(context);
        let Some(fields) = doc.as_object_mut() else { return doc };
        if let Some(context) = context.filter(|_| self.row.manner.context) {
            fields.insert("@odata.context".to_owned(), Value::String(context));
        }
        if let Some(etag) = self.etag(path, fields) {
            fields.insert("@odata.etag".to_owned(), Value::String(etag));
        }
        doc
    }

    /// The ETag, without what the time is (DSP0266, "ETags").
    fn etag(&self, path: &[&str], fields: &mut Map<String, Value>) -> Option<String> {
        match self.row.manner.etag {
            Etag::None => return None,
            Etag::Accounts if path != ["AccountService"] => return None,
            _ => {}
        }
        let time = fields.remove("DateTime");
        let sum = hash(serde_json::to_string(fields).ok()?.as_bytes());
        fields.extend(time.map(|time| ("DateTime".to_owned(), time)));
        match self.row.manner.etag {
            Etag::Weak => Some(format!("W/\"{:08X}\"", sum >> 32)),
            Etag::Strong => Some(format!("\"{sum:016x}\"")),
            Etag::Accounts => Some(format!("\"{}\"", sum >> 24)),
            Etag::None => None,
        }
    }
}

fn context(kind: &str) -> Option<String> {
    let mut parts = kind.trim_start_matches('#').split('.');
    let (first, last) = (parts.next()?, parts.next_back()?);
    Some(format!("{ROOT}/$metadata#{first}.{last}"))
}

/// Puts `X@odata.count` beside every list of objects.
fn count_lists(doc: &mut Value) {
    let Some(fields) = doc.as_object_mut() else { return };
    let lists: Vec<(String, usize)> = fields
        .iter()
        .filter(|(name, _)| !name.contains('@'))
        .filter_map(|(name, value)| Some((format!("{name}@odata.count"), value.as_array()?.len())))
        .collect();
    for (name, length) in lists {
        fields.entry(name).or_insert_with(|| json!(length));
    }
    fields.iter_mut().filter(|(name, _)| *name == "Links").for_each(|(_, links)| count_lists(links));
}

/// A link.
#[must_use]
pub fn link(path: &str) -> Value {
    json!({ "@odata.id": path })
}

/// A `Status` of something that is there.
#[must_use]
pub fn status(health: Health) -> Value {
    json!({ "State": "Enabled", "Health": health_word(health) })
}

/// Sets a field of a document.
pub fn set(doc: &mut Value, name: &str, value: Value) {
    if let Some(fields) = doc.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// Takes a field out of a document.
pub fn unset(doc: &mut Value, name: &str) {
    if let Some(fields) = doc.as_object_mut() {
        fields.remove(name);
    }
}
