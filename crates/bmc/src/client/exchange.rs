//! One request and its answer, within the client's bounds.

use super::budget::Share;
use super::connection::{Connection, timed_out};
use super::document::{Document, Unreadable, messages, parse_document};
use super::{Answer, Auth, Budget, Client, Session, Standing, link};
use crate::error::Error;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use serde_json::Value;
use tokio::time::timeout;

/// The most redirects that one request follows.
const MAX_REDIRECTS: usize = 3;

/// The most bytes that are set aside for an answer before it comes.
const SET_ASIDE: usize = 32 * 1024;

/// The thing is as it was (RFC 9110, 15.4.5).
const NOT_MODIFIED: u16 = 304;

/// A whole answer.
pub struct Raw {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Its part of the budget, kept until it is parsed.
    _share: Option<Share>,
}

/// Who a request is sent as.
#[derive(Clone, Copy)]
pub enum As<'a> {
    /// As nobody: no credential goes with it.
    Nobody,
    /// With the client's credential.
    Client,
    /// In this session, whatever the client's credential is.
    Session(&'a Session),
}

/// What is asked.
pub struct Ask<'a> {
    pub operation: &'a str,
    pub method: Method,
    pub path: String,
    pub body: Option<Bytes>,
    /// Carried out only if this is still the entity tag.
    pub etag: Option<&'a str>,
    /// Answered in full only if this is no longer the entity tag.
    pub unless: Option<&'a str>,
    /// Who asks.
    pub who: As<'a>,
}

pub async fn get(client: &mut Client, path: &str) -> Result<Document, Error> {
    let operation = format!("GET {path} from");
    let endpoint = client.target.endpoint;
    let document = get_unless(client, path, None).await?;
    document.ok_or_else(|| Error::BadAnswer { operation, endpoint, problem: "answered 304 unasked".into() })
}

/// `None` if the entity tag is still `etag` (RFC 9110, 13.1.2).
pub async fn get_unless(
    client: &mut Client,
    path: &str,
    etag: Option<&str>,
) -> Result<Option<Document>, Error> {
    let operation = format!("GET {path} from");
    let path = client.own_path(&operation, path)?;
    let ask = Ask {
        operation: &operation,
        method: Method::GET,
        path: path.clone(),
        body: None,
        etag: None,
        unless: etag,
        who: As::Client,
    };
    let raw = client.ask(ask).await?;
    if raw.status == NOT_MODIFIED {
        return Ok(None);
    }
    let endpoint = client.target.endpoint;
    let value = parse_document(&raw.body).map_err(|source| Error::BadDocument {
        operation: operation.clone(),
        endpoint,
        source: source.into(),
    })?;
    let etag = raw.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(Into::into);
    let etag = etag.or_else(|| value.get("@odata.etag").and_then(Value::as_str).map(Into::into));
    Ok(Some(Document { path, etag, bytes: raw.body.len(), value }))
}

pub async fn change(
    client: &mut Client,
    method: &str,
    path: &str,
    body: Option<&Value>,
    etag: Option<&str>,
) -> Result<Answer, Error> {
    let operation = format!("{method} {path} at");
    let path = client.own_path(&operation, path)?;
    let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST);
    let body = body.map(|body| Bytes::from(body.to_string()));
    let raw = client
        .ask(Ask { operation: &operation, method, path, body, etag, unless: None, who: As::Client })
        .await?;
    Ok(client.answer(&raw))
}

impl Client {
    /// The path on this controller that a caller or a document names.
    pub(super) fn own_path(&self, operation: &str, path: &str) -> Result<String, Error> {
        link::resolve(&self.target, path).map_err(|problem| Error::BadLink {
            operation: operation.into(),
            endpoint: self.target.endpoint,
            link: path.into(),
            problem,
        })
    }

