//! Every page as a browser gets it: headers, nothing inline, nothing from elsewhere, quick and small enough.

mod common;

use axum::http::{StatusCode, header};
use common::browser::between;
use common::{Appliance, devices};
use model::{Role, Scope};
use std::time::Instant;

const ALL: &[&str] = &[
    "/",
    "/?q=power:off&sort=-health",
    "/?q=colour:red",
    "/racks",
    "/fleet/models",
    "/inventory",
    "/inventory?q=hmaa8",
    "/inventory?part_number=HMAA8*&kind=memory+module",
    "/inventory?serial=nothing-is-called-so",
    "/inventory/changes",
    "/inventory/changes?since=monday",
    "/inventory/models",
    "/jobs",
    "/discovery",
    "/policy",
    "/policy?version=shipped",
    "/policy?version=nonsense",
    "/policy?version=99",
    "/policy/ask",
    "/policy/ask?from=10.1.5.10&to=appliance&service=443",
    "/policy/ask?from=r1-u01&to=nowhere&service=443",
    "/policy/documents",
    "/policy/propose",
    "/policy/openings",
    "/policy/versions",
    "/policy/diff?new=shipped",
    "/findings",
    "/audit",
    "/users",
    "/users?user=alice&action=device.power&device=r1-u01",
    "/users/alice",
    "/account",
    "/manual",
    "/manual?q=certificate",
    "/devices/r1-u01",
    "/devices/r1-u01/history",
    "/devices/r1-u01/history?from=2&to=1",
    "/devices/r1-u01/traffic",
    "/devices/r1-u01/sensors",
    "/devices/bmc-10-0-0-11/history",
    "/devices/bmc-10-0-0-11/traffic",
    "/devices/bmc-10-0-0-11",
    "/devices/nonsense",
    "/nonsense",
    "/jobs/99",
    "/audit/3",
    "/audit/999999",
];

#[tokio::test]
async fn every_page_is_whole_and_holds_to_the_content_security_policy() {
    let appliance = Appliance::start(devices::fleet(60)).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    for path in ALL {
        let got = browser.get(path).await;
        let expected = got.status == StatusCode::OK || path.contains("nonsense") || path.contains("99");
        assert!(expected, "{path}: {} {}", got.status, got.text);
        assert!(got.text.trim_end().ends_with("</html>"), "{path} is cut");
        let policy = got.headers.get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(got.headers.get(name).unwrap(), value, "{path}");
        }
        for inline in [" style=\"", "<style", " onclick=", " onload=", "javascript:", "hx-on"] {
            assert!(!got.text.contains(inline), "{path} holds {inline}");
        }
        for script in got.text.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/"), "{path} holds an inline script");
        }
        // The manual may name other sites in links that a person follows; nothing is loaded from them.
        for source in got
            .text
            .split(" src=\"")
            .skip(1)
            .chain(got.text.split("<link ").skip(1).filter_map(|l| l.split_once("href=\"").map(|x| x.1)))
        {
            assert!(source.starts_with('/'), "{path} loads {}", source.chars().take(60).collect::<String>());
        }
    }
}

#[tokio::test]
async fn parts_history_and_changes_say_what_is_kept() {
    let appliance = Appliance::start(devices::fleet(6)).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Viewer, Scope::All)]).await;
    let mut shows = async |path: &str, texts: &[&str]| {
        let got = browser.get(path).await.text;
        for text in texts {
            assert!(got.contains(text), "{path} does not say {text:?}");
        }
    };
    shows("/inventory?part_number=hmaa8gr7ajr4n-xn", &["96 parts in 6 devices match", "/devices/r1-u01\""])
        .await;
    shows("/inventory?serial=nothing", &["No part matches."]).await;
    shows(
        "/inventory/changes",
        &[
            "6 devices have changed since",
            "system: BIOS version 2.18.0 → 2.19.1",
            "memory module HMAA8GR7AJR4N-XN added",
        ],
    )
    .await;
    shows("/inventory/changes?since=monday", &["monday is no date"]).await;
    shows("/devices/r1-u01/history", &["Version 1 → 2", "<del>2.18.0</del>", "<ins>2.19.1</ins>"]).await;
    shows("/devices/r1-u01/traffic", &["left alone", "<polyline", "14.8 s", "1.2 MB", "61"]).await;
    shows("/devices/r1-u01/sensors", &["83.5 °C", "warning", "42 / 47"]).await;
    shows("/inventory/models", &["PowerEdge R750", "18.3 s", "not honoured"]).await;
    let csv = browser.get("/inventory/export?part_number=HMAA8*&format=csv").await;
    assert_eq!(csv.text.lines().count(), 97);
    assert!(csv.text.starts_with("device,device_name,kind,name,"));
    assert!(csv.headers.get(header::CONTENT_DISPOSITION).unwrap().to_str().unwrap().contains("attachment"));
    let json = browser.get("/inventory/export?kind=drive&format=json").await.text;
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&json).unwrap().len(), 24);
}

#[tokio::test]
async fn assets_are_kept_for_good_under_a_name_that_changes_with_them() {
    let appliance = Appliance::start(Vec::new()).await;
    let mut browser = common::browser::Browser::new(&appliance.router);
    let page = browser.get("/sign-in").await;
    let style = between(&page.text, "<link rel=\"stylesheet\" href=\"", "\"").unwrap().to_owned();
    let got = browser.get(&style).await;
    assert_eq!(got.headers.get(header::CONTENT_TYPE).unwrap(), "text/css; charset=utf-8");
    assert!(got.headers.get(header::CACHE_CONTROL).unwrap().to_str().unwrap().contains("immutable"));
    assert_eq!(browser.get("/assets/app.0000000000000000.css").await.status, StatusCode::NOT_FOUND);
    for path in ["/healthz", "/readyz", "/robots.txt"] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(browser.get("/metrics").await.status, StatusCode::FORBIDDEN, "an address that is not known");
}

#[tokio::test]
async fn a_fleet_of_five_thousand_is_a_small_page_made_quickly() {
    let appliance = Appliance::start(devices::fleet(5_000)).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Viewer, Scope::All)]).await;
    let mut quickest = u128::MAX;
    for path in ["/", "/?q=power:off", "/?sort=-health", "/?page=50", "/?q=10.0.7"] {
        let began = Instant::now();
        let got = browser.get(path).await;
        quickest = quickest.min(began.elapsed().as_millis());
        assert_eq!(got.status, StatusCode::OK);
        assert!(got.text.len() < 300_000, "{path}: {} bytes", got.text.len());
    }
    println!("quickest of five answers over 5,000 devices: {quickest} ms");
    // The target of 100 ms is for the release build; this one is not optimised.
    assert!(quickest < 1_000, "{quickest} ms");
}

#[tokio::test]
async fn text_from_controllers_stays_text() {
    let mut fleet = devices::fleet(2);
    fleet[0].identity.model = Some("<script>alert(1)</script>".into());
    fleet[0].identity.hostname = Some("\"><img src=x onerror=alert(1)>".into());
    let appliance = Appliance::start(fleet).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    for path in ["/", "/devices/r1-u01", "/racks", "/?q=%3Cscript%3Ealert(1)"] {
        let text = browser.get(path).await.text;
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{path}");
    }
}
