//! What people do with devices through the pages, to the end.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use common::browser::{Browser, between};
use common::{Appliance, devices};
use futures_util::StreamExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use model::device::{Power, Stage};
use model::event::What;
use model::{Role, Scope};
use std::time::Duration;

/// Waits for the end of a job.
async fn job_ends(appliance: &Appliance, location: &str) -> control::Job {
    let digits: String = location.chars().rev().take_while(char::is_ascii_digit).collect();
    let id: u64 = digits.chars().rev().collect::<String>().parse().unwrap();
    let mut events = appliance.door.events().listen();
    let ended = async {
        loop {
            if let Some(job) = appliance.app.jobs.get(id).filter(control::Job::has_ended) {
                return job;
            }
            while !matches!(events.recv().await.unwrap().what, What::JobProgress { .. }) {}
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap()
}

async fn administrator(count: usize) -> (Appliance, Browser) {
    let appliance = Appliance::start(devices::fleet(count)).await;
    let browser = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    (appliance, browser)
}

#[tokio::test]
async fn a_server_is_switched_off_after_its_name_was_typed() {
    let (appliance, mut browser) = administrator(3).await;
    let asked = browser.post("/devices/r1-u01/power", &[("reset", "force_off")]).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.text.contains("data-expect=\"r1-u01\""));
    let wrong = browser
        .post("/devices/r1-u01/power/confirmed", &[("reset", "force_off"), ("confirm", "r1-u03")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(appliance.door.book().named("r1-u01").unwrap().state.power, Power::On);
    let sent = browser
        .post("/devices/r1-u01/power/confirmed", &[("reset", "force_off"), ("confirm", "r1-u01")])
        .await;
    let job = job_ends(&appliance, sent.location()).await;
    assert_eq!(job.failed(), 0);
    assert_eq!(appliance.door.book().named("r1-u01").unwrap().state.power, Power::Off);
    let page = browser.get(sent.location()).await.text;
    assert!(page.contains("Force off</strong>: done"));
    assert!(page.contains("device.power force off on device r1-u01"), "the history lacks the act");
}

#[tokio::test]
async fn many_are_switched_with_one_typed_confirmation() {
    let (appliance, mut browser) = administrator(60).await;
    let asked = browser
        .post("/fleet/act", &[("act", "force_off"), ("matching", "yes"), ("q", "rack:r2 power:on")])
        .await;
    let expect = between(&asked.text, "data-expect=\"", "\"").unwrap().to_owned();
    let count = asked.text.matches("name=\"device\"").count();
    assert_eq!(expect, format!("force off {count}"));
    let mut fields: Vec<(&str, &str)> = vec![("act", "force_off"), ("confirm", &expect)];
    let ids: Vec<String> = asked
        .text
        .split("name=\"device\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    fields.extend(ids.iter().map(|id| ("device", id.as_str())));
    let short = browser.post("/fleet/act/confirmed", &fields[..fields.len() - 1]).await;
    assert_eq!(
        short.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "the number that was typed is not the number of devices"
    );
    let sent = browser.post("/fleet/act/confirmed", &fields).await;
    let job = job_ends(&appliance, sent.location()).await;
    assert_eq!((job.items.len(), job.failed()), (count, 0));
    let page = browser.get(sent.location()).await.text;
    assert!(page.contains(&format!("{count} of {count} done")));
}

/// What a browser would not let go: a number beyond what its field allows, even where nobody touched it.
#[tokio::test]
async fn what_a_form_suggests_is_what_it_allows() {
    let (appliance, mut browser) = administrator(60).await;
    for act in ["refresh", "maintenance", "on", "force_off", "power_cycle"] {
        let asked = browser.post("/fleet/act", &[("act", act), ("matching", "yes"), ("q", "rack:r2")]).await;
        let fields: Vec<&str> = asked.text.split("type=\"number\"").skip(1).collect();
        assert_eq!(fields.len(), 5, "{act}");
        for field in fields {
            let number =
                |name: &str| -> u32 { between(field, &format!("{name}=\""), "\"").unwrap().parse().unwrap() };
            let (least, value, most) = (number("min"), number("value"), number("max"));
            assert!((least..=most).contains(&value), "{act}: {value} is not {least} to {most}");
        }
    }
    appliance.closing.cancel();
}

/// Whoever has a job's page open sees that it was stopped, and that it can be resumed when nothing runs any more.
#[tokio::test]
async fn a_job_is_steered_from_its_page() {
    let (appliance, mut browser) = administrator(600).await;
    let ids: Vec<_> = appliance.door.book().all().iter().map(|device| device.id.clone()).collect();
    let actor = model::Actor::system("operator");
    let pacing = model::job::Pacing { at_once: 1, pause_ms: 600_000, ..model::job::Pacing::default() };
    let jobs = &appliance.app.jobs;
    let mut events = appliance.door.events().listen();
    let id = jobs.start(&actor, "Read now".into(), model::job::Act::Refresh, pacing, ids).await;
    let job = format!("/jobs/{id}");
    let page = browser.get(&job).await.text;
    assert!(page.contains("id=\"stop\"") && !page.contains("id=\"resume\""));
    assert!(!page.contains(">Group<"), "there are no groups");
    assert_eq!(page.matches("<th scope=\"row\"><a href=\"/devices/").count(), 500);
    assert!(page.contains("100 more are not shown"));
    let file = browser.get(&format!("{job}/export?format=csv")).await.text;
    assert_eq!(file.lines().count(), 601, "the file holds not all");
    while jobs.get(id).is_some_and(|job| job.done() < 1) {
        events.recv().await.unwrap();
    }
    while events.try_recv().is_ok() {}
    browser.post(&format!("{job}/stop"), &[]).await;
    let told = tokio::time::timeout(Duration::from_secs(10), async {
        while !matches!(events.recv().await.unwrap().what, What::JobProgress { .. }) {}
    });
    told.await.expect("nobody hears that it was stopped");
    let page = browser.get(&job).await.text;
    assert!(!page.contains("id=\"stop\"") && page.contains("id=\"resume\""), "{page}");
    let part = between(&page, "id=\"steer\" data-part data-live=\"job:", "\"");
    assert_eq!(part, Some(id.to_string().as_str()), "the buttons do not follow by themselves");
}

#[tokio::test]
async fn adoption_by_hand_binds_the_password_to_the_certificate_that_was_shown() {
    let (appliance, mut browser) = administrator(12).await;
    let page = browser.get("/devices/bmc-10-0-0-11").await.text;
    assert!(page.contains("No configured authority vouches"));
    let print = between(&page, "name=\"fingerprint\" value=\"", "\"").unwrap().to_owned();
    let other = "ab".repeat(32);
    let credential = [("username", "root"), ("password", "calvin"), ("by", "hand")];
    let mut fields = credential.to_vec();
    fields.push(("fingerprint", &other));
    let sent = browser.post("/devices/bmc-10-0-0-11/adopt", &fields).await;
    let job = job_ends(&appliance, sent.location()).await;
    assert_eq!(job.failed(), 1, "another certificate got the password");
    let mut fields = credential.to_vec();
    fields.push(("fingerprint", &print));
    let sent = browser.post("/devices/bmc-10-0-0-11/adopt", &fields).await;
    let job = job_ends(&appliance, sent.location()).await;
    assert_eq!(job.failed(), 0, "{:?}", job.items);
    let device = appliance.door.book().named("bmc-10-0-0-11").unwrap();
    assert_eq!(device.stage, Stage::InService);
    assert_eq!(device.pinned.as_ref().unwrap().fingerprint.to_string(), print);
}

#[tokio::test]
async fn a_changed_certificate_is_approved_as_it_was_seen() {
    let (appliance, mut browser) = administrator(20).await;
    let page = browser.get("/findings").await.text;
    let picked = between(&page, "name=\"device\" value=\"", "\"").unwrap().to_owned();
    let sent = browser.post("/findings/certificates", &[("device", &picked)]).await;
    let job = job_ends(&appliance, sent.location()).await;
    assert_eq!(job.failed(), 0, "{:?}", job.items);
    let (id, print) = picked.split_once('=').unwrap();
    let device = appliance.door.book().named(id).unwrap();
    assert_eq!(device.pinned.as_ref().unwrap().fingerprint.to_string(), print);
    assert!(device.presented.is_none());
}

#[tokio::test]
async fn credentials_are_imported_and_never_shown() {
    let (_appliance, mut browser) = administrator(2).await;
    let sent = browser
        .post(
            "/discovery/credentials",
            &[("csv", "serial,ABC,root,geheim-1\nmac,aa:bb:cc:00:11:22,root,geheim-2")],
        )
        .await;
    assert_eq!(sent.location(), "/discovery?imported=2");
    for path in ["/discovery?imported=2", "/audit", "/audit/1"] {
        assert!(!browser.get(path).await.text.contains("geheim"), "{path}");
    }
    let bad = browser.post("/discovery/credentials", &[("csv", "serial,ABC,geheim-3")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!bad.text.contains("geheim"));
}

#[tokio::test]
async fn users_get_links_grants_and_tokens() {
    let (appliance, mut browser) = administrator(2).await;
    let made = browser
        .post(
            "/users",
            &[("name", "Bob"), ("full_name", "Bob B."), ("role", "operator"), ("scope", "zone:management")],
        )
        .await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let link = between(&made.text, "<p class=\"secret\">https://box", "</p>").unwrap().to_owned();
    let mut bob = Browser::new(&appliance.router);
    bob.enrol(&link).await;
    bob.sign_in("bob").await;
    assert_eq!(bob.get("/devices/r1-u01").await.status, StatusCode::OK);
    let token = bob
        .post(
            "/account/tokens",
            &[("label", "nightly"), ("role", "viewer"), ("scope", "all"), ("days", "30")],
        )
        .await;
    let text = between(&token.text, "<p class=\"secret\">", "</p>").unwrap().to_owned();
    assert!(appliance.gate.bearer(&text, None).await.is_ok());
    let id = between(&token.text, "name=\"token\" value=\"", "\"").unwrap().to_owned();
    bob.post("/account/tokens/revoke", &[("token", &id)]).await;
    assert!(appliance.gate.bearer(&text, None).await.is_err());
    assert!(!bob.get("/account").await.text.contains(&text), "the token is shown again");
    browser.post("/users/bob/enabled", &[("enabled", "false")]).await;
    assert_eq!(bob.get("/").await.status, StatusCode::SEE_OTHER, "a disabled user's session goes on");
    let last = browser.post("/users/alice/enabled", &[("enabled", "false")]).await;
    assert_eq!(last.status, StatusCode::CONFLICT, "the last administrator locked everybody out");
}

#[tokio::test]
async fn an_open_page_hears_of_what_its_reader_may_see() {
    let (appliance, _alice) = administrator(40).await;
    let scope = Scope::Label { key: "rack".into(), value: "r1".into() };
    let mut bob = appliance.signed_in("bob", &[(Role::Operator, scope)]).await;
    let request = bob.request(Method::GET, "/events").body(Body::empty()).unwrap();
    let response = TowerToHyperService::new(appliance.router.clone()).call(request).await.unwrap();
    assert_eq!(response.headers().get("content-type").unwrap(), "text/event-stream");
    let mut lines = response.into_body().into_data_stream();
    let operator = model::Actor::system("operator");
    for id in ["bmc-00020", "bmc-00003"] {
        let command = model::command::bmc::Refresh { device: model::DeviceId(id.into()) };
        appliance.door.run(&operator, &appliance.app.controllers, command).await.unwrap();
    }
    let next = tokio::time::timeout(Duration::from_secs(10), lines.next()).await.unwrap().unwrap().unwrap();
    let text = String::from_utf8_lossy(&next).into_owned();
    assert!(text.contains("event: touch") && text.contains("device:bmc-00003"), "{text}");
    assert!(!text.contains("bmc-00020"), "another rack's news: {text}");
    // When the appliance stops, the stream ends, so that browsers connect again.
    appliance.closing.cancel();
    let rest = tokio::time::timeout(Duration::from_secs(10), lines.collect::<Vec<_>>()).await;
    assert!(rest.is_ok());
    bob.cookie = None;
}

#[tokio::test]
async fn who_has_signed_out_hears_no_more_news() {
    let (appliance, mut alice) = administrator(4).await;
    let request = alice.request(Method::GET, "/events").body(Body::empty()).unwrap();
    let response = TowerToHyperService::new(appliance.router.clone()).call(request).await.unwrap();
    let mut lines = response.into_body().into_data_stream();
    alice.post("/sign-out", &[]).await;
    let command = model::command::bmc::Refresh { device: model::DeviceId("bmc-00003".into()) };
    let operator = model::Actor::system("operator");
    appliance.door.run(&operator, &appliance.app.controllers, command).await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(10), lines.next()).await.unwrap();
    assert!(next.is_none(), "the stream of a session that has ended goes on: {next:?}");
}

#[tokio::test]
async fn the_audit_log_is_listed_verified_and_exported() {
    let (appliance, mut browser) = administrator(2).await;
    browser.post("/devices/r1-u01/stage", &[("stage", "maintenance")]).await;
    let list = browser.get("/audit?action=device.stage").await.text;
    assert!(list.contains("device.stage maintenance on device r1-u01"));
    let number = between(&list, "href=\"/audit/", "\"").filter(|n| *n != "export").map_or_else(
        || list.split("href=\"/audit/").nth(2).unwrap().split('"').next().unwrap().to_owned(),
        ToOwned::to_owned,
    );
    let one = browser.get(&format!("/audit/{number}")).await.text;
    assert!(one.contains("&#34;record&#34;: ") || one.contains("&quot;record&quot;: "));
    let verified = browser.post("/audit/verify", &[]).await;
    assert!(verified.text.contains("The log is sound"), "{}", verified.text);
    let export = browser.get("/audit/export").await;
    let last = *appliance.door.audit().durable().borrow();
    assert_eq!(export.text.lines().count() as u64, last, "the export has not every record");
    assert!(export.text.lines().all(|line| line.starts_with('{')));
}
