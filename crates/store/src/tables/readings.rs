//! What one full reading adds: the latest inventory, and only where something changed a version, the parts to
//! be searched, and documents.

use super::components;
use crate::pack::Packed;
use crate::value::args;
use crate::work::{Connection, Trouble};
use crate::{Result, Store};
use jiff::Timestamp;
use model::DeviceId;
use model::components::Component;
use std::collections::BTreeSet;

/// What a reading adds.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Of which device.
    pub device: DeviceId,
    /// When it ended.
    pub taken_at: Timestamp,
    /// The whole inventory (`model::Inventory`).
    pub latest: Packed,
    /// What it is made of, where that is not what it was.
    pub version: Option<NewVersion>,
    /// The documents, or that they are the same as before.
    pub documents: Documents,
}

/// What a device is made of from now on.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// SHA-256 of the components' JSON.
    pub hash: [u8; 32],
    /// The components, sorted; packed in `packed` too.
    pub components: Vec<Component>,
    /// The components' JSON.
    pub packed: Packed,
    /// How many changes there are against the version before; none for the first.
    pub changes: u32,
    /// The first of them, in words.
    pub summary: String,
}

/// The documents of a reading.
#[derive(Clone, Debug)]
pub enum Documents {
    /// They were not kept.
    None,
    /// They are those of the device's latest snapshot.
    Same,
    /// They are these.
    New {
        /// SHA-256 of all paths and hashes.
        tree: [u8; 32],
        /// All of them; packed bytes only where the store did not have them when it was asked.
        bundles: Vec<Bundle>,
    },
}

/// Documents that are packed together.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The top of the tree that it holds, or the path of one large document.
    pub name: String,
    /// SHA-256 of its documents' paths and hashes.
    pub hash: [u8; 32],
    /// Its bytes; none where the store has it.
    pub packed: Option<Packed>,
}

/// What became of the readings that were to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Devices that are not there any more.
    pub gone: Vec<DeviceId>,
    /// Devices whose documents could not be kept, because a bundle was collected meanwhile.
    pub without_documents: Vec<DeviceId>,
}

impl Store {
    /// Which of these bundles are there.
    ///
    /// # Errors
    /// If they cannot be looked for.
    pub async fn known_bundles(&self, hashes: Vec<[u8; 32]>) -> Result<BTreeSet<[u8; 32]>> {
        self.read("look for", format!("{} bundles of documents", hashes.len()), move |c| {
            let mut known = BTreeSet::new();
            for hash in hashes {
                let sql = "SELECT count(*) FROM bundles WHERE hash = $1";
                if c.scalar::<u64>(sql, args![hash.as_slice()])? > 0 {
                    known.insert(hash);
                }
            }
            Ok(known)
        })
        .await
    }

    /// Writes down what readings add, all in one transaction, and forgets what is over `versions` a device.
    ///
    /// # Errors
    /// If it cannot be written. Nothing is then.
    pub async fn keep_readings(&self, readings: Vec<Reading>, versions: u32) -> Result<Kept> {
        self.write("write", format!("{} readings", readings.len()), move |c| {
            let mut kept = Kept::default();
            for reading in &readings {
                let sql = "SELECT count(*) FROM devices WHERE id = $1";
                if c.scalar::<u64>(sql, args![&reading.device.0])? == 0 {
                    kept.gone.push(reading.device.clone());
                } else if !keep(c, reading, versions)? {
                    kept.without_documents.push(reading.device.clone());
                }
            }
            Ok(kept)
        })
        .await
    }
}

/// Whether the documents could be kept.
fn keep(c: &dyn Connection, reading: &Reading, versions: u32) -> Result<bool, Trouble> {
    let device = &reading.device.0;
    super::inventories::put(c, &reading.device, Some(reading.taken_at), &reading.latest)?;
    let mut whole = true;
    match &reading.documents {
        Documents::None => {}
        Documents::Same => {
            let sql = "UPDATE snapshots SET seen_at = $2 WHERE number = (SELECT max(number) FROM snapshots WHERE device = $1)";
            c.execute(sql, args![device, reading.taken_at])?;
        }
        Documents::New { tree, bundles } => whole = put_snapshot(c, reading, tree, bundles)?,
    }
    if let Some(version) = &reading.version {
        put_version(c, reading, version)?;
        components::replace(c, &reading.device, &version.components)?;
    }
    forget(c, device, versions)?;
    Ok(whole)
}

fn put_snapshot(
    c: &dyn Connection,
    reading: &Reading,
    tree: &[u8; 32],
    bundles: &[Bundle],
) -> Result<bool, Trouble> {
    let mut numbers = Vec::with_capacity(bundles.len());
    for bundle in bundles {
        let sql = "SELECT number FROM bundles WHERE hash = $1";
        let known: Option<i64> = c.first(sql, args![bundle.hash.as_slice()], |row| row.take(0))?;
        let number = match (known, &bundle.packed) {
            (Some(number), _) => number,
            (None, Some(packed)) => {
                let sql = "INSERT INTO bundles (hash, length, packed) VALUES ($1, $2, $3) RETURNING number";
                c.scalar(sql, args![bundle.hash.as_slice(), packed.length, &packed.bytes])?
            }
            // Collected since it was looked for. What was inserted for this snapshot already is found by the next.
            (None, None) => return Ok(false),
        };
        numbers.push((&bundle.name, number));
    }
    let sql =
        "INSERT INTO snapshots (device, tree, taken_at, seen_at) VALUES ($1, $2, $3, $3) RETURNING number";
    let snapshot: i64 = c.scalar(sql, args![&reading.device.0, tree.as_slice(), reading.taken_at])?;
    for (name, bundle) in numbers {
        let sql = "INSERT INTO snapshot_bundles (snapshot, name, bundle) VALUES ($1, $2, $3)";
        c.execute(sql, args![snapshot, name, bundle])?;
    }
    Ok(true)
}

fn put_version(c: &dyn Connection, reading: &Reading, version: &NewVersion) -> Result<(), Trouble> {
    let sql = "INSERT INTO inventory_versions (device, number, taken_at, hash, changes, summary, length, packed, snapshot) \
               VALUES ($1, 1 + (SELECT coalesce(max(number), 0) FROM inventory_versions WHERE device = $1), \
                       $2, $3, $4, $5, $6, $7, (SELECT max(number) FROM snapshots WHERE device = $1))";
    let packed = &version.packed;
    let args = args![
        &reading.device.0,
        reading.taken_at,
        version.hash.as_slice(),
        version.changes,
        &version.summary,
        packed.length,
        &packed.bytes,
    ];
    c.execute(sql, args).map(drop)
}

/// Forgets versions over the number, and snapshots that are neither the latest nor a version's.
fn forget(c: &dyn Connection, device: &str, versions: u32) -> Result<(), Trouble> {
    let sql = "DELETE FROM inventory_versions WHERE device = $1 AND number <= \
               (SELECT max(number) FROM inventory_versions WHERE device = $1) - $2";
    c.execute(sql, args![device, versions.max(2)])?;
    let sql = "DELETE FROM snapshots WHERE device = $1 \
               AND number < (SELECT max(number) FROM snapshots WHERE device = $1) \
               AND number NOT IN (SELECT snapshot FROM inventory_versions WHERE device = $1 AND snapshot IS NOT NULL)";
    c.execute(sql, args![device]).map(drop)
}
