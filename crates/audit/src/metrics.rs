//! Names of what is counted.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Records that are on disk.
pub const RECORDS: &str = "portcullis_audit_records_total";
/// Records that were refused because the disk is full.
pub const REFUSED: &str = "portcullis_audit_refused_total";
/// How long a batch of records took to reach the disk, in seconds.
pub const SYNC: &str = "portcullis_audit_sync_seconds";
/// 1 while the disk is full and only essential acts are taken, else 0.
pub const RESERVE: &str = "portcullis_audit_reserve_in_use";
/// Checkpoints that were signed.
pub const CHECKPOINTS: &str = "portcullis_audit_checkpoints_total";
/// Records that an exporter (label `exporter`) has not yet sent off the machine.
pub const EXPORT_LAG: &str = "portcullis_audit_export_lag_records";
/// Times that an exporter (label `exporter`) failed and tried again.
pub const EXPORT_FAILURES: &str = "portcullis_audit_export_failures_total";

/// Tells the recorder what they mean.
pub fn describe() {
    describe_counter!(RECORDS, Unit::Count, "Audit records that are on disk.");
    describe_counter!(REFUSED, Unit::Count, "Audit records refused because the disk is full.");
    describe_histogram!(SYNC, Unit::Seconds, "Time for a batch of audit records to reach the disk.");
    describe_gauge!(RESERVE, "1 while the disk is full and only essential acts are taken.");
    describe_counter!(CHECKPOINTS, Unit::Count, "Audit checkpoints signed.");
    describe_gauge!(EXPORT_LAG, Unit::Count, "Audit records not yet sent off the machine, by exporter.");
    describe_counter!(
        EXPORT_FAILURES,
        Unit::Count,
        "Failed tries to send audit records off the machine, by exporter."
    );
}
