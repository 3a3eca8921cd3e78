//! Sends what the lanes of one controller let go, over one session and a few connections.
//!
//! Signing in happens alone: nothing is sent until it has ended. A request that ends because the session has is asked
//! again in the next one. Everything that is decided is decided in [`crate::line`].

use super::Shared;
use super::flight::{Flight, fly, lane_word, pushback};
use super::link::Link;
use super::pool::{Pool, Seat};
use super::trouble::Trouble;
use crate::Error;
use crate::client::{Client, ROOT, Target, link::identity};
use crate::line::breaker::Admits;
use crate::line::lanes::{Put, Room, Started};
use crate::line::retry::{Fate, again, fate, word};
use crate::line::{Asked, Breaker, Lanes, Measured, Outcome, Pace, Reply, Request, Verb};
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use jiff::SignedDuration;
use model::command::BoxFuture;
use model::device::DeviceId;
use model::traffic::{self, Lane, Traffic};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// So long a command waits for a reading's request on a controller that takes only one at a time; then that
/// is broken off, and asked again after the command.
const CUT: Duration = Duration::from_secs(5);

/// So long a command waits for a connection that is in use before another is opened for it.
const FREE_SOON: Duration = Duration::from_millis(500);

/// So many kinds of paths are told with a controller's traffic; all that are kept are told with the model.
const SHOWN_PATHS: usize = 12;

/// Who waits for an answer.
struct Waiter {
    reply: oneshot::Sender<Outcome>,
    deadline: Option<Instant>,
}

/// What ended.
pub enum Ended {
    /// A request; without an outcome if it was broken off.
    Request {
        /// Which.
        ticket: u64,
        /// The connection, and what came over it.
        outcome: Option<Box<(Client, Result<Reply, Error>)>>,
    },
    /// The sign-in.
    SignedIn {
        /// With the session, if there is one now.
        link: Box<Link>,
        /// How it went.
        result: Result<(), Trouble>,
    },
}

/// One controller's traffic.
pub struct Dispatch {
    shared: Arc<Shared>,
    id: DeviceId,
    /// None while it signs in.
    link: Option<Link>,
    lanes: Lanes<Arc<Request>, Waiter>,
    /// How many at once.
    pub pace: Pace,
    /// Whether it is asked at all.
    pub breaker: Breaker,
    /// What was measured.
    pub measured: Measured,
    /// What is known of its model.
    pub model: Arc<super::models::Slot>,
    generation: Arc<AtomicU64>,
    work: FuturesUnordered<BoxFuture<'static, Ended>>,
    flights: HashMap<u64, Flight>,
    /// Requests that were asked again because the session had ended: not once more.
    resigned: HashSet<u64>,
    pool: Pool,
    /// A path that the session may read: where another is refused, it tells whether the session has ended.
    witness: Option<String>,
    /// A person asked while it signed in: a refused credential may be tried once more.
    forgive: bool,
    /// The controller was lost while it signed in.
    was_lost: bool,
}

impl Dispatch {
    /// Nothing is sent yet.
    pub fn new(shared: Arc<Shared>, id: DeviceId, link: Link, generation: Arc<AtomicU64>) -> Self {
        let model = shared.models.of(&shared.book, &id);
        let limit = Duration::from_secs(shared.config.backoff_limit.max(1));
        let pool = Pool::new(shared.extra.clone());
        Self {
            pace: Pace::new(model.with(|model| model.known().in_flight)),
            breaker: Breaker::new(limit, super::schedule::phase(&id)),
            measured: Measured::default(),
            model,
            shared,
            id,
            link: Some(link),
            lanes: Lanes::default(),
            generation,
            work: FuturesUnordered::new(),
            flights: HashMap::new(),
            resigned: HashSet::new(),
            pool,
            witness: None,
            forgive: false,
            was_lost: false,
        }
    }

