//! Starts, restarts and stops the owner tasks; owns every one of them.

use super::{Shared, Slot, closer, lock, owner};
use model::DeviceId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often the book is looked through for devices that were adopted or forgotten elsewhere.
const LOOK: Duration = Duration::from_secs(2);
/// How long an owner that panicked is left alone.
const REST_AFTER_PANIC: Duration = Duration::from_secs(10);
/// At the start devices are read at most this often, so that a small fleet is known within seconds.
const FIRST_READINGS: Duration = Duration::from_millis(100);

/// Runs until `stop`; then gives all owners the grace period to close their sessions.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    if !take_over(&shared, &stop).await {
        return;
    }
    let mut owners = Owners {
        shared: shared.clone(),
        set: JoinSet::new(),
        running: HashMap::new(),
        resting: HashMap::new(),
        closers: JoinSet::new(),
        closing: HashMap::new(),
    };
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = owners.set.join_next_with_id() => {
                owners.ended(ended);
                owners.close_left(false);
            }
            Some(ended) = owners.closers.join_next_with_id() => owners.pass_ended(ended),
            () = shared.wake.notified() => owners.reconcile(),
            _ = look.tick() => owners.reconcile(),
        }
    }
    owners.stop().await;
}

/// Reads which sessions an earlier life left open. Before that is known no session is opened, so this
/// tries until it works; false if the fleet was stopped meanwhile.
async fn take_over(shared: &Shared, stop: &CancellationToken) -> bool {
    loop {
        match shared.book.sessions_left().await {
            Ok(left) => {
                for session in left {
                    shared.leave(&session.device.clone(), vec![session]);
                }
                return true;
            }
            Err(failure) => {
                tracing::error!(%failure, "cannot read which sessions were left open; no controller is asked before")
            }
        }
        tokio::select! {
            () = stop.cancelled() => return false,
            () = sleep(LOOK) => {}
        }
    }
}

struct Owners {
    shared: Arc<Shared>,
    set: JoinSet<()>,
    running: HashMap<Id, (DeviceId, CancellationToken)>,
    resting: HashMap<DeviceId, Instant>,
    /// Passes that close what is left on devices without an owner, each with its device.
    closers: JoinSet<()>,
    closing: HashMap<Id, DeviceId>,
}

impl Owners {
    /// Starts owners for devices that are adopted, and retires those of devices that are no more.
    fn reconcile(&mut self) {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let adopted: HashMap<DeviceId, bool> = self
            .shared
            .book
            .devices()
            .iter()
            .filter(|device| device.is_adopted())
            .map(|device| (device.id.clone(), device.resets.is_empty()))
            .collect();
        for (id, retire) in self.running.values() {
            if !adopted.contains_key(id) {
                retire.cancel();
            }
        }
        let running: std::collections::HashSet<DeviceId> =
            self.running.values().map(|(id, _)| id.clone()).collect();
        let spread = FIRST_READINGS.saturating_mul(u32::try_from(adopted.len()).unwrap_or(u32::MAX));
        for (id, fresh) in adopted {
            let is_held = lock(&self.shared.held).contains_key(&id);
            if !running.contains(&id) && !self.resting.contains_key(&id) && !is_held {
                self.start(id, fresh, spread);
            }
        }
        self.close_left(false);
        #[expect(clippy::cast_precision_loss, reason = "a gauge of at most some thousands")]
        metrics::gauge!(crate::metrics::OWNERS).set(self.running.len() as f64);
    }

    /// Starts a pass over what is left on each device that has no owner and gets none.
    fn close_left(&mut self, untried: bool) {
        for id in closer::due(&self.shared, untried) {
            let is_adopted = self.shared.book.device(&id).is_some_and(|device| device.is_adopted());
            let has_owner = self.running.values().any(|(owned, _)| *owned == id);
            let is_busy = has_owner || self.closing.values().any(|closing| *closing == id);
            if !is_adopted && !is_busy {
                let task = self.closers.spawn(closer::pass(self.shared.clone(), id.clone()));
                self.closing.insert(task.id(), id);
            }
        }
    }

    fn pass_ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let id = self.closing.remove(&task);
        if let (Some(id), Err(error)) = (id, ended)
            && error.is_panic()
        {
            tracing::error!(device = %id, %error, "closing sessions panicked; it is tried again");
        }
    }

    fn start(&mut self, id: DeviceId, fresh: bool, spread: Duration) {
        let slot: Arc<Slot> = self.shared.slot(&id);
        let retire = CancellationToken::new();
        let shared = self.shared.clone();
        let task = self.set.spawn(owner::run(shared, id.clone(), slot, retire.clone(), fresh, spread));
        self.running.insert(task.id(), (id, retire));
    }

    fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match &ended {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let Some((id, _)) = self.running.remove(&task) else { return };
        if let Err(error) = ended
            && error.is_panic()
        {
            metrics::counter!(crate::metrics::OWNER_PANICS).increment(1);
            tracing::error!(device = %id, %error, "an owner task panicked; it is started again");
            self.resting.insert(id.clone(), Instant::now() + REST_AFTER_PANIC);
        }
        if self.shared.book.device(&id).is_none_or(|device| !device.is_adopted()) {
            lock(&self.shared.slots).remove(&id);
        }
    }

    /// Lets every owner close its session; what is not done within the grace period is left for the next start.
    async fn stop(mut self) {
        self.shared.closing.cancel();
        self.shared.tasks.close();
        for (_, retire) in self.running.values() {
            retire.cancel();
        }
        let grace = Duration::from_secs(self.shared.config.stop_grace);
        let all = async {
            while let Some(ended) = self.set.join_next_with_id().await {
                self.ended(ended);
            }
            self.shared.tasks.wait().await;
            // What owners and adoptions could not close themselves gets one try.
            self.close_left(true);
            while let Some(ended) = self.closers.join_next_with_id().await {
                self.pass_ended(ended);
            }
        };
        if timeout(grace, all).await.is_err() {
            tracing::warn!(
                left = self.set.len(),
                "not every session could be closed in time; the next start closes them"
            );
        }
        self.set.shutdown().await;
        self.closers.shutdown().await;
    }
}
