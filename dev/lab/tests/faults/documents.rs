//! Faults in what a BMC says.

use crate::support::{body, json, plain, read, reset, root};
use lab::{Change, FaultKind, Kind};
use serde_json::Value;
use std::net::Ipv4Addr;

const SYSTEM: &str = "/redfish/v1/Systems/1";
const RESET: &str = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";

#[tokio::test]
async fn a_server_that_is_off_is_said_to_be_on() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 6, 10), Kind::Lenovo).await;
    lab.set(bmc.addr, Change::Power(false)).unwrap();
    assert_eq!(json(&bmc, SYSTEM).await["PowerState"], "Off");
    lab.set(bmc.addr, Change::Break(FaultKind::Lies)).unwrap();
    assert_eq!(json(&bmc, SYSTEM).await["PowerState"], "On");
    assert_eq!(lab.power_state(bmc.addr).unwrap(), "Off", "who asks the lab itself is told the truth");
    lab.stop().await;
}

#[tokio::test]
async fn collections_have_no_members() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 6, 20), Kind::Hpe).await;
    lab.set(bmc.addr, Change::Break(FaultKind::NullMembers)).unwrap();
    assert_eq!(json(&bmc, "/redfish/v1/Systems").await.get("Members"), Some(&Value::Null));
    lab.set(bmc.addr, Change::Mend(FaultKind::NullMembers)).unwrap();
    assert!(json(&bmc, "/redfish/v1/Systems").await["Members"].is_array());
    lab.stop().await;
}

#[tokio::test]
async fn documents_are_no_json_or_nested_too_deep() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 6, 30), Kind::Supermicro).await;
    for kind in [FaultKind::InvalidJson, FaultKind::DeepNesting] {
        lab.set(bmc.addr, Change::Repair).unwrap();
        lab.set(bmc.addr, Change::Break(kind)).unwrap();
        let (status, answer) = read(&bmc, SYSTEM).await.unwrap();
        assert_eq!(status, 200);
        assert!(body(&answer).starts_with('{') && answer.contains("PowerState"), "{kind}");
        assert!(serde_json::from_str::<Value>(body(&answer)).is_err(), "{kind}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn resources_move_and_are_linked_where_they_are() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 6, 40), Kind::Lenovo).await;
    lab.set(bmc.addr, Change::Break(FaultKind::Moved)).unwrap();
    let root = json(&bmc, "/redfish/v1").await;
    let systems = root["Systems"]["@odata.id"].as_str().unwrap();
    assert_ne!(systems, "/redfish/v1/Systems");
    assert_eq!(read(&bmc, "/redfish/v1/Systems").await.unwrap().0, 404);
    let system = json(&bmc, systems).await["Members"][0]["@odata.id"].as_str().unwrap().to_owned();
    assert_eq!(read(&bmc, SYSTEM).await.unwrap().0, 404);
    let doc = json(&bmc, &system).await;
    let target = doc["Actions"]["#ComputerSystem.Reset"]["target"].as_str().unwrap();
    assert_eq!(reset(&bmc, RESET, "ForceOff").await, 404);
    assert_eq!(reset(&bmc, target, "ForceOff").await, 204);
    lab.settled(bmc.addr).await.unwrap();
    assert_eq!(json(&bmc, &system).await["PowerState"], "Off");
    lab.stop().await;
}

#[tokio::test]
async fn after_a_power_off_resets_are_refused_for_a_while() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 6, 50), Kind::Supermicro).await;
    // A hundred seconds, of which the lab's time makes one.
    lab.set(bmc.addr, Change::Break(FaultKind::Conflict(100))).unwrap();
    assert_eq!(reset(&bmc, RESET, "ForceOff").await, 204);
    lab.settled(bmc.addr).await.unwrap();
    assert_eq!(reset(&bmc, RESET, "On").await, 409);
    let accepted = async {
        while reset(&bmc, RESET, "On").await == 409 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), accepted).await.unwrap();
    lab.settled(bmc.addr).await.unwrap();
    assert_eq!(lab.power_state(bmc.addr).unwrap(), "On");
    lab.stop().await;
}

#[tokio::test]
async fn a_clock_is_twenty_years_slow() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 6, 60), Kind::Openbmc).await;
    let year =
        |doc: &Value| doc["DateTime"].as_str().unwrap().split_once('-').unwrap().0.parse::<u32>().unwrap();
    let right = year(&json(&bmc, "/redfish/v1/Managers/bmc").await);
    lab.set(bmc.addr, Change::Break(FaultKind::WrongClock)).unwrap();
    assert!((19..=20).contains(&(right - year(&json(&bmc, "/redfish/v1/Managers/bmc").await))));
    let (_, answer) = read(&bmc, "/redfish/v1").await.unwrap();
    let date = answer.lines().find(|line| line.to_lowercase().starts_with("date:")).unwrap();
    assert!(!date.contains(&right.to_string()), "{date}");
    lab.stop().await;
}

#[tokio::test]
async fn every_client_is_sent_to_another_host() {
    let (lab, bmc) = plain(Ipv4Addr::new(127, 21, 6, 70), Kind::Dell).await;
    lab.set(bmc.addr, Change::Break("redirect=127.0.0.9:99".parse().unwrap())).unwrap();
    let (status, answer) = read(&bmc, "/redfish/v1/Systems").await.unwrap();
    assert_eq!(status, 307);
    assert!(answer.to_lowercase().contains("location: https://127.0.0.9:99/redfish/v1/systems"), "{answer}");
    lab.set(bmc.addr, Change::Repair).unwrap();
    assert_eq!(root(bmc.addr).await.unwrap(), 200);
    lab.stop().await;
}