    pub(super) fn answer(&self, raw: &Raw) -> Answer {
        let header = |name| raw.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        Answer {
            status: raw.status,
            location: header(header::LOCATION).and_then(|at| link::path_of(&self.target, at)),
            retry_after: retry_after(&raw.headers),
            body: parse_document(&raw.body).ok(),
        }
    }

    /// Sends and follows redirects on this controller; an answer other than success is an error.
    pub(super) async fn ask(&mut self, mut ask: Ask<'_>) -> Result<Raw, Error> {
        let endpoint = self.target.endpoint;
        if matches!(ask.who, As::Client) && self.standing == Standing::Refused {
            return Err(self.refusal(ask.operation, 401, Vec::new()));
        }
        let deadline = tokio::time::Instant::now() + self.limits.whole;
        for _ in 0..=MAX_REDIRECTS {
            let raw = match tokio::time::timeout_at(deadline, self.once(&ask)).await {
                Ok(result) => result?,
                Err(_) => return Err(timed_out(ask.operation, endpoint, "whole answer", self.limits.whole)),
            };
            let again = match raw.status {
                301 | 302 => ask.method == Method::GET,
                307 | 308 => true,
                _ => false,
            };
            if !again {
                return self.judge(&ask, raw);
            }
            let to = raw.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
            ask.path = self.own_path(ask.operation, to)?;
        }
        let problem = format!("redirects more than {MAX_REDIRECTS} times");
        Err(Error::BadLink { operation: ask.operation.into(), endpoint, link: ask.path, problem })
    }

    /// Keeps the credential's standing, and makes an error of every answer that is none of success.
    fn judge(&mut self, ask: &Ask<'_>, raw: Raw) -> Result<Raw, Error> {
        let success = (200..300).contains(&raw.status) || raw.status == NOT_MODIFIED && ask.unless.is_some();
        if matches!(ask.who, As::Client) && !matches!(self.auth, Auth::None) {
            self.standing = match (self.standing, raw.status) {
                (Standing::Proven { refusals: 0 }, 401) => Standing::Proven { refusals: 1 },
                (_, 401) => Standing::Refused,
                // The root is open to anybody, so its answer proves nothing.
                (standing @ Standing::Unproven, _)
                    if link::identity(&ask.path) == link::identity(super::ROOT) =>
                {
                    standing
                }
                (_, _) if success => Standing::Proven { refusals: 0 },
                (standing, _) => standing,
            };
        }
        if success {
            return Ok(raw);
        }
        if let (As::Session(_), 401) = (ask.who, raw.status) {
            return Err(Error::SessionEnded {
                operation: ask.operation.into(),
                endpoint: self.target.endpoint,
            });
        }
        let messages = parse_document(&raw.body).map(|body| messages(&body)).unwrap_or_default();
        let refused =
            raw.status == 401 && (self.standing == Standing::Refused || matches!(self.auth, Auth::None));
        if refused {
            return Err(self.refusal(ask.operation, raw.status, messages));
        }
        let (operation, endpoint) = (ask.operation.into(), self.target.endpoint);
        let retry_after = retry_after(&raw.headers);
        Err(Error::Answered { operation, endpoint, status: raw.status, messages, retry_after })
    }

    fn refusal(&self, operation: &str, status: u16, messages: Vec<String>) -> Error {
        let (operation, endpoint) = (operation.into(), self.target.endpoint);
        match self.auth {
            Auth::Session(_) => Error::SessionEnded { operation, endpoint },
            _ => Error::CredentialRefused { operation, endpoint, status, messages },
        }
    }

