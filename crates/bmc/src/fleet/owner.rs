//! One controller's task. It alone speaks to the controller: it sends the requests of whatever runs for it, starts
//! readings when they are due, carries orders out, and closes the session at the end.
//!
//! Readings and acts run side by side, each a future of the owner's own that asks through a caller; the lanes
//! see to it that a command does not wait for a reading.

use super::dispatch::Dispatch;
use super::jobs::{Read, Seen, Site};
use super::link::Link;
use super::schedule::{Errand, Intervals, Schedule};
use super::switch::{self, Acted, Instead, Status};
use super::trouble::Trouble;
use super::{MAILBOX, Order, Shared, Slot};
use crate::line::{Asked, Caller, Wire};
use crate::read::TelemetryPlan;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use model::command::BoxFuture;
use model::device::DeviceId;
use model::event::Ended;
use model::traffic::Lane;
use model::{Failure, Kind, Permit};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Requests on their way into the lanes: what one reading asks ahead, and something for the others.
const ASKS: usize = 48;
/// With nothing to do an owner looks up so often all the same.
const IDLE: Duration = Duration::from_secs(3600);
/// So soon after an act the state is looked at again.
const AFTER_AN_ACT: Duration = Duration::from_secs(5);

/// One controller's owner.
pub struct Owner {
    pub(super) shared: Arc<Shared>,
    pub(super) id: DeviceId,
    pub(super) dispatch: Dispatch,
    wire: Wire,
    asks: Receiver<Box<Asked>>,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    readings: [Option<Running>; 3],
    act: Option<Acting>,
    /// Orders that came while something else had to end first; at most a mailbox full.
    waiting: VecDeque<Order>,
    schedule: Schedule,
    systems: Vec<String>,
    states: Vec<Seen>,
    sensors: Arc<TelemetryPlan>,
    serial: u64,
    stop: CancellationToken,
    told_open: bool,
    /// Whether the large answers of a full reading have left large buffers at the connection: it is closed when it is
    /// not in use, and the next one is small.
    is_swollen: bool,
}

/// A reading under way.
struct Running {
    handle: AbortHandle,
    serial: u64,
    /// Who asked for it, where somebody did.
    asked: Option<Asker>,
}

/// Who asked for a reading.
struct Asker {
    /// None for an adoption, which tells of itself.
    permit: Option<Permit>,
    reply: oneshot::Sender<Result<(), Failure>>,
}

/// An act of switching under way.
struct Acting {
    operation: String,
    status: Arc<Status>,
    /// Tells it that another act takes its place; none if one was told to already.
    instead: Option<oneshot::Sender<Instead>>,
    /// That other act.
    next: Option<Order>,
}

/// What ended.
enum Done {
    /// A reading; without an outcome if it was broken off.
    Read { errand: Errand, serial: u64, read: Option<Box<Read>> },
    /// An act.
    Acted(Acted),
}

/// Owns a controller until `stop`; then closes its session.
pub async fn run(
    shared: Arc<Shared>,
    id: DeviceId,
    slot: Arc<Slot>,
    stop: CancellationToken,
    fresh: bool,
    spread: Duration,
) {
    let mut inbox = slot.inbox.lock().await;
    let left = shared.take_left(&id);
    let mut owner = Owner::new(shared, id, left, stop, fresh, spread);
    owner.serve(&mut inbox).await;
    Box::pin(owner.end(&mut inbox)).await;
}

impl Owner {
    fn new(
        shared: Arc<Shared>,
        id: DeviceId,
        left: Vec<model::book::OpenSession>,
        stop: CancellationToken,
        fresh: bool,
        spread: Duration,
    ) -> Self {
        let config = &shared.config;
        let every = Intervals {
            poll: config.poll(),
            inventory: config.inventory(),
            telemetry: config.telemetry(),
            limit: Duration::from_secs(config.backoff_limit.max(1)),
        };
        let now = Instant::now();
        let mut schedule = Schedule::new(&id, every, spread.min(config.poll()), now);
        let link = Link::new(shared.clone(), id.clone(), left);
        if fresh {
            schedule.want_inventory(now);
        } else if link.must_clean() {
            schedule.hurry(now);
        }
        let (ask, asks) = mpsc::channel(ASKS);
        let generation = Arc::new(AtomicU64::new(0));
        let wire = Wire::new(ask, generation.clone(), shared.ahead.clone());
        let dispatch = Dispatch::new(shared.clone(), id.clone(), link, generation);
        Self {
            shared,
            id,
            dispatch,
            wire,
            asks,
            jobs: FuturesUnordered::new(),
            readings: [None, None, None],
            act: None,
            waiting: VecDeque::new(),
            schedule,
            systems: Vec::new(),
            states: Vec::new(),
            sensors: Arc::default(),
            serial: 0,
            stop,
            told_open: false,
            is_swollen: false,
        }
    }

