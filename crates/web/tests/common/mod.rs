//! An appliance for the tests of pages: the real door, gate, store, vault and audit log in a temporary
//! directory, made-up devices, and a driver that only pretends.

#![expect(dead_code, reason = "each test uses its own part")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails here fails the test")]

pub mod browser;
pub mod devices;
pub mod driver;
#[path = "../../../control/tests/kernel/mod.rs"]
pub mod kernel;
pub mod log;
pub mod readings;

use control::{AccessBook, Book, Door, Events, Gate, Jobs, Policies, Records};
use driver::Pretender;
use model::book::DeviceBook as _;
use model::command::bmc::Controllers;
use model::{Clock, Device, Role, Scope, SystemClock};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use web::{App, Banner, Parts, Web};

/// A running appliance without sockets.
pub struct Appliance {
    pub app: App,
    pub router: axum::Router,
    pub door: Door,
    pub gate: Gate,
    pub store: store::Store,
    pub kernel: Arc<kernel::Kernel>,
    pub closing: CancellationToken,
    pub folder: tempfile::TempDir,
}

impl Appliance {
    /// With these devices, each with its inventory where one is given.
    pub async fn start(devices: Vec<Device>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = store::Store::open(at("store.db").to_str().unwrap()).unwrap();
        store.put_devices(devices.clone()).await.unwrap();
        readings::keep(&store, &devices, clock.now()).await;
        let vault = Arc::new(vault::Vault::new(vault::Key::generate().unwrap()));
        let signer = audit::key::create(&at("audit.key")).unwrap();
        let log = {
            let (dir, clock) = (at("audit"), Arc::clone(&clock));
            let open = move || audit::Log::open(&dir, signer, audit::Config::default(), clock);
            tokio::task::spawn_blocking(open).await.unwrap().unwrap()
        };
        let events = Events::new(Arc::clone(&clock));
        let access = Arc::new(AccessBook::open(store.clone(), Arc::clone(&clock)).await.unwrap());
        let zones = control::zones::Zones::new(&[zone()]);
        let book = Book::open(store.clone(), Arc::clone(&vault), zones, events.clone(), Arc::clone(&clock))
            .await
            .unwrap();
        let door = Door::new(access, log, book.clone(), events);
        let gate =
            Gate::new(&door, store.clone(), vault, Arc::clone(&clock), control::config::Access::default());
        let controllers: Arc<dyn Controllers> = Arc::new(Pretender(book.clone()));
        let records = Arc::new(Records::new(book));
        let jobs = Jobs::open(door.clone(), Arc::clone(&controllers), Arc::clone(&records)).await.unwrap();
        let closing = CancellationToken::new();
        let kernel = kernel::Kernel::new();
        let policies = Policies::new(door.clone(), Arc::clone(&kernel) as _);
        let policies = Arc::new(policies.logging(log::Logged::with(clock.now())));
        policies.open_kept().await.unwrap();
        let app = App::new(Parts {
            door: door.clone(),
            gate: gate.clone(),
            jobs,
            controllers,
            records,
            policies,
            clock,
            parquet: Arc::new(|_table| Ok(b"PAR1".to_vec())),
            config: Web::default(),
            metrics: Arc::new(|| "# nothing is measured\n".to_owned()),
            ready: Arc::new(|| Ok(())),
            banners: Arc::new(Vec::<Banner>::new),
            closing: closing.clone(),
        });
        // What moves is not kept over a start: it is read again.
        for device in devices.iter().filter(|device| device.is_adopted()) {
            let moving = readings::moving(device, app.clock.now());
            let seen = devices::read(device).into_iter().chain(moving);
            seen.for_each(|seen| drop(app.door.book().observe(seen)));
        }
        let router = web::router(&app, axum::Router::new());
        Self { app, router, door, gate, store, kernel, closing, folder }
    }

    /// Makes a user with these grants; comes back with the one-time link's path.
    pub async fn user(&self, name: &str, grants: &[(Role, Scope)]) -> String {
        use model::command::access::{AddGrant, CreateUser};
        let operator = model::Actor::system("operator");
        let create = CreateUser { name: name.into(), full_name: format!("{name} of the tests") };
        let token = self.door.run(&operator, self.door.access(), create).await.unwrap();
        for (role, scope) in grants {
            let add = AddGrant { user: name.into(), role: *role, scope: scope.clone() };
            self.door.run(&operator, self.door.access(), add).await.unwrap();
        }
        format!("/enrol/{}", token.expose())
    }

    /// A browser that is signed in as a new user with these grants.
    pub async fn signed_in(&self, name: &str, grants: &[(Role, Scope)]) -> browser::Browser {
        let link = self.user(name, grants).await;
        let mut browser = browser::Browser::new(&self.router);
        browser.enrol(&link).await;
        browser.sign_in(name).await;
        browser
    }
}

/// The zone that they lie in.
fn zone() -> control::zones::Zone {
    control::zones::Zone { name: "management".into(), networks: vec!["10.0.0.0/8".parse().unwrap()] }
}
