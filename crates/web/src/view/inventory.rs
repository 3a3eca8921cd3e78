//! An inventory's tables as a page shows them: section by section, with what should be looked at counted.

use jiff::Timestamp;
use model::Inventory;
use model::inventory::table::{Cell, Table, Tone, tables};

/// Tables that belong together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    /// Rows in all of its tables.
    pub count: usize,
    /// Rows that somebody should look at.
    pub marked: usize,
    pub tables: Vec<Table>,
}

/// Every section that has anything, in order.
pub(crate) fn sections(inventory: &Inventory, now: Timestamp) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for table in tables(inventory, now) {
        let id = table.section.id();
        if sections.last().is_none_or(|last| last.id != id) {
            let title = table.section.title();
            sections.push(Section { id, title, count: 0, marked: 0, tables: Vec::new() });
        }
        if let Some(section) = sections.last_mut() {
            section.count += table.count();
            section.marked += table.marked();
            section.tables.push(table);
        }
    }
    sections
}

/// The class of a mark.
pub(crate) const fn tone(tone: &Tone) -> &'static str {
    match tone {
        Tone::Good => "ok",
        Tone::Warn => "warning",
        Tone::Bad => "critical",
    }
}

/// How a cell is shown.
#[derive(Debug)]
pub(crate) enum Shown<'a> {
    Head(&'a str),
    Text(&'a str),
    Code(&'a str),
    Health(&'a model::device::Health),
    Power(&'a model::device::Power),
    Mark(&'static str, &'a str),
    Nothing,
}

/// A cell as the template takes it apart.
pub(crate) fn shown(cell: &Cell) -> Shown<'_> {
    match cell {
        Cell::Name(text) => Shown::Head(text),
        Cell::Text(text) => Shown::Text(text),
        Cell::Code(text) => Shown::Code(text),
        Cell::Health(health) => Shown::Health(health),
        Cell::Power(power) => Shown::Power(power),
        Cell::Mark(how, text) => Shown::Mark(tone(how), text),
        Cell::Empty => Shown::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::inventory::{Account, Firmware, Manager, Protocol, System};

    #[test]
    fn sections_stand_once_and_count_what_is_marked() {
        let telnet = Protocol { name: "Telnet".into(), enabled: Some(true), ..Protocol::default() };
        let inventory = Inventory {
            systems: vec![System::default()],
            managers: vec![Manager { protocols: vec![telnet], ..Manager::default() }],
            accounts: vec![Account::default()],
            firmware: vec![Firmware::default()],
            ..Inventory::default()
        };
        let found = sections(&inventory, Timestamp::UNIX_EPOCH);
        let seen: Vec<(&str, usize, usize)> = found.iter().map(|it| (it.id, it.count, it.marked)).collect();
        assert_eq!(seen, [("server", 1, 0), ("access", 3, 1), ("software-and-firmware", 1, 0)]);
    }
}
