//! Switching against a controller that answers badly, late or not at all.

use crate::fake::{Fake, Fault, RESET, SYSTEM};
use crate::{Running, permit};
use model::command::Part;
use model::command::bmc::SwitchPower;
use model::device::{Power, Reset};
use model::event::Ended;
use model::{Action, Kind};

fn post() -> String {
    format!("POST {RESET}")
}

#[tokio::test]
async fn off_is_waited_for_and_told_step_by_step() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    let (record, outcome) = running.switch(Reset::ForceOff).await;
    assert_eq!(outcome.unwrap(), Power::Off);
    let (steps, ended) = running.book.steps(record);
    assert_eq!(ended, Some(Ended::Done));
    assert!(steps.iter().any(|step| step == "sending force_off"), "{steps:?}");
    assert!(steps.iter().any(|step| step == "waiting for off; it is on"), "{steps:?}");
    assert_eq!(steps.last().unwrap(), "it is so; it is off");
    // Again: nothing is sent.
    let (record, outcome) = running.switch(Reset::ForceOff).await;
    assert_eq!(outcome.unwrap(), Power::Off);
    assert!(running.book.steps(record).0.last().unwrap().contains("off already; nothing was sent"));
    assert_eq!(fake.count(&post()), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_power_cycle_that_is_not_offered_goes_through_off() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    let (record, outcome) = running.switch(Reset::PowerCycle).await;
    assert_eq!(outcome.unwrap(), Power::On);
    let (steps, _) = running.book.steps(record);
    let sent: Vec<&String> = steps.iter().filter(|step| step.starts_with("sending")).collect();
    assert_eq!(sent, ["sending force_off", "sending on"], "{steps:?}");
    assert!(steps.iter().any(|step| step.contains("power_cycle is not offered")), "{steps:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_restart_is_seen() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    let (record, outcome) = running.switch(Reset::ForceRestart).await;
    assert_eq!(outcome.unwrap(), Power::On);
    assert_eq!(running.book.steps(record).0.last().unwrap(), "it was seen to restart; it is on");
    running.stop().await;
}

#[tokio::test]
async fn what_is_not_offered_is_refused_and_what_is_offered_named() {
    let fake = Fake::start().await;
    fake.with(|state| state.resets = vec!["On", "ForceOff"]);
    let running = Running::with(&fake);
    let failure = running.switch(Reset::GracefulShutdown).await.1.unwrap_err();
    assert_eq!(failure.kind, Kind::Unsupported);
    assert!(failure.to_string().starts_with("graceful shutdown r1-u07 at 127.0.0.1:"), "{failure}");
    assert_eq!(failure.hint.as_deref(), Some("it offers on, force_off"));
    assert_eq!(fake.count(&post()), 0);
    running.stop().await;
}

#[tokio::test]
async fn unknown_satisfies_no_wait() {
    let fake = Fake::start().await;
    fake.with(|state| state.power = "Rebooting");
    let running = Running::with(&fake);
    fake.with(|state| state.takes = std::time::Duration::from_secs(600));
    let failure = running.switch(Reset::ForceOff).await.1.unwrap_err();
    assert_eq!(failure.kind, Kind::TimedOut);
    assert!(failure.cause.contains("it is not off after 5 s; last seen unknown"), "{failure}");
    assert_eq!(fake.count(&post()), 1, "it was sent, since unknown is not off");
    running.stop().await;
}

#[tokio::test]
async fn not_now_is_tried_again_and_a_flat_no_is_not() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    fake.fault(&post(), Fault::Status(503, Some(1)));
    fake.fault(&post(), Fault::Status(409, Some(1)));
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap(), Power::Off);
    assert_eq!(fake.count(&post()), 3);
    fake.fault(&post(), Fault::Status(409, None));
    let failure = running.switch(Reset::On).await.1.unwrap_err();
    assert_eq!(failure.kind, Kind::Conflict);
    assert!(failure.cause.contains("answered 409"), "{failure}");
    fake.fault(&post(), Fault::Status(503, Some(60)));
    let failure = running.switch(Reset::On).await.1.unwrap_err();
    assert_eq!(failure.kind, Kind::Busy);
    assert!(failure.cause.contains("503") && failure.cause.contains("before the deadline"), "{failure}");
    assert_eq!(fake.count(&post()), 5);
    running.stop().await;
}

