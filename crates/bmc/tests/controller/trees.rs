//! Every captured tree is read whole, over HTTP, from a server that knows GET alone.

use crate::support::server::Server;
use crate::support::{Tree, cases, now};
use bmc::inspect::{Inspection, Options, inspect};
use model::device::{Health, Power, Reset};
use model::inventory::{FaultKind, Inventory};
use model::secret::Credential;

async fn read(test: &str, name: &str) -> Option<Inspection> {
    let cases = cases(test)?;
    let server = Server::of_tree(Tree::unpack(&cases, name)).await;
    let credential = Credential { username: "root".into(), password: "calvin".into() };
    let options = Options { want_raw: true, ..Options::new(server.plain(), Some(credential)) };
    let inspection = inspect(options, now()).await.unwrap();
    let asked = server.asked();
    let gets = asked.iter().filter(|asked| asked.method == "GET").count();
    let sessions = asked.iter().filter(|asked| asked.method == "POST").count();
    assert_eq!(sessions, 1, "one try at a session, then Basic");
    let mut paths: Vec<&str> = asked.iter().map(|asked| asked.path.trim_end_matches('/')).collect();
    paths.retain(|path| *path != "/redfish/v1" && !path.contains("Sessions"));
    let all = paths.len();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), all, "no resource is asked for twice");
    let inventory = &inspection.inventory;
    assert_eq!(inventory.requests as usize + 1, gets, "the root is read once more, to find the sessions");
    assert!(inventory.taken_at >= Some(now()));
    for fault in &inventory.faults {
        eprintln!("{name}: {} {} {}: {}", fault.path, fault.field, fault.kind, fault.problem);
    }
    Some(inspection)
}

/// Counts, in the order of [`COLUMNS`].
fn counts(inventory: &Inventory) -> [usize; 11] {
    let systems = &inventory.systems;
    [
        systems.len(),
        inventory.chassis.len(),
        inventory.managers.len(),
        systems.iter().map(|system| system.processors.len()).sum(),
        systems.iter().map(|system| system.memory.len()).sum(),
        systems.iter().map(|system| system.drives.len()).sum(),
        inventory.chassis.iter().map(|chassis| chassis.drives.len()).sum(),
        systems.iter().map(|system| system.nics.len()).sum(),
        inventory.managers.iter().map(|manager| manager.nics.len()).sum(),
        inventory.chassis.iter().map(|chassis| chassis.adapters.len()).sum(),
        inventory.firmware.len(),
    ]
}

const COLUMNS: &str = "tree systems chassis managers cpus memory drives chassis-drives nics bmc-nics adapters firmware | macs requests faults";

fn check(name: &str, inspection: &Inspection, expected: [usize; 11]) {
    let inventory = &inspection.inventory;
    let found = counts(inventory);
    let rest = [inventory.identity().macs.len(), inventory.requests as usize, inventory.faults.len()];
    println!("{COLUMNS}\n{name} {found:?} | {rest:?}");
    assert_eq!(found, expected, "{COLUMNS}");
    let raw = inspection.raw.as_ref().unwrap();
    assert!(raw.len() <= inventory.requests as usize && raw.contains_key("/redfish/v1/"));
}

fn faults(inventory: &Inventory, kind: FaultKind) -> Vec<(&str, &str)> {
    let of_kind = inventory.faults.iter().filter(|fault| fault.kind == kind);
    of_kind.map(|fault| (fault.path.as_str(), fault.field.as_str())).collect()
}

fn identity(inventory: &Inventory) -> [String; 4] {
    let identity = inventory.identity();
    [identity.vendor, identity.model, identity.serial, identity.bmc_firmware].map(Option::unwrap_or_default)
}

#[tokio::test]
async fn dell() {
    let Some(inspection) = read("dell", "dell").await else { return };
    check("dell", &inspection, [1, 2, 1, 3, 16, 3, 0, 5, 1, 4, 29]);
    let inventory = &inspection.inventory;
    assert_eq!(identity(inventory), ["Dell Inc.", "PowerEdge R750", "CNIVC0014M0388", "6.00.30.00"]);
    let system = &inventory.systems[0];
    assert_eq!((system.sku.as_deref(), system.bios_version.as_deref()), (Some("F54P1G3"), Some("1.8.2")));
    assert_eq!((system.power.0, system.health.0, system.memory_gib), (Power::On, Health::Ok, Some(512.0)));
    assert_eq!(system.hostname, None, "an empty text is none");
    assert!(system.reset_types.contains(&Reset::PowerCycle) && system.reset_types.len() == 8);
    assert_eq!(system.memory[0].capacity_mib, Some(32768));
    let gpu = system.processors.iter().find(|processor| processor.kind.as_deref() == Some("GPU")).unwrap();
    assert_eq!(gpu.serial.as_deref(), Some("1654422007043"));
    assert!(faults(inventory, FaultKind::BadValue).iter().all(|(_, field)| *field == "ReleaseDate"));
}

