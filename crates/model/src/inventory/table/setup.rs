//! The settings of a BIOS, what a server boots from, and the firmware.

use super::{Cell, Kind, Section, Table, code, codes, health, is_gone, name, text, truth};
use crate::inventory::{BootOption, Firmware, Inventory, Setting, System};

/// The fold of the settings that somebody changed.
const CHANGED: &str = "Other than the server was made with";

pub(super) fn bios(inventory: &Inventory) -> Table {
    let all = inventory.systems.iter().filter_map(|it| it.bios.as_ref()).flat_map(|it| &it.settings);
    let mut all: Vec<(String, &Setting)> = all.map(|it| (fold(it), it)).collect();
    all.sort_by(|(fold, it), (other_fold, other)| {
        let key = (fold != CHANGED, fold, &it.name);
        key.cmp(&(other_fold != CHANGED, other_fold, &other.name))
    });
    let titles = all.iter().map(|(fold, _)| fold.clone()).collect();
    let table = Kind(Section::Setup, "bios", "BIOS settings").table(
        all,
        |_| false,
        &[
            ("Setting", &|(_, it)| name(&it.title, &it.name)),
            ("Value", &|(_, it)| code(&it.value)),
            ("As made", &|(_, it)| code(&it.default)),
            ("Can be", &|(_, it)| can_be(it)),
            ("Takes effect", &|(_, it)| match it.needs_reset {
                Some(true) if it.read_only != Some(true) => Cell::Text("at the next start".into()),
                Some(false) if it.read_only != Some(true) => Cell::Text("at once".into()),
                _ => Cell::Empty,
            }),
            ("Name", &|(_, it)| if it.title.is_some() { Cell::Code(it.name.clone()) } else { Cell::Empty }),
        ],
    );
    table.folded(titles)
}

fn can_be(it: &Setting) -> Cell {
    match it.read_only {
        Some(true) => Cell::Text("read only".into()),
        _ => codes(&it.values),
    }
}

/// What a setting is found under: the changed ones together, the others by their menu, or else by the first
/// word or letter of their names.
fn fold(it: &Setting) -> String {
    if it.is_changed() {
        return CHANGED.into();
    }
    if let Some(menu) = &it.menu {
        return menu.clone();
    }
    let first = it.name.split('_').next().filter(|first| first.len() < it.name.len());
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(char::is_alphabetic);
    let letter = || it.name.chars().next().map(|letter| letter.to_uppercase().to_string());
    // Supermicro puts a number after each name: the first part is then a name, and no group.
    let numbered = it.name.rsplit('_').next().is_some_and(|last| last.len() == 4 && is_hexadecimal(last));
    first.filter(is_word).filter(|_| !numbered).map(str::to_owned).or_else(letter).unwrap_or_default()
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn boot_options(inventory: &Inventory) -> Table {
    let options = |system: &System| {
        let place = |it: &BootOption| {
            let reference = it.reference.as_ref().unwrap_or(&it.id);
            system.boot_order.iter().position(|known| known == reference)
        };
        let mut all: Vec<(Option<usize>, BootOption)> =
            system.boot_options.iter().map(|it| (place(it), it.clone())).collect();
        all.sort_by_key(|(place, _)| place.unwrap_or(usize::MAX));
        all
    };
    Kind(Section::Setup, "boot-options", "Boot options").table(
        inventory.systems.iter().flat_map(options),
        |(place, it)| it.enabled == Some(false) || place.is_none(),
        &[
            ("Boot option", &|(_, it)| name(&it.name, &it.id)),
            ("Order", &|(place, _)| place.map_or(Cell::Empty, |place| Cell::Text((place + 1).to_string()))),
            ("Reference", &|(_, it)| code(&it.reference)),
            ("Tried", &|(_, it)| truth(it.enabled)),
            ("Device", &|(_, it)| code(&it.device)),
        ],
    )
}

pub(super) fn firmware(inventory: &Inventory) -> Table {
    of_software(Kind(Section::Firmware, "firmware", "Firmware"), &inventory.firmware)
}

pub(super) fn software(inventory: &Inventory) -> Table {
    of_software(Kind(Section::Firmware, "software", "Software"), &inventory.software)
}

fn of_software(kind: Kind, all: &[Firmware]) -> Table {
    kind.table(
        all,
        |it| is_gone(&it.state),
        &[
            ("Firmware", &|it| name(&it.name, &it.id)),
            ("Version", &|it| code(&it.version)),
            ("Released", &|it| text(&it.released)),
            ("Updateable", &|it| truth(it.updateable)),
            ("Maker", &|it| text(&it.manufacturer)),
            ("Health", &|it| health(&it.health)),
        ],
    )
}
