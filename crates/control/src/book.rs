//! Keeps the device records: in memory for whoever asks, in the store for the next start.

use crate::events::Events;
use crate::history::arrived::{Arrived, Known};
use crate::history::latest::Latest;
use crate::pending::Pending;
use crate::registry::{Outputs, Registry};
use jiff::Timestamp;
use model::book::{DeviceBook, Observation, OpenSession, SweepRecord};
use model::command::BoxFuture;
use model::device::{Certificate, Device, DeviceId, Stage};
use model::event::What;
use model::snapshot::Snapshot;
use model::traffic::{Learned, ModelKey};
use model::{Clock, Credential, Failure, Inventory, Kind, Permit};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Store;
use vault::Vault;

/// The keeper of device records. Cheap to clone; every clone is the same book.
#[derive(Clone)]
pub struct Book(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    pending: Pending,
    latest: Latest,
    sweeps: crate::sweeps::Sweeps,
    store: Store,
    vault: Arc<Vault>,
    events: Events,
    clock: Arc<dyn Clock>,
}

impl Book {
    /// The records of the store, sorted into zones.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(
        store: Store,
        vault: Arc<Vault>,
        zones: crate::zones::Zones,
        events: Events,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, store::Error> {
        let registry = Registry::new(store.devices().await?, zones);
        // An adoption that a crash broke off may have left a session on a controller that is not ours yet.
        // What its credential came to is not known, so it is tried once more; adopted, the session is closed.
        // An entry that says how it is closed tells that itself, once it is: see `let_in`.
        for left in store.open_sessions().await?.iter().filter(|left| left.way_in.is_none()) {
            if registry.get(&left.device).is_some_and(|device| device.stage == Stage::Seen) {
                store.forget_tries(&left.device).await?;
            }
        }
        let registry = Mutex::new(registry);
        let known = store.known_readings().await?.into_iter();
        let known = known.map(|one| (one.device, Known { version: one.version, tree: one.tree })).collect();
        let pending = Pending::new(known, crate::config::Inventory::default().versions);
        let latest = Latest::new(store.learned().await?);
        let sweeps = crate::sweeps::Sweeps::left(store.sweeps(crate::sweeps::MOST).await?);
        Ok(Self(Arc::new(Inner { registry, pending, latest, sweeps, store, vault, events, clock })))
    }

    /// The records, held for as long as the guard lives; never across an await.
    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.0.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps inventories as the configuration says.
    #[must_use]
    pub fn keeping(self, config: &crate::config::Inventory) -> Self {
        self.0.pending.keep_versions(config.versions);
        self
    }

    /// The devices whose readings were let go because too many waited for the disk, as soon as there is room
    /// again: they are to be read once more.
    pub async fn lost_readings(&self) -> Vec<DeviceId> {
        self.0.pending.lost().await
    }

    pub(crate) fn latest(&self) -> &Latest {
        &self.0.latest
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The sweeps of this life of the appliance, and those that an earlier one left unfinished.
    #[must_use]
    pub fn sweeps(&self) -> &crate::sweeps::Sweeps {
        &self.0.sweeps
    }

    /// Every record, in no order.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Device>> {
        self.registry().all().cloned().collect()
    }

