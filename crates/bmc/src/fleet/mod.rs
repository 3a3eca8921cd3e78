//! The fleet: one owner task for each adopted controller, and the supervisor that owns them all.
//!
//! Whatever is asked of a controller goes through its owner: orders into its mailbox, requests into its lanes
//! ([`crate::line`]). So there is one session, one act of switching at a time, and a command never waits for a reading.
//!
//! | module | what it does |
//! |---|---|
//! | [`closer`] | closes sessions on controllers that are not adopted |
//! | [`entry`] | what is written down of a session; pure |
//! | [`dispatch`] | sends what the lanes of one controller let go |
//! | [`flight`] | one request under way |
//! | [`jobs`] | the readings, each a future that asks through a caller |
//! | [`link`] | the client and the one session on a controller |
//! | [`models`] | what was learned, once for all controllers of a model |
//! | [`owner`] | one controller's task: orders, readings, acts side by side |
//! | [`places`] | how many full readings are under way at once |
//! | [`pool`] | the connections to one controller |
//! | [`schedule`] | when it is read next; pure |
//! | [`select`] | a server's state without the rest of its document; pure |
//! | [`supervisor`] | starts, restarts and stops the owners |
//! | [`suspects`] | closes sessions that may have been left open |
//! | [`switch`] | carries an act of switching out |
//! | [`trouble`] | why a device could not be asked |

mod closer;
mod dispatch;
pub(crate) mod entry;
mod flight;
mod jobs;
mod link;
mod models;
mod owner;
mod parts;
mod places;
mod pool;
mod registries;
mod schedule;
mod select;
mod starting;
mod supervisor;
mod suspects;
mod switch;
mod trouble;

pub(crate) use link::was_not_opened;
pub use trouble::Trouble;

use crate::client::Budget;
use crate::config::Config;
use crate::sweep::Sweeps;
use model::book::{DeviceBook, OpenSession};
use model::command::BoxFuture;
use model::device::{Device, DeviceId, Power, Reset};
use model::event::{Ended, What};
use model::{Clock, Credential, Failure, Kind, Permit};
use rustls::RootCertStore;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An owner's mailbox holds so many orders: one act runs at a time, and more than a handful of people
/// acting on the same server at once is a mistake that they should be told of.
const MAILBOX: usize = 8;

/// All controllers. Cheap to clone; every clone is the same fleet.
#[derive(Clone)]
pub struct Fleet(Arc<Shared>);

/// What the owners, the sweeps and the adoptions share.
pub(crate) struct Shared {
    pub book: Arc<dyn DeviceBook>,
    pub clock: Arc<dyn Clock>,
    pub config: Config,
    pub authorities: Option<Arc<RootCertStore>>,
    pub sweeps: Sweeps,
    /// Adoptions and sweeps: owned here, awaited when the fleet stops.
    pub tasks: TaskTracker,
    pub closing: CancellationToken,
    /// Rings when a device is not held any more, sessions were left, or an order came for a device without an owner.
    wake: Notify,
    slots: Mutex<HashMap<DeviceId, Arc<Slot>>>,
    left: Mutex<HashMap<DeviceId, closer::Left>>,
    held: Mutex<HashMap<DeviceId, Holder>>,
    /// Rings when a device is not held any more.
    released: Notify,
    /// Owners that close what an earlier life left open; and apart from them, so that controllers which nobody
    /// needs hold up none that is, the closer.
    cleaning: Semaphore,
    closing_left: Semaphore,
    /// A permit for each connection that there may be beside the first of each controller.
    extra: Arc<Semaphore>,
    /// A permit for each answer that may be kept before it is asked for.
    ahead: Arc<Semaphore>,
    /// For full readings.
    places: places::Places,
    models: models::Models,
    registries: registries::Registries,
    /// What the answers of all controllers together may take of memory.
    pub budget: Budget,
}

/// What the answers of all controllers together may take of memory: a quarter of the smallest machine that
/// is meant to serve a site.
const ANSWERS: usize = 256 * 1024 * 1024;

/// A device's mailbox. It outlives its owner, so an order that waits survives a panic.
struct Slot {
    /// Boxed: a channel sets room for 32 messages aside, and there is one for each of thousands of devices.
    orders: mpsc::Sender<Box<Order>>,
    inbox: tokio::sync::Mutex<mpsc::Receiver<Box<Order>>>,
}

