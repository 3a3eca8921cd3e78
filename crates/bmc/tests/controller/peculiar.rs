//! What other makers' trees are like, and what no tree should be like: read from memory.

use crate::support::{Docs, now, nowhere};
use bmc::Error;
use bmc::client::{Document, Get};
use bmc::read::{Bounds, inventory, inventory_within};
use model::device::{Power, Reset};
use model::inventory::{FaultKind, Inventory};
use serde_json::{Value, json};
use std::time::Duration;

async fn read(docs: &mut Docs) -> Inventory {
    inventory(docs, now()).await.unwrap()
}

fn link(path: &str) -> Value {
    json!({"@odata.id": path})
}

fn members(paths: &[&str]) -> Value {
    json!({"Members": paths.iter().map(|path| link(path)).collect::<Vec<_>>()})
}

fn faults(inventory: &Inventory) -> Vec<(&str, &str, FaultKind)> {
    inventory.faults.iter().map(|fault| (fault.path.as_str(), fault.field.as_str(), fault.kind)).collect()
}

/// A root with one system at `/redfish/v1/Systems/1`.
fn one_system(system: Value) -> Docs {
    Docs::of([
        ("/redfish/v1", json!({"Systems": link("/redfish/v1/Systems")})),
        ("/redfish/v1/Systems", members(&["/redfish/v1/Systems/1"])),
        ("/redfish/v1/Systems/1", system),
    ])
}

#[tokio::test]
async fn links_of_every_spelling() {
    let mut docs = Docs::of([
        (
            "/redfish/v1",
            json!({"Systems": "/redfish/v1/Systems/", "Managers": link("https://127.0.0.1/redfish/v1/Managers/"),
            "Chassis": link("https://10.9.9.9/redfish/v1/Chassis")}),
        ),
        (
            "/redfish/v1/Systems",
            json!({"Members": ["/redfish/v1/Systems/1/", link("/redfish/v1/Systems/1"), {"href": "/redfish/v1/Systems/2"}, 7, null]}),
        ),
        ("/redfish/v1/Systems/1", json!({"Id": "1"})),
        ("/redfish/v1/Systems/2", json!({})),
        ("/redfish/v1/Managers", members(&["/redfish/v1/Managers/1"])),
        ("/redfish/v1/Managers/1", json!({"FirmwareVersion": "1.2"})),
    ]);
    let inventory = read(&mut docs).await;
    let ids: Vec<&str> = inventory.systems.iter().map(|system| system.id.as_str()).collect();
    assert_eq!(ids, ["1", "2"], "each once, the one without Id by its path");
    assert_eq!(inventory.managers[0].firmware.as_deref(), Some("1.2"));
    assert_eq!(
        faults(&inventory),
        [
            ("/redfish/v1/Systems/", "Members/3", FaultKind::BadLink),
            ("/redfish/v1/Systems/", "Members/4", FaultKind::BadLink),
            ("/redfish/v1/", "Chassis", FaultKind::BadLink),
        ]
    );
}

#[tokio::test]
async fn redfish_1_0_without_update_service_and_storage() {
    let mut docs = one_system(json!({
        "Id": "1", "PowerState": "Off", "ProcessorSummary": {"Count": 2, "Model": "Xeon"},
        "MemorySummary": {"TotalSystemMemoryGiB": 64}, "SimpleStorage": link("/redfish/v1/Systems/1/SimpleStorage"),
    }));
    docs.documents.extend([
        (
            "/redfish/v1/Systems/1/SimpleStorage".to_owned(),
            members(&["/redfish/v1/Systems/1/SimpleStorage/1"]),
        ),
        (
            "/redfish/v1/Systems/1/SimpleStorage/1".to_owned(),
            json!({"Devices": [{"Name": "SATA Bay 1", "Model": "3000GT8"}]}),
        ),
    ]);
    let inventory = read(&mut docs).await;
    let system = &inventory.systems[0];
    assert_eq!(
        (system.power.0, system.processor_count, system.memory_gib),
        (Power::Off, Some(2), Some(64.0))
    );
    assert_eq!(system.drives[0].model.as_deref(), Some("3000GT8"));
    assert!(inventory.firmware.is_empty() && inventory.faults.is_empty(), "{:?}", inventory.faults);
}

