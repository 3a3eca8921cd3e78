//! What is measured of one controller, and what is learned of its model from that. Pure, and bounded in size.
//!
//! A controller keeps a ring of its last latencies and a few counters. What takes how long is kept once for
//! all controllers of a model, by the kind of path.

use super::retry::Verb;
use crate::read::path_kind;
use jiff::Timestamp;
use model::traffic::{Cost, Lane, LaneTraffic, Learned, ModelKey, PathLatency, Traffic};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// So many of the last latencies are kept of a controller.
pub const RECENT: usize = 120;
/// So many kinds of errors are told apart; further ones count as `other`.
const MOST_ERRORS: usize = 16;
/// So many kinds of paths are told apart in a model.
const MOST_PATHS: usize = 96;
/// So many of them are reported, the slowest.
const REPORTED_PATHS: usize = 32;
/// The longest name of a kind of path.
const LONGEST_PATH: usize = 120;
/// So many answers of a kind of path, and their mean is worth something.
const ENOUGH: u64 = 3;

/// The kind of a path, as [`path_kind`] has it, with the names of its query: an expanded collection takes longer.
#[must_use]
pub fn kind_of(path: &str) -> String {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut kind = path_kind(path);
    for (at, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        kind.push(if at == 0 { '?' } else { '&' });
        kind.push_str(pair.split('=').next().unwrap_or_default());
    }
    kind.chars().take(LONGEST_PATH).collect()
}

/// A duration in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// One lane's counters.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    sent: u64,
    failed: u64,
}

/// What is measured of one controller.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    recent: VecDeque<u32>,
    lanes: [Count; 4],
    errors: BTreeMap<String, u64>,
    /// Requests that were answered by one already under way.
    pub shared: u64,
    /// Requests that were sent again after an error.
    pub repeated: u64,
    /// What the last look at its state cost.
    pub state: Option<Cost>,
    /// What the last full reading cost.
    pub inventory: Option<Cost>,
    /// What the last reading of its sensors cost.
    pub telemetry: Option<Cost>,
}

impl Measured {
    /// A request of a lane ended after `took`; with the word for its error, if it met one.
    pub fn ended(&mut self, lane: Lane, took: Duration, error: Option<&str>) {
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(millis(took));
        if let Some(count) = self.lanes.get_mut(lane as usize) {
            count.sent += 1;
            count.failed += u64::from(error.is_some());
        }
        if let Some(word) = error {
            let known = self.errors.contains_key(word) || self.errors.len() < MOST_ERRORS;
            *self.errors.entry(if known { word } else { "other" }.to_owned()).or_default() += 1;
        }
    }

    /// So that at most this part of the last requests, from 0 to 1, took longer than what is returned.
    #[must_use]
    pub fn percentile(&self, part: f64) -> u32 {
        let mut sorted: Vec<u32> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among at most 120"
        )]
        let at = (part * sorted.len() as f64).ceil() as usize;
        sorted.get(at.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// As a controller's page shows it. `waiting` has a number for each lane.
    #[must_use]
    pub fn traffic(&self, waiting: [usize; 4]) -> Traffic {
        let lanes = Lane::ALL.into_iter().zip(self.lanes).zip(waiting);
        let lanes = lanes.map(|((lane, count), waiting)| LaneTraffic {
            lane,
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            sent: count.sent,
            failed: count.failed,
        });
        let mut errors: Vec<(String, u64)> = self.errors.iter().map(|(word, n)| (word.clone(), *n)).collect();
        errors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Traffic {
            lanes: lanes.collect(),
            p50_ms: self.percentile(0.5),
            p95_ms: self.percentile(0.95),
            worst_ms: self.recent.iter().max().copied().unwrap_or_default(),
            recent_ms: self.recent.iter().copied().collect(),
            shared: self.shared,
            repeated: self.repeated,
            errors,
            state: self.state.clone(),
            inventory: self.inventory.clone(),
            telemetry: self.telemetry.clone(),
            ..Traffic::default()
        }
    }
}

/// How one kind of path was answered.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    total_ms: u64,
    worst_ms: u32,
    failed: u64,
}

impl Sum {
    fn mean_ms(&self) -> u32 {
        u32::try_from(self.total_ms / self.count.max(1)).unwrap_or(u32::MAX)
    }
}

/// What is learned of one model, by all its controllers together.
#[derive(Clone, Debug)]
pub struct Model {
    learned: Learned,
    paths: BTreeMap<String, Sum>,
}

impl Model {
    /// Begins with what was kept, if anything was.
    #[must_use]
    pub fn new(key: ModelKey, kept: Option<&Learned>) -> Self {
        let mut learned = kept.cloned().unwrap_or_default();
        let kept = std::mem::take(&mut learned.paths);
        let paths = kept.into_iter().take(MOST_PATHS).map(|path| {
            let total_ms = path.count.saturating_mul(u64::from(path.mean_ms));
            let sum = Sum { count: path.count, total_ms, worst_ms: path.worst_ms, failed: path.failed };
            (path.path, sum)
        });
        let paths = paths.collect();
        learned.model = key;
        Self { learned, paths }
    }

    /// A request ended after `took`.
    pub fn ended(&mut self, verb: Verb, path: &str, took: Duration, failed: bool) {
        let mut kind = kind_of(path);
        if verb.writes() {
            kind = format!("{} {kind}", verb.name());
        }
        if !self.paths.contains_key(&kind) && self.paths.len() >= MOST_PATHS {
            return;
        }
        let sum = self.paths.entry(kind).or_default();
        let took = millis(took);
        sum.count += 1;
        sum.total_ms = sum.total_ms.saturating_add(u64::from(took));
        sum.worst_ms = sum.worst_ms.max(took);
        sum.failed += u64::from(failed);
    }

