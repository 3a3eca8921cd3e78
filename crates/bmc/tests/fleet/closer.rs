//! Sessions on controllers that are not adopted, not yet or not any more, are closed by what is written down
//! of them; and the session of one that is, is taken up again.

use crate::book::TestBook;
use crate::fake::{Fake, Fault, SESSIONS, SYSTEM, credential};
use crate::{Running, book_of, config, id, permit};
use jiff::{SignedDuration, Timestamp};
use model::book::{Observation, OpenSession, Proof, WayIn};
use model::command::Part;
use model::command::bmc::{Adopt, AdoptBy};
use model::{Action, Clock, Credential, Stage, SystemClock};
use std::sync::Arc;
use std::time::Duration;

fn by_hand(fake: &Fake) -> Adopt {
    let fingerprint = fake.certificate.as_ref().map(|it| it.fingerprint);
    Adopt { device: id(), by: AdoptBy::Hand { credential: credential(), fingerprint } }
}

fn seen(fake: &Fake) -> Arc<TestBook> {
    let book = book_of(fake, Stage::Seen);
    book.records.lock().unwrap().credentials.clear();
    book
}

/// An entry that an earlier life left.
fn left(fake: &Fake, path: Option<String>, proof: Proof, asked_at: Timestamp) -> OpenSession {
    let pin = fake.certificate.as_ref().map(|it| it.fingerprint);
    let way_in = Some(WayIn { endpoint: fake.endpoint, pin, proof });
    OpenSession { device: id(), path, asked_at, way_in }
}

fn opened(fake: &Fake) -> OpenSession {
    let now = SystemClock.now();
    let path = fake.add_session("portcullis", "127.0.0.1", now);
    let number = path.rsplit('/').next().unwrap().to_owned();
    left(fake, Some(path), Proof::Token(format!("t{number}").as_str().into()), now)
}

async fn all_closed(book: &TestBook, fake: &Fake) {
    let clean = |records: &crate::book::Records| {
        (records.sessions.is_empty() && fake.open_sessions() == 0).then_some(())
    };
    book.until("nothing open, nothing written down", clean).await;
}

/// Adopts in a life of its own that ends as `kill -9` ends it, once the controller has got so many requests.
async fn adopt_and_die(book: Arc<TestBook>, fake: &Fake, requests: usize) {
    let (command, state) = (by_hand(fake), fake.state.clone());
    let life = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let running = Running::start(book, config());
            let moment = async {
                while state.lock().unwrap().log.len() < requests {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                () = moment => {}
                _ = running.fleet.perform(permit(Action::DeviceAdopt), command) => {}
            }
        });
        runtime.shutdown_background();
    };
    tokio::task::spawn_blocking(life).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_adopts_by_hand_it_leaves_nothing_open() {
    let (mut asked, mut opened) = (0, 0);
    for round in 1..=12 {
        let fake = Fake::start().await;
        let book = seen(&fake);
        adopt_and_die(book.clone(), &fake, 1 + round % 4).await;
        let is_adopted = {
            let records = book.records.lock().unwrap();
            asked += records.sessions.iter().filter(|session| session.path.is_none()).count();
            opened += records.sessions.iter().filter(|session| session.path.is_some()).count();
            records.devices[&id()].is_adopted()
        };
        let running = Running::start(book.clone(), config());
        if !is_adopted {
            // What was asked for and not found may still come, so the entry may stay for a while.
            let open = |_: &crate::book::Records| (fake.open_sessions() == 0).then_some(());
            book.until("nothing is open", open).await;
            running.fleet.perform(permit(Action::DeviceAdopt), by_hand(&fake)).await.unwrap();
        }
        running.stop().await;
        assert_eq!(fake.open_sessions(), 0, "round {round}");
        assert_eq!(book.records.lock().unwrap().sessions, [], "round {round}");
    }
    assert!(asked > 0 && opened > 0, "{asked} ended before the answer, {opened} after it");
}

#[tokio::test]
async fn forgotten_and_killed_before_the_log_out_it_is_closed_without_a_sign_in() {
    let fake = Fake::start().await;
    let book = book_of(&fake, Stage::InService);
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    {
        let mut records = book.records.lock().unwrap();
        records.credentials.clear();
        records.devices.get_mut(&id()).unwrap().stage = Stage::Decommissioned;
        records.devices.get_mut(&id()).unwrap().pinned = None;
    }
    running.kill().await;
    assert_eq!(fake.open_sessions(), 1);
    let running = Running::start(book.clone(), config());
    all_closed(&book, &fake).await;
    running.stop().await;
    assert_eq!(fake.with(|state| state.logins), 1);
}

