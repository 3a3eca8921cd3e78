//! The latest of what moves: sensors and traffic of each device in memory, what was learned of models, and what
//! explains the settings of their BIOSes.
//!
//! A registry is some hundred kilobytes and one for every server with that BIOS: so none is put into the
//! inventories that are kept, and whoever looks at one gets it explained.

use model::DeviceId;
use model::inventory::{Inventory, Registry, RegistryKey};
use model::telemetry::Readings;
use model::traffic::{Learned, ModelKey, Traffic};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Packed;

/// More sensors than this of one device are not kept: no server has as many.
const MOST_READINGS: usize = 4096;
/// More models than this are not kept: a controller that makes its firmware's name up must not fill the memory.
const MOST_MODELS: usize = 2000;

/// More registries than this are not kept, for the same reason.
const MOST_REGISTRIES: usize = 128;

/// One of each for a device.
#[derive(Debug, Default)]
pub(crate) struct Latest(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Packed: as they are, a server's sensors take tens of kilobytes, and hardly anybody looks at them.
    readings: HashMap<DeviceId, Packed>,
    traffic: HashMap<DeviceId, Arc<Traffic>>,
    learned: BTreeMap<ModelKey, Arc<Learned>>,
    registries: HashMap<RegistryKey, Arc<Registry>>,
    /// Learned since it was last written down.
    news: HashSet<ModelKey>,
}

impl Latest {
    pub(crate) fn new(learned: Vec<Learned>) -> Self {
        let learned = learned.into_iter().map(|one| (one.model.clone(), Arc::new(one))).collect();
        Self(Mutex::new(Inner { learned, ..Inner::default() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self, device: &DeviceId, mut readings: Readings) {
        readings.readings.truncate(MOST_READINGS);
        match Packed::json(&readings) {
            Ok(packed) => drop(self.inner().readings.insert(device.clone(), packed)),
            Err(error) => tracing::error!(%error, %device, "the readings of its sensors cannot be packed"),
        }
    }

    pub(crate) fn asked(&self, device: &DeviceId, traffic: Box<Traffic>) {
        self.inner().traffic.insert(device.clone(), Arc::from(traffic));
    }

    /// Comes back with whether it must be written down.
    pub(crate) fn learn(&self, learned: Box<Learned>) -> bool {
        let mut inner = self.inner();
        let model = learned.model.clone();
        let has_room = inner.learned.len() < MOST_MODELS || inner.learned.contains_key(&model);
        if !has_room || inner.learned.get(&model).is_some_and(|known| **known == *learned) {
            return false;
        }
        inner.learned.insert(model.clone(), Arc::from(learned));
        inner.news.insert(model)
    }

    /// What must be written down; it is handed out once.
    pub(crate) fn take_news(&self) -> Vec<Learned> {
        let mut inner = self.inner();
        let news = std::mem::take(&mut inner.news);
        news.iter().filter_map(|model| inner.learned.get(model)).map(|one| Learned::clone(one)).collect()
    }

    /// It could not be written down: it is handed out again.
    pub(crate) fn not_written(&self, all: &[Learned]) {
        self.inner().news.extend(all.iter().map(|one| one.model.clone()));
    }

    pub(crate) fn forget(&self, device: &DeviceId) {
        let mut inner = self.inner();
        inner.readings.remove(device);
        inner.traffic.remove(device);
    }

    pub(crate) fn readings(&self, device: &DeviceId) -> Option<Readings> {
        let packed = self.inner().readings.get(device).cloned()?;
        let readings = packed.value();
        readings
            .inspect_err(|error| tracing::error!(%error, %device, "the readings of its sensors are damaged"))
            .ok()
    }

    pub(crate) fn traffic(&self, device: &DeviceId) -> Option<Arc<Traffic>> {
        self.inner().traffic.get(device).cloned()
    }

    pub(crate) fn learned(&self, model: &ModelKey) -> Option<Arc<Learned>> {
        self.inner().learned.get(model).cloned()
    }

    pub(crate) fn explained(&self, key: RegistryKey, registry: Arc<Registry>) {
        let mut inner = self.inner();
        if inner.registries.len() < MOST_REGISTRIES || inner.registries.contains_key(&key) {
            inner.registries.insert(key, registry);
        }
    }

    /// Puts what is known of each BIOS setting beside its value.
    pub(crate) fn explain(&self, inventory: &mut Inventory) {
        for system in &mut inventory.systems {
            let registry = system.registry().and_then(|key| self.inner().registries.get(&key).cloned());
            if let (Some(registry), Some(bios)) = (registry, system.bios.as_mut()) {
                registry.explain(bios);
            }
        }
    }

    pub(crate) fn models(&self) -> Vec<Arc<Learned>> {
        self.inner().learned.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(vendor: String, requests: u32) -> Box<Learned> {
        let model = ModelKey { vendor, ..ModelKey::default() };
        Box::new(Learned { model, inventory_requests: requests, ..Learned::default() })
    }

    #[test]
    fn what_was_learned_is_written_once_and_again_where_that_failed() {
        let latest = Latest::new(vec![*learned("Dell".into(), 61)]);
        assert!(!latest.learn(learned("Dell".into(), 61)), "nothing new");
        assert!(latest.learn(learned("Dell".into(), 62)));
        assert!(!latest.learn(learned("Dell".into(), 63)), "it waits already");
        let news = latest.take_news();
        assert_eq!((news.len(), news[0].inventory_requests), (1, 63));
        assert!(latest.take_news().is_empty());
        latest.not_written(&news);
        assert_eq!(latest.take_news().len(), 1);
    }

    #[test]
    fn made_up_models_and_sensors_are_bounded() {
        let latest = Latest::default();
        for number in 0..MOST_MODELS + 10 {
            latest.learn(learned(number.to_string(), 1));
        }
        assert_eq!(latest.models().len(), MOST_MODELS);
        let device = DeviceId("d-1".into());
        let reading = model::telemetry::Reading::default();
        let readings = Readings { taken_at: None, readings: vec![reading; MOST_READINGS + 1] };
        latest.read(&device, readings);
        assert_eq!(latest.readings(&device).unwrap().readings.len(), MOST_READINGS);
        latest.forget(&device);
        assert!(latest.readings(&device).is_none());
    }
}
