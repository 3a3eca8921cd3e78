//! What the captured trees have of every kind beside the parts of a server, and what it costs to ask.

use crate::support::{Expanding, Tree, cases, now};
use bmc::client::Get as _;
use bmc::read::registry::registry;
use bmc::read::{TelemetryPlan, inventory, telemetry};
use model::inventory::Inventory;
use model::telemetry::{Quantity, Readings};

struct Read {
    inventory: Inventory,
    readings: Readings,
    /// Requests of a full reading, and of one of all sensors.
    requests: [usize; 2],
}

/// Reads a tree behind a service that puts the members into every collection.
async fn read(test: &str, name: &str) -> Option<Read> {
    let cases = cases(test)?;
    let mut source = Expanding::of(Tree::unpack(&cases, name));
    let inventory = inventory(&mut source, now()).await.unwrap();
    let full = source.asked.len();
    source.asked.clear();
    let readings = telemetry(&mut source, &TelemetryPlan::of(&inventory), now()).await.unwrap();
    assert_eq!(readings.taken_at, Some(now()));
    let keys = readings.readings.iter().map(|it| (it.quantity, it.place.clone(), it.name.clone()));
    let all = readings.readings.len();
    assert_eq!(
        keys.collect::<std::collections::BTreeSet<_>>().len(),
        all,
        "each sensor is told from the others"
    );
    Some(Read { inventory, readings, requests: [full, source.asked.len()] })
}

const KINDS: [&str; 15] = [
    "volumes",
    "ports",
    "functions",
    "pcie",
    "pcie-functions",
    "fans",
    "sensors",
    "protocols",
    "accounts",
    "licenses",
    "certificates",
    "logs",
    "settings",
    "boot-options",
    "parts",
];

fn counts(inventory: &Inventory) -> [usize; 15] {
    let systems = || inventory.systems.iter();
    let chassis = || inventory.chassis.iter();
    let managers = || inventory.managers.iter();
    let adapters = || chassis().flat_map(|it| &it.adapters);
    let pcie = || systems().flat_map(|it| &it.pcie_devices).chain(chassis().flat_map(|it| &it.pcie_devices));
    [
        systems().map(|it| it.volumes.len()).sum(),
        adapters().map(|it| it.ports.len()).sum(),
        adapters().map(|it| it.functions.len()).sum(),
        pcie().count(),
        pcie().map(|it| it.functions.len()).sum(),
        chassis().map(|it| it.fans.len()).sum(),
        chassis().map(|it| it.sensors.len()).sum(),
        managers().map(|it| it.protocols.len()).sum(),
        inventory.accounts.len(),
        inventory.licenses.len(),
        managers().map(|it| it.certificates.len()).sum(),
        systems().map(|it| it.logs.len()).sum::<usize>() + managers().map(|it| it.logs.len()).sum::<usize>(),
        systems().filter_map(|it| it.bios.as_ref()).map(|it| it.settings.len()).sum(),
        systems().map(|it| it.boot_options.len()).sum(),
        chassis().map(|it| it.parts.len()).sum(),
    ]
}

fn check(name: &str, read: &Read, expected: [usize; 15], [full, sensors, silent]: [usize; 3]) {
    let found = counts(&read.inventory);
    let all = read.readings.readings.len();
    let without = read.readings.readings.iter().filter(|it| it.value.is_none()).count();
    println!(
        "{name} {:?}, readings {all}, without a value {without}, requests {:?}",
        KINDS.iter().zip(found).collect::<Vec<_>>(),
        read.requests
    );
    assert_eq!(found, expected, "{name}: {KINDS:?}");
    assert_eq!([all, without], [sensors, silent], "{name}: readings, and those without a value");
    assert!(read.requests[0] <= full, "{name}: {} requests", read.requests[0]);
    let strange = read
        .readings
        .readings
        .iter()
        .find(|it| it.name.is_empty() || it.unit.is_empty() && it.quantity != Quantity::Other);
    assert!(strange.is_none(), "{strange:?}");
}

#[tokio::test]
async fn dell() {
    let Some(read) = read("kinds of dell", "dell").await else { return };
    check("dell", &read, [3, 7, 7, 13, 0, 6, 5, 12, 3, 1, 1, 3, 455, 5, 26], [70, 63, 41]);
}

