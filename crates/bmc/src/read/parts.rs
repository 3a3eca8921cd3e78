//! Which links lead to power supplies, PCIe devices, storage controllers and other parts.

use super::field::Fields;
use super::gather::{link, linked, parsed, stepped};
use super::walk::Walk;
use super::{part, pcie, power_supply, storage};
use crate::client::Get;
use crate::error::Error;
use crate::vendor;
use model::inventory::{Fault, Part, PcieDevice, PowerSupply, StorageController};
use serde_json::Value;

/// The power supplies of a chassis: those of its PowerSubsystem, or else of its older Power. Batteries
/// become parts.
pub async fn power<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    chassis: &Value,
    parts: &mut Vec<Part>,
) -> Result<Vec<PowerSupply>, Error> {
    if let Some((path, value)) = opened(walk, path, chassis, "PowerSubsystem").await? {
        let supplies = parsed(walk, &path, &value, "PowerSupplies", power_supply::parse).await?;
        parts.extend(parsed(walk, &path, &value, "Batteries", part::parse).await?);
        if !supplies.is_empty() {
            return Ok(supplies);
        }
    }
    let Some((path, value)) = opened(walk, path, chassis, "Power").await? else { return Ok(Vec::new()) };
    Ok(inline(walk, &path, &value, "PowerSupplies", power_supply::parse))
}

/// The most PCIe devices of a server or chassis of which the functions are asked for: a request each.
const MAX_WITH_FUNCTIONS: usize = 12;

/// The PCIe devices that a system or a chassis links to.
pub async fn pcie_devices<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
) -> Result<Vec<PcieDevice>, Error> {
    let (mut devices, mut asked) = (Vec::new(), 0);
    // The second is where older schemas of a chassis have them.
    for name in ["PCIeDevices", "Links/PCIeDevices"] {
        let members = linked(walk, path, value, name).await?;
        let any = !members.is_empty();
        for member in members {
            if let Some((path, value)) = walk.open(member).await? {
                let mut device = walk.keep(pcie::parse(&path, &value));
                let says_enough = matches!(device.kind.as_deref(), Some("SingleFunction" | "Simulated"));
                // Older schemas have a list of links instead, which would take a request for each function.
                let has_collection = value.get("PCIeFunctions").is_some();
                if has_collection && !says_enough && asked < MAX_WITH_FUNCTIONS {
                    asked += 1;
                    device.functions =
                        parsed(walk, &path, &value, "PCIeFunctions", pcie::parse_function).await?;
                }
                devices.push(device);
            }
        }
        if any {
            break;
        }
    }
    Ok(devices)
}

/// The controllers of a storage: what older schemas have inside of it, which costs no request, or else its
/// collection.
pub async fn storage_controllers<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
) -> Result<Vec<StorageController>, Error> {
    let controllers = inline(walk, path, value, "StorageControllers", storage::parse);
    if controllers.is_empty() {
        return parsed(walk, path, value, "Controllers", storage::parse).await;
    }
    Ok(controllers)
}

/// The assemblies of a chassis, and what its maker lists by schemas of its own.
pub async fn others<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    chassis: &Value,
    parts: &mut Vec<Part>,
) -> Result<(), Error> {
    if let Some((path, value)) = opened(walk, path, chassis, "Assembly").await? {
        parts.extend(walk.keep(part::parse_list(&path, &value, "Assemblies")));
    }
    let Some(row) = vendor::by_oem(chassis) else { return Ok(()) };
    for field in row.inline_parts {
        parts.extend(walk.keep(part::parse_list(path, chassis, field)));
    }
    let found = stepped(walk, path, chassis, row.parts, part::parse).await?;
    parts.extend(found.into_iter().filter(part::is_known));
    Ok(())
}

/// The document that `value` links to by `name`.
pub(super) async fn opened<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    name: &str,
) -> Result<Option<(String, Value)>, Error> {
    match walk.keep(link(path, value, name)) {
        Some(link) => walk.follow(path, name, &link).await,
        None => Ok(None),
    }
}

/// The objects in a list inside of a document.
pub(super) fn inline<G: Get, T>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    field: &str,
    parse: fn(&str, &Value) -> (T, Vec<Fault>),
) -> Vec<T> {
    let mut fields = Fields::new(path, value);
    let list = fields.list(field);
    walk.add_faults(fields.into_faults());
    let there = list.iter().enumerate().filter(|(_, entry)| !entry.is_null());
    there.map(|(at, entry)| walk.keep(parse(&format!("{path}#/{field}/{at}"), entry))).collect()
}
