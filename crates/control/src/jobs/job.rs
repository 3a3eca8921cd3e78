//! A job as it is kept: what is done, by whom, how fast, and what became of each device. Pure.

use jiff::Timestamp;
use model::job::{Act, Item, Outcome, Pacing, State};
use model::{Actor, Failure, Kind};
use serde::{Deserialize, Serialize};

/// What is written down of a job beside its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What it does, for people.
    pub title: String,
    /// In whose name its acts are done: who started it, or who resumed it last.
    pub actor: Actor,
    /// What it does; none if it cannot be taken up again because that is not kept.
    pub act: Option<Act>,
    /// How fast.
    pub pacing: Pacing,
    /// Where it is.
    pub state: State,
    /// When it was started.
    pub began_at: Timestamp,
    /// When it ended or was stopped.
    pub ended_at: Option<Timestamp>,
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What it is.
    pub record: Record,
    /// Its devices, in the order they were named.
    pub items: Vec<Item>,
}

/// A job without its items.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its number.
    pub id: u64,
    /// What it is.
    pub record: Record,
    /// How many devices there are.
    pub total: usize,
    /// How many are done, well or badly.
    pub done: usize,
    /// How many of them failed.
    pub failed: usize,
}

impl Job {
    /// How many acts have ended.
    #[must_use]
    pub fn done(&self) -> usize {
        self.items.iter().filter(|item| item.outcome.has_ended()).count()
    }

    /// How many acts failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.outcome, Outcome::Failed { .. })).count()
    }

    /// Whether all acts have ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.record.state == State::Ended
    }

    /// Whether it could be resumed: it was stopped, something waits, and it is known what.
    #[must_use]
    pub fn can_resume(&self) -> bool {
        matches!(self.record.state, State::Stopped { .. }) && self.record.act.is_some()
    }

    /// Whether an act is under way. After a stop those that were go on to their end.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.items.iter().any(|item| item.outcome == Outcome::Running)
    }

    /// Without its items.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            id: self.id,
            record: self.record.clone(),
            total: self.items.len(),
            done: self.done(),
            failed: self.failed(),
        }
    }

    /// What an earlier life of the appliance left of it: acts that were under way are asked for again only
    /// where that cannot do harm. Comes back with whether it goes on by itself, which a job that takes
    /// servers away from people does not.
    pub(crate) fn take_up(&mut self, now: Timestamp) -> bool {
        if self.record.state == State::Ended {
            return false;
        }
        let repeatable = self.record.act.is_some_and(Act::is_repeatable);
        for item in self.items.iter_mut().filter(|item| item.outcome == Outcome::Running) {
            item.outcome =
                if repeatable { Outcome::Waiting } else { Outcome::Failed { failure: broken_off(item) } };
            item.ended_at = item.outcome.has_ended().then_some(now);
        }
        if self.items.iter().all(|item| item.outcome.has_ended()) {
            self.record.state = State::Ended;
            self.record.ended_at = Some(now);
            return false;
        }
        if self.record.state != State::Running {
            return false;
        }
        let why = match self.record.act {
            None => {
                "the appliance was restarted in the middle of it, and what it was to do is not kept: start it anew"
            }
            Some(act) if act.disrupts() => {
                "the appliance was restarted in the middle of it; look at the servers, then resume it"
            }
            Some(_) => return true,
        };
        self.record.state = State::Stopped { why: why.into() };
        self.record.ended_at = Some(now);
        false
    }
}

fn broken_off(item: &Item) -> Failure {
    let cause = "the appliance was stopped in the middle of it; whether it was done is not known";
    Failure::new(Kind::Unavailable, "act on", format!("device {}", item.device), cause)
        .hint("look at the server's state before you do it again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::DeviceId;
    use model::device::Reset;

    fn job(act: Option<Act>, outcomes: &[Outcome]) -> Job {
        let now = Timestamp::UNIX_EPOCH;
        let items = outcomes.iter().enumerate().map(|(at, outcome)| Item {
            outcome: outcome.clone(),
            ..Item::new(DeviceId(format!("d{at}")), String::new())
        });
        Job {
            id: 1,
            items: items.collect(),
            record: Record {
                title: "a job".into(),
                actor: Actor::system("test"),
                act,
                pacing: Pacing::default(),
                state: State::Running,
                began_at: now,
                ended_at: None,
            },
        }
    }

    const RESET: fn(Reset) -> Option<Act> = |reset| Some(Act::Power { reset });

    #[test]
    fn what_takes_nothing_away_goes_on_by_itself() {
        let mut job = job(RESET(Reset::On), &[Outcome::Done, Outcome::Running, Outcome::Waiting]);
        assert!(job.take_up(Timestamp::UNIX_EPOCH));
        assert_eq!(job.items[1].outcome, Outcome::Waiting);
        assert_eq!(job.record.state, State::Running);
    }

    #[test]
    fn a_power_cycle_under_way_is_not_sent_twice_and_the_rest_waits_for_a_person() {
        let mut job = job(RESET(Reset::PowerCycle), &[Outcome::Running, Outcome::Waiting]);
        assert!(!job.take_up(Timestamp::UNIX_EPOCH));
        assert!(matches!(job.items[0].outcome, Outcome::Failed { .. }));
        assert_eq!(job.items[1].outcome, Outcome::Waiting);
        assert!(job.can_resume());
    }

    #[test]
    fn what_is_not_kept_cannot_be_resumed() {
        let mut job = job(None, &[Outcome::Waiting]);
        assert!(!job.take_up(Timestamp::UNIX_EPOCH));
        assert!(!job.can_resume());
    }

    #[test]
    fn a_job_whose_last_act_was_under_way_has_ended() {
        let mut job = job(RESET(Reset::Nmi), &[Outcome::Done, Outcome::Running]);
        assert!(!job.take_up(Timestamp::UNIX_EPOCH));
        assert!(job.has_ended());
        assert_eq!((job.done(), job.failed()), (2, 1));
    }
}
