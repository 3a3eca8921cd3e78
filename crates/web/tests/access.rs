//! Who may reach which page and form. The list is the router's own, so a new one cannot be forgotten.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use common::browser::Browser;
use common::{Appliance, devices};
use model::{Role, Scope};

/// What is open to everybody.
const OPEN: &[(&str, &str)] = &[
    ("get", "/sign-in"),
    ("post", "/sign-in"),
    ("post", "/sign-out"),
    ("get", "/enrol/{link}"),
    ("post", "/enrol/{link}"),
];

/// What every signed-in person may ask for; each shows only what its reader may see.
const FOR_ALL: &[(&str, &str)] = &[
    ("get", "/"),
    ("get", "/fragments/tally"),
    ("get", "/fleet/models"),
    ("get", "/fleet/export"),
    ("get", "/racks"),
    ("get", "/inventory"),
    ("get", "/inventory/export"),
    ("get", "/inventory/changes"),
    ("get", "/jobs"),
    ("get", "/discovery"),
    ("get", "/findings"),
    ("get", "/manual"),
    ("get", "/manual/{chapter}"),
    ("get", "/events"),
    ("get", "/account"),
    // Asks for both present factors.
    ("post", "/account/login"),
    ("post", "/account/tokens"),
    ("post", "/account/tokens/revoke"),
    // Asks what is meant; nothing is done yet.
    ("post", "/fleet/act"),
];

fn method(word: &str) -> Method {
    if word == "get" { Method::GET } else { Method::POST }
}

/// An address and a form that would be right if the asker had the right.
fn filled(path: &str) -> (String, Vec<(&'static str, &'static str)>) {
    let address = path
        .replace("/users/{name}", "/users/alice")
        .replace("{name}", "r1-u01")
        .replace("/jobs/{id}", "/jobs/1")
        .replace("{id}", "bmc-00000")
        .replace("{number}", "1")
        .replace("{chapter}", "README")
        .replace("{link}", "nonsense");
    let print = "0000000000000000000000000000000000000000000000000000000000000000";
    let fields = match path {
        "/fleet/act" => vec![("act", "on"), ("device", "bmc-00000")],
        "/fleet/act/confirmed" => {
            vec![("act", "force_off"), ("device", "bmc-00000"), ("confirm", "force off 1")]
        }
        "/discovery/start" => vec![("range", "10.0.0.0/28"), ("port", "443"), ("rate", "10")],
        "/discovery/stop" => vec![("sweep", "1")],
        "/discovery/adopt" => vec![("device", "bmc-00011="), ("by", "rule")],
        "/discovery/credentials" => vec![("csv", "serial,X,u,p")],
        "/findings/certificates" => {
            vec![("device", "bmc-00000=0000000000000000000000000000000000000000000000000000000000000000")]
        }
        "/policy/propose" => vec![("scenario", ""), ("site", ""), ("do", "keep")],
        "/policy/apply" => vec![("version", "1"), ("seconds", "60")],
        "/policy/openings/open" => {
            vec![("device", "r1-u01"), ("application", "bmc_management"), ("minutes", "5"), ("why", "x")]
        }
        "/policy/openings/close" => vec![("id", "nonsense")],
        "/policy/quarantine" => vec![("device", "bmc-00000"), ("on", "true"), ("why", "x")],
        "/policy/confirm" => vec![("version", "1")],
        "/findings/acknowledge" => vec![("finding", "1")],
        "/devices/{name}/power" => vec![("reset", "on")],
        "/devices/{name}/power/confirmed" => vec![("reset", "force_off"), ("confirm", "r1-u01")],
        "/devices/{name}/stage" => vec![("stage", "maintenance")],
        "/devices/{name}/edit" => vec![("name", "other"), ("labels", "")],
        "/devices/{name}/adopt" => vec![("by", "rule")],
        "/devices/{name}/certificate" => vec![("fingerprint", print)],
        "/devices/{name}/forget" => vec![("confirm", "r1-u01")],
        "/users" => {
            vec![("name", "mallory"), ("full_name", "M"), ("role", "administrator"), ("scope", "all")]
        }
        "/users/{name}/enabled" => vec![("enabled", "false")],
        "/users/{name}/grant" => vec![("role", "administrator"), ("scope", "all")],
        "/users/{name}/revoke" => vec![("grant", "1")],
        "/account/tokens" => vec![("label", "x"), ("role", "viewer"), ("scope", "all"), ("days", "1")],
        "/account/tokens/revoke" => vec![("user", "alice"), ("token", "nonsense")],
        _ => Vec::new(),
    };
    (address, fields)
}

/// Asks for the head of an answer; `/events` has no end.
async fn ask(browser: &mut Browser, how: &str, path: &str) -> (StatusCode, String) {
    let (address, fields) = filled(path);
    if how == "post" {
        let got = browser.post(&address, &fields).await;
        return (got.status, got.location().to_owned());
    }
    use hyper::service::Service as _;
    let request = browser.request(method(how), &address).body(Body::empty()).unwrap();
    let response =
        hyper_util::service::TowerToHyperService::new(browser.router()).call(request).await.unwrap();
    let location = response.headers().get(header::LOCATION).map_or("", |to| to.to_str().unwrap());
    (response.status(), location.to_owned())
}