    /// Sends once; once more over a new connection if the kept one turns out to be closed and sending
    /// again is harmless.
    async fn once(&mut self, ask: &Ask<'_>) -> Result<Raw, Error> {
        let endpoint = self.target.endpoint;
        loop {
            let request = self.request(ask)?;
            let limits = self.limits;
            let mut connection = self.ready(ask.operation).await?;
            let used = connection.used;
            let sent = timeout(limits.first_byte, connection.sender.try_send_request(request)).await;
            self.requests = self.requests.saturating_add(1);
            match sent {
                Ok(Ok(response)) => return self.collect(ask, response, connection).await,
                Err(_) => return Err(timed_out(ask.operation, endpoint, "answer", limits.first_byte)),
                Ok(Err(mut error)) => {
                    let unsent = error.take_message().is_some();
                    let source = error.into_error();
                    // A kept connection may have been closed by the controller while it lay idle.
                    let stale = used && (unsent || ask.method == Method::GET && !source.is_parse());
                    if !stale {
                        return Err(Error::Exchange {
                            operation: ask.operation.into(),
                            endpoint,
                            source: source.into(),
                        });
                    }
                }
            }
        }
    }

    async fn collect(
        &mut self,
        ask: &Ask<'_>,
        response: Response<Incoming>,
        mut connection: Connection,
    ) -> Result<Raw, Error> {
        let (endpoint, limit) = (self.target.endpoint, self.limits.body);
        let (parts, mut body) = response.into_parts();
        let mut share = self.budget.as_ref().map(Budget::share);
        // As much as it says that it is, but not before it comes.
        let said =
            body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let mut whole = Vec::with_capacity(said.min(SET_ASIDE).min(limit));
        while let Some(frame) = body.frame().await {
            let operation = || ask.operation.into();
            let frame = frame.map_err(|source| Error::Exchange {
                operation: operation(),
                endpoint,
                source: source.into(),
            })?;
            let Ok(data) = frame.into_data() else { continue };
            let length = whole.len().saturating_add(data.len());
            if length > limit {
                let source = Unreadable::TooLarge { limit }.into();
                return Err(Error::BadDocument { operation: operation(), endpoint, source });
            }
            if let Some(share) = &mut share {
                share.grow(length).await;
            }
            whole.extend_from_slice(&data);
        }
        connection.used = true;
        self.connection = Some(connection);
        let (status, headers, body) = (parts.status.as_u16(), parts.headers, Bytes::from(whole));
        Ok(Raw { status, headers, body, _share: share })
    }

    fn request(&self, ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, Error> {
        let mut builder = Request::builder()
            .method(ask.method.clone())
            .uri(&ask.path)
            .header(header::HOST, self.target.authority())
            .header(header::USER_AGENT, concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "identity")
            .header("OData-Version", "4.0");
        if ask.body.is_some() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        } else if ask.method == Method::POST {
            builder = builder.header(header::CONTENT_LENGTH, "0");
        }
        if let Some(etag) = ask.etag {
            builder = builder.header(header::IF_MATCH, etag);
        }
        if let Some(etag) = ask.unless {
            builder = builder.header(header::IF_NONE_MATCH, etag);
        }
        let secret = match (ask.who, &self.auth) {
            (As::Nobody, _) | (As::Client, Auth::None) => None,
            (As::Client, Auth::Basic(value)) => Some((header::AUTHORIZATION, value)),
            (As::Session(session), _) | (As::Client, Auth::Session(session)) => {
                Some((header::HeaderName::from_static("x-auth-token"), session.token()))
            }
        };
        if let Some((name, secret)) = secret {
            let value = HeaderValue::from_str(secret.expose()).map(|mut value| {
                value.set_sensitive(true);
                value
            });
            builder = builder.header(name, value.map_err(|_| self.unsendable(ask, "the credential"))?);
        }
        builder
            .body(Full::new(ask.body.clone().unwrap_or_default()))
            .map_err(|error| self.unsendable(ask, &error.to_string()))
    }

    fn unsendable(&self, ask: &Ask<'_>, what: &str) -> Error {
        let problem = format!("cannot be sent: {what} does not fit into a request");
        Error::BadAnswer { operation: ask.operation.into(), endpoint: self.target.endpoint, problem }
    }
}

/// In how many seconds to ask again; a date there (RFC 9110, 10.2.3) is not read, since controllers' clocks are wrong.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
