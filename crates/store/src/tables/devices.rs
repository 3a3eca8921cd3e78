//! Device records.

use crate::value::{Row, args, document};
use crate::work::{Connection, Trouble};
use crate::{Result, Store};
use model::{Device, DeviceId};
use std::borrow::Borrow;

fn read(row: &mut Row) -> Result<Device, Trouble> {
    let id: String = row.take(0)?;
    row.document(1, &format!("record of device {id}"))
}

fn put(c: &dyn Connection, device: &Device) -> Result<(), Trouble> {
    let record = document(device, "record")?;
    let sql = "INSERT INTO devices (id, name, document) VALUES ($1, $2, $3) \
               ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document";
    c.execute(sql, args![&device.id.0, &device.name, record]).map(drop)
}

impl Store {
    /// Writes a device's record, new or not.
    ///
    /// # Errors
    /// [`crate::Error::Duplicate`] if another device has its name, whatever the case; else if it cannot be written.
    pub async fn put_device(&self, device: &Device) -> Result<()> {
        let device = device.clone();
        self.write("write", format!("device {}", device.subject()), move |c| put(c, &device)).await
    }

    /// Writes the records of many devices: all, or none.
    ///
    /// # Errors
    /// As [`Store::put_device`].
    pub async fn put_devices<D>(&self, devices: Vec<D>) -> Result<()>
    where
        D: Borrow<Device> + Send + 'static,
    {
        self.write("write", format!("{} devices", devices.len()), move |c| {
            // Names first given up, then taken: two devices may have swapped theirs.
            for device in devices.iter().map(Borrow::borrow) {
                let sql = "UPDATE devices SET name = '' WHERE id = $1 AND name <> $2";
                c.execute(sql, args![&device.id.0, &device.name])?;
            }
            devices.iter().try_for_each(|device| put(c, device.borrow()))
        })
        .await
    }

    /// Writes a device's record and, in the same transaction, its sealed credential; without one, the device's
    /// credential is destroyed. Adoption and decommissioning.
    ///
    /// # Errors
    /// As [`Store::put_device`].
    pub async fn put_device_and_credential(&self, device: &Device, sealed: Option<Vec<u8>>) -> Result<()> {
        let device = device.clone();
        self.write("write", format!("device {} and its credential", device.subject()), move |c| {
            put(c, &device)?;
            match sealed {
                Some(sealed) => super::credentials::put(c, &device.id, &sealed),
                None => super::credentials::delete(c, &device.id).map(drop),
            }
        })
        .await
    }

    /// A device's record.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn device(&self, id: &DeviceId) -> Result<Option<Device>> {
        let id = id.clone();
        self.read("read", format!("device {id}"), move |c| {
            c.first("SELECT id, document FROM devices WHERE id = $1", args![&id.0], read)
        })
        .await
    }

    /// Every device's record, by identifier.
    ///
    /// # Errors
    /// If they cannot be read; a record that cannot be understood is named.
    pub async fn devices(&self) -> Result<Vec<Device>> {
        self.read("list", "devices", |c| c.all("SELECT id, document FROM devices ORDER BY id", &[], read))
            .await
    }

    /// How many devices there are.
    ///
    /// # Errors
    /// If they cannot be counted.
    pub async fn count_devices(&self) -> Result<u64> {
        self.read("count", "devices", |c| c.scalar("SELECT count(*) FROM devices", &[])).await
    }

    /// Removes a device's record with its inventory; its credential is destroyed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_device(&self, id: &DeviceId) -> Result<bool> {
        let id = id.clone();
        self.write("delete", format!("device {id}"), move |c| {
            Ok(c.execute("DELETE FROM devices WHERE id = $1", args![&id.0])? > 0)
        })
        .await
    }
}
