//! How much disk ten unchanged readings of many devices take, how long writing takes, and how quickly a part is
//! found among them. A seeded slice; `PORTCULLIS_HISTORY_BMCS` says how many devices instead, and where
//! `PORTCULLIS_FIGURES` names a folder the figures are left there.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in tests, also in their helpers, this is how they fail"
)]

use control::zones::Zones;
use control::{Book, Events};
use model::book::{DeviceBook as _, Observation};
use model::clock::ManualClock;
use model::inventory::{Drive, Firmware, MemoryModule, Nic, Processor, System};
use model::snapshot::{RawDocument, Snapshot};
use model::{Clock, Device, DeviceId, Endpoint, Inventory, SystemClock};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Packed, PartQuery};

/// Real machines' trees.
const TREES: [&str; 4] = ["dell", "hpe", "lenovo", "supermicro"];
/// Fields in which no two machines are alike.
const OWN: [&str; 9] = [
    "SerialNumber",
    "UUID",
    "MACAddress",
    "PermanentMACAddress",
    "HostName",
    "AssetTag",
    "SKU",
    "ChassisServiceTag",
    "NodeID",
];
const ROUNDS: usize = 10;

/// The documents of a full reading with members put in, by path.
type Tree = BTreeMap<String, Vec<Value>>;

/// Unpacks a captured tree; none where the data is absent.
fn captured(make: &str, into: &Path) -> Option<Tree> {
    let shared = std::env::var_os("PORTCULLIS_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let file = shared.join(format!("cases/redfish-{make}.tar.gz"));
    if !file.exists() {
        return None;
    }
    let done = std::process::Command::new("tar").arg("xzf").arg(&file).arg("-C").arg(into).status().unwrap();
    assert!(done.success());
    let mut tree = Tree::new();
    let mut folders = vec![into.join(make)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("index.json") && is_read(&path) {
                let parent = folder.parent().unwrap().strip_prefix(into.join(make)).unwrap();
                let parsed = serde_json::from_slice(&std::fs::read(&path).unwrap());
                // Some documents were no JSON when they were captured.
                if let Ok(document) = parsed {
                    tree.entry(format!("/{}", parent.display())).or_default().push(document);
                }
            }
        }
    }
    Some(tree)
}

/// Whether a full reading asks for it.
fn is_read(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let top =
        ["/Systems/", "/Chassis/", "/Managers/", "/UpdateService/"].iter().any(|top| text.contains(top));
    let left_out = ["Log", "Jobs", "Sensors", "Metric", "Oem"].iter().any(|part| text.contains(part));
    top && !left_out
}

/// The documents as another machine of the same make would give them.
fn documents(tree: &Tree, number: usize) -> Snapshot {
    let mut all = Vec::new();
    let mut hashes = Vec::new();
    for (path, members) in tree {
        let mut members = members.clone();
        members.iter_mut().for_each(|member| personal(member, number));
        let bytes = serde_json::to_vec(&members).unwrap();
        let hash = sha256(&bytes);
        let packed = Packed::new(&bytes).unwrap();
        hashes.extend_from_slice(path.as_bytes());
        hashes.extend_from_slice(&hash);
        all.push(RawDocument { path: path.clone(), hash, length: packed.length, packed: packed.bytes });
    }
    Snapshot { tree: sha256(&hashes), documents: all }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

fn personal(value: &mut Value, number: usize) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(text) if OWN.contains(&key.as_str()) && !text.is_empty() => {
                        let seed = sha256(format!("{number} {text}").as_bytes());
                        *text = seed
                            .iter()
                            .take(text.len().div_ceil(2))
                            .map(|byte| format!("{byte:02X}"))
                            .collect();
                    }
                    other => personal(other, number),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|one| personal(one, number)),
        _ => {}
    }
}

