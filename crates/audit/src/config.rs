//! What can be configured, with its defaults.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

model::settings! {
    /// How the audit log is kept and where it is sent.
    Config {
        /// A file of the log is closed and the next begun when it is this large, in bytes.
        segment_bytes: u64 = 64 * 1024 * 1024,
        /// Space on the disk that is kept for essential acts, in bytes. About 500 bytes are used by a record.
        reserve_bytes: u64 = 1024 * 1024,
        /// A checkpoint is signed after this many records.
        checkpoint_records: u64 = 1000,
        /// A checkpoint is signed after this many minutes, if there is anything new.
        checkpoint_minutes: u64 = 15,
        /// A file that checkpoints are appended to. It proves something only when it is not on this machine
        /// (a network share) or cannot be rewritten by it.
        anchor: Option<PathBuf> = None,
        /// A syslog collector that every record and checkpoint is sent to: a table with `address` (HOST:PORT),
        /// `server_name`, `ca_file`, and where wanted `certificate_file`, `key_file`, `hostname`.
        syslog: Option<Syslog> = None,
    }
}

impl Config {
    /// The longest time between a record and the checkpoint that covers it.
    #[must_use]
    pub fn checkpoint_interval(&self) -> Duration {
        Duration::from_secs(self.checkpoint_minutes.clamp(1, 7 * 24 * 60) * 60)
    }
}

/// A syslog collector that speaks RFC 5424 over TLS (RFC 5425).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// Where it listens, as `HOST:PORT`; the port of RFC 5425 is 6514.
    pub address: String,
    /// The name that its certificate must carry.
    pub server_name: String,
    /// A PEM file with the certificates of the authorities that may have signed it.
    pub ca_file: PathBuf,
    /// A PEM file with this appliance's certificate, if the collector asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// A PEM file with that certificate's private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The name that this appliance gives itself in messages (RFC 5424, section 6.2.4).
    #[serde(default = "default_hostname")]
    pub hostname: String,
}

fn default_hostname() -> String {
    "portcullis".into()
}
