//! The latest inventory of each device.

use crate::value::{args, document};
use crate::{Result, Store};
use model::{DeviceId, Inventory};

impl Store {
    /// Writes a device's inventory, in place of the earlier one.
    ///
    /// # Errors
    /// [`crate::Error::Missing`] if there is no such device; else if it cannot be written.
    pub async fn put_inventory(&self, device: &DeviceId, inventory: &Inventory) -> Result<()> {
        let (device, inventory) = (device.clone(), inventory.clone());
        self.write("write", format!("the inventory of device {device}"), move |c| {
            let json = document(&inventory, "inventory")?;
            let sql = "INSERT INTO inventories (device, taken_at, document) VALUES ($1, $2, $3) \
                       ON CONFLICT (device) DO UPDATE SET taken_at = excluded.taken_at, document = excluded.document";
            c.execute(sql, args![&device.0, inventory.taken_at, json]).map(drop)
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
            let sql = "SELECT document FROM inventories WHERE device = $1";
            c.first(sql, args![&device.0], |row| row.document(0, "inventory"))
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
