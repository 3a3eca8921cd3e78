//! How observations are merged into device records: a table of stories.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use control::registry::{Outputs, Registry};
use control::zones::{Zone, Zones};
use jiff::{SignedDuration, Timestamp};
use model::book::{Claim, Observation};
use model::device::{Certificate, Endpoint, Fingerprint, Health, Power, Presence, Reach};
use model::event::What;
use model::{Device, DeviceId, Inventory, Stage};
use std::net::IpAddr;

/// A registry with a clock, and controllers that are told apart by a letter.
struct Story {
    registry: Registry,
    now: Timestamp,
    made: u32,
}

fn endpoint(host: u8) -> Endpoint {
    Endpoint { addr: IpAddr::from([10, 0, 0, host]), port: 443 }
}

fn certificate(of: char) -> Certificate {
    Certificate {
        fingerprint: Fingerprint([of as u8; 32]),
        subject: format!("CN={of}"),
        issuer: format!("CN={of}"),
        not_after: None,
        trusted: false,
    }
}

fn claim(of: char) -> Claim {
    Claim {
        service_uuid: Some(format!("4c4c4544-0043-5810-8034-0000000000{:02x}", of as u8)),
        serial: Some(format!("SERIAL-{of}")),
        ..Claim::default()
    }
}

impl Story {
    fn new() -> Self {
        let zone =
            |name: &str, network: &str| Zone { name: name.into(), networks: vec![network.parse().unwrap()] };
        let zones = Zones::new(&[zone("management", "10.0.0.0/25"), zone("lab", "10.0.0.128/25")]);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        Self { registry: Registry::new(Vec::new(), zones), now, made: 0 }
    }

    fn later(&mut self, minutes: i64) -> &mut Self {
        self.now += SignedDuration::from_mins(minutes);
        self
    }

    fn observe(&mut self, observation: Observation) -> Outputs {
        self.made += 1;
        let id = DeviceId(format!("d-{}", self.made));
        self.registry.observe(observation, self.now, || id)
    }

    /// A sweep meets, at this address, a controller that claims to be one and shows the certificate of another.
    fn answers(&mut self, host: u8, claimed: char, shown: char) -> (DeviceId, Outputs) {
        let observation = Observation::Answered {
            endpoint: endpoint(host),
            certificate: Some(certificate(shown)),
            claim: claim(claimed),
        };
        let outputs = self.observe(observation);
        (outputs.device.clone().unwrap(), outputs)
    }

    fn adopt(&mut self, id: &DeviceId) {
        let take_over = |device: &mut Device| {
            device.pinned = device.presented.take();
            device.stage = Stage::InService;
        };
        self.registry.change(id, take_over).unwrap();
    }

    /// An adopted device at this address, read once.
    fn adopted(&mut self, host: u8, of: char) -> DeviceId {
        let (id, _) = self.answers(host, of, of);
        self.adopt(&id);
        self.observe(Observation::StateRead {
            device: id.clone(),
            power: Power::On,
            health: Some(Health::Ok),
        });
        id
    }

    fn get(&self, id: &DeviceId) -> &Device {
        self.registry.get(id).unwrap()
    }

    fn count(&self) -> usize {
        self.registry.all().count()
    }
}

fn kinds(outputs: &Outputs) -> Vec<&str> {
    outputs.findings.iter().map(|finding| finding.kind.as_str()).collect()
}

#[test]
fn a_new_one_is_seen_and_named_and_met_again_is_known() {
    let mut story = Story::new();
    let (id, outputs) = story.answers(7, 'a', 'a');
    let device = story.get(&id);
    assert_eq!((device.stage, device.presence), (Stage::Seen, Presence::New));
    assert_eq!((device.name.as_str(), device.zone.as_str()), ("serial-a", "management"));
    assert_eq!(device.presented, Some(certificate('a')));
    assert_eq!((outputs.keep.len(), outputs.events.len()), (1, 1));
    let (again, _) = story.later(60).answers(7, 'a', 'a');
    assert_eq!(again, id);
    assert_eq!((story.get(&id).presence, story.count()), (Presence::Known, 1));
    // A third time nothing shows, so nothing is told or written down.
    let (_, outputs) = story.later(60).answers(7, 'a', 'a');
    assert_eq!((outputs.keep.len(), outputs.events.len()), (0, 0));
}

