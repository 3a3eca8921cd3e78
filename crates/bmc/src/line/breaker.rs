//! Leaves a controller alone that fails over and over, and finds out whether it is back. Pure.
//!
//! After [`LOSSES`] losses in a row nothing is sent for a pause; an answer of "not now" counts a quarter of a loss,
//! since some controllers give it for good of a few resources, and each is asked for several times. The pause doubles each
//! time, up to a limit. Then one request tries. What a person asks for goes through at once, and is such a try.

use std::time::Duration;
use tokio::time::Instant;

/// So many losses in a row, and the controller is left alone.
pub const LOSSES: u32 = 5;
/// So much is a whole loss.
const WHOLE: u32 = 4;
/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// What may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    /// Everything.
    All,
    /// One request, to see whether the controller is back.
    Probe,
    /// Only what a person asks for.
    Urgent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open(Instant),
    Probing,
}

/// Whether a controller is asked at all.
#[derive(Clone, Debug)]
pub struct Breaker {
    state: State,
    losses: u32,
    opened: u32,
    limit: Duration,
    phase: f64,
    cause: String,
}

impl Breaker {
    /// Closed. `phase`, from 0 to 1 and another one for each controller, spreads the pauses, so that a rack
    /// that lost its switch is not asked all at once; `limit` is the longest pause.
    #[must_use]
    pub const fn new(limit: Duration, phase: f64) -> Self {
        Self { state: State::Closed, losses: 0, opened: 0, limit, phase, cause: String::new() }
    }

    /// What may be sent now.
    #[must_use]
    pub fn admits(&self, now: Instant) -> Admits {
        match self.state {
            State::Closed => Admits::All,
            State::Open(until) if until <= now => Admits::Probe,
            State::Open(_) | State::Probing => Admits::Urgent,
        }
    }

    /// A request was sent.
    pub const fn sent(&mut self) {
        if matches!(self.state, State::Open(_)) {
            self.state = State::Probing;
        }
    }

    /// The controller answered, be it with a refusal. True if it had been left alone.
    pub fn answered(&mut self) -> bool {
        self.losses = 0;
        self.opened = 0;
        self.cause.clear();
        std::mem::replace(&mut self.state, State::Closed) != State::Closed
    }

    /// No answer came, or (`turned_away`) one that says that it serves nobody at present. True if it is left alone
    /// from now on.
    pub fn lost(&mut self, cause: &str, turned_away: bool, now: Instant) -> bool {
        self.losses = self.losses.saturating_add(if turned_away { 1 } else { WHOLE });
        cause.clone_into(&mut self.cause);
        let opens =
            self.state == State::Probing || self.state == State::Closed && self.losses >= LOSSES * WHOLE;
        if opens {
            let doubled = FIRST_PAUSE.saturating_mul(1 << self.opened.min(10)).min(self.limit);
            // Spread over half of it, each time otherwise.
            let jitter = (self.phase + f64::from(self.opened) * 0.618).fract();
            self.state = State::Open(now + doubled.mul_f64(0.75 + jitter / 4.0));
            self.opened = self.opened.saturating_add(1);
        }
        opens
    }

    /// The request that tried was given up: the next one may try at once.
    pub fn gave_up(&mut self, now: Instant) {
        if self.state == State::Probing {
            self.state = State::Open(now);
        }
    }

    /// Until when it is left alone.
    #[must_use]
    pub const fn open_until(&self) -> Option<Instant> {
        match self.state {
            State::Open(until) => Some(until),
            State::Closed | State::Probing => None,
        }
    }

    /// Whether a request is out to see whether it is back.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        self.state == State::Probing
    }

    /// What was wrong last.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(300);

    fn fail(breaker: &mut Breaker, times: u32, now: Instant) -> bool {
        (0..times).any(|_| breaker.lost("no connection", false, now))
    }

    #[tokio::test]
    async fn it_opens_after_losses_in_a_row_only() {
        let (mut breaker, now) = (Breaker::new(LIMIT, 0.5), Instant::now());
        assert!(!fail(&mut breaker, LOSSES - 1, now));
        assert!(!breaker.answered());
        assert!(!fail(&mut breaker, LOSSES - 1, now));
        assert_eq!(breaker.admits(now), Admits::All);
        assert!(fail(&mut breaker, 1, now));
        assert_eq!(breaker.admits(now), Admits::Urgent);
        assert_eq!(breaker.cause(), "no connection");
        assert!(breaker.answered(), "a person's request got through");
        assert_eq!(breaker.admits(now), Admits::All);
    }

    #[tokio::test]
    async fn resources_that_are_never_ready_do_not_take_the_controller_with_them() {
        let (mut breaker, now) = (Breaker::new(LIMIT, 0.5), Instant::now());
        // Four of them one after the other, each asked for four times.
        assert!(!(0..16).any(|_| breaker.lost("answered 503", true, now)));
        assert!((0..4).any(|_| breaker.lost("answered 503", true, now)), "but all of them do");
    }

    #[tokio::test]
    async fn pauses_double_up_to_the_limit_and_each_ends_in_one_try() {
        let (mut breaker, mut now) = (Breaker::new(LIMIT, 0.3), Instant::now());
        fail(&mut breaker, LOSSES, now);
        let mut last = Duration::ZERO;
        for round in 0..12_u32 {
            let until = breaker.open_until().unwrap();
            let pause = until - now;
            let full = FIRST_PAUSE.saturating_mul(1 << round.min(10)).min(LIMIT);
            assert!(pause >= full.mul_f64(0.75) && pause <= full, "{pause:?} of {full:?}");
            assert!(pause > last || full == LIMIT);
            (last, now) = (pause, until);
            assert_eq!(breaker.admits(now), Admits::Probe);
            breaker.sent();
            assert_eq!(breaker.admits(now), Admits::Urgent, "one at a time");
            assert!(breaker.is_probing());
            assert!(breaker.lost("no answer", true, now));
        }
        breaker.sent();
        breaker.gave_up(now);
        assert_eq!(breaker.admits(now), Admits::Probe);
        breaker.answered();
        fail(&mut breaker, LOSSES, now);
        assert!(breaker.open_until().unwrap() - now <= FIRST_PAUSE, "it begins anew");
    }
}
