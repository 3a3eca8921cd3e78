//! Carries an act of switching out: sends and reads as [`Act`] says, and tells whoever watches.

use super::Order;
use super::owner::Owner;
use super::trouble::Trouble;
use crate::Error;
use crate::power::act::{Act, Input, Next, Sent};
use crate::power::system::{self, Reading, ResetAction, TaskState};
use crate::power::{self, Plan, Step};
use model::book::Observation;
use model::device::{Power, Reset};
use model::event::Ended;
use model::{Failure, Kind, Permit};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How long past its deadline an act may wait for the answer to a request that is under way.
const LAST_ANSWER: Duration = Duration::from_secs(2);

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

impl Owner {
    /// Switches the server and waits until it is so, or the deadline passes.
    pub(super) async fn switch(
        &mut self,
        permit: &Permit,
        reset: Reset,
        inbox: &mut Receiver<Box<Order>>,
    ) -> Result<Power, Failure> {
        let subject = self.shared.subject(&self.id);
        let mut acting = Acting {
            permit,
            operation: power::operation(reset),
            subject,
            told: String::new(),
            started: Instant::now(),
        };
        let outcome = self.attempt(&mut acting, reset, inbox).await;
        let (step, ended, result) = match &outcome {
            Ok((power, say)) => (format!("{say}; it is {power}"), Ended::Done, "done"),
            Err(failure) => (failure.cause.clone(), Ended::Failed, "failed"),
        };
        metrics::counter!(crate::metrics::POWER_ACTS, "reset" => reset.word(), "result" => result)
            .increment(1);
        self.shared.tell(permit, &self.id, step, Some(ended));
        outcome.map(|(power, _)| power)
    }

    async fn attempt(
        &mut self,
        acting: &mut Acting<'_>,
        reset: Reset,
        inbox: &mut Receiver<Box<Order>>,
    ) -> Result<(Power, &'static str), Failure> {
        self.say(acting, "reading its state".into());
        let patience = Duration::from_secs(self.shared.config.power_forced_deadline.max(1));
        let looked = timeout(patience, self.look_before(acting)).await;
        let (path, reading, action) = looked.unwrap_or_else(|_| {
            let cause =
                format!("its state could not be read within {} s, so nothing was sent", patience.as_secs());
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
                let act = Act::new(steps, reading.power, reading.boot, &self.shared.config);
                acting.started = Instant::now();
                self.walk(acting, act, &path, &action.target, inbox).await
            }
        }
    }

    /// The server's path, its state, and how it can be reset: everything that is read before anything is sent.
    async fn look_before(&mut self, acting: &Acting<'_>) -> Result<(String, Reading, ResetAction), Failure> {
        let systems = self.systems().await;
        let path = match systems {
            Ok(systems) => systems.first().cloned(),
            Err(trouble) => return Err(self.reported(acting, &trouble)),
        };
        let none = |what: &str| acting.failure(Kind::Unsupported, format!("the controller has no {what}"));
        let path = path.ok_or_else(|| none("system that could be switched"))?;
        let reading = match self.reading(&path).await {
            Ok(reading) => reading,
            Err(trouble) => return Err(self.reported(acting, &trouble)),
        };
        self.observe(&reading);
        let mut action = reading.reset.clone().ok_or_else(|| none("reset action"))?;
        if let (true, Some(info)) = (action.offers.is_empty(), action.info.clone()) {
            match self.link.get(&info).await {
                Ok(document) => action.offers = system::offers_in_action_info(&document.value),
                Err(trouble) if trouble.needs_help() => return Err(self.reported(acting, &trouble)),
                Err(_) => {}
            }
        }
        if action.offers.is_empty() {
            // What the last inventory found, where it found anything.
            action.offers =
                self.shared.book.device(&self.id).map(|device| device.resets.clone()).unwrap_or_default();
        }
        Ok((path, reading, action))
    }

