//! How many requests a controller gets at once: as many as it answers sooner together than one by one. Pure.
//!
//! It begins at what was learned of the model, or at one. While all slots are in use, the answers of a window
//! tell how much gets done at that number; one more is tried, and kept if at least a tenth more gets done.
//! A controller that pushes back (429, 503, a broken connection, no answer) gets fewer at once immediately.

use std::time::Duration;
use tokio::time::Instant;

/// The most at once; controllers were measured to gain nothing by more.
pub const MOST: u8 = 4;
/// What one more at once must bring to be kept.
const GAIN: f64 = 1.1;
/// How long the number is left as it is after it was too high; doubles each time.
const FIRST_REST: Duration = Duration::from_secs(120);
/// The longest such time.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// How long nothing but commands is sent after a 429 or 503 without `Retry-After`.
const HOLD: Duration = Duration::from_secs(1);
/// The longest hold that a controller may ask for.
const LONGEST_HOLD: Duration = Duration::from_secs(60);
/// So many push-backs while two or more were under way, and it counts as one that takes only one at a time.
const STRIKES: u8 = 2;

/// How a controller pushed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushback {
    /// 429 or 503, perhaps with `Retry-After`.
    Busy(Option<Duration>),
    /// The connection broke or was refused.
    Broken,
    /// No answer in time.
    Silent,
}

/// The answers at one number of requests at once.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    answers: u32,
    /// Seconds.
    took: f64,
    rated: u32,
    /// Times of what such requests take in the mean.
    slowness: f64,
}

