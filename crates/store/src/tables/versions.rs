//! What each device was made of, each time that it changed; and the documents that it was read from.

use super::inventories::unpacked;
use crate::pack::Packed;
use crate::value::{Row, Value, args};
use crate::work::Trouble;
use crate::{Result, Store};
use jiff::Timestamp;
use model::DeviceId;
use model::components::Component;

/// A version, without what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Its number on its device, from 1.
    pub number: u64,
    /// When it was first read.
    pub taken_at: Timestamp,
    /// How many changes there are against the one before.
    pub changes: u32,
    /// The first of them, in words.
    pub summary: String,
    /// Whether its documents are kept.
    pub has_documents: bool,
}

/// What the keeper must know of a device to tell what is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownReading {
    /// Which.
    pub device: DeviceId,
    /// The hash of its latest version.
    pub version: Option<[u8; 32]>,
    /// The hash of its latest documents.
    pub tree: Option<[u8; 32]>,
}

/// A device's components at a moment and now; packed, because there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedSince {
    /// Which.
    pub device: DeviceId,
    /// At the moment, or when it was first read after it; none where that is now.
    pub before: Option<Packed>,
    /// Whether it was not read by then.
    pub is_first: bool,
    /// Now.
    pub after: Packed,
}

/// A bundle of documents, as it was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBundle {
    /// The top of the tree that it holds, or the path of one large document.
    pub name: String,
    /// Its bytes.
    pub packed: Packed,
}

fn row(row: &mut Row) -> Result<VersionRow, Trouble> {
    Ok(VersionRow {
        number: row.take(0)?,
        taken_at: row.take(1)?,
        changes: row.take(2)?,
        summary: row.take(3)?,
        has_documents: row.take::<Option<i64>>(4)?.is_some(),
    })
}

fn hash(row: &mut Row, column: usize) -> Result<Option<[u8; 32]>, Trouble> {
    let bytes: Option<Vec<u8>> = row.take(column)?;
    let wrong = |_| Trouble::Document { what: "hash".into(), source: "it has not 32 bytes".into() };
    bytes.map(|bytes| bytes.try_into().map_err(wrong)).transpose()
}

impl Store {
    /// A device's versions, the newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn versions(&self, device: &DeviceId) -> Result<Vec<VersionRow>> {
        let device = device.clone();
        self.read("list", format!("the history of device {device}"), move |c| {
            let sql = "SELECT number, taken_at, changes, summary, snapshot FROM inventory_versions \
                       WHERE device = $1 ORDER BY number DESC";
            c.all(sql, args![&device.0], row)
        })
        .await
    }

    /// What a device was made of in a version; the latest where none is named.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn version(
        &self,
        device: &DeviceId,
        number: Option<u64>,
    ) -> Result<Option<(u64, Vec<Component>)>> {
        let device = device.clone();
        self.read("read", format!("the history of device {device}"), move |c| {
            let sql = "SELECT number, length, packed FROM inventory_versions WHERE device = $1 \
                       AND number = coalesce($2, (SELECT max(number) FROM inventory_versions WHERE device = $1))";
            c.first(sql, args![&device.0, number], |row| {
                let packed = Packed { length: row.take(1)?, bytes: row.take(2)? };
                Ok((row.take(0)?, unpacked(&packed, "version")?))
            })
        })
        .await
    }

    /// What is known of every device's latest reading.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn known_readings(&self) -> Result<Vec<KnownReading>> {
        self.read("read", "the latest readings", |c| {
            let sql = "SELECT device, (SELECT hash FROM inventory_versions v WHERE v.device = i.device ORDER BY number DESC LIMIT 1), \
                       (SELECT tree FROM snapshots s WHERE s.device = i.device ORDER BY number DESC LIMIT 1) FROM inventories i";
            c.all(sql, &[], |row| {
                Ok(KnownReading { device: DeviceId(row.take(0)?), version: hash(row, 1)?, tree: hash(row, 2)? })
            })
        })
        .await
    }

    /// The devices, by identifier and after `beyond`, that are not made of what they were at a moment: at most
    /// `most` of them.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn changed_since(
        &self,
        since: Timestamp,
        beyond: &str,
        most: usize,
    ) -> Result<Vec<ChangedSince>> {
        let beyond = beyond.to_owned();
        self.read("read", "what changed", move |c| {
            let sql = "SELECT DISTINCT device FROM inventory_versions WHERE taken_at > $1 AND device > $2 ORDER BY device LIMIT $3";
            let devices: Vec<String> = c.all(sql, args![since, &beyond, most], |row| row.take(0))?;
            let packed = |sql: &str, args: &[Value]| {
                c.first(sql, args, |row| Ok(Packed { length: row.take(0)?, bytes: row.take(1)? }))
            };
            let mut changed = Vec::with_capacity(devices.len());
            for device in devices {
                let by_then = packed(
                    "SELECT length, packed FROM inventory_versions WHERE device = $1 AND taken_at <= $2 ORDER BY number DESC LIMIT 1",
                    args![&device, since],
                )?;
                let is_first = by_then.is_none();
                let before = match by_then {
                    Some(packed) => Some(packed),
                    None => packed(
                        "SELECT length, packed FROM inventory_versions WHERE device = $1 \
                         AND number < (SELECT max(number) FROM inventory_versions WHERE device = $1) ORDER BY number LIMIT 1",
                        args![&device],
                    )?,
                };
                let after = packed(
                    "SELECT length, packed FROM inventory_versions WHERE device = $1 ORDER BY number DESC LIMIT 1",
                    args![&device],
                )?;
                if let Some(after) = after {
                    changed.push(ChangedSince { device: DeviceId(device), before, is_first, after });
                }
            }
            Ok(changed)
        })
        .await
    }

    /// When the oldest version that is kept of any device was read.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn oldest_version(&self) -> Result<Option<Timestamp>> {
        self.read("read", "the history", |c| {
            c.first("SELECT min(taken_at) FROM inventory_versions", &[], |row| row.take(0))
                .map(Option::flatten)
        })
        .await
    }

    /// The documents of a device's latest snapshot, or of a version's, as they were packed.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn documents(&self, device: &DeviceId, version: Option<u64>) -> Result<Vec<StoredBundle>> {
        let device = device.clone();
        self.read("read", format!("the documents of device {device}"), move |c| {
            let which = match version {
                None => "SELECT max(number) FROM snapshots WHERE device = $1",
                Some(_) => "SELECT snapshot FROM inventory_versions WHERE device = $1 AND number = $2",
            };
            let sql = format!(
                "SELECT name, length, packed FROM snapshot_bundles JOIN bundles ON bundles.number = bundle \
                 WHERE snapshot = ({which}) ORDER BY name"
            );
            let read = |row: &mut Row| {
                let packed = Packed { length: row.take(1)?, bytes: row.take(2)? };
                Ok(StoredBundle { name: row.take(0)?, packed })
            };
            match version {
                None => c.all(&sql, args![&device.0], read),
                Some(number) => c.all(&sql, args![&device.0, number], read),
            }
        })
        .await
    }
}