#[tokio::test]
async fn hpe() {
    let Some(inspection) = read("hpe", "hpe").await else { return };
    check("hpe", &inspection, [1, 1, 1, 2, 32, 18, 0, 7, 3, 3, 48]);
    let inventory = &inspection.inventory;
    assert_eq!(identity(inventory), ["HPE", "ProLiant DL385 Gen10 Plus v2", "MXQ302099S", "iLO 5 v2.72"]);
    let system = &inventory.systems[0];
    assert_eq!(system.processors[0].model.as_deref(), Some("AMD EPYC 7763 64-Core Processor"), "trimmed");
    assert!(!system.reset_types.contains(&Reset::PowerCycle));
    assert_eq!(system.health.0, Health::Critical);
    assert_eq!(system.drives[0].location.as_deref(), Some("Box 2:Bay 1"));
}

#[tokio::test]
async fn lenovo() {
    let Some(inspection) = read("lenovo", "lenovo").await else { return };
    check("lenovo", &inspection, [1, 2, 1, 10, 32, 4, 0, 5, 2, 2, 43]);
    let inventory = &inspection.inventory;
    assert_eq!(
        identity(inventory),
        ["Lenovo", "ThinkSystem SR670 V2", "J105958B", "TGBT42S 2.83 2023-07-05"]
    );
    assert!(!inventory.systems[0].reset_types.contains(&Reset::PushPowerButton));
    let asked_info = inspection.raw.as_ref().unwrap().contains_key("/redfish/v1/Systems/1/ResetActionInfo");
    assert!(!asked_info, "the action's own list is enough");
}

#[tokio::test]
async fn supermicro() {
    let Some(inspection) = read("supermicro", "supermicro").await else { return };
    check("supermicro", &inspection, [1, 3, 1, 2, 32, 8, 0, 12, 2, 10, 106]);
    let inventory = &inspection.inventory;
    assert_eq!(identity(inventory), ["Supermicro", "SYS-821GE-TNHR", "S889914X3710910", "11.01.01"]);
    let system = &inventory.systems[0];
    assert_eq!(system.reset_types.len(), 8, "reset types by ActionInfo");
    assert!(system.reset_types.contains(&Reset::PowerCycle));
    let dates = faults(inventory, FaultKind::BadValue);
    assert!(dates.iter().filter(|(_, field)| *field == "ReleaseDate").count() >= 1, "{dates:?}");
}

#[tokio::test]
async fn nvidia_gb200() {
    let Some(inspection) = read("nvidia_gb200", "nvidia_gb200").await else { return };
    check("nvidia_gb200", &inspection, [2, 42, 2, 8, 8, 9, 0, 0, 5, 6, 30]);
    let inventory = &inspection.inventory;
    assert_eq!(identity(inventory), ["NVIDIA", "GB200 NVL", "1333024020524", "GB200Nvl-24.12-8"]);
    assert_eq!(inventory.systems[0].id, "System_0", "the one that can be reset comes first");
    assert_eq!(inventory.chassis[0].id, "Chassis_0", "the shelf comes first, then its boards");
}

#[tokio::test]
async fn nvidia_viking() {
    let Some(inspection) = read("nvidia_viking", "nvidia_viking").await else { return };
    check("nvidia_viking", &inspection, [2, 47, 3, 11, 40, 15, 0, 5, 3, 12, 66]);
    let inventory = &inspection.inventory;
    assert_eq!(inventory.service.vendor.as_deref(), Some("AMI"));
    assert_eq!(identity(inventory), ["NVIDIA", "DGXH100", "1662923610124", "23.11.20"]);
    assert_eq!(inventory.chassis[0].id, "DGX");
}

#[tokio::test]
async fn nvidia_dpu() {
    let Some(inspection) = read("nvidia_dpu", "nvidia_dpu").await else { return };
    check("nvidia_dpu", &inspection, [1, 3, 1, 0, 0, 0, 0, 3, 3, 2, 14]);
    let inventory = &inspection.inventory;
    let nulls = faults(inventory, FaultKind::NullMembers);
    assert_eq!(
        nulls,
        [("/redfish/v1/Systems/Bluefield/Storage", "Members"), ("/redfish/v1/Cables", "Members")]
    );
    assert_eq!(inventory.identity().serial.as_deref(), Some("MT2423600ANG"));
}

#[tokio::test]
async fn forbidden() {
    let Some(cases) = cases("forbidden") else { return };
    let server = Server::of_tree(Tree::unpack(&cases, "forbidden")).await;
    let credential = Credential { username: "root".into(), password: "calvin".into() };
    let inspection = inspect(Options::new(server.plain(), Some(credential)), now()).await.unwrap();
    let cause = inspection.nothing_because.unwrap();
    assert_eq!(cause, "answered 403: Change your password (PasswordChangeRequired)");
    let inventory = &inspection.inventory;
    assert_eq!(inventory.service.vendor.as_deref(), Some("Dell"), "the root could be read");
    let refused = faults(inventory, FaultKind::Refused);
    assert!(refused.len() >= 3 && refused.contains(&("/redfish/v1/Chassis", "")), "{refused:?}");
    assert!(inventory.faults.iter().any(|fault| fault.problem == cause), "{:?}", inventory.faults);
}