/// What is asked of an owner.
enum Order {
    /// Switch the server.
    Switch { permit: Permit, reset: Reset, reply: oneshot::Sender<Result<Power, Failure>> },
    /// Read everything.
    Refresh { permit: Permit, reply: oneshot::Sender<Result<(), Failure>> },
    /// Say how the first reading went, for the adoption that waits for it.
    First { reply: oneshot::Sender<Result<(), Failure>> },
}

impl Order {
    /// Ends it with a failure.
    fn fail(self, failure: Failure) {
        // Whoever asked may have gone; the audit record holds the outcome.
        match self {
            Self::Switch { reply, .. } => drop(reply.send(Err(failure))),
            Self::Refresh { reply, .. } | Self::First { reply } => drop(reply.send(Err(failure))),
        }
    }

    fn operation(&self) -> String {
        match self {
            Self::Switch { reset, .. } => crate::power::operation(*reset),
            Self::Refresh { .. } => "refresh".into(),
            Self::First { .. } => "read".into(),
        }
    }
}

impl Fleet {
    /// A fleet that does nothing until it is run.
    ///
    /// # Errors
    /// If the file of certificate authorities cannot be read.
    pub fn new(book: Arc<dyn DeviceBook>, clock: Arc<dyn Clock>, config: Config) -> Result<Self, Failure> {
        let authorities = match &config.authorities {
            Some(file) => Some(Arc::new(crate::adopt::authorities(file)?)),
            None => None,
        };
        let at_once = || Semaphore::new(config.cleanup_at_once.clamp(1, 1024));
        let (cleaning, closing_left) = (at_once(), at_once());
        let permits = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let (extra, ahead) = (permits(config.extra_connections), permits(config.answers_ahead));
        Ok(Self(Arc::new(Shared {
            extra,
            ahead,
            places: places::Places::default(),
            models: models::Models::default(),
            registries: registries::Registries::default(),
            book,
            clock,
            sweeps: Sweeps::new(config.sweeps_at_once),
            config,
            authorities,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            wake: Notify::new(),
            slots: Mutex::default(),
            left: Mutex::default(),
            held: Mutex::default(),
            released: Notify::new(),
            cleaning,
            closing_left,
            budget: Budget::new(ANSWERS),
        })))
    }

    /// Watches and serves the fleet until `stop`; then closes every session and returns.
    pub async fn run(self, stop: CancellationToken) {
        supervisor::run(self.0, stop).await;
    }

    /// For the tests of its parts.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.0.clone()
    }

    /// Gives an order to a device's owner and waits for the outcome.
    fn order<T: Send + 'static>(
        &self,
        id: &DeviceId,
        operation: String,
        patience: Duration,
        order: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Order + Send,
    ) -> BoxFuture<'static, Result<T, Failure>> {
        let (reply, answer) = oneshot::channel();
        let sent = self.0.send(id, order(reply));
        let subject = self.0.subject(id);
        Box::pin(async move {
            sent?;
            let ended = |cause: String| {
                Failure::new(Kind::Unavailable, operation.clone(), subject.clone(), cause)
                    .hint("look at the device's state before trying again")
            };
            match tokio::time::timeout(patience, answer).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(ended("the device's task ended in the middle of it".into())),
                Err(_) => Err(ended(format!("no outcome within {} s", patience.as_secs()))),
            }
        })
    }
}

impl Shared {
    fn send(&self, id: &DeviceId, order: Order) -> Result<(), Failure> {
        let operation = order.operation();
        let fail = |kind, cause: &str| Failure::new(kind, operation.as_str(), self.subject(id), cause);
        if self.closing.is_cancelled() {
            return Err(fail(Kind::Unavailable, "the appliance is stopping"));
        }
        self.adopted(id, &operation)?;
        let slot = self.slot(id);
        slot.orders.try_send(Box::new(order)).map_err(|_| {
            metrics::counter!(crate::metrics::TURNED_AWAY).increment(1);
            fail(Kind::Busy, "too many acts wait for this device already").hint("wait until they have ended")
        })?;
        self.wake.notify_one();
        Ok(())
    }

    /// Waits until a device that has just been adopted was read once.
    pub(crate) async fn first_reading(&self, id: &DeviceId) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        self.send(id, Order::First { reply })?;
        let ended = || {
            let cause = "the device's task ended in the middle of it";
            Failure::new(Kind::Unavailable, "read", self.subject(id), cause)
        };
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// The record of a device that can be acted on.
    fn adopted(&self, id: &DeviceId, operation: &str) -> Result<Arc<Device>, Failure> {
        let device = self.found(id, operation)?;
        if device.is_adopted() {
            return Ok(device);
        }
        let cause = format!("it is {}, so the appliance holds no credential for it", device.stage);
        Err(Failure::new(Kind::Conflict, operation, device.subject(), cause).hint("adopt it first"))
    }

