//! What the handlers share: the door, the gate, the parts behind the door, and what the binary handed in.

use crate::config::Web;
use crate::live::Steps;
use crate::view::frame::{Area, Banner, Frame};
use control::{AccessBook, Door, Gate, Jobs, Policies, Records};
use jiff::Timestamp;
use model::command::bmc::Controllers;
use model::event::{Event, PolicyStep, What};
use model::table::Table;
use model::{Action, Actor, Clock};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

/// Turns a table into a Parquet file.
pub type ToParquet = Arc<dyn Fn(&Table) -> Result<Vec<u8>, String> + Send + Sync>;

/// What pages and API are made over.
pub struct Parts {
    /// The way to act.
    pub door: Door,
    /// The way in.
    pub gate: Gate,
    /// Acts on many devices.
    pub jobs: Jobs,
    /// What drives controllers.
    pub controllers: Arc<dyn Controllers>,
    /// What keeps records.
    pub records: Arc<Records>,
    /// What keeps the policy.
    pub policies: Arc<Policies>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A table as a Parquet file, or why not.
    pub parquet: ToParquet,
    /// The `[web]` section.
    pub config: Web,
    /// The metrics, as Prometheus reads them.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether the appliance can work, or what it waits for.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// What everybody must know at the moment.
    pub banners: Arc<dyn Fn() -> Vec<Banner> + Send + Sync>,
    /// Cancelled when the appliance stops: live streams end then.
    pub closing: CancellationToken,
}

/// The state of every handler. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: Parts,
    steps: Steps,
    /// Counted up when connections that are there are to end, so that the next request comes over a new one.
    farewell: watch::Sender<u64>,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl App {
    /// Over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner { parts, steps: Steps::default(), farewell: watch::Sender::new(0) }))
    }

    /// Follows the news, so that a page that is loaded during an act says how far it is, and so that connections
    /// which were there before a policy was put on trial end. Until cancelled.
    pub async fn follow(self, cancel: CancellationToken) {
        let steps = self.0.steps.follow(self.door.events().listen());
        let farewells = self.say_farewell(self.door.events().listen());
        cancel.run_until_cancelled(async { tokio::join!(steps, farewells) }).await;
    }

    async fn say_farewell(&self, mut events: broadcast::Receiver<Event>) {
        loop {
            let is_due = match events.recv().await {
                Ok(event) => {
                    matches!(event.what, What::PolicyChanged { step: PolicyStep::Applied, .. })
                }
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            };
            if is_due {
                self.0.farewell.send_modify(|count| *count += 1);
            }
        }
    }

    /// For the server: changes when the connections that are there are to end after what they are at.
    #[must_use]
    pub fn farewell(&self) -> watch::Receiver<u64> {
        self.0.farewell.subscribe()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn access(&self) -> &Arc<AccessBook> {
        self.door.access()
    }

    pub(crate) fn steps(&self) -> &Steps {
        &self.0.steps
    }

    /// Whether the actor may do it to the appliance as such.
    pub(crate) fn may(&self, actor: &Actor, action: Action) -> bool {
        self.door.may(actor, action, &model::Object::Appliance).allowed
    }

    /// What stands around a page for somebody who is signed in.
    pub(crate) fn frame(&self, session: &crate::session::Session, title: &str, area: Area) -> Frame {
        let actor = &session.actor;
        let may = |action, object: &_| self.door.may(actor, action, object).allowed;
        let mut frame = Frame::inside(title, area, &session.user, session.csrf.clone(), may);
        frame.banners = (self.banners)();
        frame.banners.extend(crate::view::policy::banner(self.policies.enforced()));
        frame
    }
}
