//! The latest inventory of each device.

use crate::pack::Packed;
use crate::value::{Row, args};
use crate::work::{Connection, Trouble};
use crate::{Result, Store};
use jiff::Timestamp;
use model::{DeviceId, Inventory};

/// Writes a device's inventory, in place of the earlier one.
pub(super) fn put(
    c: &dyn Connection,
    device: &DeviceId,
    taken_at: Option<Timestamp>,
    latest: &Packed,
) -> Result<(), Trouble> {
    let sql = "INSERT INTO inventories (device, taken_at, document, length, packed) VALUES ($1, $2, '', $3, $4) \
               ON CONFLICT (device) DO UPDATE SET taken_at = excluded.taken_at, document = '', \
               length = excluded.length, packed = excluded.packed";
    c.execute(sql, args![&device.0, taken_at, latest.length, &latest.bytes]).map(drop)
}

fn read(row: &mut Row) -> Result<Inventory, Trouble> {
    let packed: Option<Vec<u8>> = row.take(2)?;
    match packed {
        Some(bytes) => unpacked(&Packed { length: row.take(1)?, bytes }, "inventory"),
        // Written by a version that did not pack.
        None => row.document(0, "inventory"),
    }
}

/// What is in packed bytes; `what` names it in the error.
pub(super) fn unpacked<T: serde::de::DeserializeOwned>(packed: &Packed, what: &str) -> Result<T, Trouble> {
    packed.value().map_err(|source| Trouble::Document { what: what.into(), source })
}

impl Store {
    /// Writes a device's inventory, in place of the earlier one, and nothing else of the reading.
    ///
    /// # Errors
    /// [`crate::Error::Missing`] if there is no such device; else if it cannot be written.
    pub async fn put_inventory(&self, device: &DeviceId, inventory: &Inventory) -> Result<()> {
        let (device, inventory) = (device.clone(), inventory.clone());
        self.write("write", format!("the inventory of device {device}"), move |c| {
            let packed = Packed::json(&inventory).map_err(Trouble::Failed)?;
            put(c, &device, inventory.taken_at, &packed)
        })
        .await
    }

    /// A device's latest inventory.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn inventory(&self, device: &DeviceId) -> Result<Option<Inventory>> {
        let device = device.clone();
        self.read("read", format!("the inventory of device {device}"), move |c| {
            let sql = "SELECT document, length, packed FROM inventories WHERE device = $1";
            c.first(sql, args![&device.0], read)
        })
        .await
    }

    /// How many devices have an inventory.
    ///
    /// # Errors
    /// If they cannot be counted.
    pub async fn count_inventories(&self) -> Result<u64> {
        self.read("count", "inventories", |c| c.scalar("SELECT count(*) FROM inventories", &[])).await
    }
}
