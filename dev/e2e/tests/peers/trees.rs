//! Every captured tree, served by sushy-static: read without an error, typed, and nothing of it overlooked.

use crate::coverage;
use crate::support::{Peer, cases, inspect, needed, serve};
use e2e::slot::Slot;
use model::Inventory;
use model::inventory::{Fault, FaultKind};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const HEAD: &str = "| tree | systems | processors | memory | drives | NICs | adapters | power supplies | PCIe devices | other parts | firmware | MACs | numbers found, of all | faults | requests | seconds |";

/// Unpacks a tree; the folder that holds `redfish`.
fn unpack(packed: &Path, into: &Path) -> PathBuf {
    let done = Command::new("tar").arg("xzf").arg(packed).arg("-C").arg(into).status().unwrap();
    assert!(done.success(), "tar xzf {}", packed.display());
    let mut folders = std::fs::read_dir(into).unwrap().flatten().map(|entry| entry.path());
    folders.find(|path| path.join("redfish").is_dir()).unwrap()
}

fn row(name: &str, inventory: &Inventory, (found, all): (usize, usize)) -> String {
    let systems = &inventory.systems;
    let chassis = &inventory.chassis;
    let nics =
        systems.iter().map(|it| it.nics.len()).chain(inventory.managers.iter().map(|it| it.nics.len()));
    let drives = systems.iter().map(|it| it.drives.len()).chain(chassis.iter().map(|it| it.drives.len()));
    let pcie =
        systems.iter().map(|it| it.pcie_devices.len()).chain(chassis.iter().map(|it| it.pcie_devices.len()));
    let transceivers = chassis.iter().flat_map(|it| &it.adapters).map(|it| it.transceivers.len());
    let parts =
        chassis.iter().map(|it| it.parts.len()).chain(transceivers).sum::<usize>() + inventory.cables.len();
    let controllers: usize = systems.iter().map(|it| it.storage_controllers.len()).sum();
    let cells = [
        systems.len(),
        systems.iter().map(|it| it.processors.len()).sum(),
        systems.iter().map(|it| it.memory.len()).sum(),
        drives.sum(),
        nics.sum(),
        chassis.iter().map(|it| it.adapters.len()).sum(),
        chassis.iter().map(|it| it.power_supplies.len()).sum(),
        pcie.sum(),
        parts + controllers,
        inventory.firmware.len() + inventory.software.len(),
        inventory.identity().macs.len(),
    ];
    let mut row = format!("| {name}");
    for cell in cells {
        write!(row, " | {cell}").unwrap();
    }
    let seconds = std::time::Duration::from_millis(inventory.elapsed_ms).as_secs_f64();
    let (faults, requests) = (inventory.faults.len(), inventory.requests);
    write!(row, " | {found} of {all} | {faults} | {requests} | {seconds:.1} |").unwrap();
    row
}

/// One tree; its row of the table.
fn read(name: &str, packed: &Path, program: &Path) -> String {
    let home = tempfile::tempdir().unwrap();
    let tree = unpack(packed, home.path()).join("redfish/v1");
    let slot = Slot::take().unwrap();
    let at = ([127, 0, 0, 1], slot.port()).into();
    let mut command = Command::new(program);
    command.args(["-i", "127.0.0.1", "-p", &slot.port().to_string(), "--mockup-files"]).arg(&tree);
    let _peer = Peer::start(&mut command, &home.path().join("log"), at);
    let (inventory, value, said) = inspect(&format!("http://{at}"));
    // A link to what was not captured, or was not there, is the tree's own fault.
    let is_held = |path: &str| tree.join(path.trim_start_matches("/redfish/v1").trim_matches('/')).exists();
    let refused = |fault: &&Fault| fault.kind == FaultKind::Refused && is_held(&fault.path);
    let refused = inventory.faults.iter().filter(refused).count();
    let astray = inventory.faults.iter().filter(|fault| fault.kind == FaultKind::BadLink).count();
    if name == "forbidden" {
        assert!(said.contains("nothing but the root"), "{said}");
    } else {
        assert_eq!(said, "", "{name}");
        assert!(!inventory.systems.is_empty() && !inventory.managers.is_empty(), "{name}");
        assert_eq!(refused + astray, 0, "{name}: {:?}", inventory.faults);
        assert_eq!(value["raw"], Value::Null, "raw documents only when asked for");
        let identity = inventory.identity();
        assert!(identity.serial.is_some() && identity.vendor.is_some(), "{name}: {identity:?}");
    }
    let typed = serde_json::to_value(&inventory).unwrap();
    let checked = coverage::check(name, &tree, &typed);
    row(name, &inventory, checked)
}

#[test]
fn every_captured_tree_is_read_whole() {
    let test = "every_captured_tree_is_read_whole";
    let (Some(cases), Some(program)) = (cases(test), needed(test, "sushy-static")) else { return };
    let entries = std::fs::read_dir(cases).unwrap().flatten().map(|entry| entry.path());
    let mut trees: Vec<(String, PathBuf)> = entries
        .filter_map(|path| {
            let name =
                path.file_name()?.to_str()?.strip_prefix("redfish-")?.strip_suffix(".tar.gz")?.to_owned();
            Some((name, path))
        })
        .collect();
    trees.sort();
    assert!(trees.len() >= 8, "{trees:?}");
    let mut table = format!("{HEAD}\n|{}\n", "---|".repeat(HEAD.matches('|').count() - 1));
    for (name, packed) in &trees {
        writeln!(table, "{}", read(name, packed, &program)).unwrap();
    }
    println!("{table}");
    if let Some(figures) = std::env::var_os("PORTCULLIS_FIGURES") {
        std::fs::write(Path::new(&figures).join("trees.md"), table).unwrap();
    }
}

/// The tree that answers 403, its own answers included, which sushy-static does not know.
#[test]
fn a_controller_that_wants_another_password_first_is_told_apart() {
    let test = "a_controller_that_wants_another_password_first_is_told_apart";
    let Some(cases) = cases(test) else { return };
    let home = tempfile::tempdir().unwrap();
    let tree = unpack(&cases.join("redfish-forbidden.tar.gz"), home.path());
    let url = serve(move |path| {
        let at = tree.join(path.trim_matches('/'));
        if let Ok(body) = std::fs::read_to_string(at.join("index.json")) {
            return Some((200, body));
        }
        let custom: Value = serde_json::from_slice(&std::fs::read(at.join("custom.json")).ok()?).ok()?;
        let status = u16::try_from(custom["status"].as_u64()?).ok()?;
        Some((status, custom["body"].as_str()?.to_owned()))
    });
    let (inventory, _, said) = inspect(&url);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("answered 403: Change your password (PasswordChangeRequired)"), "{said}");
    assert_eq!(inventory.service.vendor.as_deref(), Some("Dell"));
    let refused = |path: &str| inventory.faults.iter().find(|fault| fault.path == path).unwrap();
    assert_eq!(refused("/redfish/v1/Systems").kind, FaultKind::Refused);
    assert!(refused("/redfish/v1/Systems").problem.contains("403"));
    assert!(refused("/redfish/v1/Chassis").problem.contains("PasswordChangeRequired"));
}
