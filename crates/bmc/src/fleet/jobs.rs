//! What an owner does with its controller: readings. Each is a future of its own, which asks through a caller, so
//! that several run side by side.

use super::Shared;
use super::link::members;
use super::places::Placed;
use super::registries::{self, Claim};
use super::select;
use super::trouble::Trouble;
use crate::client::{Document, ROOT};
use crate::line::Caller;
use crate::power::system;
use crate::read::{self, TelemetryPlan};
use model::book::Observation;
use model::device::{DeviceId, Health, Power};
use model::inventory::{Bios, Inventory};
use model::traffic::{Cost, QueryUse};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// So many systems of one controller are polled: a multi-node enclosure's controller has up to eight.
const MOST_SYSTEMS: usize = 8;
/// A server's state is asked for in full at least every so many polls: an entity tag may lie.
const FULL_EVERY: u32 = 10;

/// The longest that reading a registry may take.
const EXPLAINED: Duration = Duration::from_secs(120);

/// What a job needs of its owner.
#[derive(Clone)]
pub struct Site {
    /// What all owners share.
    pub shared: Arc<Shared>,
    /// The device.
    pub id: DeviceId,
    /// The paths of the controller's systems; empty where they must be looked for.
    pub systems: Vec<String>,
    /// What is known of the controller's model.
    pub model: Arc<super::models::Slot>,
    /// Where the sensors' readings are; empty before the first full reading.
    pub sensors: Arc<TelemetryPlan>,
}

/// A server's state as it was last read.
#[derive(Clone, Debug)]
pub struct Seen {
    path: String,
    etag: Option<String>,
    reading: system::Reading,
    polls: u32,
}

/// How a reading ended.
pub struct Read {
    /// Whether it was done.
    pub result: Result<(), Trouble>,
    /// The paths of the controller's systems, as they are known now.
    pub systems: Vec<String>,
    /// The servers' states.
    pub states: Vec<Seen>,
    /// What it cost.
    pub cost: Cost,
    /// The requests of a full reading.
    pub requests: u32,
    /// Where the sensors' readings are.
    pub sensors: Arc<TelemetryPlan>,
}

/// A document; with an entity tag none where that is its tag still.
async fn unless(caller: &mut Caller, path: &str, etag: Option<String>) -> Result<Option<Document>, Trouble> {
    match etag {
        Some(etag) => caller.document_unless(path, etag).await,
        None => caller.document(path).await.map(Some),
    }
}

impl Site {
    /// The paths of the controller's systems: remembered, or found from the service root.
    pub async fn find_systems(&mut self, caller: &mut Caller) -> Result<(), Trouble> {
        if self.systems.is_empty() {
            let root = caller.document(ROOT).await?;
            if let Some(collection) = root.link("/Systems") {
                let collection = caller.document(collection).await?;
                self.systems = members(&collection.value);
                self.systems.truncate(MOST_SYSTEMS);
            }
        }
        Ok(())
    }

    /// Reads one system. If it is gone the systems are looked for again next time.
    pub async fn reading(&mut self, caller: &mut Caller, path: &str) -> Result<system::Reading, Trouble> {
        let document = caller.document(path).await;
        self.forget_if_gone(&document);
        document.map(|document| system::read(&document.value))
    }

    fn forget_if_gone<T>(&mut self, result: &Result<T, Trouble>) {
        let status = result.as_ref().err().and_then(Trouble::error).and_then(crate::Error::status);
        if status == Some(404) {
            self.systems.clear();
        }
    }

    /// Tells the book that the controller could not be asked.
    pub fn report(&self, trouble: &Trouble) {
        let device = self.id.clone();
        let book = &self.shared.book;
        if let Some(presented) = trouble.error().and_then(crate::Error::presented) {
            book.observe(Observation::CertificateChanged { device, presented: presented.clone() });
        } else if !matches!(trouble, Trouble::Gone) {
            book.observe(Observation::Unreachable { device, cause: trouble.to_string() });
        }
    }

