//! Coming in and being kept out: first login, sign-in, forged requests, sessions.

mod common;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use common::browser::{Browser, PASSWORD};
use common::{Appliance, devices};
use model::{Role, Scope};

#[tokio::test]
async fn a_first_login_link_works_once_and_a_code_once() {
    let appliance = Appliance::start(Vec::new()).await;
    let link = appliance.user("alice", &[(Role::Administrator, Scope::All)]).await;
    let mut browser = Browser::new(&appliance.router);
    let weak = browser.post(&link, &[("password", "short"), ("again", "short"), ("code", "000000")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unequal =
        browser.post(&link, &[("password", PASSWORD), ("again", "another"), ("code", "000000")]).await;
    assert!(unequal.text.contains("not the same"));
    browser.enrol(&link).await;
    assert_eq!(browser.get(&link).await.status, StatusCode::UNAUTHORIZED, "the link was used");
    assert_eq!(browser.recovery.len(), 10);
    let code = browser.recovery[0].clone();
    browser.sign_in("alice").await;
    let mut other = Browser::new(&appliance.router);
    // `sign_in` takes the last recovery code; the first is still good, once.
    for expected in [StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED] {
        let got = other.post("/sign-in", &[("name", "alice"), ("password", PASSWORD), ("code", &code)]).await;
        assert_eq!(got.status, expected);
    }
}

#[tokio::test]
async fn wrong_names_passwords_and_codes_get_the_same_answer() {
    let appliance = Appliance::start(Vec::new()).await;
    let link = appliance.user("alice", &[]).await;
    let mut browser = Browser::new(&appliance.router);
    browser.enrol(&link).await;
    let mut answers = Vec::new();
    for (name, password) in [("alice", "wrong password here"), ("alice", PASSWORD), ("nobody", PASSWORD)] {
        let got =
            browser.post("/sign-in", &[("name", name), ("password", password), ("code", "000000")]).await;
        assert_eq!(got.status, StatusCode::UNAUTHORIZED);
        answers.push(got.text.replace(name, "NAME"));
        assert!(browser.cookie.is_none());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn a_cookie_that_was_planted_before_the_sign_in_is_worth_nothing() {
    let appliance = Appliance::start(Vec::new()).await;
    let link = appliance.user("alice", &[]).await;
    let mut browser = Browser::new(&appliance.router);
    browser.enrol(&link).await;
    let planted = "__Host-portcullis=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    browser.cookie = Some(planted.clone());
    browser.sign_in("alice").await;
    assert_ne!(browser.cookie.as_deref(), Some(planted.as_str()));
    browser.cookie = Some(planted);
    assert_eq!(browser.get("/account").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_out_or_in_again_ends_the_session_on_the_appliance() {
    let appliance = Appliance::start(Vec::new()).await;
    let mut browser = appliance.signed_in("alice", &[]).await;
    let first = browser.cookie.clone();
    browser.sign_in("alice").await;
    let second = browser.cookie.clone();
    let mut thief = Browser::new(&appliance.router);
    thief.cookie = first;
    assert_eq!(thief.get("/account").await.status, StatusCode::SEE_OTHER, "the older session still stands");
    let out = browser.post("/sign-out", &[]).await;
    assert_eq!(out.location(), "/sign-in");
    assert!(browser.cookie.is_none());
    thief.cookie = second;
    assert_eq!(
        thief.get("/account").await.status,
        StatusCode::SEE_OTHER,
        "signing out only cleared the cookie"
    );
}

#[tokio::test]
async fn a_form_without_the_token_or_from_elsewhere_does_nothing() {
    let appliance = Appliance::start(devices::fleet(2)).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    let right = browser.csrf.clone();
    let attacks: &[(&str, &[(&'static str, &str)])] = &[
        ("stage=maintenance", &[("sec-fetch-site", "same-origin")]),
        ("stage=maintenance&csrf=wrong", &[("sec-fetch-site", "same-origin")]),
        (&format!("stage=maintenance&csrf={right}"), &[("sec-fetch-site", "cross-site")]),
        (&format!("stage=maintenance&csrf={right}"), &[("sec-fetch-site", "same-site")]),
        (&format!("stage=maintenance&csrf={right}"), &[("origin", "https://evil.example")]),
        (&format!("stage=maintenance&csrf={right}"), &[("origin", "null")]),
    ];
    for (body, headers) in attacks {
        let mut request = browser
            .request(Method::POST, "/devices/r1-u01/stage")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let got = browser.send(request.body(Body::from((*body).to_owned())).unwrap()).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{body} {headers:?}");
    }
    let device = appliance.door.book().named("r1-u01").unwrap();
    assert_eq!(device.stage, model::Stage::InService);
    let done = browser.post("/devices/r1-u01/stage", &[("stage", "maintenance")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
}

#[tokio::test]
async fn guessing_is_slowed() {
    let appliance = Appliance::start(Vec::new()).await;
    let mut browser = Browser::new(&appliance.router);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let got = browser.post("/sign-in", &[("name", "alice"), ("password", "guess"), ("code", "1")]).await;
        statuses.push(got.status);
    }
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let appliance = Appliance::start(Vec::new()).await;
    let mut browser = appliance.signed_in("alice", &[(Role::Administrator, Scope::All)]).await;
    let large = "x".repeat(1_100_000);
    let got = browser.post("/discovery/credentials", &[("csv", &large)]).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
}
