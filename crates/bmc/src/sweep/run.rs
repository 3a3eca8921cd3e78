//! A sweep under way: keeps the pace, the places and the cursor, and tells what it finds.
//!
//! Two steps, so that those who answer take no place of those who do not. Connections are tried by the sweep's own
//! task, thousands at a time and each as small as it can be; what accepts one is asked in a task of its own, and of
//! these there are far fewer.

use super::ask::{Found, ask};
use super::connect::{Tried, connect};
use super::neighbours::{self, Links, Neighbours, Table, Wave};
use super::pace::{Pace, Room};
use super::plan::{Cursor, Walk};
use crate::fleet::Shared;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use model::book::{Observation, SweepRecord};
use model::device::Endpoint;
use model::event::What;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often whoever watches is told.
const TELL: Duration = Duration::from_millis(300);
/// How often the cursor is written down: what a crash makes the next sweep ask again.
const WRITE: Duration = Duration::from_secs(5);

/// So many accepted connections wait, for each service that is asked, before no new ones are tried.
const WAITING_EACH: usize = 4;

/// How an address is tried.
type Dial = fn(Endpoint, Duration) -> BoxFuture<'static, Tried>;

/// What a sweep is to do.
pub struct Task {
    /// Where it begins.
    pub record: SweepRecord,
    /// The addresses.
    pub walk: Walk,
    /// Whether only those are asked that the kernel knows as neighbours.
    pub near_only: bool,
}

/// The network around the appliance; tests have one of their own.
struct Surroundings {
    dial: Dial,
    links: Links,
    neighbours: Neighbours,
    wave: Wave,
}

impl Surroundings {
    fn now() -> Self {
        let neighbours = neighbours::neighbours();
        let wave = neighbours::wave(neighbours.len());
        let dial: Dial = |endpoint, patience| Box::pin(connect(endpoint, patience));
        Self { dial, links: neighbours::links(), neighbours, wave }
    }
}

/// Walks the range from the record's cursor until its end or `stop`; comes back with the last record.
pub async fn run(shared: Arc<Shared>, task: Task, stop: CancellationToken) -> SweepRecord {
    within(Surroundings::now(), shared, task, stop).await
}

async fn within(
    around: Surroundings,
    shared: Arc<Shared>,
    task: Task,
    stop: CancellationToken,
) -> SweepRecord {
    let Task { record, walk, near_only } = task;
    let Surroundings { dial, links, neighbours, wave } = around;
    let known = shared.book.devices().iter().map(|device| device.endpoint).collect();
    // Who is known to be there is asked first.
    let near = neighbours.resolved().filter_map(|addr| walk.position(IpAddr::V4(addr)));
    let near: Vec<u64> = near.collect();
    let begin = if near_only { walk.total() } else { record.cursor.min(walk.total()) };
    let total = if near_only { near.len() as u64 } else { walk.total() };
    let mut sweep = Sweep {
        dial,
        wire: Wire { links, wave, table: Arc::new(Table::default()) },
        cursor: Cursor::with(begin, near_only, &near),
        pace: Pace::new(record.rate),
        room: Room::new(shared.config.sweep_sockets.max(1)),
        started: Instant::now(),
        connecting: FuturesUnordered::new(),
        accepted: VecDeque::new(),
        asking: JoinSet::new(),
        positions: HashMap::new(),
        written: Instant::now(),
        known,
        shared,
        record,
        walk,
        total,
        near_only,
    };
    sweep.tell(false);
    sweep.walk(&stop).await;
    sweep.asking.shutdown().await;
    sweep.record.ended = sweep.cursor.is_done(sweep.walk.total());
    sweep.write().await;
    sweep.tell(true);
    sweep.record
}

/// The try to connect to one address.
struct Attempt {
    position: u64,
    endpoint: Endpoint,
    tried: BoxFuture<'static, Tried>,
}

impl Future for Attempt {
    type Output = (u64, Endpoint, Tried);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let tried = ready!(self.tried.as_mut().poll(context));
        Poll::Ready((self.position, self.endpoint, tried))
    }
}

/// What is known of the networks that are attached directly.
struct Wire {
    links: Links,
    wave: Wave,
    table: Arc<Table>,
}

/// Waits no longer than `half` for a neighbour that has not even told its MAC address by then.
async fn unless_silent(
    mut tried: BoxFuture<'static, Tried>,
    addr: IpAddr,
    half: Duration,
    table: Arc<Table>,
) -> Tried {
    match timeout(half, &mut tried).await {
        Ok(tried) => tried,
        Err(_) if table.is_silent(addr) => Tried::Nothing,
        Err(_) => tried.await,
    }
}

struct Sweep {
    dial: Dial,
    shared: Arc<Shared>,
    record: SweepRecord,
    walk: Walk,
    /// How many addresses are asked in all.
    total: u64,
    near_only: bool,
    wire: Wire,
    cursor: Cursor,
    pace: Pace,
    room: Room,
    started: Instant,
    connecting: FuturesUnordered<Attempt>,
    /// Open, and not asked yet: they wait for a place among `asking`.
    accepted: VecDeque<(u64, Endpoint, TcpStream)>,
    asking: JoinSet<(u64, Endpoint, Found)>,
    /// Which position each task asks, so that one that panics is settled too.
    positions: HashMap<Id, u64>,
    written: Instant,
    /// Where devices were when the sweep began.
    known: HashSet<Endpoint>,
}