    /// The record.
    pub(crate) fn found(&self, id: &DeviceId, operation: &str) -> Result<Arc<Device>, Failure> {
        self.book.device(id).ok_or_else(|| {
            Failure::new(Kind::NotFound, operation, format!("device {id}"), "there is no such device")
        })
    }

    /// The device as errors show it.
    pub(crate) fn subject(&self, id: &DeviceId) -> String {
        self.book.device(id).map_or_else(|| format!("device {id}"), |device| device.subject())
    }

    /// Tells whoever watches how an act goes.
    pub(crate) fn tell(&self, permit: &Permit, id: &DeviceId, step: impl Into<String>, ended: Option<Ended>) {
        self.book.progress(What::ActProgress {
            record: permit.record(),
            id: id.clone(),
            step: step.into(),
            ended,
        });
    }

    fn slot(&self, id: &DeviceId) -> Arc<Slot> {
        let slot = || {
            let (orders, inbox) = mpsc::channel(MAILBOX);
            Arc::new(Slot { orders, inbox: tokio::sync::Mutex::new(inbox) })
        };
        lock(&self.slots).entry(id.clone()).or_insert_with(slot).clone()
    }

    /// Takes over the care for sessions that may be open on a device.
    fn take_left(&self, id: &DeviceId) -> Vec<OpenSession> {
        lock(&self.left).remove(id).map(|left| left.sessions).unwrap_or_default()
    }

    /// Leaves sessions that may be open on a device to its next owner, or, while it has none, to the closer.
    pub(crate) fn leave(&self, id: &DeviceId, sessions: Vec<OpenSession>) {
        if sessions.is_empty() {
            return;
        }
        lock(&self.left).entry(id.clone()).or_default().add(sessions);
        self.wake.notify_one();
    }

    /// Takes back a session that was left, unless somebody looks after it already.
    pub(crate) fn take_back(&self, session: &OpenSession) -> Option<OpenSession> {
        let mut left = lock(&self.left);
        left.get_mut(&session.device)?.take(|other| entry::is_same(other, session)).pop()
    }

    /// A refused credential has opened no session: what an earlier try of it might have left open is not there,
    /// and it is not sent to look for that either.
    pub(crate) async fn forget_unopened(&self, id: &DeviceId, refused: &Credential) {
        let is_of = |session: &OpenSession| {
            let account = entry::account(session).map(|(_, account)| account);
            session.path.is_none() && account.is_none_or(|account| account == refused)
        };
        let unopened = lock(&self.left).get_mut(id).map(|left| left.take(is_of)).unwrap_or_default();
        for session in unopened {
            self.strike(&session).await;
        }
    }

    /// Crosses a session out of the book. What cannot be crossed out is looked after at the next start.
    pub(crate) async fn strike(&self, session: &OpenSession) {
        if let Err(failure) = self.book.session_closed(session).await {
            tracing::warn!(device = %session.device, %failure, "a session that is closed could not be crossed out; the next start looks for it");
        }
    }

    /// Holds a device for one adoption at a time; none if another one runs. While the closer is at it, this waits.
    pub(crate) async fn hold(self: &Arc<Self>, id: &DeviceId) -> Option<Hold> {
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            match self.try_hold(id, Holder::Adoption) {
                Ok(hold) => return Some(hold),
                Err(Holder::Adoption) => return None,
                Err(Holder::Closer) => released.await,
            }
        }
    }

    /// Holds a device; or says who does.
    fn try_hold(self: &Arc<Self>, id: &DeviceId, holder: Holder) -> Result<Hold, Holder> {
        match lock(&self.held).entry(id.clone()) {
            Entry::Occupied(held) => Err(*held.get()),
            Entry::Vacant(free) => {
                free.insert(holder);
                Ok(Hold { shared: self.clone(), id: id.clone() })
            }
        }
    }
}

/// Who holds a device that has no owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Adoption,
    Closer,
}

/// A device that is being adopted, or whose sessions are being closed. It gets no owner meanwhile.
pub(crate) struct Hold {
    shared: Arc<Shared>,
    id: DeviceId,
}

impl Drop for Hold {
    fn drop(&mut self) {
        lock(&self.shared.held).remove(&self.id);
        self.shared.released.notify_waiters();
        self.shared.wake.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
