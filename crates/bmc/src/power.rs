//! How a server is switched: which requests, in which order, and what counts as done; pure.
//!
//! [`plan`] is a table. [`act::Act`] walks a plan: the shell (`fleet::switch`) sends and reads, tells it
//! what came back, and does what it says next.

pub mod act;
pub mod system;

use crate::config::Config;
use model::device::{Power, Reset};
use model::failure::Kind;
use std::time::Duration;

/// What must be seen before a step counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The controller says that the server is in this state.
    Is(Power),
    /// The controller names a state other than this one.
    Leaves(Power),
    /// The server left `on` and came back, or its boot indication changed; where neither shows while it
    /// is watched, that the controller took the request and says `on`.
    Restarted,
    /// The controller is back and names a state: it lost its own power too.
    Answers,
    /// Nothing can be seen of it: that the controller took the request.
    Accepted,
}

/// One request and what it must lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is asked for.
    pub send: Reset,
    /// What it must lead to.
    pub goal: Goal,
}

/// What will be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: it is so already. Says so.
    Nothing(&'static str),
    /// These steps; where they are not the one that was asked for, why.
    Steps {
        /// In this order.
        steps: &'static [Step],
        /// Why other requests are sent than the one that was asked for.
        instead: Option<&'static str>,
    },
}

/// Why nothing can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What is wrong.
    pub cause: String,
    /// What to do instead.
    pub hint: Option<String>,
}

/// One way to reach what a reset asks for. The first row that fits the reset, the present power and
/// what the controller advertises is taken.
struct Row {
    wanted: Reset,
    when: &'static [Power],
    way: Way,
}

