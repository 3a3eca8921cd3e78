//! Follows the links of a service from its root, and makes an inventory of what they lead to.
//!
//! Nothing but the root's path is known by heart. What a resource says is read by a pure function, one
//! module for each kind of component. [`walk`] follows and keeps the bounds, `ask` asks: with
//! [`expand`] where that saves requests, by the rows of `plan`.

mod access;
pub mod account;
mod ask;
pub mod bios;
pub mod certificate;
mod chassis;
pub mod drive;
mod environment;
pub mod expand;
pub mod fan;
pub mod field;
pub mod firmware;
mod gather;
mod habits;
mod hint;
pub mod license;
pub mod log_service;
pub mod manager;
pub mod memory;
pub mod nic;
mod pack;
pub mod part;
mod parts;
pub mod pcie;
mod plan;
pub mod port;
pub mod power_supply;
pub mod processor;
pub mod protocols;
pub mod quantity;
pub mod registry;
mod reset;
pub mod sensor;
pub mod service;
mod snapshot;
pub mod still;
mod stock;
pub mod storage;
pub mod system;
pub mod telemetry;
pub mod volume;
mod walk;

pub use chassis::{parse as parse_chassis, parse_adapter, parse_macs};
pub use habits::{Habits, path_kind};
pub use snapshot::tree;
pub use telemetry::{TelemetryPlan, telemetry};
pub use walk::Bounds;

use crate::client::{Get, ROOT, Room};
use crate::error::Error;
use jiff::Timestamp;
use model::inventory::Inventory;
use model::snapshot::{Hash, Snapshot};
use walk::Walk;

/// How a reading is done.
#[derive(Clone, Debug)]
pub struct How {
    /// How much it may take.
    pub bounds: Bounds,
    /// What is known of the controller's habits.
    pub habits: Habits,
    /// Whether `$expand` is used where it is offered.
    pub expand: bool,
    /// Whether the documents are kept.
    pub keep: bool,
    /// The tree of the documents that are kept already.
    pub known: Option<Hash>,
    /// Shared with other readings: where what came inside of answers waits for its turn.
    pub room: Option<Room>,
    /// Shared with other readings: where documents wait without being packed.
    pub loose: Option<Room>,
}

impl Default for How {
    fn default() -> Self {
        Self {
            bounds: Bounds::default(),
            habits: Habits::default(),
            expand: true,
            keep: false,
            known: None,
            room: None,
            loose: None,
        }
    }
}

/// Reads everything once. `now` is the wall clock's time at the start.
///
/// A resource that fails is a fault in the inventory, and so is a field that is spoiled; the rest is read.
///
/// # Errors
/// When the root cannot be read, when the controller ends the session, changes its certificate or stops
/// taking connections, or when nothing beyond the root can be read.
pub async fn inventory<G: Get>(source: &mut G, now: Timestamp) -> Result<Inventory, Error> {
    inventory_within(source, Bounds::default(), now).await
}

/// As [`inventory`], within other bounds.
///
/// # Errors
/// As [`inventory`].
pub async fn inventory_within<G: Get>(
    source: &mut G,
    bounds: Bounds,
    now: Timestamp,
) -> Result<Inventory, Error> {
    let how = How { bounds, ..How::default() };
    Ok(reading_within(source, how, now).await?.something()?.inventory)
}

/// What came of a reading, be it little.
#[derive(Debug)]
pub struct Reading {
    /// What the controller says.
    pub inventory: Inventory,
    /// Why nothing but the root could be read, where that is so: the first refusal, or else the first loss.
    pub nothing_because: Option<Error>,
    /// The controller's habits, to begin the next reading with.
    pub habits: Habits,
    /// The documents, where they were to be kept.
    pub snapshot: Option<Box<Snapshot>>,
    /// The bytes of all answers.
    pub bytes: usize,
}

impl Reading {
    /// The reading, unless nothing beyond the root could be read.
    ///
    /// # Errors
    /// Why nothing could be.
    pub fn something(mut self) -> Result<Self, Error> {
        match self.nothing_because.take() {
            Some(cause) => Err(cause.as_credential_refused()),
            None => Ok(self),
        }
    }
}

/// As [`inventory`] in any way, but a controller of which only the root can be read is no error.
///
/// # Errors
/// When the root cannot be read, or when the controller ends the session, changes its certificate or stops
/// taking connections.
pub async fn reading_within<G: Get>(source: &mut G, how: How, now: Timestamp) -> Result<Reading, Error> {
    let root = source.get(ROOT).await?;
    let mut walk = Walk::new(source, how, &root.value);
    let mut inventory = gather::from_root(&mut walk, &root).await?;
    inventory.requests = walk.requests();
    let elapsed = walk.elapsed();
    inventory.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let ended =
        jiff::SignedDuration::try_from(elapsed).ok().and_then(|elapsed| now.checked_add(elapsed).ok());
    inventory.taken_at = Some(ended.unwrap_or(now));
    let nothing =
        inventory.systems.is_empty() && inventory.chassis.is_empty() && inventory.managers.is_empty();
    let nothing_because = if nothing { walk.take_cause() } else { None };
    let bytes = walk.bytes().saturating_add(root.bytes);
    let (faults, habits, snapshot) = walk.finish();
    inventory.faults = faults;
    Ok(Reading { inventory, nothing_because, habits, snapshot: snapshot.map(Box::new), bytes })
}