    /// What a GET of this path takes in the mean, where that is known.
    #[must_use]
    pub fn usual(&self, path: &str) -> Option<Duration> {
        let sum = self.paths.get(&kind_of(path)).filter(|sum| sum.count >= ENOUGH)?;
        Some(Duration::from_millis(sum.mean_ms().max(1).into()))
    }

    /// How many requests at once were found best; 0 changes nothing.
    pub fn found_pace(&mut self, at_once: u8) {
        if at_once > 0 {
            self.learned.in_flight = at_once;
        }
    }

    /// Whether entity tags are honoured. Once they were seen to lie they are not believed again.
    pub fn found_etags(&mut self, work: bool) {
        if self.learned.etags_work != Some(false) {
            self.learned.etags_work = Some(work);
        }
    }

    /// Changes anything else that is known.
    pub fn update(&mut self, change: impl FnOnce(&mut Learned)) {
        change(&mut self.learned);
    }

    /// What is known but for the paths' latencies.
    #[must_use]
    pub const fn known(&self) -> &Learned {
        &self.learned
    }

    /// What is known, with the `most` slowest kinds of paths.
    #[must_use]
    pub fn learned(&self, most: usize, now: Option<Timestamp>) -> Learned {
        let mut paths: Vec<(&String, &Sum)> = self.paths.iter().collect();
        paths.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.mean_ms()));
        let paths = paths.into_iter().take(most.min(REPORTED_PATHS)).map(|(path, sum)| PathLatency {
            path: path.clone(),
            count: sum.count,
            mean_ms: sum.mean_ms(),
            worst_ms: sum.worst_ms,
            failed: sum.failed,
        });
        Learned {
            paths: paths.collect(),
            updated_at: now.or(self.learned.updated_at),
            ..self.learned.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::traffic::QueryUse;

    #[test]
    fn paths_of_a_kind_are_one() {
        for (path, kind) in [
            ("/redfish/v1/", "/redfish/v1"),
            ("/redfish/v1/Systems/System.Embedded.1", "/redfish/v1/Systems/*"),
            ("/redfish/v1/Systems/1/Memory/proc1dimm12/", "/redfish/v1/Systems/*/Memory/*"),
            ("/redfish/v1/Chassis?$expand=.($levels=1)&$top=3", "/redfish/v1/Chassis?$expand&$top"),
            ("/redfish/v1/Managers/%20x", "/redfish/v1/Managers/*"),
        ] {
            assert_eq!(kind_of(path), kind, "{path}");
        }
        assert!(kind_of(&"/a".repeat(2000)).len() <= LONGEST_PATH);
    }

    #[test]
    fn the_last_latencies_and_the_errors_are_bounded() {
        let mut measured = Measured::default();
        for ms in 1..=1000_u64 {
            let word = format!("error {ms}");
            measured.ended(
                Lane::Inventory,
                Duration::from_millis(ms),
                (ms % 2 == 0).then_some(word.as_str()),
            );
        }
        let traffic = measured.traffic([0, 1, 2, 3]);
        assert_eq!(traffic.recent_ms.len(), RECENT);
        assert_eq!((traffic.p50_ms, traffic.p95_ms, traffic.worst_ms), (940, 994, 1000));
        assert_eq!(
            (traffic.lanes[2].sent, traffic.lanes[2].failed, traffic.lanes[3].waiting),
            (1000, 500, 3)
        );
        assert!(traffic.errors.len() <= MOST_ERRORS + 1);
        assert_eq!(traffic.errors[0], ("other".into(), 500 - MOST_ERRORS as u64));
        assert_eq!(Measured::default().percentile(0.95), 0);
    }

    #[test]
    fn a_model_is_kept_and_taken_up_again() {
        let key = ModelKey { vendor: "Fake".into(), ..ModelKey::default() };
        let mut model = Model::new(key.clone(), None);
        for n in 0..500 {
            let path = format!("/redfish/v1/Systems/{n}/Memory");
            model.ended(Verb::Get, &path, Duration::from_millis(100 + n % 3), n == 7);
            model.ended(
                Verb::Get,
                &format!("/redfish/v1/{}", "x".repeat(n as usize % 200)),
                Duration::ZERO,
                false,
            );
        }
        assert_eq!(model.usual("/redfish/v1/Systems/A1/Memory"), Some(Duration::from_millis(100)));
        assert_eq!(model.usual("/redfish/v1/Chassis"), None);
        model.found_pace(3);
        model.found_etags(true);
        model.update(|learned| (learned.expand, learned.inventory_requests) = (QueryUse::Works, 42));
        let kept = model.learned(usize::MAX, None);
        assert_eq!(kept.paths.len(), REPORTED_PATHS);
        assert_eq!((kept.paths[0].path.as_str(), kept.paths[0].failed), ("/redfish/v1/Systems/*/Memory", 1));
        let again = Model::new(key, Some(&kept));
        assert_eq!(again.learned(usize::MAX, None), kept);
        assert_eq!(again.usual("/redfish/v1/Systems/A1/Memory"), Some(Duration::from_millis(100)));
    }

    #[test]
    fn tags_that_lied_once_are_not_believed_again() {
        let mut model = Model::new(ModelKey::default(), None);
        model.found_etags(true);
        model.found_etags(false);
        model.found_etags(true);
        assert_eq!(model.known().etags_work, Some(false));
    }
}
