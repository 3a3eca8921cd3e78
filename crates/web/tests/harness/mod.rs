//! An appliance for the tests of the API: the real door, gate, store, vault and audit log in a temporary
//! directory, a clock that stands still, users with tokens, and controllers that count what they are asked to do.

pub mod counting;
#[path = "../common/devices.rs"]
pub mod devices;
#[expect(dead_code, reason = "not every test needs all of it")]
#[path = "../../../control/tests/kernel/mod.rs"]
pub mod kernel;
#[path = "../common/log.rs"]
pub mod log;
#[path = "../common/readings.rs"]
pub mod readings;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use control::zones::{Zone, Zones};
use control::{AccessBook, Book, Door, Events, Gate, Jobs, Policies, Records};
use counting::Counting;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::{SignedDuration, Timestamp};
use model::access::Limit;
use model::clock::ManualClock;
use model::command::access::{AddGrant, CreateToken, CreateUser, RevokeToken};
use model::command::bmc::Controllers;
use model::event::Finding;
use model::{Actor, Clock, Device, Failure, Role, Scope, SystemClock};
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use web::{App, Parts, Web};

/// The device in zone `management` that examples name.
pub const DEVICE: &str = "bmc-00001";
/// The device in zone `lab`.
pub const LAB_DEVICE: &str = "bmc-00002";
/// A device that was only seen.
pub const SEEN: &str = "bmc-00011";

