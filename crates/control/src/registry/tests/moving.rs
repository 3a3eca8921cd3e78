//! Devices that move, change places, share what should be theirs alone, or are imitated.

use super::*;
use model::device::Reach;
use proptest::prelude::*;

/// So many adopted devices, the nth at the nth address, just read.
fn adopted(count: u32) -> Registry {
    let mut registry = Registry::default();
    for n in 1..=count {
        let id = answer(&mut registry, n, &format!("SERIAL{n}"), 0).device.unwrap();
        let take_over = |device: &mut Device| {
            device.pinned = device.presented.take();
            device.stage = Stage::InService;
        };
        registry.change(&id, take_over).unwrap();
        read(&mut registry, &id, 1);
    }
    registry
}

fn id(n: u32) -> DeviceId {
    DeviceId(format!("d-{n}-0"))
}

fn read(registry: &mut Registry, id: &DeviceId, second: i64) -> Outputs {
    let seen = Observation::StateRead { device: id.clone(), power: Power::On, health: None };
    registry.observe(seen, at(second), || DeviceId("d-read".into()))
}

/// At this address the nth controller answers a sweep.
fn meets(registry: &mut Registry, at_nth: u32, n: u32, second: i64) -> Outputs {
    let claim = Claim { service_uuid: Some(uuid(n)), ..Claim::default() };
    let seen = Observation::Answered { endpoint: nth(at_nth), certificate: Some(shown(n)), claim };
    registry.observe(seen, at(second), || DeviceId(format!("d-new-{at_nth}-{n}-{second}")))
}

/// The owner of the device polls its address, and the nth controller answers there.
fn polls(registry: &mut Registry, device: u32, n: u32, second: i64) -> Outputs {
    let observation = if device == n {
        Observation::StateRead { device: id(device), power: Power::On, health: None }
    } else {
        Observation::CertificateChanged { device: id(device), presented: shown(n) }
    };
    registry.observe(observation, at(second), || DeviceId(format!("d-polled-{second}")))
}

fn place(registry: &Registry, n: u32) -> Endpoint {
    registry.get(&id(n)).unwrap().endpoint
}

fn kinds(outputs: &Outputs) -> Vec<&str> {
    outputs.findings.iter().map(|finding| finding.kind.as_str()).collect()
}

#[test]
fn two_that_change_places_are_found_by_a_sweep_in_either_order() {
    for order in [[1, 2], [2, 1]] {
        let mut registry = adopted(2);
        for at_nth in order {
            let outputs = meets(&mut registry, at_nth, 3 - at_nth, 60);
            assert_eq!(kinds(&outputs), Vec::<&str>::new());
        }
        assert_eq!((place(&registry, 1), place(&registry, 2)), (nth(2), nth(1)));
        assert_eq!(registry.all().count(), 2, "no record of a stranger");
        let first = registry.get(&id(1)).unwrap();
        assert_eq!((first.presence, first.moved_from), (Presence::Moved, Some(nth(1))));
        assert_eq!(first.pinned, Some(shown(1)), "the pinned certificate stays its own");
        // And the next sweep knows them.
        assert_eq!(meets(&mut registry, 1, 2, 120).device, Some(id(2)));
        assert_eq!(registry.get(&id(2)).unwrap().presence, Presence::Known);
    }
}

#[test]
fn two_that_change_places_are_found_by_polling_alone() {
    let mut registry = adopted(2);
    let first = polls(&mut registry, 1, 2, 60);
    assert_eq!(kinds(&first), Vec::<&str>::new());
    let device = registry.get(&id(1)).unwrap();
    assert_eq!(device.presented, None, "nobody is asked to approve another device's certificate");
    assert!(matches!(&device.state.reach, Reach::Offline { cause, .. } if cause.contains("serial2")));
    polls(&mut registry, 2, 1, 61);
    assert_eq!((place(&registry, 1), place(&registry, 2), registry.all().count()), (nth(2), nth(1), 2));
    for n in [1, 2] {
        assert!(polls(&mut registry, n, n, 62).findings.is_empty());
        assert_eq!(registry.get(&id(n)).unwrap().state.reach, Reach::Online);
    }
}

