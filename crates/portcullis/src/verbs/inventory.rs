//! An inventory as tables for people.

use crate::output::{or_dash, table};
use model::Inventory;
use model::inventory::{Drive, Firmware, MemoryModule, Nic, PowerSupply, Processor};

/// A headline, then a table for each kind of component that there is.
pub fn human(inventory: &Inventory) -> String {
    let systems = || inventory.systems.iter();
    let chassis_drives = inventory.chassis.iter().flat_map(|chassis| &chassis.drives);
    let controllers =
        inventory.managers.iter().flat_map(|manager| &manager.nics).map(|nic| ("controller", nic));
    let nics = systems().flat_map(|system| &system.nics).map(|nic| ("server", nic)).chain(controllers);
    let tables = [
        part(
            "processors",
            &["id", "model", "cores", "serial", "health"],
            systems().flat_map(|system| &system.processors).map(processor).collect(),
        ),
        part(
            "memory",
            &["id", "MiB", "part", "serial", "health"],
            systems().flat_map(|system| &system.memory).map(module).collect(),
        ),
        part(
            "drives",
            &["id", "model", "GB", "serial", "firmware", "health"],
            systems().flat_map(|system| &system.drives).chain(chassis_drives).map(drive).collect(),
        ),
        part("network interfaces", &["of", "id", "MAC", "addresses"], nics.map(nic).collect()),
        part("power supplies", &["id", "model", "part", "serial", "health"], power_supplies(inventory)),
        part("other parts", &["id", "name", "part", "serial"], parts(inventory)),
        part("firmware", &["id", "name", "version"], inventory.firmware.iter().map(firmware).collect()),
        part("faults", &["kind", "path", "field", "problem"], faults(inventory)),
    ];
    let tables: Vec<String> = tables.into_iter().flatten().collect();
    format!("{}\n{}", headline(inventory), tables.join("\n"))
}

fn headline(inventory: &Inventory) -> String {
    let identity = inventory.identity();
    format!(
        "{} {}, serial {}, power {}, health {}; {} requests in {:.1} s\n",
        or_dash(identity.vendor.as_ref()),
        or_dash(identity.model.as_ref()),
        or_dash(identity.serial.as_ref()),
        inventory.power(),
        inventory.health(),
        inventory.requests,
        std::time::Duration::from_millis(inventory.elapsed_ms).as_secs_f64(),
    )
}

fn part(title: &str, head: &[&str], rows: Vec<Vec<String>>) -> Option<String> {
    (!rows.is_empty()).then(|| format!("{title} ({})\n{}\n", rows.len(), table(head, &rows)))
}

fn number(value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn processor(cpu: &Processor) -> Vec<String> {
    let health = cpu.health.0.to_string();
    vec![cpu.id.clone(), or_dash(cpu.model.as_ref()), number(cpu.cores), or_dash(cpu.serial.as_ref()), health]
}

fn module(module: &MemoryModule) -> Vec<String> {
    vec![
        module.id.clone(),
        number(module.capacity_mib),
        or_dash(module.part_number.as_ref()),
        or_dash(module.serial.as_ref()),
        module.health.0.to_string(),
    ]
}

fn drive(drive: &Drive) -> Vec<String> {
    vec![
        drive.id.clone(),
        or_dash(drive.model.as_ref()),
        number(drive.capacity_bytes.map(|bytes| bytes / 1_000_000_000)),
        or_dash(drive.serial.as_ref()),
        or_dash(drive.firmware.as_ref()),
        drive.health.0.to_string(),
    ]
}

fn nic((of, nic): (&'static str, &Nic)) -> Vec<String> {
    let addresses: Vec<String> = nic.addresses.iter().map(ToString::to_string).collect();
    let mac = nic.mac.as_ref().or(nic.permanent_mac.as_ref());
    vec![of.to_owned(), nic.id.clone(), or_dash(mac), addresses.join(" ")]
}

fn power_supplies(inventory: &Inventory) -> Vec<Vec<String>> {
    let row = |it: &PowerSupply| {
        let part = it.part_number.as_ref().or(it.spare_part_number.as_ref());
        let (model, serial) = (or_dash(it.model.as_ref()), or_dash(it.serial.as_ref()));
        vec![it.id.clone(), model, or_dash(part), serial, it.health.0.to_string()]
    };
    inventory.chassis.iter().flat_map(|chassis| &chassis.power_supplies).map(row).collect()
}

/// Storage controllers, PCIe devices, assemblies, transceivers and cables that have a number.
fn parts(inventory: &Inventory) -> Vec<Vec<String>> {
    let (systems, chassis) = (&inventory.systems, &inventory.chassis);
    let controllers = systems.iter().flat_map(|it| &it.storage_controllers);
    let controllers = controllers.map(|it| (&it.id, &it.name, &it.part_number, &it.serial));
    let devices = systems.iter().flat_map(|it| &it.pcie_devices);
    let devices = devices.chain(chassis.iter().flat_map(|it| &it.pcie_devices));
    let devices = devices.map(|it| (&it.id, &it.name, &it.part_number, &it.serial));
    let plugged = chassis.iter().flat_map(|it| &it.adapters).flat_map(|it| &it.transceivers);
    let others = chassis.iter().flat_map(|it| &it.parts).chain(plugged).chain(&inventory.cables);
    let others = others.map(|it| (&it.id, &it.name, &it.part_number, &it.serial));
    controllers
        .chain(devices)
        .chain(others)
        .filter(|(_, _, part, serial)| part.is_some() || serial.is_some())
        .map(|(id, name, part, serial)| {
            vec![id.clone(), or_dash(name.as_ref()), or_dash(part.as_ref()), or_dash(serial.as_ref())]
        })
        .collect()
}

fn firmware(firmware: &Firmware) -> Vec<String> {
    vec![firmware.id.clone(), or_dash(firmware.name.as_ref()), or_dash(firmware.version.as_ref())]
}

fn faults(inventory: &Inventory) -> Vec<Vec<String>> {
    let row = |fault: &model::inventory::Fault| {
        vec![fault.kind.to_string(), fault.path.clone(), fault.field.clone(), fault.problem.clone()]
    };
    inventory.faults.iter().map(row).collect()
}
