//! Two lists and what is said of them.

use super::*;

fn part(kind: &str, path: &str, fields: &[(&str, &str)]) -> Component {
    Component {
        kind: kind.into(),
        path: format!("/redfish/v1/{path}"),
        name: path.rsplit('/').next().unwrap().into(),
        fields: fields.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
    }
}

fn module(slot: &str, serial: &str, part_number: &str) -> Component {
    let fields = [("slot", slot), ("serial", serial), ("part_number", part_number)];
    part("memory module", &format!("Memory/{slot}"), &fields)
}

fn said(before: &[Component], after: &[Component]) -> Vec<String> {
    diff(before, after).iter().map(|change| format!("{}: {}", change.subject(), change.words())).collect()
}

#[test]
fn the_same_is_no_change() {
    let list = [module("A1", "X", "P"), part("system", "Systems/1", &[("bios_version", "2.1")])];
    assert!(diff(&list, &list).is_empty());
    assert!(diff(&[], &[]).is_empty());
}

#[test]
fn a_module_in_another_slot_has_moved() {
    let before = [module("A1", "X", "P"), module("A2", "Y", "P")];
    let after = [module("A1", "Y", "P"), module("A3", "X", "P")];
    assert_eq!(
        said(&before, &after),
        ["memory module A1: moved from A2 to A1", "memory module A3: moved from A1 to A3"]
    );
}

#[test]
fn another_one_in_the_same_slot_is_a_replacement() {
    let after = [module("A1", "Z", "Q")];
    assert_eq!(
        said(&[module("A1", "X", "P")], &after),
        ["memory module A1: replaced: serial number X → Z", "memory module A1: part number P → Q"]
    );
}

#[test]
fn what_comes_and_goes_is_named_with_its_part_number() {
    let one = [module("A1", "X", "P")];
    assert_eq!(said(&[], &one), ["memory module A1: added (P)"]);
    assert_eq!(said(&one, &[]), ["memory module A1: removed (P)"]);
}

#[test]
fn fields_are_told_from_and_to() {
    let before = [part("system", "Systems/1", &[("bios_version", "2.1"), ("hostname", "a")])];
    let after = [part("system", "Systems/1", &[("bios_version", "2.2"), ("asset_tag", "7")])];
    assert_eq!(
        said(&before, &after),
        [
            "system 1: asset tag is now 7",
            "system 1: BIOS version 2.1 → 2.2",
            "system 1: hostname is no longer said (was a)"
        ]
    );
}

#[test]
fn a_serial_number_that_two_have_recognises_neither() {
    let filler = |slot| module(slot, "0123", "P");
    let before = [filler("A1"), filler("A2")];
    assert_eq!(said(&before, &[filler("A1")]), ["memory module A2: removed (P)"]);
    // And what makers ship as a filler is no serial number.
    let none = |slot| module(slot, "None", "P");
    assert_eq!(
        said(&[none("A1")], &[none("A2")]),
        ["memory module A1: removed (P)", "memory module A2: added (P)"]
    );
}

#[test]
fn over_the_fleet_only_what_is_the_same_everywhere_is_said() {
    let over = |before: &[Component], after: &[Component]| -> Vec<String> {
        diff(before, after).iter().map(Change::over_fleet).collect()
    };
    let bios = |version| [part("firmware", "BIOS", &[("version", version)])];
    assert_eq!(over(&bios("2.1"), &bios("2.2")), ["firmware BIOS: version 2.1 → 2.2"]);
    let system = |host| [part("system", "1", &[("hostname", host)])];
    assert_eq!(over(&system("a"), &system("b")), ["system: hostname changed"]);
    assert_eq!(over(&[], &[module("A1", "X", "P")]), ["memory module P added"]);
    assert_eq!(over(&[module("A1", "X", "P")], &[module("A1", "Y", "P")]), ["memory module P replaced"]);
}