proptest! {
    #[test]
    fn any_exchange_of_places_is_found_without_a_new_record(
        places in Just((1..=6_u32).collect::<Vec<_>>()).prop_shuffle(),
        order in Just((1..=6_u32).collect::<Vec<_>>()).prop_shuffle(),
        polled in any::<bool>(),
    ) {
        let mut registry = adopted(6);
        // The nth address has the controller places[n - 1].
        for round in 0..3 {
            for at_nth in &order {
                let n = places[*at_nth as usize - 1];
                let second = 60 + round;
                if polled {
                    // The owners of all devices that are thought to be there ask.
                    for device in 1..=6 {
                        if place(&registry, device) == nth(*at_nth) {
                            polls(&mut registry, device, n, second);
                        }
                    }
                } else {
                    meets(&mut registry, *at_nth, n, second);
                }
            }
        }
        prop_assert_eq!(registry.all().count(), 6);
        for (at_nth, n) in (1..=6).zip(&places) {
            prop_assert_eq!(place(&registry, *n), nth(at_nth), "controller {}", n);
        }
    }
}

#[test]
fn one_that_gets_a_new_address_is_followed_as_soon_as_the_old_one_is_silent() {
    let mut registry = adopted(1);
    // A sweep meets it half a minute after it was last read at its old address.
    assert_eq!(meets(&mut registry, 9, 1, 30).device, Some(id(1)));
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(1), 1));
    let silent = Observation::Unreachable { device: id(1), cause: "no answer".into() };
    registry.observe(silent, at(60), || DeviceId("d-x".into()));
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(9), 1));
    // The other way round: first silent, then met.
    let silent = Observation::Unreachable { device: id(1), cause: "no answer".into() };
    registry.observe(silent, at(61), || DeviceId("d-x".into()));
    meets(&mut registry, 5, 1, 62);
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(5), 1));
}

#[test]
fn one_that_answers_at_two_addresses_is_told_of_once() {
    // By the same sweep, in either order of the addresses; or by the next poll.
    let mut registry = adopted(1);
    meets(&mut registry, 9, 1, 30);
    let outputs = meets(&mut registry, 1, 1, 30);
    assert_eq!((outputs.device.clone(), kinds(&outputs)), (Some(id(1)), vec!["certificate_shared"]));
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(1), 2));
    // From now on the certificate is no key, and the two stay two.
    for second in [31, 3600, 7200] {
        for at_nth in [9, 1] {
            assert!(meets(&mut registry, at_nth, 1, second).findings.is_empty());
        }
    }
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(1), 2));

    let mut registry = adopted(1);
    meets(&mut registry, 9, 1, 30);
    assert!(read(&mut registry, &id(1), 31).findings.is_empty(), "that reading may have begun before");
    assert_eq!(kinds(&read(&mut registry, &id(1), 90)), ["certificate_shared"]);
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(1), 2));
}

#[test]
fn one_that_was_displaced_and_is_nowhere_is_told_of_once() {
    let mut registry = adopted(2);
    // The second is at the first one's address, and the first is nowhere.
    meets(&mut registry, 1, 2, 30);
    let gone = Observation::Absent { endpoint: nth(2) };
    registry.observe(gone, at(31), || DeviceId("d-x".into()));
    assert_eq!((place(&registry, 2), registry.all().count()), (nth(1), 2));
    let told: Vec<_> = (1..10).flat_map(|minute| polls(&mut registry, 1, 2, 60 * minute).findings).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].kind.as_str(), told[0].device.clone()), ("address_taken", Some(id(1))));
    assert_eq!(registry.get(&id(1)).unwrap().presence, Presence::Vanished);
    // The second one keeps the address that it has, whatever is noted of the first.
    assert_eq!(meets(&mut registry, 1, 2, 700).device, Some(id(2)));
    // And the first comes back somewhere.
    assert_eq!(meets(&mut registry, 3, 1, 701).device, Some(id(1)));
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(3), 2));
}

/// A controller that nobody adopted, with what it shows and says.
struct Says {
    certificate: u32,
    uuid: Option<String>,
    mac: Option<&'static str>,
    serial: Option<&'static str>,
}

impl Says {
    fn met(&self, registry: &mut Registry, at_nth: u32, second: i64) -> Outputs {
        let claim = Claim {
            service_uuid: self.uuid.clone(),
            mac: self.mac.map(Into::into),
            serial: self.serial.map(Into::into),
            ..Claim::default()
        };
        let certificate = Some(shown(self.certificate));
        let seen = Observation::Answered { endpoint: nth(at_nth), certificate, claim };
        registry.observe(seen, at(second), || DeviceId(format!("d-{at_nth}-{second}")))
    }
}

