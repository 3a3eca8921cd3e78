//! A small controller whose every answer a test can spoil.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use model::Credential;
use model::device::{Certificate, Endpoint, Fingerprint};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

pub const RESET: &str = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
pub const SYSTEM: &str = "/redfish/v1/Systems/1";
pub const REGISTRIES: &str = "/redfish/v1/Registries";
pub const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

/// What happens to the next request whose `METHOD path` begins so, or with `$` at the end, is so.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is answered with this status, and perhaps `Retry-After`.
    Status(u16, Option<u64>),
    /// It is never answered.
    Hang,
    /// The connection is closed; the request has not been carried out.
    Cut,
    /// The request is carried out, and then the connection is closed.
    DoneThenCut,
    /// It is answered as it should be, after this time.
    Slow(Duration),
}

/// What is done with `$select`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selects {
    Works,
    Ignores,
    Refuses(u16),
    /// The power state is left out.
    Loses,
}

#[derive(Clone)]
pub struct Session {
    pub user: String,
    pub token: String,
    pub created: jiff::Timestamp,
    pub origin: String,
}

pub struct State {
    pub log: Vec<String>,
    pub connections: usize,
    pub logins: usize,
    pub power: &'static str,
    pub pending: Vec<(Instant, &'static str)>,
    pub takes: Duration,
    pub resets: Vec<&'static str>,
    pub sessions: BTreeMap<u64, Session>,
    pub next: u64,
    pub password: String,
    pub faults: Vec<(String, Fault)>,
    pub tells_origin: bool,
    pub clock_shift: jiff::SignedDuration,
    /// More documents than a controller of a single server has.
    pub documents: BTreeMap<String, Value>,
    /// Requests that came with the account.
    pub with_account: usize,
    /// How long each request takes.
    pub slow: Duration,
    /// Whether every request but the root is answered with 503.
    pub busy: bool,
    /// Whether every connection breaks at the first request.
    pub down: bool,
    /// Whether a request is answered with 503 while another is under way.
    pub one_at_a_time: bool,
    /// The entity tag of the system; `auto` for one that changes with its state.
    pub etag: Option<&'static str>,
    /// What it does with `$select`; advertised where it is not `None`.
    pub select: Option<Selects>,
    /// How often a part of the system was asked for.
    pub selected: usize,
    /// Answers of 304.
    pub not_modified: usize,
    /// Requests under way, and the most that were.
    pub in_flight: usize,
    pub most_in_flight: usize,
    /// Connections that are open.
    pub open_connections: usize,
    /// The most sessions that were open.
    pub most_sessions: usize,
    acceptor: Option<TlsAcceptor>,
}

pub struct Fake {
    pub state: Arc<Mutex<State>>,
    pub endpoint: Endpoint,
    pub certificate: Option<Certificate>,
    _tasks: JoinSet<()>,
}

pub fn credential() -> Credential {
    Credential { username: "portcullis".into(), password: "right".into() }
}

fn certificate() -> (TlsAcceptor, Certificate) {
    let made = rcgen::generate_simple_self_signed(vec!["fake.example".into()]).unwrap();
    let der = made.cert.der().clone();
    let digest = ring::digest::digest(&ring::digest::SHA256, &der);
    let fingerprint = Fingerprint(digest.as_ref().try_into().unwrap());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der], key)
        .unwrap();
    let shown = Certificate {
        fingerprint,
        subject: String::new(),
        issuer: String::new(),
        not_after: None,
        trusted: false,
    };
    (TlsAcceptor::from(Arc::new(config)), shown)
}

