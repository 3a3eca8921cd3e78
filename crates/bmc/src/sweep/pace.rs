//! When the next address may be asked, and how many may wait at the same time; functions of time alone. Pure.

use std::time::Duration;

/// Lets `rate` through a second: the nth passes n / rate seconds after the start (the generic cell rate algorithm,
/// ITU-T I.371). What was held up is made up for, but never by more than a tenth of a second's worth at once.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    interval: Duration,
    tolerance: Duration,
    due: Duration,
}

impl Pace {
    /// A pace of `rate` a second; at least one.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let rate = rate.max(1);
        let interval = Duration::from_secs(1) / rate;
        Self { interval, tolerance: interval * (rate / 10), due: Duration::ZERO }
    }

    /// Whether one more may pass `elapsed` after the start.
    ///
    /// # Errors
    /// The pause until the next may pass.
    pub fn take(&mut self, elapsed: Duration) -> Result<(), Duration> {
        if elapsed < self.due {
            return Err(self.due - elapsed);
        }
        self.due = self.due.max(elapsed.saturating_sub(self.tolerance)) + self.interval;
        Ok(())
    }
}

/// The fewest that are waited for at the same time, however short the appliance is.
const FEWEST: usize = 4;
/// After a shortage nothing new is begun for so long.
const REST: Duration = Duration::from_millis(50);
/// A shortage during which nothing at all succeeded for so long does not end by itself.
const HOPELESS: Duration = Duration::from_secs(30);

/// How many addresses may be waited for at the same time: fewer when the appliance runs short of files, ports or
/// buffers, and more again when all goes well (additive increase, multiplicative decrease).
#[derive(Clone, Copy, Debug)]
pub struct Room {
    now: usize,
    well: usize,
    rest_until: Duration,
    short_since: Option<Duration>,
}

impl Room {
    /// Begins with room for `most`.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { now: most, well: 0, rest_until: Duration::ZERO, short_since: None }
    }

    /// How many may wait, of at most `most`.
    #[must_use]
    pub fn of(&self, most: usize) -> usize {
        self.now.min(most).max(1)
    }

    /// How long nothing new may be begun.
    #[must_use]
    pub const fn rest(&self, elapsed: Duration) -> Option<Duration> {
        match self.rest_until.checked_sub(elapsed) {
            None | Some(Duration::ZERO) => None,
            rest => rest,
        }
    }

    /// One was asked as it should be. `most` is what the site allows.
    pub fn well(&mut self, most: usize) {
        self.short_since = None;
        self.well += 1;
        if self.now < most && self.well >= self.now {
            self.now = (self.now + (self.now / 8).max(1)).min(most);
            self.well = 0;
        }
    }

    /// The appliance ran short while `waiting` were waited for. A burst of failures counts once.
    pub fn short(&mut self, waiting: usize, elapsed: Duration) {
        self.short_since.get_or_insert(elapsed);
        self.well = 0;
        if self.rest(elapsed).is_none() {
            self.now = (waiting.min(self.now) / 2).max(FEWEST);
            self.rest_until = elapsed + REST;
        }
    }

    /// Whether nothing has succeeded for so long that the sweep had better be broken off.
    #[must_use]
    pub fn is_hopeless(&self, elapsed: Duration) -> bool {
        self.short_since.is_some_and(|since| elapsed.saturating_sub(since) > HOPELESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn in_no_second_does_more_than_the_rate_and_one_burst_pass(rate in 1_u32..3000, pauses in prop::collection::vec(0_u64..700, 1..40)) {
            let mut pace = Pace::new(rate);
            let mut now = Duration::ZERO;
            let mut passed: Vec<Duration> = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                for _ in 0..50 {
                    match pace.take(now) {
                        Ok(()) => passed.push(now),
                        Err(wait) => now += wait,
                    }
                }
            }
            let most = u64::from(rate) + u64::from(rate / 10) + 1;
            for (i, from) in passed.iter().enumerate() {
                let within = passed[i..].iter().take_while(|at| **at < *from + Duration::from_secs(1)).count();
                prop_assert!(within as u64 <= most, "{} passed in a second at rate {}", within, rate);
            }
        }

        #[test]
        fn the_pace_is_kept_however_coarse_the_clock_is(rate in 10_u32..10_000, coarse in 1_u64..90) {
            let mut pace = Pace::new(rate);
            let mut passed = 0_u32;
            for tick in 0.. {
                let now = Duration::from_millis(tick * coarse);
                if now >= Duration::from_secs(10) {
                    break;
                }
                while pace.take(now).is_ok() {
                    passed += 1;
                }
            }
            let error = f64::from(passed) / f64::from(rate) / 10.0 - 1.0;
            prop_assert!(error.abs() < 0.02, "{} % off", error * 100.0);
        }

        #[test]
        fn room_stays_between_its_bounds(most in 1_usize..5000, steps in prop::collection::vec(any::<bool>(), 1..500)) {
            let mut room = Room::new(most);
            for (at, well) in steps.into_iter().enumerate() {
                let now = Duration::from_millis(at as u64 * 20);
                if well { room.well(most) } else { room.short(room.of(most), now) }
                prop_assert!((1..=most).contains(&room.of(most)));
            }
        }
    }

    #[test]
    fn the_pace_is_kept_exactly_when_nothing_holds_it_up() {
        let mut pace = Pace::new(100);
        let mut now = Duration::ZERO;
        for _ in 0..1000 {
            while let Err(wait) = pace.take(now) {
                now += wait;
            }
        }
        assert_eq!(now, Duration::from_millis(9990), "the first at once, then one each 10 ms");
    }

    #[test]
    fn room_is_halved_by_a_shortage_and_comes_back() {
        let (mut room, ms) = (Room::new(2000), Duration::from_millis);
        room.short(1000, ms(100));
        // The same moment's failures are one shortage.
        room.short(999, ms(101));
        assert_eq!((room.of(2000), room.rest(ms(100))), (500, Some(ms(50))));
        assert_eq!(room.rest(ms(150)), None);
        assert!(!room.is_hopeless(ms(30_000)) && room.is_hopeless(ms(31_000)));
        for _ in 0..20_000 {
            room.well(2000);
        }
        assert_eq!(room.of(2000), 2000);
        assert!(!room.is_hopeless(ms(99_000)));
    }
}
