//! A sweep under way: keeps the pace, the sockets and the cursor, and tells what it finds.

use super::ask::{Found, ask};
use super::plan::{Cursor, Pace, Walk};
use crate::fleet::Shared;
use model::book::{Observation, SweepRecord};
use model::device::Endpoint;
use model::event::What;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

/// How often whoever watches is told.
const TELL: Duration = Duration::from_millis(300);
/// How often the cursor is written down: what a crash makes the next sweep ask again.
const WRITE: Duration = Duration::from_secs(5);

/// Walks the range from the record's cursor until its end or `stop`; comes back with the last record.
pub async fn run(
    shared: Arc<Shared>,
    record: SweepRecord,
    walk: Walk,
    stop: CancellationToken,
) -> SweepRecord {
    let known = shared.book.devices().iter().map(|device| device.endpoint).collect();
    let mut sweep = Sweep {
        cursor: Cursor::at(record.cursor.min(walk.total())),
        pace: Pace::new(record.rate),
        started: Instant::now(),
        sockets: shared.config.sweep_sockets.max(1),
        set: JoinSet::new(),
        positions: HashMap::new(),
        written: Instant::now(),
        known,
        shared,
        record,
        walk,
    };
    sweep.tell(false);
    sweep.walk(&stop).await;
    sweep.set.shutdown().await;
    sweep.record.cursor = sweep.cursor.settled();
    sweep.record.ended = sweep.record.cursor >= sweep.walk.total();
    sweep.write().await;
    sweep.tell(true);
    sweep.record
}

struct Sweep {
    shared: Arc<Shared>,
    record: SweepRecord,
    walk: Walk,
    cursor: Cursor,
    pace: Pace,
    started: Instant,
    sockets: usize,
    set: JoinSet<(u64, Endpoint, Found)>,
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
        while self.cursor.next() < self.walk.total() || self.cursor.in_flight() > 0 {
            let wait = self.ask_next();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(ended) = self.set.join_next_with_id() => self.settle(ended),
                _ = tick.tick() => {
                    self.tell(false);
                    if self.written.elapsed() >= WRITE {
                        self.record.cursor = self.cursor.settled();
                        self.write().await;
                    }
                }
                () = sleep(wait) => {}
            }
        }
    }

    /// Asks as many addresses as pace and sockets let; how long to wait for the next.
    fn ask_next(&mut self) -> Duration {
        while self.cursor.in_flight() < self.sockets {
            let Some(addr) = self.walk.at(self.cursor.next()) else { break };
            if let Err(wait) = self.pace.take(self.started.elapsed()) {
                return wait;
            }
            let position = self.cursor.take();
            let endpoint = Endpoint { addr, port: self.record.port };
            let shared = self.shared.clone();
            let task = self.set.spawn(async move {
                let found = ask(endpoint, &shared.config, shared.authorities.clone()).await;
                (position, endpoint, found)
            });
            self.positions.insert(task.id(), position);
        }
        TELL
    }

    fn settle(&mut self, ended: Result<(Id, (u64, Endpoint, Found)), JoinError>) {
        self.record.asked += 1;
        metrics::counter!(crate::metrics::SWEPT).increment(1);
        match ended {
            Ok((task, (position, endpoint, found))) => {
                self.positions.remove(&task);
                self.cursor.settle(position);
                self.found(endpoint, found);
            }
            Err(error) => {
                tracing::error!(sweep = self.record.number, %error, "asking an address panicked");
                if let Some(position) = self.positions.remove(&error.id()) {
                    self.cursor.settle(position);
                }
            }
        }
    }

    fn found(&mut self, endpoint: Endpoint, found: Found) {
        match found {
            Found::Redfish { certificate, claim } => {
                self.record.found += 1;
                metrics::counter!(crate::metrics::ANSWERED).increment(1);
                let claim = *claim;
                self.shared.book.observe(Observation::Answered { endpoint, certificate, claim });
            }
            Found::Nothing if self.known.contains(&endpoint) => {
                self.shared.book.observe(Observation::Absent { endpoint });
            }
            Found::Nothing | Found::Other => {}
        }
    }

    fn tell(&self, ended: bool) {
        let SweepRecord { number: sweep, asked, found, .. } = self.record;
        self.shared.book.progress(What::SweepProgress {
            sweep,
            asked,
            total: self.walk.total(),
            found,
            ended,
        });
    }

    async fn write(&mut self) {
        self.written = Instant::now();
        if let Err(failure) = self.shared.book.sweep_progress(self.record.clone()).await {
            tracing::warn!(sweep = self.record.number, %failure, "how far the sweep came is not written down");
        }
    }
}
