//! People and programs that use the appliance all the time, and remember every answer that they got.

use anyhow::{Context as _, bail, ensure};
use api::Client;
use api::access::NewToken;
use api::device::{DeviceQuery, EditDevice};
use api::record::{AuditEntry, AuditQuery};
use e2e::appliance::Appliance;
use lab::random::Dice;
use model::device::Reset;
use model::{Failure, Kind, Role, Scope};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Devices that are renamed; the others are switched and read under the names that they have.
const RENAMED: usize = 2;
/// After no answer at all, before the next try.
const AGAIN: Duration = Duration::from_millis(20);

/// An answer that somebody got: the act's record must be there, and say the same.
#[derive(Clone, Debug)]
pub struct Answered {
    action: &'static str,
    object: Option<String>,
    mark: Option<String>,
    outcome: &'static str,
}

/// The numbers of a device's marks: the last that was acknowledged, and the last that was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    acknowledged: u64,
    asked: u64,
}

/// What one of the workers knows.
#[derive(Debug, Default)]
struct Ledger {
    principal: String,
    answers: VecDeque<Answered>,
    marks: BTreeMap<String, Mark>,
    seen_up_to: u64,
    found: u64,
    unexpected: Option<String>,
}

/// Workers that act until this is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    ledgers: Vec<Arc<Mutex<Ledger>>>,
    workers: Vec<JoinHandle<()>>,
}

/// A kind of work: one round of it.
type Round = fn(&Worker, &mut Dice) -> Result<(), Failure>;

struct Worker {
    client: Client,
    ledger: Arc<Mutex<Ledger>>,
    /// Identifier and name.
    devices: Vec<(String, String)>,
}

impl Load {
    /// Two who switch, two who edit, one who refreshes, one who reads.
    pub fn start(appliance: &Appliance, admin: &Client, seed: u64) -> anyhow::Result<Self> {
        let mut devices: Vec<_> = admin.devices(&DeviceQuery::default())?.devices;
        devices.sort_by_key(|device| device.endpoint.to_string());
        let devices: Vec<_> = devices.into_iter().map(|device| (device.id.0, device.name)).collect();
        ensure!(devices.len() > RENAMED, "too few devices for the load");
        let rounds: [Round; 6] = [switch, switch, label, rename, refresh, read];
        let stop = Arc::new(AtomicBool::new(false));
        let mut load = Self { stop, ledgers: Vec::new(), workers: Vec::new() };
        for (number, round) in rounds.into_iter().enumerate() {
            let label = format!("load {number}");
            let new =
                NewToken { label: label.clone(), role: Role::Administrator, scope: Scope::All, days: 1 };
            let token = admin.create_token(&new)?.token;
            let client = Client::new(&appliance.url(), Some(appliance.certificate()), Some(token))?;
            let ledger = Ledger { principal: client.who_am_i()?.principal, ..Ledger::default() };
            let ledger = Arc::new(Mutex::new(ledger));
            load.ledgers.push(Arc::clone(&ledger));
            let worker = Worker { client, ledger, devices: devices.clone() };
            let (stop, mut dice) = (Arc::clone(&load.stop), Dice::new(seed, &label));
            load.workers.push(thread::spawn(move || worker.work(&stop, round, &mut dice)));
        }
        Ok(load)
    }

    /// Lets everybody finish what they are at.
    pub fn stop(mut self) -> anyhow::Result<Kept> {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            ensure!(worker.join().is_ok(), "a worker panicked");
        }
        Ok(Kept(std::mem::take(&mut self.ledgers)))
    }

    /// Compares what the workers know with what the appliance knows; says how many answers were found again.
    pub fn check(&self, admin: &Client) -> anyhow::Result<u64> {
        check(&self.ledgers, admin)
    }
}

/// What the workers of an ended load know.
pub struct Kept(Vec<Arc<Mutex<Ledger>>>);