impl Fake {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub async fn start_at(addr: SocketAddr) -> Self {
        let (acceptor, shown) = certificate();
        let state = State {
            log: vec![],
            connections: 0,
            logins: 0,
            power: "On",
            pending: vec![],
            takes: Duration::from_millis(300),
            resets: vec!["On", "ForceOff", "GracefulShutdown", "ForceRestart", "GracefulRestart", "Nmi"],
            sessions: BTreeMap::new(),
            next: 1,
            password: "right".into(),
            faults: vec![],
            tells_origin: true,
            clock_shift: jiff::SignedDuration::ZERO,
            documents: BTreeMap::new(),
            with_account: 0,
            slow: Duration::ZERO,
            busy: false,
            down: false,
            one_at_a_time: false,
            etag: None,
            select: None,
            selected: 0,
            not_modified: 0,
            in_flight: 0,
            most_in_flight: 0,
            open_connections: 0,
            most_sessions: 0,
            acceptor: Some(acceptor),
        };
        let listener = TcpListener::bind(addr).await.unwrap();
        let endpoint = Endpoint::from(listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(state));
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, state.clone()));
        Self { state, endpoint, certificate: Some(shown), _tasks: tasks }
    }

    /// Shows another certificate from the next connection on; the old one closes.
    pub fn change_certificate(&self) -> Certificate {
        let (acceptor, shown) = certificate();
        self.with(|state| state.acceptor = Some(acceptor));
        shown
    }

    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn fault(&self, request: &str, fault: Fault) {
        self.with(|state| state.faults.push((request.into(), fault)));
    }

    /// How many requests began so.
    pub fn count(&self, request: &str) -> usize {
        self.with(|state| state.log.iter().filter(|line| line.starts_with(request)).count())
    }

    pub fn open_sessions(&self) -> usize {
        self.with(|state| state.sessions.len())
    }

    /// Gives the system so many memory modules, each a document of its own.
    pub fn add_memory(&self, modules: usize) {
        let paths: Vec<String> = (0..modules).map(|n| format!("{SYSTEM}/Memory/DIMM{n}")).collect();
        let members: Vec<Value> = paths.iter().map(|path| json!({ "@odata.id": path })).collect();
        self.with(|state| {
            state.documents.insert(format!("{SYSTEM}/Memory"), json!({ "Members": members }));
            for (n, path) in paths.into_iter().enumerate() {
                let module = json!({ "@odata.id": path, "Id": format!("DIMM{n}"), "Name": "DIMM",
                    "CapacityMiB": 16384, "PartNumber": "M393", "SerialNumber": format!("S{n}"),
                    "Status": { "State": "Enabled", "Health": "OK" } });
                state.documents.insert(path, module);
            }
        });
    }

    /// Gives the system a BIOS with one setting, and the registry that explains it.
    pub fn add_bios(&self) {
        let file = format!("{REGISTRIES}/R.v1");
        let documents = [
            (
                format!("{SYSTEM}/Bios"),
                json!({ "AttributeRegistry": "R.v1", "Attributes": { "BootMode": "Bios" } }),
            ),
            (REGISTRIES.to_owned(), json!({ "Members": [{ "@odata.id": file }] })),
            (file.clone(), json!({ "Location": [{ "Language": "en", "Uri": format!("{file}/en.json") }] })),
            (
                format!("{file}/en.json"),
                json!({ "RegistryEntries": { "Attributes": [{ "AttributeName": "BootMode",
                "DisplayName": "Boot Mode", "ResetRequired": true, "Value": [{ "ValueName": "Uefi" }, { "ValueName": "Bios" }] }] } }),
            ),
        ];
        self.with(|state| state.documents.extend(documents));
    }

    /// A session that somebody opened.
    pub fn add_session(&self, user: &str, origin: &str, created: jiff::Timestamp) -> String {
        self.with(|state| {
            let number = state.next;
            state.next += 1;
            let session =
                Session { user: user.into(), token: format!("t{number}"), created, origin: origin.into() };
            state.sessions.insert(number, session);
            format!("{SESSIONS}/{number}")
        })
    }
}

