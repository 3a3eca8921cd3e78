//! How the sweeps of this life of the appliance go.

use model::event::What;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

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
