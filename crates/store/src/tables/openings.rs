//! What is open for a while, and who is cut off.

use crate::value::{args, document};
use crate::{Result, Store};
use jiff::Timestamp;
use model::DeviceId;
use model::enforcement::{Pinhole, Quarantine};

impl Store {
    /// Writes an opening down. Those whose time is over go.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_pinhole(&self, pinhole: &Pinhole, now: Timestamp) -> Result<()> {
        let pinhole = pinhole.clone();
        self.write("write down", format!("opening {}", pinhole.id), move |c| {
            c.execute("DELETE FROM pinholes WHERE until <= $1", args![now])?;
            let sql = "INSERT INTO pinholes (id, until, record) VALUES ($1, $2, $3) \
                       ON CONFLICT (id) DO UPDATE SET until = excluded.until, record = excluded.record";
            let record = document(&pinhole, "opening")?;
            c.execute(sql, args![&pinhole.id, pinhole.until, record]).map(drop)
        })
        .await
    }

    /// Crosses an opening out.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_pinhole(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write("cross out", format!("opening {id}"), move |c| {
            c.execute("DELETE FROM pinholes WHERE id = $1", args![id]).map(drop)
        })
        .await
    }

    /// The openings whose time is not over.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn pinholes(&self, now: Timestamp) -> Result<Vec<Pinhole>> {
        self.read("list", "openings", move |c| {
            let sql = "SELECT record FROM pinholes WHERE until > $1 ORDER BY until";
            c.all(sql, args![now], |row| row.document(0, "opening"))
        })
        .await
    }

    /// Writes down who is cut off.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn put_quarantine(&self, quarantine: &Quarantine) -> Result<()> {
        let quarantine = quarantine.clone();
        self.write("write down", format!("the quarantine of device {}", quarantine.device), move |c| {
            let sql = "INSERT INTO quarantines (device, record) VALUES ($1, $2) \
                       ON CONFLICT (device) DO UPDATE SET record = excluded.record";
            let record = document(&quarantine, "quarantine")?;
            c.execute(sql, args![&quarantine.device.0, record]).map(drop)
        })
        .await
    }

    /// Crosses a quarantine out.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_quarantine(&self, device: &DeviceId) -> Result<()> {
        let device = device.clone();
        self.write("cross out", format!("the quarantine of device {device}"), move |c| {
            c.execute("DELETE FROM quarantines WHERE device = $1", args![device.0]).map(drop)
        })
        .await
    }

    /// Who is cut off.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn quarantines(&self) -> Result<Vec<Quarantine>> {
        self.read("list", "quarantines", |c| {
            c.all("SELECT record FROM quarantines ORDER BY device", &[], |row| row.document(0, "quarantine"))
        })
        .await
    }
}
