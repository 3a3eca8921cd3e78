//! The policy over the API: a version from its proposal to its confirmation, questions, openings and quarantine.

use crate::examples::{SCENARIO, SITE};
use crate::harness::{DEVICE, Got, Harness};
use api::policy::{
    Answers, Change, Checked, Documents, Picture, Plan, PolicyState, Reached, Rendered, Schemas,
};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use model::enforcement::{Enforced, Pinhole, Quarantine, Version, VersionState};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use web::Accepted;
use web::server::Peer;

struct Asker {
    harness: Harness,
    token: String,
}

impl Asker {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let token = harness.administrator().await;
        Self { harness, token }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Got {
        self.harness.ask(Some(&self.token), method, path, body.as_ref()).await
    }

    /// What is asked for, as the typed client reads it.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let got = self.ask("GET", path, None).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.text());
        serde_json::from_slice(&got.bytes).unwrap_or_else(|error| panic!("{path}: {error}: {}", got.text()))
    }

    async fn propose(&self, scenario: &str, site: &str) -> Got {
        let body = json!({ "scenario": scenario, "site": site, "note": "the first" });
        self.ask("POST", "/policy/versions", Some(body)).await
    }

    /// Confirms version 1 over a connection that was accepted then, from there.
    async fn confirm(&self, accepted: Instant, from: &str, query: &str) -> Got {
        let request = Request::post(format!("/api/v1/policy/versions/1/confirm{query}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .extension(Accepted(accepted))
            .extension(Peer(from.parse().unwrap()));
        self.harness.send(request.body(Body::empty()).unwrap()).await
    }
}

/// The site of these tests: the harness's controllers lie in 10.0.0.0/8.
fn site() -> String {
    SITE.replace("10.20.0.0/16", "10.0.0.0/16").replace("10.20.0.", "10.0.9.")
}

#[tokio::test]
async fn a_version_is_proposed_applied_and_confirmed_over_a_new_connection() {
    let asker = Asker::new().await;
    let state: PolicyState = asker.get("/policy").await;
    assert_eq!((state.enforced, state.program, state.trial.is_none()), (Enforced::Nothing, None, true));
    let site = format!("{SITE}links:\n  eth1: {{mbit: 100}}\n");
    let got = asker.propose(SCENARIO, &site).await;
    assert_eq!(got.status, StatusCode::CREATED, "{}", got.text());
    let version: Version = serde_json::from_slice(&got.bytes).unwrap();
    assert_eq!((version.number, version.state, version.note.as_str()), (1, VersionState::Draft, "the first"));
    let kept: Documents = asker.get("/policy/versions/1").await;
    assert_eq!((kept.scenario.as_str(), kept.site), (SCENARIO, site));

    let before = Instant::now();
    let applied = asker.ask("POST", "/policy/versions/1/apply", Some(json!({ "seconds": 30 }))).await.json();
    assert_eq!((&applied["generation"], &applied["seconds"]), (&json!(1), &json!(30)));
    let state: PolicyState = asker.get("/policy").await;
    assert_eq!(state.enforced, Enforced::Trial);
    assert!(state.trial.is_some_and(|trial| trial.version.number == 1 && trial.seconds_left <= 30));
    let (trial, settled) = asker.harness.kernel.held().loaded[0].clone();
    assert!(trial.contains("timeout 30s") && !settled.contains("timeout 30s"));

    let (office, here) = ("10.1.5.10:50000", "127.0.0.1:50000");
    let old = asker.confirm(before, office, "").await;
    assert_eq!(old.status, StatusCode::CONFLICT);
    assert!(old.failure().cause.contains("older than the trial"), "{}", old.text());
    let new = || Instant::now() + Duration::from_millis(1);
    let local = asker.confirm(new(), here, "").await;
    assert!(local.failure().cause.contains("the appliance itself"), "{}", local.text());
    let old = asker.confirm(before, here, "?local=true").await;
    assert_eq!(old.status, StatusCode::CONFLICT, "it must be a new one all the same");
    let confirmed = asker.confirm(new(), office, "").await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.text());
    assert_eq!(asker.harness.kernel.held().lines, [("eth1".to_owned(), 100)], "its lines are shared");
    let all: Vec<Version> = asker.get("/policy/versions").await;
    assert_eq!((all[0].state, all[0].generation), (VersionState::Confirmed, Some(1)));
    let state: PolicyState = asker.get("/policy").await;
    assert_eq!((state.enforced, state.disagreement), (Enforced::Confirmed, None));
}

#[tokio::test]
async fn documents_with_errors_are_refused_and_every_error_has_its_place() {
    let asker = Asker::new().await;
    let wrong = SCENARIO.replacen("to: management", "to: managment", 1);
    let got = asker.propose(&wrong, SITE).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    let line = 1 + wrong.lines().position(|line| line.contains("managment")).unwrap();
    let failure = got.failure();
    assert!(failure.cause.contains(&format!("out_of_band_management.yaml:{line}:")), "{failure}");
    let body = json!({ "scenario": wrong });
    let checked = asker.ask("POST", "/policy/check", Some(body)).await;
    let checked: Checked = serde_json::from_slice(&checked.bytes).unwrap();
    assert!(checked.diagnostics.iter().any(|told| told.severity == "error" && told.line == line));
    assert!(asker.get::<Vec<Version>>("/policy/versions").await.is_empty(), "nothing was kept");

    let failing = format!("{SITE}  - {{from: controller, to: internet, service: tcp/443, expect: allow}}\n");
    let got = asker.propose(SCENARIO, &failing).await;
    assert!(got.failure().cause.contains("[failed_test]"), "{}", got.text());
}

