//! A kernel in memory, for tests: it remembers what it is asked for, and forgets a trial when its time is over.

use model::command::BoxFuture;
use model::enforcement::{Connection, Counted, Enforcer, Hole, KernelState, Record, Records};
use model::{Failure, Kind, Permit};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, broadcast, watch};

/// The kernel.
pub struct Kernel {
    held: Mutex<Held>,
    news: broadcast::Sender<Record>,
    is_there: watch::Sender<bool>,
}

/// What it holds.
#[derive(Default)]
pub struct Held {
    pub confirmed: Option<u64>,
    pub trial: Option<(u64, Instant)>,
    pub loaded: Vec<(String, String)>,
    pub open: BTreeMap<String, (Hole, u32)>,
    pub isolated: Vec<IpAddr>,
    pub connections: Vec<Connection>,
    pub ended: Vec<Connection>,
    pub counters: Vec<Counted>,
    pub repaired: u32,
    pub lines: Vec<(String, u32)>,
    /// Isolation takes effect, and cannot be written down for the next boot.
    pub has_full_disk: bool,
    /// So many openings are made, and the next fails.
    pub opens_only: Option<usize>,
    /// Where there is one, an opening waits for a permit of it.
    pub gate: Option<Arc<Semaphore>>,
}

impl Kernel {
    /// An empty one.
    pub fn new() -> Arc<Self> {
        let (news, is_there) = (broadcast::Sender::new(64), watch::Sender::new(true));
        Arc::new(Self { held: Mutex::default(), news, is_there })
    }

    /// What it holds.
    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    /// The firewall's program goes, or comes.
    pub fn is_there(&self, is_there: bool) {
        self.is_there.send_replace(is_there);
    }

    /// The trial's time is over at once.
    pub fn fall_back(&self) {
        self.held().trial = None;
    }

    /// It tells something.
    pub fn tell(&self, record: Record) {
        let _heard_by = self.news.send(record);
    }

    /// Whether somebody listens.
    pub fn is_followed(&self) -> bool {
        self.news.receiver_count() > 0
    }

    fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Held) -> Result<T, Failure>,
    ) -> BoxFuture<'_, Result<T, Failure>> {
        let outcome = if *self.is_there.borrow() { work(&mut self.held()) } else { Err(absent()) };
        Box::pin(async move { outcome })
    }
}

fn absent() -> Failure {
    Failure::new(Kind::Unavailable, "ask", "the firewall", "no firewall program listens at /nowhere")
}

fn conflict(cause: &str) -> Failure {
    Failure::new(Kind::Conflict, "ask", "the firewall", cause)
}

impl Held {
    fn has_policy(&self) -> Result<(), Failure> {
        if self.confirmed.is_none() && self.trial.is_none() {
            return Err(conflict("there is no set for it"));
        }
        Ok(())
    }
}

impl Enforcer for Kernel {
    fn load<'a>(
        &'a self,
        _: &'a Permit,
        trial: String,
        settled: String,
        seconds: u32,
    ) -> BoxFuture<'a, Result<u64, Failure>> {
        self.answer(|held| {
            let generation = held.confirmed.unwrap_or_default() + 1;
            held.loaded.push((trial, settled));
            held.trial = Some((generation, Instant::now() + Duration::from_secs(seconds.into())));
            Ok(generation)
        })
    }

    fn confirm<'a>(&'a self, _: &'a Permit, generation: u64) -> BoxFuture<'a, Result<(), Failure>> {
        self.answer(|held| match held.trial.take() {
            Some((number, _)) if number == generation => {
                held.confirmed = Some(number);
                Ok(())
            }
            _ => Err(conflict("its time is over")),
        })
    }

    fn revert<'a>(&'a self, _: &'a Permit) -> BoxFuture<'a, Result<(), Failure>> {
        self.answer(|held| {
            held.trial = None;
            Ok(())
        })
    }

    fn repair<'a>(&'a self, _: &'a Permit) -> BoxFuture<'a, Result<(), Failure>> {
        self.answer(|held| {
            held.has_policy()?;
            held.repaired += 1;
            Ok(())
        })
    }

    fn open<'a>(
        &'a self,
        _: &'a Permit,
        holes: Vec<(String, Hole, u32)>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        let gate = self.held().gate.clone();
        Box::pin(async move {
            if let Some(gate) = gate {
                drop(gate.acquire().await.unwrap());
            }
            let work = |held: &mut Held| {
                held.has_policy()?;
                let most = held.opens_only.unwrap_or(usize::MAX);
                let is_whole = holes.len() <= most;
                let made = holes.into_iter().take(most);
                held.open.extend(made.map(|(name, hole, seconds)| (name, (hole, seconds))));
                if is_whole { Ok(()) } else { Err(conflict("the set is full")) }
            };
            self.answer(work).await
        })
    }

    fn close<'a>(&'a self, _: &'a Permit, names: Vec<String>) -> BoxFuture<'a, Result<(), Failure>> {
        self.answer(|held| {
            held.open.retain(|name, _| !names.contains(name));
            Ok(())
        })
    }

    fn isolate<'a>(&'a self, _: &'a Permit, address: IpAddr, on: bool) -> BoxFuture<'a, Result<(), Failure>> {
        self.answer(|held| {
            held.has_policy()?;
            held.isolated.retain(|other| *other != address);
            if on {
                held.isolated.push(address);
            }
            if held.has_full_disk {
                return Err(conflict("write isolated: No space left on device"));
            }
            Ok(())
        })
    }

    fn share<'a>(&'a self, _: &'a Permit, lines: Vec<(String, u32)>) -> BoxFuture<'a, Result<(), Failure>> {
        self.answer(|held| {
            held.lines = lines;
            Ok(())
        })
    }

    fn connections(&self) -> BoxFuture<'_, Result<(Vec<Connection>, bool), Failure>> {
        self.answer(|held| Ok((held.connections.clone(), false)))
    }

    fn end<'a>(&'a self, _: &'a Permit, connections: Vec<Connection>) -> BoxFuture<'a, Result<u32, Failure>> {
        self.answer(|held| {
            held.connections.retain(|connection| !connections.contains(connection));
            held.ended.extend(&connections);
            Ok(u32::try_from(connections.len()).unwrap())
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<KernelState, Failure>> {
        self.answer(|held| {
            let left = |ends: Instant| ends.saturating_duration_since(Instant::now()).as_secs();
            held.trial = held.trial.filter(|(_, ends)| *ends > Instant::now());
            Ok(KernelState {
                confirmed: held.confirmed,
                trial: held.trial.map(|(number, ends)| (number, u32::try_from(left(ends)).unwrap())),
                open: held.open.iter().map(|(name, (hole, left))| (name.clone(), *hole, *left)).collect(),
                isolated: held.isolated.clone(),
                counters: held.counters.clone(),
                ..KernelState::default()
            })
        })
    }

    fn follow(&self) -> BoxFuture<'_, Result<Box<dyn Records>, Failure>> {
        let stream = Stream { news: self.news.subscribe(), is_there: self.is_there.subscribe() };
        self.answer(|_| Ok(Box::new(stream) as Box<dyn Records>))
    }
}

struct Stream {
    news: broadcast::Receiver<Record>,
    is_there: watch::Receiver<bool>,
}

impl Records for Stream {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Record>, Failure>> {
        Box::pin(async move {
            tokio::select! {
                _ = self.is_there.wait_for(|is_there| !is_there) => Err(absent()),
                record = self.news.recv() => record.map(|record| vec![record]).map_err(|_| absent()),
            }
        })
    }
}
