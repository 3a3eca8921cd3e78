//! The log as the rest of the appliance uses it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests themselves")]

mod common;

use audit::export::Range;
use audit::{Config, Error, Note, Outcome, Query, Status};
use common::{Place, act, device, large};
use model::clock::ManualClock;
use model::{Action, Actor};
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn an_act_is_listed_with_its_end() {
    let place = Place::new();
    let log = place.open(Config::default());
    log.note(Note::SignIn, Actor::user("ada", "web", None), json!({"factor": "totp"})).await.unwrap();
    let one = log.begin(act("ada", "r1-u07", true)).await.unwrap();
    let two = log.begin(act("bob", "r1-u08", false)).await.unwrap();
    let three = log.begin(act("bob", "r1-u09", false)).await.unwrap();
    log.complete(one, Outcome::Ok, json!({"took": 3})).await.unwrap();
    log.complete(two, Outcome::Failed("BMC 10.0.3.7 answered 503".into()), Value::Null).await.unwrap();
    log.refused(Actor::user("eve", "api", None), Action::DevicePower, device("r1-u07"), Value::Null)
        .await
        .unwrap();

    let all = log.list(Query::default()).await.unwrap();
    let seen: Vec<_> = all.iter().map(|entry| (entry.status, entry.note)).collect();
    assert_eq!(
        seen,
        [
            (Status::Noted, Some(Note::Refused)),
            (Status::Pending, None),
            (Status::Failed, None),
            (Status::Ok, None),
            (Status::Noted, Some(Note::SignIn)),
        ]
    );
    assert_eq!(all[2].reason.as_deref(), Some("BMC 10.0.3.7 answered 503"));
    assert_eq!(all[3].result, json!({"took": 3}));
    assert!(all[3].ended >= Some(all[3].at));

    let of = |query: Query| {
        let log = log.clone();
        async move { log.list(query).await.unwrap().into_iter().map(|entry| entry.record).collect::<Vec<_>>() }
    };
    assert_eq!(of(Query { actor: Some("bob".into()), ..Query::default() }).await, [three, two]);
    assert_eq!(of(Query { object: Some("U08".into()), ..Query::default() }).await, [two]);
    assert_eq!(of(Query { below: Some(three), limit: 1, ..Query::default() }).await, [two]);
    assert_eq!(of(Query { action: Some(Action::DeviceAdopt), ..Query::default() }).await, [0; 0]);
    assert_eq!(of(Query { before: Some(all[4].at), ..Query::default() }).await, [0; 0]);
    assert_eq!(of(Query { after: Some(all[4].at), ..Query::default() }).await.len(), 5);

    assert!(matches!(log.complete(one, Outcome::Ok, Value::Null).await, Err(Error::NotOpen { .. })));
    assert!(matches!(log.begin(large(70_000, true)).await, Err(Error::Record(_))));
    log.stop().await;
    assert!(matches!(log.begin(act("ada", "r1-u07", true)).await, Err(Error::Stopped)));
    let report = place.verify(None);
    assert!(report.is_sound() && report.signed == report.last - 1, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_that_nobody_completed_are_interrupted_at_the_next_start() {
    let place = Place::new();
    let log = place.open(Config::default());
    let lost = log.begin(act("ada", "r1-u07", false)).await.unwrap();
    let done = log.begin(act("ada", "r1-u08", false)).await.unwrap();
    log.complete(done, Outcome::Ok, Value::Null).await.unwrap();
    assert!(matches!(place.try_open(Config::default()), Err(Error::Held { .. })), "two writers hold one log");
    log.stop().await;
    let log = place.open(Config::default());
    let all = log.list(Query::default()).await.unwrap();
    let status = |record| all.iter().find(|entry| entry.record == record).unwrap().status;
    assert_eq!((status(lost), status(done)), (Status::Interrupted, Status::Ok));
    assert!(log.complete(lost, Outcome::Ok, Value::Null).await.is_err());
    log.stop().await;
    // And only once.
    let before = place.verify(None).last;
    place.open(Config::default()).stop().await;
    assert_eq!(place.verify(None).last, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_whose_caller_has_gone_is_interrupted_at_once() {
    let place = Place::new();
    let log = place.open(Config::default());
    // Polled once, so that the request is on its way, and dropped before the answer.
    let mut begun = Box::pin(log.begin(act("ada", "r1-u07", false)));
    assert!(
        std::future::poll_fn(|context| std::task::Poll::Ready(begun.as_mut().poll(context).is_pending()))
            .await
    );
    drop(begun);
    log.note(Note::Start, Actor::system("test"), Value::Null).await.unwrap();
    log.stop().await;
    let report = place.verify(None);
    assert!(report.is_sound(), "{report}");
    let log = place.open(Config::default());
    let all = log.list(Query::default()).await.unwrap();
    assert_eq!(all.iter().find(|entry| entry.action.is_some()).unwrap().status, Status::Interrupted);
    log.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_goes_on_over_files_and_restarts() {
    let place = Place::new();
    let config =
        Config { segment_bytes: 8_000, checkpoint_records: 10, reserve_bytes: 65_536, ..Config::default() };
    let mut records = Vec::new();
    for _ in 0..3 {
        let log = place.open(config.clone());
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40 {
            let log = log.clone();
            tasks.spawn(async move {
                let record = log.begin(act("ada", &format!("r{number}"), number % 2 == 0)).await.unwrap();
                log.complete(record, Outcome::Ok, Value::Null).await.unwrap();
                record
            });
        }
        records.extend(tasks.join_all().await);
        log.stop().await;
    }
    records.sort_unstable();
    records.dedup();
    assert_eq!(records.len(), 120, "each act has a number of its own");
    let files = std::fs::read_dir(&place.dir).unwrap().count();
    assert!(files >= 5, "only {files} files: no segment was closed");
    let report = place.verify(None);
    assert!(report.is_sound(), "{report}");
    let log = place.open(config);
    let all = log.list(Query { limit: 1000, ..Query::default() }).await.unwrap();
    assert_eq!(
        all.iter().map(|entry| entry.record).collect::<Vec<_>>(),
        records.into_iter().rev().collect::<Vec<_>>()
    );
    assert!(all.iter().all(|entry| entry.status == Status::Ok));
    let lines = log.export(Vec::new(), Range::ALL).await.unwrap();
    assert_eq!(lines.split(|byte| *byte == b'\n').count() as u64, report.last + 1);
    let some = log.export(Vec::new(), Range { from: 5, to: 7 }).await.unwrap();
    assert_eq!(String::from_utf8(some).unwrap().lines().count(), 3);
    log.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_is_removed_and_said_but_damage_is_refused() {
    let place = Place::new();
    let log = place.open(Config::default());
    for _ in 0..5 {
        log.note(Note::Start, Actor::system("test"), Value::Null).await.unwrap();
    }
    log.stop().await;
    let file = place.dir.join("audit-000001.log");
    let whole = std::fs::read(&file).unwrap();
    let mut torn = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    torn.write_all(&whole[..100]).unwrap();
    let log = place.open(Config::default());
    let newest = log.list(Query { limit: 1, ..Query::default() }).await.unwrap();
    assert_eq!(newest[0].note, Some(Note::Recovered));
    log.stop().await;
    assert!(place.verify(None).is_sound());

    let mut damaged = std::fs::read(&file).unwrap();
    let at = damaged.len() / 3;
    damaged[at] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    let why = place.try_open(Config::default()).unwrap_err().to_string();
    assert!(why.contains("audit-000001.log:"), "{why}");
    assert_eq!(std::fs::read(&file).unwrap(), damaged, "a damaged log was touched");
    assert_eq!(audit::verify::exit_code(&place.verify(None)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_is_said_and_breaks_nothing() {
    let place = Place::new();
    let clock = Arc::new(ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
    let log = place.open_at(&clock);
    let one = log.begin(act("ada", "r1-u07", false)).await.unwrap();
    clock.set("2025-01-01T00:00:00Z".parse().unwrap());
    let two = log.complete(one, Outcome::Ok, Value::Null).await.unwrap();
    assert_eq!(two, one + 2, "the record between them says that the clock went back");
    log.stop().await;
    let report = place.verify(None);
    assert!(report.is_sound() && report.clock_set_back == 1, "{report}");
    let log = place.open_at(&clock);
    let newest = log.list(Query { limit: 1, ..Query::default() }).await.unwrap();
    assert_eq!(newest[0].note, Some(Note::ClockSetBack));
    assert_eq!(newest[0].detail["before"], "2026-03-01T12:00:00Z");
    log.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_reach_the_anchor_and_prove_the_log() {
    let place = Place::new();
    let anchor = place.root().join("anchor");
    let config = Config { checkpoint_records: 10, ..Config::default() };
    let log = place.open(config);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(audit::export::anchor(log.clone(), anchor.clone()));
    for _ in 0..35 {
        log.note(Note::Start, Actor::system("test"), Value::Null).await.unwrap();
    }
    log.stop().await;
    tasks.join_all().await;
    let report = place.verify(Some(&anchor));
    assert!(report.is_sound() && report.anchored == report.last - 1, "{report}");
    assert!(report.anchors >= 1);
    // Cut back to before the anchor, the log is sound by itself and not against the anchor.
    let file = place.dir.join("audit-000001.log");
    let lines: Vec<String> =
        std::fs::read_to_string(&file).unwrap().lines().take(20).map(str::to_owned).collect();
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    assert!(place.verify(None).is_sound());
    let report = place.verify(Some(&anchor));
    assert_eq!(report.defects[0].problem, evidence::Problem::Cut, "{report}");
}