#[tokio::test]
async fn before_redfish_1_0() {
    let mut docs = Docs::of([
        ("/redfish/v1", json!({"Oem": {"Hp": {}}, "links": {"Systems": {"href": "/redfish/v1/Systems"}}})),
        ("/redfish/v1/Systems", json!({"links": {"Member": [{"href": "/redfish/v1/Systems/1"}]}})),
        (
            "/redfish/v1/Systems/1",
            json!({"Power": "On", "Memory": {"TotalSystemMemoryGB": 32}, "Processors": {"Count": 1},
            "Bios": {"Current": {"VersionString": "P89 v2.0"}}}),
        ),
    ]);
    let inventory = read(&mut docs).await;
    let system = &inventory.systems[0];
    assert_eq!(inventory.service.vendor.as_deref(), Some("HP"), "by its extensions");
    assert_eq!((system.power.0, system.memory_gib, system.processor_count), (Power::On, Some(32.0), Some(1)));
    assert_eq!(system.bios_version.as_deref(), Some("P89 v2.0"));
    assert!(inventory.faults.is_empty(), "{:?}", inventory.faults);
}

#[tokio::test]
async fn a_chassis_of_several_nodes() {
    let node = |id: &str| {
        json!({"Id": id, "SerialNumber": format!("SN{id}"), "Actions": {"#ComputerSystem.Reset": {
        "ResetType@Redfish.AllowableValues": ["On", "ForceOff"]}}})
    };
    let mut docs = Docs::of([
        (
            "/redfish/v1",
            json!({"Systems": link("/redfish/v1/Systems"), "Chassis": link("/redfish/v1/Chassis")}),
        ),
        ("/redfish/v1/Systems", members(&["/redfish/v1/Systems/A", "/redfish/v1/Systems/B"])),
        ("/redfish/v1/Systems/A", node("A")),
        ("/redfish/v1/Systems/B", node("B")),
        (
            "/redfish/v1/Chassis",
            members(&["/redfish/v1/Chassis/Board", "/redfish/v1/Chassis/Enclosure", "/redfish/v1/Chassis/A"]),
        ),
        ("/redfish/v1/Chassis/Board", json!({"Id": "Board", "ChassisType": "Module"})),
        ("/redfish/v1/Chassis/Enclosure", json!({"Id": "Enclosure", "ChassisType": "RackMount"})),
        (
            "/redfish/v1/Chassis/A",
            json!({"Id": "A", "ChassisType": "Blade", "Links": {"ComputerSystems": [link("/redfish/v1/Systems/A/")]}}),
        ),
    ]);
    let inventory = read(&mut docs).await;
    assert_eq!(inventory.systems.len(), 2);
    let order: Vec<&str> = inventory.chassis.iter().map(|chassis| chassis.id.as_str()).collect();
    assert_eq!(order, ["A", "Enclosure", "Board"]);
    assert_eq!(inventory.systems[1].reset_types, [Reset::On, Reset::ForceOff]);
    assert_eq!(inventory.identity().serial.as_deref(), Some("SNA"));
}

#[tokio::test]
async fn members_that_are_no_list() {
    for (spoiled, kind) in [
        (json!({"Members": null}), FaultKind::NullMembers),
        (json!({}), FaultKind::NullMembers),
        (json!({"Members": {"@odata.id": "/x"}}), FaultKind::WrongType),
        (json!({"Members": "none"}), FaultKind::WrongType),
    ] {
        let mut docs = one_system(json!({"Id": "1"}));
        docs.documents.insert("/redfish/v1/Systems".into(), spoiled);
        let inventory = read(&mut docs).await;
        assert_eq!(faults(&inventory), [("/redfish/v1/Systems", "Members", kind)]);
    }
}

#[tokio::test]
async fn pages_are_followed_and_circles_are_not() {
    let page = |paths: &[&str], next: &str| {
        let mut page = members(paths);
        page["Members@odata.nextLink"] = next.into();
        page
    };
    let mut docs = one_system(json!({"Id": "1"}));
    docs.documents.extend([
        ("/redfish/v1/Systems".to_owned(), page(&["/redfish/v1/Systems/1"], "/redfish/v1/Systems?$skip=1")),
        ("/redfish/v1/Systems?$skip=1".to_owned(), page(&["/redfish/v1/Systems/2"], "/redfish/v1/Systems")),
        ("/redfish/v1/Systems/2".to_owned(), json!({"Id": "2"})),
    ]);
    let inventory = read(&mut docs).await;
    assert_eq!(inventory.systems.len(), 2);
    assert_eq!(
        faults(&inventory),
        [("/redfish/v1/Systems?$skip=1", "Members@odata.nextLink", FaultKind::BadLink)]
    );
}

