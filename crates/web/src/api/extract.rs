//! Bodies, queries and path segments, or a failure that says what is wrong with them.

use super::refusal::Refusal;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use model::{Actor, Failure, Kind};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::time::Duration;

/// A body that is not there by then is given up.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// Who is asking, as the guard found it.
pub(crate) struct Caller(pub Actor);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        // Without the guard in front nobody is let in.
        let unknown =
            || Failure::new(Kind::Unauthenticated, "use", "the API", "no token was looked at").into();
        parts.extensions.get::<Actor>().cloned().map(Self).ok_or_else(unknown)
    }
}

/// A JSON body.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let refuse = |status, cause: &str| Refusal::unreadable(status, "the body", cause);
        if !is_json(request.headers()) {
            let cause = "its content-type is not application/json";
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, cause));
        }
        let body = tokio::time::timeout(BODY_DEADLINE, Bytes::from_request(request, state)).await;
        let body = body.map_err(|_late| refuse(StatusCode::REQUEST_TIMEOUT, "it did not arrive in time"))?;
        let body = body.map_err(|rejection| refuse(rejection.status(), &rejection.body_text()))?;
        // What is no JSON at all is told from JSON that says something else than it should.
        serde_json::from_slice::<IgnoredAny>(&body)
            .map_err(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string()))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| refuse(StatusCode::UNPROCESSABLE_ENTITY, &without_values(&error.to_string())))
    }
}

/// Refuses a text that is longer than `most` bytes: what is asked for is written down before it is looked at.
pub(crate) fn fits(field: &str, text: &str, most: usize) -> Result<(), Refusal> {
    if text.len() > most {
        return Err(Refusal::invalid(
            field,
            format!("it is {} bytes long; at most {most} are taken", text.len()),
        ));
    }
    Ok(())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The parser quotes a value of the wrong type, which may be a password: only what was expected is told.
fn without_values(message: &str) -> String {
    if message.starts_with("invalid type: ") || message.starts_with("invalid value: ") {
        return match message.rsplit_once(", expected ") {
            Some((_, expected)) => format!("a value is wrong: expected {expected}"),
            None => "a value is of the wrong type".to_owned(),
        };
    }
    message.to_owned()
}

/// The fields of the query.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let read = axum::extract::Query::try_from_uri(&parts.uri);
        let wrong = |rejection: axum::extract::rejection::QueryRejection| {
            Refusal::unreadable(StatusCode::BAD_REQUEST, "the query", rejection.body_text())
        };
        read.map(|axum::extract::Query(query)| Self(query)).map_err(wrong)
    }
}

/// Segments of the path.
pub(crate) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let wrong = |rejection: axum::extract::rejection::PathRejection| {
            Refusal::unreadable(StatusCode::BAD_REQUEST, "the path", rejection.body_text())
        };
        read.map(|axum::extract::Path(path)| Self(path)).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only whether it can be read matters")]
        struct Body {
            username: String,
            days: u16,
        }
        for wrong in [
            r#"{"username": 271828}"#,
            r#"{"username": "a", "days": "271828, expected x"}"#,
            r#"{"username": "", "days": 271828}"#,
        ] {
            let text = without_values(&serde_json::from_str::<Body>(wrong).unwrap_err().to_string());
            assert!(!text.contains("271828") && text.contains("expected"), "{text}");
        }
    }
}