/// Sixty parts.
fn inventory(number: usize, clock: &dyn Clock) -> Box<Inventory> {
    let at = |kind: &str, part: usize| format!("/redfish/v1/Systems/1/{kind}/{part}");
    let serial = |kind: &str, part: usize| Some(format!("{kind}{number:05}{part:02}"));
    let modules = (0..24).map(|part| MemoryModule {
        path: at("Memory", part),
        slot: Some(format!("A{part}")),
        manufacturer: Some("Hynix".into()),
        part_number: Some(format!("HMAA8GR7AJR{}N-XN", number % 7)),
        serial: serial("M", part),
        capacity_mib: Some(65_536),
        ..MemoryModule::default()
    });
    let drives = (0..8).map(|part| Drive {
        path: at("Storage/Drives", part),
        model: Some(format!("Ent NVMe CM{}", number % 5)),
        serial: serial("D", part),
        firmware: Some("2.1.8".into()),
        ..Drive::default()
    });
    let nics = (0..4).map(|part| Nic {
        path: at("EthernetInterfaces", part),
        mac: Some(format!("02:00:{part:02x}:{:02x}:{:02x}:01", number >> 8, number & 255)),
        ..Nic::default()
    });
    let processors = (0..2).map(|part| Processor {
        path: at("Processors", part),
        model: Some("Xeon Gold 6338".into()),
        ..Processor::default()
    });
    let firmware = (0..22).map(|part| Firmware {
        path: format!("/redfish/v1/UpdateService/FirmwareInventory/{part}"),
        name: Some(format!("Part {part}")),
        version: Some(format!("{}.{part}", number % 3)),
        ..Firmware::default()
    });
    let system = System {
        path: "/redfish/v1/Systems/1".into(),
        serial: serial("S", 0),
        memory: modules.collect(),
        drives: drives.collect(),
        nics: nics.collect(),
        processors: processors.collect(),
        ..System::default()
    };
    let taken_at = Some(clock.now());
    Box::new(Inventory {
        taken_at,
        systems: vec![system],
        firmware: firmware.collect(),
        ..Inventory::default()
    })
}

struct Site {
    folder: tempfile::TempDir,
    store: store::Store,
    clock: Arc<ManualClock>,
    book: Book,
    /// Made once; the documents are kept where there is memory for them.
    made: std::cell::RefCell<BTreeMap<usize, Snapshot>>,
}

/// So many devices' documents are kept in memory: 150 kB each.
const MADE_ONCE: usize = 500;

impl Site {
    async fn with(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store::Store::open(folder.path().join("p.db").to_str().unwrap()).unwrap();
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let device = |number: usize| {
            let addr = std::net::Ipv4Addr::from(0x0a00_0000 + u32::try_from(number).unwrap());
            let mut device = Device::seen(id(number), Endpoint { addr: addr.into(), port: 443 }, clock.now());
            device.name = format!("server-{number}");
            device
        };
        store.put_devices((0..count).map(device).collect()).await.unwrap();
        let vault = Arc::new(vault::Vault::new(vault::Key::generate().unwrap()));
        let time: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let events = Events::new(Arc::clone(&time));
        let book = Book::open(store.clone(), vault, Zones::default(), events, time).await.unwrap();
        Self { folder, store, clock, book, made: Default::default() }
    }

    fn snapshot(&self, trees: &[Tree], number: usize) -> Box<Snapshot> {
        let mut made = self.made.borrow_mut();
        if let Some(known) = made.get(&number) {
            return Box::new(known.clone());
        }
        let snapshot = documents(&trees[number % trees.len()], number);
        // Of a tree that is known the documents are let go unseen; to make them again would only take time.
        let documents = if number < MADE_ONCE { snapshot.documents.clone() } else { Vec::new() };
        made.insert(number, Snapshot { tree: snapshot.tree, documents });
        Box::new(snapshot)
    }

    /// What lies on the disk, in bytes.
    fn size(&self) -> u64 {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    }

