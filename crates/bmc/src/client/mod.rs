//! One controller over HTTPS: which certificate it may show, who asks, and how long and how large an
//! answer may be.
//!
//! A [`Client`] speaks to one host, port and certificate for its whole life. It keeps one connection and
//! opens it anew when the controller has closed it; the new one must show the same certificate.

mod budget;
mod connection;
pub mod document;
mod exchange;
pub mod link;
mod session;
mod tls;

pub use budget::{Budget, Room};
pub use document::{Document, Unreadable, parse_document};
pub use session::Session;
pub(crate) use tls::describe as describe_certificate;

use crate::error::Error;
use connection::Connection;
use model::device::{Certificate, Endpoint, Fingerprint};
use model::secret::Secret;
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tls::Expected;
use tokio::net::TcpStream;

/// The one path that every Redfish service has (DSP0266, protocol version).
pub const ROOT: &str = "/redfish/v1/";

/// Which certificate a controller may show.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Exactly this one; at any other the handshake is broken off before a byte of HTTP is sent.
    Pinned(Fingerprint),
    /// Any: it is looked at, remembered, and held against the authorities. From then on this client
    /// takes that one only.
    Look {
        /// Certificate authorities that make a certificate trusted.
        authorities: Option<Arc<RootCertStore>>,
    },
}

/// How the controller is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Over TLS 1.2 or 1.3.
    Https,
    /// In the clear. Only where somebody asked for exactly that.
    PlainHttp,
}

/// The one controller that a client speaks to.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its address and port.
    pub endpoint: Endpoint,
    /// Its name, where it is called by one: for the `Host` header, SNI and the look at its certificate.
    pub host: Option<String>,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Which certificate it may show.
    pub trust: Trust,
}

impl Target {
    /// A controller by its address, over HTTPS.
    #[must_use]
    pub const fn https(endpoint: Endpoint, trust: Trust) -> Self {
        Self { endpoint, host: None, scheme: Scheme::Https, trust }
    }

    /// A controller by its address, in the clear.
    #[must_use]
    pub const fn plain_http(endpoint: Endpoint) -> Self {
        Self { endpoint, host: None, scheme: Scheme::PlainHttp, trust: Trust::Look { authorities: None } }
    }

    /// The `Host` header: the name or the address, and the port where it is not the scheme's own.
    fn authority(&self) -> String {
        let host = self.host.clone().unwrap_or_else(|| match self.endpoint.addr {
            std::net::IpAddr::V4(addr) => addr.to_string(),
            std::net::IpAddr::V6(addr) => format!("[{addr}]"),
        });
        if self.endpoint.port == self.default_port() {
            host
        } else {
            format!("{host}:{}", self.endpoint.port)
        }
    }

    const fn default_port(&self) -> u16 {
        match self.scheme {
            Scheme::Https => 443,
            Scheme::PlainHttp => 80,
        }
    }

    /// The names that its certificate may be made out to, the one for SNI first.
    fn names(&self) -> Vec<ServerName<'static>> {
        let named = self.host.clone().and_then(|host| ServerName::try_from(host).ok());
        named.into_iter().chain([ServerName::IpAddress(self.endpoint.addr.into())]).collect()
    }

    /// Whether a URL's scheme and authority are this very target.
    fn is_itself(&self, scheme: &str, authority: &str) -> bool {
        let own = match self.scheme {
            Scheme::Https => "https",
            Scheme::PlainHttp => "http",
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
            _ => (authority, Some(self.default_port())),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let by_name = self.host.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(host));
        let by_addr = bare.parse().is_ok_and(|addr: std::net::IpAddr| addr == self.endpoint.addr);
        scheme.eq_ignore_ascii_case(own) && port == Some(self.endpoint.port) && (by_name || by_addr)
    }
}

/// How long and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the TCP connection.
    pub connect: Duration,
    /// For the TLS handshake: a controller's processor needs a second or two for it.
    pub handshake: Duration,
    /// From the request to the answer's head. Controllers were measured to take up to 23 s.
    pub first_byte: Duration,
    /// For a request altogether, redirects and body included.
    pub whole: Duration,
    /// The largest body, in bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(15),
            first_byte: Duration::from_secs(45),
            whole: Duration::from_secs(90),
            body: 16 * 1024 * 1024,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
enum Auth {
    /// Nobody.
    None,
    /// An account with every request: the header's value (RFC 7617).
    Basic(Secret<String>),
    /// A session.
    Session(Session),
}

/// What is known of the credential in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It was not accepted yet: the first refusal ends its use.
    Unproven,
    /// It was accepted. One refusal may be about one resource; a second in a row ends its use.
    Proven {
        /// Refusals in a row.
        refusals: u8,
    },
    /// It was refused and is not sent any more.
    Refused,
}

/// What answers GET requests: a [`Client`], or something between it and a reading.
pub trait Get: Send {
    /// Gets the document at `path`.
    fn get(&mut self, path: &str) -> impl Future<Output = Result<Document, Error>> + Send;

    /// Turns a link of a document into a path; `Err` says what is wrong with it.
    ///
    /// # Errors
    /// What is wrong with the link.
    fn resolve(&self, link: &str) -> Result<String, String>;

