//! The firewall log's page: what it shows, what it links to, what it says of what is missing.

mod common;

use axum::http::StatusCode;
use common::{Appliance, devices};
use model::{Role, Scope};

#[tokio::test]
async fn entries_lead_to_device_and_rule_and_what_is_missing_is_told() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Viewer, Scope::All)]).await;
    let page = browser.get("/firewall-log").await.text;
    assert!(page.contains("<a href=\"/policy#rule-6\">6</a>"), "{page}");
    assert!(page.contains("1,234 entries: the kernel had more to tell than it could keep"), "{page}");
    assert!(page.contains("2 dropped or rejected") && page.contains("<rect class=\"bar-bad\""), "{page}");
    assert!(page.contains("tcp/23") && page.contains("clear_text_mgmt"));
    // What another firewall sends is shown as it is, and does nothing.
    assert!(!page.contains("<script>alert") && page.contains("script"), "{page}");
    let device = devices::fleet(4)[0].clone();
    let about = browser.get(&format!("/firewall-log?device={}", device.name)).await;
    assert_eq!(about.status, StatusCode::OK);
    let none = browser.get("/firewall-log?source=nobody").await.text;
    assert!(none.contains("No entry matches") && none.contains("href=\"/firewall-log\">Clear"), "{none}");
    let own = browser.get("/firewall-log?source=own&port=23&verdict=drop").await.text;
    assert!(own.contains("id=\"e-") && !own.contains("pf-1</td>"), "{own}");
}

#[tokio::test]
async fn what_is_not_understood_is_told_beside_the_log() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    for (query, told) in [
        ("port=telnet", "the port is no number"),
        ("address=10.0.0.0/99", "neither an address nor a network"),
        ("since=yesterday", "neither a moment"),
        ("verdict=lost", "is none of accept"),
        ("before=x", "no place in the log"),
    ] {
        let page = browser.get(&format!("/firewall-log?{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert!(page.text.contains("id=\"wrong\"") && page.text.contains(told), "{query}: {}", page.text);
    }
}

#[tokio::test]
async fn the_log_is_exported_and_no_cell_is_a_formula() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Auditor, Scope::All)]).await;
    let csv = browser.get("/firewall-log/export?format=csv").await.text;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(lines[0].starts_with("at,received,source,verdict,rule,app,from,to,protocol"), "{csv}");
    assert!(lines[2].contains("drop,6,clear_text_mgmt,10.1.5.10,10.0.3.1,6,40000,23"), "{csv}");
    let json = browser.get("/firewall-log/export?format=json&source=own").await.text;
    assert!(
        json.starts_with("[{") && json.contains("\"verdict\":\"drop\"") && json.ends_with("}]\n"),
        "{json}"
    );
}

#[tokio::test]
async fn who_may_not_see_the_whole_site_sees_what_is_about_their_devices() {
    let appliance = Appliance::start(devices::fleet(4)).await;
    let device = devices::fleet(4)[0].clone();
    let zone = appliance.door.book().named(&device.name).unwrap().zone.clone();
    let mut browser = appliance.signed_in("bob", &[(Role::Operator, Scope::Zone(zone))]).await;
    assert_eq!(browser.get("/firewall-log").await.status, StatusCode::FORBIDDEN);
    let about = browser.get(&format!("/firewall-log?device={}", device.name)).await;
    assert_eq!(about.status, StatusCode::OK, "{}", about.text);
    assert_eq!(browser.get("/firewall-log?device=nobody").await.status, StatusCode::NOT_FOUND);
}
