//! The pages in headless Chromium, in front of real controllers' simulations. The scripts are in `browser/`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in tests, also in their helpers, this is how they fail"
)]

use e2e::appliance::Appliance;
use e2e::browser::Browser;
use e2e::operator::{Operator, Session};
use e2e::rack::Rack;
use e2e::site::Site;
use e2e::wait::until;
use lab::{BmcInfo, Change, LabConfig, Latency};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

/// Of a controller whose acts can be watched while they run.
const TAKING_ITS_TIME: Latency = Latency::Fixed { least: Duration::from_millis(400), jitter: Duration::ZERO };

fn told(bmc: &BmcInfo) -> Value {
    let (username, password) = (&bmc.credential.username, bmc.credential.password.expose());
    json!({
        "name": bmc.name, "address": bmc.addr.to_string(), "serial": bmc.serial, "model": bmc.model,
        "username": username, "password": password,
    })
}

fn address(said: &Value) -> SocketAddr {
    said["address"].as_str().unwrap().parse().unwrap()
}

/// What a script may ask for: things that are done to rack and appliance, not in the browser.
fn rack_does(rack: &Rack, said: &Value) -> anyhow::Result<Value> {
    let power = || rack.lab().power_state(address(said));
    match said["do"].as_str().unwrap_or_default() {
        "power" => {}
        "until_off" => until("the server is off", SOON, || Ok((power()? == "Off").then_some(())))?,
        "slow" => rack.lab().set(address(said), Change::Latency(TAKING_ITS_TIME))?,
        "switch off" => rack.lab().set(address(said), Change::Power(false))?,
        other => anyhow::bail!("the script asks for {other:?}"),
    }
    Ok(json!(power()?))
}

fn cookie(session: &Session) -> &str {
    session.cookie.split_once('=').unwrap().1
}

