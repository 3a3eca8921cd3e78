//! Trees that were captured off real controllers, served by simulated ones.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in tests, also in their helpers, this is how they fail"
)]

mod fleet;
mod support;

use lab::replay::Expand;
use lab::{Kind, LabConfig, Latency, Mix};
use serde_json::{Value, json};
use std::time::Duration;
use support::{Bmc, captured, small};

/// Every tree there is, with the maker that it is nearest to.
const TREES: [(&str, Kind); 7] = [
    ("dell", Kind::Dell),
    ("hpe", Kind::Hpe),
    ("lenovo", Kind::Lenovo),
    ("supermicro", Kind::Supermicro),
    ("nvidia_gb200", Kind::Nvidia),
    ("nvidia_viking", Kind::Ami),
    ("nvidia_dpu", Kind::Nvidia),
];

#[test]
fn every_captured_tree_can_be_walked_and_tells_its_maker() {
    for (name, kind) in TREES {
        let Some(tree) = captured(name) else { continue };
        assert_eq!(tree.kind(), kind, "{name}");
        let mut bmc = Bmc::new(&tree, 0);
        let seen = bmc.walk(200);
        assert!(seen.len() >= 100, "{name}: {} documents", seen.len());
        let systems = bmc.json("/redfish/v1/Systems");
        assert!(systems["Members"].as_array().is_some_and(|members| !members.is_empty()), "{name}");
        for (path, doc) in seen {
            let marked = doc.to_string().chars().any(|c| ('\u{F0000}'..='\u{FFFFD}').contains(&c));
            assert!(!marked, "{name}: {path} shows a mark");
        }
    }
}

#[test]
fn documents_that_are_no_json_are_served_as_they_are() {
    let Some(tree) = captured("lenovo") else { return };
    let mut bmc = Bmc::new(&tree, 0);
    let reports = bmc.json("/redfish/v1/TelemetryService/MetricReports");
    let mut invalid = 0;
    for member in reports["Members"].as_array().unwrap() {
        let answer = bmc.get(member["@odata.id"].as_str().unwrap(), None);
        assert_eq!(answer.status, 200);
        invalid += usize::from(support::parsed(&answer).is_none());
    }
    assert_eq!(invalid, 2);
}

#[test]
fn a_tree_that_answers_403_does_so() {
    let Some(tree) = captured("forbidden") else { return };
    let mut bmc = Bmc::new(&tree, 0);
    let page = bmc.get("/redfish/v1/Systems", None);
    assert_eq!((page.status, support::parsed(&page)), (403, None), "a page for people");
    let answer = bmc.get("/redfish/v1/Chassis", None);
    assert_eq!(answer.status, 403);
    assert!(support::parsed(&answer).unwrap().to_string().contains("PasswordChangeRequired"));
}

#[test]
fn a_query_is_applied_as_far_as_is_said() {
    let members = "/redfish/v1/Systems/1/Memory";
    let expanded = |doc: &Value| doc["Members"][0]["SerialNumber"].is_string();
    let query = Some("$expand=.($levels=1)");

    let mut advertised = Bmc::new(&small(Expand::AsAdvertised), 0);
    assert!(expanded(&advertised.json_with(members, query)));
    assert_eq!(advertised.get(members, Some("$expand=*")).status, 400, "it knows only the dot");
    assert_eq!(advertised.get(members, Some("$filter=x")).status, 501);

    let mut none = Bmc::new(&small(Expand::None), 0);
    assert!(!expanded(&none.json_with(members, query)), "it is taken and ignored");
    let page = none.json_with(members, Some("$expand=.&$top=1"));
    assert_eq!(page["Members"].as_array().unwrap().len(), 1);

    let mut all = Bmc::new(&small(Expand::All), 0);
    let deep = all.json_with("/redfish/v1", Some("$expand=*($levels=4)"));
    assert!(deep.pointer("/Systems/Members/0/Memory/Members/0/SerialNumber").is_some(), "{deep}");
    assert_eq!(all.json("/redfish/v1")["ProtocolFeaturesSupported"]["ExpandQuery"]["MaxLevels"], 6);
    let two = (all.json_with(members, query), Bmc::new(&small(Expand::All), 1).json_with(members, query));
    assert_ne!(two.0["Members"][0]["SerialNumber"], two.1["Members"][0]["SerialNumber"]);
}