impl Sweep {
    async fn walk(&mut self, stop: &CancellationToken) {
        let mut tick = interval(TELL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.cursor.is_done(self.walk.total()) {
            let wait = self.connect_next();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                _ = tick.tick() => {
                    self.tell(false);
                    if self.written.elapsed() >= WRITE {
                        self.write().await;
                    }
                    if self.room.is_hopeless(self.started.elapsed()) {
                        return self.break_off();
                    }
                }
                Some(attempt) = self.connecting.next() => self.tried(attempt),
                Some(ended) = self.asking.join_next_with_id() => self.asked(ended),
                () = sleep(wait) => {}
            }
            self.ask_accepted();
        }
    }

    /// Begins as many connections as pace and places let; how long to wait for the next.
    fn connect_next(&mut self) -> Duration {
        let places = self.room.of(self.shared.sweeps.share(self.shared.config.sweep_sockets));
        let elapsed = self.started.elapsed();
        if let Some(rest) = self.room.rest(elapsed) {
            return rest;
        }
        if self.accepted.len() >= WAITING_EACH * self.answers() {
            return TELL;
        }
        while self.connecting.len() < places
            && let Some(addr) = self.cursor.peek(self.walk.total()).and_then(|next| self.walk.at(next))
        {
            let attached = self.wire.links.is_attached(addr);
            if attached && let Err(wait) = self.wire.wave.room(elapsed) {
                return wait;
            }
            if let Err(wait) = self.pace.take(self.started.elapsed()) {
                return wait;
            }
            let Some(position) = self.cursor.take(self.walk.total()) else { break };
            let endpoint = Endpoint { addr, port: self.record.port };
            let patience = Duration::from_millis(self.shared.config.sweep_connect_timeout_ms.max(1));
            let mut tried = (self.dial)(endpoint, patience);
            if attached {
                self.wire.wave.asked(position, elapsed);
                tried = Box::pin(unless_silent(tried, addr, patience / 2, self.wire.table.clone()));
            }
            self.connecting.push(Attempt { position, endpoint, tried });
        }
        TELL
    }

    fn tried(&mut self, (position, endpoint, tried): (u64, Endpoint, Tried)) {
        let there = |table: &Table| !matches!(tried, Tried::Nothing) || !table.is_silent(endpoint.addr);
        if self.wire.wave.holds(position) && there(&self.wire.table) {
            self.wire.wave.resolved(position);
        }
        match tried {
            Tried::Short(error) => return self.ran_short(position, &error),
            Tried::Accepted(stream) => self.accepted.push_back((position, endpoint, stream)),
            Tried::Nothing => {
                if self.known.contains(&endpoint) {
                    self.shared.book.observe(Observation::Absent { endpoint });
                }
                self.settle(position);
            }
            Tried::NoWay => self.settle(position),
        }
        self.room.well(self.shared.config.sweep_sockets);
    }

    fn ran_short(&mut self, position: u64, error: &io::Error) {
        let elapsed = self.started.elapsed();
        if self.room.rest(elapsed).is_none() {
            tracing::warn!(sweep = self.record.number, %error, waiting = self.connecting.len(), "the appliance is short of what a sweep needs; it goes on with fewer addresses at the same time");
        }
        self.room.short(self.connecting.len(), elapsed);
        self.cursor.put_back(position);
    }

    fn break_off(&self) {
        tracing::error!(
            sweep = self.record.number,
            range = %self.record.range,
            "no address could be asked for a while, for want of files, ports or memory; the sweep is broken off and can be resumed"
        );
    }

    fn answers(&self) -> usize {
        self.shared.config.sweep_answers.max(1)
    }

    /// Asks those that accepted, as many as may be asked at the same time.
    fn ask_accepted(&mut self) {
        while self.asking.len() < self.answers() {
            let Some((position, endpoint, stream)) = self.accepted.pop_front() else { return };
            let shared = self.shared.clone();
            let task = self.asking.spawn(async move {
                let found = ask(stream, endpoint, &shared.config, shared.authorities.clone()).await;
                (position, endpoint, found)
            });
            self.positions.insert(task.id(), position);
        }
    }

    fn asked(&mut self, ended: Result<(Id, (u64, Endpoint, Found)), JoinError>) {
        match ended {
            Ok((task, (position, endpoint, found))) => {
                self.positions.remove(&task);
                self.settle(position);
                if let Found::Redfish { certificate, claim } = found {
                    self.record.found += 1;
                    metrics::counter!(crate::metrics::ANSWERED).increment(1);
                    let claim = *claim;
                    self.shared.book.observe(Observation::Answered { endpoint, certificate, claim });
                }
            }
            Err(error) => {
                tracing::error!(sweep = self.record.number, %error, "asking an address panicked");
                if let Some(position) = self.positions.remove(&error.id()) {
                    self.settle(position);
                }
            }
        }
    }

    fn settle(&mut self, position: u64) {
        self.record.asked += 1;
        metrics::counter!(crate::metrics::SWEPT).increment(1);
        self.cursor.settle(position);
    }

    fn tell(&self, ended: bool) {
        let SweepRecord { number: sweep, asked, found, .. } = self.record;
        self.shared.book.progress(What::SweepProgress { sweep, asked, total: self.total, found, ended });
    }

    async fn write(&mut self) {
        self.written = Instant::now();
        // A look at the neighbours is no part of the range that could be gone on from.
        self.record.cursor = if self.near_only { 0 } else { self.cursor.settled() };
        if let Err(failure) = self.shared.book.sweep_progress(self.record.clone()).await {
            tracing::warn!(sweep = self.record.number, %failure, "how far the sweep came is not written down");
        }
    }
}

#[cfg(test)]
mod tests;
