//! Readings as drivers tell them, down to the disk and back: what changed is kept once, what is the same adds nothing.

use crate::world::{World, operator};
use control::zones::Zones;
use control::{Book, Events};
use jiff::{SignedDuration, Timestamp};
use model::book::{DeviceBook, Observation};
use model::inventory::{
    Bios, Explained, Fault, FaultKind, MemoryModule, Registry, RegistryKey, Setting, System,
};
use model::snapshot::{RawDocument, Snapshot};
use model::telemetry::{Reading, Readings};
use model::traffic::{Learned, ModelKey, Traffic};
use model::{Clock, Device, DeviceId, Endpoint, Inventory};
use std::sync::Arc;
use store::{Packed, PartQuery};

fn device(number: u8, now: Timestamp) -> Device {
    let endpoint = Endpoint { addr: [10, 0, 0, number].into(), port: 443 };
    let mut device = Device::seen(DeviceId(format!("d-{number}")), endpoint, now);
    device.name = format!("server-{number}");
    device
}

fn inventory(serials: &[String], bios: &str, now: Timestamp) -> Box<Inventory> {
    let module = |(slot, serial): (usize, &String)| MemoryModule {
        path: format!("/redfish/v1/Systems/1/Memory/{slot}"),
        id: format!("A{slot}"),
        slot: Some(format!("A{slot}")),
        part_number: Some("HMAA8GR7".into()),
        serial: Some(serial.clone()),
        ..MemoryModule::default()
    };
    let system = System {
        path: "/redfish/v1/Systems/1".into(),
        id: "1".into(),
        bios_version: Some(bios.into()),
        memory: serials.iter().enumerate().map(module).collect(),
        ..System::default()
    };
    Box::new(Inventory { taken_at: Some(now), systems: vec![system], ..Inventory::default() })
}

fn snapshot(text: &str) -> Box<Snapshot> {
    let packed = Packed::new(text.as_bytes()).unwrap();
    let mut hash = [0; 32];
    hash.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    let document = RawDocument {
        path: "/redfish/v1/Systems/1".into(),
        hash,
        length: packed.length,
        packed: packed.bytes,
    };
    Box::new(Snapshot { tree: hash, documents: vec![document] })
}

struct Fleet {
    world: World,
    book: Book,
}

impl Fleet {
    /// So many devices, each read once with two modules of its own.
    async fn read(count: u8) -> Self {
        let world = World::new().await;
        for number in 0..count {
            world.store.put_device(&device(number, world.now())).await.unwrap();
        }
        let book = reopened(&world).await;
        let fleet = Self { world, book };
        for number in 0..count {
            fleet.observe(number, &own(number), "2.1", Some(snapshot(&format!("of {number}"))));
        }
        fleet.book.flush().await;
        fleet
    }

    fn observe(&self, number: u8, serials: &[String], bios: &str, snapshot: Option<Box<Snapshot>>) {
        let inventory = inventory(serials, bios, self.world.now());
        let device = DeviceId(format!("d-{number}"));
        self.book.observe(Observation::Inventoried { device, inventory, snapshot });
    }

    /// Its own book knows the devices from the start on.
    fn door(&self) -> control::Door {
        let events = Events::new(Arc::clone(&self.world.clock) as Arc<dyn Clock>);
        let access = Arc::clone(self.world.door.access());
        control::Door::new(access, self.world.log.clone(), self.book.clone(), events)
    }

    async fn versions(&self, number: u8) -> Vec<String> {
        let rows = self.world.store.versions(&DeviceId(format!("d-{number}"))).await.unwrap();
        rows.into_iter().map(|row| row.summary).collect()
    }
}

fn own(number: u8) -> Vec<String> {
    (0..2).map(|module| format!("S{number}-{module}")).collect()
}

/// The book as the next start finds it.
async fn reopened(world: &World) -> Book {
    let vault = Arc::new(vault::Vault::new(vault::Key::generate().unwrap()));
    let clock: Arc<dyn Clock> = Arc::clone(&world.clock) as _;
    let events = Events::new(Arc::clone(&clock));
    Book::open(world.store.clone(), vault, Zones::default(), events, clock).await.unwrap()
}

