//! Stands before every endpoint: who is asking, and whether the query has fields that nobody reads.

use super::Api;
use super::refusal::{Answer, Refusal};
use crate::server::Peer;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::{Failure, Kind, Secret};
use serde_json::Value;
use std::collections::HashSet;

/// The longest path, in bytes.
const LONGEST_PATH: usize = 1024;

/// The token of the request, kept with it so that a stream can look whether it still stands.
#[derive(Clone)]
pub(crate) struct Presented(pub Secret<String>);

/// Lets a request with a token through to its handler, together with the actor behind the token.
pub(crate) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    match admit(&api, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn admit(api: &Api, mut request: Request) -> Answer<Request> {
    let token = bearer(request.headers())?;
    let from = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    let actor = api.app.gate.bearer(token.expose(), from).await?;
    refuse_long_path(&request)?;
    refuse_unread_query(api, &request)?;
    request.extensions_mut().insert(actor);
    request.extensions_mut().insert(Presented(token));
    Ok(request)
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1). There is no other way to send one.
fn bearer(headers: &HeaderMap) -> Result<Secret<String>, Failure> {
    let wrong = |cause: &str| {
        Failure::new(Kind::Unauthenticated, "use", "the API", cause)
            .hint("send the header `Authorization: Bearer pct_…`; `portcullis token create` makes a token")
    };
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return Err(wrong("there is not exactly one header `Authorization`"));
    };
    let text = value.to_str().map_err(|_not_text| wrong("the header `Authorization` is no text"))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Secret::new(token.trim().to_owned()))
        }
        _ => Err(wrong("the header `Authorization` does not begin with `Bearer `")),
    }
}

/// Names in a path go into records and answers.
fn refuse_long_path(request: &Request) -> Answer<()> {
    let length = request.uri().path().len();
    if length > LONGEST_PATH {
        let cause = format!("it is {length} bytes long; at most {LONGEST_PATH} are taken");
        return Err(Refusal::unreadable(StatusCode::BAD_REQUEST, "the path", cause));
    }
    Ok(())
}

fn refuse_unread_query(api: &Api, request: &Request) -> Answer<()> {
    let Some(query) = request.uri().query().filter(|query| !query.is_empty()) else { return Ok(()) };
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    if api.queried.contains(&(request.method().as_str().to_owned(), path)) {
        return Ok(());
    }
    let field: String = query.split(['=', '&']).next().unwrap_or_default().chars().take(40).collect();
    let cause = format!("unknown field `{field}`: this endpoint reads none");
    Err(Refusal::unreadable(StatusCode::BAD_REQUEST, "the query", cause))
}

/// The endpoints that read query fields, as method and path.
pub(crate) fn queried(document: &Value) -> HashSet<(String, String)> {
    let mut queried = HashSet::new();
    for (path, method, operation) in super::document::operations(document) {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        if parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter.get("in") == Some(&Value::from("query")))
        {
            queried.insert((method.to_uppercase(), path.clone()));
        }
    }
    queried
}
