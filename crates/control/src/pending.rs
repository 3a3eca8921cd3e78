//! What waits to be written down. Observations must never wait for a disk, and none may be lost, so
//! records wait by identifier (at most one entry a device) and are read when their turn comes.

use crate::history::arrived::{Arrived, Known};
use crate::history::keep;
use jiff::Timestamp;
use model::components::Component;
use model::device::{Device, DeviceId};
use model::event::Finding;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{Reading, Store};
use tokio::sync::Notify;

/// More findings than this between two writes are counted instead of kept: an attacker who can raise
/// them must not fill the memory.
const MOST_FINDINGS: usize = 1000;

/// Readings that wait for the disk hold at most this much memory, in bytes. A reading with new documents has
/// some 150 kB, one without some 6 kB: a stalled disk loses the documents of 400 devices before it loses an inventory.
const MOST_BYTES: usize = 64 << 20;

/// So many readings are written in one transaction: enough that its cost does not count, few enough that a
/// sign-in does not wait for long behind it.
const BATCH: usize = 32;

pub(crate) struct Pending {
    waiting: Mutex<Waiting>,
    /// What is kept of each device.
    known: Mutex<HashMap<DeviceId, Known>>,
    /// Versions that are kept of each device.
    versions: AtomicU32,
    news: Notify,
    /// Told when there is room again after readings were lost.
    room: Notify,
    /// Held from reading a record to its being written, so that no older one is written after a newer.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    devices: HashSet<DeviceId>,
    readings: HashMap<DeviceId, Box<Arrived>>,
    /// What `readings` hold, in bytes.
    bytes: usize,
    /// Devices whose reading was let go for want of room: they are asked again.
    lost: HashSet<DeviceId>,
    findings: Vec<(Timestamp, Finding)>,
}

impl Waiting {
    fn take(&mut self, device: &DeviceId) -> Option<Box<Arrived>> {
        let taken = self.readings.remove(device)?;
        self.bytes = self.bytes.saturating_sub(taken.bytes());
        Some(taken)
    }

    fn put(&mut self, device: DeviceId, mut arrived: Box<Arrived>) {
        self.take(&device);
        if self.bytes + arrived.bytes() > MOST_BYTES && arrived.without_documents() {
            metrics::counter!(crate::metrics::READINGS_DROPPED, "what" => "documents").increment(1);
        }
        if self.bytes + arrived.bytes() > MOST_BYTES {
            metrics::counter!(crate::metrics::READINGS_DROPPED, "what" => "inventory").increment(1);
            self.lost.insert(device);
            return;
        }
        self.bytes += arrived.bytes();
        self.readings.insert(device, arrived);
    }

    fn batch(&mut self) -> Vec<(DeviceId, Box<Arrived>)> {
        let devices: Vec<DeviceId> = self.readings.keys().take(BATCH).cloned().collect();
        devices.into_iter().filter_map(|device| self.take(&device).map(|arrived| (device, arrived))).collect()
    }
}

