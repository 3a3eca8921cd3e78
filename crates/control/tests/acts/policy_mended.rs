//! The policy where something fails half-way: what was opened closes, what could not be written down is no obstacle, and a failure
//! that wakes the keeper does not keep it awake.

use crate::policy::{Place, SCENARIO, confirm, id};
use crate::world::operator;
use control::Policies;
use control::policy::Which;
use model::book::{Claim, DeviceBook as _, Observation};
use model::command::Command as _;
use model::command::policy::{Apply, ClosePinhole, LetClose, OpenPinhole, SetQuarantine};
use model::device::Endpoint;
use model::enforcement::{Enforced, Session, VersionState};
use model::event::{PolicyStep, What};
use model::{Role, Scope};
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