    async fn walk(
        &mut self,
        acting: &mut Acting<'_>,
        mut act: Act,
        path: &str,
        target: &str,
        inbox: &mut Receiver<Box<Order>>,
    ) -> Result<(Power, &'static str), Failure> {
        let last_answer = acting.started + act.deadline() + LAST_ANSWER;
        let mut task = None;
        let mut next = act.start();
        loop {
            let input = match next {
                Next::Done { power, say } => return Ok((power, say)),
                Next::Failed { kind, cause } => return Err(acting.failure(kind, cause)),
                Next::Send { step, after } => {
                    self.pause(acting, &act, after, inbox).await?;
                    self.say(acting, format!("sending {}", step.send));
                    let sent = timeout_at(last_answer, self.send(target, step, &mut task)).await;
                    Input::Sent(sent.unwrap_or_else(|_| Sent::Lost("no answer before the deadline".into())))
                }
                Next::Read { after } => {
                    self.say(acting, act.waiting_for());
                    self.pause(acting, &act, after, inbox).await?;
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

    /// Waits; orders that come meanwhile are answered. A forced switch takes the place of an act that
    /// waits for an operating system; any other switch finds the device busy.
    async fn pause(
        &mut self,
        acting: &Acting<'_>,
        act: &Act,
        pause: Duration,
        inbox: &mut Receiver<Box<Order>>,
    ) -> Result<(), Failure> {
        let until = sleep(pause);
        tokio::pin!(until);
        loop {
            let stop = self.stop.clone();
            let order = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    let cause = format!("the appliance stopped while {}; the request may have been sent", act.waiting_for());
                    return Err(acting.failure(Kind::Unavailable, cause));
                }
                Some(order) = inbox.recv() => *order,
                () = &mut until => return Ok(()),
            };
            match order {
                Order::Switch { permit, reset, reply } if act.is_graceful() && is_forced(reset) => {
                    let cause = format!(
                        "{reset} (record {}) took its place while {}",
                        permit.record(),
                        act.waiting_for()
                    );
                    self.waiting.push_front(Order::Switch { permit, reset, reply });
                    return Err(acting.failure(Kind::Conflict, cause));
                }
                Order::Refresh { .. } if self.waiting.len() < super::MAILBOX => self.waiting.push_back(order),
                other => {
                    let cause = format!("{} is under way: {}", acting.operation, act.waiting_for());
                    let failure = Failure::new(Kind::Busy, other.operation(), acting.subject.as_str(), cause);
                    other.fail(
                        failure.hint("wait until it has ended; force_off may interrupt a graceful act"),
                    );
                }
            }
        }
    }

    async fn send(&mut self, target: &str, step: Step, task: &mut Option<String>) -> Sent {
        if let Err(trouble) = self.link.ready().await {
            return not_sent(&trouble);
        }
        match self.link.post(target, &json!({ "ResetType": step.send.redfish() })).await {
            Ok(answer) => {
                *task =
                    if answer.status == 202 { monitor(answer.location, answer.body.as_ref()) } else { None };
                Sent::Accepted
            }
            Err(trouble) => became_of(&trouble),
        }
    }

    /// Looks after the controller's task, if it made one, and at the server.
    async fn look(&mut self, path: &str, task: &mut Option<String>) -> Result<Input, Trouble> {
        if let Some(monitor) = task.clone() {
            match self.link.get(&monitor).await.map(|document| system::task(&document.value)) {
                Ok(TaskState::Failed(answer)) => return Ok(Input::TaskFailed(answer)),
                Ok(TaskState::Runs) => {}
                // Ended, gone again, or without anything to read: the server's state tells.
                Ok(TaskState::Ended)
                | Err(Trouble::Request(Error::Answered { .. } | Error::BadDocument { .. })) => {
                    *task = None;
                }
                Err(trouble) if trouble.needs_help() => return Err(trouble),
                Err(trouble) => return Ok(Input::NoReading(trouble.to_string())),
            }
        }
        match self.reading(path).await {
            Ok(reading) => {
                self.observe(&reading);
                Ok(Input::Read { power: reading.power, boot: reading.boot })
            }
            Err(trouble) if trouble.needs_help() => Err(trouble),
            Err(trouble) => Ok(Input::NoReading(trouble.to_string())),
        }
    }

    fn observe(&self, reading: &Reading) {
        let (device, power) = (self.id.clone(), reading.power);
        self.shared.book.observe(Observation::StateRead { device, power, health: None });
    }

    fn reported(&self, acting: &Acting<'_>, trouble: &Trouble) -> Failure {
        self.report(trouble);
        acting.trouble(trouble)
    }

    fn say(&self, acting: &mut Acting<'_>, step: String) {
        if acting.told != step {
            self.shared.tell(acting.permit, &self.id, step.as_str(), None);
            acting.told = step;
        }
    }
}

const fn is_forced(reset: Reset) -> bool {
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
        Trouble::Request(error) if !trouble.needs_help() => {
            Sent::NotNow { after: None, answer: error.cause() }
        }
        other => Sent::Refused { kind: other.failure("", "").kind, answer: other.to_string() },
    }
}

/// What became of a request that was not answered with success.
fn became_of(trouble: &Trouble) -> Sent {
    let Trouble::Request(error) = trouble else { return not_sent(trouble) };
    let answer = error.cause();
    match error {
        Error::Answered { status: 429 | 503, retry_after, .. } => {
            Sent::NotNow { after: retry_after.map(Duration::from_secs), answer }
        }
        Error::Answered { status: 409, retry_after: Some(seconds), .. } => {
            Sent::NotNow { after: Some(Duration::from_secs(*seconds)), answer }
        }
        _ if trouble.is_unsent() => Sent::NotNow { after: None, answer },
        Error::Exchange { .. } | Error::TimedOut { .. } | Error::BadDocument { .. } => Sent::Lost(answer),
        Error::Answered { status: 409, .. } => Sent::Refused { kind: Kind::Conflict, answer },
        other => Sent::Refused { kind: other.kind(), answer },
    }
}
