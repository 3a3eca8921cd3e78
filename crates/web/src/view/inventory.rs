//! An inventory as tables: one for each kind of component, empty columns left out by the caller's choice of kinds.

use model::device::{Health, Power};
use model::inventory::{Chassis, Drive, Firmware, Inventory, Manager, MemoryModule, Nic, Processor, System};

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// The row's head.
    Head(String),
    Text(String),
    /// A number or address that is compared letter by letter.
    Mono(String),
    Health(Health),
    Power(Power),
}

/// One component.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub cells: Vec<Cell>,
    /// Whether it is not there (an empty slot) or disabled.
    pub quiet: bool,
}

/// One kind of component.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    pub id: &'static str,
    pub title: &'static str,
    pub columns: &'static [&'static str],
    pub rows: Vec<Line>,
}

/// All tables that have rows.
pub(crate) fn tables(inventory: &Inventory) -> Vec<Table> {
    let systems = &inventory.systems;
    let nics = systems.iter().flat_map(|s| s.nics.iter().map(|nic| ("server", nic)));
    let own = inventory.managers.iter().flat_map(|m| m.nics.iter().map(|nic| ("controller", nic)));
    let drives =
        systems.iter().flat_map(|s| &s.drives).chain(inventory.chassis.iter().flat_map(|c| &c.drives));
    let all = [
        Table {
            id: "systems",
            title: "Systems",
            columns: &["System", "Power", "Health", "Model", "Serial", "Part", "BIOS", "Host name", "Memory"],
            rows: systems.iter().map(system).collect(),
        },
        Table {
            id: "processors",
            title: "Processors",
            columns: &[
                "Processor",
                "Health",
                "Model",
                "Cores",
                "Threads",
                "Speed",
                "Serial",
                "Part",
                "Firmware",
            ],
            rows: systems.iter().flat_map(|s| s.processors.iter().map(processor)).collect(),
        },
        Table {
            id: "memory",
            title: "Memory",
            columns: &["Module", "Health", "Size", "Kind", "Speed", "Maker", "Part", "Serial"],
            rows: systems.iter().flat_map(|s| s.memory.iter().map(memory)).collect(),
        },
        Table {
            id: "drives",
            title: "Drives",
            columns: &["Drive", "Health", "Size", "Kind", "Model", "Serial", "Firmware", "Place"],
            rows: drives.map(drive).collect(),
        },
        Table {
            id: "network",
            title: "Network",
            columns: &["Interface", "Of", "Health", "MAC", "Addresses", "Link", "Speed"],
            rows: nics.chain(own).map(|(of, it)| nic(of, it)).collect(),
        },
        Table {
            id: "adapters",
            title: "Adapters",
            columns: &["Adapter", "Health", "Model", "Serial", "Part", "Firmware", "MACs"],
            rows: adapters(inventory),
        },
        Table {
            id: "firmware",
            title: "Firmware",
            columns: &["Firmware", "Version", "Released", "Updateable", "Maker"],
            rows: inventory.firmware.iter().map(firmware).collect(),
        },
        Table {
            id: "chassis",
            title: "Chassis",
            columns: &["Chassis", "Kind", "Power", "Health", "Model", "Serial", "Part", "Asset tag"],
            rows: inventory.chassis.iter().map(chassis).collect(),
        },
        Table {
            id: "managers",
            title: "Controllers",
            columns: &["Controller", "Kind", "Health", "Model", "Firmware", "Serial", "Its clock"],
            rows: inventory.managers.iter().map(manager).collect(),
        },
    ];
    all.into_iter().chain(super::parts::tables(inventory)).filter(|table| !table.rows.is_empty()).collect()
}

pub(super) fn head(name: &Option<String>, id: &str) -> Cell {
    Cell::Head(name.clone().unwrap_or_else(|| id.to_owned()))
}

pub(super) fn text(value: &Option<String>) -> Cell {
    Cell::Text(value.clone().unwrap_or_else(dash))
}

pub(super) fn mono(value: &Option<String>) -> Cell {
    Cell::Mono(value.clone().unwrap_or_else(dash))
}

pub(super) fn number(value: Option<u64>, unit: &str) -> Cell {
    Cell::Text(value.map_or_else(dash, |value| {
        if unit.is_empty() { value.to_string() } else { format!("{value} {unit}") }
    }))
}

pub(super) fn dash() -> String {
    "–".into()
}

fn is_there(state: &Option<String>) -> bool {
    !matches!(state.as_deref(), Some("Absent" | "Disabled"))
}

pub(super) fn line(cells: Vec<Cell>, state: &Option<String>) -> Line {
    Line { cells, quiet: !is_there(state) }
}

fn system(it: &System) -> Line {
    let memory = it.memory_gib.map_or_else(dash, |gib| format!("{gib} GiB"));
    let cells = vec![
        head(&it.name, &it.id),
        Cell::Power(it.power.0),
        Cell::Health(it.health.0),
        text(&it.model),
        mono(&it.serial),
        mono(&it.part_number),
        mono(&it.bios_version),
        text(&it.hostname),
        Cell::Text(memory),
    ];
    line(cells, &None)
}

