//! What cannot be read is refused in the same shape as everything else.

use crate::harness::{DEVICE, Got, Harness};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use model::Kind;
use serde_json::json;

async fn raw(
    harness: &Harness,
    token: &str,
    method: &str,
    path: &str,
    kind: Option<&str>,
    body: &str,
) -> Got {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    if let Some(kind) = kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    harness.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn what_cannot_be_read_is_a_failure_with_its_own_status() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let json = Some("application/json");
    let power = format!("/devices/{DEVICE}/power");
    let large = "x".repeat((1 << 20) + 1);
    let job = |act: &str, pacing: &str| {
        format!(r#"{{"devices": ["{DEVICE}"], "act": {act}, "pacing": {{{pacing}}}}}"#)
    };
    let back = job(r#"{"act": "stage", "stage": "seen"}"#, "");
    let never = job(r#"{"act": "refresh"}"#, r#""at_once": 0"#);
    let too_many = job(r#"{"act": "refresh"}"#, r#""at_once": 5001"#);
    let cases: &[(&str, &str, Option<&str>, &str, StatusCode)] = &[
        ("POST", &power, json, "{", StatusCode::BAD_REQUEST),
        ("POST", &power, json, "", StatusCode::BAD_REQUEST),
        ("POST", &power, json, r#"{"reset": 5}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("POST", &power, json, r#"{"reset": "explode"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("POST", &power, json, r#"{"reset": "on", "now": true}"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("POST", &power, None, r#"{"reset": "on"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("POST", &power, Some("text/plain"), r#"{"reset": "on"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("POST", &power, json, &large, StatusCode::PAYLOAD_TOO_LARGE),
        ("POST", "/credentials", json, &large, StatusCode::BAD_REQUEST),
        ("POST", "/jobs", json, &back, StatusCode::UNPROCESSABLE_ENTITY),
        ("POST", "/jobs", json, &never, StatusCode::UNPROCESSABLE_ENTITY),
        ("POST", "/jobs", json, &too_many, StatusCode::UNPROCESSABLE_ENTITY),
        ("GET", "/devices?limit=many", None, "", StatusCode::BAD_REQUEST),
        ("GET", "/devices?colour=red", None, "", StatusCode::BAD_REQUEST),
        ("GET", "/devices?limit=5001", None, "", StatusCode::UNPROCESSABLE_ENTITY),
        ("GET", "/devices?q=colour:red", None, "", StatusCode::UNPROCESSABLE_ENTITY),
        ("GET", "/whoami?really=1", None, "", StatusCode::BAD_REQUEST),
        ("GET", "/audit?action=dance", None, "", StatusCode::UNPROCESSABLE_ENTITY),
        ("GET", "/jobs/first", None, "", StatusCode::BAD_REQUEST),
        ("GET", "/jobs/7", None, "", StatusCode::NOT_FOUND),
        ("GET", "/devices/%FF", None, "", StatusCode::BAD_REQUEST),
        ("GET", "/nothing/here", None, "", StatusCode::NOT_FOUND),
        ("PUT", "/devices", json, "{}", StatusCode::METHOD_NOT_ALLOWED),
    ];
    for (method, path, kind, body, expected) in cases {
        let got = raw(&harness, &token, method, path, *kind, body).await;
        assert_eq!(got.status, *expected, "{method} {path} {}", got.text());
        let kind = if *expected == StatusCode::NOT_FOUND { Kind::NotFound } else { Kind::Invalid };
        assert_eq!(got.failure().kind, kind, "{method} {path}");
        assert_eq!(got.headers[header::CACHE_CONTROL], "no-store");
    }
    let got = raw(&harness, &token, "PUT", "/devices", None, "").await;
    assert!(got.headers[header::ALLOW].to_str().unwrap().contains("GET"), "{:?}", got.headers);
    assert_eq!(harness.controllers.performed(), 0);
}

#[tokio::test]
async fn an_import_may_be_larger_but_not_endless() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let entry =
        |n: usize| json!({ "serial": format!("S{n:05}"), "username": "root", "password": "p".repeat(240) });
    let many: Vec<_> = (0..5000).map(entry).collect();
    let got = harness.ask(Some(&token), "POST", "/credentials", Some(&json!(many))).await;
    assert_eq!(got.json(), json!({ "imported": 5000 }));
    let endless = format!("[{}]", " ".repeat(4 << 20));
    let got = raw(&harness, &token, "POST", "/credentials", Some("application/json"), &endless).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
    got.failure();
}

#[tokio::test]
async fn what_is_too_long_for_a_record_is_refused_as_such() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let long = "x".repeat(100_000);
    for (method, path, body) in [
        ("POST", "/users".to_owned(), json!({ "name": long })),
        ("POST", "/users".to_owned(), json!({ "name": "a", "full_name": long })),
        ("POST", "/tokens".to_owned(), json!({ "label": long, "role": "viewer", "scope": "all", "days": 1 })),
        (
            "POST",
            "/tokens".to_owned(),
            json!({ "label": "a", "role": "viewer", "scope": format!("zone:{long}"), "days": 1 }),
        ),
        ("PATCH", format!("/devices/{DEVICE}"), json!({ "name": long })),
        ("PATCH", format!("/devices/{DEVICE}"), json!({ "labels": { "a": long } })),
        ("POST", format!("/devices/{DEVICE}/adopt"), json!({ "username": long, "password": "x" })),
        ("POST", "/credentials".to_owned(), json!([{ "serial": long, "username": "a", "password": "x" }])),
    ] {
        let got = harness.ask(Some(&token), method, &path, Some(&body)).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path} {}", got.text());
        assert!(got.text().len() < 1000, "{method} {path} says too much");
    }
    let got = harness.ask(Some(&token), "GET", &format!("/devices/{}", "x".repeat(2000)), None).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_password_is_not_repeated_in_a_failure() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    for body in [
        r#"[{"trusted": "hunter2", "username": "u", "password": "p"}]"#,
        r#"[{"trusted": true, "username": "u", "password": ["hunter2"]}]"#,
        r#"[{"mac": "hunter2", "username": "u", "password": "hunter2"}]"#,
    ] {
        let got = raw(&harness, &token, "POST", "/credentials", Some("application/json"), body).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!got.text().contains("hunter2"), "{}", got.text());
    }
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_here() {
    let harness = Harness::start().await;
    let token = harness.administrator().await;
    let request =
        Request::builder().uri("/api/v1/whoami").header(header::COOKIE, format!("__Host-portcullis={token}"));
    let got = harness.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    // Two headers could mean two things to two readers.
    let twice = Request::builder()
        .uri("/api/v1/whoami")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    assert_eq!(harness.send(twice.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
}