#[tokio::test]
async fn a_forgotten_device_that_is_away_is_closed_when_it_is_back_in_the_same_life() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    // The owner's log-out fails, and so do the first passes.
    for _ in 0..3 {
        fake.fault(&format!("DELETE {SESSIONS}"), Fault::Status(503, None));
    }
    {
        let mut records = running.book.records.lock().unwrap();
        records.credentials.clear();
        records.devices.remove(&id());
    }
    all_closed(&running.book, &fake).await;
    assert_eq!(fake.count(&format!("DELETE {SESSIONS}")), 4);
    assert_eq!(fake.with(|state| state.logins), 1);
    running.stop().await;
}

#[tokio::test]
async fn an_adoption_whose_sign_in_was_not_answered_is_looked_after_at_once() {
    let fake = Fake::start().await;
    fake.fault(&format!("POST {SESSIONS}"), Fault::DoneThenCut);
    let running = Running::start(seen(&fake), config());
    running.fleet.perform(permit(Action::DeviceAdopt), by_hand(&fake)).await.unwrap_err();
    all_closed(&running.book, &fake).await;
    assert_eq!(fake.with(|state| state.logins), 2, "the lost one, and one to close it");
    assert_eq!(running.book.records.lock().unwrap().let_in, [id()]);
    running.stop().await;
}

#[tokio::test]
async fn a_refused_account_is_sent_once_and_others_sessions_are_not_touched() {
    let fake = Fake::start().await;
    let wrong = Credential { username: "portcullis".into(), password: "wrong".into() };
    let other = fake.add_session("portcullis", "10.9.9.9", SystemClock.now());
    let book = seen(&fake);
    let now = SystemClock.now();
    for seconds in [1, 2, 3] {
        let asked = now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap();
        book.records.lock().unwrap().sessions.push(left(&fake, None, Proof::Account(wrong.clone()), asked));
    }
    let running = Running::start(book.clone(), config());
    book.until("all are given up", |records| records.sessions.is_empty().then_some(())).await;
    running.stop().await;
    let running = Running::start(book.clone(), config());
    running.stop().await;
    assert_eq!(fake.with(|state| state.logins), 1);
    assert!(book.records.lock().unwrap().let_in.is_empty());
    assert_eq!(fake.count(&format!("DELETE {other}")), 0);
}

#[tokio::test]
async fn an_account_closes_what_it_opened_and_what_comes_late() {
    let fake = Fake::start().await;
    fake.with(|state| state.tells_origin = false);
    let book = seen(&fake);
    let asked = SystemClock.now();
    book.records.lock().unwrap().sessions.push(left(&fake, None, Proof::Account(credential()), asked));
    let running =
        Running::start(book.clone(), bmc::Config { request_timeout: 1, connect_timeout: 1, ..config() });
    // The first look finds nothing: the controller carries the request out only now.
    book.until("a first look", |_| (fake.count(&format!("DELETE {SESSIONS}")) == 1).then_some(())).await;
    fake.add_session("portcullis", "127.0.0.1", SystemClock.now());
    all_closed(&book, &fake).await;
    assert_eq!(fake.with(|state| state.logins), 2);
    running.stop().await;
}

#[tokio::test]
async fn another_certificate_gets_nothing_and_what_is_a_day_old_is_given_up() {
    let fake = Fake::start().await;
    let book = seen(&fake);
    let mut entries = vec![opened(&fake)];
    fake.change_certificate();
    let old = SystemClock.now().saturating_sub(SignedDuration::from_hours(25)).unwrap();
    let away = model::device::Endpoint { port: 1, ..fake.endpoint };
    let mut unreachable = left(&fake, None, Proof::Account(credential()), old);
    unreachable.way_in.as_mut().unwrap().endpoint = away;
    entries.push(unreachable);
    entries.push(OpenSession { device: id(), path: None, asked_at: old, way_in: None });
    book.records.lock().unwrap().sessions = entries;
    let running = Running::start(book.clone(), config());
    book.until("all are given up", |records| records.sessions.is_empty().then_some(())).await;
    running.stop().await;
    assert!(fake.with(|state| state.log.is_empty()), "not one byte of HTTP");
}

