//! What explains BIOS settings is read once over the whole fleet.

use crate::book::{TestBook, device};
use crate::fake::{Fake, Fault, REGISTRIES, credential};
use crate::{Running, config};
use model::Stage;
use model::book::Observation;
use model::inventory::{Registry, RegistryKey};
use std::sync::Arc;

/// Two devices of one kind, each with a controller of its own.
async fn two() -> (Fake, Fake, Running) {
    let (one, other) = (Fake::start().await, Fake::start().await);
    let adopted = |id: &str, fake: &Fake| {
        (device(id, fake.endpoint, fake.certificate.clone(), Stage::InService), credential())
    };
    one.add_bios();
    other.add_bios();
    let book = TestBook::with(vec![adopted("r1-u01", &one), adopted("r1-u02", &other)]);
    (one, other, Running::start(book, config()))
}

async fn explained(running: &Running) -> (RegistryKey, Arc<Registry>) {
    running
        .book
        .until("a registry", |records| {
            records.observed.iter().find_map(|it| match it {
                Observation::Explained { key, registry } => Some((key.clone(), registry.clone())),
                _ => None,
            })
        })
        .await
}

async fn both_are_read(running: &Running) {
    running
        .book
        .until("both read", |records| {
            let read = records.observed.iter().filter(|it| matches!(it, Observation::Inventoried { .. }));
            (read.count() >= 2).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_registry_is_read_once_for_all_servers_with_that_bios() {
    let (one, other, running) = two().await;
    let (key, registry) = explained(&running).await;
    assert_eq!((key.registry.as_str(), key.bios.as_str()), ("R.v1", ""));
    let setting = &registry.settings["BootMode"];
    assert_eq!((setting.title.as_deref(), setting.needs_reset), (Some("Boot Mode"), Some(true)));
    assert_eq!(setting.values, ["Uefi", "Bios"]);
    both_are_read(&running).await;
    running.stop().await;
    let file = format!("GET {REGISTRIES}/R.v1/en.json");
    assert_eq!(one.count(&file) + other.count(&file), 1);
    assert_eq!(one.open_sessions() + other.open_sessions(), 0);
}

#[tokio::test]
async fn a_registry_that_cannot_be_read_spoils_no_reading() {
    let one = Fake::start().await;
    one.add_bios();
    one.fault(&format!("GET {REGISTRIES}$"), Fault::Status(500, None));
    let adopted = device("r1-u01", one.endpoint, one.certificate.clone(), Stage::InService);
    let running = Running::start(TestBook::with(vec![(adopted, credential())]), config());
    running
        .book
        .until("a reading, and what it asked of the registries", |records| {
            let read = records.observed.iter().any(|it| matches!(it, Observation::Inventoried { .. }));
            (read && one.count(&format!("GET {REGISTRIES}")) == 1).then_some(())
        })
        .await;
    running.stop().await;
    assert_eq!(one.count(&format!("GET {REGISTRIES}/")), 0, "nobody insists");
}
