//! An inventory as a flat list of components, each with its lasting fields in words: what history, comparison
//! and the search over the fleet are made of.
//!
//! It is read generically from the inventory's JSON: an object in a list that has an `id` or a `path` is a
//! component, whatever its kind. What moves by itself (readings, power, health, clocks, counts of requests)
//! is left out, so that the same hardware gives the same list.

use crate::inventory::{FaultKind, Inventory, meaningful};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Something that a server is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Component {
    /// What it is: `processor`, `memory module`, `drive`, `firmware`, ...
    pub kind: String,
    /// Where it hangs in the controller's tree; unique in its inventory together with the kind.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its lasting fields, in words.
    pub fields: BTreeMap<String, String>,
}

impl Component {
    /// A field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// The slot, socket or bay that it sits in.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        PLACES.iter().find_map(|name| self.field(name))
    }

    /// Its serial number, unless it is one of the fillers that makers ship.
    #[must_use]
    pub fn serial(&self) -> Option<String> {
        meaningful(&self.fields.get("serial").cloned())
    }

    /// Its own part number, or else the server maker's.
    #[must_use]
    pub fn part_number(&self) -> Option<&str> {
        self.field("part_number").or_else(|| self.field("oem_part_number"))
    }

    /// The version of what runs on it.
    #[must_use]
    pub fn firmware(&self) -> Option<&str> {
        ["firmware", "version", "bios_version"].iter().find_map(|name| self.field(name))
    }

    /// Its MAC addresses.
    #[must_use]
    pub fn macs(&self) -> Vec<String> {
        let said = ["mac", "permanent_mac", "macs"].iter().filter_map(|name| self.field(name));
        let all: BTreeSet<String> =
            said.flat_map(|list| list.split(", ")).filter_map(crate::device::canonical_mac).collect();
        all.into_iter().collect()
    }
}

/// Fields that say where a component sits.
pub(crate) const PLACES: &[&str] = &["slot", "socket", "location"];

/// Fields that move by themselves, or follow from power and cables.
const MOVING: &[&str] = &[
    "taken_at",
    "requests",
    "elapsed_ms",
    "health",
    "power",
    "clock",
    "link",
    "indicator",
    "boot_override",
    "speed_mbps",
    "locked",
    "reading",
    "readings",
    "sensors",
    "telemetry",
    "uptime",
    "last_reset",
];

/// Endings of fields that are readings.
const READINGS: &[&str] = &["_reading", "_celsius", "_rpm", "_percent", "_now", "_hours"];

fn moves(key: &str) -> bool {
    MOVING.contains(&key) || READINGS.iter().any(|ending| key.ends_with(ending))
}

/// Kinds that are not simply their list's name without its plural.
const KINDS: &[(&str, &str)] = &[
    ("chassis", "chassis"),
    ("managers", "controller"),
    ("memory", "memory module"),
    ("nics", "network interface"),
    ("adapters", "network adapter"),
    ("pcie_devices", "PCIe device"),
    ("pcie_functions", "PCIe function"),
    ("firmware", "firmware"),
    ("software", "software"),
    ("licenses", "licence"),
    ("logs", "log"),
    ("sign_in", "sign-in rules"),
    ("accounts", "account"),
    ("batteries", "battery"),
    ("assemblies", "assembly"),
    ("power_supplies", "power supply"),
];

fn kind(list: &str) -> String {
    let known = KINDS.iter().find(|(key, _)| *key == list).map(|(_, kind)| (*kind).to_owned());
    known.unwrap_or_else(|| list.strip_suffix('s').unwrap_or(list).replace('_', " "))
}

