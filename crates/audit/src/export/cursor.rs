//! Up to where the collector has the log, kept in a small file. Losing it means that records are sent again.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

#[derive(Serialize, Deserialize)]
struct Content {
    seq: u64,
}

/// The cursor of one exporter.
#[derive(Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    /// The last record that the collector has.
    pub seq: u64,
}

impl Cursor {
    pub fn load(path: PathBuf) -> Self {
        let seq = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Content>(&bytes).ok());
        Self { path, seq: seq.map_or(0, |content| content.seq) }
    }

    /// Moves it forward. A full disk does not stop the export; the records are sent again after a restart.
    pub fn advance(&mut self, seq: u64) {
        if seq <= self.seq {
            return;
        }
        self.seq = seq;
        let new = self.path.with_extension("new");
        let saved = std::fs::write(&new, format!("{{\"seq\":{seq}}}\n"))
            .and_then(|()| std::fs::rename(&new, &self.path));
        if let Err(why) = saved {
            tracing::debug!(path = %self.path.display(), %why, "the cursor was not saved");
        }
    }
}