impl Kept {
    /// As [`Load::check`].
    pub fn check(&self, admin: &Client) -> anyhow::Result<u64> {
        check(&self.0, admin)
    }
}

fn check(ledgers: &[Arc<Mutex<Ledger>>], admin: &Client) -> anyhow::Result<u64> {
    // First what was answered, then what is written: so nothing can be missing because it is too new.
    let expected: Vec<Vec<Answered>> =
        ledgers.iter().map(|ledger| lock(ledger).answers.drain(..).collect()).collect();
    let marks: Vec<_> = ledgers.iter().map(|ledger| lock(ledger).marks.clone()).collect();
    // Who only reads has no records; the log is not read from its beginning for them.
    let at_work = ledgers.iter().map(|ledger| lock(ledger)).filter(|ledger| ledger.found > 0);
    let seen_up_to = at_work.map(|ledger| ledger.seen_up_to).min().unwrap_or_default();
    let entries = entries_after(admin, seen_up_to)?;
    let mut found = 0;
    for (ledger, expected) in ledgers.iter().zip(expected) {
        let mut ledger = lock(ledger);
        if let Some(unexpected) = &ledger.unexpected {
            bail!("{}: {unexpected}", ledger.principal);
        }
        let (who, seen) = (ledger.principal.clone(), ledger.seen_up_to);
        let own = entries.iter().filter(|entry| entry.actor.as_ref() == Some(&who));
        let mut own = own.filter(|entry| entry.record > seen);
        for answer in expected {
            let entry = own.by_ref().find(|entry| answer.is_in(entry));
            let entry = entry.with_context(|| {
                format!(
                    "LOST: {} was answered {answer:?} after record {}, and the log does not say so",
                    ledger.principal, ledger.seen_up_to
                )
            })?;
            ledger.seen_up_to = entry.record;
            ledger.found += 1;
        }
        found += ledger.found;
    }
    // Fetched after the marks were copied: each must be there, or a later one.
    let devices = admin.devices(&DeviceQuery { limit: 5000, ..DeviceQuery::default() })?.devices;
    for (of, mark) in marks.iter().flatten() {
        let (device, what) = of.split_once('/').context("a mark")?;
        let device = devices.iter().find(|known| known.id.0 == device).context("a device is gone")?;
        let text = if what == "name" { Some(&device.name) } else { device.labels.get("mark") };
        let number = text.and_then(|text| text.rsplit('-').next()?.parse::<u64>().ok()).unwrap_or_default();
        ensure!(
            number >= mark.acknowledged,
            "LOST: {what} {} of {} was acknowledged, and it is {text:?}",
            mark.acknowledged,
            device.id
        );
    }
    Ok(found)
}

/// Entries above a record, oldest first.
fn entries_after(admin: &Client, record: u64) -> anyhow::Result<Vec<AuditEntry>> {
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = admin.audit(&AuditQuery { before, limit: 1000, ..AuditQuery::default() })?;
        let Some(last) = page.last().map(|entry| entry.record) else { break };
        all.extend(page.into_iter().filter(|entry| entry.record > record));
        if last <= record + 1 {
            break;
        }
        before = Some(last);
    }
    all.reverse();
    Ok(all)
}