#[test]
fn the_power_is_switched_at_the_advertised_target_and_takes_time() {
    let mut bmc = Bmc::new(&small(Expand::AsAdvertised), 3);
    let system = bmc.get("/redfish/v1/Systems/1", None);
    let etag = support::header(&system, "ETag").unwrap();
    let doc = support::parsed(&system).unwrap();
    assert_eq!((&doc["PowerState"], &doc["@odata.etag"]), (&json!("On"), &json!(etag)));
    let target = doc["Actions"]["#ComputerSystem.Reset"]["target"].as_str().unwrap().to_owned();
    assert_eq!(bmc.post(&target, json!({ "ResetType": "Melt" })).status, 400);
    assert_eq!(bmc.post(&target, json!({})).status, 400);
    assert_eq!(bmc.post(&target, json!({ "ResetType": "ForceOff" })).status, 204);
    bmc.later(3600);
    bmc.sign_in();
    let off = bmc.get("/redfish/v1/Systems/1", None);
    assert_eq!(support::parsed(&off).unwrap()["PowerState"], "Off");
    assert_eq!(bmc.json("/redfish/v1/Chassis/1")["PowerState"], "Off");
    assert_ne!(support::header(&off, "ETag").unwrap(), etag, "what changed has another ETag");
    assert_eq!(bmc.post(&target, json!({ "ResetType": "On" })).status, 204);
    bmc.later(3600);
    bmc.sign_in();
    assert_eq!(bmc.json("/redfish/v1/Systems/1")["PowerState"], "On");
    let restart = "/redfish/v1/Managers/1/Actions/Manager.Reset";
    assert_eq!(bmc.post(restart, json!({ "ResetType": "GracefulRestart" })).status, 204);
    assert!(bmc.is_away());
    // It is away for less than two minutes, and then starts.
    let mut waited = 0;
    while bmc.is_away() {
        assert!(waited < 120, "it does not come back");
        (waited, _) = (waited + 1, bmc.later(1));
    }
    let sessions = "/redfish/v1/SessionService/Sessions";
    let right = r#"{"UserName":"root","Password":"right"}"#;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|(_, login)| *login != 201) {
        let answers =
            ["/redfish/v1/", "/redfish/v1/Systems"].map(|path| bmc.ask("GET", path, None, "").status);
        seen.push((answers, bmc.ask("POST", sessions, None, right).status));
        bmc.later(1);
    }
    seen.dedup();
    assert_eq!(
        seen,
        [([404, 404], 404), ([503, 503], 503), ([200, 401], 401), ([200, 401], 201)],
        "it starts part by part"
    );
}

#[test]
fn sessions_are_real_and_all_else_is_read_only() {
    let mut bmc = Bmc::new(&small(Expand::AsAdvertised), 0);
    let sessions = "/redfish/v1/SessionService/Sessions";
    let list = bmc.json(sessions);
    assert_eq!(list["Members@odata.count"], 1, "the captured one is not there");
    let own = list["Members"][0]["@odata.id"].as_str().unwrap().to_owned();
    assert!(bmc.json(&own)["UserName"].is_string());
    for (method, path, status) in [
        ("PATCH", "/redfish/v1/Systems/1", 405),
        ("DELETE", "/redfish/v1/Systems/1", 405),
        ("POST", "/redfish/v1/Nothing", 404),
        ("GET", "/redfish/v1/Nothing", 404),
        ("TRACE", "/redfish/v1/Systems/1", 501),
        ("GET", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset", 405),
        ("DELETE", own.as_str(), 204),
        ("GET", "/redfish/v1/Systems/1", 401),
    ] {
        assert_eq!(bmc.ask(method, path, None, "").status, status, "{method} {path}");
    }
    assert_eq!(bmc.get("/redfish/v1", None).status, 200, "the root is open");
}

#[test]
fn trees_take_their_turn_after_the_makers_and_their_time_as_captured() {
    let tree = small(Expand::AsAdvertised);
    let config = LabConfig {
        count: 6,
        mix: Mix::only(Kind::Openbmc),
        replays: vec![tree.clone(), tree],
        ..LabConfig::default()
    };
    let turns: Vec<bool> = (0..6).map(|index| config.replay(index).is_some()).collect();
    assert_eq!(turns, [false, true, true, false, true, true]);
    let mut bmc = Bmc::with_latency(&small(Expand::AsAdvertised), 0, Latency::Real);
    assert_eq!(bmc.wait("/redfish/v1/Managers/1"), Duration::from_secs(2), "as slow as it was there");
    let waits: Duration = (0..200).map(|_| bmc.wait("/redfish/v1/Systems")).sum();
    assert!((50..=200).contains(&(waits / 200).as_millis()), "{:?}", waits / 200);
}
