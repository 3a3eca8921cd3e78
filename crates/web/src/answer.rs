//! From templates and failures to HTTP answers.

use crate::view::frame::Frame;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use model::{Failure, Kind};

/// A page that was rendered, or why not.
pub(crate) type Answer = Result<Response, Refusal>;

/// Renders a template.
pub(crate) fn page(template: &impl Template) -> Answer {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(%error, "a template could not be rendered");
            Err(Refusal::Failed(Failure::new(Kind::Unavailable, "show", "this page", "it could not be rendered")))
        }
    }
}

/// After a form: go and look at this page.
pub(crate) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Why a page is not shown.
#[derive(Debug)]
pub enum Refusal {
    /// Nobody is signed in.
    SignIn {
        /// Where they wanted to go.
        to: String,
        /// Whether a script asked, which cannot follow to a form.
        by_script: bool,
        /// Whether it was a plain read, which can be repeated after the sign-in.
        reads: bool,
    },
    /// Another site made the browser ask.
    ForeignOrigin,
    /// The form belongs to another session.
    Stale,
    /// The form is too large.
    TooLarge,
    /// There is no such page.
    NoSuchPage,
    /// The act, or the reading of what the page shows, failed.
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The HTTP status of a failure.
#[must_use]
pub const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Refused => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict | Kind::Busy => StatusCode::CONFLICT,
        Kind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unsupported => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unreachable | Kind::CredentialRefused | Kind::BadAnswer => StatusCode::BAD_GATEWAY,
        Kind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A page with what, why and what to do.
#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    frame: Frame,
    status: u16,
    what: String,
    why: String,
    hint: Option<String>,
    back: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, title, what, why, hint) = match self {
            Self::SignIn { by_script: true, .. } => return StatusCode::UNAUTHORIZED.into_response(),
            Self::SignIn { to, reads, .. } => {
                let next = if reads && to != "/" { to } else { String::new() };
                let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
                return see(&if next.is_empty() { "/sign-in".to_owned() } else { format!("/sign-in?{query}") });
            }
            Self::ForeignOrigin => (
                StatusCode::FORBIDDEN,
                "Refused",
                String::new(),
                "another site asked for this in your name".to_owned(),
                Some("nothing was done; close the page that you came from".to_owned()),
            ),
            Self::Stale => (
                StatusCode::FORBIDDEN,
                "Out of date",
                String::new(),
                "the form belongs to a session that has ended".to_owned(),
                Some("nothing was done; go back, load the page again and repeat it".to_owned()),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too large",
                String::new(),
                "a form may hold one megabyte".to_owned(),
                Some("split it".to_owned()),
            ),
            Self::NoSuchPage => {
                (StatusCode::NOT_FOUND, "Not found", String::new(), "there is no such page".to_owned(), None)
            }
            Self::Failed(failure) => {
                let what = format!("{} {}", failure.operation, failure.subject);
                (status(failure.kind), title(failure.kind), what, failure.cause, failure.hint)
            }
        };
        let frame = Frame::outside(title);
        let message = Message { frame, status: status.as_u16(), what, why, hint, back: "/" };
        match page(&message) {
            Ok(page) => (status, [(header::CACHE_CONTROL, "no-store")], page).into_response(),
            Err(_) => status.into_response(),
        }
    }
}

const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "Not accepted",
        Kind::Unauthenticated => "Sign in",
        Kind::Refused => "Not allowed",
        Kind::NotFound => "Not found",
        Kind::Conflict => "Not possible now",
        Kind::Busy => "Busy",
        Kind::Throttled => "Too many tries",
        Kind::Unreachable => "No answer",
        Kind::TimedOut => "Too slow",
        Kind::CredentialRefused => "Credential refused",
        Kind::BadAnswer => "Bad answer",
        Kind::Unsupported => "Not supported",
        Kind::Unavailable => "The appliance cannot",
    }
}
