//! A server's power: what is asked for, what that leads to, and how long it takes. Pure.

use crate::flavour::{Already, PowerRow};
use jiff::{SignedDuration, Timestamp};
use model::device::Reset;

/// A server's power at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    phase: Phase,
    /// Since when it is in this phase.
    since: Timestamp,
    /// When it was last switched on or reset.
    last_reset: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Off,
    On,
    Starting { until: Timestamp },
    Stopping { until: Timestamp, then_on: bool },
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This maker has no such reset type.
    NotOffered,
    /// The server is in that state already, or in one that does not allow it; with the HTTP status.
    WrongState(u16),
}

/// How long things take at one maker, scaled.
#[derive(Clone, Copy, Debug)]
pub struct Timing<'a> {
    /// The maker's row.
    pub row: &'a PowerRow,
    /// How much slower than real.
    pub scale: f64,
}

impl Timing<'_> {
    fn after(&self, now: Timestamp, seconds: u32) -> Timestamp {
        later(now, seconds, self.scale)
    }
}

/// The moment `seconds`, scaled, after `now`.
#[must_use]
pub fn later(now: Timestamp, seconds: u32, scale: f64) -> Timestamp {
    let wait = SignedDuration::from_secs_f64((f64::from(seconds) * scale).clamp(0.0, 1e6));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

impl Power {
    /// A server that has been on, or off, for an hour.
    #[must_use]
    pub fn steady(on: bool, now: Timestamp) -> Self {
        let hour_ago = now.checked_sub(SignedDuration::from_hours(1)).unwrap_or(now);
        Self { phase: if on { Phase::On } else { Phase::Off }, since: hour_ago, last_reset: hour_ago }
    }

    /// Makes it on or off at once.
    pub fn force(&mut self, on: bool, now: Timestamp) {
        self.enter(if on { Phase::On } else { Phase::Off }, now);
    }

    /// Carries out what has become due.
    pub fn advance(&mut self, now: Timestamp, timing: Timing<'_>) {
        while let Some(due) = self.next_deadline().filter(|due| *due <= now) {
            match self.phase {
                Phase::Starting { .. } => self.enter(Phase::On, due),
                Phase::Stopping { then_on: true, .. } => {
                    self.enter(Phase::Starting { until: timing.after(due, timing.row.on_seconds) }, due);
                }
                Phase::Stopping { .. } => self.enter(Phase::Off, due),
                Phase::On | Phase::Off => return,
            }
        }
    }

    /// When something becomes due.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Starting { until } | Phase::Stopping { until, .. } => Some(until),
            Phase::On | Phase::Off => None,
        }
    }

    /// Takes a request for a reset.
    ///
    /// # Errors
    /// If the maker does not offer it, or not in this state.
    pub fn request(&mut self, reset: Reset, now: Timestamp, timing: Timing<'_>) -> Result<(), Refusal> {
        if !timing.row.resets.contains(&reset) {
            return Err(Refusal::NotOffered);
        }
        self.advance(now, timing);
        let on = !matches!(self.phase, Phase::Off);
        match reset {
            Reset::On | Reset::ForceOn if on => return Self::already(timing.row),
            Reset::On | Reset::ForceOn => self.start(now, timing),
            Reset::PushPowerButton if !on => self.start(now, timing),
            Reset::ForceOff | Reset::GracefulShutdown if !on => return Self::already(timing.row),
            Reset::ForceOff => self.stop(now, timing.row.off_seconds, false, timing),
            Reset::GracefulShutdown | Reset::PushPowerButton => {
                self.stop(now, timing.row.graceful_seconds, false, timing);
            }
            Reset::PowerCycle if !on => self.start(now, timing),
            Reset::PowerCycle => self.stop(now, timing.row.off_seconds, true, timing),
            _ if !on => return Err(Refusal::WrongState(409)),
            Reset::GracefulRestart => self.stop(now, timing.row.graceful_seconds, true, timing),
            Reset::ForceRestart if timing.row.restart_through_off => {
                self.stop(now, timing.row.off_seconds, true, timing);
            }
            Reset::ForceRestart => self.enter(Phase::On, now),
            // A non-maskable interrupt changes nothing that is seen from here.
            _ => {}
        }
        Ok(())
    }

    const fn already(row: &PowerRow) -> Result<(), Refusal> {
        match row.already {
            Already::Fine => Ok(()),
            Already::Refused(status) => Err(Refusal::WrongState(status)),
        }
    }

    fn start(&mut self, now: Timestamp, timing: Timing<'_>) {
        self.last_reset = now;
        self.enter(Phase::Starting { until: timing.after(now, timing.row.on_seconds) }, now);
    }

    fn stop(&mut self, now: Timestamp, seconds: u32, then_on: bool, timing: Timing<'_>) {
        self.enter(Phase::Stopping { until: timing.after(now, seconds), then_on }, now);
    }

    fn enter(&mut self, phase: Phase, now: Timestamp) {
        if matches!(phase, Phase::On | Phase::Starting { .. }) {
            self.last_reset = now;
        }
        self.phase = phase;
        self.since = now;
    }

    /// `PowerState` as the maker tells it (DSP2046, Resource `PowerState`).
    #[must_use]
    pub const fn word(&self, row: &PowerRow) -> &'static str {
        match (self.phase, row.shows_change) {
            (Phase::Off, _) | (Phase::Starting { .. }, false) => "Off",
            (Phase::On, _) | (Phase::Stopping { .. }, false) => "On",
            (Phase::Starting { .. }, true) => "PoweringOn",
            (Phase::Stopping { .. }, true) => "PoweringOff",
        }
    }

    /// Whether current flows.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !matches!(self.phase, Phase::Off)
    }

    /// Whether it is fully on.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self.phase, Phase::On | Phase::Stopping { .. })
    }

    /// When it was last switched on or reset.
    #[must_use]
    pub const fn last_reset(&self) -> Timestamp {
        self.last_reset
    }

    /// Seconds that it has been with or without current.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> f64 {
        let since = if self.is_on() { self.last_reset.min(self.since) } else { self.since };
        now.duration_since(since).as_secs_f64().max(0.0)
    }

    /// How far it has come up (DSP2046, ComputerSystem `BootProgress.LastState`).
    #[must_use]
    pub fn boot_state(&self, now: Timestamp, timing: Timing<'_>) -> &'static str {
        let up = now.duration_since(self.last_reset).as_secs_f64();
        let boot = f64::from(timing.row.boot_seconds) * timing.scale;
        match self.phase {
            Phase::Off => "None",
            Phase::Starting { .. } => "PrimaryProcessorInitializationStarted",
            _ if up < boot * 0.4 => "MemoryInitializationStarted",
            _ if up < boot * 0.7 => "SystemHardwareInitializationComplete",
            _ if up < boot => "OSBootStarted",
            _ => "OSRunning",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flavour::Kind;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn timing(kind: Kind) -> Timing<'static> {
        Timing { row: &kind.row().power, scale: 1.0 }
    }

    #[test]
    fn every_advertised_reset_ends_where_it_should() {
        for kind in Kind::ALL {
            let timing = timing(*kind);
            for reset in timing.row.resets {
                let mut power = Power::steady(true, at(0));
                let asked = power.request(*reset, at(0), timing);
                power.advance(at(3600), timing);
                let off = matches!(reset, Reset::ForceOff | Reset::GracefulShutdown | Reset::PushPowerButton);
                assert_eq!(
                    power.word(timing.row),
                    if off { "Off" } else { "On" },
                    "{kind} {reset}: {asked:?}"
                );
                assert_eq!(power.next_deadline(), None);
            }
        }
    }

    #[test]
    fn forced_off_is_quicker_than_graceful() {
        for kind in Kind::ALL {
            let timing = timing(*kind);
            let took = |reset| {
                let mut power = Power::steady(true, at(0));
                power.request(reset, at(0), timing).unwrap();
                power.next_deadline().unwrap()
            };
            assert!(took(Reset::ForceOff) < took(Reset::GracefulShutdown));
        }
    }

    #[test]
    fn a_cycle_is_seen_as_off_in_between() {
        let timing = timing(Kind::Openbmc);
        let mut power = Power::steady(true, at(0));
        power.request(Reset::PowerCycle, at(0), timing).unwrap();
        let mut seen = vec![power.word(timing.row)];
        while let Some(due) = power.next_deadline() {
            power.advance(due, timing);
            seen.push(power.word(timing.row));
        }
        assert_eq!(seen, ["PoweringOff", "PoweringOn", "On"]);
    }

    #[test]
    fn what_is_not_offered_is_refused() {
        let mut power = Power::steady(true, at(0));
        assert_eq!(power.request(Reset::PowerCycle, at(0), timing(Kind::Hpe)), Err(Refusal::NotOffered));
        assert_eq!(power.request(Reset::Suspend, at(0), timing(Kind::Dell)), Err(Refusal::NotOffered));
    }
}