impl Window {
    /// What gets done in a unit of time at `n` at once: rated by the kind of request where most are, or not.
    fn done(&self, n: u8) -> Done {
        let n = f64::from(n);
        let rated = self.rated * 2 > self.answers && self.slowness > 0.0;
        Done {
            rated: rated.then(|| n * f64::from(self.rated) / self.slowness),
            plain: if self.took > 0.0 { n * f64::from(self.answers) / self.took } else { 0.0 },
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Done {
    rated: Option<f64>,
    plain: f64,
}

impl Done {
    fn is_more_than(&self, other: &Self) -> bool {
        match (self.rated, other.rated) {
            (Some(own), Some(other)) => own >= other * GAIN,
            _ => self.plain >= other.plain * GAIN,
        }
    }
}

/// How many at once.
#[derive(Clone, Debug)]
pub struct Pace {
    limit: u8,
    window: Window,
    /// What got done with one fewer at once.
    before: Option<Done>,
    /// Not tried before.
    grow_after: Option<Instant>,
    rest: Duration,
    hold_until: Option<Instant>,
    strikes: u8,
    narrow_until: Option<Instant>,
    proven: bool,
}

impl Pace {
    /// Begins at what was learned of the model; 0 where nothing was.
    #[must_use]
    pub fn new(learned: u8) -> Self {
        Self {
            limit: learned.clamp(1, MOST),
            window: Window::default(),
            before: None,
            grow_after: None,
            rest: FIRST_REST,
            hold_until: None,
            strikes: 0,
            narrow_until: None,
            proven: false,
        }
    }

    /// How many at once.
    #[must_use]
    pub const fn limit(&self) -> u8 {
        self.limit
    }

    /// The number that was found best by measurement; 0 where none was yet.
    #[must_use]
    pub const fn found(&self) -> u8 {
        if self.proven { self.limit } else { 0 }
    }

    /// Whether a command may go beside what is under way: not on a controller that fails with more than one.
    #[must_use]
    pub fn extra(&self, now: Instant) -> bool {
        self.narrow_until.is_none_or(|until| until <= now)
    }

    /// Until then only commands are sent, where the controller asked for a pause.
    #[must_use]
    pub fn held_until(&self, now: Instant) -> Option<Instant> {
        self.hold_until.filter(|until| *until > now)
    }

    /// An answer came after `took`, with `together` requests under way when it was sent. `usual` is what
    /// such a request takes in the mean, where that is known.
    pub fn answered(&mut self, took: Duration, usual: Option<Duration>, together: usize, now: Instant) {
        if together != usize::from(self.limit) {
            return;
        }
        self.window.answers += 1;
        self.window.took += took.as_secs_f64();
        if let Some(usual) = usual.filter(|usual| !usual.is_zero()) {
            self.window.rated += 1;
            self.window.slowness += took.as_secs_f64() / usual.as_secs_f64();
        }
        if self.window.answers >= 3 * u32::from(self.limit) {
            self.close_window(now);
        }
    }

    fn close_window(&mut self, now: Instant) {
        let done = std::mem::take(&mut self.window).done(self.limit);
        if let Some(before) = &self.before
            && !done.is_more_than(before)
        {
            // One fewer did as much.
            self.limit = (self.limit - 1).max(1);
            self.before = None;
            self.proven = true;
            self.put_off(now);
            return;
        }
        self.proven |= self.before.is_some();
        if self.limit < MOST && self.grow_after.is_none_or(|at| at <= now) {
            self.before = Some(done);
            self.limit += 1;
        } else {
            self.before = None;
        }
    }

    fn put_off(&mut self, now: Instant) {
        self.grow_after = Some(now + self.rest);
        self.rest = self.rest.saturating_mul(2).min(LONGEST_REST);
    }

    /// The controller pushed back on a request that was sent with `together` under way.
    pub fn pushed_back(&mut self, how: Pushback, together: usize, now: Instant) {
        self.window = Window::default();
        self.before = None;
        // What a sick controller bears is nothing to learn from.
        self.proven = false;
        self.limit = match how {
            Pushback::Busy(_) => 1,
            Pushback::Broken => (self.limit / 2).max(1),
            // One slow path says little of the others.
            Pushback::Silent => (self.limit - 1).max(1),
        };
        if self.grow_after.is_none_or(|at| at <= now) {
            self.put_off(now);
        }
        if let Pushback::Busy(after) = how {
            let hold = after.unwrap_or(HOLD).min(LONGEST_HOLD);
            self.hold_until = self.hold_until.max(Some(now + hold));
        }
        if together > 1 && !matches!(how, Pushback::Silent) {
            self.strikes = self.strikes.saturating_add(1);
            if self.strikes >= STRIKES {
                self.strikes = 0;
                self.narrow_until = Some(now + self.rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A controller with so many processors, that needs so long for each request.
    fn run(pace: &mut Pace, processors: usize, answers: u32, now: &mut Instant) -> u8 {
        for _ in 0..answers {
            let together = usize::from(pace.limit());
            let load = together.max(processors) as f64 / processors as f64;
            let took = Duration::from_millis(200).mul_f64(load);
            *now += took / u32::from(pace.limit());
            pace.answered(took, None, together, *now);
        }
        pace.limit()
    }

    #[tokio::test]
    async fn it_grows_as_long_as_more_gets_done() {
        for (processors, at_once) in [(1, 1), (2, 2), (3, 3), (4, 4), (8, 4)] {
            let (mut pace, mut now) = (Pace::new(0), Instant::now());
            assert_eq!(pace.limit(), 1);
            assert_eq!(run(&mut pace, processors, 60, &mut now), at_once, "{processors} processors");
            assert_eq!(pace.found(), at_once);
        }
    }

    #[tokio::test]
    async fn requests_of_other_kinds_are_rated_by_their_kind() {
        let (mut pace, now) = (Pace::new(0), Instant::now());
        // Three quick ones, then slow ones at two at once: each takes no longer than it does in the mean.
        for _ in 0..3 {
            pace.answered(Duration::from_millis(50), Some(Duration::from_millis(50)), 1, now);
        }
        for _ in 0..6 {
            pace.answered(Duration::from_millis(900), Some(Duration::from_millis(900)), 2, now);
        }
        assert_eq!(pace.limit(), 3);
    }

    #[tokio::test]
    async fn slots_that_were_not_in_use_prove_nothing() {
        let (mut pace, now) = (Pace::new(2), Instant::now());
        for _ in 0..100 {
            pace.answered(Duration::from_millis(10), None, 1, now);
        }
        assert_eq!((pace.limit(), pace.found()), (2, 0));
    }

    #[tokio::test]
    async fn it_shrinks_at_once_and_rests() {
        let (mut pace, mut now) = (Pace::new(4), Instant::now());
        pace.pushed_back(Pushback::Silent, 4, now);
        assert_eq!(pace.limit(), 3);
        pace.pushed_back(Pushback::Busy(Some(Duration::from_secs(7))), 3, now);
        assert_eq!(pace.limit(), 1);
        assert_eq!(pace.held_until(now), Some(now + Duration::from_secs(7)));
        assert!(pace.extra(now));
        assert_eq!(run(&mut pace, 4, 60, &mut now), 1, "it rests");
        now += FIRST_REST;
        assert_eq!(run(&mut pace, 4, 60, &mut now), 4);
        pace.pushed_back(Pushback::Busy(Some(Duration::from_secs(86_400))), 1, now);
        assert_eq!(pace.held_until(now), Some(now + LONGEST_HOLD), "no controller rests for a day");
    }

    #[tokio::test]
    async fn one_that_fails_with_several_gets_one_at_a_time() {
        let (mut pace, now) = (Pace::new(2), Instant::now());
        pace.pushed_back(Pushback::Broken, 1, now);
        pace.pushed_back(Pushback::Silent, 2, now);
        pace.pushed_back(Pushback::Broken, 2, now);
        assert!(pace.extra(now), "once may be chance");
        pace.pushed_back(Pushback::Broken, 2, now);
        assert!(!pace.extra(now));
        assert!(pace.extra(now + LONGEST_REST), "firmware gets better");
    }
}