#[test]
fn one_that_moves_with_its_certificate_is_the_same_in_another_zone() {
    let mut story = Story::new();
    let id = story.adopted(7, 'a');
    let (moved, outputs) = story.later(60).answers(200, 'a', 'a');
    assert_eq!(moved, id);
    let device = story.get(&id);
    assert_eq!(
        (device.presence, device.endpoint, device.zone.as_str()),
        (Presence::Moved, endpoint(200), "lab")
    );
    assert_eq!((device.moved_from, device.stage), (Some(endpoint(7)), Stage::InService));
    assert_eq!((outputs.keep.len(), kinds(&outputs)), (1, vec![]));
    assert_eq!(story.later(60).answers(200, 'a', 'a').0, id);
    assert_eq!((story.get(&id).presence, story.count()), (Presence::Known, 1));
}

#[test]
fn a_claim_with_another_certificate_is_not_believed() {
    let mut story = Story::new();
    let id = story.adopted(7, 'a');
    let (impostor, outputs) = story.later(60).answers(8, 'a', 'x');
    assert_ne!(impostor, id);
    assert_eq!(kinds(&outputs), ["identity_claimed"]);
    assert_eq!(story.get(&id).endpoint, endpoint(7));
    assert_eq!(story.get(&impostor).stage, Stage::Seen);
    // At the device's own address it is a changed certificate: nothing is believed, nobody is replaced.
    let (here, outputs) = story.answers(7, 'a', 'x');
    assert_eq!((here, kinds(&outputs)), (id.clone(), vec!["certificate_changed"]));
    let device = story.get(&id);
    assert_eq!((&device.pinned, &device.presented), (&Some(certificate('a')), &Some(certificate('x'))));
    assert_eq!(device.state.power, Power::Unknown);
    // Told once for each certificate that is shown.
    assert_eq!(kinds(&story.later(1).answers(7, 'a', 'x').1), Vec::<&str>::new());
    assert_eq!(kinds(&story.later(1).answers(7, 'a', 'y').1), ["certificate_changed"]);
    // And read with the pinned certificate, all is well again.
    story.observe(Observation::StateRead { device: id.clone(), power: Power::Off, health: None });
    assert_eq!((story.get(&id).presented.clone(), story.get(&id).state.power), (None, Power::Off));
}

#[test]
fn two_that_answer_at_once_with_one_identity_are_two() {
    let mut story = Story::new();
    let (first, _) = story.answers(7, 'a', 'a');
    let (second, _) = story.answers(8, 'a', 'a');
    assert_ne!(first, second);
    assert_ne!(story.get(&first).name, story.get(&second).name);
    // Also where the first one is adopted, and shows its very certificate twice.
    story.adopt(&first);
    story.observe(Observation::StateRead { device: first.clone(), power: Power::On, health: None });
    let (third, outputs) = story.answers(9, 'a', 'a');
    assert!(third != first && third != second);
    assert_eq!(kinds(&outputs), ["identity_claimed"]);
    assert_eq!(story.get(&first).endpoint, endpoint(7));
}

#[test]
fn one_that_was_seen_and_moves_is_what_it_says_now() {
    let mut story = Story::new();
    let (id, _) = story.answers(7, 'a', 'a');
    let (moved, _) = story.later(60).answers(8, 'a', 'b');
    assert_eq!(moved, id);
    assert_eq!(story.get(&id).presented, Some(certificate('b')), "a person must compare what it shows now");
}

#[test]
fn one_that_vanishes_comes_back() {
    let mut story = Story::new();
    let id = story.adopted(7, 'a');
    let outputs = story.observe(Observation::Absent { endpoint: endpoint(7) });
    assert_eq!((outputs.device, story.get(&id).presence), (Some(id.clone()), Presence::Vanished));
    // Where nobody was, nobody is missed.
    assert_eq!(story.observe(Observation::Absent { endpoint: endpoint(99) }).device, None);
    // A vanished one may turn up elsewhere at once.
    assert_eq!(story.answers(8, 'a', 'a').0, id);
    story.observe(Observation::Absent { endpoint: endpoint(8) });
    assert_eq!(story.answers(8, 'a', 'a').0, id);
    assert_eq!((story.get(&id).presence, story.count()), (Presence::Known, 1));
}