impl Answered {
    fn is_in(&self, entry: &AuditEntry) -> bool {
        entry.action.as_deref() == Some(self.action)
            && entry.outcome.as_deref() == Some(self.outcome)
            && self.object.as_ref().is_none_or(|object| entry.object.as_ref() == Some(object))
            && self.mark.as_ref().is_none_or(|mark| entry.detail.to_string().contains(&format!("\"{mark}\"")))
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    fn work(&self, stop: &AtomicBool, round: Round, dice: &mut Dice) {
        while !stop.load(Ordering::Relaxed) {
            match round(self, dice) {
                Ok(()) => {}
                Err(failure) if no_answer(&failure) => thread::sleep(AGAIN),
                Err(failure) => {
                    lock(&self.ledger).unexpected.get_or_insert(format!("{failure:?}"));
                    return;
                }
            }
        }
    }

    fn pick(&self, dice: &mut Dice) -> (&str, String) {
        let of = (self.devices.len() - RENAMED) as u64;
        let at = usize::try_from(dice.below(of)).unwrap_or_default();
        let (id, name) = self.devices.get(at).map_or(("", ""), |(id, name)| (id, name));
        (id, format!("device {name}"))
    }

    /// Remembers an answer; what is none goes back.
    fn note<T>(
        &self,
        action: &'static str,
        object: Option<String>,
        mark: Option<String>,
        answer: Result<T, Failure>,
    ) -> Result<(), Failure> {
        let outcome = match answer {
            Ok(_) => "done",
            Err(failure) if is_recorded(&failure) => "failed",
            Err(failure) => return Err(failure),
        };
        lock(&self.ledger).answers.push_back(Answered { action, object, mark, outcome });
        Ok(())
    }

    fn edit(&self, id: &str, what: &str, edit: impl FnOnce(String) -> EditDevice) -> Result<(), Failure> {
        let key = format!("{id}/{what}");
        let number = {
            let mut ledger = lock(&self.ledger);
            let mark = ledger.marks.entry(key.clone()).or_default();
            mark.asked += 1;
            mark.asked
        };
        let text = format!("{what}-{}-{number}", id.replace(|c: char| !c.is_alphanumeric(), ""));
        let answer = self.client.edit(id, &edit(text.clone()));
        if answer.is_ok() {
            lock(&self.ledger).marks.entry(key).or_default().acknowledged = number;
        }
        self.note("device.edit", None, Some(text), answer)
    }
}

/// Whether there was no answer, or one that says that the appliance could not even begin.
fn no_answer(failure: &Failure) -> bool {
    failure.subject.starts_with("https://") || matches!(failure.kind, Kind::Unavailable | Kind::Throttled)
}

/// Whether a failure is the outcome of an act that was begun, and so must have been written down.
fn is_recorded(failure: &Failure) -> bool {
    !no_answer(failure)
        && !matches!(failure.kind, Kind::Refused | Kind::Unauthenticated | Kind::NotFound | Kind::Invalid)
}

fn switch(worker: &Worker, dice: &mut Dice) -> Result<(), Failure> {
    let (id, object) = worker.pick(dice);
    let reset = match dice.below(5) {
        0 => Reset::On,
        1 => Reset::ForceOff,
        2 => Reset::GracefulShutdown,
        3 => Reset::ForceRestart,
        _ => Reset::PowerCycle,
    };
    worker.note("device.power", Some(object), Some(reset.word().to_owned()), worker.client.switch(id, reset))
}

fn label(worker: &Worker, dice: &mut Dice) -> Result<(), Failure> {
    let (id, _) = worker.pick(dice);
    worker.edit(id, "label", |text| EditDevice {
        name: None,
        labels: Some(BTreeMap::from([("mark".to_owned(), text)])),
    })
}

fn rename(worker: &Worker, dice: &mut Dice) -> Result<(), Failure> {
    let at = usize::try_from(dice.below(RENAMED as u64)).unwrap_or_default();
    let id = worker.devices.iter().rev().nth(at).map_or("", |(id, _)| id);
    worker.edit(id, "name", |text| EditDevice { name: Some(text), labels: None })
}

fn refresh(worker: &Worker, dice: &mut Dice) -> Result<(), Failure> {
    let (id, object) = worker.pick(dice);
    worker.note("device.refresh", Some(object), None, worker.client.refresh(id))
}

fn read(worker: &Worker, _dice: &mut Dice) -> Result<(), Failure> {
    worker.client.audit(&AuditQuery::default())?;
    worker.client.devices(&DeviceQuery::default())?;
    worker.client.findings().map(drop)
}
