//! Which links are followed, and what is made of the documents they lead to.

use super::chassis::{is_enclosure, parse_adapter};
use super::field::Fields;
use super::walk::{Member, Walk};
use super::{
    access, bios, chassis, drive, environment, firmware, manager, memory, nic, part, parts, port, processor,
    reset, service, system, volume,
};
use crate::client::{Document, Get, ROOT};
use crate::error::Error;
use crate::vendor::{self, Row, Step};
use model::inventory::{Adapter, Chassis, Drive, Fault, Inventory, License, Manager, Nic, System};
use serde_json::Value;

/// Where a resource may have a link: at its own place, or as before Redfish 1.0.
fn places(name: &str) -> [String; 3] {
    [name.to_owned(), format!("Links/{name}"), format!("links/{name}")]
}

/// The link called `name`, and the faults in its place.
pub(super) fn link(path: &str, value: &Value, name: &str) -> (Option<String>, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let places = places(name);
    let link = fields.link(&[&places[0], &places[1], &places[2]]);
    (link, fields.into_faults())
}

pub async fn from_root<G: Get>(walk: &mut Walk<'_, G>, root: &Document) -> Result<Inventory, Error> {
    let mut inventory =
        Inventory { service: walk.keep(service::parse(ROOT, &root.value)), ..Inventory::default() };
    inventory.systems = systems(walk, &root.value).await?;
    inventory.chassis = all_chassis(walk, &root.value, &inventory.systems).await?;
    drop_listed_drives(&mut inventory);
    inventory.managers = managers(walk, &root.value, &mut inventory.licenses).await?;
    access::of_root(walk, &root.value, &mut inventory).await?;
    all_firmware(walk, &root.value, &mut inventory).await?;
    inventory.cables = parsed(walk, ROOT, &root.value, "Cables", part::parse).await?;
    Ok(inventory)
}

/// The members of the collection that `value` links to by `name`.
pub(super) async fn collection<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    name: &str,
) -> Result<Vec<Member>, Error> {
    let link = walk.keep(link(path, value, name));
    match link {
        Some(link) => walk.list(path, name, &link).await,
        None => Ok(Vec::new()),
    }
}

/// Every member of a collection, read by a pure parser.
pub(super) async fn parsed<G: Get, T>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    name: &str,
    parse: fn(&str, &Value) -> (T, Vec<Fault>),
) -> Result<Vec<T>, Error> {
    let mut things = Vec::new();
    for member in collection(walk, path, value, name).await? {
        if let Some((path, value)) = walk.open(member).await? {
            things.push(walk.keep(parse(&path, &value)));
        }
    }
    Ok(things)
}

/// The servers; those that can be reset come first.
async fn systems<G: Get>(walk: &mut Walk<'_, G>, root: &Value) -> Result<Vec<System>, Error> {
    let mut systems = Vec::new();
    for member in collection(walk, ROOT, root, "Systems").await? {
        let Some((path, value)) = walk.open(member).await? else { continue };
        let mut system = walk.keep(system::parse(&path, &value));
        if system.reset_types.is_empty()
            && let Some(link) = reset::info_link(&value)
            && let Some((path, info)) =
                walk.follow(&path, "Actions/#ComputerSystem.Reset/@Redfish.ActionInfo", &link).await?
        {
            let mut fields = Fields::new(&path, &info);
            system.reset_types = reset::types_of_info(&mut fields);
            walk.add_faults(fields.into_faults());
        }
        system.processors = parsed(walk, &path, &value, "Processors", processor::parse).await?;
        let row = vendor::by_oem(&value);
        system.memory = parsed(walk, &path, &value, "Memory", memory::parse).await?;
        if let (true, Some(row)) = (system.memory.is_empty(), row) {
            system.memory = stepped(walk, &path, &value, row.memory, memory::parse).await?;
        }
        storage(walk, &path, &value, row, &mut system).await?;
        system.pcie_devices = parts::pcie_devices(walk, &path, &value).await?;
        system.nics = nics(walk, &path, &value).await?;
        setup(walk, &path, &value, &mut system).await?;
        system.logs = access::logs(walk, &path, &value).await?;
        systems.push(system);
    }
    systems.sort_by_key(|system| system.reset_types.is_empty());
    Ok(systems)
}

/// The settings of its BIOS, and what it can boot from.
async fn setup<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    system: &mut System,
) -> Result<(), Error> {
    if let Some(boot) = value.get("Boot").filter(|boot| boot.is_object()) {
        system.boot_options = parsed(walk, path, boot, "BootOptions", bios::parse_boot_option).await?;
    }
    if let Some((path, value)) = parts::opened(walk, path, value, "Bios").await? {
        system.bios = Some(walk.keep(bios::parse(&path, &value)));
    }
    Ok(())
}

async fn nics<G: Get>(walk: &mut Walk<'_, G>, path: &str, value: &Value) -> Result<Vec<Nic>, Error> {
    parsed(walk, path, value, "EthernetInterfaces", nic::parse).await
}

