//! Many BMCs of one tree are as many servers.

use crate::support::{Bmc, captured, small};
use crate::{TREES, support};
use lab::replay::Expand;
use lab::{Change, FaultKind, Lab, LabConfig, Mix};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// What makes a server this one, out of its documents.
fn identity(bmc: &mut Bmc) -> BTreeSet<String> {
    let systems = bmc.json("/redfish/v1/Systems");
    let at = systems["Members"][0]["@odata.id"].as_str().unwrap().to_owned();
    let system = bmc.json(&at);
    let text = |name: &str| system[name].as_str().unwrap_or_default().to_owned();
    // Some have only one of them.
    [text("SerialNumber"), text("UUID")].into_iter().filter(|value| !value.is_empty()).collect()
}

#[test]
fn bmcs_of_one_tree_share_no_serial_number_and_no_uuid() {
    for (name, _) in TREES {
        let Some(tree) = captured(name) else { continue };
        let mut seen = BTreeSet::new();
        for index in [0, 1, 2, 999, 4_999] {
            let own = identity(&mut Bmc::new(&tree, index));
            assert!(!own.is_empty(), "{name}");
            assert!(own.is_disjoint(&seen), "{name}: {own:?} is known");
            seen.extend(own);
        }
    }
}

#[test]
fn a_fleet_of_five_thousand_has_five_thousand_of_each() {
    let tree = small(Expand::AsAdvertised);
    let config = LabConfig { count: 5_000, mix: Mix::none(), replays: vec![tree], ..LabConfig::default() };
    let units = lab::unit::plan(&config);
    let serials: BTreeSet<&str> = units.iter().map(|unit| unit.serial.as_str()).collect();
    let macs: BTreeSet<String> = units.iter().map(lab::unit::Unit::mac).collect();
    assert_eq!((serials.len(), macs.len()), (5_000, 5_000));
    assert!(macs.iter().all(|mac| mac.starts_with("3c:ec:ef:")));
    let other = lab::unit::plan(&LabConfig { seed: 2, ..config.clone() });
    assert_ne!(units[0].serial, other[0].serial, "another seed, another fleet");
    assert_eq!(units[7].serial, lab::unit::plan(&config)[7].serial);
}

#[test]
fn what_is_told_in_two_places_is_told_the_same() {
    let tree = small(Expand::AsAdvertised);
    let mut bmc = Bmc::new(&tree, 42);
    let serial = bmc.json("/redfish/v1/Systems/1")["SerialNumber"].clone();
    assert_eq!(bmc.json("/redfish/v1/Chassis/1")["SerialNumber"], serial);
    assert_ne!(serial, Value::from("S4EMNX0R123"));
}

#[tokio::test]
async fn replayed_bmcs_run_and_break_like_the_others() {
    let config = LabConfig {
        count: 2,
        first_addr: Ipv4Addr::new(127, 21, 9, 10),
        port: 0,
        tls: false,
        time_scale: 0.01,
        mix: Mix::none(),
        replays: vec![support::small(Expand::AsAdvertised)],
        ..LabConfig::default()
    };
    let lab = Lab::start(config).await.unwrap();
    let bmcs = lab.bmcs();
    assert_ne!(bmcs[0].serial, bmcs[1].serial);
    assert_eq!((bmcs[0].model.as_str(), bmcs[0].replay.is_some()), ("SYS-1", true));
    lab.set(bmcs[0].addr, Change::Break(FaultKind::Slow(Duration::from_millis(100)))).unwrap();
    let begun = Instant::now();
    let answer = get(bmcs[0].addr, "/redfish/v1").await;
    assert!(answer.contains("Supermicro") && begun.elapsed() >= Duration::from_millis(100));
    assert!(get(bmcs[1].addr, "/redfish/v1").await.contains("Supermicro"));
    assert_eq!(lab.counts(bmcs[1].addr).unwrap().of("GET"), 1);
    lab.stop().await;
}

async fn get(addr: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
