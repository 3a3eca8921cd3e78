//! One controller's task: orders first, then readings. It alone speaks to the controller.

use super::link::{Link, members};
use super::schedule::{Errand, Schedule};
use super::trouble::Trouble;
use super::{Order, Shared, Slot};
use crate::client::ROOT;
use crate::power::system;
use crate::read;
use model::book::Observation;
use model::device::{DeviceId, Health, Power};
use model::event::Ended;
use model::{Failure, Kind, Permit};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// So many systems of one controller are polled: a multi-node enclosure's controller has up to eight.
const MOST_SYSTEMS: usize = 8;

/// One controller's owner.
pub struct Owner {
    pub(super) shared: Arc<Shared>,
    pub(super) id: DeviceId,
    pub(super) link: Link,
    pub(super) stop: CancellationToken,
    /// Orders that came while another one was carried out; at most a mailbox full.
    pub(super) waiting: VecDeque<Order>,
    schedule: Schedule,
    systems: Vec<String>,
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
    let mut keeper = Keeper { owner: Owner::new(shared, id, left, stop, fresh, spread) };
    keeper.owner.serve(&mut inbox).await;
    Box::pin(keeper.owner.end(&mut inbox)).await;
}

/// Hands sessions that are still open to the next owner, whatever way this one ends.
struct Keeper {
    owner: Owner,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let left = self.owner.link.take_suspects();
        self.owner.shared.leave(&self.owner.id, left);
    }
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
        let limit = Duration::from_secs(config.backoff_limit.max(1));
        let now = Instant::now();
        let mut schedule =
            Schedule::new(&id, config.poll(), config.inventory(), limit, spread.min(config.poll()), now);
        let link = Link::new(shared.clone(), id.clone(), left);
        if fresh {
            schedule.want_inventory(now);
        } else if link.must_clean() {
            schedule.hurry(now);
        }
        Self { shared, id, link, stop, waiting: VecDeque::new(), schedule, systems: Vec::new() }
    }

    async fn serve(&mut self, inbox: &mut Receiver<Box<Order>>) {
        while !self.stop.is_cancelled() {
            if let Some(order) = self.waiting.pop_front() {
                Box::pin(self.carry_out(order, inbox)).await;
                continue;
            }
            let (due, errand) = self.schedule.next();
            let stop = self.stop.clone();
            // Orders go before readings. Both are boxed: a task that waits, as most of a thousand do, stays small.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(order) = inbox.recv() => Box::pin(self.carry_out(*order, inbox)).await,
                () = sleep_until(due) => Box::pin(self.errand(errand, inbox)).await,
            }
        }
    }

    /// Reads what is due. An order that comes meanwhile breaks the reading off, which stays due.
    async fn errand(&mut self, errand: Errand, inbox: &mut Receiver<Box<Order>>) {
        // Signing in is never broken off half-way: whether a session was opened would not be known.
        let mut result = self.prepare().await;
        if result.is_ok() {
            let stop = self.stop.clone();
            result = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(order) = inbox.recv() => {
                    self.waiting.push_back(*order);
                    return;
                }
                result = self.read(errand) => result,
            };
        }
        self.settle(errand, &result);
    }

    /// Signs in. After a crash many devices have sessions to close first; only so many do so at once.
    async fn prepare(&mut self) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let _turn = if self.link.must_clean() { shared.cleaning.acquire().await.ok() } else { None };
        self.link.ready().await.map(drop)
    }

    async fn read(&mut self, errand: Errand) -> Result<(), Trouble> {
        match errand {
            Errand::Poll => self.poll().await,
            Errand::Inventory => self.inventory().await,
        }
    }

    /// Takes note of how a reading went and tells the book what it cannot know otherwise.
    fn settle(&mut self, errand: Errand, result: &Result<(), Trouble>) {
        let now = Instant::now();
        let word = match errand {
            Errand::Poll => "poll",
            Errand::Inventory => "inventory",
        };
        let ended = if result.is_ok() { "done" } else { "failed" };
        metrics::counter!(crate::metrics::READINGS, "errand" => word, "result" => ended).increment(1);
        let Err(trouble) = result else {
            self.schedule.done(errand, now);
            if self.shared.config.close_idle {
                self.link.rest();
            }
            return;
        };
        let pause = self.schedule.failed(now);
        tracing::debug!(device = %self.id, %trouble, pause_s = pause.as_secs(), "a reading failed");
        self.report(trouble);
    }

    /// Tells the book that the controller could not be asked.
    pub(super) fn report(&self, trouble: &Trouble) {
        let device = self.id.clone();
        if let Trouble::Request(error) = trouble
            && let Some(presented) = error.presented()
        {
            self.shared
                .book
                .observe(Observation::CertificateChanged { device, presented: presented.clone() });
        } else if !matches!(trouble, Trouble::Gone) {
            self.shared.book.observe(Observation::Unreachable { device, cause: trouble.to_string() });
        }
    }

    async fn poll(&mut self) -> Result<(), Trouble> {
        let systems = self.systems().await?.to_vec();
        let mut power = None;
        let mut health = None;
        for path in systems {
            let reading = self.reading(&path).await?;
            power = power.or(Some(reading.power));
            health = health.max(Some(reading.health).filter(|health| *health != Health::Unknown));
        }
        let power = power.unwrap_or(Power::Unknown);
        self.shared.book.observe(Observation::StateRead { device: self.id.clone(), power, health });
        Ok(())
    }

    /// Reads one system. If it is gone the systems are looked for again next time.
    pub(super) async fn reading(&mut self, path: &str) -> Result<system::Reading, Trouble> {
        match self.link.get(path).await {
            Ok(document) => Ok(system::read(&document.value)),
            Err(trouble) => {
                if matches!(&trouble, Trouble::Request(error) if error.status() == Some(404)) {
                    self.systems.clear();
                }
                Err(trouble)
            }
        }
    }

    /// The paths of the controller's systems: remembered, or found from the service root.
    pub(super) async fn systems(&mut self) -> Result<&[String], Trouble> {
        if self.systems.is_empty() {
            let root = self.link.get(ROOT).await?;
            if let Some(collection) = root.link("/Systems") {
                let collection = self.link.get(collection).await?;
                let mut found = members(&collection.value);
                found.truncate(MOST_SYSTEMS);
                self.systems = found;
            }
        }
        Ok(&self.systems)
    }

    async fn inventory(&mut self) -> Result<(), Trouble> {
        // The first document beyond the root tells whether the session still stands, and opens another if not.
        self.systems.clear();
        if let Err(trouble) = self.systems().await
            && (trouble.needs_help() || trouble.is_unsent())
        {
            return Err(trouble);
        }
        let limit = Duration::from_secs(self.shared.config.inventory_timeout.max(1));
        let bounds = read::Bounds { time: limit, ..read::Bounds::default() };
        let now = self.shared.clock.now();
        let client = self.link.ready().await?;
        let how = read::How { bounds, keep: true, ..read::How::default() };
        let reading = read::reading_within(client, how, now).await.and_then(read::Reading::something);
        let read::Reading { inventory, snapshot, .. } = match reading {
            Ok(reading) => reading,
            Err(error) => return Err(self.link.note(error)),
        };
        self.systems =
            inventory.systems.iter().map(|system| system.path.clone()).take(MOST_SYSTEMS).collect();
        let (device, inventory) = (self.id.clone(), Box::new(inventory));
        self.shared.book.observe(Observation::Inventoried { device, inventory, snapshot });
        Ok(())
    }

    async fn carry_out(&mut self, order: Order, inbox: &mut Receiver<Box<Order>>) {
        match order {
            Order::Refresh { permit, reply } => match self.refresh(&permit, inbox).await {
                Some(outcome) => drop(reply.send(outcome)),
                None => self.waiting.push_back(Order::Refresh { permit, reply }),
            },
            Order::Switch { permit, reset, reply } => {
                let outcome = self.switch(&permit, reset, inbox).await;
                drop(reply.send(outcome));
                // Whatever it did, the state is worth a look soon, and orders that wait go first.
                self.schedule.hurry(Instant::now() + Duration::from_secs(5));
            }
        }
    }

    /// Reads everything because a person asks: a credential that was refused is tried once more. An
    /// order that comes meanwhile goes first; then there is no outcome yet.
    async fn refresh(
        &mut self,
        permit: &Permit,
        inbox: &mut Receiver<Box<Order>>,
    ) -> Option<Result<(), Failure>> {
        let subject = self.shared.subject(&self.id);
        self.shared.tell(permit, &self.id, "reading", None);
        if permit.actor().principal.user().is_some() {
            self.link.forgive();
        }
        let mut result = self.prepare().await;
        if result.is_ok() {
            let stop = self.stop.clone();
            result = tokio::select! {
                biased;
                // The order waits no longer than until `end` turns it away.
                () = stop.cancelled() => return None,
                Some(order) = inbox.recv() => {
                    self.waiting.push_back(*order);
                    self.shared.tell(permit, &self.id, "waiting for another act", None);
                    return None;
                }
                result = self.inventory() => result,
            };
        }
        self.settle(Errand::Inventory, &result);
        let (step, ended) = match &result {
            Ok(()) => ("read".to_owned(), Ended::Done),
            Err(trouble) => (trouble.to_string(), Ended::Failed),
        };
        self.shared.tell(permit, &self.id, step, Some(ended));
        Some(result.map_err(|trouble| trouble.failure("refresh", &subject)))
    }

    /// Turns away what still waits, and closes the session.
    async fn end(&mut self, inbox: &mut Receiver<Box<Order>>) {
        let subject = self.shared.subject(&self.id);
        let waiting = std::mem::take(&mut self.waiting);
        for order in
            waiting.into_iter().chain(std::iter::from_fn(|| inbox.try_recv().ok().map(|order| *order)))
        {
            let cause = "the device is not served any more: it was forgotten, or the appliance is stopping";
            let failure = Failure::new(Kind::Unavailable, order.operation(), subject.as_str(), cause);
            order.fail(failure);
        }
        if let Err(trouble) = self.link.close().await {
            tracing::warn!(device = %self.id, %trouble, "the session could not be closed; it is at the next start");
        }
    }
}
