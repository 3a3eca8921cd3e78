//! The shell: one TCP listener per BMC on its own address, TLS, HTTP/1.1; no decision is made here.

use crate::answer::{Body, Fate, Outcome, Request, Response};
use crate::certificate::Forge;
use crate::error::Error;
use crate::machine::{MAX_BODY, Machine};
use crate::sent::Sent;
use crate::tally::Tally;
use crate::unit::Unit;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Clock, SystemClock};
use rustls::{HandshakeKind, ServerConfig};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One BMC while it runs.
#[derive(Debug)]
pub(crate) struct Bmc {
    pub(crate) unit: Arc<Unit>,
    machine: Mutex<Machine>,
    tally: Mutex<Tally>,
    /// Made when it is first needed.
    tls: Mutex<Option<Arc<ServerConfig>>>,
    /// Ends the connections that are open; another one stands here for those that come then.
    open: Mutex<CancellationToken>,
}

/// What all BMCs of a lab share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) forge: Option<Forge>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

const JSON: &str = "application/json;charset=utf-8";
/// The largest head of a request, in bytes; what a connection reads into stays below it.
const MAX_HEAD: usize = 16 * 1024;
/// How long a client may take for its headers or for the handshake.
const PATIENCE: Duration = Duration::from_secs(30);

impl Bmc {
    pub(crate) fn new(unit: Arc<Unit>, machine: Machine, keep: usize) -> Self {
        Self {
            unit,
            machine: Mutex::new(machine),
            tally: Mutex::new(Tally::new(keep)),
            tls: Mutex::new(None),
            open: Mutex::new(CancellationToken::new()),
        }
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connections that are open now.
    pub(crate) fn hang_up(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *open).cancel();
    }

    fn until_hung_up(&self) -> CancellationToken {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends what has run out, and counts what is left.
    pub(crate) fn look(&self) {
        let mut machine = self.machine();
        let open = machine.open_sessions(SystemClock.now());
        let (logins, refused) = machine.logins();
        drop(machine);
        self.tally().sessions(open, logins, refused);
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

/// A connection that is counted as long as this lives.
struct Connected<'a>(&'a Bmc);

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.tally().disconnected();
    }
}

async fn connection(bmc: Arc<Bmc>, stream: TcpStream, site: Arc<Site>) {
    bmc.tally().connected();
    let _connected = Connected(&bmc);
    let hung_up = bmc.until_hung_up();
    let talk = hung_up.run_until_cancelled(talk(&bmc, stream, site.forge.as_ref()));
    let ended: Option<Option<Result<(), BoxError>>> = site.stop.run_until_cancelled(talk).await;
    if let Some(Some(Err(error))) = ended {
        tracing::debug!(bmc = %bmc.unit.addr, %error, "a connection ended early");
    }
}

async fn talk(bmc: &Arc<Bmc>, stream: TcpStream, forge: Option<&Forge>) -> Result<(), BoxError> {
    let (deaf, mute) = {
        let mut machine = bmc.machine();
        machine.advance(SystemClock.now());
        (machine.is_deaf(), machine.is_mute())
    };
    if deaf {
        return stream.set_zero_linger().map_err(Into::into);
    }
    if mute {
        return silence(stream).await.map_err(Into::into);
    }
    stream.set_nodelay(true)?;
    let Some(forge) = forge else { return answer(Arc::clone(bmc), stream).await };
    let acceptor = TlsAcceptor::from(bmc.tls(forge, false)?);
    let stream = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await??;
    if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
        bmc.tally().resumed();
    }
    answer(Arc::clone(bmc), stream).await
}

/// Takes what comes, and says nothing until the client goes.
async fn silence(mut stream: TcpStream) -> io::Result<()> {
    let mut heard = [0; 256];
    while stream.read(&mut heard).await? > 0 {}
    Ok(())
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

async fn answer(bmc: Arc<Bmc>, stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), BoxError> {
    let service = service_fn(move |request| one(Arc::clone(&bmc), request));
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(64)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(Into::into)
}

/// A request that is in flight as long as this lives.
struct InFlight {
    bmc: Arc<Bmc>,
    number: u64,
    status: Option<u16>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.bmc.tally().end(self.number, self.status, Instant::now());
    }
}

async fn one(bmc: Arc<Bmc>, request: hyper::Request<Incoming>) -> io::Result<hyper::Response<Sent>> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        // One byte more than is allowed: the machine says so.
        Err(_) => Bytes::from(vec![0; MAX_BODY + 1]),
    };
    let target = head.uri.path_and_query().map_or_else(|| head.uri.path(), |target| target.as_str());
    let number = bmc.tally().begin(head.method.as_str(), target, Instant::now());
    let mut flight = InFlight { bmc: Arc::clone(&bmc), number, status: None };
    let Outcome { wait, fate } = handle(&bmc, &head, &body);
    // Written before the wait: a text takes less room than a document, and thousands may be waiting.
    let fate = written(fate, bmc.unit.flavour().manner.server);
    drop((head, body));
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let (response, how) = match fate {
        Written::Answer(response, how) => (response, how),
        Written::Hang => std::future::pending().await,
        Written::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
    };
    flight.status = Some(response.status().as_u16());
    Ok(response.map(how))
}

/// What becomes of a request, as bytes.
enum Written {
    Answer(hyper::Response<Bytes>, fn(Bytes) -> Sent),
    Hang,
    Reset,
}

fn written(fate: Fate, server: Option<&'static str>) -> Written {
    match fate {
        Fate::Answer(response) => Written::Answer(write(response, server), Sent::whole),
        Fate::Cut(response) => Written::Answer(write(response, server), Sent::cut),
        Fate::Endless(response) => Written::Answer(write(response, server), Sent::endless),
        Fate::Hang => Written::Hang,
        Fate::Reset => Written::Reset,
    }
}

fn handle(bmc: &Bmc, head: &Parts, body: &[u8]) -> Outcome {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
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
        body,
    };
    let mut machine = bmc.machine();
    let outcome = machine.handle(&request, SystemClock.now());
    let (open, (logins, refused)) = (machine.sessions(), machine.logins());
    drop(machine);
    bmc.tally().sessions(open, logins, refused);
    outcome
}

fn write(response: Response, server: Option<&'static str>) -> hyper::Response<Bytes> {
    let (kind, bytes) = match response.body {
        Body::None => (None, Bytes::new()),
        Body::Json(doc) => (Some(JSON), Bytes::from(doc.to_string())),
        Body::Written(text) => (Some(JSON), Bytes::from(text)),
        Body::Xml(text) => (Some("application/xml;charset=utf-8"), Bytes::from(text)),
    };
    let mut answer = hyper::Response::new(bytes);
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
