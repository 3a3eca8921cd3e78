//! From templates and failures to HTTP answers.

use crate::app::App;
use crate::session::Session;
use crate::view::frame::{Area, Frame};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
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
            Err(Refusal::Failed(Failure::new(
                Kind::Unavailable,
                "show",
                "this page",
                "it could not be rendered",
            )))
        }
    }
}

/// After a form: go and look at this page.
pub(crate) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Why a page is not shown.
#[derive(Clone, Debug)]
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
    /// The bare answer; [`framed`] puts the page around it for people.
    fn into_response(self) -> Response {
        let status = match &self {
            Self::SignIn { by_script: true, .. } => return StatusCode::UNAUTHORIZED.into_response(),
            Self::SignIn { to, reads, .. } => return sign_in_first(to, *reads),
            Self::ForeignOrigin | Self::Stale => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::Failed(failure) => status(failure.kind),
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn sign_in_first(to: &str, reads: bool) -> Response {
    if !reads || to == "/" {
        return see("/sign-in");
    }
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", to).finish();
    see(&format!("/sign-in?{query}"))
}

/// Puts a page with what, why and what to do around a refusal; with the menu for who is signed in.
pub(crate) async fn framed(
    State(app): State<App>,
    session: Option<Session>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let (title, what, why, hint) = refusal.words();
    let frame = match &session {
        Some(session) => app.frame(session, title, Area::Other),
        None => Frame::outside(title),
    };
    let status = response.status();
    match page(&Message { frame, status: status.as_u16(), what, why, hint, back: "/" }) {
        Ok(page) => (status, page).into_response(),
        Err(_unrendered) => response,
    }
}

impl Refusal {
    /// Title, what, why, and what to do.
    fn words(self) -> (&'static str, String, String, Option<String>) {
        let plain = |title, why: &str, hint: Option<&str>| {
            (title, String::new(), why.to_owned(), hint.map(ToOwned::to_owned))
        };
        match self {
            Self::SignIn { .. } => plain("Sign in", "nobody is signed in", None),
            Self::ForeignOrigin => {
                let hint = "nothing was done; close the page that you came from";
                plain("Refused", "another site asked for this in your name", Some(hint))
            }
            Self::Stale => {
                let hint = "nothing was done; go back, load the page again and repeat it";
                plain("Out of date", "the form belongs to a session that has ended", Some(hint))
            }
            Self::TooLarge => plain(
                "Too large",
                "a form may hold one megabyte, 25 with the policy's documents, and 16 kilobytes to sign in",
                Some("split it"),
            ),
            Self::NoSuchPage => plain("Not found", "there is no such page", None),
            Self::Failed(failure) => {
                let what = format!("{} {}", failure.operation, failure.subject);
                (title(failure.kind), what, failure.cause, failure.hint)
            }
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
