//! What can be configured, with its defaults.

use std::path::PathBuf;

model::settings! {
    /// What is kept for long, as Parquet: at present the firewalls' log. DuckDB, pandas and others read its files as they are.
    Config {
        /// Where it is kept.
        directory: PathBuf = "archive".into(),
        /// The firewalls' log is at most so large, in megabytes; the oldest is removed first.
        firewall_megabytes: u64 = 2048,
        /// The firewalls' log is kept for so many days.
        firewall_days: u32 = 365,
        /// So much of the disk is left to the rest of the appliance, in megabytes: with less room entries are counted and not kept.
        spare_megabytes: u64 = 200,
    }
}