/// What failed, in a list rather than with the ways that led there.
fn passes(outcome: anyhow::Result<()>) {
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

#[test]
fn the_main_job_from_first_login_to_audit() {
    let Some(browser) = Browser::find("the_main_job_from_first_login_to_audit").unwrap() else { return };
    let rack = Rack::with(LabConfig { count: 5, time_scale: 0.1, ..LabConfig::default() }).unwrap();
    rack.lab().set(rack.bmcs()[0].addr, Change::Power(true)).unwrap();
    let appliance = Appliance::fresh().unwrap();
    let input = json!({
        "url": appliance.url(), "first_login": appliance.first_login(),
        "range": rack.range(), "port": rack.port(), "bmcs": rack.bmcs().iter().map(told).collect::<Vec<_>>(),
    });
    passes(browser.run("job.mjs", &input, |said| rack_does(&rack, said)));
}

#[test]
fn every_page_loads_nothing_from_elsewhere_and_every_link_works() {
    let Some(browser) = Browser::find("every_page_loads_nothing_from_elsewhere").unwrap() else { return };
    let demo = Demo::start();
    let pages = [
        "/",
        "/racks",
        "/fleet/models",
        "/inventory",
        "/discovery",
        "/policy",
        "/policy/ask?from=10.1.5.10&to=10.20.0.1&service=443",
        "/policy/propose",
        "/firewall-log",
        "/findings",
        "/audit",
        "/users",
        "/jobs",
        "/account",
        "/manual",
    ];
    let input = json!({ "url": demo.appliance.url(), "session": cookie(&demo.session), "pages": pages });
    passes(browser.run("crawl.mjs", &input, |_said| unreachable!()));
}

#[test]
fn every_page_is_accessible_in_light_and_dark_and_on_a_telephone() {
    let Some(browser) = Browser::find("every_page_is_accessible").unwrap() else { return };
    let demo = Demo::start();
    let made =
        [("name", "ops"), ("full_name", "Night shift"), ("role", "operator"), ("scope", "label:rack=r1")];
    let page = demo.session.post("/users", &made).unwrap().text;
    let link = page.split_once("/enrol/").unwrap().1.split(['<', '"', '&']).next().unwrap().trim().to_owned();
    let device = "/devices/r1-u01";
    let input = json!({
        "url": demo.appliance.url(), "session": cookie(&demo.session), "fresh_link": format!("/enrol/{link}"),
        "device": device,
        "pages": {
            "fleet": "/", "fleet-filtered": "/?q=power:on", "fleet-none": "/?q=nothing-is-called-so",
            "fleet-models": "/fleet/models",
            "inventory": "/inventory?q=a", "inventory-changes": "/inventory/changes", "inventory-models": "/inventory/models",
            "device-changes": format!("{device}/history"), "device-traffic": format!("{device}/traffic"),
            "device-sensors": format!("{device}/sensors"),
            "racks": "/racks", "discovery": "/discovery", "device": device, "device-seen": demo.seen,
            "policy": "/policy", "policy-documents": "/policy/documents", "policy-propose": "/policy/propose",
            "policy-versions": "/policy/versions", "policy-diff": "/policy/diff?new=shipped",
            "policy-openings": "/policy/openings", "firewall-log": "/firewall-log",
            "policy-ask": "/policy/ask?from=10.1.5.10&to=10.20.0.1&service=443",
            "policy-told": "/policy/ask?from=appliance&to=management&service=bmc_management",
            "jobs": "/jobs", "job": demo.job, "findings": "/findings", "audit": "/audit", "audit-record": demo.record,
            "users": "/users?user=ops&action=device.power&device=r1-u01", "user": "/users/ops",
            "account": "/account", "manual": "/manual", "manual-chapter": demo.chapter,
        },
    });
    passes(browser.run("looks.mjs", &input, |_said| unreachable!()));
}

#[test]
fn the_policy_is_asked_and_proposed_with_and_without_javascript() {
    let Some(browser) = Browser::find("the_policy_is_asked_and_proposed").unwrap() else { return };
    let demo = Demo::start();
    let input = json!({ "url": demo.appliance.url(), "session": cookie(&demo.session), "device": "r1-u01" });
    passes(browser.run("policy.mjs", &input, |_said| unreachable!()));
}

#[test]
fn the_fleet_is_worked_by_keys() {
    let Some(browser) = Browser::find("the_fleet_is_worked_by_keys").unwrap() else { return };
    let demo = Demo::start();
    let input = json!({ "url": demo.appliance.url(), "session": cookie(&demo.session) });
    passes(browser.run("keyboard.mjs", &input, |_said| unreachable!()));
}

#[test]
fn the_essential_works_without_javascript() {
    let Some(browser) = Browser::find("the_essential_works_without_javascript").unwrap() else { return };
    let mut site = Site::adopted(5).unwrap();
    let input = json!({
        "url": site.appliance.url(), "device": told(&site.bmc(2).unwrap()), "recovery": site.admin.recovery.pop(),
    });
    passes(browser.run("plain.mjs", &input, |said| rack_does(&site.rack, said)));
}

#[test]
fn other_sites_planted_cookies_and_frames_achieve_nothing() {
    let Some(browser) = Browser::find("other_sites_planted_cookies_and_frames").unwrap() else { return };
    let mut site = Site::adopted(5).unwrap();
    let recovery = [site.admin.recovery.pop(), site.admin.recovery.pop()];
    let input = json!({
        "url": site.appliance.url(), "session": cookie(&site.session), "device": told(&site.bmc(1).unwrap()),
        "recovery": recovery,
    });
    passes(browser.run("security.mjs", &input, |said| rack_does(&site.rack, said)));
}

#[test]
fn open_pages_outlive_the_appliance_and_show_what_changed_meanwhile() {
    let Some(browser) = Browser::find("open_pages_outlive_the_appliance").unwrap() else { return };
    let mut site = Site::adopted(5).unwrap();
    let device = told(&site.bmc(3).unwrap());
    let input = json!({ "url": site.appliance.url(), "session": cookie(&site.session), "device": device });
    let done = browser.run("reconnect.mjs", &input, |said| {
        match said["do"].as_str() {
            Some("kill") => site.appliance.kill9()?,
            Some("stop") => assert!(site.appliance.stop()?.success()),
            Some("start") => site.appliance.start()?,
            _ => return rack_does(&site.rack, said),
        }
        Ok(Value::Null)
    });
    passes(done);
}

/// The demonstration, enrolled, with something of every kind in it.
struct Demo {
    appliance: Appliance,
    session: Session,
    /// The page of a device that is not adopted.
    seen: String,
    /// The page of a job.
    job: String,
    /// The page of a record of the audit log.
    record: String,
    /// The page of a chapter of the manual.
    chapter: String,
}

impl Demo {
    fn start() -> Self {
        let appliance = Appliance::demo(16).unwrap();
        let session = Operator::enrol(&appliance).unwrap().sign_in(&appliance).unwrap();
        let rows = until("the demonstration is furnished", SOON, || {
            let adopted = session.get("/?q=reach:online")?.text;
            Ok((adopted.matches("data-row").count() == 14).then_some(adopted))
        });
        let rows = rows.unwrap();
        let first = |path: &str, before: &str| {
            let text = session.get(path).unwrap().text;
            text.split_once(before).unwrap().1.split('"').next().unwrap().to_owned()
        };
        let seen = first("/?q=stage:seen", "<th scope=\"row\"><a href=\"");
        let chapter = format!("/manual/{}", first("/manual", "\"/manual/"));
        let record = first("/audit", "<td class=\"num mono\"><a href=\"");
        let id = rows.split_once("name=\"device\" value=\"").unwrap().1.split('"').next().unwrap();
        let job = session.post("/fleet/act/confirmed", &[("device", id), ("act", "refresh")]).unwrap();
        Self { appliance, session, seen, job: job.location.unwrap(), record, chapter }
    }
}
