//! Tests of the registry against controllers that lie, and against a network that answers everywhere.

mod moving;

use super::*;
use model::Stage;
use model::book::Claim;
use model::device::{Certificate, Fingerprint};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn nth(n: u32) -> Endpoint {
    Endpoint { addr: std::net::IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n)), port: 443 }
}

fn shown(n: u32) -> Certificate {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    let fingerprint = Fingerprint(bytes);
    Certificate {
        fingerprint,
        subject: format!("CN={n}"),
        issuer: "CN=x".into(),
        not_after: None,
        trusted: false,
    }
}

fn uuid(n: u32) -> String {
    format!("a0000000-0000-4000-8000-0000{n:08x}")
}

/// The controller at the nth address answers, with a UUID and a certificate of its own, and says this serial.
fn answer(registry: &mut Registry, n: u32, serial: &str, second: i64) -> Outputs {
    let claim = Claim { service_uuid: Some(uuid(n)), serial: Some(serial.into()), ..Claim::default() };
    let seen = Observation::Answered { endpoint: nth(n), certificate: Some(shown(n)), claim };
    registry.observe(seen, at(second), || DeviceId(format!("d-{n}-{second}")))
}

fn name(registry: &Registry, outputs: &Outputs) -> String {
    registry.get(outputs.device.as_ref().unwrap()).unwrap().name.clone()
}

#[test]
fn a_second_one_of_a_serial_number_is_told_and_not_named_after_it() {
    let mut registry = Registry::default();
    let first = answer(&mut registry, 1, "7CX4K53", 0);
    assert_eq!(name(&registry, &first), "7cx4k53");
    assert!(first.findings.is_empty());
    let second = answer(&mut registry, 2, "7cx4k53 ", 1);
    assert_eq!(name(&registry, &second), "bmc-10-0-0-2");
    assert_eq!(second.findings.len(), 1);
    assert_eq!(second.findings[0].kind, "identity_claimed");
    // Seen again it says the same: that is no news.
    assert!(answer(&mut registry, 2, "7cx4k53 ", 2).findings.is_empty());
    // One that changes its story is told of.
    answer(&mut registry, 3, "HONEST1", 3);
    assert_eq!(answer(&mut registry, 3, "7CX4K53", 4).findings.len(), 1);
}

#[test]
fn a_name_made_of_a_claim_can_be_typed_and_stands_in_an_address() {
    let mut registry = Registry::default();
    let odd = answer(&mut registry, 1, "../A\u{202e}b?<c>#", 0);
    assert_eq!(name(&registry, &odd), "..-a-b--c--");
    let empty = answer(&mut registry, 2, "..", 0);
    assert_eq!(name(&registry, &empty), "bmc-10-0-0-2");
}

#[test]
fn free_names_are_counted_up() {
    let mut registry = Registry::default();
    let first = answer(&mut registry, 1, "A1", 0).device.unwrap();
    let second = answer(&mut registry, 2, "A1-2", 0).device.unwrap();
    assert_eq!(registry.free_name("a1", None), "a1-3");
    assert_eq!(registry.free_name("A1", Some(&first)), "a1");
    assert_eq!(registry.free_name("A1", Some(&second)), "a1-2");
}

#[test]
fn a_network_that_answers_everywhere_does_not_fill_the_memory() {
    let mut registry = Registry::default();
    let most = u32::try_from(MOST_SEEN).unwrap();
    for n in 0..most {
        // Each says that it is the same machine.
        answer(&mut registry, n, "SAME", 0);
    }
    let refused = answer(&mut registry, most, "SAME", 0);
    assert_eq!((refused.device, registry.all().count()), (None, MOST_SEEN));
    assert_eq!(refused.findings[0].kind, "too_many_seen");
    // What is adopted or forgotten makes room.
    registry.remove(&DeviceId("d-7-0".into()));
    assert!(answer(&mut registry, most, "SAME", 1).device.is_some());
}

#[test]
fn a_device_that_moves_away_leaves_its_address_to_who_answers_there() {
    let mut registry = Registry::default();
    let first = answer(&mut registry, 1, "A1", 0).device.unwrap();
    let change = |device: &mut Device| {
        device.pinned = Some(shown(1));
        device.stage = Stage::InService;
    };
    registry.change(&first, change).unwrap();
    // Another machine takes its address; the device itself comes back at a new one, an hour later.
    let claim = Claim { service_uuid: Some(uuid(9)), ..Claim::default() };
    let other = Observation::Answered { endpoint: nth(1), certificate: Some(shown(9)), claim: claim.clone() };
    let usurper = registry.observe(other.clone(), at(1), || DeviceId("d-usurper".into())).device.unwrap();
    assert_ne!(usurper, first);
    let claim = Claim { service_uuid: Some(uuid(1)), ..Claim::default() };
    let moved = Observation::Answered { endpoint: nth(2), certificate: Some(shown(1)), claim };
    assert_eq!(registry.observe(moved, at(3600), || DeviceId("d-new".into())).device, Some(first));
    let again = registry.observe(other, at(3601), || DeviceId("d-twice".into()));
    assert_eq!(again.device, Some(usurper), "not a second record of the same controller");
}

#[test]
fn another_machine_at_an_address_does_not_inherit_what_the_first_said() {
    let mut registry = Registry::default();
    let first = answer(&mut registry, 1, "7CX4K53", 0).device.unwrap();
    let silent = |n| Observation::Answered {
        endpoint: nth(1),
        certificate: Some(shown(n)),
        claim: Claim { vendor: Some("Contoso".into()), ..Claim::default() },
    };
    // The same certificate: the same machine, which says less today.
    registry.observe(silent(1), at(1), || DeviceId("d-x".into()));
    assert_eq!(registry.get(&first).unwrap().identity.serial.as_deref(), Some("7CX4K53"));
    registry.observe(silent(2), at(2), || DeviceId("d-x".into()));
    let now = registry.get(&first).unwrap();
    assert_eq!((&now.identity.serial, &now.identity.service_uuid), (&None, &None));
    assert_eq!(now.identity.vendor.as_deref(), Some("Contoso"));
}
