//! Logs (DSP0268 LogService): that they are there, and how large; never what stands in them.

use super::field::Fields;
use model::inventory::{Fault, LogService};
use serde_json::Value;

/// Reads a LogService resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (LogService, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let log = LogService {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.text("LogEntryType"),
        enabled: fields.truth("ServiceEnabled"),
        max_entries: fields.count("MaxNumberOfRecords"),
        when_full: fields.text("OverWritePolicy"),
    };
    (log, fields.into_faults())
}