#[tokio::test]
async fn hpe() {
    let Some(read) = read("kinds of hpe", "hpe").await else { return };
    check("hpe", &read, [1, 4, 3, 6, 6, 6, 53, 8, 2, 1, 1, 4, 277, 30, 15], [70, 56, 0]);
}

#[tokio::test]
async fn lenovo() {
    let Some(read) = read("kinds of lenovo", "lenovo").await else { return };
    check("lenovo", &read, [0, 4, 4, 16, 4, 10, 21, 15, 1, 2, 1, 7, 348, 2, 0], [70, 41, 6]);
}

#[tokio::test]
async fn supermicro() {
    let Some(read) = read("kinds of supermicro", "supermicro").await else { return };
    check("supermicro", &read, [0, 11, 11, 26, 8, 6, 38, 9, 2, 1, 1, 2, 379, 12, 0], [70, 63, 2]);
}

#[tokio::test]
async fn nvidia_gb200() {
    let Some(read) = read("kinds of nvidia_gb200", "nvidia_gb200").await else { return };
    check("nvidia_gb200", &read, [0, 1, 0, 0, 0, 0, 236, 8, 4, 0, 1, 16, 403, 16, 34], [260, 231, 4]);
}

#[tokio::test]
async fn nvidia_viking() {
    let Some(read) = read("kinds of nvidia_viking", "nvidia_viking").await else { return };
    check("nvidia_viking", &read, [0, 14, 14, 147, 24, 36, 359, 10, 3, 0, 1, 11, 223, 21, 19], [370, 387, 1]);
}

#[tokio::test]
async fn nvidia_dpu() {
    let Some(read) = read("kinds of nvidia_dpu", "nvidia_dpu").await else { return };
    check("nvidia_dpu", &read, [0, 6, 6, 0, 0, 0, 4, 5, 3, 0, 1, 2, 28, 31, 4], [60, 21, 3]);
}

/// Trees with a registry: how many settings are explained by a title, a menu or a default, of all.
#[tokio::test]
async fn settings_are_explained_by_the_registry_where_there_is_one() {
    let Some(cases) = cases("registries") else { return };
    for (name, least) in
        [("dell", 400), ("hpe", 250), ("supermicro", 300), ("nvidia_viking", 150), ("nvidia_gb200", 300)]
    {
        let mut source = Expanding::of(Tree::unpack(&cases, name));
        let mut read = inventory(&mut source, now()).await.unwrap();
        source.asked.clear();
        let bios = read.systems.iter_mut().find_map(|it| it.bios.as_mut()).unwrap();
        let Some(found) = registry(&mut source, bios).await.unwrap() else {
            assert_eq!(
                (name, &bios.registry),
                ("nvidia_gb200", &None),
                "only this one does not name its registry"
            );
            continue;
        };
        assert_eq!(source.asked.len(), 4, "{name}: {:?}", source.asked);
        found.explain(bios);
        let explained = bios.settings.iter().filter(|it| it.title.is_some() || it.default.is_some()).count();
        println!(
            "{name}: {explained} of {} settings explained, {} in the registry",
            bios.settings.len(),
            found.settings.len()
        );
        assert!(explained >= least, "{name}: {explained} of {}", bios.settings.len());
    }
}

/// What polling does: one request for each server, and nothing else is needed for its power and health.
#[tokio::test]
async fn the_state_takes_at_most_three_requests() {
    let Some(cases) = cases("state") else { return };
    for name in ["dell", "hpe", "lenovo", "supermicro", "nvidia_gb200", "nvidia_viking", "nvidia_dpu"] {
        let mut source = Expanding::of(Tree::unpack(&cases, name));
        let read = inventory(&mut source, now()).await.unwrap();
        source.asked.clear();
        for system in &read.systems {
            let document = source.get(&system.path).await.unwrap();
            let (again, _) = bmc::read::system::parse(&document.path, &document.value);
            assert_eq!((again.power, again.health), (system.power, system.health), "{name}");
        }
        assert!((1..=3).contains(&source.asked.len()), "{name}: {:?}", source.asked);
    }
}
