//! The policy where something fails half-way: what was opened closes, what could not be written down is no obstacle, and a failure
//! that wakes the keeper does not keep it awake.

use crate::policy::{Place, SCENARIO, SITE, confirm, confirm_from, id};
use crate::world::operator;
use control::Policies;
use control::policy::Which;
use model::book::{Claim, DeviceBook as _, Observation};
use model::command::Command as _;
use model::command::policy::{Apply, ClosePinhole, Confirm, LetClose, OpenPinhole, Propose, SetQuarantine};
use model::device::Endpoint;
use model::enforcement::{Counted, Enforced, LoggedPacket, Record, Session, VersionState};
use model::event::{PolicyStep, What};
use model::{Action, Kind, Role, Scope};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

fn second() -> String {
    SCENARIO.replace("\nversion: 1.", "\nversion: 9.")
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn open() -> OpenPinhole {
    OpenPinhole {
        device: id("d-seen"),
        application: "bmc_management".into(),
        seconds: 600,
        why: "a disk".into(),
        session: None,
    }
}

impl Place {
    /// A device is found elsewhere.
    fn moves(&self, device: &str, to: &str) {
        let book = self.world.door.book();
        book.observe(Observation::Answered {
            endpoint: Endpoint { addr: address(to), port: 443 },
            certificate: book.named(device).unwrap().pinned.clone(),
            claim: Claim::default(),
        });
        assert_eq!(book.named(device).unwrap().endpoint.addr, address(to));
    }

    /// The appliance starts again and nobody keeps anything in step yet.
    fn wakes(&mut self) {
        self.policies = Arc::new(Policies::new(self.world.door.clone(), Arc::clone(&self.kernel) as _));
    }
}

#[tokio::test]
async fn a_closing_that_fails_is_not_tried_again_at_once() {
    let mut place = Place::new().await;
    place.keep().await;
    place.in_force().await;
    let person = place.world.person("anna", &[(Role::Operator, Scope::All)]).await;
    let cookie = place.world.sign_in(&person).await;
    let session = place.world.gate.session(&cookie, None).await.unwrap();
    place.pinhole(&session.actor, Some(Session::Web(session.id.clone()))).await;
    place.kernel.is_there(false);
    place.until("nobody listens", || !place.kernel.is_followed()).await;
    let mut news = place.world.door.events().listen();
    place.world.gate.sign_out(&cookie).await;
    let mut records = 0;
    // Quiet can only be seen by waiting: each try came 200 ms after the one before.
    let count = async {
        while let Ok(event) = news.recv().await {
            records += usize::from(matches!(event.what, What::Audited { .. }));
        }
    };
    let _time_is_over = tokio::time::timeout(Duration::from_millis(1500), count).await;
    assert!((2..=4).contains(&records), "the sign-out and one try are written down: {records} records");
    assert_eq!(place.policies.pinholes(&operator()).len(), 1, "what is open is listed");
    place.kernel.is_there(true);
    place.until("it closes with the program's return", || place.open("p-") == 0).await;
    assert!(place.policies.pinholes(&operator()).is_empty());
    assert!(ClosePinhole { id: "p-1".into(), why: String::new() }.is_essential());
    assert!(LetClose { devices: Vec::new(), names: Vec::new() }.is_essential());
}

#[tokio::test]
async fn an_opening_that_is_closed_while_it_opens_does_not_stay() {
    let place = Place::new().await;
    place.in_force().await;
    let gate = Arc::new(Semaphore::new(0));
    place.kernel.held().gate = Some(Arc::clone(&gate));
    let close = async {
        place.until("it is known", || !place.policies.pinholes(&operator()).is_empty()).await;
        let id = place.policies.pinholes(&operator())[0].id.clone();
        let closing = place.run(ClosePinhole { id, why: "its session has ended".into() });
        tokio::pin!(closing);
        let early = tokio::time::timeout(Duration::from_millis(100), &mut closing).await;
        gate.add_permits(1);
        if let Ok(outcome) = early { outcome } else { closing.await }
    };
    let (opened, closed) = tokio::join!(place.run(open()), close);
    opened.unwrap();
    closed.unwrap();
    assert_eq!((place.open("p-"), place.policies.pinholes(&operator()).len()), (0, 0));
}

#[tokio::test]
async fn what_is_open_and_nobody_knows_closes() {
    let mut place = Place::new().await;
    place.in_force().await;
    place.kernel.held().opens_only = Some(1);
    place.run(open()).await.unwrap_err();
    assert_eq!((place.open("p-"), place.policies.pinholes(&operator()).len()), (0, 0), "it failed half-way");
    place.kernel.held().opens_only = None;
    let kept = place.run(open()).await.unwrap().id;
    {
        let mut held = place.kernel.held();
        let hole = held.open.values().next().copied().unwrap();
        held.open.extend(["p-lost-0", "poll-d-lost", "other"].map(|name| (name.to_owned(), hole)));
    }
    place.restart().await;
    place.until("they are closed", || place.open("p-lost") + place.open("poll-d-lost") == 0).await;
    assert_eq!((place.open(&kept), place.open("other"), place.open("poll-d-read")), (2, 1, 1));
}

#[tokio::test]
async fn an_opening_closes_when_its_device_moves() {
    let mut place = Place::new().await;
    place.keep().await;
    place.in_force().await;
    place.run(open()).await.unwrap();
    assert_eq!(place.open("p-"), 2);
    place.moves("d-seen", "10.20.0.88");
    place.until("it is closed", || place.open("p-") == 0).await;
}

#[tokio::test]
async fn a_quarantine_that_moves_frees_no_other() {
    let place = Place::new().await;
    place.in_force().await;
    let set = |device: &str| SetQuarantine { device: id(device), on: true, why: "it scans".into() };
    place.run(set("d-read")).await.unwrap();
    place.moves("d-read", "10.20.0.99");
    place.moves("d-seen", "10.20.0.7");
    place.run(set("d-seen")).await.unwrap();
    place.run(set("d-read")).await.unwrap();
    let mut isolated = place.kernel.held().isolated.clone();
    isolated.sort();
    assert_eq!(isolated, [address("10.20.0.7"), address("10.20.0.99")]);
}

#[tokio::test]
async fn a_quarantine_that_follows_its_device_keeps_who_asked_for_it() {
    let mut place = Place::new().await;
    place.in_force().await;
    let set = SetQuarantine { device: id("d-read"), on: true, why: "it scans".into() };
    let person = place.world.person("anna", &[(Role::Administrator, Scope::All)]).await;
    let cookie = place.world.sign_in(&person).await;
    let anna = place.world.gate.session(&cookie, None).await.unwrap().actor;
    place.world.door.run(&anna, &place.policies, set).await.unwrap();
    place.keep().await;
    place.moves("d-read", "10.20.0.66");
    let is_there = || place.kernel.held().isolated.contains(&address("10.20.0.66"));
    place.until("it is cut off where it is now", is_there).await;
    let who = || place.policies.quarantine_of(&id("d-read")).unwrap();
    place.until("that is known", || who().address == address("10.20.0.66")).await;
    assert_eq!(who().principal, "anna");
}

#[tokio::test]
async fn a_confirmation_that_was_not_written_down_is_no_obstacle() {
    use VersionState::{Candidate, Confirmed, Superseded};
    let mut place = Place::new().await;
    place.in_force().await;
    let version = place.propose(&second()).await;
    place.apply(version, 60).await;
    let generation = place.kernel.held().trial.take().unwrap().0;
    place.kernel.held().confirmed = Some(generation);
    place.wakes();
    let status = place.policies.status(&operator()).await.unwrap();
    assert_eq!(status.confirmed.unwrap().number, version, "the kernel's word counts");
    assert!(status.disagreement.is_some_and(|text| text.contains("could not be written down")));
    let third = place.propose(&SCENARIO.replace("\nversion: 1.", "\nversion: 8.")).await;
    place.apply(third, 60).await;
    assert_eq!(place.states().await, [(3, Candidate), (2, Confirmed), (1, Superseded)]);
    place.run(confirm(third)).await.unwrap();
    let again = place.run(Apply { version: third, seconds: 60 }).await.unwrap_err();
    assert!(again.hint.is_some_and(|hint| hint.contains("`portcullis policy drift --repair`")));
}

#[tokio::test]
async fn a_trial_that_the_kernel_ended_is_not_the_current_version() {
    let mut place = Place::new().await;
    place.in_force().await;
    let version = place.propose(&second()).await;
    place.apply(version, 60).await;
    let current = async |place: &Place| {
        place.policies.plan(&operator(), Which::Current).await.unwrap().0.unwrap().number
    };
    assert_eq!(current(&place).await, 2);
    place.kernel.fall_back();
    place.wakes();
    let mut news = place.world.door.events().listen();
    let status = place.policies.status(&operator()).await.unwrap();
    assert_eq!((status.enforced, status.trial), (Enforced::Confirmed, None));
    let told = news.recv().await.unwrap().what;
    assert!(matches!(told, What::PolicyChanged { step: PolicyStep::Program, .. }), "{told:?}");
    assert_eq!(current(&place).await, 1, "the store was not told yet");
}

#[tokio::test]
async fn a_confirmation_from_the_appliance_itself_proves_nothing() {
    let place = Place::new().await;
    let version = place.propose(SCENARIO).await;
    place.apply(version, 60).await;
    for from in ["127.0.0.1", "::1", "10.20.0.1"] {
        let refused = place.run(confirm_from(from, version)).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Conflict);
        assert!(refused.cause.contains("the appliance itself"), "{refused}");
        assert!(refused.hint.is_some_and(|hint| hint.contains("--local")));
    }
    let unknown = Confirm { over: None, ..confirm_from("10.1.5.10", version) };
    assert_eq!(place.run(unknown).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(place.policies.enforced(), Enforced::Trial);
    place.run(Confirm { local: true, ..confirm_from("127.0.0.1", version) }).await.unwrap();
    let query = audit::Query { action: Some(Action::PolicyConfirm), ..audit::Query::default() };
    let entries = place.world.door.audit().list(query).await.unwrap();
    assert_eq!(
        (&entries[0].detail["from"], &entries[0].detail["local"]),
        (&"127.0.0.1".into(), &true.into())
    );
}

#[tokio::test]
async fn an_isolation_that_nobody_knows_of_is_named_and_let_back() {
    let mut place = Place::new().await;
    place.in_force().await;
    // The rows of these were lost: of a device that is known, and of an address that is nobody's.
    place.kernel.held().isolated = vec![address("10.20.0.7"), address("10.20.0.99")];
    place.restart().await;
    let status = place.policies.status(&operator()).await.unwrap();
    assert_eq!(status.strange, [address("10.20.0.7"), address("10.20.0.99")]);
    let let_back = async |key: &str| {
        let device = place.policies.to_set(&operator(), key, false)?;
        place.run(SetQuarantine { device, on: false, why: String::new() }).await
    };
    assert_eq!(let_back("10.20.0.50").await.unwrap_err().kind, Kind::NotFound);
    let_back("r1-read").await.unwrap();
    let_back("10.20.0.99").await.unwrap();
    assert!(place.kernel.held().isolated.is_empty());
    assert!(place.policies.status(&operator()).await.unwrap().strange.is_empty());
    assert_eq!(let_back("r1-read").await.unwrap_err().kind, Kind::Conflict);
    assert!(place.policies.to_set(&operator(), "10.20.0.99", true).is_err(), "only a device is cut off");
}

#[tokio::test]
async fn who_was_let_back_on_a_full_disk_is_not_cut_off_by_a_restart() {
    let mut place = Place::new().await;
    place.in_force().await;
    let set = |on| SetQuarantine { device: id("d-read"), on, why: "it scans".into() };
    let cut_off = place.run(set(true)).await.unwrap().unwrap();
    place.run(set(false)).await.unwrap();
    // The row could not be deleted.
    place.world.store.put_quarantine(&cut_off).await.unwrap();
    place.restart().await;
    assert!(place.policies.quarantined(&operator()).is_empty() && place.kernel.held().isolated.is_empty());
    // Cut off once more, it stays so.
    place.run(set(true)).await.unwrap();
    place.restart().await;
    assert_eq!(place.policies.quarantined(&operator()).len(), 1);
}

/// What the kernel shows of rule 1 of the shipped policy.
fn counted(packets: u64) -> Vec<Counted> {
    let comment = "out_of_band_management/1.0.0/1/bmc_management".to_owned();
    vec![Counted { chain: "confirmed_rule_1_out".into(), comment, packets, bytes: packets * 60 }]
}

#[tokio::test]
async fn hits_add_up_over_loads_and_restarts() {
    let mut place = Place::new().await;
    place.keep().await;
    place.in_force().await;
    let hits = async |place: &Place| {
        let hits = place.policies.status(&operator()).await.unwrap().hits;
        (hits[0].packets, hits[0].bytes, hits[0].since, hits[0].last)
    };
    place.kernel.held().counters = counted(5);
    let (packets, bytes, since, last) = hits(&place).await;
    assert_eq!((packets, bytes), (5, 300));
    place.stop().await;
    place.world.later(jiff::SignedDuration::from_mins(1));
    place.kernel.held().counters = counted(9);
    place.restart().await;
    let told = hits(&place).await;
    assert_eq!((told.0, told.1, told.2), (9, 540, since));
    assert!(told.3 > last, "it has counted since");
    // A load begins at zero, and by now the counter is past where it was.
    let version = place.propose(&second()).await;
    place.apply(version, 60).await;
    place.run(confirm(version)).await.unwrap();
    place.kernel.held().counters = counted(11);
    assert_eq!(hits(&place).await.0, 20);
}

#[tokio::test]
async fn a_rule_that_only_logs_tells_what_it_would_have_cost() {
    let mut place = Place::new().await;
    place.keep().await;
    let site = SITE.replace(", app_id: clear_text_mgmt}", "}") + "shadow: [clear_text_mgmt]\n";
    let (scenario, site) = (Some(SCENARIO.to_owned()), Some(site));
    let version = place.run(Propose { scenario, site, note: String::new() }).await.unwrap().number;
    place.apply(version, 60).await;
    place.run(confirm(version)).await.unwrap();
    let comment = "out_of_band_management/1.0.0/6/clear_text_mgmt".to_owned();
    let counted = Counted { chain: "confirmed_rule_6_in".into(), comment, packets: 40, bytes: 4000 };
    place.kernel.held().counters = vec![counted];
    for _ in 0..3 {
        place.kernel.tell(Record::Packet(LoggedPacket {
            at: 0,
            prefix: "pc:i:6:clear_text_mgmt:would_drop".into(),
            from: Some(address("10.20.0.7")),
            to: Some(address("10.20.0.1")),
            protocol: 17,
            port: 623,
            ..LoggedPacket::default()
        }));
    }
    let cost = async || place.policies.status(&operator()).await.unwrap().shadow;
    let began = std::time::Instant::now();
    while cost().await[0].pairs.first().is_none_or(|pair| pair.records < 3) {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", cost().await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let told = cost().await;
    assert_eq!((told.len(), told[0].hits.packets, told[0].others), (1, 40, 0));
    let pair = &told[0].pairs[0];
    assert_eq!((pair.from.device.as_deref(), &*pair.service), (Some("r1-read"), "udp/623"));
    assert_eq!(pair.to.device, None);
    // Other rules are loaded: what the log told of these is over.
    place.in_force().await;
    assert!(cost().await.is_empty());
}
