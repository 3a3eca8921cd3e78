//! Carries an act of switching out: sends and reads as [`Act`] says, and tells whoever watches.

use super::jobs::Site;
use super::trouble::Trouble;
use crate::Error;
use crate::line::Caller;
use crate::line::retry::{Fate, fate};
use crate::power::act::{Act, Input, Next, Sent};
use crate::power::system::{self, Reading, ResetAction, TaskState};
use crate::power::{self, Plan, Step};
use model::book::Observation;
use model::device::{Power, Reset};
use model::event::Ended;
use model::{Failure, Kind, Permit};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long past its deadline an act may wait for the answer to a request that is under way.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// The first pause before a controller that is away is looked at again, before anything was sent; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is read before anything is sent: the server's path, its state, and how it can be reset.
type Looked = (String, Reading, ResetAction);

/// An act under way, as errors and progress name it.
struct Acting<'a> {
    permit: &'a Permit,
    operation: String,
    subject: String,
    /// The step that was told last.
    told: String,
    started: Instant,
}

impl Acting<'_> {
    fn failure(&self, kind: Kind, cause: impl Into<String>) -> Failure {
        Failure::new(kind, self.operation.as_str(), self.subject.as_str(), cause)
    }

    fn trouble(&self, trouble: &Trouble) -> Failure {
        trouble.failure(&self.operation, &self.subject)
    }
}

/// Another act that takes an act's place.
#[derive(Clone, Copy, Debug)]
pub struct Instead {
    /// Its audit record.
    pub record: u64,
    /// What it does.
    pub reset: Reset,
}

/// What an act leaves behind.
pub struct Acted {
    /// The paths of the controller's systems, as they are known now.
    pub systems: Vec<String>,
}

/// How far an act is, for orders that come meanwhile.
pub struct Status(Mutex<(bool, String)>);

impl Default for Status {
    fn default() -> Self {
        Self(Mutex::new((false, "reading its state".into())))
    }
}

impl Status {
    /// Whether it waits for an operating system, so that a forced switch may take its place; and what it waits for.
    pub fn get(&self) -> (bool, String) {
        super::lock(&self.0).clone()
    }

    fn set(&self, act: &Act) {
        *super::lock(&self.0) = (act.is_graceful(), act.waiting_for());
    }
}

/// An act of switching: the requests it makes go before all others.
pub struct Switching {
    site: Site,
    caller: Caller,
    stop: CancellationToken,
    status: Arc<Status>,
    instead: oneshot::Receiver<Instead>,
    /// Whether the controller has answered in this act.
    has_answered: bool,
    /// Why the controller was away when it was asked last.
    away: Option<String>,
}

impl Switching {
    /// Nothing is sent yet. The sender of `instead` must be kept for as long as the act runs.
    pub const fn new(
        site: Site,
        caller: Caller,
        stop: CancellationToken,
        status: Arc<Status>,
        instead: oneshot::Receiver<Instead>,
    ) -> Self {
        Self { site, caller, stop, status, instead, has_answered: false, away: None }
    }

    /// Switches the server and waits until it is so, or the deadline passes.
    pub async fn switch(mut self, permit: &Permit, reset: Reset) -> (Result<Power, Failure>, Vec<String>) {
        let subject = self.site.shared.subject(&self.site.id);
        let mut acting = Acting {
            permit,
            operation: power::operation(reset),
            subject,
            told: String::new(),
            started: Instant::now(),
        };
        let outcome = self.attempt(&mut acting, reset).await;
        let (step, ended, result) = match &outcome {
            Ok((power, say)) => (format!("{say}; it is {power}"), Ended::Done, "done"),
            Err(failure) => (failure.cause.clone(), Ended::Failed, "failed"),
        };
        metrics::counter!(crate::metrics::POWER_ACTS, "reset" => reset.word(), "result" => result)
            .increment(1);
        self.site.shared.tell(permit, &self.site.id, step, Some(ended));
        (outcome.map(|(power, _)| power), self.site.systems)
    }

    async fn attempt(
        &mut self,
        acting: &mut Acting<'_>,
        reset: Reset,
    ) -> Result<(Power, &'static str), Failure> {
        self.say(acting, "reading its state".into());
        let patience = Duration::from_secs(self.site.shared.config.power_forced_deadline.max(1));
        let stop = self.stop.clone();
        let looked = tokio::select! {
            biased;
            () = stop.cancelled() => {
                return Err(acting.failure(Kind::Unavailable, "the appliance stopped before anything was sent"));
            }
            looked = timeout(patience, self.look_before(acting)) => looked,
        };
        let (path, reading, action) = looked.unwrap_or_else(|_| {
            let away = self.away.take().map(|cause| format!("; {cause}")).unwrap_or_default();
            let cause = format!(
                "its state could not be read within {} s, so nothing was sent{away}",
                patience.as_secs()
            );
            Err(acting.failure(Kind::TimedOut, cause))
        })?;
        let plan = power::plan(reset, &action.offers, reading.power).map_err(|impossible| {
            let failure = acting.failure(impossible.kind, impossible.cause);
            Failure { hint: impossible.hint, ..failure }
        })?;
        match plan {
            Plan::Nothing(say) => Ok((reading.power, say)),
            Plan::Steps { steps, instead } => {
                if let Some(why) = instead {
                    self.say(acting, why.into());
                }
                let act = Act::new(steps, reading.power, reading.boot, &self.site.shared.config);
                acting.started = Instant::now();
                self.walk(acting, act, &path, &action.target).await
            }
        }
    }

