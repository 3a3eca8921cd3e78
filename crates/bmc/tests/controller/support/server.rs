//! A controller on the loopback, over TLS or in the clear, that answers as a test tells it to.

use super::Tree;
use bmc::{Target, Trust};
use futures_util::StreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: hyper::HeaderMap,
    pub body: String,
    /// The number of the connection that it came over.
    pub connection: usize,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The head is never sent.
    pub silent: bool,
    /// After the body, a blank every ten milliseconds for ever.
    pub endless: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), silent: false, endless: false }
    }

    pub fn json(value: serde_json::Value) -> Self {
        Self::new(200, value.to_string())
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

/// A certificate with its key.
pub struct Identity {
    pub der: CertificateDer<'static>,
    pub key: Vec<u8>,
}

impl Identity {
    pub fn self_signed() -> Self {
        let made =
            rcgen::generate_simple_self_signed(vec!["127.0.0.1".into(), "bmc.example".into()]).unwrap();
        Self { der: made.cert.der().clone(), key: made.signing_key.serialize_der() }
    }

    pub fn fingerprint(&self) -> model::Fingerprint {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.der);
        model::Fingerprint(digest.as_ref().try_into().unwrap())
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(self.key.clone()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A running controller; it ends when dropped.
pub struct Server {
    pub endpoint: model::Endpoint,
    log: Arc<Mutex<Vec<Asked>>>,
    tls: Arc<Mutex<Option<TlsAcceptor>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub async fn start(
        identity: Option<&Identity>,
        handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().into();
        let log = Arc::new(Mutex::new(Vec::new()));
        let tls = Arc::new(Mutex::new(identity.map(Identity::acceptor)));
        let handler: Arc<Handler> = Arc::new(handler);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, tls.clone(), handler, log.clone()));
        Self { endpoint, log, tls, _tasks: tasks }
    }

    /// A captured tree in the clear: GET only, as a mock-up server is.
    pub async fn of_tree(tree: Tree) -> Self {
        Self::start(None, move |asked| {
            if asked.method != "GET" {
                return Reply::new(405, "");
            }
            // A query that it does not know is ignored (DSP0266, 8.4).
            match tree.read(asked.path.split('?').next().unwrap()) {
                Some((status, body)) => Reply::new(status, body),
                None => Reply::new(404, ""),
            }
        })
        .await
    }

    pub fn https(&self, trust: Trust) -> Target {
        Target::https(self.endpoint, trust)
    }

    pub fn plain(&self) -> Target {
        Target::plain_http(self.endpoint)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// Shows another certificate to the connections that follow.
    pub fn show(&self, identity: &Identity) {
        *self.tls.lock().unwrap() = Some(identity.acceptor());
    }
}

async fn accept(
    listener: TcpListener,
    tls: Arc<Mutex<Option<TlsAcceptor>>>,
    handler: Arc<Handler>,
    log: Arc<Mutex<Vec<Asked>>>,
) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = tls.lock().unwrap().clone();
        connections.spawn(one(stream, acceptor, handler.clone(), log.clone(), number));
    }
}

async fn one(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    handler: Arc<Handler>,
    log: Arc<Mutex<Vec<Asked>>>,
    number: usize,
) {
    let service = service_fn(move |request| answer(request, handler.clone(), log.clone(), number));
    let builder = hyper::server::conn::http1::Builder::new();
    // A client that breaks off is what some tests are about.
    match acceptor {
        None => drop(builder.serve_connection(TokioIo::new(stream), service).await),
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                drop(builder.serve_connection(TokioIo::new(stream), service).await);
            }
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    handler: Arc<Handler>,
    log: Arc<Mutex<Vec<Asked>>>,
    connection: usize,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let asked = Asked { method: parts.method.to_string(), path, headers: parts.headers, body, connection };
    log.lock().unwrap().push(asked.clone());
    let reply = handler(&asked);
    if reply.silent {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = if reply.endless {
        let first = futures_util::stream::once(std::future::ready(Ok(Frame::data(Bytes::from(reply.body)))));
        let blanks = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok(Frame::data(Bytes::from_static(b" "))), ()))
        });
        BodyExt::boxed(StreamBody::new(first.chain(blanks)))
    } else {
        Full::new(Bytes::from(reply.body)).boxed()
    };
    Ok(response.body(body).unwrap())
}
