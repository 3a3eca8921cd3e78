//! Follows the links of a service from its root, and makes an inventory of what they lead to.
//!
//! Nothing but the root's path is known by heart. What a resource says is read by a pure function, one
//! module for each kind of component; [`walk`] does the asking and keeps the bounds.

mod access;
pub mod account;
pub mod bios;
pub mod certificate;
mod chassis;
pub mod drive;
mod environment;
pub mod fan;
pub mod field;
pub mod firmware;
mod gather;
pub mod license;
pub mod log_service;
pub mod manager;
pub mod memory;
pub mod nic;
pub mod part;
mod parts;
pub mod pcie;
pub mod port;
pub mod power_supply;
pub mod processor;
pub mod protocols;
pub mod quantity;
mod reset;
pub mod sensor;
pub mod service;
pub mod storage;
pub mod system;
pub mod telemetry;
pub mod volume;
mod walk;

pub use chassis::{parse as parse_chassis, parse_adapter, parse_macs};
pub use telemetry::{TelemetryPlan, telemetry};
pub use walk::Bounds;

use crate::client::{Get, ROOT};
use crate::error::Error;
use jiff::Timestamp;
use model::inventory::Inventory;
use walk::Walk;

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
    let reading = reading_within(source, bounds, now).await?;
    match reading.nothing_because {
        Some(cause) => Err(cause.as_credential_refused()),
        None => Ok(reading.inventory),
    }
}

/// What came of a reading, be it little.
#[derive(Debug)]
pub struct Reading {
    /// What the controller says.
    pub inventory: Inventory,
    /// Why nothing but the root could be read, where that is so: the first refusal, or else the first loss.
    pub nothing_because: Option<Error>,
}

/// As [`inventory_within`], but a controller of which only the root can be read is no error.
///
/// # Errors
/// When the root cannot be read, or when the controller ends the session, changes its certificate or stops
/// taking connections.
pub async fn reading_within<G: Get>(
    source: &mut G,
    bounds: Bounds,
    now: Timestamp,
) -> Result<Reading, Error> {
    let root = source.get(ROOT).await?;
    let mut walk = Walk::new(source, bounds);
    let mut inventory = gather::from_root(&mut walk, &root).await?;
    inventory.requests = walk.requests().saturating_add(1);
    let elapsed = walk.elapsed();
    inventory.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let ended =
        jiff::SignedDuration::try_from(elapsed).ok().and_then(|elapsed| now.checked_add(elapsed).ok());
    inventory.taken_at = Some(ended.unwrap_or(now));
    let nothing =
        inventory.systems.is_empty() && inventory.chassis.is_empty() && inventory.managers.is_empty();
    let nothing_because = if nothing { walk.take_cause() } else { None };
    inventory.faults = walk.into_faults();
    Ok(Reading { inventory, nothing_because })
}
