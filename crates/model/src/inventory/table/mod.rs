//! An inventory as tables: each kind of component described once, for pages and command lines alike.
//!
//! A kind is one function in one of the modules, and its line in [`tables`]. Columns that no row fills are
//! left out, and so are tables without rows.

mod access;
mod inside;
mod outside;
mod setup;

use super::{HealthReading, Inventory};
use crate::device::{Health, Power};
use jiff::Timestamp;

/// How a mark is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look at it.
    Warn,
    /// Something is wrong.
    Bad,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// The controller does not say.
    Empty,
    /// What the row is about.
    Name(String),
    /// Words or a quantity.
    Text(String),
    /// A number or address that is compared letter by letter.
    Code(String),
    /// A health.
    Health(Health),
    /// A power state.
    Power(Power),
    /// Words that say that something is well or is not.
    Mark(Tone, String),
}

impl Cell {
    /// The cell as plain text; a dash where there is nothing.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Empty => "–".into(),
            Self::Name(text) | Self::Text(text) | Self::Code(text) | Self::Mark(_, text) => text.clone(),
            Self::Health(health) => health.to_string(),
            Self::Power(power) => power.to_string(),
        }
    }

    const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty | Self::Health(Health::Unknown) | Self::Power(Power::Unknown))
    }
}

/// One component.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// Whether it is not there (an empty slot), or disabled.
    pub quiet: bool,
}

/// Rows that are shown when asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// What they have in common.
    pub title: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Which tables belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Servers, processors, accelerators, memory.
    Server,
    /// Controllers, drives, volumes.
    Storage,
    /// Interfaces, adapters, ports.
    Network,
    /// Power supplies, fans, sensors.
    Environment,
    /// Who and what is let in.
    Access,
    /// BIOS settings and boot options.
    Setup,
    /// Firmware and other software.
    Firmware,
    /// Enclosures, PCIe devices, other parts.
    Parts,
}

impl Section {
    /// Its identifier in addresses.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Storage => "storage",
            Self::Network => "networking",
            Self::Environment => "environment",
            Self::Access => "access",
            Self::Setup => "setup",
            Self::Firmware => "software-and-firmware",
            Self::Parts => "other",
        }
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Storage => "Storage",
            Self::Network => "Network",
            Self::Environment => "Power and cooling",
            Self::Access => "Access",
            Self::Setup => "Setup",
            Self::Firmware => "Firmware",
            Self::Parts => "Parts",
        }
    }
}

/// One kind of component.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Which section it belongs to.
    pub section: Section,
    /// Its identifier in addresses.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The columns that at least one row fills.
    pub columns: Vec<&'static str>,
    /// The rows that are always shown.
    pub rows: Vec<Row>,
    /// The rows that are shown when asked for.
    pub folds: Vec<Fold>,
}

impl Table {
    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len() + self.folds.iter().map(|fold| fold.rows.len()).sum::<usize>()
    }

    /// How many rows hold a mark that is not good.
    #[must_use]
    pub fn marked(&self) -> usize {
        let is_marked =
            |row: &&Row| row.cells.iter().any(|cell| matches!(cell, Cell::Mark(Tone::Warn | Tone::Bad, _)));
        self.all().filter(is_marked).count()
    }

    /// Every row.
    pub fn all(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().chain(self.folds.iter().flat_map(|fold| &fold.rows))
    }

    /// Puts the rows into folds, by what `of` says of each.
    fn folded(mut self, titles: Vec<String>) -> Self {
        for (row, title) in std::mem::take(&mut self.rows).into_iter().zip(titles) {
            match self.folds.iter_mut().find(|fold| fold.title == title) {
                Some(fold) => fold.rows.push(row),
                None => self.folds.push(Fold { title, rows: vec![row] }),
            }
        }
        self
    }
}

/// Every kind of component that there is, section by section. `now` is what ends are held against.
#[must_use]
pub fn tables(inventory: &Inventory, now: Timestamp) -> Vec<Table> {
    let all = [
        inside::systems(inventory),
        inside::processors(inventory),
        inside::accelerators(inventory),
        inside::memory(inventory),
        inside::drives(inventory),
        inside::volumes(inventory),
        inside::storage_controllers(inventory),
        outside::interfaces(inventory),
        outside::adapters(inventory),
        outside::ports(inventory),
        outside::functions(inventory),
        outside::power_supplies(inventory),
        outside::fans(inventory),
        outside::sensors(inventory),
        access::managers(inventory),
        access::services(inventory),
        access::accounts(inventory),
        access::certificates(inventory, now),
        access::licenses(inventory, now),
        access::logs(inventory),
        setup::bios(inventory),
        setup::boot_options(inventory),
        setup::firmware(inventory),
        setup::software(inventory),
        outside::chassis(inventory),
        inside::pcie_devices(inventory),
        inside::pcie_functions(inventory),
        outside::parts(inventory),
    ];
    all.into_iter().filter(|table| table.count() > 0).collect()
}

