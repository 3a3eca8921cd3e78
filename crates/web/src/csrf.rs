//! Refuses what another site makes a browser send.
//!
//! Two independent checks stand before every request that is not a plain read: where the browser says
//! it comes from, and a token that only our own pages know. A signed-in browser needs both.

use crate::answer::Refusal;
use crate::session::Session;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ring::digest;

/// The largest form: a CSV of credentials, or five thousand devices picked.
const LARGEST_FORM: usize = 1024 * 1024;
/// The largest form that carries the policy's documents: both, and a form writes many a letter as three.
const LARGEST_POLICY_FORM: usize = 2 * 3 * control::policy::LARGEST_DOCUMENT + LARGEST_FORM;
/// The largest form that is read of somebody who is not signed in: name, two passwords, a code. Strangers may
/// open many streams at once, and each must cost little memory.
const LARGEST_OPEN_FORM: usize = 16 * 1024;
/// The header that scripts send the token in.
const HEADER: &str = "x-csrf-token";
/// The field that forms send it in.
const FIELD: &str = "csrf";

/// Checks every request but plain reads; the form's body is read once here and handed on.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    if !is_own(request.headers()) {
        return Refusal::ForeignOrigin.into_response();
    }
    let (parts, body) = request.into_parts();
    let (session, is_open) = (parts.extensions.get::<Session>(), needs_no_token(parts.uri.path()));
    if session.is_none() && !is_open {
        // Whatever it asks for, it is sent to the sign-in: its body is nobody's to read.
        return next.run(Request::from_parts(parts, Body::empty())).await;
    }
    let Ok(body) = axum::body::to_bytes(body, largest_form(parts.uri.path())).await else {
        return Refusal::TooLarge.into_response();
    };
    if let Some(session) = session
        && !is_open
        && !carries(&parts.headers, &body, &session.csrf)
    {
        return Refusal::Stale.into_response();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// The largest form that is read at an address, in bytes.
pub(crate) fn largest_form(path: &str) -> usize {
    match path {
        "/policy/propose" => LARGEST_POLICY_FORM,
        open if needs_no_token(open) => LARGEST_OPEN_FORM,
        _ => LARGEST_FORM,
    }
}

/// Signing in proves who asks by itself, and works beside a session that has ended or belongs to somebody else.
fn needs_no_token(path: &str) -> bool {
    path == "/sign-in" || path.starts_with("/enrol/")
}

/// Whether the browser says that one of our own pages asks; one that says nothing is no browser of today.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text(header::ORIGIN.as_str()), text(header::HOST.as_str())) {
        (Some(origin), Some(host)) => {
            origin.strip_prefix("https://").is_some_and(|of| of.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
        (None, _) => true,
    }
}

fn carries(headers: &HeaderMap, body: &Bytes, expected: &str) -> bool {
    if let Some(given) = headers.get(HEADER) {
        return same(given.as_bytes(), expected.as_bytes());
    }
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    is_form
        && form_urlencoded::parse(body)
            .find(|(name, _)| name == FIELD)
            .is_some_and(|(_, given)| same(given.as_bytes(), expected.as_bytes()))
}

/// Compares digests, so that time tells nothing about the token.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let of = |bytes| digest::digest(&digest::SHA256, bytes);
    !expected.is_empty() && of(given).as_ref() == of(expected).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_our_own_pages_may_ask() {
        for own in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://box:8443"), ("host", "box:8443")],
            &[("host", "box")],
        ] {
            assert!(is_own(&headers(own)), "{own:?}");
        }
        for foreign in [
            &[("sec-fetch-site", "cross-site"), ("origin", "https://box"), ("host", "box")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil"), ("host", "box")],
            &[("origin", "http://box"), ("host", "box")],
            &[("origin", "null"), ("host", "box")],
            &[("origin", "https://box")],
        ] {
            assert!(!is_own(&headers(foreign)), "{foreign:?}");
        }
    }

    #[test]
    fn the_token_is_looked_for_in_header_and_form_only() {
        let form = headers(&[("content-type", "application/x-www-form-urlencoded")]);
        let body = |text: &'static str| Bytes::from_static(text.as_bytes());
        assert!(carries(&form, &body("a=1&csrf=right&b=2"), "right"));
        assert!(carries(&headers(&[("x-csrf-token", "right")]), &body(""), "right"));
        assert!(!carries(&form, &body("a=1&csrf=wrong&csrf=right"), "right"));
        assert!(!carries(&headers(&[("content-type", "text/plain")]), &body("csrf=right"), "right"));
        assert!(!carries(&headers(&[("x-csrf-token", "wrong")]), &body("csrf=right"), "right"));
        assert!(!carries(&form, &body("csrf="), ""));
    }
}
