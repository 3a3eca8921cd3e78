//! The configuration file `portcullis.toml`: what may stand in it, and how it is read.

mod annotated;
mod locate;
mod problem;

pub use annotated::annotated;
pub use problem::{Problem, read};

use control::zones::Zone;
use model::settings;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

settings! {
    /// Where administrators and their tools reach the appliance.
    Listen {
        /// Address and port of the web pages and the API. Behind the systemd socket unit it is not used.
        address: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8443)),
        /// The name or address that people type; links for first logins are made from it.
        name: String = "localhost".into(),
        /// The certificate chain in PEM, and its key. Both are read again when they change.
        /// Relative paths start at the data directory; `init` makes a pair there.
        certificate: PathBuf = "tls/certificate.pem".into(),
        /// The certificate's private key in PEM; readable by the appliance's user alone.
        key: PathBuf = "tls/key.pem".into(),
        /// From where `/metrics` may be read without a token.
        metrics_from: Vec<ipnet::IpNet> = vec![loopback_v4(), loopback_v6()],
    }
}

settings! {
    /// What is kept, and where.
    Keep {
        /// The database: `sqlite:FILE`; a relative file starts at the data directory.
        store: String = "sqlite:portcullis.db".into(),
        /// Where the vault's key comes from: `file:PATH`, `credential:NAME` (systemd) or `passphrase`
        /// (read at the start from the variable PORTCULLIS_PASSPHRASE_FILE's file).
        /// A backup never holds this key: keep a copy of it in a safe.
        vault_key: String = "file:vault.key".into(),
    }
}

settings! {
    /// Where the audit log's checkpoints go, so that nobody on this machine can rewrite the past unseen.
    Audit {
        /// Checkpoints are appended to this file; let it lie on another machine (NFS, a serial line's spool).
        anchor_file: Option<PathBuf> = None,
        /// A checkpoint is signed after so many records ...
        checkpoint_records: u64 = 100,
        /// ... or so many seconds, whichever comes first.
        checkpoint_seconds: u64 = 300,
        /// Every record and checkpoint is sent to this syslog server (RFC 5424 over TLS), as `host:port`.
        syslog: Option<String> = None,
        /// The authority of the syslog server's certificate, in PEM.
        syslog_authority: Option<PathBuf> = None,
        /// So much room, in KiB, stays reserved on disk for the records of acts that must work on a full disk.
        reserve_kib: u64 = 1024,
    }
}

settings! {
    /// What the appliance says while it runs.
    Log {
        /// Which messages: `error`, `warn`, `info`, `debug`, or a filter such as `info,bmc=debug`.
        level: String = "info".into(),
        /// `human` or `json`.
        format: LogFormat = LogFormat::Human,
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Human,
    /// For machines, one object a line.
    Json,
}

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[listen]`.
    pub listen: Listen,
    /// `[keep]`.
    pub keep: Keep,
    /// `[audit]`.
    pub audit: Audit,
    /// `[bmc]`.
    pub bmc: bmc::Config,
    /// `[log]`.
    pub log: Log,
    /// `[[zone]]`: the networks that controllers live in, by name.
    pub zone: Vec<Zone>,
}

fn loopback_v4() -> ipnet::IpNet {
    ipnet::IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(127, 0, 0, 0), 8))
}

fn loopback_v6() -> ipnet::IpNet {
    ipnet::IpNet::V6(ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::LOCALHOST, 128))
}
