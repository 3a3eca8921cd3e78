//! The firewalls' log: what is asked of it, what it answers, and what of it is missing.

use crate::inventory::ExportFormat;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which entries to look for; all that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// From this moment on, by what the entry says: by RFC 3339, a date, or a span before now such as `2h` or `7d`.
    #[param(example = "2h")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Before this moment, written in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// About this device, by identifier, name or address: one end is its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// One end is this address or lies in this network; several are parted by commas.
    #[param(example = "10.20.0.0/16")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// It came from this address or network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// It went to this address or network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The rule that decided: of the policy its number, `default`, `spoofed` or `quarantined`; of another firewall what
    /// that calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// What became of it: `accept`, `drop`, `reject`, `would-drop`, `would-reject`, `unknown`; several are parted by commas.
    #[param(example = "drop,reject")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The protocol: `tcp`, `udp`, `icmp`, `icmpv6`, or its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// To this port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whose entries: `own` is the appliance's firewall; another's by its name or address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only what stands before this place: `next` of the answer before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Only what stands behind this place: what has come since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many to show, at most 10,000; 0 means 200. An export has no limit.
    #[param(maximum = 10000)]
    pub limit: usize,
    /// Of an export alone: `csv`, `json` or `parquet`.
    #[param(inline)]
    pub format: ExportFormat,
}

/// An entry of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LoggedEntry {
    /// Where it stands in the log.
    pub position: String,
    /// When: as the firewall says.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it was received, by the appliance's clock.
    #[schema(value_type = String, format = DateTime)]
    pub received: Timestamp,
    /// Which firewall tells it; none is the appliance's own.
    pub source: Option<String>,
    /// `accept`, `drop`, `reject`, `would-drop`, `would-reject` or `unknown`.
    pub verdict: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The application.
    pub app: Option<String>,
    /// From where.
    pub from: Option<String>,
    /// To where.
    pub to: Option<String>,
    /// The name of the device that it came from, if it is one.
    pub from_device: Option<String>,
    /// The name of the device that it went to, if it is one.
    pub to_device: Option<String>,
    /// The protocol's number (IANA).
    pub protocol: Option<u8>,
    /// From this port; of ICMP the type.
    pub source_port: Option<u16>,
    /// To that port; of ICMP the code.
    pub port: Option<u16>,
    /// The interface that it came in by.
    pub arrived: Option<String>,
    /// The interface that it would leave by.
    pub leaves: Option<String>,
    /// Its length, in bytes.
    pub bytes: Option<u32>,
    /// The line itself, of another firewall.
    pub message: Option<String>,
}

/// A part of the log that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingEntries {
    /// From when on: as it was received.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// `kernel`, `firewall`, `buffer`, `disk`, `stopped`, `crash`, `damaged`, `removed` or `before`.
    pub why: String,
    /// The same for people.
    pub meaning: String,
    /// How many entries; none where nobody can know.
    pub count: Option<u64>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LoggedEntries {
    /// The entries, the last received first.
    pub entries: Vec<LoggedEntry>,
    /// Where to go on, for `before`; none where there is no more.
    pub next: Option<String>,
    /// Whether the search's time was over before all was looked at: `next` says how far it came.
    pub is_cut: bool,
    /// Whether nothing is missing of the time that was asked about.
    pub is_complete: bool,
    /// What is missing.
    pub missing: Vec<MissingEntries>,
    /// Entries that were read for it.
    pub searched: u64,
}
