//! Works a job: begins what the queue says, writes down what became of it, tells everybody.

use super::{Each, Job, Jobs, Next, Queue};
use model::Failure;
use model::event::What;
use model::job::{Item, Outcome, State};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The acts of a job that run, each with its item's position.
type Acts = JoinSet<(usize, Option<Failure>)>;

impl Jobs {
    pub(super) fn spawn(&self, id: u64, each: Each) {
        let this = self.clone();
        self.0.running.spawn(async move { this.work(id, &each).await });
    }

    async fn work(&self, id: u64, each: &Each) {
        let Some((mut queue, stop)) = self.queue(id) else { return };
        let mut acts = Acts::new();
        while !stop.is_cancelled() && !self.0.closing.is_cancelled() {
            let wait = match queue.next(Instant::now()) {
                Next::Start(at) => {
                    self.start_one(id, at, each, &mut acts).await;
                    continue;
                }
                Next::Empty => break,
                Next::Full => None,
                Next::Wait(until) => Some(until),
            };
            tokio::select! {
                Some(ended) = acts.join_next() => self.one_ended(id, ended, &mut queue).await,
                () = sleep_until(wait.unwrap_or_else(Instant::now)), if wait.is_some() => {}
                () = stop.cancelled() => {}
                () = self.0.closing.cancelled() => {}
            }
            if let Some(why) = queue.too_many_failed() {
                // It may have been stopped by somebody in the same moment.
                drop(self.stop(id, &why).await);
            }
        }
        while let Some(ended) = acts.join_next().await {
            self.one_ended(id, ended, &mut queue).await;
        }
        self.settle(id).await;
    }

    fn queue(&self, id: u64) -> Option<(Queue, CancellationToken)> {
        let jobs = self.lock();
        let entry = jobs.get(&id)?;
        let waiting = entry.job.items.iter().enumerate();
        let waiting = waiting.filter(|(_, item)| item.outcome == Outcome::Waiting);
        let queue = Queue::new(&entry.job.record.pacing, waiting.map(|(at, item)| (at, item.group.as_str())));
        Some((queue, entry.stop.clone()))
    }

    /// That it runs is written down before it does: after a crash it is known that it may have been done.
    async fn start_one(&self, id: u64, at: usize, each: &Each, acts: &mut Acts) {
        let now = self.now();
        let begun = self.change(id, at, |item| {
            item.outcome = Outcome::Running;
            item.began_at = Some(now);
        });
        let Some((item, actor)) = begun else { return };
        self.write_item(id, at, &item).await;
        self.tell(id);
        let act = each(actor, item.device);
        acts.spawn(async move { (at, act.await.err()) });
    }

    async fn one_ended(
        &self,
        id: u64,
        ended: Result<(usize, Option<Failure>), tokio::task::JoinError>,
        queue: &mut Queue,
    ) {
        // `Door::run` turns a crash of an act into a failure, so a join error does not happen.
        let Ok((at, failure)) = ended else { return };
        queue.ended(at, failure.is_some());
        let now = self.now();
        let changed = self.change(id, at, |item| {
            item.outcome = failure.map_or(Outcome::Done, |failure| Outcome::Failed { failure });
            item.ended_at = Some(now);
        });
        if let Some((item, _)) = changed {
            self.write_item(id, at, &item).await;
        }
        self.tell(id);
    }

    /// Takes note that nothing of it runs any more.
    async fn settle(&self, id: u64) {
        let now = self.now();
        let job = {
            let mut jobs = self.lock();
            let Some(entry) = jobs.get_mut(&id) else { return };
            let ended = entry.job.items.iter().all(|item| item.outcome.has_ended());
            if ended {
                entry.job.record.state = State::Ended;
            } else if entry.job.record.state == State::Running {
                // The appliance stops; the next start takes it up.
                return;
            }
            entry.job.record.ended_at = Some(now);
            entry.job.clone()
        };
        self.write(&job).await;
        self.tell(id);
    }

    fn change(&self, id: u64, at: usize, change: impl FnOnce(&mut Item)) -> Option<(Item, model::Actor)> {
        let mut jobs = self.lock();
        let job = &mut jobs.get_mut(&id)?.job;
        let item = job.items.get_mut(at)?;
        change(item);
        Some((item.clone(), job.record.actor.clone()))
    }

    pub(super) fn tell(&self, id: u64) {
        let Some(job) = self.summary(id) else { return };
        let progress = What::JobProgress { job: id, done: job.done, failed: job.failed, total: job.total };
        self.0.door.events().tell(progress);
    }

    pub(super) async fn write(&self, job: &Job) {
        let ended = job.has_ended();
        let written = match serde_json::to_value(&job.record) {
            Ok(record) => {
                self.store().put_job(job.id, record, ended).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            tracing::warn!(job = job.id, error, "where a job is could not be written down");
        }
    }

    pub(super) async fn write_item(&self, id: u64, at: usize, item: &Item) {
        if let Err(error) = self.store().put_job_item(id, at, item).await {
            tracing::warn!(job = id, device = %item.device, %error, "what became of a device could not be written down");
        }
    }
}
