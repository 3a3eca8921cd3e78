//! Credentials, sealed by the vault: of adopted devices, and imported for adoption by rule.

use crate::value::args;
use crate::work::{Connection, Trouble};
use crate::{Result, Store};
use model::DeviceId;

pub(super) fn put(c: &dyn Connection, device: &DeviceId, sealed: &[u8]) -> Result<(), Trouble> {
    let sql = "INSERT INTO credentials (device, sealed) VALUES ($1, $2) \
               ON CONFLICT (device) DO UPDATE SET sealed = excluded.sealed";
    c.execute(sql, args![&device.0, sealed]).map(drop)
}

pub(super) fn delete(c: &dyn Connection, device: &DeviceId) -> Result<bool, Trouble> {
    Ok(c.execute("DELETE FROM credentials WHERE device = $1", args![&device.0])? > 0)
}

fn put_imported(c: &dyn Connection, key: &str, sealed: &[u8]) -> Result<(), Trouble> {
    let sql = "INSERT INTO imported (key, sealed) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed";
    c.execute(sql, args![key, sealed])?;
    c.execute("DELETE FROM tried WHERE key = $1", args![key]).map(drop)
}

impl Store {
    /// Writes a device's sealed credential, in place of an earlier one.
    ///
    /// # Errors
    /// [`crate::Error::Missing`] if there is no such device; else if it cannot be written.
    pub async fn put_credential(&self, device: &DeviceId, sealed: &[u8]) -> Result<()> {
        let (device, sealed) = (device.clone(), sealed.to_vec());
        self.write("write", format!("the credential of device {device}"), move |c| put(c, &device, &sealed))
            .await
    }

    /// A device's sealed credential.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn credential(&self, device: &DeviceId) -> Result<Option<Vec<u8>>> {
        let device = device.clone();
        self.read("read", format!("the credential of device {device}"), move |c| {
            c.first("SELECT sealed FROM credentials WHERE device = $1", args![&device.0], |row| row.take(0))
        })
        .await
    }

    /// Every device's sealed credential: for a change of the vault's key.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn credentials(&self) -> Result<Vec<(DeviceId, Vec<u8>)>> {
        self.read("list", "credentials", |c| {
            c.all("SELECT device, sealed FROM credentials ORDER BY device", &[], |row| {
                Ok((DeviceId(row.take(0)?), row.take(1)?))
            })
        })
        .await
    }

    /// Destroys a device's credential.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_credential(&self, device: &DeviceId) -> Result<bool> {
        let device = device.clone();
        self.write("destroy", format!("the credential of device {device}"), move |c| delete(c, &device)).await
    }

    /// Writes imported credentials, each with its key, in place of earlier ones of the same key: all, or none.
    /// An earlier one's tries are forgotten.
    ///
    /// # Errors
    /// If they cannot be written.
    pub async fn import_credentials(&self, entries: Vec<(String, Vec<u8>)>) -> Result<()> {
        self.write("import", format!("{} credentials", entries.len()), move |c| {
            entries.iter().try_for_each(|(key, sealed)| put_imported(c, key, sealed))
        })
        .await
    }

    /// The sealed credential that was imported under this key, once for each device: that it was handed out is
    /// committed before this returns.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub async fn take_untried(&self, key: &str, device: &DeviceId) -> Result<Option<Vec<u8>>> {
        let (key, device) = (key.to_owned(), device.clone());
        self.write("take", format!("the imported credential {key} for device {device}"), move |c| {
            let sql = "SELECT sealed FROM imported WHERE key = $1";
            let Some(sealed) = c.first(sql, args![&key], |row| row.take(0))? else { return Ok(None) };
            let sql = "INSERT INTO tried (key, device) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            Ok((c.execute(sql, args![&key, &device.0])? > 0).then_some(sealed))
        })
        .await
    }

    /// Every pair of an imported credential's key and a device that it was handed out for.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn tried(&self) -> Result<Vec<(String, DeviceId)>> {
        self.read("list", "tried credentials", |c| {
            c.all("SELECT key, device FROM tried", &[], |row| Ok((row.take(0)?, DeviceId(row.take(1)?))))
        })
        .await
    }

    /// Forgets that imported credentials were handed out for a device, so that each may be tried on it once more.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub async fn forget_tries(&self, device: &DeviceId) -> Result<()> {
        let device = device.clone();
        self.write("forget", format!("the tries on device {device}"), move |c| {
            c.execute("DELETE FROM tried WHERE device = $1", args![&device.0]).map(drop)
        })
        .await
    }

    /// Every imported credential with its key: for a change of the vault's key.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn imported(&self) -> Result<Vec<(String, Vec<u8>)>> {
        self.read("list", "imported credentials", |c| {
            c.all("SELECT key, sealed FROM imported ORDER BY key", &[], |row| {
                Ok((row.take(0)?, row.take(1)?))
            })
        })
        .await
    }

    /// Destroys an imported credential.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_imported(&self, key: &str) -> Result<bool> {
        let key = key.to_owned();
        self.write("destroy", format!("the imported credential {key}"), move |c| {
            Ok(c.execute("DELETE FROM imported WHERE key = $1", args![key])? > 0)
        })
        .await
    }
}