    /// A person asks: a refused credential may be tried once more.
    pub const fn forgive(&mut self) {
        match &mut self.link {
            Some(link) => link.forgive(),
            None => self.forgive = true,
        }
    }

    /// The controller as callers must know it.
    ///
    /// # Errors
    /// [`Trouble`] if the device is not adopted any more, or cannot be reached as its record says.
    pub fn target(&self) -> Result<Arc<Target>, Trouble> {
        let device = self.shared.book.device(&self.id).filter(|device| device.is_adopted());
        let device = device.ok_or(Trouble::Gone)?;
        super::link::target(&device, self.shared.config.plain_http).map(Arc::new).map_err(Trouble::Here)
    }

    /// Takes a request in.
    pub fn ask(&mut self, asked: Asked) {
        let Asked { lane, urgent, ahead, deadline, request, reply } = asked;
        let plain = request.verb == Verb::Get && request.etag.is_none();
        let key = plain.then(|| request.path.clone());
        let put = Put { lane, key, writes: request.verb.writes(), urgent, ahead, request };
        if self.lanes.put(put, Waiter { reply, deadline }, Instant::now()) {
            self.measured.shared += 1;
            metrics::counter!(crate::metrics::SHARED).increment(1);
        }
        self.generation.store(self.lanes.generation(), Ordering::Relaxed);
    }

    /// Whether anything was asked for that has no answer yet.
    pub fn is_idle(&self) -> bool {
        self.lanes.all_waiting() == 0 && self.work.is_empty()
    }

    /// Waits for what ends next; for ever if nothing is under way.
    pub async fn next(&mut self) -> Ended {
        match self.work.next().await {
            Some(ended) => ended,
            None => std::future::pending().await,
        }
    }

