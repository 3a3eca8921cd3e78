//! A job: the same act on many devices, a few at a time, so that it can be paced, stopped and taken up again.

use crate::access::Action;
use crate::device::{DeviceId, Reset, Stage};
use crate::failure::Failure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a job does to each of its devices. What is not here (an adoption with a typed password) cannot be
/// taken up again after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = JobAct))]
pub enum Act {
    /// Switch it.
    Power {
        /// How.
        reset: Reset,
    },
    /// Read it in full.
    Refresh,
    /// Put it in service or into maintenance.
    Stage {
        /// Which of the two.
        stage: Stage,
    },
}

impl Act {
    /// Whether doing it a second time, because it is not known whether it was done, changes nothing more.
    #[must_use]
    pub const fn is_repeatable(self) -> bool {
        match self {
            Self::Power { reset } => {
                matches!(reset, Reset::On | Reset::ForceOn | Reset::ForceOff | Reset::GracefulShutdown)
            }
            Self::Refresh | Self::Stage { .. } => true,
        }
    }

    /// What grants must allow for it.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Power { .. } => Action::DevicePower,
            Self::Refresh => Action::DeviceRefresh,
            Self::Stage { .. } => Action::DeviceStage,
        }
    }

    /// What is wrong with it, if anything: by itself, whatever the device.
    #[must_use]
    pub const fn problem(self) -> Option<&'static str> {
        match self {
            Self::Stage { stage: Stage::InService | Stage::Maintenance }
            | Self::Power { .. }
            | Self::Refresh => None,
            Self::Stage { .. } => Some("a job puts devices in service or into maintenance, and no other way"),
        }
    }

    /// Whether it takes something away from whoever uses the server.
    #[must_use]
    pub fn disrupts(self) -> bool {
        matches!(self, Self::Power { reset } if reset.disrupts())
    }
}

/// How fast a job goes, and when it stops by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = JobPacing))]
pub struct Pacing {
    /// At most so many acts at once, 1 to 5,000.
    pub at_once: u16,
    /// The label whose value makes a group, such as `rack` or `feed`; none: all devices are one group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<String>,
    /// At most so many acts at once in one group; 0: as many as in all.
    pub group_at_once: u16,
    /// At least so many milliseconds between two starts in one group: servers that are switched on draw their
    /// inrush current one after the other.
    pub pause_ms: u32,
    /// The job stops when so many of 100 acts that ended have failed; 0: it never stops by itself.
    pub stop_percent: u8,
    /// But not before so many have ended.
    pub stop_after: u16,
}

/// The most acts of one job at once. Readings of a whole fleet begin all together: each waits for its own
/// controller, and what they need together is bounded where they are done.
pub const MOST_AT_ONCE: u16 = 5000;

impl Default for Pacing {
    fn default() -> Self {
        Self { at_once: 16, group_by: None, group_at_once: 0, pause_ms: 0, stop_percent: 25, stop_after: 10 }
    }
}

impl Pacing {
    /// What is usual for an act: what makes servers start goes rack by rack, a quarter of a second apart.
    #[must_use]
    pub fn usual(act: Act) -> Self {
        let starts = matches!(
            act,
            Act::Power { reset: Reset::On | Reset::ForceOn | Reset::PowerCycle | Reset::FullPowerCycle }
        );
        if act == Act::Refresh {
            Self { at_once: 1000, stop_percent: 0, ..Self::default() }
        } else if starts {
            Self { group_by: Some("rack".into()), group_at_once: 4, pause_ms: 250, ..Self::default() }
        } else {
            Self::default()
        }
    }

    /// What is wrong with it, if anything: the field, and why.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        if !(1..=MOST_AT_ONCE).contains(&self.at_once) {
            return Some(("at_once", format!("{} is not 1 to {MOST_AT_ONCE}", self.at_once)));
        }
        if self.stop_percent > 100 {
            return Some(("stop_percent", format!("{} is not 0 to 100", self.stop_percent)));
        }
        if self.pause_ms > 600_000 {
            return Some(("pause_ms", format!("{} is more than ten minutes", self.pause_ms)));
        }
        let named = self.group_by.as_deref().unwrap_or("rack");
        if named.trim().is_empty() || named.len() > 64 {
            return Some(("group_by", "it is not the name of a label".into()));
        }
        None
    }
}

/// Where a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = JobState))]
pub enum State {
    /// It goes on.
    #[default]
    Running,
    /// It was stopped, or stopped by itself; what has not begun is not begun until somebody resumes it.
    Stopped {
        /// Why.
        why: String,
    },
    /// Every act has ended.
    Ended,
}

/// What became of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = JobOutcome))]
pub enum Outcome {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// It is being done.
    Running,
    /// It was done.
    Done,
    /// It was not done, or is not known to be.
    Failed {
        /// Why.
        failure: Failure,
    },
}

impl Outcome {
    /// Whether it ended.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self, Self::Done | Self::Failed { .. })
    }

    /// The word for tables and exports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed { .. } => "failed",
        }
    }
}

/// One device of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = JobItem))]
pub struct Item {
    /// Which.
    pub device: DeviceId,
    /// Its group's name; empty where the job has no groups.
    #[serde(default)]
    pub group: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// When its act began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub began_at: Option<Timestamp>,
    /// When its act ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub ended_at: Option<Timestamp>,
}

impl Item {
    /// One that waits.
    #[must_use]
    pub const fn new(device: DeviceId, group: String) -> Self {
        Self { device, group, outcome: Outcome::Waiting, began_at: None, ended_at: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_restarts_a_server_is_never_repeated() {
        for reset in Reset::ALL {
            let act = Act::Power { reset: *reset };
            let restarts = reset.to_string().contains("restart") || reset.to_string().contains("cycle");
            assert!(!(restarts && act.is_repeatable()), "{reset}");
        }
    }

    #[test]
    fn the_usual_pacing_is_sound() {
        for reset in Reset::ALL {
            assert_eq!(Pacing::usual(Act::Power { reset: *reset }).problem(), None);
        }
        assert_eq!(Pacing::usual(Act::Refresh).problem(), None);
        assert_eq!(Pacing { at_once: 0, ..Pacing::default() }.problem().map(|it| it.0), Some("at_once"));
    }
}
