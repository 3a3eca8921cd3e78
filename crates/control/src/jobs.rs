//! The same act on many devices: each authorised and written down for itself, a few at a time, with progress.

use crate::Door;
use model::command::{Command, Part};
use model::device::DeviceId;
use model::event::What;
use model::{Actor, Failure};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

/// So many jobs are remembered.
const MOST: usize = 100;

/// How many acts of a job run at once: switching a whole hall on in one second trips breakers.
const AT_ONCE: usize = 16;

/// A job, as pages and API show it.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// What it does, for people.
    pub title: String,
    /// Who started it.
    pub by: String,
    /// How many acts there are.
    pub total: usize,
    /// What became of those that ended: nothing, or the failure.
    pub results: BTreeMap<DeviceId, Option<Failure>>,
}

impl Job {
    /// How many acts failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.values().flatten().count()
    }

    /// Whether all acts have ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.results.len() == self.total
    }
}

/// The jobs of this life of the appliance. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    door: Door,
    jobs: Arc<Mutex<BTreeMap<u64, Job>>>,
    next: Arc<AtomicU64>,
    running: TaskTracker,
}

impl Jobs {
    /// No jobs yet.
    #[must_use]
    pub fn new(door: Door) -> Self {
        Self { door, jobs: Arc::default(), next: Arc::new(AtomicU64::new(1)), running: TaskTracker::new() }
    }

    /// Starts a job and comes back with its number at once. A device that is named twice counts once.
    pub fn start<C, P>(
        &self,
        actor: &Actor,
        title: String,
        part: Arc<P>,
        mut commands: Vec<(DeviceId, C)>,
    ) -> u64
    where
        C: Command,
        P: Part<C> + ?Sized + 'static,
    {
        let mut named = HashSet::new();
        commands.retain(|(device, _)| named.insert(device.clone()));
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (by, total) = (actor.principal.to_string(), commands.len());
        let job = Job { id, title, by, total, results: BTreeMap::new() };
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(id, job);
        // The oldest go first, but never one that still runs.
        while jobs.len() > MOST
            && let Some(old) = jobs.values().find(|job| job.has_ended()).map(|job| job.id)
        {
            jobs.remove(&old);
        }
        drop(jobs);
        let (this, actor) = (self.clone(), actor.clone());
        self.running.spawn(async move { this.work(id, &actor, &part, commands).await });
        id
    }

    async fn work<C, P>(&self, id: u64, actor: &Actor, part: &Arc<P>, commands: Vec<(DeviceId, C)>)
    where
        C: Command,
        P: Part<C> + ?Sized + 'static,
    {
        let mut acts = JoinSet::new();
        for (device, command) in commands {
            if acts.len() >= AT_ONCE {
                self.one_ended(id, acts.join_next().await);
            }
            let (door, part, actor) = (self.door.clone(), Arc::clone(part), actor.clone());
            acts.spawn(async move {
                let result = door.run(&actor, &part, command).await;
                (device, result.err())
            });
        }
        while let Some(ended) = acts.join_next().await {
            self.one_ended(id, Some(ended));
        }
    }

    fn one_ended(&self, id: u64, ended: Option<Result<(DeviceId, Option<Failure>), tokio::task::JoinError>>) {
        // `Door::run` turns a crash of an act into a failure, so a join error does not happen.
        let Some(Ok((device, failure))) = ended else { return };
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(job) = jobs.get_mut(&id) else { return };
        job.results.insert(device, failure);
        let (done, failed, total) = (job.results.len(), job.failed(), job.total);
        drop(jobs);
        self.door.events().tell(What::JobProgress { job: id, done, failed, total });
    }

    /// A job.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<Job> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// All of them, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Job> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).values().rev().cloned().collect()
    }

    /// Waits until every job has ended.
    pub async fn close(&self) {
        self.running.close();
        self.running.wait().await;
    }
}
