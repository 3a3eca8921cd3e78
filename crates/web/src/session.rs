//! Who is asking: the session behind the cookie, looked up once per request.

use crate::answer::Refusal;
use crate::app::App;
use crate::server::{Accepted, Peer};
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use model::Secret;
use model::command::policy::Over;
use std::net::IpAddr;

/// The cookie's name. `__Host-` makes browsers insist on Secure, Path=/ and no Domain.
pub const COOKIE: &str = "__Host-portcullis";

/// A page or fragment that is asked for by script, not by a person: it does not keep a session alive.
const FRAGMENT: &str = "x-fragment";

/// Somebody who is signed in: an extractor that refuses everybody else.
#[derive(Clone, Debug)]
pub struct Session(control::gate::Session);

impl std::ops::Deref for Session {
    type Target = control::gate::Session;

    fn deref(&self) -> &control::gate::Session {
        &self.0
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::SignIn {
            to: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            by_script: is_by_script(parts.uri.path(), &parts.headers)
                || parts.headers.contains_key("hx-request"),
            reads: parts.method.is_safe(),
        })
    }
}

impl OptionalFromRequestParts<App> for Session {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// The address that a request came from; an extractor.
#[derive(Clone, Copy, Debug)]
pub struct From(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical())))
    }
}

/// The connection that a request came over, as far as that is known; an extractor.
#[derive(Clone, Copy, Debug)]
pub struct CameOver(pub Option<Over>);

impl<S: Sync> FromRequestParts<S> for CameOver {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let (accepted, peer) = (parts.extensions.get::<Accepted>(), parts.extensions.get::<Peer>());
        let over = |(accepted, peer): (&Accepted, &Peer)| Over {
            accepted: accepted.0,
            from: peer.0.ip().to_canonical(),
        };
        Ok(Self(accepted.zip(peer).map(over)))
    }
}

fn is_by_script(path: &str, headers: &HeaderMap) -> bool {
    headers.contains_key(FRAGMENT) || path == "/events"
}

/// Looks the session up and hands it on.
pub(crate) async fn find(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if let Some(cookie) = cookie(request.headers()) {
        let from = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
        let found = if is_by_script(request.uri().path(), request.headers()) {
            app.gate.peek(cookie.expose(), from).await
        } else {
            app.gate.session(cookie.expose(), from).await
        };
        if let Some(session) = found {
            request.extensions_mut().insert(Session(session));
        }
    }
    next.run(request).await
}

/// The session's token, from the first cookie of that name.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<Secret<String>> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| Secret::new(value.to_owned()))
}

/// The header that gives a browser its session; without an age, so that it ends with the browser.
pub(crate) fn set_cookie(token: &Secret<String>) -> Option<HeaderValue> {
    let text = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict", token.expose());
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The header that takes it away.
pub(crate) fn clear_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-portcullis=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others_and_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        assert!(cookie(&headers).is_none());
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; x__Host-portcullis=no; b=2"));
        assert!(cookie(&headers).is_none());
        headers.append(header::COOKIE, HeaderValue::from_static("c=3;__Host-portcullis=yes==; d=4"));
        assert_eq!(cookie(&headers).unwrap().expose(), "yes==");
    }

    #[test]
    fn the_cookie_is_for_this_host_over_tls_only_and_not_for_scripts() {
        let value = set_cookie(&"token".into()).unwrap();
        for part in ["__Host-portcullis=token", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
            assert!(value.to_str().unwrap().contains(part), "{part}");
        }
        assert!(!value.to_str().unwrap().contains("Domain"));
        assert!(value.is_sensitive());
    }
}