    /// Everything that is read before anything is sent. A controller that starts is waited for.
    async fn look_before(&mut self, acting: &mut Acting<'_>) -> Result<Looked, Failure> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.look_once(acting).await? {
                Ok(looked) => return Ok(looked),
                Err(trouble) if self.is_away(&trouble) => {
                    self.say(acting, format!("waiting for the controller: {trouble}"));
                    self.away = Some(trouble.to_string());
                    sleep(pause).await;
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
                Err(trouble) => return Err(self.reported(acting, &trouble)),
            }
        }
    }

    /// Whether the controller starts, or went away after it had answered in this act. One that was not there when
    /// the act began is not waited for: it may be switched off.
    fn is_away(&self, trouble: &Trouble) -> bool {
        let is_loss = |error| matches!(fate(error), Fate::Unsent | Fate::NoConnection | Fate::Broken);
        match trouble {
            Trouble::Starting { .. } => true,
            Trouble::Request(error) | Trouble::SignIn(error) => self.has_answered && is_loss(error),
            _ => false,
        }
    }

    async fn look_once(&mut self, acting: &Acting<'_>) -> Result<Result<Looked, Trouble>, Failure> {
        if let Err(trouble) = self.site.find_systems(&mut self.caller).await {
            return Ok(Err(trouble));
        }
        let path = self.site.systems.first().cloned();
        let none = |what: &str| acting.failure(Kind::Unsupported, format!("the controller has no {what}"));
        let path = path.ok_or_else(|| none("system that could be switched"))?;
        let reading = match self.site.reading(&mut self.caller, &path).await {
            Ok(reading) => reading,
            Err(trouble) => return Ok(Err(trouble)),
        };
        self.observe(&reading);
        self.has_answered = true;
        let mut action = reading.reset.clone().ok_or_else(|| none("reset action"))?;
        if let (true, Some(info)) = (action.offers.is_empty(), action.info.clone()) {
            match self.caller.document(&info).await {
                Ok(document) => action.offers = system::offers_in_action_info(&document.value),
                Err(trouble) if trouble.needs_help() || self.is_away(&trouble) => return Ok(Err(trouble)),
                Err(_) => {}
            }
        }
        if action.offers.is_empty() {
            // What the last inventory found, where it found anything.
            action.offers = self
                .site
                .shared
                .book
                .device(&self.site.id)
                .map(|device| device.resets.clone())
                .unwrap_or_default();
        }
        self.away = None;
        Ok(Ok((path, reading, action)))
    }

    async fn walk(
        &mut self,
        acting: &mut Acting<'_>,
        mut act: Act,
        path: &str,
        target: &str,
    ) -> Result<(Power, &'static str), Failure> {
        let last_answer = acting.started + act.deadline() + LAST_ANSWER;
        let mut task = None;
        let mut next = act.start();
        loop {
            let input = match next {
                Next::Done { power, say } => return Ok((power, say)),
                Next::Failed { kind, cause } => return Err(acting.failure(kind, cause)),
                Next::Send { step, after } => {
                    self.pause(acting, &act, after).await?;
                    self.say(acting, format!("sending {}", step.send));
                    let sent = timeout_at(last_answer, self.send(target, step, &mut task)).await;
                    Input::Sent(sent.unwrap_or_else(|_| Sent::Lost("no answer before the deadline".into())))
                }
                Next::Read { after } => {
                    self.say(acting, act.waiting_for());
                    self.pause(acting, &act, after).await?;
                    match timeout_at(last_answer, self.look(path, &mut task)).await {
                        Ok(Ok(input)) => input,
                        Ok(Err(trouble)) => return Err(self.reported(acting, &trouble)),
                        Err(_) => Input::NoReading("no answer before the deadline".into()),
                    }
                }
            };
            next = act.handle(input, acting.started.elapsed());
        }
    }

    /// Waits. A forced switch may take the place of an act that waits for an operating system.
    async fn pause(&mut self, acting: &Acting<'_>, act: &Act, pause: Duration) -> Result<(), Failure> {
        self.status.set(act);
        // Even a timer of nothing takes a tick, in which a reading would send its next request.
        let passed = async {
            if !pause.is_zero() {
                sleep(pause).await;
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {
                let cause = format!("the appliance stopped while {}; the request may have been sent", act.waiting_for());
                Err(acting.failure(Kind::Unavailable, cause))
            }
            Ok(Instead { record, reset }) = &mut self.instead => {
                let cause = format!("{reset} (record {record}) took its place while {}", act.waiting_for());
                Err(acting.failure(Kind::Conflict, cause))
            }
            () = passed => Ok(()),
        }
    }

    async fn send(&mut self, target: &str, step: Step, task: &mut Option<String>) -> Sent {
        match self.caller.post(target, json!({ "ResetType": step.send.redfish() })).await {
            Ok(answer) => {
                *task =
                    if answer.status == 202 { monitor(answer.location, answer.body.as_ref()) } else { None };
                Sent::Accepted
            }
            Err(trouble) => {
                if self.is_away(&trouble) {
                    self.away = Some(trouble.to_string());
                }
                became_of(&trouble, self.away.is_some())
            }
        }
    }

    /// Looks after the controller's task, if it made one, and at the server.
    async fn look(&mut self, path: &str, task: &mut Option<String>) -> Result<Input, Trouble> {
        if let Some(monitor) = task.clone() {
            match self.caller.document(&monitor).await.map(|document| system::task(&document.value)) {
                Ok(TaskState::Failed(answer)) => return Ok(Input::TaskFailed(answer)),
                Ok(TaskState::Runs) => {}
                // Ended, gone again, or without anything to read: the server's state tells.
                Ok(TaskState::Ended) => *task = None,
                // A controller that has just started may not have its tasks yet.
                Err(Trouble::Request(Error::Answered { .. })) if self.away.is_some() => {}
                Err(Trouble::Request(Error::Answered { status: 429 | 502 | 503 | 504, .. })) => {}
                Err(Trouble::Request(Error::Answered { .. } | Error::BadDocument { .. })) => *task = None,
                Err(trouble) if trouble.needs_help() => return Err(trouble),
                Err(trouble) => return Ok(self.not_read(&trouble)),
            }
        }
        match self.site.reading(&mut self.caller, path).await {
            Ok(reading) => {
                self.observe(&reading);
                (self.has_answered, self.away) = (true, None);
                Ok(Input::Read { power: reading.power, boot: reading.boot })
            }
            Err(trouble) if trouble.needs_help() => Err(trouble),
            Err(trouble) => Ok(self.not_read(&trouble)),
        }
    }

    fn not_read(&mut self, trouble: &Trouble) -> Input {
        if self.is_away(trouble) {
            self.away = Some(trouble.to_string());
        }
        Input::NoReading(trouble.to_string())
    }

    fn observe(&self, reading: &Reading) {
        let (device, power) = (self.site.id.clone(), reading.power);
        self.site.shared.book.observe(Observation::StateRead { device, power, health: None });
    }

    fn reported(&self, acting: &Acting<'_>, trouble: &Trouble) -> Failure {
        self.site.report(trouble);
        acting.trouble(trouble)
    }

    fn say(&self, acting: &mut Acting<'_>, step: String) {
        if acting.told != step {
            self.site.shared.tell(acting.permit, &self.site.id, step.as_str(), None);
            acting.told = step;
        }
    }
}