#[tokio::test]
async fn members_that_stand_in_the_collection_are_not_asked_for() {
    let mut docs = one_system(json!({"Id": "1"}));
    let whole = json!({"@odata.id": "/redfish/v1/Systems/1", "@odata.type": "#ComputerSystem.v1_0_0.ComputerSystem",
        "Id": "1", "Name": "System", "SerialNumber": "S1"});
    let hint = json!({"@odata.id": "/redfish/v1/Systems/2", "Name": "only a hint"});
    docs.documents.insert("/redfish/v1/Systems".into(), json!({"Members": [whole, hint]}));
    docs.documents.insert("/redfish/v1/Systems/2".into(), json!({"Id": "2", "SerialNumber": "S2"}));
    let inventory = read(&mut docs).await;
    let serials: Vec<&str> = inventory.systems.iter().filter_map(|system| system.serial.as_deref()).collect();
    assert_eq!(serials, ["S1", "S2"]);
    assert_eq!(docs.asked, ["/redfish/v1/", "/redfish/v1/Systems", "/redfish/v1/Systems/2"]);
    assert_eq!(inventory.requests, 3);
}

#[tokio::test]
async fn a_member_that_fails_loses_itself_alone() {
    let mut docs = one_system(json!({"Id": "1", "Processors": link("/redfish/v1/Systems/1/Processors")}));
    docs.documents.extend([
        ("/redfish/v1/Systems/1/Processors".to_owned(), members(&["/p/gone", "/p/error", "/p/fine"])),
        ("/p/error".to_owned(), json!({"error": {"@Message.ExtendedInfo": [{"Message": "Not now."}]}})),
        ("/p/fine".to_owned(), json!({"Id": "CPU1", "TotalCores": 64})),
    ]);
    let inventory = read(&mut docs).await;
    assert_eq!(inventory.systems[0].processors.len(), 1);
    assert_eq!(
        faults(&inventory),
        [("/p/gone", "", FaultKind::Refused), ("/p/error", "", FaultKind::Refused)]
    );
    assert!(inventory.faults[0].problem.contains("404") && inventory.faults[1].problem.contains("Not now."));
}

#[tokio::test]
async fn bounds_end_a_reading_with_a_fault() {
    let mut docs = one_system(json!({"Id": "1"}));
    let many: Vec<String> = (0..3000).map(|n| format!("/redfish/v1/Systems/{n}")).collect();
    for path in &many {
        docs.documents.insert(path.clone(), json!({}));
    }
    let paths: Vec<&str> = many.iter().map(String::as_str).collect();
    docs.documents.insert("/redfish/v1/Systems".into(), members(&paths));
    let bounds = Bounds { requests: 100, members: 5000, ..Bounds::default() };
    let found = inventory_within(&mut docs, bounds, now()).await.unwrap();
    assert_eq!((found.requests, found.systems.len(), docs.asked.len()), (101, 99, 101));
    assert_eq!(found.faults.len(), 1);
    assert!(found.faults[0].problem.contains("bound of 100 requests"), "{:?}", found.faults);
    let bounds = Bounds { bytes: 10_000, members: 5000, ..Bounds::default() };
    let found = inventory_within(&mut docs, bounds, now()).await.unwrap();
    assert_eq!(found.systems.len(), 9, "ten thousand bytes, of which the collection has one");
    let bounds = Bounds { members: 7, ..Bounds::default() };
    let found = inventory_within(&mut docs, bounds, now()).await.unwrap();
    assert_eq!((found.systems.len(), found.faults.len()), (7, 1));
}

/// Answers the root, and nothing else ever.
struct Mute(Docs);

impl Get for Mute {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        if path != "/redfish/v1/" {
            std::future::pending::<()>().await;
        }
        self.0.get(path).await
    }

    fn resolve(&self, link: &str) -> Result<String, String> {
        self.0.resolve(link)
    }
}

#[tokio::test(start_paused = true)]
async fn time_ends_a_reading() {
    let mut mute = Mute(one_system(json!({})));
    let bounds = Bounds { time: Duration::from_secs(60), ..Bounds::default() };
    let error = inventory_within(&mut mute, bounds, now()).await;
    let found = error.unwrap();
    assert_eq!(
        (found.elapsed_ms, found.taken_at),
        (60_000, now().checked_add(jiff::SignedDuration::from_secs(60)).ok())
    );
    assert_eq!(faults(&found), [("/redfish/v1/Systems", "", FaultKind::NoAnswer)]);
}

#[tokio::test]
async fn nothing_but_refusals_is_an_error() {
    let mut docs = one_system(json!({}));
    docs.documents.remove("/redfish/v1/Systems");
    let error = inventory(&mut docs, now()).await.unwrap_err();
    assert_eq!(error.status(), Some(404));
    let mut empty = Docs::of([("/redfish/v1", json!({"RedfishVersion": "1.0.2"}))]);
    let found = read(&mut empty).await;
    assert_eq!(found.service.redfish_version.as_deref(), Some("1.0.2"));
}