fn processor(it: &Processor) -> Line {
    let cells = vec![
        head(&it.socket.clone().or_else(|| it.name.clone()), &it.id),
        Cell::Health(it.health.0),
        text(&it.model),
        number(it.cores, ""),
        number(it.threads, ""),
        number(it.max_mhz, "MHz"),
        mono(&it.serial),
        mono(&it.part_number),
        mono(&it.firmware),
    ];
    line(cells, &it.state)
}

fn memory(it: &MemoryModule) -> Line {
    let size = match it.capacity_mib {
        None | Some(0) => "empty".to_owned(),
        Some(mib) if mib % 1024 == 0 => format!("{} GiB", mib / 1024),
        Some(mib) => format!("{mib} MiB"),
    };
    let empty = it.capacity_mib.unwrap_or(0) == 0;
    let cells = vec![
        head(&it.slot.clone().or_else(|| it.name.clone()), &it.id),
        Cell::Health(it.health.0),
        Cell::Text(size),
        text(&it.kind),
        number(it.speed_mhz, "MT/s"),
        text(&it.manufacturer),
        mono(&it.part_number),
        mono(&it.serial),
    ];
    Line { cells, quiet: empty || !is_there(&it.state) }
}

fn drive(it: &Drive) -> Line {
    let kind: Vec<&str> = [&it.protocol, &it.media].into_iter().flatten().map(String::as_str).collect();
    let kind = if kind.is_empty() { dash() } else { kind.join(" ") };
    let cells = vec![
        head(&it.name, &it.id),
        Cell::Health(it.health.0),
        Cell::Text(it.capacity_bytes.map_or_else(dash, bytes)),
        Cell::Text(kind),
        text(&it.model),
        mono(&it.serial),
        mono(&it.firmware),
        text(&it.location),
    ];
    line(cells, &it.state)
}

/// Decimal units, as drives are sold.
fn bytes(bytes: u64) -> String {
    const UNITS: &[(u64, &str)] = &[(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")];
    let (size, unit) = UNITS.iter().find(|(size, _)| bytes >= *size).copied().unwrap_or((1, "B"));
    let (whole, tenth) = (bytes / size, bytes % size * 10 / size);
    if tenth == 0 || whole >= 100 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}

fn nic(of: &str, it: &Nic) -> Line {
    let addresses: Vec<String> = it.addresses.iter().map(ToString::to_string).collect();
    let mac = it.mac.clone().or_else(|| it.permanent_mac.clone());
    let cells = vec![
        head(&it.name, &it.id),
        Cell::Text(of.into()),
        Cell::Health(it.health.0),
        mono(&mac),
        Cell::Mono(if addresses.is_empty() { dash() } else { addresses.join(" ") }),
        text(&it.link),
        number(it.speed_mbps, "Mbit/s"),
    ];
    line(cells, &it.state)
}

fn adapters(inventory: &Inventory) -> Vec<Line> {
    let all = inventory.chassis.iter().flat_map(|chassis| &chassis.adapters);
    all.map(|it| {
        let cells = vec![
            head(&it.name, &it.id),
            Cell::Health(it.health.0),
            text(&it.model),
            mono(&it.serial),
            mono(&it.part_number),
            mono(&it.firmware),
            Cell::Mono(it.macs.join(" ")),
        ];
        line(cells, &None)
    })
    .collect()
}

fn firmware(it: &Firmware) -> Line {
    let updateable = it.updateable.map_or_else(dash, |yes| if yes { "yes" } else { "no" }.to_owned());
    let cells = vec![
        head(&it.name, &it.id),
        mono(&it.version),
        text(&it.released),
        Cell::Text(updateable),
        text(&it.manufacturer),
    ];
    line(cells, &it.state)
}

fn chassis(it: &Chassis) -> Line {
    let cells = vec![
        head(&it.name, &it.id),
        text(&it.kind),
        Cell::Power(it.power.0),
        Cell::Health(it.health.0),
        text(&it.model),
        mono(&it.serial),
        mono(&it.part_number),
        text(&it.asset_tag),
    ];
    line(cells, &None)
}

fn manager(it: &Manager) -> Line {
    let cells = vec![
        head(&it.name, &it.id),
        text(&it.kind),
        Cell::Health(it.health.0),
        text(&it.model),
        mono(&it.firmware),
        mono(&it.serial),
        text(&it.clock),
    ];
    line(cells, &it.state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_cell_for_every_column() {
        let mut inventory = Inventory::default();
        let system = System {
            processors: vec![Processor::default()],
            memory: vec![MemoryModule { capacity_mib: Some(32_768), ..MemoryModule::default() }],
            drives: vec![Drive::default()],
            nics: vec![Nic::default()],
            ..System::default()
        };
        inventory.systems.push(system);
        inventory
            .chassis
            .push(Chassis { adapters: vec![model::inventory::Adapter::default()], ..Chassis::default() });
        inventory.managers.push(Manager::default());
        inventory.firmware.push(Firmware::default());
        let tables = tables(&inventory);
        assert_eq!(tables.len(), 9);
        for table in tables {
            for row in table.rows {
                assert_eq!(row.cells.len(), table.columns.len(), "{}", table.title);
                assert!(matches!(row.cells[0], Cell::Head(_)), "{}", table.title);
            }
        }
    }

    #[test]
    fn drives_are_sized_as_they_are_sold() {
        for (size, text) in [
            (480_103_981_056, "480 GB"),
            (1_920_383_410_176, "1.9 TB"),
            (512, "512 B"),
            (2_000_000_000_000, "2 TB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }
}