/// Whether a reset asks no operating system.
pub const fn is_forced(reset: Reset) -> bool {
    matches!(reset, Reset::ForceOff | Reset::ForceRestart | Reset::PowerCycle | Reset::FullPowerCycle)
}

/// The path of the task, or of its monitor, that a 202 names (DSP0266, asynchronous operations).
fn monitor(location: Option<String>, body: Option<&Value>) -> Option<String> {
    let task = body.filter(|body| body.get("TaskState").is_some());
    let task = task.and_then(|task| task.get("@odata.id")).and_then(Value::as_str);
    task.map(str::to_owned).or(location)
}

/// What it means for a request that the controller could not even be signed in to.
fn not_sent(trouble: &Trouble) -> Sent {
    match trouble {
        Trouble::Request(error) | Trouble::SignIn(error) if !trouble.needs_help() => {
            Sent::NotNow { after: None, answer: error.cause() }
        }
        Trouble::Starting { .. } => Sent::NotNow { after: None, answer: trouble.to_string() },
        other => Sent::Refused { kind: other.failure("", "").kind, answer: other.to_string() },
    }
}

/// What became of a request that was not answered with success. A controller that was just away may have answered
/// before its service was whole; it says in any case that it did not carry it out.
fn became_of(trouble: &Trouble, was_away: bool) -> Sent {
    let Trouble::Request(error) = trouble else { return not_sent(trouble) };
    let answer = error.cause();
    match error {
        Error::Answered { status: 429 | 503, retry_after, .. } => {
            Sent::NotNow { after: retry_after.map(Duration::from_secs), answer }
        }
        Error::Answered { status: 409, retry_after: Some(seconds), .. } => {
            Sent::NotNow { after: Some(Duration::from_secs(*seconds)), answer }
        }
        Error::Answered { status: 401 | 403 | 404 | 405 | 501, .. } if was_away => {
            Sent::NotNow { after: None, answer }
        }
        _ if trouble.is_unsent() => Sent::NotNow { after: None, answer },
        Error::Exchange { .. } | Error::TimedOut { .. } | Error::BadDocument { .. } => Sent::Lost(answer),
        Error::Answered { status: 409, .. } => Sent::Refused { kind: Kind::Conflict, answer },
        other => Sent::Refused { kind: other.kind(), answer },
    }
}