    /// The device with this identifier or name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn named(&self, key: &str) -> Result<Arc<Device>, Failure> {
        self.registry().named(key).cloned().ok_or_else(|| no_such(key))
    }

    /// Writes down what waits for it, again and again, until `stop`; then once more.
    pub async fn keep(self, stop: tokio_util::sync::CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = self.0.pending.wait() => {}
                () = stop.cancelled() => {}
            }
            self.flush().await;
        }
    }

    /// Writes down what waits for it, now.
    pub async fn flush(&self) {
        self.0.pending.write(&self.0.store, |id| self.device(id)).await;
        let learned = self.0.latest.take_news();
        if !learned.is_empty()
            && let Err(error) = self.0.store.put_learned(learned.clone()).await
        {
            tracing::error!(%error, "what was learned of models could not be written down; it stays in memory");
            self.0.latest.not_written(&learned);
        }
    }

    /// The seen devices for which the rules allow an imported credential that was not tried on them yet.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn adoptable(&self) -> Result<Vec<DeviceId>, Failure> {
        crate::rules::adoptable(self).await
    }

    /// Changes a record and tells everybody.
    pub(crate) fn change(&self, id: &DeviceId, change: impl FnOnce(&mut Device)) -> Result<(), Failure> {
        let outputs = self.registry().change(id, change)?;
        self.carry_out(outputs);
        Ok(())
    }

    /// Changes a record, tells everybody, and writes it down before this returns: what a person was told
    /// is done outlives a crash of the next moment.
    pub(crate) async fn change_for_good(
        &self,
        id: &DeviceId,
        change: impl FnOnce(&mut Device),
    ) -> Result<(), Failure> {
        self.change(id, change)?;
        let written = self.0.pending.write_one(&self.0.store, id, |id| self.device(id)).await;
        written.map_err(|error| {
            let subject = self.device(id).map_or_else(|| id.to_string(), |device| device.subject());
            unavailable(subject, &error).hint("it is so until the appliance stops; free space on its disk")
        })
    }

    pub(crate) fn carry_out(&self, outputs: Outputs) -> Option<DeviceId> {
        self.0.pending.add(outputs.keep, &outputs.findings, self.now());
        for what in &outputs.events {
            if let What::DeviceRemoved { id } = what {
                self.0.latest.forget(id);
                self.0.pending.forget(id);
            }
        }
        let findings = outputs.findings.into_iter().map(What::FindingRaised);
        outputs.events.into_iter().chain(findings).for_each(|what| self.0.events.tell(what));
        outputs.device
    }

    /// Tells everybody of a finding; it is written down when its turn comes. Cheap, never blocks.
    pub fn raise(&self, finding: model::event::Finding) {
        self.0.pending.add(Vec::new(), std::slice::from_ref(&finding), self.now());
        self.0.events.tell(What::FindingRaised(finding));
    }

    /// Packs a full reading; it is written down when its turn comes.
    fn inventoried(&self, id: DeviceId, inventory: &Inventory, snapshot: Option<Box<Snapshot>>) {
        match Arrived::new(inventory, snapshot, self.0.pending.known(&id), self.now()) {
            Ok(arrived) => self.0.pending.add_reading(id, arrived),
            Err(error) => {
                tracing::error!(%error, device = %id, "an inventory cannot be packed and is not kept")
            }
        }
    }

    async fn unseal(&self, id: &DeviceId) -> Result<Credential, Failure> {
        let subject = || self.device(id).map_or_else(|| id.to_string(), |device| device.subject());
        let stored = self.0.store.credential(id).await.map_err(|error| unavailable(subject(), &error))?;
        let sealed = stored.ok_or_else(|| {
            Failure::new(Kind::NotFound, "sign in to", subject(), "no credential is kept for it")
                .hint("adopt it first")
        })?;
        self.0.vault.open_credential(&context(id), &sealed).map_err(|error| unavailable(subject(), &error))
    }

    async fn adopt(
        &self,
        id: &DeviceId,
        credential: Credential,
        certificate: Option<Certificate>,
    ) -> Result<(), Failure> {
        let subject = self.named(&id.0)?.subject();
        let sealed = self.0.vault.seal_credential(&context(id), &credential);
        let sealed = sealed.map_err(|error| unavailable(subject.clone(), &error))?;
        let take_over = |device: &mut Device| {
            device.pinned = certificate.clone();
            device.presented = None;
            device.stage = Stage::InService;
        };
        // Pin and credential survive a crash together, or not at all.
        let mut device = Device::clone(&*self.named(&id.0)?);
        take_over(&mut device);
        let written = self.0.store.put_device_and_credential(&device, Some(sealed)).await;
        written.map_err(|error| unavailable(subject, &error))?;
        self.change(id, take_over)
    }
}

/// What a sealed credential is bound to: it cannot be moved to another device's row.
fn context(id: &DeviceId) -> String {
    format!("device:{id}")
}

pub(crate) fn no_such(key: &str) -> Failure {
    Failure::new(Kind::NotFound, "find", format!("device {key}"), "there is no such device")
        .hint("`portcullis device list` shows them all, `portcullis device find` looks for addresses, MACs and serials")
}

pub(crate) fn unavailable(subject: impl Into<String>, error: &dyn std::error::Error) -> Failure {
    Failure::new(Kind::Unavailable, "read or write", subject, in_full(error))
}

/// An error with everything that led to it, in one line.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

impl DeviceBook for Book {
    fn device(&self, id: &DeviceId) -> Option<Arc<Device>> {
        self.registry().get(id).cloned()
    }

    fn devices(&self) -> Vec<Arc<Device>> {
        self.registry().all().cloned().collect()
    }