/// An appliance without sockets.
pub struct Harness {
    pub router: Router,
    pub app: App,
    pub door: Door,
    pub store: store::Store,
    pub clock: Arc<ManualClock>,
    pub controllers: Arc<Counting>,
    pub kernel: Arc<kernel::Kernel>,
    pub closing: CancellationToken,
    pub folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The failure that every answer but a success is.
    pub fn failure(&self) -> Failure {
        assert!(!self.status.is_success(), "{self:?}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Harness {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let manual = Arc::new(ManualClock::at(SystemClock.now()));
        let clock: Arc<dyn Clock> = Arc::clone(&manual) as _;
        let store = store::Store::open(at("store.db").to_str().unwrap()).unwrap();
        let devices = fleet();
        store.put_devices(devices.clone()).await.unwrap();
        readings::keep(&store, &devices, manual.now()).await;
        let vault = Arc::new(vault::Vault::new(vault::Key::generate().unwrap()));
        let log = log(&folder, Arc::clone(&clock)).await;
        let events = Events::new(Arc::clone(&clock));
        let access = Arc::new(AccessBook::open(store.clone(), Arc::clone(&clock)).await.unwrap());
        let zone =
            |name: &str, network: &str| Zone { name: name.into(), networks: vec![network.parse().unwrap()] };
        let zones = Zones::new(&[zone("management", "10.0.0.0/8"), zone("lab", "10.9.0.0/16")]);
        let book = Book::open(store.clone(), Arc::clone(&vault), zones, events.clone(), Arc::clone(&clock))
            .await
            .unwrap();
        let door = Door::new(access, log, book.clone(), events);
        let gate =
            Gate::new(&door, store.clone(), vault, Arc::clone(&clock), control::config::Access::default());
        let controllers = Arc::new(Counting::new(book.clone()));
        let records = Arc::new(Records::new(book));
        let jobs =
            Jobs::open(door.clone(), Arc::clone(&controllers) as _, Arc::clone(&records)).await.unwrap();
        let closing = CancellationToken::new();
        let kernel = kernel::Kernel::new();
        let policies = Policies::new(door.clone(), Arc::clone(&kernel) as _);
        let policies = Arc::new(policies.logging(log::Logged::with(manual.now())));
        policies.open_kept().await.unwrap();
        let app = App::new(Parts {
            door: door.clone(),
            gate,
            jobs,
            controllers: Arc::clone(&controllers) as Arc<dyn Controllers>,
            records,
            policies,
            clock,
            parquet: Arc::new(|_table| Ok(b"PAR1".to_vec())),
            config: Web::default(),
            metrics: Arc::new(String::new),
            ready: Arc::new(|| Ok(())),
            banners: Arc::new(Vec::new),
            closing: closing.clone(),
        });
        let router = web::router(&app, web::api::router(&app));
        let harness = Self { router, app, door, store, clock: manual, controllers, kernel, closing, folder };
        harness.furnish(&devices).await;
        harness
    }

    /// States, a finding about a device, one about the appliance.
    async fn furnish(&self, devices: &[Device]) {
        use model::book::DeviceBook as _;
        for device in devices.iter().filter(|device| device.is_adopted()) {
            let moving = readings::moving(device, self.clock.now());
            let seen = devices::read(device).into_iter().chain(moving);
            seen.for_each(|seen| drop(self.door.book().observe(seen)));
        }
        self.door.book().flush().await;
        let now = self.clock.now();
        let about = |device: Option<&str>| Finding {
            kind: "test".into(),
            device: device.map(|id| model::DeviceId(id.into())),
            text: "look at it".into(),
        };
        for device in [Some(DEVICE), None] {
            self.store.add_finding(now, &about(device)).await.unwrap();
        }
    }

    /// The number of the finding about [`DEVICE`], or about the appliance.
    pub async fn finding(&self, device: Option<&str>) -> i64 {
        let all = self.store.findings(1000).await.unwrap();
        let of = |row: &&store::FindingRow| {
            row.finding.kind == "test" && row.finding.device.as_ref().map(|id| id.0.as_str()) == device
        };
        all.iter().find(of).unwrap().id
    }

    /// Makes a user with these grants, and a token with this limit; comes back with the token.
    pub async fn user(&self, name: &str, grants: &[(Role, Scope)], limit: (Role, Scope)) -> String {
        let create = CreateUser { name: name.into(), full_name: format!("{name} of the tests") };
        self.door.run(&operator(), self.door.access(), create).await.unwrap();
        for (role, scope) in grants {
            let add = AddGrant { user: name.into(), role: *role, scope: scope.clone() };
            self.door.run(&operator(), self.door.access(), add).await.unwrap();
        }
        self.token(name, limit).await
    }

    /// Another token of a user, for a day.
    pub async fn token(&self, name: &str, (role, scope): (Role, Scope)) -> String {
        let expires_at = self.clock.now() + SignedDuration::from_hours(24);
        let limit = Limit { role, scope };
        let create = CreateToken { user: name.into(), label: "test".into(), limit, expires_at };
        self.door.run(&operator(), self.door.access(), create).await.unwrap().expose().clone()
    }

    pub async fn revoke(&self, name: &str, token: &str) {
        let id = token.split('_').nth(1).unwrap().to_owned();
        let revoke = RevokeToken { user: name.into(), id };
        self.door.run(&operator(), self.door.access(), revoke).await.unwrap();
    }

    /// An administrator over all, with a token that is limited by nothing.
    pub async fn administrator(&self) -> String {
        self.user("root", &[(Role::Administrator, Scope::All)], (Role::Administrator, Scope::All)).await
    }

    pub fn later(&self, by: SignedDuration) -> Timestamp {
        let now = self.clock.now() + by;
        self.clock.set(now);
        now
    }

    pub async fn send(&self, request: Request<Body>) -> Got {
        let response = TowerToHyperService::new(self.router.clone()).call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Got { status: parts.status, headers: parts.headers, bytes }
    }

    pub async fn ask(&self, token: Option<&str>, method: &str, path: &str, body: Option<&Value>) -> Got {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// How many acts the audit log holds.
    pub async fn acts(&self) -> usize {
        let query = audit::Query { limit: 1000, ..audit::Query::default() };
        let entries = self.door.audit().list(query).await.unwrap();
        entries.iter().filter(|entry| entry.note.is_none()).count()
    }
}

/// Whoever works on the machine itself: may everything.
pub fn operator() -> Actor {
    Actor::system("operator")
}

fn fleet() -> Vec<Device> {
    let mut devices = devices::fleet(48);
    let lab = devices.iter_mut().find(|device| device.id.0 == LAB_DEVICE).unwrap();
    lab.endpoint.addr = "10.9.0.2".parse().unwrap();
    lab.zone = "lab".into();
    devices
}

async fn log(folder: &tempfile::TempDir, clock: Arc<dyn Clock>) -> audit::Log {
    let signer = audit::key::create(&folder.path().join("audit.key")).unwrap();
    let dir = folder.path().join("audit");
    let config = audit::Config { checkpoint_records: 10, ..audit::Config::default() };
    let open = move || audit::Log::open(&dir, signer, config, clock);
    tokio::task::spawn_blocking(open).await.unwrap().unwrap()
}