async fn listen(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        state.lock().unwrap().connections += 1;
        connections.spawn(serve(stream, peer, state.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// Counts a connection for as long as it is open.
struct Open(Arc<Mutex<State>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().unwrap().open_connections -= 1;
    }
}

/// Counts a request for as long as it is under way.
struct Flying(Arc<Mutex<State>>);

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.lock().unwrap().in_flight -= 1;
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, state: Arc<Mutex<State>>) {
    state.lock().unwrap().open_connections += 1;
    let _open = Open(state.clone());
    let acceptor = state.lock().unwrap().acceptor.clone();
    let service = service_fn(move |request| {
        let state = state.clone();
        async move { answer(request, peer, state).await }
    });
    if let Some(acceptor) = acceptor {
        let Ok(stream) = acceptor.accept(stream).await else { return };
        drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
    } else {
        drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
    }
}

fn reply(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let body = if status == 204 { String::new() } else { body.to_string() };
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let shared = state.clone();
    let line = format!("{} {}", request.method(), request.uri().path());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let token =
        request.headers().get("x-auth-token").and_then(|token| token.to_str().ok()).map(str::to_owned);
    let etag = request.headers().get("if-none-match").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    if request.headers().contains_key("authorization") {
        state.lock().unwrap().with_account += 1;
    }
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (fault, slow, alone, _flying) = {
        let mut state = state.lock().unwrap();
        state.log.push(line.clone());
        let alone = state.in_flight == 0;
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        let slow = state.slow;
        let flying = Flying(shared.clone());
        let fits = |request: &str| match request.strip_suffix('$') {
            Some(whole) => line == whole,
            None => line.starts_with(request),
        };
        let found = state.faults.iter().position(|(request, _)| fits(request));
        let fault = found.map(|at| state.faults.remove(at).1);
        drop(state);
        (fault, slow, alone, flying)
    };
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    if state.lock().unwrap().down {
        return Err(std::io::Error::other("down"));
    }
    let refused = {
        let state = state.lock().unwrap();
        let busy = state.busy && line != "GET /redfish/v1/";
        busy || state.one_at_a_time && !alone
    };
    if refused {
        return Ok(reply(503, &json!({ "error": { "message": "busy" } })));
    }
    match fault {
        Some(Fault::Status(status, retry_after)) => {
            let mut response = reply(status, &json!({ "error": { "message": "not now" } }));
            if let Some(seconds) = retry_after {
                response.headers_mut().insert("retry-after", seconds.into());
            }
            Ok(response)
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Cut) => Err(std::io::Error::other("cut")),
        Some(Fault::DoneThenCut) => {
            drop(state.lock().unwrap().carry_out(&line, token.as_deref(), &body, peer));
            Err(std::io::Error::other("cut"))
        }
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            Ok(state.lock().unwrap().carry_out(&line, token.as_deref(), &body, peer))
        }
        None => {
            let mut state = state.lock().unwrap();
            let whole = state.carry_out(&line, token.as_deref(), &body, peer);
            let response = state.part(&query, whole);
            Ok(state.tag(&line, etag.as_deref(), response))
        }
    }
}

impl State {
    fn carry_out(
        &mut self,
        line: &str,
        token: Option<&str>,
        body: &Value,
        peer: SocketAddr,
    ) -> Response<Full<Bytes>> {
        while let Some((_, power)) = self.pending.first().filter(|(at, _)| *at <= Instant::now()).copied() {
            self.power = power;
            self.pending.remove(0);
        }
        if line == "GET /redfish/v1/" {
            let mut root = root();
            if self.select.is_some() {
                root["ProtocolFeaturesSupported"] = json!({ "SelectQuery": true });
            }
            if self.documents.contains_key(REGISTRIES) {
                root["Registries"] = json!({ "@odata.id": REGISTRIES });
            }
            return reply(200, &root);
        }
        if line == format!("POST {SESSIONS}") {
            return self.log_in(body, peer);
        }
        if !self.sessions.values().any(|session| Some(session.token.as_str()) == token) {
            return reply(401, &json!({}));
        }
        match line.split_once(' ').unwrap() {
            ("GET", "/redfish/v1/Systems") => reply(200, &json!({ "Members": [{ "@odata.id": SYSTEM }] })),
            ("GET", SYSTEM) => reply(200, &self.system()),
            ("POST", RESET) => self.reset(body.get("ResetType").and_then(Value::as_str).unwrap_or_default()),
            ("GET", SESSIONS) => {
                let members: Vec<Value> = self
                    .sessions
                    .keys()
                    .map(|number| json!({ "@odata.id": format!("{SESSIONS}/{number}") }))
                    .collect();
                reply(200, &json!({ "Members": members }))
            }
            ("GET", path) if self.documents.contains_key(path) => reply(200, &self.documents[path]),
            (method, path) => self.session(method, path),
        }
    }

    /// The part of the system that the query asks for, as the controller does it.
    fn part(&mut self, query: &str, whole: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        if !query.starts_with("$select=") || whole.status() != 200 {
            return whole;
        }
        self.selected += 1;
        let system = self.system();
        match self.select {
            Some(Selects::Works) => {
                reply(200, &json!({ "PowerState": system["PowerState"], "Status": system["Status"] }))
            }
            Some(Selects::Loses) => reply(200, &json!({ "Status": system["Status"] })),
            Some(Selects::Refuses(status)) => reply(status, &json!({})),
            Some(Selects::Ignores) | None => whole,
        }
    }

