//! The names of what is measured.

/// Gauge: writes that wait for the thread that owns the connection.
pub const WRITE_QUEUE: &str = "portcullis_store_write_queue";

/// Histogram, seconds: from a write's being asked for until it was committed or failed.
pub const WRITE_SECONDS: &str = "portcullis_store_write_seconds";

/// Counter, by `operation` (`read`, `write`) and `kind` (`full`, `read_only`, `duplicate`, `missing`, `document`, `failed`):
/// what the database refused.
pub const ERRORS: &str = "portcullis_store_errors_total";

/// Tells the recorder what the names mean.
pub fn describe() {
    metrics::describe_gauge!(WRITE_QUEUE, "Writes that wait for the database's writer");
    metrics::describe_histogram!(
        WRITE_SECONDS,
        metrics::Unit::Seconds,
        "From asking for a write until its commit"
    );
    metrics::describe_counter!(ERRORS, "Reads and writes that the database refused, by operation and kind");
}