    /// Power and health of every system.
    pub async fn poll(mut self, mut caller: Caller, seen: Vec<Seen>) -> Read {
        let mut states = Vec::new();
        let result = self.look(&mut caller, seen, &mut states).await;
        self.end(caller, result, states)
    }

    async fn look(
        &mut self,
        caller: &mut Caller,
        mut seen: Vec<Seen>,
        states: &mut Vec<Seen>,
    ) -> Result<(), Trouble> {
        self.find_systems(caller).await?;
        let (mut power, mut health) = (None, None);
        for path in self.systems.clone() {
            let at = seen.iter().position(|seen| seen.path == path);
            let before = at.map(|at| seen.swap_remove(at));
            let (reading, state) = self.state(caller, &path, before).await?;
            states.extend(state);
            power = power.or(Some(reading.power));
            health = health.max(Some(reading.health).filter(|health| *health != Health::Unknown));
        }
        let power = power.unwrap_or(Power::Unknown);
        self.shared.book.observe(Observation::StateRead { device: self.id.clone(), power, health });
        Ok(())
    }

    /// One system's state: with its entity tag where those are honoured, so that an unchanged one costs nothing; else
    /// without the rest of its document, where the controller can do that. Now and then in full all the same.
    async fn state(
        &mut self,
        caller: &mut Caller,
        path: &str,
        before: Option<Seen>,
    ) -> Result<(system::Reading, Option<Seen>), Trouble> {
        let (etags, select) = self.model.with(|model| (model.known().etags_work, model.known().select));
        let polls = before.as_ref().map_or(0, |seen| seen.polls + 1);
        let is_full = polls.is_multiple_of(FULL_EVERY);
        let tagged = before.as_ref().filter(|_| etags != Some(false));
        let tag = tagged.filter(|_| !is_full).and_then(|seen| seen.etag.clone());
        let selects = !is_full && select == Some(QueryUse::Works) && etags != Some(true);
        let asked = if selects { select::path(path) } else { path.into() };
        let mut document = unless(caller, &asked, tag).await;
        if selects && select::is_refusal(&document) {
            self.model.with(|model| model.update(|learned| learned.select = Some(QueryUse::Refused)));
            document = unless(caller, path, None).await;
        }
        self.forget_if_gone(&document);
        let Some(document) = document? else {
            self.model.with(|model| model.found_etags(true));
            let seen = before.map(|seen| Seen { polls, ..seen });
            let reading = seen.as_ref().map(|seen| seen.reading.clone());
            return Ok((reading.unwrap_or_else(|| system::read(&Value::Null)), seen));
        };
        if before.is_some() && !selects && select == Some(QueryUse::Untried) && etags != Some(true) {
            self.try_select(caller, path, &document.value).await;
        }
        let reading = system::read(&document.value);
        if let Some(seen) = tagged
            && seen.etag.is_some()
            && seen.etag == document.etag
            && (seen.reading.power, seen.reading.health) != (reading.power, reading.health)
        {
            // The same tag for another state: it would hide the change.
            self.model.with(|model| model.found_etags(false));
        }
        let seen = Seen { path: path.into(), etag: document.etag, reading: reading.clone(), polls };
        Ok((reading, Some(seen)))
    }

    /// Finds out, once for all controllers of the model, whether a server's state can be had alone.
    async fn try_select(&self, caller: &mut Caller, path: &str, whole: &Value) {
        let tried = unless(caller, &select::path(path), None).await;
        if let Some(became) = select::judge(whole, &tried) {
            self.model.with(|model| model.update(|learned| learned.select = Some(became)));
        }
    }

