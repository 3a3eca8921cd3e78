//! Tables of what is plugged into a server beside processors, memory and drives.

use super::inventory::{Cell, Line, Table, head, line, mono, number, text};
use model::inventory::{Firmware, Inventory, Part, PcieDevice, PowerSupply, StorageController};

const COLUMNS: &[&str] = &["Part", "Health", "Kind", "Maker", "Model", "Serial", "Number", "Version"];

/// The tables; those without rows are the caller's to leave out.
pub(super) fn tables(inventory: &Inventory) -> [Table; 5] {
    let (systems, chassis) = (&inventory.systems, &inventory.chassis);
    let pcie =
        systems.iter().flat_map(|it| &it.pcie_devices).chain(chassis.iter().flat_map(|it| &it.pcie_devices));
    // Bridges and root ports have no number; what can be replaced has one.
    let known = pcie.filter(|it| it.serial.is_some() || it.part_number.is_some());
    let plugged = chassis.iter().flat_map(|it| &it.adapters).flat_map(|it| &it.transceivers);
    let parts = chassis.iter().flat_map(|it| &it.parts).chain(plugged).chain(&inventory.cables);
    [
        Table {
            id: "power-supplies",
            title: "Power supplies",
            columns: &[
                "Power supply",
                "Health",
                "Kind",
                "Power",
                "Maker",
                "Model",
                "Serial",
                "Part",
                "Firmware",
            ],
            rows: chassis.iter().flat_map(|it| it.power_supplies.iter().map(supply)).collect(),
        },
        Table {
            id: "storage-controllers",
            title: "Storage controllers",
            columns: &["Controller", "Health", "Maker", "Model", "Serial", "Part", "Firmware", "Place"],
            rows: systems.iter().flat_map(|it| it.storage_controllers.iter().map(controller)).collect(),
        },
        Table {
            id: "pcie-devices",
            title: "PCIe devices",
            columns: &["Device", "Health", "Maker", "Model", "Serial", "Part", "Firmware", "Place"],
            rows: known.map(device).collect(),
        },
        Table { id: "parts", title: "Other parts", columns: COLUMNS, rows: parts.map(part).collect() },
        Table {
            id: "software",
            title: "Software",
            columns: &["Software", "Version", "Maker"],
            rows: inventory.software.iter().map(software).collect(),
        },
    ]
}

fn supply(it: &PowerSupply) -> Line {
    let watts = it.capacity_watts.map_or_else(|| number(None, ""), |watts| Cell::Text(format!("{watts} W")));
    let cells = vec![
        head(&it.name, &it.id),
        Cell::Health(it.health.0),
        text(&it.kind),
        watts,
        text(&it.manufacturer),
        text(&it.model),
        mono(&it.serial),
        mono(&it.part_number.clone().or_else(|| it.spare_part_number.clone())),
        mono(&it.firmware),
    ];
    line(cells, &it.state)
}

fn controller(it: &StorageController) -> Line {
    let cells = vec![
        head(&it.name, &it.id),
        Cell::Health(it.health.0),
        text(&it.manufacturer),
        text(&it.model),
        mono(&it.serial),
        mono(&it.part_number),
        mono(&it.firmware),
        text(&it.location),
    ];
    line(cells, &it.state)
}

fn device(it: &PcieDevice) -> Line {
    let cells = vec![
        head(&it.name, &it.id),
        Cell::Health(it.health.0),
        text(&it.manufacturer),
        text(&it.model),
        mono(&it.serial),
        mono(&it.part_number),
        mono(&it.firmware),
        text(&it.location),
    ];
    line(cells, &it.state)
}

fn part(it: &Part) -> Line {
    let cells = vec![
        head(&it.name, &it.id),
        Cell::Health(it.health.0),
        text(&it.kind),
        text(&it.manufacturer),
        text(&it.model),
        mono(&it.serial),
        mono(&it.part_number.clone().or_else(|| it.spare_part_number.clone())),
        mono(&it.version),
    ];
    line(cells, &it.state)
}

fn software(it: &Firmware) -> Line {
    line(vec![head(&it.name, &it.id), mono(&it.version), text(&it.manufacturer)], &it.state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::inventory::{Chassis, System};

    #[test]
    fn every_row_has_a_cell_for_every_column() {
        let numbered = PcieDevice { serial: Some("1".into()), ..PcieDevice::default() };
        let system = System {
            storage_controllers: vec![StorageController::default()],
            pcie_devices: vec![numbered, PcieDevice::default()],
            ..System::default()
        };
        let chassis = Chassis {
            power_supplies: vec![PowerSupply { capacity_watts: Some(800.0), ..PowerSupply::default() }],
            parts: vec![Part::default()],
            ..Chassis::default()
        };
        let inventory = Inventory {
            systems: vec![system],
            chassis: vec![chassis],
            software: vec![Firmware::default()],
            ..Inventory::default()
        };
        for table in tables(&inventory) {
            assert_eq!(table.rows.len(), 1, "{}", table.title);
            assert_eq!(table.rows[0].cells.len(), table.columns.len(), "{}", table.title);
        }
    }
}
