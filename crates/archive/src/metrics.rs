//! What the archive counts.

use model::firewall_log::Why;

/// Entries of the firewalls' log that were taken in.
pub const TAKEN: &str = "portcullis_firewall_log_entries_total";
/// Entries of the firewalls' log that are on disk.
pub const WRITTEN: &str = "portcullis_firewall_log_written_total";
/// Entries of the firewalls' log that are missing and counted, by `why` (`kernel`, `firewall`, `buffer`, `disk`).
pub const LOST: &str = "portcullis_firewall_log_lost_total";
/// Bytes of the firewalls' log on disk.
pub const BYTES: &str = "portcullis_firewall_log_bytes";

pub(crate) fn taken(count: usize, refused: u64) {
    metrics::counter!(TAKEN).increment(u64::try_from(count).unwrap_or_default());
    lost(Why::Buffer, refused);
}

pub(crate) fn written(count: u64) {
    metrics::counter!(WRITTEN).increment(count);
}

pub(crate) fn lost(why: Why, count: u64) {
    if count > 0 {
        metrics::counter!(LOST, "why" => why.name()).increment(count);
    }
}

pub(crate) fn bytes(count: u64) {
    metrics::gauge!(BYTES).set(count as f64);
}
