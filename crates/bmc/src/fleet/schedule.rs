//! When a device is read next: spread evenly, and more rarely while its controller does not answer. Pure.

use model::DeviceId;
use std::time::Duration;
use tokio::time::Instant;

/// The first pause after a failure; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_secs(5);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Power and health.
    Poll,
    /// Everything.
    Inventory,
    /// Sensors.
    Telemetry,
}

impl Errand {
    /// All of them; of those due at the same time, the first goes first.
    pub const ALL: [Self; 3] = [Self::Inventory, Self::Poll, Self::Telemetry];

    /// As metrics call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Inventory => "inventory",
            Self::Telemetry => "telemetry",
        }
    }
}

/// How often what is read.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    /// Power and health.
    pub poll: Duration,
    /// Everything.
    pub inventory: Duration,
    /// Sensors, unless they are not read.
    pub telemetry: Option<Duration>,
    /// The longest pause after failures.
    pub limit: Duration,
}

/// The readings of one device to come.
#[derive(Clone, Debug)]
pub struct Schedule {
    every: Intervals,
    phase: f64,
    next_poll: Instant,
    next_inventory: Instant,
    next_telemetry: Option<Instant>,
    not_before: Option<Instant>,
    failures: u32,
}

/// Where sensors are read, the first full reading comes within this time.
const FIRST_FULL: Duration = Duration::from_secs(3600);
/// The sensors may take this part of a controller's time at most: one in so many.
const SENSORS_SHARE: u32 = 20;
/// Sensors that could be read only more rarely than this are not read between two full readings.
const TOO_RARE: Duration = Duration::from_secs(3600);

impl Schedule {
    /// The first poll comes at the device's own place in `spread`, so that a fleet started at once does
    /// not ask at once; and so does its first full reading in the interval.
    #[must_use]
    pub fn new(id: &DeviceId, every: Intervals, spread: Duration, now: Instant) -> Self {
        let phase = phase(id);
        // Only a full reading finds the sensors; their readings are not to be missed for hours.
        let first = if every.telemetry.is_some() { every.inventory.min(FIRST_FULL) } else { every.inventory };
        Self {
            every,
            phase,
            next_poll: now + spread.mul_f64(phase),
            next_inventory: now + first.mul_f64(phase),
            next_telemetry: None,
            not_before: None,
            failures: 0,
        }
    }

    /// When something is due next, and what, but for what is under way.
    #[must_use]
    pub fn next(&self, is_under_way: impl Fn(Errand) -> bool) -> Option<(Instant, Errand)> {
        let held = |at: Instant| self.not_before.map_or(at, |hold| at.max(hold));
        let at = |errand| match errand {
            Errand::Poll => Some(self.next_poll),
            Errand::Inventory => Some(self.next_inventory),
            Errand::Telemetry => self.next_telemetry,
        };
        let due = Errand::ALL.into_iter().filter(|errand| !is_under_way(*errand));
        due.filter_map(|errand| Some((held(at(errand)?), errand))).min_by_key(|(at, _)| *at)
    }

    /// A poll is due then, whatever failed before.
    pub fn hurry(&mut self, at: Instant) {
        self.next_poll = at;
        self.not_before = None;
    }

    /// A full reading is wanted as soon as possible.
    pub fn want_inventory(&mut self, now: Instant) {
        self.next_inventory = now;
        self.not_before = None;
    }

    /// It was read. A full reading tells the state too.
    pub fn done(&mut self, errand: Errand, now: Instant) {
        self.failures = 0;
        self.not_before = None;
        if errand != Errand::Telemetry {
            self.next_poll = now + self.every.poll;
        }
        if errand == Errand::Inventory {
            // A tenth to and fro, so that devices taken over together do not stay together.
            self.next_inventory = now + self.every.inventory.mul_f64(0.9 + self.phase / 5.0);
            if self.next_telemetry.is_none() {
                self.next_telemetry = self.every.telemetry.map(|every| now + every.mul_f64(self.phase));
            }
        }
    }

    /// The last full reading found no sensors.
    pub const fn no_sensors(&mut self) {
        self.next_telemetry = None;
    }

    /// Its sensors were read, which took so long: more rarely where that is long, and not at all where it is
    /// too long. After the next full reading it is tried again.
    pub fn sensors_took(&mut self, took: Duration, now: Instant) {
        let often = took.saturating_mul(SENSORS_SHARE);
        self.next_telemetry =
            self.every.telemetry.filter(|_| often <= TOO_RARE).map(|every| now + every.max(often));
    }

    /// It could not be read: the pause doubles with each failure, spread by up to half of it.
    pub fn failed(&mut self, now: Instant) -> Duration {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(10));
        let pause = doubled.min(self.every.limit).mul_f64(0.75 + self.phase / 4.0);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + pause);
        pause
    }
}

