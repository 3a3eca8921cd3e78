//! The configuration file `portcullis.toml`: what may stand in it, and how it is read.

mod annotated;
mod locate;
mod problem;

pub use annotated::annotated;
pub use problem::{Problem, read};

use control::zones::Zone;
use model::settings;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

settings! {
    /// The appliance as a whole. Relative paths in this file start at the data directory.
    Appliance {
        /// The name or address that people type; links for first logins are made from it.
        name: String = "localhost".into(),
        /// The database: `sqlite:FILE`.
        store: String = "sqlite:portcullis.db".into(),
        /// Where the vault's key comes from: `file:PATH`, `credential:NAME` (a systemd credential) or
        /// `passphrase` (in the file that PORTCULLIS_PASSPHRASE_FILE names at the start).
        /// A backup never holds this key: keep a copy of it in a safe.
        vault_key: String = "file:vault.key".into(),
    }
}

settings! {
    /// The firewall's program, which alone changes what the kernel lets pass.
    Firewall {
        /// The socket that `portcullis-firewall` listens at. Where nobody does, policies can be kept and asked about, but none is enforced.
        socket: PathBuf = "/run/portcullis-firewall.socket".into(),
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
    /// `[appliance]`.
    pub appliance: Appliance,
    /// `[web]`.
    pub web: web::config::Web,
    /// `[access]`.
    pub access: control::config::Access,
    /// `[audit]`.
    pub audit: audit::Config,
    /// `[archive]`.
    pub archive: archive::Config,
    /// `[bmc]`.
    pub bmc: bmc::Config,
    /// `[firewall]`.
    pub firewall: Firewall,
    /// `[inventory]`.
    pub inventory: control::config::Inventory,
    /// `[log]`.
    pub log: Log,
    /// `[syslog]`.
    pub syslog: syslog::Config,
    /// `[[zone]]`: the networks that controllers live in, by name.
    pub zone: Vec<Zone>,
}

impl Config {
    /// The database's URL, its file inside `data` unless it is absolute.
    pub fn store_url(&self, data: &Path) -> String {
        let file = self.appliance.store.strip_prefix("sqlite:").unwrap_or(&self.appliance.store);
        format!("sqlite:{}", data.join(file).display())
    }

    /// Where the vault's key comes from, its file inside `data` unless it is absolute.
    pub fn key_source(&self, data: &Path) -> Result<vault::KeySource, vault::Error> {
        Ok(self.appliance.vault_key.parse::<vault::KeySource>()?.within(data))
    }

    /// The same with every relative path inside `data`.
    pub fn rooted(mut self, data: &Path) -> Self {
        let root = |path: &mut PathBuf| *path = data.join(&*path);
        root(&mut self.web.certificate);
        root(&mut self.web.key);
        root(&mut self.firewall.socket);
        root(&mut self.archive.directory);
        self.bmc.authorities.as_mut().map(root);
        self.audit.anchor.as_mut().map(root);
        self.syslog.client_ca.as_mut().map(root);
        if let Some(syslog) = &mut self.audit.syslog {
            root(&mut syslog.ca_file);
            syslog.certificate_file.as_mut().map(root);
            syslog.key_file.as_mut().map(root);
        }
        self
    }
}
