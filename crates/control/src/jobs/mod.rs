//! The same act on many devices: each authorised and written down for itself, so many at a time, by groups,
//! with progress; stopped by a person or by too many failures, and taken up again after a restart.
//!
//! | module | what it does |
//! |---|---|
//! | [`job`] | a job as it is kept; pure |
//! | [`queue`] | which device comes next, and when; pure |
//! | `run` | works a job |

mod job;
mod queue;
mod run;

pub use job::{Job, Record, Summary};
pub use queue::{Next, Queue};

use crate::{Door, Records};
use jiff::Timestamp;
use model::command::bmc::{Controllers, Refresh, SwitchPower};
use model::command::records::SetStage;
use model::command::{BoxFuture, Command, Part};
use model::device::DeviceId;
use model::job::{Act, Item, Pacing, State};
use model::{Action, Actor, Failure, Kind, Object};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many jobs that ended are kept.
const MOST: usize = 100;
/// So many devices of ended jobs are held in memory; the oldest jobs go first.
const MOST_ITEMS: usize = 50_000;
/// Numbers of jobs that could not be written down begin here (a full disk must not keep servers from being
/// switched off).
const UNWRITTEN: u64 = 1_000_000_000;

/// Does it to one device.
type Each = Arc<dyn Fn(Actor, DeviceId) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// The jobs. Cheap to clone; every clone is the same ones.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    door: Door,
    controllers: Arc<dyn Controllers>,
    records: Arc<Records>,
    jobs: Mutex<BTreeMap<u64, Entry>>,
    running: TaskTracker,
    closing: CancellationToken,
}

struct Entry {
    job: Job,
    /// Cancelled by whoever stops it.
    stop: CancellationToken,
}

