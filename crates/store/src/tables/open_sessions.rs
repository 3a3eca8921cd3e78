//! The sessions that the appliance has open on controllers: closed again even after it was killed.

use crate::value::args;
use crate::{Result, Store};
use jiff::Timestamp;
use model::DeviceId;

/// A session that is open, or was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSessionRow {
    /// On which device, by its identifier.
    pub device: DeviceId,
    /// When it was asked for. With the device it names the row.
    pub asked_at: Timestamp,
    /// Its path on the controller, once that is known.
    pub path: Option<String>,
    /// How it is closed, sealed; none in rows that schema 2 wrote.
    pub way_in: Option<Vec<u8>>,
}

impl Store {
    /// Writes down that a session is about to be, or was, opened on a device. Two with the same device and
    /// `asked_at` are one; others of the device stay.
    ///
    /// # Errors
    /// If it cannot be written: then none should be opened.
    pub async fn put_open_session(&self, session: OpenSessionRow) -> Result<()> {
        self.write("write down", format!("the session on device {}", session.device), move |c| {
            let sql = "INSERT INTO open_sessions (device, path, asked_at, way_in) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (device, asked_at) DO UPDATE SET path = excluded.path, way_in = excluded.way_in";
            let OpenSessionRow { device, asked_at, path, way_in } = &session;
            c.execute(sql, args![&device.0, path.clone(), *asked_at, way_in.clone()]).map(drop)
        })
        .await
    }

    /// Crosses out the session that was asked for on a device at this time; false if there was none.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn delete_open_session(&self, device: &DeviceId, asked_at: Timestamp) -> Result<bool> {
        let device = device.clone();
        self.write("cross out", format!("the session on device {device}"), move |c| {
            let sql = "DELETE FROM open_sessions WHERE device = $1 AND asked_at = $2";
            Ok(c.execute(sql, args![&device.0, asked_at])? > 0)
        })
        .await
    }

    /// Every session that is open, or was left open, the oldest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn open_sessions(&self) -> Result<Vec<OpenSessionRow>> {
        self.read("list", "open sessions", |c| {
            let sql = "SELECT device, path, asked_at, way_in FROM open_sessions ORDER BY asked_at, device";
            c.all(sql, &[], |row| {
                Ok(OpenSessionRow {
                    device: DeviceId(row.take(0)?),
                    path: row.take(1)?,
                    asked_at: row.take(2)?,
                    way_in: row.take(3)?,
                })
            })
        })
        .await
    }
}
