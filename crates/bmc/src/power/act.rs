//! One act of switching as a state machine: told what was answered and seen, it says what to do next. Pure.
//!
//! Time is the time since the act began. A request is sent again only if the controller said that it
//! did not carry it out; after a connection that broke with a request under way, only the state is read.

use super::{Goal, Step, deadline, is_graceful};
use crate::config::Config;
use model::device::Power;
use model::failure::Kind;
use std::time::Duration;

/// The first pause between two readings; it grows by half each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two readings.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The pause before a request is sent again where the controller names none.
const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The controller took it.
    Accepted,
    /// The controller says that it did not carry it out, for now (503, 429, 409 with `Retry-After`).
    NotNow {
        /// When it may be sent again, where the controller says so.
        after: Option<Duration>,
        /// What it answered.
        answer: String,
    },
    /// The controller will not carry it out.
    Refused {
        /// What kind of failure that is.
        kind: Kind,
        /// What it answered.
        answer: String,
    },
    /// The exchange broke off: whether the controller took it is not known.
    Lost(String),
}

/// What the shell tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// What became of the request.
    Sent(Sent),
    /// The server's power and boot indication were read.
    Read {
        /// Its power.
        power: Power,
        /// What changes when it boots, where the controller says.
        boot: Option<String>,
    },
    /// They could not be read.
    NoReading(String),
    /// The task that the controller made of the request has failed.
    TaskFailed(String),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the step's request after this pause.
    Send {
        /// The step.
        step: Step,
        /// The pause.
        after: Duration,
    },
    /// Read the state after this pause.
    Read {
        /// The pause.
        after: Duration,
    },
    /// It ended as it should.
    Done {
        /// The server's power.
        power: Power,
        /// What was seen, for people.
        say: &'static str,
    },
    /// It ended otherwise.
    Failed {
        /// What kind of failure it is.
        kind: Kind,
        /// What was wrong.
        cause: String,
    },
}

/// One act.
#[derive(Clone, Debug)]
pub struct Act {
    steps: &'static [Step],
    index: usize,
    deadline: Duration,
    watch: Duration,
    graceful_watch: Duration,
    last: Power,
    boot_before: Option<String>,
    boot_told: bool,
    sent_at: Duration,
    reads: u32,
    left: bool,
    lost: Option<String>,
    silent: Option<String>,
}

impl Act {
    /// An act that walks `steps` on a server that was last read as `power` with `boot`.
    #[must_use]
    pub fn new(steps: &'static [Step], power: Power, boot: Option<String>, config: &Config) -> Self {
        Self {
            steps,
            index: 0,
            deadline: deadline(steps, config),
            watch: Duration::from_secs(config.power_restart_watch),
            graceful_watch: Duration::from_secs(config.power_graceful_deadline),
            last: power,
            boot_told: boot.is_some(),
            boot_before: boot,
            sent_at: Duration::ZERO,
            reads: 0,
            left: false,
            lost: None,
            silent: None,
        }
    }

    /// When the act must have ended, since its beginning.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The last power that the controller named.
    #[must_use]
    pub const fn last(&self) -> Power {
        self.last
    }

    /// Whether what is waited for now depends on the server's operating system, so that a forced
    /// switch may take its place.
    #[must_use]
    pub fn is_graceful(&self) -> bool {
        self.step().is_some_and(|step| is_graceful(step.send))
    }

    /// What to do first.
    #[must_use]
    pub fn start(&self) -> Next {
        self.step().map_or_else(
            || self.done("nothing had to be sent"),
            |step| Next::Send { step, after: Duration::ZERO },
        )
    }

    /// What to do after `input`, at `now` since the act began.
    #[must_use]
    pub fn handle(&mut self, input: Input, now: Duration) -> Next {
        match input {
            Input::Sent(sent) => self.sent(sent, now),
            Input::Read { power, boot } => self.read(power, boot, now),
            Input::NoReading(cause) => {
                // A controller that cuts its own power is silent until it is back.
                self.left |= self.goal() == Goal::Answers;
                self.silent = Some(cause);
                self.wait(now)
            }
            Input::TaskFailed(answer) => Next::Failed {
                kind: Kind::BadAnswer,
                cause: format!("its task ended badly: {answer}{}", self.seen()),
            },
        }
    }

    fn sent(&mut self, sent: Sent, now: Duration) -> Next {
        self.sent_at = now;
        match sent {
            Sent::Accepted => self.wait(now),
            Sent::Lost(cause) => {
                self.lost = Some(cause);
                self.wait(now)
            }
            Sent::Refused { kind, answer } => Next::Failed { kind, cause: answer },
            Sent::NotNow { after, answer } => {
                let after = after.unwrap_or(RETRY_PAUSE);
                match self.step() {
                    Some(step) if now.saturating_add(after) < self.deadline => Next::Send { step, after },
                    _ => Next::Failed {
                        kind: Kind::Busy,
                        cause: format!(
                            "{answer}; it did not take the request before the deadline of {} s",
                            self.deadline.as_secs()
                        ),
                    },
                }
            }
        }
    }

