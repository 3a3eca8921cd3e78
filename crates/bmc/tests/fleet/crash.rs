//! What is left open by a crash is closed by the next start, and nobody else's session is.

use crate::fake::{Fake, Fault, SESSIONS};
use crate::{Running, book_of, config, id};
use jiff::{SignedDuration, Timestamp};
use model::book::OpenSession;
use model::{Clock, Stage, SystemClock};

fn left(path: Option<String>, asked_at: Timestamp) -> OpenSession {
    OpenSession { device: id(), path, asked_at, way_in: None }
}

#[tokio::test]
async fn killed_and_started_again_leaves_no_session_behind() {
    let fake = Fake::start().await;
    let book = book_of(&fake, Stage::InService);
    for round in 0..10_u64 {
        let running = Running::start(book.clone(), config());
        // Killed at ever other points of the first second.
        tokio::time::timeout(std::time::Duration::from_millis(round * 7), std::future::pending::<()>())
            .await
            .unwrap_err();
        running.kill().await;
    }
    book.records.lock().unwrap().observed.clear();
    let running = Running::start(book.clone(), config());
    book.until("one session, in use", |records| {
        let in_book = records.sessions.len() == 1 && records.sessions[0].path.is_some();
        (!records.observed.is_empty() && in_book && fake.open_sessions() == 1).then_some(())
    })
    .await;
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
    assert!(book.records.lock().unwrap().sessions.is_empty());
}

#[tokio::test]
async fn a_session_whose_answer_was_never_written_down_is_found() {
    for tells_origin in [true, false] {
        let fake = Fake::start().await;
        // The controller's clock is a year slow.
        fake.with(|state| {
            state.tells_origin = tells_origin;
            state.clock_shift = SignedDuration::from_hours(-24 * 365);
        });
        let now = SystemClock.now();
        let asked = now.saturating_sub(SignedDuration::from_secs(600)).unwrap();
        fake.add_session("portcullis", "127.0.0.1", asked);
        let others = [
            fake.add_session(
                "portcullis",
                "10.9.9.9",
                now.saturating_sub(SignedDuration::from_hours(30)).unwrap(),
            ),
            fake.add_session("root", "127.0.0.1", asked),
        ];
        let book = book_of(&fake, Stage::InService);
        book.records.lock().unwrap().sessions.push(left(None, asked));
        let running = Running::start(book.clone(), config());
        book.until("only the session in use and others'", |records| {
            let ours = records.sessions.iter().any(|session| session.path.is_some());
            (ours && fake.open_sessions() == 3).then_some(())
        })
        .await;
        running.stop().await;
        let kept: Vec<String> =
            fake.with(|state| state.sessions.keys().map(|n| format!("{SESSIONS}/{n}")).collect());
        assert_eq!(kept, others);
    }
}

#[tokio::test]
async fn while_the_controller_is_away_the_entry_stays() {
    let fake = Fake::start().await;
    let path = fake.add_session("portcullis", "127.0.0.1", SystemClock.now());
    let book = book_of(&fake, Stage::InService);
    let away = model::device::Endpoint { port: 1, ..fake.endpoint };
    {
        let mut records = book.records.lock().unwrap();
        records.devices.get_mut(&id()).unwrap().endpoint = away;
        records.sessions.push(left(Some(path.clone()), SystemClock.now()));
    }
    let running = Running::start(book.clone(), config());
    book.until("two tries", |records| (records.observed.len() >= 2).then_some(())).await;
    running.stop().await;
    assert_eq!(book.records.lock().unwrap().sessions[0].path.as_ref(), Some(&path));
    // It comes back while the appliance runs.
    let running = Running::start(book.clone(), config());
    book.until("one more try", |records| (records.observed.len() >= 3).then_some(())).await;
    book.records.lock().unwrap().devices.get_mut(&id()).unwrap().endpoint = fake.endpoint;
    book.until("closed", |_| (fake.count(&format!("DELETE {path}")) == 1).then_some(())).await;
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
    assert!(book.records.lock().unwrap().sessions.is_empty());
}

#[tokio::test]
async fn a_login_whose_answer_is_lost_is_cleaned_up_in_the_same_life() {
    let fake = Fake::start().await;
    fake.fault(&format!("POST {SESSIONS}"), Fault::DoneThenCut);
    let running = Running::with(&fake);
    running
        .book
        .until("one session on both sides", |records| {
            let open = records.sessions.iter().filter(|session| session.path.is_some()).count();
            (open == 1 && records.sessions.len() == 1 && fake.open_sessions() == 1).then_some(())
        })
        .await;
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn a_session_that_cannot_be_closed_keeps_no_device_out_of_service() {
    let fake = Fake::start().await;
    let path = fake.add_session("portcullis", "127.0.0.1", SystemClock.now());
    let book = book_of(&fake, Stage::InService);
    book.records.lock().unwrap().sessions.push(left(Some(path.clone()), SystemClock.now()));
    // At the start, and again when the appliance stops.
    fake.fault(&format!("DELETE {path}"), Fault::Status(500, None));
    fake.fault(&format!("DELETE {path}"), Fault::Status(500, None));
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    running.stop().await;
    {
        let records = book.records.lock().unwrap();
        let kept = records.sessions.iter().any(|session| session.path.as_ref() == Some(&path));
        assert!(kept, "{:?}", records.sessions);
    }
    let running = Running::start(book.clone(), config());
    running.refresh().await.unwrap();
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
    assert!(book.records.lock().unwrap().sessions.is_empty());
}
