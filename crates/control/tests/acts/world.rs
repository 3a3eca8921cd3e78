//! An appliance without doors to the outside, a clock that is set, and people who enrol and sign in.

use control::gate::Attempt;
use control::zones::Zones;
use control::{AccessBook, Book, Door, Events, Gate};
use jiff::{SignedDuration, Timestamp};
use model::clock::ManualClock;
use model::command::access::{AddGrant, CreateUser};
use model::{Actor, Clock, Failure, Role, Scope, Secret, SystemClock};
use std::net::IpAddr;
use std::sync::Arc;

pub const PASSWORD: &str = "seven lamps over the gate";

pub struct World {
    pub clock: Arc<ManualClock>,
    pub store: store::Store,
    pub log: audit::Log,
    pub door: Door,
    pub gate: Gate,
    _folder: tempfile::TempDir,
}

/// Somebody with password, authenticator and recovery codes.
pub struct Person {
    pub name: String,
    pub key: Secret<Vec<u8>>,
    pub recovery: Vec<Secret<String>>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// With these devices.
    pub async fn with(devices: Vec<model::Device>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let manual = Arc::new(ManualClock::at(SystemClock.now()));
        let clock: Arc<dyn Clock> = Arc::clone(&manual) as _;
        let store = store::Store::open(at("store.db").to_str().unwrap()).unwrap();
        store.put_devices(devices).await.unwrap();
        let vault = Arc::new(vault::Vault::new(vault::Key::generate().unwrap()));
        let signer = audit::key::create(&at("audit.key")).unwrap();
        let open = {
            let (dir, clock) = (at("audit"), Arc::clone(&clock));
            move || audit::Log::open(&dir, signer, audit::Config::default(), clock)
        };
        let log = tokio::task::spawn_blocking(open).await.unwrap().unwrap();
        let events = Events::new(Arc::clone(&clock));
        let access = Arc::new(AccessBook::open(store.clone(), Arc::clone(&clock)).await.unwrap());
        let zones = Zones::default();
        let book = Book::open(store.clone(), Arc::clone(&vault), zones, events.clone(), Arc::clone(&clock))
            .await
            .unwrap();
        let door = Door::new(access, log.clone(), book, events);
        let gate = Gate::new(&door, store.clone(), vault, clock, control::config::Access::default());
        Self { clock: manual, store, log, door, gate, _folder: folder }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn later(&self, by: SignedDuration) {
        self.clock.set(self.now() + by);
    }

    /// Creates a user; comes back with the one-time link's secret.
    pub async fn user(&self, name: &str, grants: &[(Role, Scope)]) -> Secret<String> {
        let create = CreateUser { name: name.into(), full_name: String::new() };
        let link = self.door.run(&operator(), self.door.access(), create).await.unwrap();
        for (role, scope) in grants {
            let add = AddGrant { user: name.into(), role: *role, scope: scope.clone() };
            self.door.run(&operator(), self.door.access(), add).await.unwrap();
        }
        link
    }

    /// Creates a user who enrols.
    pub async fn person(&self, name: &str, grants: &[(Role, Scope)]) -> Person {
        let link = self.user(name, grants).await;
        self.enrol(name, &link).await.unwrap()
    }

    pub async fn enrol(&self, name: &str, link: &Secret<String>) -> Result<Person, Failure> {
        let shown = self.gate.enrolment(link.expose()).await?;
        let key = Secret::new(base32(shown.key.expose()));
        let code = Secret::new(self.code(&key));
        let recovery = self.gate.enrol(link.expose(), PASSWORD.into(), &code, None).await?;
        // The code of the enrolment is used up.
        self.later(SignedDuration::from_secs(30));
        Ok(Person { name: name.into(), key, recovery })
    }

    /// What the authenticator shows now.
    pub fn code(&self, key: &Secret<Vec<u8>>) -> String {
        identity::totp::code(key, identity::totp::step_at(self.now()))
    }

    pub async fn try_in(
        &self,
        name: &str,
        password: &str,
        code: &str,
        from: &str,
    ) -> Result<Secret<String>, Failure> {
        let attempt = Attempt {
            name: name.into(),
            password: password.into(),
            code: code.into(),
            from: Some(from.parse().unwrap()),
            agent: "test".into(),
        };
        self.gate.sign_in(&attempt).await
    }

    /// Signs in as one should; comes back with the cookie.
    pub async fn sign_in(&self, person: &Person) -> String {
        let code = self.code(&person.key);
        let cookie = self.try_in(&person.name, PASSWORD, &code, "192.0.2.1").await.unwrap();
        cookie.expose().clone()
    }

    pub async fn stands(&self, cookie: &str) -> bool {
        self.gate.session(cookie, Some(IpAddr::from([192, 0, 2, 1]))).await.is_some()
    }

    /// How many notes of this kind the audit log holds.
    pub async fn notes(&self, note: audit::Note) -> usize {
        let entries = self.entries().await;
        entries.iter().filter(|entry| entry.note == Some(note)).count()
    }

    pub async fn entries(&self) -> Vec<audit::Entry> {
        self.log.list(audit::Query { limit: 1000, ..audit::Query::default() }).await.unwrap()
    }
}

pub fn operator() -> Actor {
    Actor::system("operator")
}

/// RFC 4648 base32, as people type it.
fn base32(typed: &str) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for c in typed.chars().filter(char::is_ascii_alphanumeric) {
        held = held << 5 | u32::try_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap()).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    bytes
}