/// Everything that a maker's steps lead to, read by a pure parser.
pub(super) async fn stepped<G: Get, T>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    steps: &[Step],
    parse: fn(&str, &Value) -> (T, Vec<Fault>),
) -> Result<Vec<T>, Error> {
    let Some((last, steps)) = steps.split_last() else { return Ok(Vec::new()) };
    let mut from = vec![(path.to_owned(), value.clone())];
    for step in steps {
        let mut next = Vec::new();
        for (path, value) in &from {
            for member in step_members(walk, path, value, *step).await? {
                next.extend(walk.open(member).await?);
            }
        }
        from = next;
    }
    let mut things = Vec::new();
    for (path, value) in &from {
        for member in step_members(walk, path, value, *last).await? {
            if let Some((path, value)) = walk.open(member).await? {
                things.push(walk.keep(parse(&path, &value)));
            }
        }
    }
    Ok(things)
}

async fn step_members<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    step: Step,
) -> Result<Vec<Member>, Error> {
    let (Step::Link(field) | Step::Members(field)) = step;
    let mut fields = Fields::new(path, value);
    let link = fields.link(&[field]);
    walk.add_faults(fields.into_faults());
    match (step, link) {
        (_, None) => Ok(Vec::new()),
        (Step::Link(_), Some(link)) => {
            Ok(vec![Member::Link { from: path.into(), field: field.into(), link }])
        }
        (Step::Members(_), Some(link)) => walk.list(path, field, &link).await,
    }
}

/// The drives of every storage, its volumes and its controllers; where there are no drives, those that the
/// maker's own steps lead to, or else the devices of SimpleStorage, which say less.
async fn storage<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    system: &Value,
    row: Option<&Row>,
    into: &mut System,
) -> Result<(), Error> {
    let mut drives = Vec::new();
    for member in collection(walk, path, system, "Storage").await? {
        let Some((path, storage)) = walk.open(member).await? else { continue };
        let own = linked_drives(walk, &path, &storage).await?;
        into.storage_controllers.extend(parts::storage_controllers(walk, &path, &storage).await?);
        // A storage without drives has no volumes on them.
        if !own.is_empty() {
            into.volumes.extend(parsed(walk, &path, &storage, "Volumes", volume::parse).await?);
        }
        drives.extend(own);
    }
    if let (true, Some(row)) = (drives.is_empty(), row) {
        drives = stepped(walk, path, system, row.drives, drive::parse).await?;
    }
    if drives.is_empty() {
        let simple = parsed(walk, path, system, "SimpleStorage", drive::parse_simple).await?;
        drives = simple.into_iter().flatten().collect();
    }
    into.drives = drives;
    Ok(())
}

/// The drives that a storage or chassis links to.
async fn linked_drives<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
) -> Result<Vec<Drive>, Error> {
    let mut drives = Vec::new();
    for name in ["Drives", "Links/Drives"] {
        for member in linked(walk, path, value, name).await? {
            if let Some((path, value)) = walk.open(member).await? {
                drives.push(walk.keep(drive::parse(&path, &value)));
            }
        }
    }
    Ok(drives)
}

/// What a field links to: it is a list of links, or a link to a collection.
pub(super) async fn linked<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    name: &str,
) -> Result<Vec<Member>, Error> {
    let mut fields = Fields::new(path, value);
    if let Some(Value::Array(_)) = value.pointer(&format!("/{name}")) {
        let members = Walk::<G>::as_members(path, name, fields.links(&[name]));
        walk.announce_members(name, &members);
        return Ok(members);
    }
    let link = fields.link(&[name]);
    walk.add_faults(fields.into_faults());
    match link {
        Some(link) => walk.list(path, name, &link).await,
        None => Ok(Vec::new()),
    }
}

/// Leaves to the enclosures the drives that no server lists. Some controllers have each drive twice, at
/// two paths: with the same serial number, or, where either has none, with the same identifier.
fn drop_listed_drives(inventory: &mut Inventory) {
    let listed: Vec<&Drive> = inventory.systems.iter().flat_map(|system| &system.drives).collect();
    let is_listed = |drive: &Drive| {
        listed.iter().any(|other| match (&drive.serial, &other.serial) {
            (Some(serial), Some(other)) => serial == other,
            _ => drive.id == other.id,
        })
    };
    for chassis in &mut inventory.chassis {
        chassis.drives.retain(|drive| !is_listed(drive));
    }
}

/// The enclosures; what stands in the rack comes first, then what the first server lies in.
async fn all_chassis<G: Get>(
    walk: &mut Walk<'_, G>,
    root: &Value,
    systems: &[System],
) -> Result<Vec<Chassis>, Error> {
    let mut found = Vec::new();
    for member in collection(walk, ROOT, root, "Chassis").await? {
        let Some((path, value)) = walk.open(member).await? else { continue };
        let mut chassis = walk.keep(chassis::parse(&path, &value));
        for member in collection(walk, &path, &value, "NetworkAdapters").await? {
            if let Some((path, value)) = walk.open(member).await? {
                chassis.adapters.push(adapter(walk, &path, &value).await?);
            }
        }
        chassis.drives = linked_drives(walk, &path, &value).await?;
        environment::all(walk, &path, &value, &mut chassis).await?;
        chassis.power_supplies = parts::power(walk, &path, &value, &mut chassis.parts).await?;
        let listed = |system: &System| !system.pcie_devices.is_empty() && holds(&value, &system.path);
        if !systems.iter().any(listed) {
            chassis.pcie_devices = parts::pcie_devices(walk, &path, &value).await?;
        }
        parts::others(walk, &path, &value, &mut chassis.parts).await?;
        let holds_main = systems.first().is_some_and(|main| holds(&value, &main.path));
        found.push((!is_enclosure(&chassis), !holds_main, chassis));
    }
    found.sort_by_key(|(inner, other, _)| (*inner, *other));
    Ok(found.into_iter().map(|(.., chassis)| chassis).collect())
}

