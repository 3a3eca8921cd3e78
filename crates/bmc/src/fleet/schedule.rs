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
}

/// The readings of one device to come.
#[derive(Clone, Debug)]
pub struct Schedule {
    poll: Duration,
    inventory: Duration,
    limit: Duration,
    phase: f64,
    next_poll: Instant,
    next_inventory: Instant,
    not_before: Option<Instant>,
    failures: u32,
}

impl Schedule {
    /// The first poll comes at the device's own place in `spread`, so that a fleet started at once does
    /// not ask at once; and so does its first full reading in the interval.
    #[must_use]
    pub fn new(
        id: &DeviceId,
        poll: Duration,
        inventory: Duration,
        limit: Duration,
        spread: Duration,
        now: Instant,
    ) -> Self {
        let phase = phase(id);
        Self {
            poll,
            inventory,
            limit,
            phase,
            next_poll: now + spread.mul_f64(phase),
            next_inventory: now + inventory.mul_f64(phase),
            not_before: None,
            failures: 0,
        }
    }

    /// When something is due next, and what.
    #[must_use]
    pub fn next(&self) -> (Instant, Errand) {
        let held = |at: Instant| self.not_before.map_or(at, |hold| at.max(hold));
        if held(self.next_inventory) <= held(self.next_poll) {
            (held(self.next_inventory), Errand::Inventory)
        } else {
            (held(self.next_poll), Errand::Poll)
        }
    }

    /// A poll is due then, whatever failed before.
    pub fn hurry(&mut self, at: Instant) {
        self.next_poll = at;
        self.not_before = None;
    }

    /// A full reading is wanted as soon as possible.
    pub fn want_inventory(&mut self, now: Instant) {
        self.next_inventory = now;
    }

    /// It was read. A full reading tells the state too.
    pub fn done(&mut self, errand: Errand, now: Instant) {
        self.failures = 0;
        self.not_before = None;
        self.next_poll = now + self.poll;
        if errand == Errand::Inventory {
            // A tenth to and fro, so that devices taken over together do not stay together.
            self.next_inventory = now + self.inventory.mul_f64(0.9 + self.phase / 5.0);
        }
    }

    /// It could not be read: the pause doubles with each failure, spread by up to half of it.
    pub fn failed(&mut self, now: Instant) -> Duration {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(10));
        let pause = doubled.min(self.limit).mul_f64(0.75 + self.phase / 4.0);
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
        Schedule::new(&DeviceId("d1".into()), POLL, INVENTORY, LIMIT, POLL, now)
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
        assert_eq!(schedule.next(), (now, Errand::Inventory));
        schedule.done(Errand::Inventory, now);
        assert_eq!(schedule.next(), (now + POLL, Errand::Poll));
        schedule.want_inventory(now);
        assert_eq!(schedule.next(), (now, Errand::Inventory));
    }

    #[test]
    fn inventories_come_between_polls() {
        let mut now = Instant::now();
        let start = now;
        let mut schedule = schedule(now);
        let mut inventories = Vec::new();
        while now < start + 3 * INVENTORY {
            let (at, errand) = schedule.next();
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
            assert!(schedule.next().0 >= now + pause);
            (last, now) = (pause, now + pause);
        }
        assert!(last >= LIMIT.mul_f64(0.75));
        schedule.hurry(now);
        assert!(schedule.next().0 <= now);
        schedule.done(Errand::Poll, now);
        assert!(schedule.failed(now) <= FIRST_BACKOFF);
    }
}