#[tokio::test]
async fn what_cannot_be_closed_yet_stays_written_down() {
    let fake = Fake::start().await;
    let book = seen(&fake);
    let now = SystemClock.now();
    let mut away = left(&fake, None, Proof::Account(credential()), now);
    away.way_in.as_mut().unwrap().endpoint.port = 1;
    let old_version = OpenSession { device: id(), path: Some("/s/1".into()), asked_at: now, way_in: None };
    let old_version = OpenSession { device: model::DeviceId("other".into()), ..old_version };
    book.records.lock().unwrap().sessions = vec![away.clone(), old_version.clone()];
    let running = Running::start(book.clone(), config());
    tokio::time::timeout(Duration::from_secs(3), all_closed(&book, &fake)).await.unwrap_err();
    let before = tokio::time::Instant::now();
    running.stop().await;
    assert!(before.elapsed() < Duration::from_secs(1), "a stop does not wait for what is away");
    assert_eq!(book.records.lock().unwrap().sessions, [away, old_version]);
}

#[tokio::test]
async fn after_a_crash_the_session_is_taken_up_again() {
    let fake = Fake::start().await;
    let book = book_of(&fake, Stage::InService);
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    for _ in 0..3 {
        running_killed(&book, &fake).await;
    }
    drop(running);
    assert_eq!((fake.with(|state| state.logins), fake.open_sessions()), (1, 1));
    // In one of these lives the controller ends it: the first refusal tells, and a new one is opened.
    fake.with(|state| state.sessions.clear());
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    assert_eq!(fake.with(|state| state.logins), 2);
    assert_eq!((book.records.lock().unwrap().sessions.len(), fake.open_sessions()), (1, 1));
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
    assert!(book.records.lock().unwrap().sessions.is_empty());
}

async fn running_killed(book: &Arc<TestBook>, fake: &Fake) {
    let polls = fake.count(&format!("GET {SYSTEM}"));
    let running = Running::start(book.clone(), config());
    book.until("a poll", |_| (fake.count(&format!("GET {SYSTEM}")) > polls).then_some(())).await;
    running.kill().await;
}

#[tokio::test]
async fn of_several_the_newest_is_taken_up_and_the_others_closed_as_themselves() {
    let fake = Fake::start().await;
    let book = book_of(&fake, Stage::InService);
    let entries = vec![opened(&fake), opened(&fake), opened(&fake)];
    book.records.lock().unwrap().sessions = entries.clone();
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    assert_eq!(book.records.lock().unwrap().sessions, entries[2..]);
    assert_eq!((fake.with(|state| state.logins), fake.open_sessions()), (0, 1));
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn a_stop_right_after_the_start_closes_what_was_not_taken_up_yet() {
    let fake = Fake::start().await;
    let book = book_of(&fake, Stage::InService);
    book.records.lock().unwrap().sessions = vec![opened(&fake)];
    let running = Running::start(book.clone(), config());
    tokio::task::yield_now().await;
    running.stop().await;
    let open = book.records.lock().unwrap().sessions.len();
    assert_eq!(fake.open_sessions(), open, "closed, or the fleet had not begun");
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    running.stop().await;
    assert_eq!((fake.open_sessions(), book.records.lock().unwrap().sessions.len()), (0, 0));
}

#[tokio::test]
async fn a_session_at_another_certificate_is_not_taken_up() {
    let fake = Fake::start().await;
    let book = book_of(&fake, Stage::InService);
    let mut entry = opened(&fake);
    entry.way_in.as_mut().unwrap().pin = Some(model::Fingerprint([7; 32]));
    book.records.lock().unwrap().sessions = vec![entry.clone()];
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    // A person approved the certificate that the record has now: there it is closed, in favour of a new one.
    assert_eq!((fake.with(|state| state.logins), fake.open_sessions()), (1, 1));
    assert_eq!(fake.count(&format!("DELETE {}", entry.path.unwrap())), 1);
    assert!(
        book.records.lock().unwrap().observed.iter().any(|it| matches!(it, Observation::Inventoried { .. }))
    );
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}
