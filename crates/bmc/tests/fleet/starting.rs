//! A controller that restarts in the middle of an act, and answers oddly before its service is whole.

use crate::book::{Records, TestBook};
use crate::fake::{Fake, Fault, RESET, SESSIONS};
use crate::{Running, book_of, config};
use bmc::Config;
use model::book::Observation;
use model::device::{Power, Reset};
use model::{Kind, Stage};
use std::time::Duration;

const ROOT: &str = "GET /redfish/v1/$";

fn login() -> String {
    format!("POST {SESSIONS}")
}

fn patient() -> Config {
    Config { power_forced_deadline: 90, starting_grace: 2, ..config() }
}

/// Goes away as a restart does: every connection breaks, and nobody is signed in any more.
fn go_down(fake: &Fake) {
    fake.with(|state| {
        state.down = true;
        state.sessions.clear();
    });
}

/// Waits until it was asked in vain, and lets it answer again.
async fn come_back(fake: &Fake, book: &TestBook) {
    let asked = fake.with(|state| state.log.len());
    book.until("a request in vain", |_| (fake.with(|state| state.log.len()) > asked).then_some(())).await;
    fake.with(|state| state.down = false);
}

fn is_inventoried(records: &Records) -> Option<()> {
    records.observed.iter().any(|it| matches!(it, Observation::Inventoried { .. })).then_some(())
}

#[tokio::test]
async fn an_act_outlasts_whatever_a_controller_answers_while_it_starts() {
    let fake = Fake::start().await;
    let running = Running::start(book_of(&fake, Stage::InService), patient());
    running.refresh().await.unwrap();
    fake.with(|state| state.takes = Duration::from_secs(4));
    let act = running.switch(Reset::ForceOff);
    let restart = async {
        let post = format!("POST {RESET}");
        running.book.until("the request", |_| (fake.count(&post) == 1).then_some(())).await;
        go_down(&fake);
        for status in [503, 404, 401, 501] {
            fake.fault(ROOT, Fault::Status(status, None));
        }
        for status in [405, 503, 401] {
            fake.fault(&login(), Fault::Status(status, None));
        }
        come_back(&fake, &running.book).await;
    };
    let ((_, outcome), ()) = tokio::join!(act, restart);
    assert_eq!(outcome.unwrap(), Power::Off);
    fake.with(|state| {
        assert_eq!(state.faults.len(), 0, "all of it was met");
        assert_eq!(state.with_account, 0, "the account was sent to a controller that has sessions");
    });
    assert_eq!(fake.count(&format!("POST {RESET}")), 1);
    assert_eq!(fake.count(&login()), 1 + 3 + 1, "one further try after the refusal");
    running.stop().await;
    assert_eq!(fake.open_sessions(), 0);
}

#[tokio::test]
async fn an_act_that_finds_a_controller_starting_waits_for_it() {
    let fake = Fake::start().await;
    let running = Running::start(book_of(&fake, Stage::InService), patient());
    running.refresh().await.unwrap();
    fake.fault(&login(), Fault::Status(404, None));
    for _ in 0..2 {
        fake.fault(ROOT, Fault::Status(404, None));
    }
    fake.with(|state| state.sessions.clear());
    let (record, outcome) = running.switch(Reset::ForceOff).await;
    assert_eq!(outcome.unwrap(), Power::Off);
    let (steps, _) = running.book.steps(record);
    assert!(steps.iter().any(|step| step.contains("it seems to be starting: answered 404")), "{steps:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_request_that_a_starting_controller_does_not_know_yet_is_sent_once_it_does() {
    let fake = Fake::start().await;
    let running = Running::start(book_of(&fake, Stage::InService), patient());
    running.refresh().await.unwrap();
    let post = format!("POST {RESET}");
    // It goes away with the session between the look and the request; then it does not know the action for a while.
    fake.fault(&post, Fault::Status(401, None));
    for _ in 0..2 {
        fake.fault(ROOT, Fault::Status(503, None));
    }
    fake.fault(&post, Fault::Status(404, None));
    fake.fault(&login(), Fault::Status(405, None));
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap(), Power::Off);
    assert_eq!(fake.with(|state| (state.faults.len(), state.with_account)), (0, 0));
    running.stop().await;
}

#[tokio::test]
async fn a_credential_that_is_really_refused_after_a_restart_is_sent_twice_and_no_more() {
    let fake = Fake::start().await;
    let config = Config { starting_grace: 1, ..patient() };
    let running = Running::start(book_of(&fake, Stage::InService), config);
    running.book.until("an inventory", is_inventoried).await;
    let logins = fake.with(|state| state.logins);
    go_down(&fake);
    fake.with(|state| state.password = "another".into());
    come_back(&fake, &running.book).await;
    running
        .book
        .until("the credential to be believed refused", |records| {
            let refused = |it: &&Observation| matches!(it, Observation::Unreachable { cause, .. } if cause.contains("refused the credential before"));
            (records.observed.iter().filter(refused).count() >= 3).then_some(())
        })
        .await;
    assert_eq!(fake.with(|state| state.logins) - logins, 2);
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap_err().kind, Kind::CredentialRefused);
    assert_eq!(fake.with(|state| state.logins) - logins, 2);
    assert_eq!(fake.count(&format!("POST {RESET}")), 0);
    running.stop().await;
}