#[test]
fn a_decommissioned_one_that_answers_is_a_finding_wherever_it_answers() {
    let mut story = Story::new();
    let id = story.adopted(7, 'a');
    let forget = |device: &mut Device| {
        device.stage = Stage::Decommissioned;
        device.pinned = None;
    };
    story.registry.change(&id, forget).unwrap();
    let (back, outputs) = story.later(60).answers(7, 'a', 'a');
    assert_eq!((back, kinds(&outputs)), (id.clone(), vec!["device_returned"]));
    let (back, outputs) = story.later(60).answers(8, 'a', 'a');
    assert_eq!((back, kinds(&outputs)), (id.clone(), vec!["device_returned"]));
    assert_eq!(story.get(&id).stage, Stage::Decommissioned);
}

#[test]
fn another_controller_at_the_same_address_is_another_device() {
    let mut story = Story::new();
    let first = story.adopted(7, 'a');
    let (second, outputs) = story.later(60).answers(7, 'b', 'b');
    assert_ne!(first, second);
    assert_eq!(kinds(&outputs), Vec::<&str>::new());
    // The first comes back elsewhere, and the second keeps its place.
    assert_eq!(story.later(60).answers(8, 'a', 'a').0, first);
    assert_eq!(story.later(60).answers(7, 'b', 'b').0, second);
    assert_eq!(story.count(), 2);
}

#[test]
fn one_that_does_not_answer_has_unknown_power_never_off() {
    let mut story = Story::new();
    let id = story.adopted(7, 'a');
    let unreachable = |cause: &str| Observation::Unreachable { device: id.clone(), cause: cause.into() };
    let since = story.now;
    let outputs = story.observe(unreachable("connect: no answer within 5 s"));
    assert!(matches!(outputs.events[0], What::DeviceChanged { power: Power::Unknown, online: false, .. }));
    story.later(5).observe(unreachable("connect: refused"));
    let state = story.get(&id).state.clone();
    assert_eq!((state.power, state.health), (Power::Unknown, Health::Unknown));
    let Reach::Offline { since: kept, cause } = state.reach else { panic!("{:?}", state.reach) };
    assert_eq!(
        (kept, cause.as_str()),
        (since, "connect: refused"),
        "since the first time, with the last cause"
    );
    let outputs = story.later(1).observe(Observation::StateRead {
        device: id.clone(),
        power: Power::Off,
        health: None,
    });
    assert!(matches!(outputs.events[0], What::DeviceChanged { power: Power::Off, online: true, .. }));
    assert_eq!(outputs.keep.len(), 0, "what moves is not written down each time");
}

#[test]
fn what_is_not_in_the_book_changes_nothing() {
    let mut story = Story::new();
    let device = DeviceId("d-gone".into());
    for observation in [
        Observation::StateRead { device: device.clone(), power: Power::On, health: None },
        Observation::Unreachable { device: device.clone(), cause: "x".into() },
        Observation::CertificateChanged { device: device.clone(), presented: certificate('x') },
        Observation::Inventoried { device, inventory: Box::new(Inventory::default()), snapshot: None },
    ] {
        let outputs = story.observe(observation);
        assert!(outputs.device.is_none() && outputs.events.is_empty() && outputs.keep.is_empty());
    }
    assert_eq!(story.count(), 0);
}

#[test]
fn after_a_restart_nothing_is_known_of_what_moves() {
    let mut story = Story::new();
    let id = story.adopted(7, 'a');
    let kept = vec![story.get(&id).clone()];
    let again = Registry::new(kept, Zones::default());
    let device = again.get(&id).unwrap();
    assert_eq!((device.state.power, &device.state.reach), (Power::Unknown, &Reach::NotAsked));
    assert_eq!((device.zone.as_str(), device.stage), ("elsewhere", Stage::InService));
}