impl Jobs {
    /// The jobs that are kept. Those that a restart broke off go on by themselves, unless they take servers
    /// away from people: these wait for somebody to resume them.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(
        door: Door,
        controllers: Arc<dyn Controllers>,
        records: Arc<Records>,
    ) -> Result<Self, store::Error> {
        let kept = door.book().store().jobs().await?;
        let jobs = Self(Arc::new(Inner {
            door,
            controllers,
            records,
            jobs: Mutex::default(),
            running: TaskTracker::new(),
            closing: CancellationToken::new(),
        }));
        for row in kept {
            let Ok(record) = serde_json::from_value::<Record>(row.record) else {
                tracing::warn!(
                    job = row.number,
                    "the record of a job cannot be understood; it is left alone"
                );
                continue;
            };
            jobs.take_up(Job { id: row.number, record, items: row.items }).await;
        }
        Ok(jobs)
    }

    async fn take_up(&self, mut job: Job) {
        let before = job.clone();
        let goes_on = job.take_up(self.now());
        if job != before {
            tracing::info!(job = job.id, goes_on, "a job was broken off by a restart");
            let changed =
                job.items.iter().zip(&before.items).enumerate().filter(|(_, (now, was))| now != was);
            for (position, (item, _)) in changed {
                self.write_item(job.id, position, item).await;
            }
            self.write(&job).await;
        }
        let (id, act) = (job.id, job.record.act);
        self.remember(job);
        if let (true, Some(act)) = (goes_on, act) {
            self.spawn(id, self.doer(act));
        }
    }

    /// Starts a job that can be stopped and taken up again; comes back with its number at once. A device that
    /// is named twice counts once.
    pub async fn start(
        &self,
        actor: &Actor,
        title: String,
        act: Act,
        pacing: Pacing,
        devices: Vec<DeviceId>,
    ) -> u64 {
        self.begin(actor, title, Some(act), pacing, devices, self.doer(act)).await
    }

    /// Starts a job of commands that are not kept, because of what is in them.
    pub async fn start_once<C, P>(
        &self,
        actor: &Actor,
        title: String,
        part: Arc<P>,
        commands: Vec<(DeviceId, C)>,
    ) -> u64
    where
        C: Command,
        P: Part<C> + ?Sized + 'static,
    {
        let devices = commands.iter().map(|(device, _)| device.clone()).collect();
        // Of two commands for one device the first counts.
        let commands: HashMap<DeviceId, C> = commands.into_iter().rev().collect();
        let (commands, door) = (Mutex::new(commands), self.0.door.clone());
        let each: Each = Arc::new(move |actor, device| {
            let command = commands.lock().unwrap_or_else(PoisonError::into_inner).remove(&device);
            let (door, part) = (door.clone(), Arc::clone(&part));
            Box::pin(async move {
                let Some(command) = command else { return Ok(()) };
                door.run(&actor, &part, command).await.map(drop)
            })
        });
        self.begin(actor, title, None, Pacing::default(), devices, each).await
    }

    async fn begin(
        &self,
        actor: &Actor,
        title: String,
        act: Option<Act>,
        pacing: Pacing,
        devices: Vec<DeviceId>,
        each: Each,
    ) -> u64 {
        let mut named = HashSet::new();
        let devices = devices.into_iter().filter(|device| named.insert(device.clone()));
        let items: Vec<Item> = devices.map(|device| self.item(device, &pacing)).collect();
        let record = Record {
            title,
            actor: actor.clone(),
            act,
            pacing,
            state: State::Running,
            began_at: self.now(),
            ended_at: None,
        };
        let written = match serde_json::to_value(&record) {
            Ok(json) => {
                self.store().add_job(json, items.clone(), MOST).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        let id = written.unwrap_or_else(|error| {
            tracing::warn!(error, "a job could not be written down; it runs, and a restart ends it");
            let last = self.lock().keys().next_back().copied().unwrap_or_default();
            last.max(UNWRITTEN) + 1
        });
        self.remember(Job { id, record, items });
        self.tell(id);
        self.spawn(id, each);
        id
    }

    /// An item with its group: the value of the label that groups, by which also those without it are one.
    fn item(&self, device: DeviceId, pacing: &Pacing) -> Item {
        let found = self.0.door.book().named(&device.0).ok();
        let label = pacing.group_by.as_ref().and_then(|label| found.as_ref()?.labels.get(label).cloned());
        Item::new(device, label.unwrap_or_default())
    }

    /// Stops a job: nothing more is begun; what runs ends. `why` is shown.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` if it does not run.
    pub async fn stop(&self, id: u64, why: &str) -> Result<(), Failure> {
        let job = {
            let mut jobs = self.lock();
            let entry = jobs.get_mut(&id).ok_or_else(|| no_such("stop", id))?;
            if entry.job.record.state != State::Running {
                return Err(Failure::new(Kind::Conflict, "stop", format!("job {id}"), "it does not run"));
            }
            entry.job.record.state = State::Stopped { why: why.into() };
            entry.stop.cancel();
            entry.job.clone()
        };
        // Now, and not when its last act has ended: a restart must not go on with what somebody stopped.
        self.write(&job).await;
        self.tell(id);
        Ok(())
    }

    /// Goes on with a stopped job, from now on in this actor's name and by this actor's rights.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` if it is not stopped, still ends its last acts, or cannot be resumed.
    pub async fn resume(&self, id: u64, actor: &Actor) -> Result<(), Failure> {
        let conflict = |cause: &str| Failure::new(Kind::Conflict, "resume", format!("job {id}"), cause);
        let (job, act) = {
            let mut jobs = self.lock();
            let entry = jobs.get_mut(&id).ok_or_else(|| no_such("resume", id))?;
            let Some(act) = entry.job.record.act else {
                return Err(conflict("what it was to do is not kept").hint("start it anew"));
            };
            if !entry.job.can_resume() {
                return Err(conflict("it is not stopped"));
            }
            if entry.job.is_running() {
                return Err(conflict("its last acts still run").hint("wait until they have ended"));
            }
            entry.job.record.state = State::Running;
            entry.job.record.ended_at = None;
            entry.job.record.actor = actor.clone();
            entry.stop = CancellationToken::new();
            (entry.job.clone(), act)
        };
        self.write(&job).await;
        self.tell(id);
        self.spawn(id, self.doer(act));
        Ok(())
    }

    /// A job.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Job> {
        self.lock().get(&id).map(|entry| entry.job.clone())
    }

    /// In whose name a job's acts are done.
    #[must_use]
    pub fn starter(&self, id: u64) -> Option<model::Principal> {
        self.lock().get(&id).map(|entry| entry.job.record.actor.principal.clone())
    }

    /// Whether the actor may stop the job, or go on with it: who started it, who may do to each of its devices
    /// what it does, and who administers the whole appliance.
    #[must_use]
    pub fn may_steer(&self, id: u64, actor: &Actor) -> bool {
        let Some(job) = self.get(id) else { return false };
        let may = |act: Act, item: &Item| {
            let device = self.0.door.book().named(&item.device.0).ok();
            device.is_some_and(|device| self.0.door.may(actor, act.action(), &device.object()).allowed)
        };
        let may_all = |act: Act| !job.items.is_empty() && job.items.iter().all(|item| may(act, item));
        job.record.actor.principal == actor.principal
            || job.record.act.is_some_and(may_all)
            || self.0.door.may(actor, Action::DeviceAdopt, &Object::Appliance).allowed
    }

    /// Refuses who may not stop a job or go on with it. Whether there is such a job at all is told to those who
    /// read the audit log.
    ///
    /// # Errors
    /// `NotFound` or `Refused`.
    pub fn check_steer(&self, id: u64, actor: &Actor, verb: &str) -> Result<(), Failure> {
        if self.may_steer(id, actor) {
            return Ok(());
        }
        if self.starter(id).is_none() && self.0.door.may(actor, Action::AuditView, &Object::Appliance).allowed
        {
            return Err(no_such(verb, id));
        }
        let cause = "only who started it may, or who may do the same to each of its devices";
        Err(Failure::new(Kind::Refused, verb, format!("job {id}"), cause))
    }

    /// A job without its items.
    #[must_use]
    pub fn summary(&self, id: u64) -> Option<Summary> {
        self.lock().get(&id).map(|entry| entry.job.summary())
    }

    /// All of them, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Summary> {
        self.lock().values().rev().map(|entry| entry.job.summary()).collect()
    }

    /// Waits until every job that runs has ended or was stopped.
    pub async fn close(&self) {
        self.0.running.close();
        self.0.running.wait().await;
        self.0.running.reopen();
    }

    /// Begins nothing more and waits for what runs; the next start takes the jobs up.
    pub async fn pause(&self) {
        self.0.closing.cancel();
        self.0.running.close();
        self.0.running.wait().await;
    }

    fn doer(&self, act: Act) -> Each {
        let (door, controllers) = (self.0.door.clone(), Arc::clone(&self.0.controllers));
        let records = Arc::clone(&self.0.records);
        Arc::new(move |actor, device| {
            let (door, controllers, records) = (door.clone(), Arc::clone(&controllers), Arc::clone(&records));
            Box::pin(async move {
                match act {
                    Act::Power { reset } => {
                        door.run(&actor, &controllers, SwitchPower { device, reset }).await.map(drop)
                    }
                    Act::Refresh => door.run(&actor, &controllers, Refresh { device }).await,
                    Act::Stage { stage } => door.run(&actor, &records, SetStage { device, stage }).await,
                }
            })
        })
    }

    /// Refuses what some act of the job would be refused for; for those who would rather start none. The refusal
    /// is written down.
    ///
    /// # Errors
    /// `NotFound` or `Refused`.
    pub async fn admit(&self, actor: &Actor, act: Act, device: DeviceId) -> Result<(), Failure> {
        let inner = &self.0;
        match act {
            Act::Power { reset } => {
                inner.door.admit(actor, &*inner.controllers, &SwitchPower { device, reset }).await
            }
            Act::Refresh => inner.door.admit(actor, &*inner.controllers, &Refresh { device }).await,
            Act::Stage { stage } => {
                inner.door.admit(actor, &*inner.records, &SetStage { device, stage }).await
            }
        }
        .map(drop)
    }

    fn remember(&self, job: Job) {
        let mut jobs = self.lock();
        jobs.insert(job.id, Entry { job, stop: CancellationToken::new() });
        // The oldest go first, but never one that still runs or could be resumed.
        let ended = |entry: &&Entry| entry.job.has_ended();
        while jobs.values().filter(ended).map(|entry| entry.job.items.len()).sum::<usize>() > MOST_ITEMS
            || jobs.len() > MOST
        {
            let Some(old) = jobs.values().find(ended).map(|entry| entry.job.id) else { break };
            jobs.remove(&old);
        }
    }

    fn now(&self) -> Timestamp {
        self.0.door.book().now()
    }

    fn store(&self) -> &store::Store {
        self.0.door.book().store()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_such(operation: &str, id: u64) -> Failure {
    Failure::new(Kind::NotFound, operation, format!("job {id}"), "there is no such job")
        .hint("only so many ended jobs are kept; the audit log has every act")
}
