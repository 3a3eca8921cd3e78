//! First logins and resets: the page behind a one-time link.

use super::sign_in::Problem;
use crate::answer::{Answer, page};
use crate::app::App;
use crate::fields::Fields;
use crate::session::From;
use crate::view::Drawing;
use crate::view::frame::Frame;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use model::{Kind, Secret};

#[derive(Template)]
#[template(path = "enrol.html")]
struct Form {
    frame: Frame,
    token: String,
    user: String,
    key: String,
    qr: Drawing,
    second_factor: bool,
    problem: Option<Problem>,
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct Recovery {
    frame: Frame,
    codes: Vec<String>,
}

/// `GET /enrol/{link}`.
pub(crate) async fn show(State(app): State<App>, Path(link): Path<String>) -> Answer {
    form(&app, link, None).await
}

async fn form(app: &App, token: String, problem: Option<Problem>) -> Answer {
    let shown = app.gate.enrolment(&token).await?;
    page(&Form {
        frame: Frame::outside("First login"),
        token,
        user: shown.user,
        key: grouped(shown.key.expose()),
        qr: Drawing::of(&shown.qr),
        second_factor: shown.second_factor,
        problem,
    })
}

/// In groups of four, as people type it.
fn grouped(key: &str) -> String {
    let plain: Vec<char> = key.chars().filter(|c| !c.is_whitespace()).collect();
    plain.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// `POST /enrol/{link}`.
pub(crate) async fn set(
    State(app): State<App>,
    Path(link): Path<String>,
    From(from): From,
    fields: Fields,
) -> Answer {
    let password = fields.secret("password");
    if password != fields.secret("again") {
        let problem = Problem { what: "The two passwords are not the same.".into(), hint: None };
        return refused(&app, link, problem).await;
    }
    let code: Secret<String> =
        Secret::new(fields.text("code").chars().filter(|c| !c.is_whitespace()).collect());
    match app.gate.enrol(&link, password, &code, from).await {
        Ok(codes) => {
            let codes = codes.iter().map(|code| code.expose().clone()).collect();
            page(&Recovery { frame: Frame::outside("Recovery codes"), codes })
        }
        Err(failure) if failure.kind == Kind::Invalid => refused(&app, link, failure.into()).await,
        Err(failure) => Err(failure.into()),
    }
}

async fn refused(app: &App, link: String, problem: Problem) -> Answer {
    let page = form(app, link, Some(problem)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
