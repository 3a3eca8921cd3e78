//! Captured documents with anything in them replaced by anything: a reading goes on, and loses no more than it must.

use crate::support::{Docs, Tree, cases, now};
use bmc::client::parse_document;
use bmc::read::inventory;
use model::inventory::Fault;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::OnceLock;

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        ".{0,40}".prop_map(Value::from),
        Just(json!("N/A")),
        Just(json!("/redfish/v1/")),
        Just(json!({"@odata.id": "/redfish/v1/Systems"})),
        Just(json!({"@odata.id": "//elsewhere/"})),
        Just(json!("x".repeat(5000))),
    ];
    leaf.prop_recursive(40, 60, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[A-Za-z@.]{0,12}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces the value that `choice` picks among all inside `value`.
fn replace(value: &mut Value, choice: &mut usize, with: &Value) {
    if *choice == 0 {
        *value = with.clone();
        *choice = usize::MAX;
        return;
    }
    *choice -= 1;
    match value {
        Value::Array(list) => list.iter_mut().for_each(|inner| {
            if *choice != usize::MAX {
                replace(inner, choice, with);
            }
        }),
        Value::Object(map) => map.values_mut().for_each(|inner| {
            if *choice != usize::MAX {
                replace(inner, choice, with);
            }
        }),
        _ => {}
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// The documents that readings of two small trees ask for.
fn documents() -> Option<&'static Vec<Docs>> {
    static DOCUMENTS: OnceLock<Option<Vec<Docs>>> = OnceLock::new();
    let load = || {
        let cases = cases("spoiled")?;
        let load = |name| runtime().block_on(Docs::of_tree(&Tree::unpack(&cases, name)));
        Some(["dell", "nvidia_dpu"].into_iter().map(load).collect())
    };
    DOCUMENTS.get_or_init(load).as_ref()
}

type Parse = fn(&str, &Value) -> Vec<Fault>;

/// The kinds that both trees have or one of them, and what reads them.
fn kinds() -> Vec<(&'static str, Parse)> {
    use bmc::read;
    vec![
        ("Volume", |path, value| read::volume::parse(path, value).1),
        ("NetworkPort", |path, value| read::port::parse(path, value).1),
        ("Port", |path, value| read::port::parse(path, value).1),
        ("NetworkDeviceFunction", |path, value| read::port::parse_function(path, value).1),
        ("PCIeDevice", |path, value| read::pcie::parse(path, value).1),
        ("Thermal", |path, value| read::sensor::parse_any(path, value).1),
        ("Sensor", |path, value| read::sensor::parse_any(path, value).1),
        ("ManagerNetworkProtocol", |path, value| read::protocols::parse(path, value).1),
        ("ManagerAccount", |path, value| read::account::parse(path, value).1),
        ("AccountService", |path, value| read::account::parse_rules(path, value).1),
        ("Certificate", |path, value| read::certificate::parse(path, value).1),
        ("DellLicense", |path, value| read::license::parse(path, value).1),
        ("LogService", |path, value| read::log_service::parse(path, value).1),
        ("Bios", |path, value| read::bios::parse(path, value).1),
        ("BootOption", |path, value| read::bios::parse_boot_option(path, value).1),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_replaced_by_anything(tree in 0..2usize, picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), anything()), 1..6)) {
        let Some(all) = documents() else { return Ok(()) };
        let mut docs = Docs { documents: all[tree].documents.clone(), asked: Vec::new() };
        for (document, place, with) in &picks {
            let at = document.index(docs.documents.len());
            let value = docs.documents.values_mut().nth(at).unwrap();
            let mut choice = place.index(count(value));
            replace(value, &mut choice, with);
        }
        let bounds = bmc::read::Bounds::default();
        // Only a root that leads nowhere makes it an error; nothing makes it panic or ask for more than there is.
        let result = runtime().block_on(inventory(&mut docs, now()));
        prop_assert!(docs.asked.len() <= bounds.requests as usize + 1);
        if let Ok(inventory) = result {
            prop_assert!(inventory.faults.len() <= 1000);
            prop_assert!(serde_json::to_string(&inventory).is_ok());
        }
    }

    #[test]
    fn a_spoiled_field_of_a_processor_loses_that_field_alone(place in any::<prop::sample::Index>(), with in anything()) {
        let Some(all) = documents() else { return Ok(()) };
        let path = "/redfish/v1/Systems/System.Embedded.1/Processors/CPU.Socket.1";
        let whole = all[0].documents.get(path).unwrap();
        let mut spoiled = whole.clone();
        let map = spoiled.as_object_mut().unwrap();
        let key = map.keys().nth(place.index(map.len())).unwrap().clone();
        map.insert(key.clone(), with);
        let (before, faults) = bmc::read::processor::parse(path, whole);
        prop_assert!(faults.is_empty());
        let (after, faults) = bmc::read::processor::parse(path, &spoiled);
        prop_assert!(faults.iter().all(|fault| fault.field.split('/').next() == Some(key.as_str())), "{faults:?}");
        let [before, after] = [before, after].map(|thing| serde_json::to_value(thing).unwrap());
        let differ = before.as_object().unwrap().iter().filter(|(name, value)| after.get(*name) != Some(value)).count();
        // `Status` and `ProcessorId` feed two fields each.
        prop_assert!(differ <= 2, "{key}: {before} {after}");
    }

    #[test]
    fn a_spoiled_field_of_any_kind_is_a_fault_in_that_document_alone(pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), with in anything()) {
        let Some(all) = documents() else { return Ok(()) };
        let kinds = kinds();
        let documents: Vec<(&String, &Value, Parse)> = all.iter().flat_map(|docs| &docs.documents)
            .filter_map(|(path, value)| {
                let kind = value["@odata.type"].as_str()?.trim_start_matches('#').split('.').next()?.to_owned();
                kinds.iter().find(|(name, _)| *name == kind).map(|(_, parse)| (path, value, *parse))
            })
            .collect();
        let (path, whole, parse) = documents[pick.index(documents.len())];
        let mut spoiled = whole.clone();
        let map = spoiled.as_object_mut().unwrap();
        let key = map.keys().nth(place.index(map.len())).unwrap().clone();
        map.insert(key.clone(), with);
        let faults = parse(path, &spoiled);
        let earlier = parse(path, whole);
        let new: Vec<_> = faults.iter().filter(|fault| !earlier.contains(fault)).collect();
        let of_key = |field: &str| field.split('/').next() == Some(key.as_str());
        prop_assert!(new.iter().all(|fault| of_key(&fault.field) || fault.path.contains(&format!("#/{key}"))), "{key}: {new:?}");
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(parse_document(&bytes));
    }

    #[test]
    fn what_is_json_is_read_as_it_is(value in anything()) {
        let document = json!({"a": value});
        let text = document.to_string();
        match parse_document(text.as_bytes()) {
            Ok(read) => prop_assert_eq!(read.to_string(), text),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
