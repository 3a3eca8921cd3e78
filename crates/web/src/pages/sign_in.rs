//! Signing in and out.

use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::Fields;
use crate::session::{self, From, Session};
use crate::view::frame::Frame;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use control::gate::Attempt;
use model::{Failure, Kind};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    frame: Frame,
    name: String,
    next: String,
    problem: Option<Problem>,
}

/// What went wrong with a form, shown above it.
pub(crate) struct Problem {
    pub what: String,
    pub hint: Option<String>,
}

impl std::convert::From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self { what: format!("{}.", capital(&failure.cause)), hint: failure.hint }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`.
pub(crate) async fn show(
    State(app): State<App>,
    Query(wish): Query<Wish>,
    session: Option<Session>,
) -> Answer {
    if session.is_some() {
        return Ok(see(local(&wish.next)));
    }
    form(&app, String::new(), wish.next, None)
}

fn form(app: &App, name: String, next: String, problem: Option<Problem>) -> Answer {
    let mut frame = Frame::outside("Sign in");
    frame.banners = (app.banners)();
    page(&Page { frame, name, next, problem })
}

/// Only an address on this very site; anything else leads to the fleet.
fn local(next: &str) -> &str {
    let plain = |c: char| c.is_ascii_graphic() && c != '\\';
    if next.starts_with('/') && !next.starts_with("//") && next.chars().all(plain) { next } else { "/" }
}

/// `POST /sign-in`.
pub(crate) async fn sign_in(
    State(app): State<App>,
    From(from): From,
    headers: HeaderMap,
    fields: Fields,
) -> Answer {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let attempt = Attempt {
        name: fields.text("name").to_owned(),
        password: fields.secret("password"),
        code: fields.text("code").into(),
        from,
        agent: agent.to_owned(),
    };
    match app.gate.sign_in(&attempt).await {
        Ok(token) => {
            // An older session of this browser is not left standing.
            if let Some(old) = session::cookie(&headers) {
                app.gate.sign_out(old.expose()).await;
            }
            let cookie = session::set_cookie(&token).ok_or_else(|| {
                Failure::new(
                    Kind::Unavailable,
                    "sign in",
                    attempt.name.clone(),
                    "the session cannot be put in a cookie",
                )
            })?;
            Ok(([(header::SET_COOKIE, cookie)], see(local(fields.text("next")))).into_response())
        }
        Err(failure) => {
            let status = crate::answer::status(failure.kind);
            let page = form(&app, attempt.name, fields.text("next").to_owned(), Some(failure.into()))?;
            Ok((status, page).into_response())
        }
    }
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(cookie) = session::cookie(&headers) {
        app.gate.sign_out(cookie.expose()).await;
    }
    (StatusCode::SEE_OTHER, [(header::SET_COOKIE, session::clear_cookie())], [(header::LOCATION, "/sign-in")])
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_sign_in_nobody_is_sent_elsewhere() {
        for own in ["/", "/devices/r1-u07?job=3#power", "/?q=power%3Aoff"] {
            assert_eq!(local(own), own);
        }
        for foreign in
            ["", "https://evil", "//evil", "/\\evil", "javascript:alert(1)", "/a\r\nSet-Cookie: x", "evil"]
        {
            assert_eq!(local(foreign), "/");
        }
    }
}