    async fn serve(&mut self, inbox: &mut Receiver<Box<Order>>) {
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            self.turn();
            self.start_due(Instant::now());
            let wake = self.wake_at(Instant::now());
            let has_room = self.waiting.len() < MAILBOX;
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(order) = inbox.recv(), if has_room => self.order(*order),
                ended = self.dispatch.next() => self.dispatch.ended(ended),
                Some(asked) = self.asks.recv() => self.dispatch.ask(*asked),
                Some(done) = self.jobs.next() => self.done(done),
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Lets whatever has an answer go on, and then sends what may be sent: a command that makes its next request
    /// at once goes before the readings.
    fn turn(&mut self) {
        while let Some(Some(done)) = self.jobs.next().now_or_never() {
            self.done(done);
        }
        while let Ok(asked) = self.asks.try_recv() {
            self.dispatch.ask(*asked);
        }
        self.dispatch.pump();
        let is_open = self.dispatch.breaker.open_until().is_some();
        if is_open != self.told_open && !self.dispatch.breaker.is_probing() {
            self.told_open = is_open;
            self.tell_traffic();
        }
    }

    fn wake_at(&self, now: Instant) -> Instant {
        let due = self.due().map(|(at, _)| at);
        due.into_iter().chain(self.dispatch.wake_at(now)).min().unwrap_or(now + IDLE)
    }

    /// What is due next: nothing while the controller is left alone.
    fn due(&self) -> Option<(Instant, Errand)> {
        if self.dispatch.breaker.is_probing() {
            return None;
        }
        // What a poll reads while the server is switched may be of the past when it is told; the act tells the state.
        let is_under_way =
            |errand| self.reading(errand).is_some() || errand == Errand::Poll && self.act.is_some();
        let (at, errand) = self.schedule.next(is_under_way)?;
        Some((self.dispatch.breaker.open_until().map_or(at, |until| at.max(until)), errand))
    }

    fn start_due(&mut self, now: Instant) {
        while let Some((at, errand)) = self.due()
            && at <= now
        {
            self.start(errand, None);
        }
    }

    fn reading(&self, errand: Errand) -> Option<&Running> {
        self.readings.get(errand as usize).and_then(Option::as_ref)
    }

    fn take_reading(&mut self, errand: Errand) -> Option<Running> {
        self.readings.get_mut(errand as usize).and_then(Option::take)
    }

    fn site(&self) -> Site {
        Site {
            shared: self.shared.clone(),
            id: self.id.clone(),
            systems: self.systems.clone(),
            model: self.dispatch.model.clone(),
            sensors: self.sensors.clone(),
        }
    }

    fn caller(&self, lane: Lane) -> Result<Caller, Trouble> {
        Ok(Caller::new(self.wire.clone(), self.dispatch.target()?, lane))
    }

    /// Starts a reading. One that somebody asked for takes the place of one by the clock.
    fn start(&mut self, errand: Errand, asked: Option<Asker>) {
        let lane = match errand {
            Errand::Poll => Lane::Person,
            Errand::Inventory if asked.is_some() => Lane::Person,
            Errand::Inventory => Lane::Inventory,
            Errand::Telemetry => Lane::Telemetry,
        };
        if let Some(running) = self.take_reading(errand) {
            running.handle.abort();
        }
        self.serial += 1;
        let (handle, registration) = AbortHandle::new_pair();
        let running = Running { handle, serial: self.serial, asked };
        let serial = self.serial;
        let is_urgent = running.asked.is_some();
        if let Some(place) = self.readings.get_mut(errand as usize) {
            *place = Some(running);
        }
        let caller = match self.caller(lane) {
            Ok(caller) => caller.urgent(is_urgent),
            Err(trouble) => return self.settle(errand, Err(trouble)),
        };
        let site = self.site();
        let reading: BoxFuture<'static, Read> = match errand {
            Errand::Poll => Box::pin(site.poll(caller, std::mem::take(&mut self.states))),
            Errand::Inventory => Box::pin(site.inventory(caller, is_urgent)),
            Errand::Telemetry => Box::pin(site.telemetry(caller)),
        };
        let reading = Abortable::new(reading, registration);
        self.jobs.push(Box::pin(async move {
            Done::Read { errand, serial, read: reading.await.ok().map(Box::new) }
        }));
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Read { errand, serial, read: Some(read) } => {
                if self.reading(errand).is_some_and(|running| running.serial == serial) {
                    self.was_read(errand, *read);
                }
            }
            Done::Read { read: None, .. } => {}
            Done::Acted(acted) => {
                self.systems = acted.systems;
                self.states.clear();
                let next = self.act.take().and_then(|act| act.next);
                if let Some(order) = next {
                    self.order(order);
                }
                // Whatever it did, the state is worth a look soon.
                self.schedule.hurry(Instant::now() + AFTER_AN_ACT);
                self.tell_traffic();
            }
        }
        for _ in 0..self.waiting.len() {
            if let Some(order) = self.waiting.pop_front() {
                self.order(order);
            }
        }
    }

    fn was_read(&mut self, errand: Errand, read: Read) {
        let now = Instant::now();
        self.systems = read.systems;
        let cost = Some(read.cost);
        match errand {
            Errand::Poll => {
                self.states = read.states;
                self.dispatch.measured.state = cost;
            }
            Errand::Inventory => {
                self.sensors = read.sensors;
                self.dispatch.measured.inventory = cost;
            }
            Errand::Telemetry => {
                let took = cost.as_ref().map_or(0, |cost| cost.elapsed_ms);
                self.schedule.sensors_took(Duration::from_millis(took), now);
                self.dispatch.measured.telemetry = cost;
            }
        }
        if read.result.is_ok() {
            self.dispatch.know(read.requests);
        }
        self.settle(errand, read.result);
        if self.sensors.is_empty() {
            self.schedule.no_sensors();
        }
        self.tell_traffic();
    }

    /// Takes note of how a reading went, and tells the book what it cannot know otherwise.
    fn settle(&mut self, errand: Errand, result: Result<(), Trouble>) {
        let ended = if result.is_ok() { "done" } else { "failed" };
        metrics::counter!(crate::metrics::READINGS, "errand" => errand.word(), "result" => ended)
            .increment(1);
        let now = Instant::now();
        match &result {
            Ok(()) => {
                self.schedule.done(errand, now);
                self.is_swollen |= errand == Errand::Inventory;
                let is_quiet = self.jobs.is_empty() && self.dispatch.is_idle();
                if is_quiet {
                    let all = std::mem::take(&mut self.is_swollen) || self.shared.config.close_idle;
                    self.dispatch.rest(all);
                }
            }
            Err(trouble) => {
                let pause = self.schedule.failed(now);
                tracing::debug!(device = %self.id, %trouble, pause_s = pause.as_secs(), "a reading failed");
                self.site().report(trouble);
            }
        }
        if let Some(Asker { permit, reply }) = self.take_reading(errand).and_then(|running| running.asked) {
            let (step, ended) = match &result {
                Ok(()) => ("read".to_owned(), Ended::Done),
                Err(trouble) => (trouble.to_string(), Ended::Failed),
            };
            if let Some(permit) = permit {
                self.shared.tell(&permit, &self.id, step, Some(ended));
            }
            let subject = self.shared.subject(&self.id);
            drop(reply.send(result.map_err(|trouble| trouble.failure("refresh", &subject))));
        }
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::First { reply } => {
                let asker = Asker { permit: None, reply };
                match self.readings.get_mut(Errand::Inventory as usize).and_then(Option::as_mut) {
                    Some(Running { asked: Some(_), .. }) => {
                        self.waiting.push_back(Order::First { reply: asker.reply });
                    }
                    // It has begun by itself.
                    Some(running) => running.asked = Some(asker),
                    None => self.start(Errand::Inventory, Some(asker)),
                }
            }
            Order::Refresh { permit, reply } => {
                if self.reading(Errand::Inventory).is_some_and(|running| running.asked.is_some()) {
                    self.shared.tell(&permit, &self.id, "waiting for another reading", None);
                    return self.waiting.push_back(Order::Refresh { permit, reply });
                }
                self.shared.tell(&permit, &self.id, "reading", None);
                // A person asks: a credential that was refused is tried once more.
                if permit.actor().principal.user().is_some() {
                    self.dispatch.forgive();
                }
                self.start(Errand::Inventory, Some(Asker { permit: Some(permit), reply }));
            }
            Order::Switch { permit, reset, reply } => {
                tracing::debug!(device = %self.id, record = permit.record(), %reset, "a command has come");
                self.switch_or_wait(permit, reset, reply);
            }
        }
    }

    fn switch_or_wait(
        &mut self,
        permit: Permit,
        reset: model::device::Reset,
        reply: oneshot::Sender<Result<model::device::Power, Failure>>,
    ) {
        match self.act.as_mut() {
            Some(act) => {
                let (graceful, waiting_for) = act.status.get();
                if graceful
                    && switch::is_forced(reset)
                    && let Some(instead) = act.instead.take()
                {
                    // It is told at its next pause, if it does not end before.
                    if instead.send(Instead { record: permit.record(), reset }).is_err() {
                        tracing::debug!(device = %self.id, "the act that is to be replaced has just ended");
                    }
                    act.next = Some(Order::Switch { permit, reset, reply });
                    return;
                }
                let cause = format!("{} is under way: {waiting_for}", act.operation);
                let subject = self.shared.subject(&self.id);
                let failure = Failure::new(Kind::Busy, crate::power::operation(reset), subject, cause);
                let hint = "wait until it has ended; force_off may interrupt a graceful act";
                drop(reply.send(Err(failure.hint(hint))));
            }
            None => self.switch(permit, reset, reply),
        }
    }

    fn switch(
        &mut self,
        permit: Permit,
        reset: model::device::Reset,
        reply: oneshot::Sender<Result<model::device::Power, Failure>>,
    ) {
        let operation = crate::power::operation(reset);
        let caller = match self.caller(Lane::Control) {
            Ok(caller) => caller.urgent(true),
            Err(trouble) => {
                let subject = self.shared.subject(&self.id);
                let failure = trouble.failure(&operation, &subject);
                self.shared.tell(&permit, &self.id, failure.cause.as_str(), Some(Ended::Failed));
                drop(reply.send(Err(failure)));
                return;
            }
        };
        if let Some(poll) = self.take_reading(Errand::Poll) {
            poll.handle.abort();
        }
        let status = Arc::new(Status::default());
        let (instead, told) = oneshot::channel();
        let act = switch::Switching::new(self.site(), caller, self.stop.clone(), status.clone(), told);
        self.act = Some(Acting { operation, status, instead: Some(instead), next: None });
        self.jobs.push(Box::pin(async move {
            let (outcome, systems) = act.switch(&permit, reset).await;
            drop(reply.send(outcome));
            Done::Acted(Acted { systems })
        }));
    }

    fn tell_traffic(&self) {
        let traffic = Box::new(self.dispatch.traffic());
        let device = self.id.clone();
        self.shared.book.observe(model::book::Observation::Asked { device, traffic });
        self.dispatch.model.report(&self.shared.book, self.shared.clock.as_ref(), Instant::now());
    }

    /// Breaks the readings off, lets an act say that it was stopped, turns away what waits, and closes the session.
    async fn end(mut self, inbox: &mut Receiver<Box<Order>>) {
        let subject = self.shared.subject(&self.id);
        let fail = |operation: &str| {
            let cause = "the device is not served any more: it was forgotten, or the appliance is stopping";
            Failure::new(Kind::Unavailable, operation, subject.as_str(), cause)
        };
        for running in std::mem::take(&mut self.readings).into_iter().flatten() {
            running.handle.abort();
            if let Some(Asker { reply, .. }) = running.asked {
                drop(reply.send(Err(fail("refresh"))));
            }
        }
        let next = self.act.as_mut().and_then(|act| act.next.take());
        let waiting = std::mem::take(&mut self.waiting);
        let inbox = std::iter::from_fn(|| inbox.try_recv().ok().map(|order| *order));
        for order in next.into_iter().chain(waiting).chain(inbox) {
            let failure = fail(&order.operation());
            order.fail(failure);
        }
        // An act ends at its next pause, or with the answer to the request that is under way.
        while self.act.is_some() {
            self.turn();
            if self.act.is_none() {
                break;
            }
            let wake = self.dispatch.wake_at(Instant::now()).unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                ended = self.dispatch.next() => self.dispatch.ended(ended),
                Some(asked) = self.asks.recv() => self.dispatch.ask(*asked),
                Some(done) = self.jobs.next() => self.done(done),
                () = sleep_until(wake) => {}
            }
        }
        self.jobs.clear();
        let Some(mut link) = self.dispatch.end().await else { return };
        if let Err(trouble) = link.close().await {
            tracing::warn!(device = %self.id, %trouble, "the session could not be closed; it is at the next start");
        }
    }
}