#[tokio::test]
async fn who_is_not_signed_in_reaches_nothing_but_the_sign_in() {
    let appliance = Appliance::start(devices::fleet(12)).await;
    appliance.user("alice", &[(Role::Administrator, Scope::All)]).await;
    for (how, path) in web::router::PAGES.iter().filter(|page| !OPEN.contains(page)) {
        let mut browser = Browser::new(&appliance.router);
        let (status, location) = ask(&mut browser, how, path).await;
        if *path == "/events" {
            assert_eq!(status, StatusCode::UNAUTHORIZED, "a script cannot follow to a form");
            continue;
        }
        assert_eq!(status, StatusCode::SEE_OTHER, "{how} {path}");
        assert!(location.starts_with("/sign-in"), "{how} {path}: {location}");
    }
    assert!(appliance.store.users().await.unwrap().len() == 1);
}

#[tokio::test]
async fn who_has_no_grant_is_refused_everywhere_and_changes_nothing() {
    let appliance = Appliance::start(devices::fleet(12)).await;
    appliance.user("alice", &[(Role::Administrator, Scope::All)]).await;
    let mut nobody = appliance.signed_in("nobody", &[]).await;
    let before = appliance.store.devices().await.unwrap();
    for (how, path) in
        web::router::PAGES.iter().filter(|page| !OPEN.contains(page) && !FOR_ALL.contains(page))
    {
        let (status, location) = ask(&mut nobody, how, path).await;
        let refused = matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        assert!(refused, "{how} {path}: {status} {location}");
    }
    appliance.door.book().flush().await;
    assert_eq!(appliance.store.devices().await.unwrap(), before);
    assert_eq!(appliance.store.users().await.unwrap().len(), 2);
    assert!(appliance.door.access().grants().iter().all(|grant| grant.user == "alice"));
    let fleet = nobody.get("/").await;
    assert!(fleet.text.contains("No device is known yet") && !fleet.text.contains("r1-u01"));
}

#[tokio::test]
async fn an_operator_of_one_rack_sees_and_switches_that_rack_only() {
    let appliance = Appliance::start(devices::fleet(40)).await;
    let scope = Scope::Label { key: "rack".into(), value: "r1".into() };
    let mut bob = appliance.signed_in("bob", &[(Role::Operator, scope)]).await;
    let fleet = bob.get("/").await.text;
    assert!(fleet.contains("/devices/r1-u01") && !fleet.contains("/devices/r2-u01"));
    assert_eq!(bob.get("/devices/r2-u01").await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.get("/fragments/device-row/bmc-00020").await.status, StatusCode::NOT_FOUND);
    // A device outside among those picked stops the whole of it.
    let both = [("act", "refresh"), ("device", "bmc-00000"), ("device", "bmc-00020")];
    assert_eq!(bob.post("/fleet/act/confirmed", &both).await.status, StatusCode::NOT_FOUND);
    assert!(bob.get("/jobs").await.text.contains("None yet"));
    let own = bob.post("/devices/r1-u01/power", &[("reset", "on")]).await;
    assert!(own.location().starts_with("/devices/r1-u01?job="), "{}", own.text);
    for path in ["/users", "/audit", "/audit/export"] {
        assert_eq!(bob.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(!fleet.contains("href=\"/audit\""), "the menu offers what is refused");
}

#[tokio::test]
async fn another_s_job_is_not_shown_on_a_device_s_page_either() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut alice = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    let started = alice.post("/devices/r1-u01/power", &[("reset", "on")]).await;
    let address = started.location().to_owned();
    let mut bob = appliance.signed_in("bob", &[(Role::Viewer, Scope::All)]).await;
    let (own, other) = (alice.get(&address).await.text, bob.get(&address).await.text);
    let job = address.rsplit('=').next().unwrap();
    assert!(own.contains(&format!("/jobs/{job}")), "{own}");
    assert!(!other.contains(&format!("/jobs/{job}")), "{other}");
}

#[tokio::test]
async fn what_a_stranger_sends_is_not_kept_in_memory() {
    let appliance = Appliance::start(Vec::new()).await;
    let mut nobody = Browser::new(&appliance.router);
    let long = "x".repeat(100_000);
    assert_eq!(nobody.post("/sign-in", &[("name", &long)]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(nobody.post("/enrol/x", &[("password", &long)]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // A body that never ends: the answer comes all the same, because nobody reads it.
    let endless = futures_util::stream::pending::<Result<axum::body::Bytes, std::convert::Infallible>>();
    let request = nobody
        .request(axum::http::Method::POST, "/discovery/credentials")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(axum::body::Body::from_stream(endless))
        .unwrap();
    let answer =
        tokio::time::timeout(std::time::Duration::from_secs(10), nobody.send(request)).await.unwrap();
    assert_eq!(answer.location(), "/sign-in");
    // Signed in, a long form is read.
    let mut alice = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    let csv = format!("# {long}\nserial,7CX4K53,root,calvin\n");
    let sent = alice.post("/discovery/credentials", &[("csv", &csv)]).await;
    assert_eq!(sent.location(), "/discovery?imported=1");
}
