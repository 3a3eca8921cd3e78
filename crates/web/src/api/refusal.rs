//! Failures as HTTP answers: JSON with kind, operation, subject, cause and hint, and the status of the kind.

use crate::answer::status;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{Failure, Kind};

/// What a handler comes back with.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// A failure with its status.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    failure: Failure,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { status: status(failure.kind), failure }
    }
}

impl Refusal {
    /// The request cannot be read, for a reason that has a status of its own.
    pub(crate) fn unreadable(status: StatusCode, subject: &str, cause: impl Into<String>) -> Self {
        let kind = if status == StatusCode::REQUEST_TIMEOUT { Kind::TimedOut } else { Kind::Invalid };
        let failure = Failure::new(kind, "read", subject, cause)
            .hint("the endpoints, their fields and their answers stand in /api/v1/openapi.json");
        Self { status, failure }
    }

    /// The request can be read, and asks for something that makes no sense.
    pub(crate) fn invalid(subject: impl Into<String>, cause: impl Into<String>) -> Self {
        Failure::new(Kind::Invalid, "read", subject, cause).into()
    }

    /// What is wrong.
    pub(crate) const fn failure(&self) -> &Failure {
        &self.failure
    }

    pub(crate) async fn no_such_path(request: Request) -> Self {
        let what = format!("{} {}", request.method(), request.uri().path());
        let failure = Failure::new(Kind::NotFound, "ask", what, "there is no such endpoint")
            .hint("/api/v1/openapi.json names them all");
        failure.into()
    }

    pub(crate) async fn wrong_method(request: Request) -> Self {
        let what = format!("{} {}", request.method(), request.uri().path());
        let cause = "this endpoint has no such method; the header Allow names those that it has";
        let failure = Failure::new(Kind::Invalid, "ask", what, cause);
        Self { status: StatusCode::METHOD_NOT_ALLOWED, failure }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.failure)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 11.6.1: whoever answers 401 says how to authenticate.
            let how = HeaderValue::from_static("Bearer realm=\"portcullis\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        response
    }
}