/// A column: its title, and what stands in it.
type Column<'a, T> = (&'static str, &'a dyn Fn(&T) -> Cell);

/// What a kind is called.
struct Kind(Section, &'static str, &'static str);

impl Kind {
    /// The table of all things of this kind.
    fn table<T>(
        self,
        things: impl IntoIterator<Item = T>,
        is_quiet: impl Fn(&T) -> bool,
        columns: &[Column<'_, T>],
    ) -> Table {
        let row = |thing: T| Row {
            cells: columns.iter().map(|(_, cell)| cell(&thing)).collect(),
            quiet: is_quiet(&thing),
        };
        let mut rows: Vec<Row> = things.into_iter().map(row).collect();
        let is_filled =
            |at: usize| rows.iter().any(|row| row.cells.get(at).is_some_and(|cell| !cell.is_empty()));
        let filled: Vec<bool> = (0..columns.len()).map(|at| at == 0 || is_filled(at)).collect();
        for row in &mut rows {
            let mut kept = filled.iter();
            row.cells.retain(|_| kept.next().copied().unwrap_or(false));
        }
        let kept = columns.iter().zip(&filled).filter(|(_, filled)| **filled);
        let columns = kept.map(|((title, _), _)| *title).collect();
        Table { section: self.0, id: self.1, title: self.2, columns, rows, folds: Vec::new() }
    }
}

fn name(name: &Option<String>, id: &str) -> Cell {
    Cell::Name(name.clone().unwrap_or_else(|| id.to_owned()))
}

fn text(value: &Option<String>) -> Cell {
    value.clone().map_or(Cell::Empty, Cell::Text)
}

fn code(value: &Option<String>) -> Cell {
    value.clone().map_or(Cell::Empty, Cell::Code)
}

fn codes(values: &[String]) -> Cell {
    if values.is_empty() { Cell::Empty } else { Cell::Code(values.join(" ")) }
}

fn number(value: Option<u64>, unit: &str) -> Cell {
    let shown = |value: u64| if unit.is_empty() { value.to_string() } else { format!("{value} {unit}") };
    value.map_or(Cell::Empty, |value| Cell::Text(shown(value)))
}

fn truth(value: Option<bool>) -> Cell {
    value.map_or(Cell::Empty, |yes| Cell::Text(if yes { "yes" } else { "no" }.into()))
}

fn health(value: &HealthReading) -> Cell {
    Cell::Health(value.0)
}

fn is_gone(state: &Option<String>) -> bool {
    matches!(state.as_deref(), Some("Absent" | "Disabled"))
}

/// Bytes in decimal units, as drives are sold.
fn bytes(bytes: Option<u64>) -> Cell {
    const UNITS: &[(u64, &str)] = &[(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")];
    let Some(bytes) = bytes else { return Cell::Empty };
    let (size, unit) = UNITS.iter().find(|(size, _)| bytes >= *size).copied().unwrap_or((1, "B"));
    let (whole, tenth) = (bytes / size, bytes % size * 10 / size);
    let shown = if tenth == 0 || whole >= 100 {
        format!("{whole} {unit}")
    } else {
        format!("{whole}.{tenth} {unit}")
    };
    Cell::Text(shown)
}

/// Mebibytes of memory.
fn memory_size(mib: Option<u64>) -> Cell {
    match mib {
        None | Some(0) => Cell::Empty,
        Some(mib) if mib % 1024 == 0 => Cell::Text(format!("{} GiB", mib / 1024)),
        Some(mib) => Cell::Text(format!("{mib} MiB")),
    }
}

/// Days before an end from which it is soon.
const SOON_DAYS: i64 = 30;

/// When something ends, marked if that is soon or past.
fn end(at: Option<Timestamp>, now: Timestamp) -> Cell {
    let Some(at) = at else { return Cell::Empty };
    let days = at.duration_since(now).as_hours() / 24;
    let date = at.strftime("%Y-%m-%d");
    if at <= now {
        Cell::Mark(Tone::Bad, format!("ended {date}"))
    } else if days < SOON_DAYS {
        Cell::Mark(Tone::Warn, format!("{date}, in {days} days"))
    } else {
        Cell::Text(date.to_string())
    }
}

fn day(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Empty, |at| Cell::Text(at.strftime("%Y-%m-%d").to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Firmware, HeldCertificate, Manager, MemoryModule, Protocol, Setting, System};

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn columns_that_no_row_fills_are_left_out() {
        let module = |serial: Option<&str>| MemoryModule {
            id: "DIMM1".into(),
            capacity_mib: Some(32_768),
            serial: serial.map(str::to_owned),
            ..MemoryModule::default()
        };
        let system = System { memory: vec![module(None), module(Some("S1"))], ..System::default() };
        let tables = tables(&Inventory { systems: vec![system], ..Inventory::default() }, now());
        let memory = tables.iter().find(|table| table.id == "memory").unwrap();
        assert_eq!(memory.columns, ["Module", "Size", "Serial"]);
        let cells: Vec<Vec<String>> =
            memory.rows.iter().map(|row| row.cells.iter().map(Cell::text).collect()).collect();
        assert_eq!(cells, [["DIMM1", "32 GiB", "–"], ["DIMM1", "32 GiB", "S1"]]);
    }

    #[test]
    fn ends_are_marked_when_they_are_near_or_past() {
        let of = |at: &str| end(Some(at.parse().unwrap()), now());
        assert_eq!(of("2027-01-01T00:00:00Z"), Cell::Text("2027-01-01".into()));
        assert_eq!(of("2026-01-11T12:00:00Z"), Cell::Mark(Tone::Warn, "2026-01-11, in 10 days".into()));
        assert_eq!(of("2025-12-31T23:00:00Z"), Cell::Mark(Tone::Bad, "ended 2025-12-31".into()));
        assert_eq!(end(None, now()), Cell::Empty);
    }

    #[test]
    fn what_should_be_off_and_what_has_ended_is_counted() {
        let service = |name: &str, enabled| Protocol { name: name.into(), enabled, ..Protocol::default() };
        let manager = Manager {
            protocols: vec![
                service("Telnet", Some(true)),
                service("IPMI", Some(false)),
                service("HTTPS", Some(true)),
            ],
            certificates: vec![HeldCertificate { not_after: Some(now()), ..HeldCertificate::default() }],
            ..Manager::default()
        };
        let tables = tables(&Inventory { managers: vec![manager], ..Inventory::default() }, now());
        let marked = |id: &str| tables.iter().find(|table| table.id == id).unwrap().marked();
        assert_eq!((marked("services"), marked("certificates"), marked("managers")), (1, 1, 0));
    }

    #[test]
    fn settings_are_folded_and_changed_ones_come_first() {
        let setting = |name: &str, value: &str, default: Option<&str>, menu: Option<&str>| Setting {
            name: name.into(),
            value: Some(value.into()),
            default: default.map(str::to_owned),
            menu: menu.map(str::to_owned),
            ..Setting::default()
        };
        let settings = vec![
            setting("B", "1", Some("1"), Some("Boot")),
            setting("A", "2", Some("1"), Some("Memory")),
            setting("Z_Late", "2", None, None),
        ];
        let bios = crate::inventory::Bios { settings, ..Default::default() };
        let system = System { bios: Some(bios), ..System::default() };
        let tables = tables(&Inventory { systems: vec![system], ..Inventory::default() }, now());
        let table = tables.iter().find(|table| table.id == "bios").unwrap();
        let folds: Vec<(&str, usize)> =
            table.folds.iter().map(|fold| (fold.title.as_str(), fold.rows.len())).collect();
        assert_eq!(folds, [("Other than the server was made with", 1), ("Boot", 1), ("Z", 1)]);
        assert_eq!((table.count(), table.rows.len()), (3, 0));
    }

    #[test]
    fn drives_are_sized_as_they_are_sold() {
        for (size, text) in [
            (480_103_981_056, "480 GB"),
            (1_920_383_410_176, "1.9 TB"),
            (512, "512 B"),
            (2_000_000_000_000, "2 TB"),
        ] {
            assert_eq!(bytes(Some(size)).text(), text);
        }
    }

    #[test]
    fn tables_come_section_by_section() {
        let system = System { memory: vec![MemoryModule::default()], ..System::default() };
        let inventory =
            Inventory { systems: vec![system], firmware: vec![Firmware::default()], ..Inventory::default() };
        assert!(tables(&inventory, now()).is_sorted_by_key(|table| table.section));
    }
}