    /// Everything. `asked`: somebody asked for it.
    pub async fn inventory(mut self, mut caller: Caller, asked: bool) -> Read {
        let place = self.shared.places.take(asked).await;
        caller.begin();
        let time = Duration::from_secs(self.shared.config.inventory_timeout.max(1));
        let bounds = read::Bounds { time, ..read::Bounds::default() };
        let habits = self.model.with(|model| read::Habits::from(model.known()));
        let budget = &self.shared.budget;
        let (room, loose) = (Some(budget.room()), Some(budget.loose()));
        let known = self.shared.book.kept_tree(&self.id);
        let how = read::How { bounds, habits, keep: true, known, room, loose, ..read::How::default() };
        let now = self.shared.clock.now();
        let generation = caller.generation();
        let mut placed = Placed { source: &mut caller, place };
        let reading = read::reading_within(&mut placed, how, now).await.and_then(read::Reading::something);
        drop(placed);
        let mut reading = match reading {
            Ok(reading) => reading,
            Err(error) => {
                let trouble = caller.trouble(error);
                return self.end(caller, Err(trouble), Vec::new());
            }
        };
        if caller.generation() != generation {
            self.look_again(&mut caller, &mut reading.inventory).await;
        }
        let read::Reading { inventory, habits, snapshot, .. } = reading;
        let requests = inventory.requests;
        let systems = inventory.systems.iter().map(|system| system.path.clone());
        self.systems = systems.take(MOST_SYSTEMS).collect();
        self.sensors = Arc::new(TelemetryPlan::of(&inventory));
        let unexplained = self.unexplained(&inventory);
        let (device, inventory) = (self.id.clone(), Box::new(inventory));
        self.shared.book.observe(Observation::Inventoried { device, inventory, snapshot });
        // Only now is it known which model it is, if it was read for the first time.
        self.model = self.shared.models.of(&self.shared.book, &self.id);
        self.model.with(|model| model.update(|learned| habits.store(learned)));
        for (claim, bios) in unexplained {
            self.explain(&mut caller, claim, &bios).await;
        }
        Read { requests, ..self.end(caller, Ok(()), Vec::new()) }
    }

    /// The BIOSes whose registry nobody has read yet, less their settings.
    fn unexplained(&self, inventory: &Inventory) -> Vec<(Claim, Bios)> {
        let bios = |at: usize| {
            let bios = inventory.systems.get(at)?.bios.as_ref()?;
            Some(Bios { path: bios.path.clone(), registry: bios.registry.clone(), settings: Vec::new() })
        };
        let wanted = registries::wanted(inventory).into_iter();
        wanted
            .filter_map(|(key, at)| Some((self.shared.registries.claim(&key, Instant::now())?, bios(at)?)))
            .collect()
    }

    /// Reads what explains a BIOS, for the whole fleet. Nothing depends on it, so a failure only means that another
    /// owner tries later.
    async fn explain(&self, caller: &mut Caller, claim: Claim, bios: &Bios) {
        match timeout(EXPLAINED, read::registry::registry(caller, bios)).await {
            Ok(Ok(registry)) => {
                if let Some(registry) = registry {
                    let (key, registry) = (claim.key.clone(), Arc::new(registry));
                    self.shared.book.observe(Observation::Explained { key, registry });
                }
                claim.done();
            }
            Ok(Err(error)) => {
                tracing::debug!(device = %self.id, cause = error.cause(), "a registry could not be read");
            }
            Err(_) => tracing::debug!(device = %self.id, "a registry took too long"),
        }
    }

    /// Somebody switched the server while it was read: its power may be another one than was read at first.
    async fn look_again(&mut self, caller: &mut Caller, inventory: &mut Inventory) {
        for system in &mut inventory.systems {
            if let Ok(document) = caller.document(&system.path).await {
                system.power.0 = system::read(&document.value).power;
            }
        }
    }

    /// All sensors, from the documents that the last full reading found.
    pub async fn telemetry(self, mut caller: Caller) -> Read {
        let now = self.shared.clock.now();
        let result = match read::telemetry(&mut caller, &self.sensors, now).await {
            Ok(readings) => {
                let (device, readings) = (self.id.clone(), Box::new(readings));
                self.shared.book.observe(Observation::Telemetry { device, readings });
                Ok(())
            }
            Err(error) => Err(caller.trouble(error)),
        };
        self.end(caller, result, Vec::new())
    }

    fn end(self, mut caller: Caller, result: Result<(), Trouble>, states: Vec<Seen>) -> Read {
        let cost = caller.cost(self.shared.clock.now());
        Read { result, systems: self.systems, states, cost, requests: 0, sensors: self.sensors }
    }
}