    fn kept_tree(&self, device: &DeviceId) -> Option<model::snapshot::Hash> {
        self.0.pending.known(device).tree
    }

    fn observe(&self, mut observation: Observation) -> Option<DeviceId> {
        let mut snapshot = None;
        match observation {
            Observation::Telemetry { device, readings } => {
                self.device(&device)?;
                self.0.latest.read(&device, *readings);
                return Some(device);
            }
            Observation::Asked { device, traffic } => {
                self.device(&device)?;
                self.0.latest.asked(&device, traffic);
                return Some(device);
            }
            Observation::Learned(learned) => {
                if self.0.latest.learn(learned) {
                    self.0.pending.notify();
                }
                return None;
            }
            Observation::Explained { key, registry } => {
                self.0.latest.explained(key, registry);
                return None;
            }
            Observation::Inventoried { snapshot: ref mut documents, .. } => snapshot = documents.take(),
            _ => {}
        }
        let mut outputs = self.registry().observe(observation, self.now(), crate::ids::device);
        let inventory = outputs.inventory.take();
        // The record first: a reading cannot be written down before its device is.
        let device = self.carry_out(outputs);
        if let Some((id, inventory)) = inventory {
            self.inventoried(id, &inventory, snapshot);
        }
        device
    }

    fn learned(&self, model: &ModelKey) -> Option<Arc<Learned>> {
        self.0.latest.learned(model)
    }

    fn progress(&self, event: What) {
        self.0.sweeps.note(&event);
        self.0.events.tell(event);
    }

    fn credential<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<Credential, Failure>> {
        Box::pin(self.unseal(id))
    }

    fn adopted<'a>(
        &'a self,
        _permit: &'a Permit,
        id: &'a DeviceId,
        credential: Credential,
        certificate: Option<Certificate>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.adopt(id, credential, certificate))
    }

    fn credentials_by_rule<'a>(
        &'a self,
        id: &'a DeviceId,
        shown: &'a Certificate,
    ) -> BoxFuture<'a, Result<Vec<Credential>, Failure>> {
        Box::pin(crate::rules::credentials(self, id, shown))
    }

    fn session_opened(&self, session: OpenSession) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let subject = session.device.to_string();
            let row = crate::ways::seal(&self.0.vault, session);
            let row = row.map_err(|error| unavailable(subject.clone(), &*error))?;
            self.0.store.put_open_session(row).await.map_err(|error| unavailable(subject, &error))
        })
    }

    fn session_closed<'a>(&'a self, session: &'a OpenSession) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let written = self.0.store.delete_open_session(&session.device, session.asked_at).await.map(drop);
            written.map_err(|error| unavailable(session.device.to_string(), &error))
        })
    }

    fn let_in<'a>(&'a self, device: &'a DeviceId) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let seen = self.device(device).filter(|device| device.stage == Stage::Seen);
            let Some(seen) = seen else { return Ok(()) };
            let forgotten = self.0.store.forget_tries(device).await;
            forgotten.map_err(|error| unavailable(seen.subject(), &error))?;
            // Whoever adopts by rule looks at it again.
            self.0.events.tell(crate::registry::changed(&seen));
            Ok(())
        })
    }

    fn sessions_left(&self) -> BoxFuture<'_, Result<Vec<OpenSession>, Failure>> {
        Box::pin(async move {
            let rows = self.0.store.open_sessions().await;
            let rows = rows.map_err(|error| unavailable("open sessions", &error))?;
            Ok(rows.into_iter().map(|row| crate::ways::open(&self.0.vault, row)).collect())
        })
    }

    fn zone_of(&self, range: ipnet::IpNet) -> String {
        self.registry().zones().holding(&range).to_owned()
    }

    fn sweep_begun(
        &self,
        range: ipnet::IpNet,
        port: u16,
        rate: u32,
        near_only: bool,
    ) -> BoxFuture<'_, Result<Option<SweepRecord>, Failure>> {
        let (store, sweeps) = (&self.0.store, &self.0.sweeps);
        Box::pin(crate::sweeps::begun(store, sweeps, (range, port, rate), near_only, self.now()))
    }

    fn sweep_progress(&self, sweep: SweepRecord) -> BoxFuture<'_, Result<(), Failure>> {
        self.0.sweeps.written(&sweep);
        Box::pin(crate::sweeps::progress(&self.0.store, sweep, self.now()))
    }
}