    /// Says which paths will be asked for soon, in that order and in those words, so that they may be asked for
    /// ahead. Nothing else is said.
    fn soon(&mut self, paths: &[String]) {
        let _ = paths;
    }
}

/// The answer to a request that changes something.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status, 200 to 299.
    pub status: u16,
    /// Where the made thing or the task is: the path of the `Location` header.
    pub location: Option<String>,
    /// In how many seconds to ask again, where it says so (`Retry-After`).
    pub retry_after: Option<u64>,
    /// The body, where there is one and it is JSON.
    pub body: Option<Value>,
}

/// Speaks to one controller, one request at a time.
#[derive(Debug)]
pub struct Client {
    target: Target,
    limits: Limits,
    connection: Option<Connection>,
    certificate: Option<Certificate>,
    auth: Auth,
    standing: Standing,
    requests: u32,
    budget: Option<Budget>,
}

impl Client {
    /// A client that has not connected yet.
    #[must_use]
    pub const fn new(target: Target, limits: Limits) -> Self {
        Self {
            target,
            limits,
            connection: None,
            certificate: None,
            auth: Auth::None,
            standing: Standing::Unproven,
            requests: 0,
            budget: None,
        }
    }

    /// Another client for the same controller, which asks as this one does, over a connection of its own.
    #[must_use]
    pub fn sibling(&self) -> Self {
        Self {
            target: self.target.clone(),
            limits: self.limits,
            connection: None,
            certificate: self.certificate.clone(),
            auth: self.auth.clone(),
            standing: self.standing,
            requests: 0,
            budget: self.budget.clone(),
        }
    }

    /// Whether there is a connection, be it one that the controller has closed since.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Connects without sending a request, and says what certificate was shown; `None` over plain HTTP.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::TimedOut`], [`Error::Tls`], [`Error::CertificateChanged`].
    pub async fn connect(&mut self) -> Result<Option<&Certificate>, Error> {
        let connection = self.ready("connect to").await?;
        self.connection = Some(connection);
        Ok(self.certificate.as_ref())
    }

    /// The same over a TCP connection to the controller that is open already, as a sweep makes them.
    ///
    /// # Errors
    /// [`Error::TimedOut`], [`Error::Tls`], [`Error::CertificateChanged`].
    pub async fn connect_over(&mut self, stream: TcpStream) -> Result<Option<&Certificate>, Error> {
        let expected = self.expected();
        let (connection, certificate) =
            connection::over(stream, &self.target, &self.limits, expected, "connect to").await?;
        self.certificate = certificate.or_else(|| self.certificate.take());
        self.connection = Some(connection);
        Ok(self.certificate.as_ref())
    }

    /// The certificate that the controller showed, once there was a connection over HTTPS.
    #[must_use]
    pub const fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// How many requests went out so far.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// The controller.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// The bounds in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sets other bounds for the requests that follow.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes what its answers need of memory from a budget that others share.
    pub fn set_budget(&mut self, budget: Budget) {
        self.budget = Some(budget);
    }

    /// Gets the document at `path`: a path, or a URL on this very controller.
    ///
    /// # Errors
    /// Every variant but [`Error::NoSessions`].
    pub async fn get(&mut self, path: &str) -> Result<Document, Error> {
        exchange::get(self, path).await
    }

    /// Gets the document at `path` unless its entity tag is still `etag` (RFC 9110, `If-None-Match`): then `None`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_unless(&mut self, path: &str, etag: &str) -> Result<Option<Document>, Error> {
        exchange::get_unless(self, path, Some(etag)).await
    }

    /// Posts a body.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, Error> {
        exchange::change(self, "POST", path, Some(body), None).await
    }

    /// Patches a resource; with `etag` only if that is still its entity tag (RFC 9110, `If-Match`).
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn patch(&mut self, path: &str, body: &Value, etag: Option<&str>) -> Result<Answer, Error> {
        exchange::change(self, "PATCH", path, Some(body), etag).await
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn delete(&mut self, path: &str) -> Result<Answer, Error> {
        exchange::change(self, "DELETE", path, None, None).await
    }

    /// Hands out the kept connection, or a new one; one that shows another certificate than the first
    /// is not used. Whoever takes it puts it back when it is fit for another request, so that a request
    /// which is dropped half-way leaves no half-read connection behind.
    async fn ready(&mut self, operation: &str) -> Result<Connection, Error> {
        if let Some(mut connection) = self.connection.take()
            && connection.sender.ready().await.is_ok()
        {
            return Ok(connection);
        }
        let expected = self.expected();
        let (connection, certificate) =
            connection::open(&self.target, &self.limits, expected, operation).await?;
        self.certificate = certificate.or_else(|| self.certificate.take());
        Ok(connection)
    }

    fn expected(&self) -> Expected {
        let known = self.certificate.as_ref().map(|seen| seen.fingerprint);
        match &self.target.trust {
            Trust::Pinned(pinned) => Expected { must_show: Some(*pinned), known },
            // Whether it is trusted is looked at each time.
            Trust::Look { .. } => Expected { must_show: known, known: None },
        }
    }
}

impl Get for Client {
    fn get(&mut self, path: &str) -> impl Future<Output = Result<Document, Error>> + Send {
        exchange::get(self, path)
    }

    fn resolve(&self, link: &str) -> Result<String, String> {
        link::resolve(&self.target, link)
    }
}