/// A device's place in an interval, from 0 to 1: the same at every start, and as even as a hash (FNV-1a).
#[must_use]
pub fn phase(id: &DeviceId) -> f64 {
    let hash = id.0.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // The low bits of FNV are weak; fold the high ones in (the finaliser of SplitMix64).
    let mixed = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    f64::from(u32::try_from(mixed >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Duration = Duration::from_secs(60);
    const INVENTORY: Duration = Duration::from_secs(6 * 3600);
    const LIMIT: Duration = Duration::from_secs(300);

    fn schedule(now: Instant) -> Schedule {
        every(now, None)
    }

    fn every(now: Instant, telemetry: Option<Duration>) -> Schedule {
        let every = Intervals { poll: POLL, inventory: INVENTORY, telemetry, limit: LIMIT };
        Schedule::new(&DeviceId("d1".into()), every, POLL, now)
    }

    fn next(schedule: &Schedule) -> (Instant, Errand) {
        schedule.next(|_| false).unwrap()
    }

    #[test]
    fn a_thousand_devices_are_spread_evenly() {
        let mut seconds = [0_u32; 60];
        for i in 0..1000 {
            let at = phase(&DeviceId(format!("dev-{i}"))) * 60.0;
            seconds[(at as usize).min(59)] += 1;
        }
        assert!(seconds.iter().all(|count| (3..=36).contains(count)), "{seconds:?}");
    }

    #[test]
    fn a_fresh_device_is_read_in_full_at_once_and_then_polled() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.want_inventory(now);
        assert_eq!(next(&schedule), (now, Errand::Inventory));
        schedule.done(Errand::Inventory, now);
        assert_eq!(next(&schedule), (now + POLL, Errand::Poll));
        schedule.want_inventory(now);
        assert_eq!(next(&schedule), (now, Errand::Inventory));
    }

    #[test]
    fn inventories_come_between_polls() {
        let mut now = Instant::now();
        let start = now;
        let mut schedule = schedule(now);
        let mut inventories = Vec::new();
        while now < start + 3 * INVENTORY {
            let (at, errand) = next(&schedule);
            assert!(at >= now);
            now = at;
            if errand == Errand::Inventory {
                inventories.push(now);
            }
            schedule.done(errand, now);
        }
        assert!((3..=4).contains(&inventories.len()), "{}", inventories.len());
    }

    #[test]
    fn failures_are_answered_by_patience_up_to_the_limit() {
        let mut now = Instant::now();
        let mut schedule = schedule(now);
        let mut last = Duration::ZERO;
        for _ in 0..40 {
            let pause = schedule.failed(now);
            assert!(pause >= last && pause <= LIMIT, "{pause:?}");
            assert!(next(&schedule).0 >= now + pause);
            (last, now) = (pause, now + pause);
        }
        assert!(last >= LIMIT.mul_f64(0.75));
        schedule.hurry(now);
        assert!(next(&schedule).0 <= now);
        schedule.done(Errand::Poll, now);
        assert!(schedule.failed(now) <= FIRST_BACKOFF);
    }

    #[test]
    fn what_is_under_way_is_not_due() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.want_inventory(now);
        let (at, errand) = schedule.next(|errand| errand == Errand::Inventory).unwrap();
        assert!(errand == Errand::Poll && at >= now);
        assert_eq!(schedule.next(|_| true), None);
    }

    #[test]
    fn sensors_are_read_as_often_as_they_cost_little() {
        let now = Instant::now();
        let often = Duration::from_secs(60);
        let mut schedule = every(now, Some(often));
        let telemetry = |schedule: &Schedule| schedule.next(|errand| errand != Errand::Telemetry);
        assert_eq!(telemetry(&schedule), None, "they are not found yet");
        schedule.done(Errand::Inventory, now);
        assert!(telemetry(&schedule).is_some_and(|(at, _)| at <= now + often));
        schedule.sensors_took(Duration::from_millis(200), now);
        assert_eq!(telemetry(&schedule), Some((now + often, Errand::Telemetry)));
        schedule.sensors_took(Duration::from_secs(20), now);
        assert_eq!(telemetry(&schedule), Some((now + Duration::from_secs(400), Errand::Telemetry)));
        schedule.sensors_took(Duration::from_secs(200), now);
        assert_eq!(telemetry(&schedule), None, "that would be more than it is worth");
        schedule.done(Errand::Inventory, now);
        assert!(telemetry(&schedule).is_some());
        schedule.no_sensors();
        assert_eq!(telemetry(&schedule), None);
        let mut off = every(now, None);
        off.done(Errand::Inventory, now);
        assert_eq!(telemetry(&off), None, "switched off");
    }
}