#[tokio::test]
async fn ten_times_the_same_is_one_version() {
    let mut fleet = Fleet::read(2).await;
    let size = || std::fs::metadata(fleet.world.store.path()).unwrap().len();
    let before = size();
    for again in 0..9 {
        fleet.world.later(SignedDuration::from_hours(1));
        fleet.observe(0, &own(0), "2.1", Some(snapshot("of 0")));
        fleet.book.flush().await;
        if again == 4 {
            // What is known outlives a restart.
            fleet.book = reopened(&fleet.world).await;
        }
    }
    assert_eq!(fleet.versions(0).await, ["first reading: 3 components"]);
    assert_eq!(std::fs::metadata(fleet.world.store.path()).unwrap().len(), before);
    let read = fleet.world.store.inventory(&DeviceId("d-0".into())).await.unwrap().unwrap();
    assert_eq!(read.taken_at, Some(fleet.world.now()), "the latest is the latest");
}

#[tokio::test]
async fn what_changed_is_a_version_and_is_found_over_the_fleet() {
    let fleet = Fleet::read(3).await;
    let monday = fleet.world.now();
    fleet.world.later(SignedDuration::from_hours(24));
    for number in [0, 1] {
        fleet.observe(number, &own(number), "2.2", Some(snapshot(&format!("new of {number}"))));
    }
    let mut swapped = own(2);
    swapped.reverse();
    fleet.observe(2, &swapped, "2.1", None);
    fleet.book.flush().await;
    assert_eq!(fleet.versions(0).await[0], "system 1: BIOS version 2.1 → 2.2");
    let door = fleet.door();
    let changes = door.changes_since(&operator(), monday).await.unwrap();
    let said: Vec<(&str, usize)> =
        changes.groups.iter().map(|group| (group.text.as_str(), group.devices.len())).collect();
    assert_eq!(said, [("system: BIOS version 2.1 → 2.2", 2), ("memory module HMAA8GR7 moved", 1)]);
    assert_eq!(changes.changed.len(), 3);
    let between = door.changes_between(&operator(), "server-2", None, None).await.unwrap();
    assert_eq!((between.from, between.to, between.changes.len()), (1, 2, 2));
    assert_eq!(between.changes[0].words(), "moved from A1 to A0");
    assert!(door.changes_between(&operator(), "server-2", Some(7), None).await.is_err());
    let first = door.changes_between(&operator(), "server-2", None, Some(1)).await.unwrap_err();
    assert!(first.to_string().contains("version 1 is the first that is kept"), "{first}");
    assert!(door.documents(&operator(), "server-2", Some(7)).await.is_err(), "there is no version 7");
    assert_eq!(door.documents(&operator(), "server-0", Some(1)).await.unwrap().len(), 1);
    let found = door
        .find_parts(
            &operator(),
            PartQuery { part_number: Some("hmaa8gr7".into()), ..PartQuery::default() },
            3,
        )
        .await
        .unwrap();
    assert_eq!((found.parts.len(), found.total, found.devices), (3, 6, 3));
    assert_eq!((found.counts[0].parts, found.counts[0].devices), (6, 3));
    let nobody = model::Actor::system("nobody");
    let sees_nothing = model::Actor { principal: model::Principal::User { name: "nobody".into() }, ..nobody };
    assert_eq!(door.find_parts(&sees_nothing, PartQuery::default(), 3).await.unwrap().total, 0);
    assert!(door.changes_since(&sees_nothing, monday).await.unwrap().groups.is_empty());
    assert!(door.history(&sees_nothing, "server-2").await.is_err());
}