/// What an inventory is made of, by kind and path.
#[must_use]
pub fn components(inventory: &Inventory) -> Vec<Component> {
    let mut found = Found::default();
    if let Ok(Value::Object(root)) = serde_json::to_value(inventory) {
        for (key, value) in &root {
            match value {
                Value::Object(service) => found.component(key, service, "/redfish/v1"),
                Value::Array(list) if key != "faults" => found.list(key, list, "/redfish/v1"),
                _ => {}
            }
        }
    }
    for fault in inventory.faults.iter().filter(|fault| lasts(fault.kind)) {
        let what = [("field", fault.field.clone()), ("fault", fault.kind.word().replace('_', " "))];
        let fields = what.into_iter().filter(|(_, text)| !text.is_empty());
        found.add(Component {
            kind: "fault".into(),
            path: format!("{}#{}", fault.path, fault.field),
            name: fault.path.clone(),
            fields: fields.map(|(key, text)| (key.to_owned(), text)).collect(),
        });
    }
    found.0.into_values().collect()
}

/// Whether a fault is of the controller's making; a late or refused answer is gone the next time.
const fn lasts(kind: FaultKind) -> bool {
    !matches!(kind, FaultKind::NoAnswer | FaultKind::Refused)
}

/// The paths of documents that were not got, though they may be there: what hangs below them is not known.
#[must_use]
pub fn not_read(inventory: &Inventory) -> Vec<String> {
    let whole = inventory.faults.iter().filter(|fault| fault.field.is_empty());
    // A resource that its controller says is gone (404, 410) is gone.
    let lost = whole.filter(|fault| match fault.kind {
        FaultKind::NoAnswer | FaultKind::BadDocument => true,
        FaultKind::Refused => !fault.problem.contains("404") && !fault.problem.contains("410"),
        _ => false,
    });
    let paths: BTreeSet<String> =
        lost.map(|fault| fault.path.split(['?', '#']).next().unwrap_or_default().to_owned()).collect();
    paths.into_iter().filter(|path| !path.is_empty()).collect()
}

