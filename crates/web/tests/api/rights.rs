//! Every endpoint without rights. The list of endpoints is the router's own, so a new one fails here
//! until it has an example.

use crate::examples::{self, ABOUT_ONESELF, EMPTY_WITHOUT_RIGHTS, Example};
use crate::harness::{DEVICE, Got, Harness, LAB_DEVICE};
use axum::http::{StatusCode, header};
use jiff::SignedDuration;
use model::{Kind, Role, Scope};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn lab() -> Scope {
    Scope::Zone("lab".into())
}

/// The appliance with an administrator, whose account and grant the examples are about.
async fn appliance() -> (Harness, Vec<Example>) {
    let harness = Harness::start().await;
    harness.administrator().await;
    let examples = examples::all(&harness).await;
    (harness, examples)
}

fn documented() -> BTreeSet<String> {
    let document = web::api::document();
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

/// Every example must be refused in one of these ways, and nothing may have happened.
async fn refused(harness: &Harness, examples: &[Example], token: Option<&str>, allowed: &[StatusCode]) {
    let acts = harness.acts().await;
    for example in examples {
        let got = harness.ask(token, example.method, &example.path, example.body.as_ref()).await;
        assert!(allowed.contains(&got.status), "{}: {} {}", example.name(), got.status, got.text());
        got.failure();
        if got.status == StatusCode::UNAUTHORIZED {
            assert!(got.headers[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer "));
            assert_eq!(got.failure().kind, Kind::Unauthenticated);
        }
    }
    untouched(harness, acts).await;
}

async fn untouched(harness: &Harness, acts: usize) {
    assert_eq!(harness.controllers.performed(), 0, "something was done");
    assert_eq!(harness.acts().await, acts, "something was begun");
}

#[tokio::test]
async fn every_endpoint_has_an_example_and_every_example_an_endpoint() {
    let (_harness, examples) = appliance().await;
    let with_example: BTreeSet<String> = examples.iter().map(Example::name).collect();
    assert_eq!(documented(), with_example);
    assert_eq!(with_example.len(), examples.len(), "one example for each");
    for exception in EMPTY_WITHOUT_RIGHTS.iter().chain(ABOUT_ONESELF) {
        assert!(
            with_example.contains(*exception),
            "{exception} is no endpoint any more: remove it from the list"
        );
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token_that_stands() {
    let (harness, examples) = appliance().await;
    let unauthenticated = [StatusCode::UNAUTHORIZED];
    let all = (Role::Administrator, Scope::All);
    let grants = [all.clone()];
    refused(&harness, &examples, None, &unauthenticated).await;
    refused(&harness, &examples, Some(""), &unauthenticated).await;
    refused(&harness, &examples, Some("pct_00000000_wrong"), &unauthenticated).await;

    let revoked = harness.user("revoked", &grants, all.clone()).await;
    assert_eq!(harness.ask(Some(&revoked), "GET", "/whoami", None).await.status, StatusCode::OK);
    harness.revoke("revoked", &revoked).await;
    refused(&harness, &examples, Some(&revoked), &unauthenticated).await;

    let disabled = harness.user("disabled", &grants, all.clone()).await;
    let disable = model::command::access::SetUserEnabled { name: "disabled".into(), enabled: false };
    harness.door.run(&crate::harness::operator(), harness.door.access(), disable).await.unwrap();
    refused(&harness, &examples, Some(&disabled), &unauthenticated).await;

    let expired = harness.user("expired", &grants, all).await;
    harness.later(SignedDuration::from_hours(24));
    refused(&harness, &examples, Some(&expired), &unauthenticated).await;
}

#[tokio::test]
async fn who_has_no_grants_sees_nothing_and_does_nothing() {
    let (harness, examples) = appliance().await;
    let token = harness.user("nobody", &[], (Role::Administrator, Scope::All)).await;
    let acts = harness.acts().await;
    for example in &examples {
        let got = harness.ask(Some(&token), example.method, &example.path, example.body.as_ref()).await;
        let name = example.name();
        if EMPTY_WITHOUT_RIGHTS.contains(&name.as_str()) {
            assert_eq!(got.status, StatusCode::OK, "{name}");
            assert!(is_empty(&got), "{name}: {}", got.text());
        } else if ABOUT_ONESELF.contains(&name.as_str()) {
            assert_eq!(got.status, StatusCode::OK, "{name}");
            assert!(!got.text().contains("root"), "{name}: {}", got.text());
        } else {
            let hidden = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&got.status);
            assert!(hidden, "{name}: {} {}", got.status, got.text());
            got.failure();
        }
    }
    untouched(&harness, acts).await;
}

fn is_empty(got: &Got) -> bool {
    let json = got.json();
    if let Some(devices) = json.get("devices") {
        return devices == &json!([]) && json["total"] == 0;
    }
    if let Some(parts) = json.get("components") {
        return parts == &json!([]) && json["counts"] == json!([]) && json["total"] == 0;
    }
    if let Some(groups) = json.get("groups") {
        return groups == &json!([]) && json["first_read"] == json!([]) && json["changed"] == 0;
    }
    json == json!([])
}

#[tokio::test]
async fn viewers_and_auditors_change_nothing() {
    let (harness, mut examples) = appliance().await;
    examples.retain(Example::acts);
    for role in [Role::Viewer, Role::Auditor] {
        let token = harness.user(role.name(), &[(role, Scope::All)], (role, Scope::All)).await;
        refused(&harness, &examples, Some(&token), &[StatusCode::FORBIDDEN]).await;
    }
}

#[tokio::test]
async fn a_token_can_do_no_more_than_its_limit() {
    let (harness, mut examples) = appliance().await;
    examples.retain(Example::acts);
    let administrator = [(Role::Administrator, Scope::All)];
    let token = harness.user("careful", &administrator, (Role::Viewer, Scope::All)).await;
    refused(&harness, &examples, Some(&token), &[StatusCode::FORBIDDEN]).await;
    let token = harness.token("careful", (Role::Administrator, lab())).await;
    refused(&harness, &examples, Some(&token), &[StatusCode::FORBIDDEN, StatusCode::NOT_FOUND]).await;
}

#[tokio::test]
async fn an_operator_of_another_zone_neither_sees_nor_does() {
    let (harness, examples) = appliance().await;
    let token = harness.user("lab", &[(Role::Operator, lab())], (Role::Operator, lab())).await;
    let (about_a_device, _): (Vec<_>, Vec<_>) =
        examples.into_iter().partition(|example| example.acts() || example.template.contains("{key}"));
    let hidden = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
    refused(&harness, &about_a_device, Some(&token), &hidden).await;

    let found = harness.ask(Some(&token), "GET", "/devices", None).await.json();
    assert_eq!(found["total"], 1);
    assert_eq!(found["devices"][0]["id"], LAB_DEVICE);
    let found = harness.ask(Some(&token), "GET", &format!("/find?q={DEVICE}"), None).await.json();
    assert_eq!(found["total"], 0);
    assert_eq!(harness.ask(Some(&token), "GET", "/findings", None).await.json(), json!([]));
    assert_eq!(harness.ask(Some(&token), "GET", "/audit", None).await.status, StatusCode::FORBIDDEN);

    // One device that may not be switched, and none is.
    let mixed = json!({ "devices": [LAB_DEVICE, DEVICE], "act": { "act": "power", "reset": "on" } });
    let got = harness.ask(Some(&token), "POST", "/jobs", Some(&mixed)).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert_eq!(harness.controllers.performed(), 0);
    // What is theirs works.
    let path = format!("/devices/{LAB_DEVICE}/power");
    let got = harness.ask(Some(&token), "POST", &path, Some(&json!({ "reset": "force_off" }))).await;
    assert_eq!(got.json(), json!({ "power": "off" }));
    assert_eq!(harness.controllers.performed(), 1);
}

#[tokio::test]
async fn a_refusal_is_written_down() {
    let (harness, _) = appliance().await;
    let token = harness.user("curious", &[(Role::Viewer, Scope::All)], (Role::Viewer, Scope::All)).await;
    let path = format!("/devices/{DEVICE}/power");
    harness.ask(Some(&token), "POST", &path, Some(&json!({ "reset": "on" }))).await.failure();
    let root = harness.token("root", (Role::Administrator, Scope::All)).await;
    let entries = harness.ask(Some(&root), "GET", "/audit?actor=curious&limit=1", None).await.json();
    assert_eq!(entries[0]["kind"], "refused", "{entries}");
    assert_eq!(entries[0]["action"], "device.power");
    assert_eq!(entries[0]["via"], "api");
}