    fn read(&mut self, power: Power, boot: Option<String>, now: Duration) -> Next {
        self.silent = None;
        if power != Power::Unknown {
            self.last = power;
        }
        self.boot_told |= boot.is_some();
        let watched = now.saturating_sub(self.sent_at);
        let stable = matches!(power, Power::On | Power::Off | Power::Paused);
        match self.goal() {
            Goal::Is(wanted) if power == wanted => self.reached("it is so", now),
            Goal::Leaves(from) if stable && power != from => self.reached("it is so", now),
            Goal::Restarted => self.restarted(power, boot, watched, now),
            Goal::Answers if self.left && power != Power::Unknown => {
                self.reached("the controller is back", now)
            }
            Goal::Answers if self.lost.is_none() && watched >= self.watch && power != Power::Unknown => {
                self.reached("the controller took it; it was not seen to go away", now)
            }
            Goal::Accepted if self.lost.is_none() => self.reached("the controller took it", now),
            _ => self.wait(now),
        }
    }

    fn restarted(&mut self, power: Power, boot: Option<String>, watched: Duration, now: Duration) -> Next {
        self.left |= !matches!(power, Power::On | Power::Unknown);
        let booted = self.boot_before.is_some() && boot.is_some() && boot != self.boot_before;
        let limit = if self.is_graceful() && self.boot_told { self.graceful_watch } else { self.watch };
        if power == Power::On && (self.left || booted) {
            return self.reached("it was seen to restart", now);
        }
        if power == Power::On && self.lost.is_none() && (watched >= limit || now >= self.deadline) {
            return self.reached("the controller took it; the server was not seen to leave on", now);
        }
        self.wait(now)
    }

    fn reached(&mut self, say: &'static str, now: Duration) -> Next {
        self.index += 1;
        self.reads = 0;
        self.left = false;
        self.lost = None;
        match self.step() {
            Some(_) if now >= self.deadline => self.timed_out(),
            Some(step) => Next::Send { step, after: Duration::ZERO },
            None => self.done(say),
        }
    }

    fn wait(&mut self, now: Duration) -> Next {
        if now >= self.deadline {
            return self.timed_out();
        }
        let grown = (0..self.reads.min(10)).fold(FIRST_PAUSE, |pause, _| pause * 3 / 2);
        self.reads += 1;
        Next::Read { after: grown.min(LONGEST_PAUSE).min(self.deadline - now) }
    }

    fn timed_out(&self) -> Next {
        let awaited = match self.goal() {
            Goal::Is(wanted) => format!("it is not {wanted}"),
            Goal::Leaves(from) => format!("it did not leave {from}"),
            Goal::Restarted => "it was not seen to restart".into(),
            Goal::Answers => "the controller did not come back".into(),
            Goal::Accepted => "it is not known whether the controller took it".into(),
        };
        let cause = format!("{awaited} after {} s{}", self.deadline.as_secs(), self.seen());
        Next::Failed { kind: Kind::TimedOut, cause }
    }

    /// What is known of the server when the act fails.
    fn seen(&self) -> String {
        let lost = self.lost.as_ref().map(|cause| {
            format!("; the exchange broke off ({cause}), so whether the controller took the request is not known, and it was not sent again")
        });
        let silent = self.silent.as_ref().map(|cause| format!("; the controller does not answer: {cause}"));
        format!("; last seen {}{}{}", self.last, lost.unwrap_or_default(), silent.unwrap_or_default())
    }

    const fn done(&self, say: &'static str) -> Next {
        Next::Done { power: self.last, say }
    }

    fn step(&self) -> Option<Step> {
        self.steps.get(self.index).copied()
    }

    fn goal(&self) -> Goal {
        self.step().map_or(Goal::Accepted, |step| step.goal)
    }

    /// What is waited for, for whoever watches.
    #[must_use]
    pub fn waiting_for(&self) -> String {
        match self.goal() {
            Goal::Is(wanted) => format!("waiting for {wanted}; it is {}", self.last),
            Goal::Leaves(from) => format!("waiting for it to leave {from}; it is {}", self.last),
            Goal::Restarted => format!("watching it restart; it is {}", self.last),
            Goal::Answers => "waiting for the controller to come back".into(),
            Goal::Accepted => "reading its state".into(),
        }
    }
}
