//! What waits to be written down. Observations must never wait for a disk, and none may be lost, so
//! records wait by identifier (at most one entry a device) and are read when their turn comes.

use jiff::Timestamp;
use model::Inventory;
use model::device::{Device, DeviceId};
use model::event::Finding;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Store;
use tokio::sync::Notify;

/// More findings than this between two writes are counted instead of kept: an attacker who can raise
/// them must not fill the memory.
const MOST_FINDINGS: usize = 1000;

#[derive(Default)]
pub(crate) struct Pending {
    waiting: Mutex<Waiting>,
    news: Notify,
    /// Held from reading a record to its being written, so that no older one is written after a newer.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    devices: HashSet<DeviceId>,
    inventories: HashMap<DeviceId, Box<Inventory>>,
    findings: Vec<(Timestamp, Finding)>,
}

impl Pending {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(
        &self,
        devices: Vec<Arc<Device>>,
        inventory: Option<(DeviceId, Box<Inventory>)>,
        findings: &[Finding],
        now: Timestamp,
    ) {
        let mut waiting = self.waiting();
        waiting.devices.extend(devices.into_iter().map(|device| device.id.clone()));
        waiting.inventories.extend(inventory);
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
        let work = std::mem::take(&mut *self.waiting());
        let devices: Vec<Device> =
            work.devices.iter().filter_map(record).map(|device| Device::clone(&device)).collect();
        if !devices.is_empty()
            && let Err(error) = store.put_devices(devices).await
        {
            tracing::error!(%error, "device records could not be written down; they stay in memory");
            self.waiting().devices.extend(work.devices);
        }
        drop(turn);
        for (id, inventory) in work.inventories {
            match store.put_inventory(&id, &inventory).await {
                // The device was forgotten meanwhile.
                Err(error) if error.is_missing() => continue,
                Err(error) => {
                    tracing::error!(%error, device = %id, "an inventory could not be written down; it stays in memory");
                    self.waiting().inventories.entry(id).or_insert(inventory);
                }
                Ok(()) => {}
            }
        }
        for (at, finding) in work.findings {
            if let Err(error) = store.add_finding(at, &finding).await {
                tracing::error!(%error, kind = finding.kind, "a finding could not be written down");
                self.waiting().findings.push((at, finding));
            }
        }
    }
}