enum Way {
    Nothing(&'static str),
    Refuse { cause: &'static str, hint: &'static str },
    Do(&'static [Step]),
    Instead(&'static str, &'static [Step]),
}

use Power::{Off, On, Paused, PoweringOff, PoweringOn, Unknown};
use Reset::{
    ForceOff, ForceOn, ForceRestart, FullPowerCycle, GracefulRestart, GracefulShutdown, Nmi, Pause,
    PowerCycle, PushPowerButton, Resume, Suspend,
};

const ANY: &[Power] = Power::ALL;
/// Whatever may be running: unknown is never off.
const MAYBE_ON: &[Power] = &[On, PoweringOn, PoweringOff, Paused, Unknown];
const NOT_PAUSED: &[Power] = &[On, PoweringOn, PoweringOff, Unknown];

const fn step(send: Reset, goal: Goal) -> Step {
    Step { send, goal }
}

const fn row(wanted: Reset, when: &'static [Power], way: Way) -> Row {
    Row { wanted, when, way }
}

const fn off_already(wanted: Reset) -> Row {
    let hint = "switch it on instead";
    row(wanted, &[Off], Way::Refuse { cause: "the server is off", hint })
}

/// The table; docs/manual/power.md shows it to people.
const ROWS: &[Row] = &[
    row(Reset::On, &[On], Way::Nothing("it is on already; nothing was sent")),
    row(Reset::On, ANY, Way::Do(&[step(Reset::On, Goal::Is(On))])),
    row(
        Reset::On,
        ANY,
        Way::Instead("on is not offered; force_on, which is, does the same", &[step(ForceOn, Goal::Is(On))]),
    ),
    row(ForceOn, &[On], Way::Nothing("it is on already; nothing was sent")),
    row(ForceOn, ANY, Way::Do(&[step(ForceOn, Goal::Is(On))])),
    row(ForceOff, &[Off], Way::Nothing("it is off already; nothing was sent")),
    row(ForceOff, MAYBE_ON, Way::Do(&[step(ForceOff, Goal::Is(Off))])),
    row(GracefulShutdown, &[Off], Way::Nothing("it is off already; nothing was sent")),
    row(GracefulShutdown, MAYBE_ON, Way::Do(&[step(GracefulShutdown, Goal::Is(Off))])),
    off_already(GracefulRestart),
    row(GracefulRestart, MAYBE_ON, Way::Do(&[step(GracefulRestart, Goal::Restarted)])),
    off_already(ForceRestart),
    row(ForceRestart, MAYBE_ON, Way::Do(&[step(ForceRestart, Goal::Restarted)])),
    off_already(PowerCycle),
    row(PowerCycle, MAYBE_ON, Way::Do(&[step(PowerCycle, Goal::Restarted)])),
    row(
        PowerCycle,
        MAYBE_ON,
        Way::Instead(
            "power_cycle is not offered; force_off, and on once it is seen to be off, do the same",
            &[step(ForceOff, Goal::Is(Off)), step(Reset::On, Goal::Is(On))],
        ),
    ),
    row(
        PowerCycle,
        MAYBE_ON,
        Way::Instead(
            "power_cycle is not offered; force_off, and force_on once it is seen to be off, do the same",
            &[step(ForceOff, Goal::Is(Off)), step(ForceOn, Goal::Is(On))],
        ),
    ),
    off_already(Nmi),
    row(Nmi, MAYBE_ON, Way::Do(&[step(Nmi, Goal::Accepted)])),
    row(PushPowerButton, &[Off], Way::Do(&[step(PushPowerButton, Goal::Leaves(Off))])),
    row(PushPowerButton, &[On], Way::Do(&[step(PushPowerButton, Goal::Leaves(On))])),
    row(PushPowerButton, ANY, Way::Do(&[step(PushPowerButton, Goal::Accepted)])),
    off_already(Suspend),
    row(Suspend, &[Paused], Way::Nothing("it is paused already; nothing was sent")),
    row(Suspend, MAYBE_ON, Way::Do(&[step(Suspend, Goal::Accepted)])),
    off_already(Pause),
    row(Pause, &[Paused], Way::Nothing("it is paused already; nothing was sent")),
    row(Pause, NOT_PAUSED, Way::Do(&[step(Pause, Goal::Is(Paused))])),
    row(Resume, &[On], Way::Nothing("it runs already; nothing was sent")),
    row(Resume, ANY, Way::Do(&[step(Resume, Goal::Is(On))])),
    row(FullPowerCycle, ANY, Way::Do(&[step(FullPowerCycle, Goal::Answers)])),
];

/// What to do so that `wanted` comes true on a server that is `current`, with a controller that
/// advertises `advertised`. A controller that advertises nothing is asked for exactly `wanted`.
///
/// # Errors
/// If the controller does not offer it, or if it makes no sense for a server that is off.
pub fn plan(wanted: Reset, advertised: &[Reset], current: Power) -> Result<Plan, Impossible> {
    let offers = |steps: &[Step]| steps.iter().all(|step| advertised.contains(&step.send));
    for row in ROWS.iter().filter(|row| row.wanted == wanted && row.when.contains(&current)) {
        match row.way {
            Way::Nothing(say) => return Ok(Plan::Nothing(say)),
            Way::Refuse { cause, hint } => {
                return Err(Impossible {
                    kind: Kind::Conflict,
                    cause: cause.into(),
                    hint: Some(hint.into()),
                });
            }
            Way::Do(steps) if advertised.is_empty() || offers(steps) => {
                return Ok(Plan::Steps { steps, instead: None });
            }
            Way::Instead(why, steps) if offers(steps) => {
                return Ok(Plan::Steps { steps, instead: Some(why) });
            }
            Way::Do(_) | Way::Instead(..) => {}
        }
    }
    Err(not_offered(wanted, advertised))
}

fn not_offered(wanted: Reset, advertised: &[Reset]) -> Impossible {
    let offered: Vec<&str> = advertised.iter().map(|reset| reset.word()).collect();
    Impossible {
        kind: Kind::Unsupported,
        cause: format!("the controller does not offer {wanted}"),
        hint: Some(format!("it offers {}", offered.join(", "))),
    }
}

/// Whether the server's operating system has its part in it, which takes longer than what the controller does alone.
#[must_use]
pub const fn is_graceful(reset: Reset) -> bool {
    matches!(reset, GracefulShutdown | GracefulRestart | PushPowerButton | Suspend)
}

/// How long the steps may take together.
#[must_use]
pub fn deadline(steps: &[Step], config: &Config) -> Duration {
    let seconds = steps.iter().map(|step| {
        let graceful = is_graceful(step.send) || matches!(step.goal, Goal::Answers);
        if graceful { config.power_graceful_deadline } else { config.power_forced_deadline }
    });
    Duration::from_secs(seconds.fold(0, u64::saturating_add))
}

/// What an act is called in errors and progress.
#[must_use]
pub fn operation(reset: Reset) -> String {
    match reset {
        Nmi => "send NMI to".into(),
        other => other.word().replace('_', " "),
    }
}

#[cfg(test)]
mod tests;