/// Whether a chassis says that a server lies in it.
fn holds(chassis: &Value, system: &str) -> bool {
    let mut fields = Fields::new("", chassis);
    let links = fields.links(&["Links/ComputerSystems", "links/ComputerSystems"]);
    links.iter().any(|link| link.trim_end_matches('/').ends_with(system.trim_end_matches('/')))
}

/// A network adapter with the MAC addresses of its functions and ports, and what is plugged into these.
async fn adapter<G: Get>(walk: &mut Walk<'_, G>, path: &str, value: &Value) -> Result<Adapter, Error> {
    let mut adapter = walk.keep(parse_adapter(path, value));
    for member in inside(walk, path, value, "NetworkDeviceFunctions").await? {
        if let Some((path, value)) = walk.open(member).await? {
            adapter.functions.push(walk.keep(port::parse_function(&path, &value)));
        }
    }
    // Both names lead to the same ones.
    for name in ["Ports", "NetworkPorts"] {
        for member in inside(walk, path, value, name).await? {
            if let Some((path, value)) = walk.open(member).await? {
                adapter.ports.push(walk.keep(port::parse(&path, &value)));
                adapter.transceivers.extend(walk.keep(part::parse_transceiver(&path, &value)));
            }
        }
        if !adapter.ports.is_empty() {
            break;
        }
    }
    let macs = adapter.functions.iter().map(|it| &it.macs).chain(adapter.ports.iter().map(|it| &it.macs));
    adapter.macs = macs.flatten().cloned().collect();
    adapter.macs.sort();
    adapter.macs.dedup();
    Ok(adapter)
}

/// The functions or ports of an adapter: those of its collection, and those that its controllers link to. One
/// link alone is followed at once; of several, a collection with its members in takes fewer requests.
async fn inside<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    name: &str,
) -> Result<Vec<Member>, Error> {
    let links = of_controllers(path, value, name);
    let mut members = Vec::new();
    if links.len() != 1 {
        members = collection(walk, path, value, name).await?;
    }
    // Some collections leave out what the controllers link to; what was read is not asked for again.
    members.extend(Walk::<G>::as_members(path, name, links));
    Ok(members)
}

/// The links that the adapter's controllers give at once, which saves asking for a collection.
fn of_controllers(path: &str, adapter: &Value, name: &str) -> Vec<String> {
    let mut fields = Fields::new(path, adapter);
    let place = format!("Links/{name}");
    let of = |controller: &Value| Fields::new(path, controller).links(&[&place]);
    fields.list("Controllers").iter().flat_map(of).collect()
}

/// The controllers; the one that answers comes first, and BMCs before other services.
async fn managers<G: Get>(
    walk: &mut Walk<'_, G>,
    root: &Value,
    licenses: &mut Vec<License>,
) -> Result<Vec<Manager>, Error> {
    let mut managers = Vec::new();
    for member in collection(walk, ROOT, root, "Managers").await? {
        let Some((path, value)) = walk.open(member).await? else { continue };
        let mut manager = walk.keep(manager::parse(&path, &value));
        manager.nics = nics(walk, &path, &value).await?;
        access::of_manager(walk, &path, &value, &mut manager).await?;
        licenses.extend(access::licenses_of_manager(walk, &path, &value).await?);
        managers.push(manager);
    }
    let own = link(ROOT, root, "ManagerProvidingService").0.unwrap_or_default();
    managers.sort_by_key(|manager| {
        let is_own = !own.is_empty() && manager.path.trim_end_matches('/') == own.trim_end_matches('/');
        (!is_own, manager.kind.as_deref() != Some("BMC"))
    });
    Ok(managers)
}

/// The firmware inventory, and the software beside it.
async fn all_firmware<G: Get>(
    walk: &mut Walk<'_, G>,
    root: &Value,
    inventory: &mut Inventory,
) -> Result<(), Error> {
    let service = walk.keep(link(ROOT, root, "UpdateService"));
    let Some(service) = service else { return Ok(()) };
    let Some((path, value)) = walk.follow(ROOT, "UpdateService", &service).await? else { return Ok(()) };
    inventory.firmware = parsed(walk, &path, &value, "FirmwareInventory", firmware::parse).await?;
    inventory.software = parsed(walk, &path, &value, "SoftwareInventory", firmware::parse).await?;
    Ok(())
}