#[tokio::test]
async fn questions_are_answered_for_devices_by_name() {
    let asker = Asker::new().await;
    assert_eq!(asker.propose(SCENARIO, &site()).await.status, StatusCode::CREATED);
    let device = asker.harness.door.book().named(DEVICE).unwrap();
    let explain = |from: &str, to: &str, service: &str| {
        let path = format!("/policy/explain?from={from}&to={to}&service={service}");
        let asker = &asker;
        async move { asker.get::<Answers>(&path).await }
    };
    let answer = explain("appliance", &device.name, "tcp/443").await.first.explanation;
    assert_eq!((answer.verdict.as_str(), answer.app_id.as_deref()), ("allow", Some("bmc_management")));
    assert_eq!(answer.to.address, device.endpoint.addr);
    let answer = explain("10.1.5.10", &device.name, "tcp/443").await.first.explanation;
    assert_eq!((answer.verdict.as_str(), answer.rule), ("drop", None));
    let range = explain("10.0.9.1", &device.name, "tcp/440-450").await;
    let also: Vec<_> = range.also.iter().map(|it| (&*it.service, &*it.explanation.verdict)).collect();
    assert_eq!(
        (range.first.service.as_str(), also),
        ("tcp/440-442", vec![("tcp/443", "allow"), ("tcp/444-450", "drop")])
    );
    let nobody = asker.ask("GET", "/policy/explain?from=nobody&to=appliance&service=tcp/443", None).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reached: Vec<Reached> = asker.get(&format!("/policy/reach?from={}", device.name)).await;
    assert!(reached.iter().any(|row| row.app_id == "ntp" && row.to_appliance), "{reached:?}");
    let picture: Picture = asker.get("/policy/zones").await;
    assert!(!picture.nodes.is_empty() && !picture.edges.is_empty());
    let plan: Plan = asker.get("/policy/versions/current/plan").await;
    assert_eq!((plan.rules[1].app_id.as_str(), plan.rules[1].action.as_str()), ("bmc_management", "allow"));
    let changes: Vec<Change> = asker.get("/policy/diff?old=shipped&new=current").await;
    assert!(changes.iter().any(|change| change.gained && change.text.contains("may now reach")));
    let rules: Rendered = asker.get("/policy/versions/shipped/rules").await;
    assert!(rules.text.starts_with("table inet portcullis"));
    let schemas: Schemas = asker.get("/policy/schemas").await;
    assert_eq!(schemas.scenario["title"], "Portcullis scenario");
}

#[tokio::test]
async fn openings_and_quarantines_go_to_the_kernel_and_out_of_it() {
    let asker = Asker::new().await;
    let cut_off = json!({ "on": true, "why": "it scans" });
    let quarantine = format!("/devices/{DEVICE}/quarantine");
    let early = asker.ask("PUT", &quarantine, Some(cut_off.clone())).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "nothing is enforced yet: {}", early.text());
    asker.propose(SCENARIO, &site()).await;
    asker.ask("POST", "/policy/versions/1/apply", Some(json!({}))).await;

    let hole = json!({ "device": DEVICE, "application": "bmc_management", "seconds": 60, "why": "a disk" });
    let opened = asker.ask("POST", "/pinholes", Some(hole)).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text());
    let opened: Pinhole = serde_json::from_slice(&opened.bytes).unwrap();
    assert!(opened.principal.starts_with("root (token "), "{opened:?}");
    assert_eq!((opened.why.as_str(), opened.holes.len()), ("a disk", 2));
    let is_open = || asker.harness.kernel.held().open.keys().filter(|name| name.starts_with("p-")).count();
    assert_eq!(is_open(), 2);
    assert_eq!(asker.get::<Vec<Pinhole>>("/pinholes").await, std::slice::from_ref(&opened));
    let closed = asker.ask("DELETE", &format!("/pinholes/{}", opened.id), None).await;
    assert_eq!((closed.status, is_open()), (StatusCode::NO_CONTENT, 0));
    let strange = json!({ "device": DEVICE, "application": "gopher" });
    let strange = asker.ask("POST", "/pinholes", Some(strange)).await;
    assert!(strange.failure().hint.is_some_and(|hint| hint.contains("bmc_management")));

    assert_eq!(asker.ask("PUT", &quarantine, Some(cut_off)).await.status, StatusCode::OK);
    let address = asker.harness.door.book().named(DEVICE).unwrap().endpoint.addr;
    assert_eq!(asker.harness.kernel.held().isolated, [address]);
    assert_eq!(asker.get::<Vec<Quarantine>>("/quarantine").await[0].why, "it scans");
    let back = asker.ask("PUT", &quarantine, Some(json!({ "on": false }))).await;
    assert_eq!(back.json(), Value::Null);
    assert!(asker.harness.kernel.held().isolated.is_empty());
    assert_eq!(asker.get::<Option<Quarantine>>(&quarantine).await, None);

    // A device that is forgotten can still be let back.
    asker.ask("PUT", &quarantine, Some(json!({ "on": true, "why": "it scans" }))).await;
    let forgotten = asker.ask("DELETE", &format!("/devices/{DEVICE}"), None).await;
    assert!(forgotten.status.is_success(), "{}", forgotten.text());
    let quarantine =
        format!("/devices/{}/quarantine", asker.get::<Vec<Quarantine>>("/quarantine").await[0].device);
    let back = asker.ask("PUT", &quarantine, Some(json!({ "on": false }))).await;
    assert_eq!((back.status, back.json()), (StatusCode::OK, Value::Null));
    assert!(asker.harness.kernel.held().isolated.is_empty());
}