impl Pending {
    pub(crate) fn new(known: HashMap<DeviceId, Known>, versions: u32) -> Self {
        Self {
            waiting: Mutex::default(),
            known: Mutex::new(known),
            versions: AtomicU32::new(versions),
            news: Notify::new(),
            room: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_all(&self) -> MutexGuard<'_, HashMap<DeviceId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a device.
    pub(crate) fn known(&self, device: &DeviceId) -> Known {
        self.known_all().get(device).copied().unwrap_or_default()
    }

    /// Keeps so many versions of each device from now on.
    pub(crate) fn keep_versions(&self, versions: u32) {
        self.versions.store(versions, Ordering::Relaxed);
    }

    pub(crate) fn forget(&self, device: &DeviceId) {
        self.known_all().remove(device);
        self.waiting().take(device);
    }

    /// Waits until there is room again after readings were let go; comes back with the devices to be asked again.
    pub(crate) async fn lost(&self) -> Vec<DeviceId> {
        loop {
            self.room.notified().await;
            let lost = std::mem::take(&mut self.waiting().lost);
            if !lost.is_empty() {
                return lost.into_iter().collect();
            }
        }
    }

    pub(crate) fn add_reading(&self, device: DeviceId, arrived: Arrived) {
        self.waiting().put(device, Box::new(arrived));
        self.news.notify_one();
    }

    pub(crate) fn notify(&self) {
        self.news.notify_one();
    }

    pub(crate) fn add(&self, devices: Vec<Arc<Device>>, findings: &[Finding], now: Timestamp) {
        let mut waiting = self.waiting();
        waiting.devices.extend(devices.into_iter().map(|device| device.id.clone()));
        for finding in findings {
            if waiting.findings.len() < MOST_FINDINGS {
                waiting.findings.push((now, finding.clone()));
            } else {
                metrics::counter!(crate::metrics::FINDINGS_DROPPED).increment(1);
            }
        }
        self.news.notify_one();
    }

    pub(crate) async fn wait(&self) {
        self.news.notified().await;
    }

    /// Writes one record now, before somebody is told that it was changed.
    pub(crate) async fn write_one(
        &self,
        store: &Store,
        id: &DeviceId,
        record: impl Fn(&DeviceId) -> Option<Arc<Device>>,
    ) -> Result<(), store::Error> {
        let _turn = self.writing.lock().await;
        self.waiting().devices.remove(id);
        let Some(device) = record(id) else { return Ok(()) };
        let written = store.put_devices(vec![Device::clone(&device)]).await;
        if written.is_err() {
            self.waiting().devices.insert(id.clone());
        }
        written
    }

    /// Writes everything that waits; what the store refuses waits on, and is tried with the next news.
    pub(crate) async fn write(&self, store: &Store, record: impl Fn(&DeviceId) -> Option<Arc<Device>>) {
        let turn = self.writing.lock().await;
        let (ids, findings) = {
            let mut waiting = self.waiting();
            (std::mem::take(&mut waiting.devices), std::mem::take(&mut waiting.findings))
        };
        let devices: Vec<Device> =
            ids.iter().filter_map(record).map(|device| Device::clone(&device)).collect();
        if !devices.is_empty()
            && let Err(error) = store.put_devices(devices).await
        {
            tracing::error!(%error, "device records could not be written down; they stay in memory");
            self.waiting().devices.extend(ids);
        }
        drop(turn);
        self.write_readings(store).await;
        for (at, finding) in findings {
            if let Err(error) = store.add_finding(at, &finding).await {
                tracing::error!(%error, kind = finding.kind, "a finding could not be written down");
                self.waiting().findings.push((at, finding));
            }
        }
    }

    /// Writes down the readings that wait, until none does or the store refuses.
    async fn write_readings(&self, store: &Store) {
        loop {
            let batch = self.waiting().batch();
            if batch.is_empty() {
                break;
            }
            if let Err(error) = self.write_batch(store, &batch).await {
                tracing::error!(%error, readings = batch.len(), "readings could not be written down; they stay in memory while there is room");
                let mut waiting = self.waiting();
                for (device, arrived) in batch {
                    if !waiting.readings.contains_key(&device) {
                        waiting.put(device, arrived);
                    }
                }
                return;
            }
        }
        if !self.waiting().lost.is_empty() {
            self.room.notify_one();
        }
    }

    async fn write_batch(
        &self,
        store: &Store,
        batch: &[(DeviceId, Box<Arrived>)],
    ) -> Result<(), store::Error> {
        let hashes = batch.iter().flat_map(|(_, arrived)| keep::bundle_hashes(arrived)).collect();
        let bundles = store.known_bundles(hashes).await?;
        let mut work = Vec::with_capacity(batch.len());
        for (device, arrived) in batch {
            let before = match arrived.lasting {
                Some(_) => store.version(device, None).await?.map(|(_, components)| components),
                None => None,
            };
            work.push((device.clone(), arrived.clone(), before));
        }
        // Packing takes milliseconds a device: not on a thread that answers.
        let prepared = tokio::task::spawn_blocking(move || {
            work.into_iter()
                .filter_map(|(device, arrived, before)| prepare(&device, *arrived, before, &bundles))
                .collect::<Vec<Reading>>()
        });
        let readings = prepared.await.unwrap_or_default();
        let news: Vec<_> = readings.iter().map(|one| (one.device.clone(), added(one))).collect();
        let kept = store.keep_readings(readings, self.versions.load(Ordering::Relaxed)).await?;
        let mut known = self.known_all();
        for (device, news) in news {
            let entry = known.entry(device).or_default();
            entry.version = news.version.or(entry.version);
            entry.tree = news.tree.or(entry.tree);
        }
        for device in &kept.without_documents {
            known.entry(device.clone()).or_default().tree = None;
        }
        for device in &kept.gone {
            known.remove(device);
        }
        Ok(())
    }
}

/// What a reading adds; one whose documents are damaged is kept without them.
fn prepare(
    device: &DeviceId,
    mut arrived: Arrived,
    before: Option<Vec<Component>>,
    bundles: &std::collections::BTreeSet<[u8; 32]>,
) -> Option<Reading> {
    let first = keep::reading(device, &arrived, before.as_deref(), bundles);
    let prepared = first.or_else(|error| {
        tracing::warn!(%error, %device, "the documents of a reading cannot be packed; it is kept without them");
        arrived.without_documents();
        keep::reading(device, &arrived, before.as_deref(), bundles)
    });
    prepared.inspect_err(|error| tracing::error!(%error, %device, "a reading cannot be packed")).ok()
}

/// The hashes of what a reading adds.
fn added(reading: &Reading) -> Known {
    Known {
        version: reading.version.as_ref().map(|version| version.hash),
        tree: match &reading.documents {
            store::Documents::New { tree, .. } => Some(*tree),
            store::Documents::None | store::Documents::Same => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Inventory;
    use model::snapshot::{RawDocument, Snapshot};

    fn arrived(bytes: usize) -> Box<Arrived> {
        let document = RawDocument {
            path: "/redfish/v1/Systems/1".into(),
            hash: [0; 32],
            length: 10,
            packed: vec![0; bytes],
        };
        let snapshot = Snapshot { tree: [1; 32], documents: vec![document] };
        let now = Timestamp::UNIX_EPOCH;
        Box::new(
            Arrived::new(&Inventory::default(), Some(Box::new(snapshot)), Known::default(), now).unwrap(),
        )
    }

    #[test]
    fn readings_that_wait_are_bounded_in_bytes_and_their_documents_go_first() {
        let mut waiting = Waiting::default();
        let device = |number: usize| DeviceId(format!("d-{number}"));
        let large = MOST_BYTES / 4;
        for number in 0..10 {
            waiting.put(device(number), arrived(large - 10_000));
        }
        assert!(waiting.bytes <= MOST_BYTES);
        assert_eq!(waiting.readings.len(), 10, "inventories are small, and all wait");
        let with_documents = waiting.readings.values().filter(|one| one.bytes() > 10_000).count();
        assert_eq!(with_documents, 4);
        assert!(waiting.lost.is_empty());
        // The newer one of the same device takes the older one's place.
        waiting.put(device(0), arrived(0));
        assert_eq!(waiting.readings.len(), 10);
        // What is too large by itself is let go and asked again.
        let mut huge = arrived(0);
        huge.latest.bytes = vec![0; MOST_BYTES + 1];
        waiting.put(device(11), huge);
        assert!(waiting.lost.contains(&device(11)));
        while !waiting.batch().is_empty() {}
        assert_eq!(waiting.bytes, 0);
    }
}
