//! What is kept of readings: nothing where nothing changed, and nothing that nobody refers to.

use crate::sample::{at, device, store};
use model::components::Component;
use model::traffic::{Learned, ModelKey};
use model::{DeviceId, Inventory};
use store::{Bundle, Documents, Kept, NewVersion, Packed, PartQuery, Reading, Store};

fn id(number: u8) -> DeviceId {
    DeviceId(format!("d-{number}"))
}

async fn furnished(devices: u8) -> (tempfile::TempDir, Store) {
    let (folder, store) = store();
    for number in 0..devices {
        let device = model::Device { id: id(number), ..device(u32::from(number)) };
        store.put_device(&device).await.unwrap();
    }
    (folder, store)
}

fn module(slot: &str, part_number: &str, serial: &str) -> Component {
    let fields = [
        ("slot", slot),
        ("part_number", part_number),
        ("serial", serial),
        ("manufacturer", "Hynix"),
        ("mac", "AA:BB:CC:00:00:01"),
    ];
    Component {
        kind: "memory module".into(),
        path: format!("/redfish/v1/Systems/1/Memory/{slot}"),
        name: slot.into(),
        fields: fields.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
    }
}

fn version(components: &[Component], seed: u8) -> NewVersion {
    NewVersion {
        hash: [seed; 32],
        components: components.to_vec(),
        packed: Packed::json(&components).unwrap(),
        changes: 1,
        summary: format!("change {seed}"),
    }
}

fn bundle(name: &str, seed: u8) -> Bundle {
    Bundle { name: name.into(), hash: [seed; 32], packed: Some(Packed::new(&[seed; 1000]).unwrap()) }
}

fn reading(number: u8, second: i64, version: Option<NewVersion>, documents: Documents) -> Reading {
    let inventory = Inventory { taken_at: Some(at(second)), ..Inventory::default() };
    Reading {
        device: id(number),
        taken_at: at(second),
        latest: Packed::json(&inventory).unwrap(),
        version,
        documents,
    }
}

fn new(tree: u8, bundles: Vec<Bundle>) -> Documents {
    Documents::New { tree: [tree; 32], bundles }
}