#[tokio::test]
async fn a_controller_that_answers_late_removes_nothing() {
    let fleet = Fleet::read(1).await;
    let mut late = inventory(&[], "2.1", fleet.world.now());
    late.faults.push(Fault {
        path: "/redfish/v1/Systems/1/Memory".into(),
        kind: FaultKind::NoAnswer,
        ..Fault::default()
    });
    let device = DeviceId("d-0".into());
    fleet.book.observe(Observation::Inventoried { device, inventory: late, snapshot: None });
    fleet.book.flush().await;
    assert_eq!(fleet.versions(0).await.len(), 1);
    assert_eq!(fleet.world.store.parts(&PartQuery::default(), 0, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_bios_is_explained_to_whoever_looks_and_not_in_what_is_kept() {
    let fleet = Fleet::read(1).await;
    let mut inventory = inventory(&own(0), "2.1", fleet.world.now());
    let setting = Setting { name: "BootMode".into(), value: Some("Bios".into()), ..Setting::default() };
    let bios = Bios { registry: Some("R.v1".into()), settings: vec![setting], ..Bios::default() };
    inventory.systems[0].bios = Some(bios);
    let device = DeviceId("d-0".into());
    let read = Observation::Inventoried { device: device.clone(), inventory, snapshot: None };
    drop(fleet.book.observe(read));
    let explained = Explained {
        title: Some("Boot Mode".into()),
        values: vec!["Uefi".into(), "Bios".into()],
        needs_reset: Some(true),
        ..Explained::default()
    };
    let registry = Registry { settings: [("BootMode".to_owned(), explained)].into() };
    let other = RegistryKey { registry: "R.v1".into(), bios: "2.2".into() };
    drop(fleet.book.observe(Observation::Explained { key: other, registry: Arc::default() }));
    let key = RegistryKey { registry: "R.v1".into(), bios: "2.1".into() };
    drop(fleet.book.observe(Observation::Explained { key, registry: Arc::new(registry) }));
    fleet.book.flush().await;
    let kept = fleet.world.store.inventory(&device).await.unwrap().unwrap();
    assert_eq!(kept.systems[0].bios.as_ref().unwrap().settings[0].title, None);
    let door = control::Door::new(
        Arc::clone(fleet.world.door.access()),
        fleet.world.log.clone(),
        fleet.book.clone(),
        Events::new(Arc::clone(&fleet.world.clock) as Arc<dyn Clock>),
    );
    let shown = door.inventory(&operator(), "server-0").await.unwrap().unwrap();
    let setting = &shown.systems[0].bios.as_ref().unwrap().settings[0];
    assert_eq!((setting.title.as_deref(), setting.needs_reset), (Some("Boot Mode"), Some(true)));
    assert_eq!(setting.values, ["Uefi", "Bios"]);
}

#[tokio::test]
async fn the_latest_sensors_and_traffic_are_in_memory_and_what_was_learned_outlives_a_restart() {
    let fleet = Fleet::read(1).await;
    let device = DeviceId("d-0".into());
    let model = ModelKey { vendor: "Dell".into(), ..ModelKey::default() };
    let readings = Readings { taken_at: None, readings: vec![Reading::default(); 3] };
    let observe = |observation| drop(fleet.book.observe(observation));
    observe(Observation::Telemetry { device: device.clone(), readings: Box::new(readings) });
    let traffic = Traffic { model: model.clone(), limit: 3, ..Traffic::default() };
    observe(Observation::Asked { device: device.clone(), traffic: Box::new(traffic) });
    let learned = Learned { model: model.clone(), inventory_requests: 61, ..Learned::default() };
    observe(Observation::Learned(Box::new(learned.clone())));
    let stranger = DeviceId("d-9".into());
    assert_eq!(
        fleet.book.observe(Observation::Telemetry { device: stranger, readings: Box::default() }),
        None
    );
    fleet.book.flush().await;
    assert_eq!(*fleet.book.learned(&model).unwrap(), learned);
    let door = fleet.door();
    assert!(door.models(&operator()).unwrap().is_empty(), "no device is known to be of that model");
    let mut known = Device::clone(&fleet.book.named("d-0").unwrap());
    known.identity.vendor = Some("Dell".into());
    known.stage = model::Stage::InService;
    fleet.world.store.put_device(&known).await.unwrap();
    let known = Fleet { book: reopened(&fleet.world).await, world: fleet.world };
    let models = known.door().models(&operator()).unwrap();
    assert_eq!((models.len(), models[0].devices, models[0].learned.inventory_requests), (1, 1, 61));
    let fleet = known;
    assert_eq!(*reopened(&fleet.world).await.learned(&model).unwrap(), learned);
}