    /// One reading of every device; comes back with how long taking it in and writing it down took.
    async fn read(&self, trees: &[Tree], count: usize) -> Duration {
        self.clock.set(self.clock.now() + jiff::SignedDuration::from_hours(6));
        let mut took = Duration::ZERO;
        for first in (0..count).step_by(100) {
            let readings: Vec<_> = (first..count.min(first + 100))
                .map(|number| {
                    let snapshot = self.snapshot(trees, number);
                    (number, inventory(number, &*self.clock), snapshot)
                })
                .collect();
            let began = Instant::now();
            for (number, inventory, snapshot) in readings {
                let device = id(number);
                self.book.observe(Observation::Inventoried { device, inventory, snapshot: Some(snapshot) });
            }
            self.book.flush().await;
            took += began.elapsed();
        }
        took
    }
}

fn id(number: usize) -> DeviceId {
    DeviceId(format!("d-{number:05}"))
}

#[tokio::test]
async fn ten_unchanged_readings_take_no_more_disk_than_one() {
    let scratch = tempfile::tempdir().unwrap();
    let trees: Vec<Tree> = TREES.iter().filter_map(|make| captured(make, scratch.path())).collect();
    if trees.is_empty() {
        println!("SKIPPED ten_unchanged_readings_take_no_more_disk_than_one: ../shared/cases is absent");
        return;
    }
    let count =
        std::env::var("PORTCULLIS_HISTORY_BMCS").ok().and_then(|text| text.parse().ok()).unwrap_or(48);
    let site = Site::with(count).await;
    let empty = site.size();
    let mut sizes = Vec::new();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(site.read(&trees, count).await);
        sizes.push(site.size());
    }
    let each = (sizes[0] - empty) / count as u64;
    assert!(each < 2_000_000_000 / 5_000, "{each} bytes for each device");
    assert_eq!(sizes[8], sizes[9], "the last reading adds nothing: {sizes:?}");
    assert!(sizes[9] < sizes[0] + 8_000_000, "{sizes:?}");
    for number in [0, count - 1] {
        assert_eq!(site.store.versions(&id(number)).await.unwrap().len(), 1);
        assert!(!site.store.documents(&id(number), None).await.unwrap().is_empty());
    }
    let text = figures(&site, count, &sizes, &times).await;
    println!("{text}");
    if let Some(folder) = std::env::var_os("PORTCULLIS_FIGURES") {
        std::fs::write(Path::new(&folder).join("history.md"), text).unwrap();
    }
}

async fn figures(site: &Site, count: usize, sizes: &[u64], times: &[Duration]) -> String {
    let mb = |bytes: u64| bytes / 1_000_000;
    let mut text = format!(
        "| {count} BMCs, an unchanged inventory taken {ROUNDS} times | |\n|---|---|\n\
         | on disk after the first reading | {} MB |\n| after the ninth | {} MB |\n| after the tenth | {} MB |\n\
         | taking in and writing down the first reading | {:.1} s, {:.0} inventories/s |\n\
         | the tenth | {:.1} s |\n",
        mb(sizes[0]),
        mb(sizes[8]),
        mb(sizes[9]),
        times[0].as_secs_f64(),
        count as f64 / times[0].as_secs_f64(),
        times[9].as_secs_f64(),
    );
    let some = |text: &str| Some(text.to_owned());
    let asked = [
        ("part number", PartQuery { part_number: some("HMAA8GR7AJR3N-XN"), ..PartQuery::default() }),
        ("serial number", PartQuery { serial: some("D0004703"), ..PartQuery::default() }),
        ("beginning of a serial number", PartQuery { serial: some("D00047*"), ..PartQuery::default() }),
        ("MAC address", PartQuery { mac: some("02:00:01:00:2f:01"), ..PartQuery::default() }),
        ("a piece of a serial number", PartQuery { text: some("0004703"), ..PartQuery::default() }),
        ("a piece of text that is nowhere", PartQuery { text: some("nowhere"), ..PartQuery::default() }),
    ];
    for (what, query) in asked {
        let began = Instant::now();
        let found = site.store.parts(&query, 0, 500).await.unwrap().len();
        let took = began.elapsed();
        let _ = writeln!(text, "| search by {what} | {:.1} ms, {found} rows |", took.as_secs_f64() * 1000.0);
    }
    text
}
