//! The shell: one TCP listener per BMC on its own address, TLS, HTTP/1.1; no decision is made here.

use crate::answer::{Body, Fate, Outcome, Request, Response};
use crate::certificate::Forge;
use crate::error::Error;
use crate::machine::{MAX_BODY, Machine};
use crate::unit::Unit;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Clock, SystemClock};
use rustls::ServerConfig;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One BMC while it runs.
#[derive(Debug)]
pub(crate) struct Bmc {
    pub(crate) unit: Arc<Unit>,
    machine: Mutex<Machine>,
    /// Made when it is first needed.
    tls: Mutex<Option<Arc<ServerConfig>>>,
}

/// What all BMCs of a lab share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) forge: Option<Forge>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// How long a client may take for its headers or for the handshake.
const PATIENCE: Duration = Duration::from_secs(30);

impl Bmc {
    pub(crate) fn new(unit: Arc<Unit>, machine: Machine) -> Self {
        Self { unit, machine: Mutex::new(machine), tls: Mutex::new(None) }
    }

    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The certificate it shows, made if there is none yet, or if it shall be another one.
    pub(crate) fn tls(&self, forge: &Forge, renew: bool) -> Result<Arc<ServerConfig>, Error> {
        let mut slot = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        match slot.as_ref().filter(|_| !renew) {
            Some(config) => Ok(Arc::clone(config)),
            None => {
                let config = forge.server(&self.unit, renew)?;
                *slot = Some(Arc::clone(&config));
                Ok(config)
            }
        }
    }
}

/// Listens until the lab stops.
pub(crate) async fn serve(bmc: Arc<Bmc>, listener: TcpListener, site: Arc<Site>) {
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (bmc, site) = (Arc::clone(&bmc), Arc::clone(&site));
                    let owner = site.tasks.clone();
                    owner.spawn(connection(bmc, stream, site));
                }
                Err(error) => {
                    tracing::warn!(bmc = %bmc.unit.addr, %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    site.stop.run_until_cancelled(accept).await;
}

async fn connection(bmc: Arc<Bmc>, stream: TcpStream, site: Arc<Site>) {
    let talk = async {
        let deaf = {
            let mut machine = bmc.machine();
            machine.advance(SystemClock.now());
            machine.is_deaf()
        };
        if deaf {
            return stream.set_zero_linger().map_err(Into::into);
        }
        stream.set_nodelay(true)?;
        match &site.forge {
            None => answer(Arc::clone(&bmc), stream).await,
            Some(forge) => {
                let acceptor = TlsAcceptor::from(bmc.tls(forge, false)?);
                let stream = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await??;
                answer(Arc::clone(&bmc), stream).await
            }
        }
    };
    let ended: Option<Result<(), BoxError>> = site.stop.run_until_cancelled(talk).await;
    if let Some(Err(error)) = ended {
        tracing::debug!(bmc = %bmc.unit.addr, %error, "a connection ended early");
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

async fn answer(bmc: Arc<Bmc>, stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), BoxError> {
    let service = service_fn(move |request| one(Arc::clone(&bmc), request));
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(Into::into)
}

async fn one(bmc: Arc<Bmc>, request: hyper::Request<Incoming>) -> io::Result<hyper::Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        // One byte more than is allowed: the machine says so.
        Err(_) => Bytes::from(vec![0; MAX_BODY + 1]),
    };
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let outcome = {
        let request = Request {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query(),
            token: text("x-auth-token"),
            authorization: text("authorization"),
            if_match: text("if-match"),
            if_none_match: text("if-none-match"),
            odata_version: text("odata-version"),
            host: text("host"),
            body: &body,
        };
        bmc.machine().handle(&request, SystemClock.now())
    };
    let Outcome { wait, fate } = outcome;
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    match fate {
        Fate::Answer(response) => Ok(write(response, bmc.unit.flavour().manner.server)),
        Fate::Hang => std::future::pending().await,
        Fate::Reset => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

fn write(response: Response, server: Option<&'static str>) -> hyper::Response<Full<Bytes>> {
    let (kind, bytes) = match response.body {
        Body::None => (None, Bytes::new()),
        Body::Json(doc) => (Some("application/json;charset=utf-8"), Bytes::from(doc.to_string())),
        Body::Xml(text) => (Some("application/xml;charset=utf-8"), Bytes::from(text)),
    };
    let mut answer = hyper::Response::new(Full::new(bytes));
    *answer.status_mut() = hyper::StatusCode::from_u16(response.status).unwrap_or_default();
    let headers = answer.headers_mut();
    let usual = [
        ("odata-version", Some("4.0")),
        ("cache-control", Some("no-cache")),
        ("x-frame-options", Some("DENY")),
        ("content-type", kind),
        ("server", server),
    ];
    for (name, value) in usual {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    answer
}
