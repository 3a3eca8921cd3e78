//! Discovery: asks the addresses of a range whether a Redfish service is there, paced and resumable.
//!
//! A sweep sends no credential: it connects, looks at the certificate, and gets the service root.
//!
//! | module | what it does |
//! |---|---|
//! | [`ask`] | what accepted a connection: certificate, service root |
//! | [`claim`] | what a service root says to anybody; pure |
//! | [`connect`] | one address: a connection, or why there is none |
//! | [`neighbours`] | who is on the same wire, and how many may be asked for at the same time |
//! | [`pace`] | when the next is asked, and how many wait at the same time; pure |
//! | [`plan`] | which address is asked, and how far the sweep is; pure |
//! | [`run`] | a sweep under way |

mod ask;
pub mod claim;
mod connect;
pub mod neighbours;
pub mod pace;
pub mod plan;
mod run;

use crate::fleet::Shared;
use ipnet::IpNet;
use model::book::SweepRecord;
use model::command::bmc::{Discover, StopSweep};
use model::{Failure, Kind, Object, Permit};
use plan::Walk;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

const OPERATION: &str = "sweep";

/// So many cursors of stopped sweeps are remembered where the book does not keep them.
const MOST_CURSORS: usize = 256;

/// The sweeps under way, and where stopped ones go on.
pub struct Sweeps {
    at_once: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    running: BTreeMap<u64, Running>,
    /// Being begun: held while the book is asked.
    beginning: Vec<(IpNet, u16)>,
    stopped: HashMap<(IpNet, u16), SweepRecord>,
}

struct Running {
    range: IpNet,
    port: u16,
    stop: CancellationToken,
}

impl Sweeps {
    /// None yet; at most so many at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a sweep of this range.
    fn reserve(&self, range: IpNet, port: u16) -> Result<(), Failure> {
        let mut state = self.lock();
        let fail = |kind, cause: String| Err(Failure::new(kind, OPERATION, range.to_string(), cause));
        if let Some((number, _)) = state.running.iter().find(|(_, it)| (it.range, it.port) == (range, port)) {
            return fail(Kind::Conflict, format!("sweep {number} asks this range already"));
        }
        if state.beginning.contains(&(range, port)) {
            return fail(Kind::Conflict, "a sweep of this range is being started".into());
        }
        if state.running.len() + state.beginning.len() >= self.at_once {
            return fail(Kind::Busy, format!("{} sweeps run already; stop one or wait", self.at_once));
        }
        state.beginning.push((range, port));
        Ok(())
    }

    /// Turns the place into a running sweep: the book's record, or the one remembered here, or a new one.
    fn start(
        &self,
        range: IpNet,
        command: &Discover,
        kept: Option<SweepRecord>,
        stop: CancellationToken,
    ) -> SweepRecord {
        let mut state = self.lock();
        let port = command.port;
        state.beginning.retain(|it| *it != (range, port));
        let remembered = if command.near_only { None } else { state.stopped.remove(&(range, port)) };
        let number = state.last + 1;
        let fresh = || SweepRecord {
            number,
            range,
            port,
            rate: command.rate,
            cursor: 0,
            asked: 0,
            found: 0,
            ended: false,
        };
        let mut record = kept.or(remembered).unwrap_or_else(fresh);
        record.rate = command.rate;
        state.last = state.last.max(record.number);
        state.running.insert(record.number, Running { range, port, stop });
        record
    }

    /// How many of `all` places a running sweep may take: as many as any other.
    fn share(&self, all: usize) -> usize {
        (all / self.lock().running.len().max(1)).max(1)
    }

    fn give_up(&self, range: IpNet, port: u16) {
        self.lock().beginning.retain(|it| *it != (range, port));
    }

    /// A sweep came to its end, or was stopped.
    fn ended(&self, record: SweepRecord) {
        let mut state = self.lock();
        state.running.remove(&record.number);
        // Nothing of the range is done: there is nothing to go on from.
        if !record.ended && record.cursor > 0 && state.stopped.len() < MOST_CURSORS {
            state.stopped.insert((record.range, record.port), record);
        }
    }
}

/// What a sweep is about, for whoever decides on it.
pub(crate) fn object(shared: &Shared, command: &Discover) -> Object {
    Object::Range { range: command.range.to_string(), zone: shared.book.zone_of(command.range) }
}

/// What a running sweep is about.
///
/// # Errors
/// If no such sweep runs.
pub(crate) fn object_of_running(shared: &Shared, command: &StopSweep) -> Result<Object, Failure> {
    let state = shared.sweeps.lock();
    let range =
        state.running.get(&command.sweep).map(|running| running.range).ok_or_else(|| none(command))?;
    Ok(Object::Range { range: range.to_string(), zone: shared.book.zone_of(range) })
}

/// Begins a sweep and comes back with its number; it goes on where one of the same range was stopped.
///
/// # Errors
/// If the range, port or rate make no sense, the range is being swept, or too many sweeps run.
pub(crate) async fn begin(shared: Arc<Shared>, _permit: Permit, command: Discover) -> Result<u64, Failure> {
    let range = command.range.trunc();
    let invalid = |cause: String| Err(Failure::new(Kind::Invalid, OPERATION, range.to_string(), cause));
    let most = shared.config.sweep_rate_limit.max(1);
    if command.port == 0 {
        return invalid("port 0 is none".into());
    }
    if command.rate == 0 || command.rate > most {
        return invalid(format!("a rate of {} is not between 1 and {most} addresses a second", command.rate));
    }
    if range.network().is_multicast() {
        return invalid("these are addresses of groups, and no controller has one".into());
    }
    let walk = Walk::over(range)?;
    if command.near_only && !neighbours::links().touches(range) {
        return invalid("it is not on the appliance's own wire, or IPv6, so its neighbours are not known; sweep the whole range".into());
    }
    if shared.closing.is_cancelled() {
        return Err(Failure::new(
            Kind::Unavailable,
            OPERATION,
            range.to_string(),
            "the appliance is stopping",
        ));
    }
    shared.sweeps.reserve(range, command.port)?;
    let kept = match shared.book.sweep_begun(range, command.port, command.rate, command.near_only).await {
        Ok(kept) => kept,
        Err(failure) => {
            shared.sweeps.give_up(range, command.port);
            return Err(failure);
        }
    };
    let stop = shared.closing.child_token();
    let record = shared.sweeps.start(range, &command, kept, stop.clone());
    let number = record.number;
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let near_only = command.near_only;
        let record = run::run(shared.clone(), run::Task { record, walk, near_only }, stop).await;
        shared.sweeps.ended(record);
    });
    Ok(number)
}

/// Stops a running sweep; what was found stays, and the same range goes on from there.
///
/// # Errors
/// If no such sweep runs.
pub(crate) async fn stop(shared: &Shared, command: &StopSweep) -> Result<(), Failure> {
    let state = shared.sweeps.lock();
    state.running.get(&command.sweep).ok_or_else(|| none(command))?.stop.cancel();
    Ok(())
}

fn none(command: &StopSweep) -> Failure {
    Failure::new(Kind::NotFound, "stop", format!("sweep {}", command.sweep), "no such sweep runs")
}
