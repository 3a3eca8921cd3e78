//! Owner tasks: one session, polled, kept to one controller, given back at the end.

use crate::book::{TestBook, device};
use crate::fake::{Fake, Fault, SESSIONS, SYSTEM, credential};
use crate::{Running, book_of, config, id};
use model::Stage;
use model::book::Observation;
use model::device::{Power, Reset};
use std::time::Duration;

#[tokio::test]
async fn a_device_is_read_in_one_session_which_is_closed_at_the_end() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    let book = running.book.clone();
    book.until("an inventory", |records| {
        records.observed.iter().find(|it| matches!(it, Observation::Inventoried { .. })).cloned()
    })
    .await;
    book.until("three polls", |records| {
        let polls = records
            .observed
            .iter()
            .filter(|it| matches!(it, Observation::StateRead { power: Power::On, .. }));
        (polls.count() >= 3).then_some(())
    })
    .await;
    assert_eq!((fake.open_sessions(), fake.with(|state| state.logins)), (1, 1));
    assert_eq!(book.records.lock().unwrap().sessions.len(), 1);
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0, "{:?}", fake.with(|state| state.log.clone()));
    assert!(book.records.lock().unwrap().sessions.is_empty());
}

#[tokio::test]
async fn a_changed_certificate_gets_nothing() {
    let fake = Fake::start().await;
    let other = fake.change_certificate();
    let running = Running::with(&fake);
    let presented = running
        .book
        .until("a changed certificate", |records| {
            records.observed.iter().find_map(|it| match it {
                Observation::CertificateChanged { presented, .. } => Some(presented.clone()),
                _ => None,
            })
        })
        .await;
    assert_eq!(presented.fingerprint, other.fingerprint);
    let (_, outcome) = running.switch(Reset::ForceOff).await;
    assert_eq!(outcome.unwrap_err().kind, model::Kind::Conflict);
    assert!(fake.with(|state| state.log.is_empty()), "not one byte of HTTP");
    assert!(running.book.records.lock().unwrap().sessions.is_empty(), "nothing was opened");
    // Somebody approves it: from then on the device is read again.
    running.book.records.lock().unwrap().devices.get_mut(&id()).unwrap().pinned = Some(other);
    running
        .book
        .until("a reading", |records| {
            records
                .observed
                .iter()
                .any(|it| matches!(it, Observation::StateRead { .. } | Observation::Inventoried { .. }))
                .then_some(())
        })
        .await;
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn a_refused_credential_is_sent_once_until_it_changes() {
    let fake = Fake::start().await;
    fake.with(|state| state.password = "another".into());
    let running = Running::with(&fake);
    running
        .book
        .until("five failures", |records| {
            let failures = records.observed.iter().filter(|it| matches!(it, Observation::Unreachable { .. }));
            (failures.count() >= 5).then_some(())
        })
        .await;
    let (_, outcome) = running.switch(Reset::ForceOff).await;
    assert_eq!(outcome.unwrap_err().kind, model::Kind::CredentialRefused);
    assert_eq!(fake.with(|state| state.logins), 1);
    assert!(running.book.records.lock().unwrap().sessions.is_empty());
    // A person asks for a reading: one more try, and no other.
    assert_eq!(running.refresh().await.unwrap_err().kind, model::Kind::CredentialRefused);
    assert_eq!(fake.with(|state| state.logins), 2);
    let mut changed = credential();
    changed.password = "another".into();
    running.book.records.lock().unwrap().credentials.insert(id(), changed);
    running
        .book
        .until("a reading", |records| {
            records.observed.iter().any(|it| matches!(it, Observation::Inventoried { .. })).then_some(())
        })
        .await;
    assert_eq!(fake.with(|state| state.logins), 3);
    running.stop().await;
}

#[tokio::test]
async fn a_session_that_the_controller_ended_is_opened_again_once() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    fake.with(|state| state.sessions.clear());
    running.refresh().await.unwrap();
    running
        .book
        .until("a session in the book with its path, on the controller too", |records| {
            let open = records.sessions.iter().filter(|session| session.path.is_some()).count();
            (open == 1 && fake.open_sessions() == 1).then_some(())
        })
        .await;
    let logins = fake.with(|state| state.logins);
    assert!((2..=3).contains(&logins), "{logins}");
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn an_act_breaks_a_reading_off() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    // The poll hangs; the act does not wait for it.
    fake.fault(&format!("GET {SYSTEM}"), Fault::Hang);
    let polls = fake.count(&format!("GET {SYSTEM}"));
    running
        .book
        .until("a hanging poll", |_| (fake.count(&format!("GET {SYSTEM}")) > polls).then_some(()))
        .await;
    let before = tokio::time::Instant::now();
    let (_, outcome) = running.switch(Reset::On).await;
    assert_eq!(outcome.unwrap(), Power::On);
    assert!(before.elapsed() < Duration::from_millis(1500), "{:?}", before.elapsed());
    running.stop().await;
}

