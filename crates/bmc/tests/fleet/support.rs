//! A fleet that runs, with deadlines that suit a test.

use crate::book::{TestBook, device};
use crate::fake::{Fake, credential};
use bmc::{Config, Fleet};
use model::command::Part;
use model::command::bmc::{Refresh, SwitchPower};
use model::device::{DeviceId, Power, Reset};
use model::{Action, Actor, Failure, Object, Permit, Stage, SystemClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Deadlines that suit a test.
pub fn config() -> Config {
    Config {
        poll_interval: 1,
        connect_timeout: 2,
        request_timeout: 2,
        backoff_limit: 1,
        power_graceful_deadline: 6,
        power_forced_deadline: 5,
        power_restart_watch: 3,
        stop_grace: 10,
        ..Config::default()
    }
}

pub fn permit(action: Action) -> Permit {
    static RECORD: AtomicU64 = AtomicU64::new(1);
    let record = RECORD.fetch_add(1, Ordering::Relaxed);
    Permit::issue(mint::Mint::new(), record, Actor::user("anna", "test", None), action, Object::Appliance)
}

/// A fleet that runs, and how to stop it.
pub struct Running {
    pub fleet: Fleet,
    pub book: Arc<TestBook>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    pub fn start(book: Arc<TestBook>, config: Config) -> Self {
        let fleet = Fleet::new(book.clone(), Arc::new(SystemClock), config).unwrap();
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(fleet.clone().run(stop.clone()));
        Self { fleet, book, stop, tasks }
    }

    /// One adopted device, served by `fake`.
    pub fn with(fake: &Fake) -> Self {
        Self::start(book_of(fake, Stage::InService), config())
    }

    /// Stops as the appliance does.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.tasks.join_next().await.unwrap().unwrap();
    }

    /// Stops as `kill -9` does.
    pub async fn kill(mut self) {
        self.tasks.shutdown().await;
    }

    pub async fn switch(&self, reset: Reset) -> (u64, Result<Power, Failure>) {
        let permit = permit(Action::DevicePower);
        let record = permit.record();
        (record, self.fleet.perform(permit, SwitchPower { device: id(), reset }).await)
    }

    pub async fn refresh(&self) -> Result<(), Failure> {
        self.fleet.perform(permit(Action::DeviceRefresh), Refresh { device: id() }).await
    }
}

pub fn id() -> DeviceId {
    DeviceId("r1-u07".into())
}

pub fn book_of(fake: &Fake, stage: Stage) -> Arc<TestBook> {
    let device = device("r1-u07", fake.endpoint, fake.certificate.clone(), stage);
    TestBook::with(vec![(device, credential())])
}
