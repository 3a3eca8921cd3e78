//! What a full inventory costs in requests, and that it is the same however it was asked for.

use crate::support::expanding::{Expanding, Manner};
use crate::support::server::Server;
use crate::support::{Tree, cases, now};
use bmc::client::{Document, Get};
use bmc::read::{Habits, How, Reading, reading_within};
use bmc::{Client, Error, Limits};
use model::inventory::Inventory;
use model::snapshot::RawDocument;
use model::traffic::QueryUse;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const TREES: [&str; 7] =
    ["dell", "hpe", "lenovo", "supermicro", "nvidia_gb200", "nvidia_viking", "nvidia_dpu"];

/// A client that remembers what was announced.
struct Listener {
    client: Client,
    announced: Vec<String>,
}

impl Get for Listener {
    async fn get(&mut self, path: &str) -> Result<Document, Error> {
        self.client.get(path).await
    }

    fn resolve(&self, link: &str) -> Result<String, String> {
        Get::resolve(&self.client, link)
    }

    fn soon(&mut self, paths: &[String]) {
        self.announced.extend_from_slice(paths);
    }
}

/// A reading, and what was sent and announced.
struct Read {
    reading: Reading,
    asked: Vec<String>,
    announced: Vec<String>,
}

async fn read(cases: &std::path::Path, name: &str, levels: usize, manner: Manner, habits: Habits) -> Read {
    let expanding = Expanding { tree: Tree::unpack(cases, name), levels, manner };
    let server = Server::start(None, move |asked| expanding.answer(asked)).await;
    let client = Client::new(server.plain(), Limits::default());
    let mut listener = Listener { client, announced: Vec::new() };
    let how = How { habits, keep: true, ..How::default() };
    let reading = reading_within(&mut listener, how, now()).await.unwrap();
    let asked: Vec<String> = server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked.len(), reading.inventory.requests as usize);
    let mut distinct = BTreeSet::new();
    let twice: Vec<&String> = asked.iter().filter(|path| !distinct.insert(*path)).collect();
    assert!(twice.is_empty(), "{name}, {manner:?}: asked for twice in the same words: {twice:?}");
    for path in &listener.announced {
        assert!(asked.contains(path), "{name}: {path} was announced and not asked for");
    }
    Read { reading, asked, announced: listener.announced }
}

/// What must not differ.
fn essence(inventory: &Inventory) -> Inventory {
    let mut inventory = inventory.clone();
    inventory.requests = 0;
    inventory.elapsed_ms = 0;
    inventory.taken_at = None;
    inventory.faults.sort_by(|one, other| {
        (&one.path, &one.field, &one.problem).cmp(&(&other.path, &other.field, &other.problem))
    });
    inventory
}

fn same(name: &str, what: &str, plain: &Read, other: &Read) {
    let (one, two) = (essence(&plain.reading.inventory), essence(&other.reading.inventory));
    assert_eq!(
        serde_json::to_value(&one.faults).unwrap(),
        serde_json::to_value(&two.faults).unwrap(),
        "{name}, {what}"
    );
    let differ = differences(&serde_json::to_value(&one).unwrap(), &serde_json::to_value(&two).unwrap(), "");
    assert!(differ.is_empty(), "{name}, {what}: another inventory: {differ:#?}");
    if what.starts_with("Pages") {
        // These are documents of their own.
        return;
    }
    let (one, two) = (documents(plain), documents(other));
    let differ: Vec<&String> = one
        .iter()
        .filter(|(path, document)| two.get(*path) != Some(document))
        .map(|(path, _)| path)
        .chain(two.keys().filter(|path| !one.contains_key(*path)))
        .collect();
    // The root says what it offers.
    assert!(differ.iter().all(|path| path.as_str() == "/redfish/v1"), "{name}, {what}: {differ:?}");
}

fn differences(one: &Value, two: &Value, at: &str) -> Vec<String> {
    let children = |value: &Value| -> BTreeMap<String, Value> {
        match value {
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
            }
            Value::Array(items) => {
                items.iter().enumerate().map(|(at, value)| (at.to_string(), value.clone())).collect()
            }
            _ => BTreeMap::new(),
        }
    };
    let (ones, twos) = (children(one), children(two));
    // A link and what it leads to may differ in the slash at their end.
    let text = |value: &Value| value.as_str().map(|text| text.trim_end_matches('/').to_owned());
    if one == two || text(one).is_some() && text(one) == text(two) {
        return Vec::new();
    }
    if ones.is_empty() || twos.is_empty() {
        return vec![format!("{at}: {one} or {two}")];
    }
    let names: BTreeSet<&String> = ones.keys().chain(twos.keys()).collect();
    let null = Value::Null;
    let of = |name: &&String| {
        differences(
            ones.get(*name).unwrap_or(&null),
            twos.get(*name).unwrap_or(&null),
            &format!("{at}/{name}"),
        )
    };
    names.iter().flat_map(of).collect()
}