#[tokio::test]
async fn an_act_goes_before_a_reading_that_somebody_asked_for() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    fake.fault("GET /redfish/v1/Systems", Fault::Hang);
    let refresh = running.refresh();
    let switch = async {
        let asked = fake.count("GET /redfish/v1/Systems");
        running
            .book
            .until("a hanging refresh", |_| (fake.count("GET /redfish/v1/Systems") > asked).then_some(()))
            .await;
        let before = tokio::time::Instant::now();
        let outcome = running.switch(Reset::ForceOff).await.1;
        (outcome, before.elapsed())
    };
    let (refreshed, (switched, took)) = tokio::join!(refresh, switch);
    assert_eq!(switched.unwrap(), Power::Off);
    assert!(took < Duration::from_millis(1900), "{took:?}");
    refreshed.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_long_reading() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    fake.fault("GET /redfish/v1/Systems", Fault::Hang);
    let asked = fake.count("GET /redfish/v1/Systems");
    let refresh = {
        let command = model::command::bmc::Refresh { device: id() };
        model::command::Part::perform(&running.fleet, crate::permit(model::Action::DeviceRefresh), command)
    };
    running
        .book
        .until("a hanging refresh", |_| (fake.count("GET /redfish/v1/Systems") > asked).then_some(()))
        .await;
    let fleet = running.fleet.clone();
    drop(refresh);
    let before = tokio::time::Instant::now();
    running.stop().await;
    assert!(before.elapsed() < Duration::from_millis(1500), "{:?}", before.elapsed());
    assert_eq!(fake.open_sessions(), 0);
    drop(fleet);
}

#[tokio::test]
async fn a_controller_that_is_away_is_found_again_and_a_moved_one_followed() {
    let fake = Fake::start().await;
    let elsewhere = model::device::Endpoint { port: 1, ..fake.endpoint };
    let device = device("r1-u07", elsewhere, fake.certificate.clone(), Stage::InService);
    let running = Running::start(TestBook::with(vec![(device, credential())]), config());
    running
        .book
        .until("unreachable", |records| {
            records.observed.iter().any(|it| matches!(it, Observation::Unreachable { .. })).then_some(())
        })
        .await;
    running.book.records.lock().unwrap().devices.get_mut(&id()).unwrap().endpoint = fake.endpoint;
    running
        .book
        .until("read", |records| {
            records.observed.iter().any(|it| matches!(it, Observation::Inventoried { .. })).then_some(())
        })
        .await;
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn a_forgotten_device_is_left_alone_and_its_session_closed() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    {
        let mut records = running.book.records.lock().unwrap();
        records.devices.get_mut(&id()).unwrap().stage = Stage::Decommissioned;
        records.credentials.clear();
    }
    running.book.until("the session to be closed", |_| (fake.open_sessions() == 0).then_some(())).await;
    let (_, outcome) = running.switch(Reset::ForceOff).await;
    assert_eq!(outcome.unwrap_err().kind, model::Kind::Conflict);
    running.stop().await;
}

#[tokio::test]
async fn an_idle_connection_can_be_closed_while_the_session_stays() {
    let fake = Fake::start().await;
    let running =
        Running::start(book_of(&fake, Stage::InService), bmc::Config { close_idle: true, ..config() });
    running.book.until("three polls", |_| (fake.count(&format!("GET {SYSTEM}")) >= 4).then_some(())).await;
    assert_eq!(fake.with(|state| state.logins), 1);
    assert!(fake.with(|state| state.connections) >= 3);
    assert_eq!(fake.count(&format!("POST {SESSIONS}")), 1);
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}