    /// When there is something to do, at the latest.
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        let waits = self.lanes.all_waiting() > 0;
        let held = self.pace.held_until(now).filter(|_| waits);
        let command = self.lanes.command_since(now);
        let cut = command.and_then(|_| self.cuttable()).map(|(at, _)| at);
        let beside = command.map(|since| since + FREE_SOON).filter(|at| *at > now);
        [self.lanes.next_ready(now), held, cut, beside, self.pool.rests_at()].into_iter().flatten().min()
    }

    /// Sends what may be sent.
    pub fn pump(&mut self) {
        let now = Instant::now();
        for ticket in self.lanes.prune(|waiter| waiter.reply.is_closed()) {
            if let Some(flight) = self.flights.get(&ticket) {
                flight.handle.abort();
            }
        }
        self.pool.rest(now);
        if self.breaker.admits(now) == Admits::Urgent && !self.breaker.is_probing() {
            let trouble = self.left_alone(now);
            self.refuse(false, &trouble);
        }
        if self.lanes.all_waiting() == 0 {
            return;
        }
        let Some(link) = self.link.as_mut() else { return };
        match link.is_ready(now) {
            Ok(true) => {}
            Ok(false) => return self.sign_in(),
            Err(trouble) => return self.refuse(true, &trouble),
        }
        while self.start(now) {}
        if self.lanes.command_since(now).is_some()
            && let Some((at, ticket)) = self.cuttable()
            && at <= now
            && let Some(flight) = self.flights.get_mut(&ticket)
        {
            flight.cut = true;
            flight.handle.abort();
        }
    }

    /// The reading's request that holds a command up the longest, and when it is broken off.
    fn cuttable(&self) -> Option<(Instant, u64)> {
        let reads = |flight: &&Flight| {
            flight.started.lane != Lane::Control && !flight.started.request.verb.writes() && !flight.cut
        };
        let flights = self.flights.values().filter(reads);
        flights.map(|flight| (flight.sent_at + CUT, flight.started.ticket)).min()
    }

    fn start(&mut self, now: Instant) -> bool {
        let Some(link) = self.link.as_mut() else { return false };
        // An account that is sent with each request goes over one connection: were it refused, it would be once.
        let in_session = link.in_session();
        let seat = self.pool.seat(!in_session);
        let limit = if in_session { usize::from(self.pace.limit()) } else { 1 };
        // Nothing below is started while a command waits, so a connection is free as soon as one request ends;
        // opening another takes many a controller longer.
        let waits = self.lanes.command_since(now).is_some_and(|since| now < since + FREE_SOON);
        let is_open = seat.as_ref().is_some_and(Seat::is_open);
        let may_open = seat.is_some() && (is_open || !waits);
        let room = Room {
            limit: if may_open { limit } else { limit.min(self.lanes.in_flight()) },
            extra: in_session && self.pace.extra(now) && (is_open || !waits),
            only_urgent: self.breaker.admits(now) == Admits::Urgent,
            only_control: self.pace.held_until(now).is_some(),
        };
        let Some(started) = self.lanes.start(room, now) else {
            return false;
        };
        self.breaker.sent();
        // A command needs no share of the fleet's connections.
        let seat = seat.unwrap_or(Seat::Beside(None));
        let Some((client, seat)) = self.pool.take(seat, link) else {
            self.breaker.gave_up(now);
            self.settle(started.ticket, Err(Trouble::Gone));
            return false;
        };
        let (handle, registration) = AbortHandle::new_pair();
        let ticket = started.ticket;
        let witness = if in_session { self.witness.clone() } else { None };
        let flying = Abortable::new(fly(client, started.request.clone(), in_session, witness), registration);
        self.work.push(Box::pin(async move {
            Ended::Request { ticket, outcome: flying.await.ok().map(Box::new) }
        }));
        let epoch = link.epoch();
        let seat = Some(seat);
        tracing::debug!(device = %self.id, lane = ?started.lane, ticket, "asks");
        let flight = Flight { handle, seat, epoch, in_session, started, sent_at: now, cut: false };
        self.flights.insert(ticket, flight);
        true
    }

    /// Signs in, and closes what was left open. After a crash many controllers have that to do first; only so many
    /// do so at once.
    fn sign_in(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        self.breaker.sent();
        let shared = self.shared.clone();
        self.work.push(Box::pin(async move {
            let _turn = if link.must_clean() { shared.cleaning.acquire().await.ok() } else { None };
            let result = link.ready().await.map(drop).map_err(|trouble| match trouble {
                Trouble::Request(error) => Trouble::SignIn(error),
                other => other,
            });
            Ended::SignedIn { link: Box::new(link), result }
        }));
    }

    /// Takes in what ended.
    pub fn ended(&mut self, ended: Ended) {
        let now = Instant::now();
        match ended {
            Ended::SignedIn { mut link, result } => {
                if std::mem::take(&mut self.forgive) {
                    link.forgive();
                }
                if std::mem::take(&mut self.was_lost) {
                    link.lost(now);
                }
                self.link = Some(*link);
                match result {
                    Ok(()) => drop(self.breaker.answered()),
                    Err(trouble) => self.not_signed_in(&trouble, now),
                }
            }
            Ended::Request { ticket, outcome } => {
                let Some(mut flight) = self.flights.remove(&ticket) else { return };
                tracing::debug!(device = %self.id, ticket, "has its answer");
                let seat = flight.seat.take().unwrap_or(Seat::Beside(None));
                match outcome {
                    Some(came) => {
                        let (client, result) = *came;
                        self.pool.put(client, seat, flight.epoch, self.link.as_mut(), now);
                        self.judge(&flight, result, now);
                    }
                    None => {
                        self.pool.gave_up(&seat);
                        self.breaker.gave_up(now);
                        let awaited = |waiter: &Waiter| !waiter.reply.is_closed();
                        if flight.cut || self.lanes.waiters(ticket).iter().any(awaited) {
                            self.lanes.again(ticket, now);
                        } else {
                            self.settle(ticket, Err(Trouble::Gone));
                        }
                    }
                }
            }
        }
    }

    fn not_signed_in(&mut self, trouble: &Trouble, now: Instant) {
        if let Some(error) = trouble.error() {
            self.measured.ended(Lane::Control, Duration::ZERO, Some(&word(error)));
            if fate(error).is_loss() {
                self.lost(&error.cause(), fate(error), now);
            } else {
                self.breaker.answered();
            }
        } else if let Trouble::Starting { cause } = trouble {
            self.breaker.lost(cause, true, now);
        } else {
            self.breaker.gave_up(now);
        }
        self.refuse(true, trouble);
    }

    /// Counts how a request went, and tells those who wait, or sends it again.
    fn judge(&mut self, flight: &Flight, result: Result<Reply, Error>, now: Instant) {
        let Started { ticket, lane, sent, together, .. } = flight.started;
        let (verb, took) = (flight.started.request.verb, now - flight.sent_at);
        let path = &flight.started.request.path;
        let error = result.as_ref().err();
        self.measured.ended(lane, took, error.map(word).as_deref());
        let ended = if error.is_some() { "failed" } else { "answered" };
        metrics::counter!(crate::metrics::REQUESTS, "lane" => lane_word(lane), "result" => ended)
            .increment(1);
        metrics::histogram!(crate::metrics::LATENCY, "lane" => lane_word(lane)).record(took.as_secs_f64());
        let usual = self.model.with(|model| {
            let usual = model.usual(path);
            model.ended(verb, path, took, error.is_some());
            usual
        });
        let met = error.map_or(Fate::Answered, fate);
        if met.is_loss() {
            let cause = error.map(Error::cause).unwrap_or_default();
            self.lost(&cause, met, now);
            self.pace.pushed_back(pushback(met), together, now);
        } else if met == Fate::Answered {
            self.breaker.answered();
            if error.is_none() && verb == Verb::Get {
                self.pace.answered(took, usual, together, now);
            }
        } else {
            self.breaker.gave_up(now);
        }
        let error = match result {
            Ok(reply) => {
                if identity(path) != identity(ROOT)
                    && let Some(link) = self.link.as_mut().filter(|link| link.epoch() == flight.epoch)
                {
                    link.served();
                }
                if self.witness.is_none() && verb == Verb::Get && identity(path) != identity(ROOT) {
                    self.witness = Some(path.clone());
                }
                return self.settle(ticket, Ok(reply));
            }
            Err(error) => error,
        };
        if self.asks_again_signed_in(flight, &error) {
            return self.lanes.again(ticket, now);
        }
        let waiters = self.lanes.waiters(ticket);
        let forever = waiters.iter().any(|waiter| waiter.deadline.is_none());
        let deadline = if forever { None } else { waiters.iter().filter_map(|waiter| waiter.deadline).max() };
        let is_open = self.breaker.admits(now) == Admits::Urgent && !flight.started.urgent;
        if let (Some(at), false) = (again(verb, path, met, sent + 1, now, deadline), is_open) {
            self.measured.repeated += 1;
            metrics::counter!(crate::metrics::REPEATED).increment(1);
            return self.lanes.again(ticket, at);
        }
        let trouble = match self.link.as_mut().filter(|link| link.epoch() == flight.epoch) {
            Some(link) => link.note(error),
            None => Trouble::Request(error),
        };
        self.settle(ticket, Err(trouble));
    }

    fn lost(&mut self, cause: &str, how: Fate, now: Instant) {
        if matches!(how, Fate::Unsent | Fate::NoConnection | Fate::Broken) {
            match &mut self.link {
                Some(link) => link.lost(now),
                None => self.was_lost = true,
            }
        }
        let turned_away = matches!(how, Fate::NotNow(_) | Fate::Gateway);
        if self.breaker.lost(cause, turned_away, now) {
            metrics::counter!(crate::metrics::LEFT_ALONE).increment(1);
            tracing::debug!(device = %self.id, cause, "it failed over and over and is left alone for a while");
        }
    }

    /// Whether a request failed only because the session has ended. Whatever it was, it was not carried out.
    fn asks_again_signed_in(&mut self, flight: &Flight, error: &Error) -> bool {
        let ended = match error {
            Error::SessionEnded { .. } => true,
            // A GET was asked twice already, to tell an ended session from a forbidden resource.
            Error::Answered { status: 401, .. } => flight.started.request.verb.writes(),
            _ => false,
        };
        if !ended || !flight.in_session || !self.resigned.insert(flight.started.ticket) {
            return false;
        }
        if let Some(link) = self.link.as_mut().filter(|link| link.epoch() == flight.epoch) {
            link.let_session_go();
        }
        true
    }

    fn settle(&mut self, ticket: u64, outcome: Outcome) {
        self.resigned.remove(&ticket);
        let ended = self.lanes.ended(ticket);
        self.generation.store(self.lanes.generation(), Ordering::Relaxed);
        let mut waiters = ended.map(|ended| ended.waiters).unwrap_or_default();
        // Whoever asked may have gone.
        let Some(last) = waiters.pop() else { return };
        for waiter in waiters {
            drop(waiter.reply.send(outcome.clone()));
        }
        drop(last.reply.send(outcome));
    }

    /// Everything that waits fails; with `all` also what a person waits for.
    pub fn refuse(&mut self, all: bool, trouble: &Trouble) {
        for waiter in self.lanes.drain(all) {
            drop(waiter.reply.send(Err(trouble.clone())));
        }
    }

    fn left_alone(&self, now: Instant) -> Trouble {
        let pause = self.breaker.open_until().map(|until| until.saturating_duration_since(now));
        Trouble::LeftAlone { pause: pause.unwrap_or_default(), cause: self.breaker.cause().to_owned() }
    }

    /// What a reading taught, and which model the controller counts as now.
    pub fn know(&mut self, requests: u32) {
        let model = self.shared.models.of(&self.shared.book, &self.id);
        let found = self.pace.found();
        model.with(|model| {
            model.found_pace(found);
            if requests > 0 {
                model.update(|learned| learned.inventory_requests = requests);
            }
        });
        self.model = model;
    }

    /// How the controller is asked at present.
    pub fn traffic(&self) -> Traffic {
        let now = Instant::now();
        let breaker = match self.breaker.open_until() {
            Some(until) => {
                let pause =
                    SignedDuration::try_from(until.saturating_duration_since(now)).unwrap_or_default();
                let at = self.shared.clock.now();
                let until = at.checked_add(pause).unwrap_or(at);
                traffic::Breaker::Open { until, cause: self.breaker.cause().to_owned() }
            }
            None if self.breaker.is_probing() => traffic::Breaker::Probing,
            None => traffic::Breaker::Closed,
        };
        Traffic {
            model: self.model.key.clone(),
            in_flight: u8::try_from(self.lanes.in_flight()).unwrap_or(u8::MAX),
            limit: self.pace.limit(),
            breaker,
            learned: self.model.with(|model| model.learned(SHOWN_PATHS, None)),
            ..self.measured.traffic(Lane::ALL.map(|lane| self.lanes.waiting(lane)))
        }
    }

    /// Closes the connections but the one that is kept; with `all` that one, too.
    pub fn rest(&mut self, all: bool) {
        self.pool.clear();
        if all
            && self.flights.is_empty()
            && let Some(link) = self.link.as_mut()
        {
            link.rest();
        }
    }

    /// Breaks off what is under way, and gives the link back. A sign-in is never broken off half-way: whether a
    /// session was opened would not be known.
    pub async fn end(mut self) -> Option<Link> {
        self.refuse(true, &Trouble::Gone);
        for flight in self.flights.values() {
            flight.handle.abort();
        }
        while let Some(ended) = self.work.next().await {
            if let Ended::SignedIn { link, .. } = ended {
                self.link = Some(*link);
            }
        }
        tracing::trace!(device = %self.id, "nothing is under way any more");
        self.link
    }
}