#[tokio::test]
async fn drives_at_two_paths_are_one() {
    let mut docs = one_system(json!({"Storage": link("/st")}));
    docs.documents.extend([
        ("/redfish/v1".to_owned(), json!({"Systems": link("/redfish/v1/Systems"), "Chassis": link("/c")})),
        ("/st".to_owned(), members(&["/st/1"])),
        ("/st/1".to_owned(), json!({"Drives": link("/st/1/d")})),
        ("/st/1/d".to_owned(), members(&["/st/1/d/0"])),
        ("/st/1/d/0".to_owned(), json!({"SerialNumber": "X"})),
        ("/c".to_owned(), members(&["/c/1"])),
        (
            "/c/1".to_owned(),
            json!({"Links": {"Drives": [link("/st/1/d/0/"), link("/c/1/d/0"), link("/c/1/d/1")]}}),
        ),
        ("/c/1/d/0".to_owned(), json!({"SerialNumber": "X"})),
        ("/c/1/d/1".to_owned(), json!({"SerialNumber": "Y"})),
    ]);
    let inventory = read(&mut docs).await;
    assert_eq!(inventory.systems[0].drives.len(), 1, "a link to a collection is as good as a list");
    let rest: Vec<Option<&str>> =
        inventory.chassis[0].drives.iter().map(|drive| drive.serial.as_deref()).collect();
    assert_eq!(rest, [Some("Y")]);
}

#[tokio::test]
async fn a_serial_number_from_the_makers_extension() {
    let mut docs =
        one_system(json!({"Id": "1", "SerialNumber": "N/A", "Oem": {"Huawei": {"ProductSN": "2102"}}}));
    assert_eq!(read(&mut docs).await.systems[0].serial.as_deref(), Some("2102"));
}

#[tokio::test]
async fn drives_that_only_the_maker_knows() {
    let mut docs = one_system(
        json!({"Oem": {"Hpe": {"Links": {"SmartStorage": link("/ss")}}}, "Storage": link("/st"), "SimpleStorage": link("/never")}),
    );
    docs.documents.extend([
        ("/st".to_owned(), json!({"Members": []})),
        ("/ss".to_owned(), json!({"Links": {"ArrayControllers": link("/ss/ac")}})),
        ("/ss/ac".to_owned(), members(&["/ss/ac/0"])),
        ("/ss/ac/0".to_owned(), json!({"Links": {"PhysicalDrives": link("/ss/ac/0/d")}})),
        ("/ss/ac/0/d".to_owned(), members(&["/ss/ac/0/d/0"])),
        (
            "/ss/ac/0/d/0".to_owned(),
            json!({"Id": "0", "CapacityMiB": 1000, "InterfaceType": "SAS", "Location": "1I:1:1",
            "FirmwareVersion": {"Current": {"VersionString": "HPD1"}}, "SerialNumber": "X"}),
        ),
    ]);
    let inventory = read(&mut docs).await;
    let drive = &inventory.systems[0].drives[0];
    assert_eq!((drive.capacity_bytes, drive.protocol.as_deref()), (Some(1_048_576_000), Some("SAS")));
    assert_eq!((drive.location.as_deref(), drive.firmware.as_deref()), (Some("1I:1:1"), Some("HPD1")));
    assert!(inventory.faults.is_empty(), "{:?}", inventory.faults);
}

/// Gives the first documents, and from then on takes no connection any more.
struct Dying(Docs, usize);

impl Get for Dying {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        if self.1 == 0 {
            let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            return Err(Error::Connect {
                operation: format!("GET {path} from"),
                endpoint: nowhere().endpoint,
                source: source.into(),
            });
        }
        self.1 -= 1;
        self.0.get(path).await
    }

    fn resolve(&self, link: &str) -> Result<String, String> {
        self.0.resolve(link)
    }
}

#[tokio::test]
async fn a_controller_that_dies_ends_the_reading() {
    let mut docs = one_system(json!({"Id": "1"}));
    let paths = ["/redfish/v1/Systems/1", "/a", "/b", "/c", "/d", "/e"];
    docs.documents.insert("/redfish/v1/Systems".into(), members(&paths));
    let mut dying = Dying(docs, 3);
    let error = inventory(&mut dying, now()).await.unwrap_err();
    assert!(error.to_string().contains("/c"), "after three that failed in a row: {error}");
}
