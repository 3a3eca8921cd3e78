//! What was learned, once for all controllers of a model.

use super::lock;
use crate::line::Model;
use model::Clock;
use model::book::{DeviceBook, Observation};
use model::device::DeviceId;
use model::traffic::ModelKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// So often, at most, what was learned of a model is reported.
const REPORT: Duration = Duration::from_secs(60);
/// So many models are told apart; what is learned of further ones lives as long as the owner of one of them.
const MOST: usize = 1000;

/// All models.
#[derive(Default)]
pub struct Models(Mutex<HashMap<ModelKey, Arc<Slot>>>);

/// One model.
pub struct Slot {
    /// Which.
    pub key: ModelKey,
    inner: Mutex<(Model, Option<Instant>)>,
}

impl Models {
    /// What a device's model is known by; begins with what was kept of it.
    pub fn of(&self, book: &Arc<dyn DeviceBook>, id: &DeviceId) -> Arc<Slot> {
        let key = book.device(id).map(|device| ModelKey::of(&device)).unwrap_or_default();
        if let Some(slot) = lock(&self.0).get(&key) {
            return slot.clone();
        }
        let kept = book.learned(&key);
        let model = Model::new(key.clone(), kept.as_deref());
        let slot = Arc::new(Slot { key: key.clone(), inner: Mutex::new((model, None)) });
        let mut all = lock(&self.0);
        if all.len() >= MOST { slot } else { all.entry(key).or_insert(slot).clone() }
    }
}

impl Slot {
    /// Looks at it or adds to it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Model) -> T) -> T {
        look(&mut lock(&self.inner).0)
    }

    /// Reports what was learned, if it is time to. What is no model yet is not reported.
    pub fn report(&self, book: &Arc<dyn DeviceBook>, clock: &dyn Clock, now: Instant) {
        if self.key == ModelKey::default() {
            return;
        }
        let learned = {
            let mut inner = lock(&self.inner);
            let (model, reported) = &mut *inner;
            if reported.is_some_and(|at| now - at < REPORT) {
                return;
            }
            *reported = Some(now);
            model.learned(usize::MAX, Some(clock.now()))
        };
        book.observe(Observation::Learned(Box::new(learned)));
    }
}