#[test]
fn what_makes_two_meetings_one_device_and_what_does_not() {
    let says = |certificate, uuid, mac, serial| Says { certificate, uuid, mac, serial };
    let (mac, other) = (Some("3c:ec:ef:00:00:01"), Some("3c:ec:ef:00:00:02"));
    let nil = Some("00000000-0000-0000-0000-000000000000".to_owned());
    let table = [
        (
            "all the same",
            says(1, Some(uuid(1)), mac, Some("A")),
            says(1, Some(uuid(1)), mac, Some("A")),
            true,
        ),
        ("the certificate alone", says(1, None, None, None), says(1, None, None, None), true),
        (
            "a new certificate, the same UUID",
            says(1, Some(uuid(1)), None, None),
            says(2, Some(uuid(1)), None, None),
            true,
        ),
        (
            "a UUID in capitals",
            says(1, Some(uuid(10)), None, None),
            says(2, Some(uuid(10).to_uppercase()), None, None),
            true,
        ),
        ("only the MAC address", says(1, None, mac, None), says(2, None, mac, None), true),
        ("only the serial number", says(1, None, None, Some("A1")), says(2, None, None, Some(" a1 ")), true),
        (
            "nothing in common",
            says(1, Some(uuid(1)), mac, Some("A")),
            says(2, Some(uuid(2)), other, Some("B")),
            false,
        ),
        (
            "a factory certificate, two UUIDs",
            says(1, Some(uuid(1)), None, None),
            says(1, Some(uuid(2)), None, None),
            false,
        ),
        ("a UUID of zeros", says(1, nil.clone(), None, None), says(2, nil.clone(), None, None), false),
        (
            "the same MAC address, two UUIDs",
            says(1, Some(uuid(1)), mac, None),
            says(2, Some(uuid(2)), mac, None),
            false,
        ),
        (
            "the same serial number, two UUIDs",
            says(1, Some(uuid(1)), None, Some("A")),
            says(2, Some(uuid(2)), None, Some("A")),
            false,
        ),
    ];
    for (name, first, second, one) in table {
        let mut registry = Registry::default();
        let id = first.met(&mut registry, 1, 0).device;
        registry.observe(Observation::Absent { endpoint: nth(1) }, at(1), || DeviceId("d-x".into()));
        let met = second.met(&mut registry, 2, 2);
        assert_eq!(met.device == id, one, "{name}");
        assert_eq!(registry.all().count(), if one { 1 } else { 2 }, "{name}");
    }
}

#[test]
fn a_key_of_many_is_no_key() {
    // A rack with the maker's certificate, one MAC address of a router before it, zeros for a UUID.
    let mut registry = Registry::default();
    let nil = Some("00000000-0000-0000-0000-000000000000".to_owned());
    let says = Says { certificate: 1, uuid: nil, mac: Some("02:00:00:00:00:01"), serial: None };
    for n in 1..=5 {
        says.met(&mut registry, n, 0);
    }
    assert_eq!(registry.all().count(), 5);
    for n in 1..=5 {
        registry.observe(Observation::Absent { endpoint: nth(n) }, at(60), || DeviceId("d-x".into()));
    }
    // One answers at a new address: which of the five it is, nobody can tell.
    let met = says.met(&mut registry, 6, 61);
    assert_eq!(registry.all().count(), 6);
    assert_eq!(registry.get(&met.device.unwrap()).unwrap().endpoint, nth(6));
}

#[test]
fn a_pinned_device_is_not_found_by_what_anybody_can_claim() {
    let mut registry = adopted(1);
    registry.change(&id(1), |device| device.identity.macs = vec!["3c:ec:ef:00:00:01".into()]).unwrap();
    registry.observe(Observation::Absent { endpoint: nth(1) }, at(60), || DeviceId("d-x".into()));
    let claims = [
        Says { certificate: 7, uuid: Some(uuid(1)), mac: None, serial: None },
        Says { certificate: 8, uuid: None, mac: Some("3c:ec:ef:00:00:01"), serial: None },
        Says { certificate: 9, uuid: None, mac: None, serial: Some("SERIAL1") },
    ];
    for (at_nth, says) in (5..).zip(claims) {
        let outputs = says.met(&mut registry, at_nth, 61);
        assert_eq!(kinds(&outputs), ["identity_claimed"]);
        assert_ne!(outputs.device, Some(id(1)));
    }
    assert_eq!((place(&registry, 1), registry.all().count()), (nth(1), 4));
    // With its certificate and another UUID it is not followed either: it may be the maker's certificate.
    let odd = Says { certificate: 1, uuid: Some(uuid(77)), mac: None, serial: None };
    let outputs = odd.met(&mut registry, 20, 62);
    assert_eq!((kinds(&outputs), place(&registry, 1)), (vec!["certificate_shared"], nth(1)));
}