#[tokio::test]
async fn a_version_is_kept_with_its_documents_and_old_ones_are_forgotten() {
    let (_folder, store) = furnished(1).await;
    for seed in 1..=5 {
        let one = version(&[module("A1", "P", &format!("S{seed}"))], seed);
        let documents = new(seed, vec![bundle("Systems", seed), bundle("Registries", 99)]);
        let kept =
            store.keep_readings(vec![reading(0, i64::from(seed), Some(one), documents)], 3).await.unwrap();
        assert_eq!(kept, Kept::default());
    }
    let versions = store.versions(&id(0)).await.unwrap();
    assert_eq!(versions.iter().map(|row| row.number).collect::<Vec<_>>(), [5, 4, 3]);
    assert_eq!(versions[0].summary, "change 5");
    let (number, parts) = store.version(&id(0), None).await.unwrap().unwrap();
    assert_eq!((number, parts[0].serial().as_deref()), (5, Some("S5")));
    assert_eq!(store.version(&id(0), Some(4)).await.unwrap().unwrap().1[0].field("serial"), Some("S4"));
    assert_eq!(store.version(&id(0), Some(1)).await.unwrap(), None);
    let documents = store.documents(&id(0), Some(4)).await.unwrap();
    assert_eq!(documents.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Registries", "Systems"]);
    assert_eq!(documents[1].packed.open().unwrap(), [4; 1000]);
    // Of the first two nothing is left; the shared bundle is.
    let known = store.known_bundles((1..=5).chain([99]).map(|seed| [seed; 32]).collect()).await.unwrap();
    assert_eq!(known.into_iter().map(|hash| hash[0]).collect::<Vec<_>>(), [3, 4, 5, 99]);
    let known = store.known_readings().await.unwrap();
    assert_eq!((known[0].version, known[0].tree), (Some([5; 32]), Some([5; 32])));
}

#[tokio::test]
async fn documents_that_only_the_latest_reading_had_go_with_the_next() {
    let (_folder, store) = furnished(1).await;
    let first = reading(0, 1, Some(version(&[], 1)), new(1, vec![bundle("Systems", 1)]));
    store.keep_readings(vec![first], 3).await.unwrap();
    for seed in 2..=4 {
        let next = reading(0, i64::from(seed), None, new(seed, vec![bundle("Systems", seed)]));
        store.keep_readings(vec![next], 3).await.unwrap();
    }
    let known = store.known_bundles((1..=4).map(|seed| [seed; 32]).collect()).await.unwrap();
    assert_eq!(
        known.into_iter().map(|hash| hash[0]).collect::<Vec<_>>(),
        [1, 4],
        "the version's and the latest"
    );
    assert_eq!(store.inventory(&id(0)).await.unwrap().unwrap().taken_at, Some(at(4)));
    assert_eq!(store.documents(&id(0), None).await.unwrap()[0].packed.open().unwrap(), [4; 1000]);
}

#[tokio::test]
async fn a_bundle_that_is_not_there_and_not_given_loses_the_documents_alone() {
    let (_folder, store) = furnished(1).await;
    let missing = Bundle { packed: None, ..bundle("Systems", 7) };
    let one = reading(0, 1, Some(version(&[], 1)), new(1, vec![missing]));
    let stranger = reading(9, 1, None, Documents::None);
    let kept = store.keep_readings(vec![one, stranger], 3).await.unwrap();
    assert_eq!(kept, Kept { gone: vec![id(9)], without_documents: vec![id(0)] });
    assert!(store.inventory(&id(0)).await.unwrap().is_some());
    assert!(store.documents(&id(0), None).await.unwrap().is_empty());
}

#[tokio::test]
async fn with_its_device_everything_goes() {
    let (_folder, store) = furnished(2).await;
    for number in 0..2 {
        let own = 10 + number;
        let documents = new(own, vec![bundle("Systems", own), bundle("Registries", 99)]);
        let one = reading(number, 1, Some(version(&[module("A1", "P", "S")], own)), documents);
        store.keep_readings(vec![one], 3).await.unwrap();
    }
    assert!(store.delete_device(&id(0)).await.unwrap());
    let known = store.known_bundles(vec![[10; 32], [11; 32], [99; 32]]).await.unwrap();
    assert_eq!(known.into_iter().map(|hash| hash[0]).collect::<Vec<_>>(), [11, 99]);
    let left = store.parts(&PartQuery::default(), 0, 10).await.unwrap();
    assert_eq!(left.iter().map(|row| row.device.as_str()).collect::<Vec<_>>(), ["d-1"]);
    assert!(store.versions(&id(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_changed_since_a_moment_is_found_page_by_page() {
    let (_folder, store) = furnished(3).await;
    for number in 0..3 {
        let first = reading(number, 1, Some(version(&[], number)), Documents::None);
        store.keep_readings(vec![first], 3).await.unwrap();
    }
    for number in [0, 2] {
        let next = version(&[module("A1", "P", "S")], 10 + number);
        store.keep_readings(vec![reading(number, 20, Some(next), Documents::None)], 3).await.unwrap();
    }
    let changed = store.changed_since(at(10), "", 10).await.unwrap();
    assert_eq!(changed.iter().map(|one| one.device.0.as_str()).collect::<Vec<_>>(), ["d-0", "d-2"]);
    assert_eq!(changed[0].before.as_ref().unwrap().value::<Vec<Component>>().unwrap(), []);
    assert_eq!(changed[0].after.value::<Vec<Component>>().unwrap().len(), 1);
    assert_eq!(store.changed_since(at(10), "d-0", 10).await.unwrap().len(), 1);
    let all = store.changed_since(at(0), "", 10).await.unwrap();
    assert!(all.iter().all(|one| one.is_first));
    assert!(
        all[0].before.is_some() && all[1].before.is_none(),
        "what changed after the first reading is told"
    );
    assert!(store.changed_since(at(30), "", 10).await.unwrap().is_empty());
    assert_eq!(store.oldest_version().await.unwrap(), Some(at(1)));
}

#[tokio::test]
async fn parts_are_found_by_what_is_known_of_them() {
    let (_folder, store) = furnished(2).await;
    for (number, serial) in [(0, "5A6B0001"), (1, "5A6B0002")] {
        let parts = [module("A1", "HMAA8GR7AJR4N-XN", serial), module("A2", "M393_A%", "other")];
        let one = reading(number, 1, Some(version(&parts, number)), Documents::None);
        store.keep_readings(vec![one], 3).await.unwrap();
    }
    let find = async |query: PartQuery| -> Vec<String> {
        let rows = store.parts(&query, 0, 100).await.unwrap();
        rows.into_iter().map(|row| format!("{} {}", row.device, row.name)).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let both = ["d-0 A1", "d-1 A1"];
    assert_eq!(find(PartQuery { part_number: text("hmaa8gr7ajr4n-xn"), ..PartQuery::default() }).await, both);
    assert_eq!(find(PartQuery { part_number: text("HMAA8*"), ..PartQuery::default() }).await, both);
    assert!(find(PartQuery { part_number: text("HMAA8"), ..PartQuery::default() }).await.is_empty());
    assert_eq!(find(PartQuery { text: text("8gr7aj"), ..PartQuery::default() }).await, both);
    assert_eq!(find(PartQuery { serial: text("5a6b0002"), ..PartQuery::default() }).await, ["d-1 A1"]);
    assert_eq!(find(PartQuery { mac: text("aa:bb:cc:00:00:01"), ..PartQuery::default() }).await.len(), 4);
    assert_eq!(
        find(PartQuery { mac: text("aa:bb:*"), serial: text("5A*"), ..PartQuery::default() }).await,
        both
    );
    // What a pattern would be is text.
    assert_eq!(find(PartQuery { text: text("3_a%"), ..PartQuery::default() }).await, ["d-0 A2", "d-1 A2"]);
    assert!(find(PartQuery { text: text("x_aa%"), ..PartQuery::default() }).await.is_empty());
    let device = PartQuery { device: text("d-1"), kind: text("memory module"), ..PartQuery::default() };
    assert_eq!(find(device).await, ["d-1 A1", "d-1 A2"]);
    assert_eq!(store.part_kinds().await.unwrap(), ["memory module"]);
    // The next page begins after the last row.
    let all = store.parts(&PartQuery::default(), 0, 3).await.unwrap();
    assert_eq!(store.parts(&PartQuery::default(), all[2].number, 3).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_learned_of_a_model_is_kept_once() {
    let (_folder, store) = furnished(0).await;
    let model = ModelKey { vendor: "Dell".into(), ..ModelKey::default() };
    for inventory_requests in [61, 62] {
        let learned = Learned { model: model.clone(), inventory_requests, ..Learned::default() };
        store.put_learned(vec![learned]).await.unwrap();
    }
    let all = store.learned().await.unwrap();
    assert_eq!((all.len(), all[0].inventory_requests), (1, 62));
}
