//! How the sweeps of this life of the appliance go.

use crate::book::unavailable;
use ipnet::IpNet;
use jiff::Timestamp;
use model::Failure;
use model::book::SweepRecord;
use model::event::What;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use store::Store;

/// So many sweeps are remembered.
const MOST: usize = 100;

/// One sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sweep {
    /// Its number.
    pub sweep: u64,
    /// Addresses asked.
    pub asked: u64,
    /// Addresses in all.
    pub total: u64,
    /// Controllers that answered.
    pub found: u64,
    /// Whether it ended.
    pub ended: bool,
}

/// All of them, newest last.
#[derive(Debug, Default)]
pub struct Sweeps(Mutex<BTreeMap<u64, Sweep>>);

impl Sweeps {
    pub(crate) fn note(&self, event: &What) {
        if let What::SweepProgress { sweep, asked, total, found, ended } = *event {
            let mut sweeps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sweeps.insert(sweep, Sweep { sweep, asked, total, found, ended });
            while sweeps.len() > MOST {
                sweeps.pop_first();
            }
        }
    }

    /// Newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Sweep> {
        let sweeps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sweeps.values().rev().cloned().collect()
    }
}

/// A new sweep, or the one of the same range and port that did not come to its end.
pub(crate) async fn begun(
    store: &Store,
    range: IpNet,
    port: u16,
    rate: u32,
    now: Timestamp,
) -> Result<Option<SweepRecord>, Failure> {
    let failed = |error: store::Error| unavailable(format!("sweep of {range}"), &error);
    let text = range.to_string();
    let row = match store.sweep_to_resume(&text, port).await.map_err(failed)? {
        Some(row) => row,
        None => store.create_sweep(&text, port, rate, now).await.map_err(failed)?,
    };
    let store::Sweep { number, cursor, asked, found, .. } = row;
    Ok(Some(SweepRecord { number, range, port, rate, cursor, asked, found, ended: false }))
}

/// Writes down how far a sweep came.
pub(crate) async fn progress(store: &Store, sweep: SweepRecord, now: Timestamp) -> Result<(), Failure> {
    let failed = |error: store::Error| unavailable(format!("sweep of {}", sweep.range), &error);
    let Some(row) = store.sweep(sweep.number).await.map_err(failed)? else { return Ok(()) };
    let SweepRecord { rate, cursor, asked, found, .. } = sweep;
    let row = store::Sweep { rate, cursor, asked, found, ended_at: sweep.ended.then_some(now), ..row };
    store.put_sweep(&row).await.map_err(failed).map(drop)
}