    /// The system's entity tag, and 304 where it is the one that was sent.
    fn tag(
        &mut self,
        line: &str,
        sent: Option<&str>,
        mut response: Response<Full<Bytes>>,
    ) -> Response<Full<Bytes>> {
        let Some(etag) = self.etag.filter(|_| line == format!("GET {SYSTEM}") && response.status() == 200)
        else {
            return response;
        };
        let etag = if etag == "auto" { format!("\"{}\"", self.power) } else { etag.to_owned() };
        if sent == Some(etag.as_str()) {
            self.not_modified += 1;
            response = Response::builder().status(304).body(Full::default()).unwrap();
        }
        response.headers_mut().insert("etag", etag.parse().unwrap());
        response
    }

    fn session(&mut self, method: &str, path: &str) -> Response<Full<Bytes>> {
        let number = path.strip_prefix(SESSIONS).and_then(|rest| rest.strip_prefix('/')?.parse::<u64>().ok());
        let Some((number, session)) = number.and_then(|number| Some((number, self.sessions.get(&number)?)))
        else {
            return reply(404, &json!({}));
        };
        if method == "DELETE" {
            self.sessions.remove(&number);
            return reply(204, &json!({}));
        }
        let created = session.created.saturating_add(self.clock_shift).unwrap().to_string();
        let mut listed = json!({ "UserName": session.user, "CreatedTime": created });
        if self.tells_origin {
            listed["ClientOriginIPAddress"] = session.origin.clone().into();
        }
        reply(200, &listed)
    }

    fn log_in(&mut self, body: &Value, peer: SocketAddr) -> Response<Full<Bytes>> {
        self.logins += 1;
        if body.get("Password").and_then(Value::as_str) != Some(&self.password) {
            return reply(401, &json!({}));
        }
        let number = self.next;
        self.next += 1;
        let user = body["UserName"].as_str().unwrap().to_owned();
        #[expect(clippy::disallowed_methods, reason = "the fake controller's own clock")]
        let created = jiff::Timestamp::now();
        let token = format!("token-{number}");
        self.sessions
            .insert(number, Session { user, token: token.clone(), created, origin: peer.ip().to_string() });
        self.most_sessions = self.most_sessions.max(self.sessions.len());
        let mut response = reply(201, &json!({ "@odata.id": format!("{SESSIONS}/{number}") }));
        response.headers_mut().insert("x-auth-token", token.parse().unwrap());
        response.headers_mut().insert("location", format!("{SESSIONS}/{number}").parse().unwrap());
        response
    }

    fn system(&self) -> Value {
        let mut system = json!({
            "@odata.id": SYSTEM, "Id": "1", "Name": "fake", "PowerState": self.power, "SerialNumber": "SER1",
            "Status": { "Health": "OK" },
            "Actions": { "#ComputerSystem.Reset": {
                "target": RESET, "ResetType@Redfish.AllowableValues": self.resets,
            } },
        });
        for part in ["Memory", "Bios"] {
            let path = format!("{SYSTEM}/{part}");
            if self.documents.contains_key(&path) {
                system[part] = json!({ "@odata.id": path });
            }
        }
        system
    }

    fn reset(&mut self, reset: &str) -> Response<Full<Bytes>> {
        let at = Instant::now() + self.takes;
        match reset {
            "On" | "ForceOn" => self.pending.push((at, "On")),
            "ForceOff" | "GracefulShutdown" => self.pending.push((at, "Off")),
            "ForceRestart" | "GracefulRestart" => {
                self.pending.push((Instant::now(), "Off"));
                self.pending.push((at + self.takes * 4, "On"));
            }
            "Nmi" => {}
            _ => return reply(400, &json!({})),
        }
        reply(204, &json!({}))
    }
}

fn root() -> Value {
    json!({
        "@odata.id": "/redfish/v1/", "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "RedfishVersion": "1.5.0",
        "UUID": "12345678-0000-0000-0000-000000000001", "Vendor": "Fake",
        "Systems": { "@odata.id": "/redfish/v1/Systems" },
        "SessionService": { "@odata.id": "/redfish/v1/SessionService" },
        "Links": { "Sessions": { "@odata.id": SESSIONS } },
    })
}
