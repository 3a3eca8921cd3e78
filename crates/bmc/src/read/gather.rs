//! Which links are followed, and what is made of the documents they lead to.

use super::chassis::{is_enclosure, parse_adapter, parse_macs};
use super::field::Fields;
use super::walk::{Member, Walk};
use super::{chassis, drive, firmware, manager, memory, nic, processor, reset, service, system};
use crate::client::{Document, Get, ROOT};
use crate::error::Error;
use crate::vendor::{self, Row, Step};
use model::inventory::{Adapter, Chassis, Drive, Fault, Firmware, Inventory, Manager, Nic, System};
use serde_json::Value;

/// Where a resource may have a link: at its own place, or as before Redfish 1.0.
fn places(name: &str) -> [String; 3] {
    [name.to_owned(), format!("Links/{name}"), format!("links/{name}")]
}

/// The link called `name`, and the faults in its place.
fn link(path: &str, value: &Value, name: &str) -> (Option<String>, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let places = places(name);
    let link = fields.link(&[&places[0], &places[1], &places[2]]);
    (link, fields.into_faults())
}

pub async fn from_root<G: Get>(walk: &mut Walk<'_, G>, root: &Document) -> Result<Inventory, Error> {
    let mut inventory =
        Inventory { service: walk.keep(service::parse(ROOT, &root.value)), ..Inventory::default() };
    inventory.systems = systems(walk, &root.value).await?;
    inventory.chassis = all_chassis(walk, &root.value, inventory.systems.first()).await?;
    drop_listed_drives(&mut inventory);
    inventory.managers = managers(walk, &root.value).await?;
    inventory.firmware = all_firmware(walk, &root.value).await?;
    Ok(inventory)
}

/// The members of the collection that `value` links to by `name`.
async fn collection<G: Get>(
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
async fn parsed<G: Get, T>(
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
        system.drives = drives(walk, &path, &value, row).await?;
        system.nics = nics(walk, &path, &value).await?;
        systems.push(system);
    }
    systems.sort_by_key(|system| system.reset_types.is_empty());
    Ok(systems)
}

async fn nics<G: Get>(walk: &mut Walk<'_, G>, path: &str, value: &Value) -> Result<Vec<Nic>, Error> {
    parsed(walk, path, value, "EthernetInterfaces", nic::parse).await
}

/// Everything that a maker's steps lead to, read by a pure parser.
async fn stepped<G: Get, T>(
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

/// The drives of every storage; where there are none, those that the maker's own steps lead to, or else
/// the devices of SimpleStorage, which say less.
async fn drives<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    system: &Value,
    row: Option<&Row>,
) -> Result<Vec<Drive>, Error> {
    let mut drives = Vec::new();
    for member in collection(walk, path, system, "Storage").await? {
        let Some((path, storage)) = walk.open(member).await? else { continue };
        drives.extend(linked_drives(walk, &path, &storage).await?);
    }
    if let (true, Some(row)) = (drives.is_empty(), row) {
        drives = stepped(walk, path, system, row.drives, drive::parse).await?;
    }
    if drives.is_empty() {
        let simple = parsed(walk, path, system, "SimpleStorage", drive::parse_simple).await?;
        drives = simple.into_iter().flatten().collect();
    }
    Ok(drives)
}

/// The drives that a storage or chassis links to: a list of links, or a link to a collection.
async fn linked_drives<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
) -> Result<Vec<Drive>, Error> {
    let mut drives = Vec::new();
    for name in ["Drives", "Links/Drives"] {
        let found = value.pointer(&format!("/{name}"));
        let members = match found {
            None | Some(Value::Null) => continue,
            Some(Value::Array(_)) => {
                let mut fields = Fields::new(path, value);
                Walk::<G>::as_members(path, name, fields.links(&[name]))
            }
            Some(_) => {
                let mut fields = Fields::new(path, value);
                let link = fields.link(&[name]);
                walk.add_faults(fields.into_faults());
                match link {
                    Some(link) => walk.list(path, name, &link).await?,
                    None => continue,
                }
            }
        };
        for member in members {
            if let Some((path, value)) = walk.open(member).await? {
                drives.push(walk.keep(drive::parse(&path, &value)));
            }
        }
    }
    Ok(drives)
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
    main: Option<&System>,
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
        let holds_main = main.is_some_and(|main| holds(&value, &main.path));
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

/// A network adapter with the MAC addresses of its functions, or else of its ports.
async fn adapter<G: Get>(walk: &mut Walk<'_, G>, path: &str, value: &Value) -> Result<Adapter, Error> {
    let mut adapter = walk.keep(parse_adapter(path, value));
    for name in ["NetworkDeviceFunctions", "Ports", "NetworkPorts"] {
        let members = match of_controllers(path, value, name) {
            links if links.is_empty() => collection(walk, path, value, name).await?,
            links => Walk::<G>::as_members(path, name, links),
        };
        for member in members {
            if let Some((path, value)) = walk.open(member).await? {
                let macs = walk.keep(parse_macs(&path, &value));
                adapter.macs.extend(macs);
            }
        }
        if !adapter.macs.is_empty() {
            break;
        }
    }
    adapter.macs.sort();
    adapter.macs.dedup();
    Ok(adapter)
}

/// The links that the adapter's controllers give at once, which saves asking for a collection.
fn of_controllers(path: &str, adapter: &Value, name: &str) -> Vec<String> {
    let mut fields = Fields::new(path, adapter);
    let place = format!("Links/{name}");
    let of = |controller: &Value| Fields::new(path, controller).links(&[&place]);
    fields.list("Controllers").iter().flat_map(of).collect()
}

/// The controllers; the one that answers comes first, and BMCs before other services.
async fn managers<G: Get>(walk: &mut Walk<'_, G>, root: &Value) -> Result<Vec<Manager>, Error> {
    let mut managers = Vec::new();
    for member in collection(walk, ROOT, root, "Managers").await? {
        let Some((path, value)) = walk.open(member).await? else { continue };
        let mut manager = walk.keep(manager::parse(&path, &value));
        manager.nics = nics(walk, &path, &value).await?;
        managers.push(manager);
    }
    let own = link(ROOT, root, "ManagerProvidingService").0.unwrap_or_default();
    managers.sort_by_key(|manager| {
        let is_own = !own.is_empty() && manager.path.trim_end_matches('/') == own.trim_end_matches('/');
        (!is_own, manager.kind.as_deref() != Some("BMC"))
    });
    Ok(managers)
}

async fn all_firmware<G: Get>(walk: &mut Walk<'_, G>, root: &Value) -> Result<Vec<Firmware>, Error> {
    let service = walk.keep(link(ROOT, root, "UpdateService"));
    let Some(service) = service else { return Ok(Vec::new()) };
    let Some((path, value)) = walk.follow(ROOT, "UpdateService", &service).await? else {
        return Ok(Vec::new());
    };
    parsed(walk, &path, &value, "FirmwareInventory", firmware::parse).await
}
