//! The sessions that the appliance has open on controllers: closed again even after it was killed.

use crate::value::args;
use crate::{Result, Store};
use model::DeviceId;
use model::book::OpenSession;

impl Store {
    /// Writes down that a session is about to be, or was, opened on a device. Two with the same device and
    /// `asked_at` are one; others of the device stay.
    ///
    /// # Errors
    /// If it cannot be written: then none should be opened.
    pub async fn put_open_session(&self, session: &OpenSession) -> Result<()> {
        let session = session.clone();
        self.write("write down", format!("the session on device {}", session.device), move |c| {
            let sql = "INSERT INTO open_sessions (device, path, asked_at) VALUES ($1, $2, $3) \
                       ON CONFLICT (device, asked_at) DO UPDATE SET path = excluded.path";
            c.execute(sql, args![&session.device.0, session.path, session.asked_at]).map(drop)
        })
        .await
    }

    /// Writes down that no session is open on a device any more: all of its entries go.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_open_session(&self, device: &DeviceId) -> Result<bool> {
        let device = device.clone();
        self.write("cross out", format!("the session on device {device}"), move |c| {
            Ok(c.execute("DELETE FROM open_sessions WHERE device = $1", args![&device.0])? > 0)
        })
        .await
    }

    /// Every session that is open, or was left open, the oldest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn open_sessions(&self) -> Result<Vec<OpenSession>> {
        self.read("list", "open sessions", |c| {
            c.all("SELECT device, path, asked_at FROM open_sessions ORDER BY asked_at, device", &[], |row| {
                Ok(OpenSession { device: DeviceId(row.take(0)?), path: row.take(1)?, asked_at: row.take(2)? })
            })
        })
        .await
    }
}
