//! News for whoever listens: pages, exporters, tests.

use model::Clock;
use model::event::{Event, What};
use std::sync::Arc;
use tokio::sync::broadcast;

/// A page that falls this far behind is told to read the state anew; 5,000 devices that all change at
/// once fit, at about 200 bytes each.
const BACKLOG: usize = 8192;

/// Spreads events to every listener; never blocks, never fails.
#[derive(Clone)]
pub struct Events {
    sender: broadcast::Sender<Event>,
    clock: Arc<dyn Clock>,
}

impl Events {
    /// A bus without listeners.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), clock }
    }

    /// Tells everybody.
    pub fn tell(&self, what: What) {
        // No listener is no fault.
        let _heard_by = self.sender.send(Event { at: self.clock.now(), what });
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