/// Takes over from an earlier list what a reading could not see, so that a late answer is no removal.
pub fn carry_over(earlier: &[Component], now: &mut Vec<Component>, not_read: &[String]) {
    let below = |path: &str, root: &str| {
        path.strip_prefix(root.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#']))
    };
    let mut all: BTreeMap<(String, String), Component> =
        now.drain(..).map(|one| ((one.kind.clone(), one.path.clone()), one)).collect();
    for old in earlier {
        let key = (old.kind.clone(), old.path.clone());
        if let Some(present) = all.get_mut(&key) {
            // A document below it was lost, and with it perhaps fields of its own.
            if not_read.iter().any(|lost| below(lost, &old.path)) {
                for (name, value) in &old.fields {
                    present.fields.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        } else if not_read.iter().any(|lost| below(&old.path, lost)) {
            all.insert(key, old.clone());
        }
    }
    now.extend(all.into_values());
}

#[derive(Default)]
struct Found(BTreeMap<(String, String), Component>);

impl Found {
    fn list(&mut self, key: &str, list: &[Value], parent: &str) {
        for object in list.iter().filter_map(Value::as_object) {
            self.component(key, object, parent);
        }
    }

    fn component(&mut self, key: &str, object: &Map<String, Value>, parent: &str) {
        let text = |name| object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if text("state").is_some_and(|state| state.eq_ignore_ascii_case("absent")) {
            return;
        }
        let name = text("name").or_else(|| text("id")).unwrap_or(key).to_owned();
        let within = || format!("{parent}/{key}/{}", text("id").unwrap_or(&name));
        let path = text("path").map_or_else(within, str::to_owned);
        let mut fields = BTreeMap::new();
        self.fields("", object, &path, &mut fields);
        // Some makers put the version into the path of what it is the version of.
        let version = fields.get("version").filter(|version| version.len() > 2);
        let path = version.map_or_else(|| path.clone(), |version| path.replace(version.as_str(), "*"));
        if !fields.is_empty() || text("path").is_some() {
            self.add(Component { kind: kind(key), path, name, fields });
        }
    }

    fn fields(
        &mut self,
        prefix: &str,
        object: &Map<String, Value>,
        path: &str,
        into: &mut BTreeMap<String, String>,
    ) {
        for (key, value) in object {
            let is_own = prefix.is_empty() && matches!(key.as_str(), "id" | "name" | "state");
            if is_own || key == "path" || moves(key) {
                continue;
            }
            match value {
                Value::Null => {}
                Value::Object(inner) => self.fields(&format!("{prefix}{key}."), inner, path, into),
                Value::Array(list) if list.iter().any(is_component) => self.list(key, list, path),
                Value::Array(list) if list.iter().any(Value::is_object) => {
                    list.iter()
                        .filter_map(Value::as_object)
                        .for_each(|one| self.named(&format!("{prefix}{key}"), one, path, into));
                }
                Value::Array(list) => put(into, prefix, key, &joined(list, key == "boot_order")),
                other => put(into, prefix, key, &plain(other)),
            }
        }
    }

    /// One of a list whose members are told apart by name: a setting with its value, a protocol with its fields.
    fn named(
        &mut self,
        list: &str,
        object: &Map<String, Value>,
        path: &str,
        into: &mut BTreeMap<String, String>,
    ) {
        let Some(name) = object.get("name").and_then(Value::as_str) else { return };
        if let Some(value) = object.get("value") {
            put(into, "", &format!("{list}.{name}"), &plain(value));
        } else if object
            .keys()
            .any(|key| !matches!(key.as_str(), "name" | "title" | "menu" | "default" | "value"))
        {
            let rest: Map<String, Value> = object
                .iter()
                .filter(|(key, _)| *key != "name")
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            self.fields(&format!("{list}.{name}."), &rest, path, into);
        }
    }

    /// Two that a controller gives one path are two.
    fn add(&mut self, mut component: Component) {
        let first = component.path.clone();
        let mut twin = 1;
        while self.0.contains_key(&(component.kind.clone(), component.path.clone())) {
            twin += 1;
            component.path = format!("{first}#{twin}");
        }
        self.0.insert((component.kind.clone(), component.path.clone()), component);
    }
}

fn put(into: &mut BTreeMap<String, String>, prefix: &str, key: &str, text: &str) {
    if !text.is_empty() {
        into.insert(format!("{prefix}{key}"), text.to_owned());
    }
}

fn is_component(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.contains_key("id") || object.contains_key("path"))
}

/// A list in words; sorted, unless its order says something.
fn joined(list: &[Value], in_order: bool) -> String {
    let mut words: Vec<String> = list.iter().map(plain).filter(|word| !word.is_empty()).collect();
    if !in_order {
        words.sort();
        words.dedup();
    }
    words.join(", ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Health, Power};
    use crate::inventory::{Fault, Firmware, HealthReading, MemoryModule, PowerReading, System};

    fn module(slot: &str, serial: &str) -> MemoryModule {
        MemoryModule {
            path: format!("/redfish/v1/Systems/1/Memory/{slot}"),
            id: slot.into(),
            slot: Some(slot.into()),
            serial: Some(serial.into()),
            ..MemoryModule::default()
        }
    }

    fn inventory() -> Inventory {
        let system = System {
            path: "/redfish/v1/Systems/1".into(),
            id: "1".into(),
            bios_version: Some("2.1".into()),
            memory: vec![module("A1", "X"), module("A2", "Y")],
            ..System::default()
        };
        let bios = Firmware {
            path: "/redfish/v1/UpdateService/FirmwareInventory/Installed-159-2.1.3__BIOS".into(),
            id: "Installed-159-2.1.3__BIOS".into(),
            name: Some("BIOS".into()),
            version: Some("2.1.3".into()),
            ..Firmware::default()
        };
        Inventory { systems: vec![system], firmware: vec![bios], ..Inventory::default() }
    }

    fn fault(kind: FaultKind, path: &str, problem: &str) -> Fault {
        Fault { path: path.into(), field: String::new(), kind, problem: problem.into() }
    }

    #[test]
    fn lists_of_objects_are_components_with_their_lasting_fields() {
        let all = components(&inventory());
        let kinds: Vec<&str> = all.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["firmware", "memory module", "memory module", "system"]);
        assert_eq!(all[0].path, "/redfish/v1/UpdateService/FirmwareInventory/Installed-159-*__BIOS");
        assert_eq!(all[1].place(), Some("A1"));
        assert_eq!(all[3].fields, [("bios_version".to_owned(), "2.1".to_owned())].into());
    }

    #[test]
    fn what_moves_by_itself_and_the_order_of_lists_make_no_difference() {
        let before = components(&inventory());
        let mut again = inventory();
        again.taken_at = Some(jiff::Timestamp::UNIX_EPOCH);
        (again.requests, again.elapsed_ms) = (61, 4000);
        again.systems[0].memory.reverse();
        again.systems[0].power = PowerReading(Power::Off);
        again.systems[0].memory[0].health = HealthReading(Health::Critical);
        again.systems[0].memory[0].state = Some("StandbyOffline".into());
        again.faults.push(fault(FaultKind::NoAnswer, "/redfish/v1/Systems/1/Memory", "no answer in 5 s"));
        assert_eq!(components(&again), before);
        again.systems[0].memory[0].state = Some("Absent".into());
        assert_eq!(components(&again).len(), before.len() - 1);
    }

    #[test]
    fn what_could_not_be_read_is_taken_over_and_what_is_gone_is_not() {
        let before = components(&inventory());
        let mut late = inventory();
        late.systems[0].memory.clear();
        late.faults.push(fault(FaultKind::NoAnswer, "/redfish/v1/Systems/1/Memory?$expand=.", "late"));
        let mut now = components(&late);
        carry_over(&before, &mut now, &not_read(&late));
        assert_eq!(now, before);
        late.faults = vec![fault(FaultKind::Refused, "/redfish/v1/Systems/1/Memory", "404 Not Found")];
        assert!(not_read(&late).is_empty());
        let mut other = inventory();
        other.systems.clear();
        other.faults = vec![fault(FaultKind::NoAnswer, "/redfish/v1/Systems/10", "late")];
        let mut now = components(&other);
        carry_over(&before, &mut now, &not_read(&other));
        assert_eq!(now.len(), 1, "/Systems/1 is not below /Systems/10");
    }

    #[test]
    fn fields_of_a_document_that_was_lost_are_taken_over() {
        let before = components(&inventory());
        let mut late = inventory();
        late.systems[0].bios_version = None;
        late.faults.push(fault(FaultKind::NoAnswer, "/redfish/v1/Systems/1/Bios", "late"));
        let mut now = components(&late);
        carry_over(&before, &mut now, &not_read(&late));
        assert_eq!(now, before);
    }

    #[test]
    fn settings_and_protocols_are_fields_by_their_name() {
        use crate::inventory::{Bios, Manager, Protocol, Setting};
        let mut all = inventory();
        let setting = |name: &str, value: &str| Setting {
            name: name.into(),
            value: Some(value.into()),
            title: Some("a long title".into()),
            ..Setting::default()
        };
        let settings = vec![setting("ProcVirtualization", "Enabled"), setting("BootMode", "Uefi")];
        all.systems[0].bios =
            Some(Bios { path: "/redfish/v1/Systems/1/Bios".into(), settings, ..Bios::default() });
        all.systems[0].boot_order = vec!["Boot0003".into(), "Boot0001".into()];
        let http =
            Protocol { name: "HTTP".into(), enabled: Some(true), port: Some(80), ..Protocol::default() };
        all.managers = vec![Manager { id: "1".into(), protocols: vec![http], ..Manager::default() }];
        let found = components(&all);
        let of = |kind: &str| found.iter().find(|one| one.kind == kind).unwrap();
        assert_eq!(of("system").field("bios.settings.BootMode"), Some("Uefi"));
        assert_eq!(of("system").field("boot_order"), Some("Boot0003, Boot0001"));
        assert_eq!(of("controller").field("protocols.HTTP.port"), Some("80"));
        assert_eq!(of("system").fields.len(), 4);
    }

    #[test]
    fn two_at_one_path_are_two() {
        let mut twice = inventory();
        twice.systems[0].memory[1].path = twice.systems[0].memory[0].path.clone();
        assert_eq!(components(&twice).len(), 4);
    }
}