/// The kept documents by path, less makers' extensions: what is put into these cannot be told from what
/// stands in them anyway.
fn documents(read: &Read) -> BTreeMap<String, Value> {
    let snapshot = read.reading.snapshot.as_ref().unwrap();
    let unpack = |document: &RawDocument| {
        let bytes = zstd::bulk::decompress(&document.packed, document.length as usize).unwrap();
        let mut value = serde_json::from_slice(&bytes).unwrap();
        without_extensions(&mut value);
        (document.path.clone(), value)
    };
    snapshot.documents.iter().map(unpack).collect()
}

fn without_extensions(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_extensions),
        Value::Object(fields) => {
            fields.remove("Oem");
            fields.values_mut().for_each(without_extensions);
        }
        _ => {}
    }
}

#[tokio::test]
async fn requests_for_a_full_inventory() {
    let Some(cases) = cases("economy") else { return };
    println!(
        "{:<14} {:>6} {:>8} {:>8} {:>8} {:>9}",
        "tree", "plain", "1 level", "2 levels", "6 levels", "announced"
    );
    for name in TREES {
        let plain = read(&cases, name, 0, Manner::Well, Habits::default()).await;
        assert_eq!(plain.reading.habits.expand, QueryUse::Absent);
        let mut counts = Vec::new();
        for levels in [1, 2, 6] {
            let expanded = read(&cases, name, levels, Manner::Well, Habits::default()).await;
            same(name, &format!("{levels} levels"), &plain, &expanded);
            assert_eq!(expanded.reading.habits.expand, QueryUse::Works);
            if std::env::var_os("SHOW").is_some() {
                expanded.asked.iter().for_each(|path| println!("  {levels} {path}"));
            }
            counts.push(expanded.asked.len());
        }
        println!(
            "{name:<14} {:>6} {:>8} {:>8} {:>8} {:>9}",
            plain.asked.len(),
            counts[0],
            counts[1],
            counts[2],
            plain.announced.len()
        );
        if TREES[..4].contains(&name) {
            assert!(counts.iter().all(|count| *count <= 70), "{name}: {counts:?}");
        }
    }
}

#[tokio::test]
async fn whatever_a_controller_makes_of_it_nothing_is_lost() {
    let Some(cases) = cases("manners") else { return };
    println!("{:<14} {:<14} {:>6} {:>6} {:>6}", "tree", "manner", "plain", "first", "next");
    for name in ["dell", "hpe", "lenovo", "supermicro"] {
        let plain = read(&cases, name, 0, Manner::Well, Habits::default()).await;
        for (manner, levels, expand) in [
            (Manner::Ignores, 2, QueryUse::Ignored),
            (Manner::Refuses(400), 2, QueryUse::Refused),
            (Manner::Refuses(500), 1, QueryUse::Refused),
            (Manner::EverySecond, 2, QueryUse::Works),
            (Manner::Halves, 1, QueryUse::Refused),
            (Manner::Halves, 2, QueryUse::Refused),
            (Manner::Hints, 2, QueryUse::Ignored),
            (Manner::Cuts(10), 2, QueryUse::Works),
            (Manner::Pages(3), 2, QueryUse::Works),
            (Manner::OneLevel, 6, QueryUse::Works),
        ] {
            let what = format!("{manner:?} of {levels}");
            let first = read(&cases, name, levels, manner, Habits::default()).await;
            same(name, &what, &plain, &first);
            let habits = first.reading.habits.clone();
            assert_eq!(habits.expand, expand, "{name}, {what}");
            let next = read(&cases, name, levels, manner, habits.clone()).await;
            same(name, &what, &plain, &next);
            println!(
                "{name:<14} {what:<14} {:>6} {:>6} {:>6}",
                plain.asked.len(),
                first.asked.len(),
                next.asked.len()
            );
            assert!(
                next.asked.len() <= first.asked.len(),
                "{name}, {what}: the next reading begins with what was learned"
            );
            // In vain at most a few times.
            assert!(first.asked.len() <= plain.asked.len() + 4, "{name}, {what}");
        }
    }
}
