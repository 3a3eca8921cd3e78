//! Adoption: nothing for a stranger, one try for each credential, no session left.

use crate::fake::{Fake, Fault, SESSIONS, credential};
use crate::{Running, book_of, config, id, permit};
use model::book::Observation;
use model::command::Part;
use model::command::bmc::{Adopt, AdoptBy};
use model::device::{Fingerprint, Power, Reset};
use model::{Action, Credential, Failure, Kind, Stage};

async fn adopt(running: &Running, by: AdoptBy) -> Result<(), Failure> {
    running.fleet.perform(permit(Action::DeviceAdopt), Adopt { device: id(), by }).await
}

fn seen(fake: &Fake) -> Running {
    let book = book_of(fake, Stage::Seen);
    book.records.lock().unwrap().credentials.clear();
    Running::start(book, config())
}

fn hand(fake: &Fake, credential: Credential) -> AdoptBy {
    AdoptBy::Hand { credential, fingerprint: fake.certificate.as_ref().map(|it| it.fingerprint) }
}

#[tokio::test]
async fn by_hand_it_is_signed_in_read_and_served() {
    let fake = Fake::start().await;
    let running = seen(&fake);
    adopt(&running, hand(&fake, credential())).await.unwrap();
    {
        let records = running.book.records.lock().unwrap();
        assert_eq!(
            records.devices[&id()].pinned.as_ref().unwrap().fingerprint,
            fake.certificate.as_ref().unwrap().fingerprint
        );
        assert_eq!(records.devices[&id()].identity.serial.as_deref(), Some("SER1"));
        let inventories = records.observed.iter().filter(|it| matches!(it, Observation::Inventoried { .. }));
        assert_eq!(inventories.count(), 1);
    }
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap(), Power::Off);
    assert_eq!(adopt(&running, hand(&fake, credential())).await.unwrap_err().kind, Kind::Conflict);
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn another_certificate_than_the_one_seen_gets_nothing() {
    let fake = Fake::start().await;
    let running = seen(&fake);
    let by = AdoptBy::Hand { credential: credential(), fingerprint: Some(Fingerprint([7; 32])) };
    let failure = adopt(&running, by).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Conflict);
    assert!(failure.cause.contains("nothing was sent"), "{failure}");
    fake.change_certificate();
    assert_eq!(adopt(&running, AdoptBy::Rule).await.unwrap_err().kind, Kind::Conflict);
    let none = AdoptBy::Hand { credential: credential(), fingerprint: None };
    assert_eq!(adopt(&running, none).await.unwrap_err().kind, Kind::Invalid);
    assert!(fake.with(|state| state.log.is_empty()), "{:?}", fake.with(|state| state.log.clone()));
    running.stop().await;
}

#[tokio::test]
async fn a_refused_credential_adopts_nothing_and_leaves_nothing() {
    let fake = Fake::start().await;
    let running = seen(&fake);
    let wrong = Credential { username: "portcullis".into(), password: "wrong".into() };
    let failure = adopt(&running, hand(&fake, wrong)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::CredentialRefused);
    assert!(!format!("{failure:?}").contains("wrong"), "the password is never shown");
    assert_eq!(fake.with(|state| state.logins), 1);
    {
        let records = running.book.records.lock().unwrap();
        assert_eq!(records.devices[&id()].stage, Stage::Seen);
        assert!(records.sessions.is_empty() && records.credentials.is_empty());
    }
    running.stop().await;
}

#[tokio::test]
async fn by_rule_each_credential_is_tried_once() {
    let fake = Fake::start().await;
    let running = seen(&fake);
    let failure = adopt(&running, AdoptBy::Rule).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Refused);
    assert!(failure.hint.is_some());
    let wrong = Credential { username: "portcullis".into(), password: "wrong".into() };
    running.book.records.lock().unwrap().by_rule = vec![wrong, credential(), credential()];
    adopt(&running, AdoptBy::Rule).await.unwrap();
    running.book.until("the owner's session", |_| (fake.open_sessions() == 1).then_some(())).await;
    assert_eq!(fake.with(|state| state.logins), 2, "wrong and right; the owner goes on in the same session");
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn an_account_that_may_not_read_is_not_adopted() {
    let fake = Fake::start().await;
    fake.fault("GET /redfish/v1/Systems", Fault::Status(403, None));
    let running = seen(&fake);
    let failure = adopt(&running, hand(&fake, credential())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::CredentialRefused);
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn the_same_device_is_adopted_by_one_at_a_time() {
    let fake = Fake::start().await;
    fake.fault(&format!("POST {SESSIONS}"), Fault::Hang);
    let running = seen(&fake);
    let first = adopt(&running, hand(&fake, credential()));
    let second = async {
        running
            .book
            .until("the first one's login", |_| (fake.count(&format!("POST {SESSIONS}")) == 1).then_some(()))
            .await;
        adopt(&running, hand(&fake, credential())).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(second.unwrap_err().kind, Kind::Busy);
    assert_eq!(first.unwrap_err().kind, Kind::TimedOut);
    running.stop().await;
}

#[tokio::test]
async fn decommissioned_devices_stay_so() {
    let fake = Fake::start().await;
    let running = Running::start(book_of(&fake, Stage::Decommissioned), config());
    let failure = adopt(&running, hand(&fake, credential())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Conflict);
    assert!(failure.hint.is_some());
    running.stop().await;
}