#[tokio::test]
async fn a_request_that_broke_off_is_never_repeated() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    // Done, but the answer was lost: the state tells.
    fake.fault(&post(), Fault::DoneThenCut);
    assert_eq!(running.switch(Reset::ForceOff).await.1.unwrap(), Power::Off);
    assert_eq!(fake.count(&post()), 1);
    // Not done, and nobody can know: it fails and says so.
    fake.fault(&post(), Fault::Cut);
    let failure = running.switch(Reset::On).await.1.unwrap_err();
    assert_eq!((failure.kind, fake.count(&post())), (Kind::TimedOut, 2));
    assert!(
        failure.cause.contains("last seen off") && failure.cause.contains("was not sent again"),
        "{failure}"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_controller_that_hangs_does_not_hold_an_act_past_its_deadline() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    fake.fault(&post(), Fault::Hang);
    for _ in 0..40 {
        fake.fault(&format!("GET {SYSTEM}"), Fault::Hang);
    }
    // The reading before the act hangs: nothing is sent.
    let before = tokio::time::Instant::now();
    let failure = running.switch(Reset::ForceOff).await.1.unwrap_err();
    assert!(matches!(failure.kind, Kind::TimedOut), "{failure}");
    assert!(before.elapsed() < std::time::Duration::from_secs(8));
    assert_eq!(fake.count(&post()), 0);
    // Then only the request itself does.
    fake.with(|state| state.faults.retain(|(request, _)| request.starts_with("POST")));
    let failure = running.switch(Reset::ForceOff).await.1.unwrap_err();
    assert_eq!((failure.kind, fake.count(&post())), (Kind::TimedOut, 1));
    running.stop().await;
}

#[tokio::test]
async fn a_forced_switch_takes_the_place_of_a_graceful_one_and_others_find_it_busy() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    running.refresh().await.unwrap();
    fake.with(|state| state.takes = std::time::Duration::from_secs(600));
    let graceful = async {
        let (record, outcome) = running.switch(Reset::GracefulShutdown).await;
        (running.book.steps(record), outcome)
    };
    let others = async {
        running.book.until("the graceful request", |_| (fake.count(&post()) == 1).then_some(())).await;
        let busy = running.switch(Reset::GracefulRestart).await.1.unwrap_err();
        fake.with(|state| {
            state.pending.clear();
            state.takes = std::time::Duration::from_millis(100);
        });
        (busy, running.switch(Reset::ForceOff).await.1)
    };
    let ((steps, graceful), (busy, forced)) = tokio::join!(graceful, others);
    assert_eq!(busy.kind, Kind::Busy);
    assert!(busy.cause.contains("graceful shutdown is under way"), "{busy}");
    let superseded = graceful.unwrap_err();
    assert_eq!((superseded.kind, steps.1), (Kind::Conflict, Some(Ended::Failed)));
    assert!(superseded.cause.contains("force_off"), "{superseded}");
    assert_eq!(forced.unwrap(), Power::Off);
    running.stop().await;
}

#[tokio::test]
async fn an_act_is_carried_out_even_if_nobody_waits_for_it() {
    let fake = Fake::start().await;
    let running = Running::with(&fake);
    let command = SwitchPower { device: crate::id(), reset: Reset::ForceOff };
    drop(running.fleet.perform(permit(Action::DevicePower), command));
    running.book.until("off", |_| fake.with(|state| (state.power == "Off").then_some(()))).await;
    running.stop().await;
}

#[tokio::test]
async fn stopping_ends_an_act_with_a_word() {
    let fake = Fake::start().await;
    fake.with(|state| state.takes = std::time::Duration::from_secs(600));
    let running = Running::with(&fake);
    let fleet = running.fleet.clone();
    let command = SwitchPower { device: crate::id(), reset: Reset::GracefulShutdown };
    let act = fleet.perform(permit(Action::DevicePower), command);
    running.book.until("the request", |_| (fake.count(&post()) == 1).then_some(())).await;
    running.stop().await;
    let failure = act.await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unavailable);
    assert!(failure.cause.contains("stopped while waiting for off"), "{failure}");
    assert_eq!(fake.open_sessions(), 0);
}
