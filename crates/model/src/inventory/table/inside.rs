//! What is inside of a server.

use super::{
    Cell, Kind, Section, Table, bytes, code, health, is_gone, memory_size, name, number, text, truth,
};
use crate::inventory::{Inventory, PcieDevice, Processor, System};

pub(super) fn systems(inventory: &Inventory) -> Table {
    let memory = |it: &&System| it.memory_gib.map_or(Cell::Empty, |gib| Cell::Text(format!("{gib} GiB")));
    Kind(Section::Server, "systems", "Systems").table(
        &inventory.systems,
        |_| false,
        &[
            ("System", &|it| name(&it.name, &it.id)),
            ("Power", &|it| Cell::Power(it.power.0)),
            ("Health", &|it| health(&it.health)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number)),
            ("BIOS", &|it| code(&it.bios_version)),
            ("Host name", &|it| text(&it.hostname)),
            ("Memory", &memory),
            ("Boots", &|it| text(&it.boot_mode)),
            ("Next from", &|it| text(&it.boot_override)),
        ],
    )
}

fn is_accelerator(it: &Processor) -> bool {
    matches!(it.kind.as_deref(), Some("GPU" | "Accelerator" | "FPGA" | "DSP"))
}

pub(super) fn processors(inventory: &Inventory) -> Table {
    let all = inventory.systems.iter().flat_map(|it| &it.processors).filter(|it| !is_accelerator(it));
    of_processors(Kind(Section::Server, "processors", "Processors"), all)
}

pub(super) fn accelerators(inventory: &Inventory) -> Table {
    let all = inventory.systems.iter().flat_map(|it| &it.processors).filter(|it| is_accelerator(it));
    of_processors(Kind(Section::Server, "gpus", "GPUs and accelerators"), all)
}

fn of_processors<'a>(kind: Kind, all: impl Iterator<Item = &'a Processor>) -> Table {
    kind.table(
        all,
        |it| is_gone(&it.state),
        &[
            ("Processor", &|it| name(&it.socket.clone().or_else(|| it.name.clone()), &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Model", &|it| text(&it.model)),
            ("Cores", &|it| number(it.cores, "")),
            ("Threads", &|it| number(it.threads, "")),
            ("Speed", &|it| number(it.max_mhz, "MHz")),
            ("Memory", &|it| memory_size(it.memory_mib)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number)),
            ("Firmware", &|it| code(&it.firmware)),
            ("UUID", &|it| code(&it.uuid)),
        ],
    )
}

pub(super) fn memory(inventory: &Inventory) -> Table {
    Kind(Section::Server, "memory", "Memory").table(
        inventory.systems.iter().flat_map(|it| &it.memory),
        |it| it.capacity_mib.unwrap_or(0) == 0 || is_gone(&it.state),
        &[
            ("Module", &|it| name(&it.slot.clone().or_else(|| it.name.clone()), &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Size", &|it| memory_size(it.capacity_mib)),
            ("Kind", &|it| text(&it.kind)),
            ("Speed", &|it| number(it.speed_mhz, "MT/s")),
            ("Maker", &|it| text(&it.manufacturer)),
            ("Part", &|it| code(&it.part_number)),
            ("Serial", &|it| code(&it.serial)),
        ],
    )
}

pub(super) fn drives(inventory: &Inventory) -> Table {
    let all = inventory.systems.iter().flat_map(|it| &it.drives);
    Kind(Section::Storage, "drives", "Drives").table(
        all.chain(inventory.chassis.iter().flat_map(|it| &it.drives)),
        |it| is_gone(&it.state),
        &[
            ("Drive", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Size", &|it| bytes(it.capacity_bytes)),
            ("Kind", &|it| {
                let kind: Vec<&str> =
                    [&it.protocol, &it.media].into_iter().flatten().map(String::as_str).collect();
                if kind.is_empty() { Cell::Empty } else { Cell::Text(kind.join(" ")) }
            }),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number)),
            ("Firmware", &|it| code(&it.firmware)),
            ("Place", &|it| text(&it.location)),
        ],
    )
}

pub(super) fn volumes(inventory: &Inventory) -> Table {
    let last = |path: &String| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    Kind(Section::Storage, "volumes", "Volumes").table(
        inventory.systems.iter().flat_map(|it| &it.volumes),
        |it| is_gone(&it.state),
        &[
            ("Volume", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("RAID", &|it| text(&it.raid)),
            ("Size", &|it| bytes(it.capacity_bytes)),
            ("Encrypted", &|it| truth(it.encrypted)),
            ("Drives", &|it| {
                let drives: Vec<String> = it.drives.iter().map(last).collect();
                if drives.is_empty() { Cell::Empty } else { Cell::Text(drives.join(", ")) }
            }),
        ],
    )
}

pub(super) fn storage_controllers(inventory: &Inventory) -> Table {
    Kind(Section::Storage, "storage-controllers", "Storage controllers").table(
        inventory.systems.iter().flat_map(|it| &it.storage_controllers),
        |it| is_gone(&it.state),
        &[
            ("Controller", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Maker", &|it| text(&it.manufacturer)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number)),
            ("Firmware", &|it| code(&it.firmware)),
            ("Place", &|it| text(&it.location)),
        ],
    )
}

fn devices(inventory: &Inventory) -> impl Iterator<Item = &PcieDevice> {
    let of_chassis = inventory.chassis.iter().flat_map(|it| &it.pcie_devices);
    inventory.systems.iter().flat_map(|it| &it.pcie_devices).chain(of_chassis)
}

pub(super) fn pcie_devices(inventory: &Inventory) -> Table {
    // Bridges and root ports have no number; what can be replaced has one.
    let known = devices(inventory).filter(|it| it.serial.is_some() || it.part_number.is_some());
    Kind(Section::Parts, "pcie-devices", "PCIe devices").table(
        known,
        |it| is_gone(&it.state),
        &[
            ("Device", &|it| name(&it.name, &it.id)),
            ("Health", &|it| health(&it.health)),
            ("Maker", &|it| text(&it.manufacturer)),
            ("Model", &|it| text(&it.model)),
            ("Serial", &|it| code(&it.serial)),
            ("Part", &|it| code(&it.part_number)),
            ("Firmware", &|it| code(&it.firmware)),
            ("Place", &|it| text(&it.location)),
        ],
    )
}

pub(super) fn pcie_functions(inventory: &Inventory) -> Table {
    let all = devices(inventory).flat_map(|device| device.functions.iter().map(move |it| (device, it)));
    let pair = |one: &Option<String>, other: &Option<String>| match (one, other) {
        (None, None) => Cell::Empty,
        (one, other) => {
            let shown = |id: &Option<String>| id.clone().unwrap_or_else(|| "????".into());
            Cell::Code(format!("{}:{}", shown(one), shown(other)))
        }
    };
    Kind(Section::Parts, "pcie-functions", "PCIe functions").table(
        all,
        |(_, it)| is_gone(&it.state),
        &[
            ("Device", &|(device, _)| name(&device.name, &device.id)),
            ("Function", &|(_, it)| Cell::Code(it.id.clone())),
            ("Health", &|(_, it)| health(&it.health)),
            ("Class", &|(_, it)| text(&it.kind)),
            ("Code", &|(_, it)| code(&it.class_code)),
            ("Chip", &|(_, it)| pair(&it.vendor_id, &it.device_id)),
            ("Board", &|(_, it)| pair(&it.subsystem_vendor_id, &it.subsystem_id)),
        ],
    )
}
