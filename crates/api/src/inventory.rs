//! Parts over the fleet, history and what changed, and what was learned of models.

use jiff::Timestamp;
use model::inventory_diff::Change;
use model::traffic::Learned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which parts to look for; all that is said must hold. A text is compared whole, without case; one that ends
/// with `*` is a beginning.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartsQuery {
    /// The part number, its own or the one that the server's maker gives it.
    #[param(example = "HMAA8GR7AJR4N-XN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_number: Option<String>,
    /// The serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The version of what runs on it.
    #[param(example = "2.1*")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// A MAC address, or the beginning of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// `processor`, `memory module`, `drive`, `network interface`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Somewhere in name, place, maker, model, part numbers, serial number, firmware or MAC address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only in this device, by identifier or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// How many to show, at most 5,000; 0 means 500. An export has no limit.
    #[param(maximum = 5000)]
    pub limit: usize,
    /// Of an export alone: `csv`, `json` or `parquet`.
    #[param(inline)]
    pub format: ExportFormat,
}

/// How parts are written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// With a head line; fields as RFC 4180 has them.
    #[default]
    Csv,
    /// An array of objects.
    Json,
    /// Apache Parquet; at most 100,000 parts.
    Parquet,
}

/// A part, and the device that it is in.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FleetPart {
    /// The device's identifier.
    pub device: String,
    /// The device's name.
    pub device_name: String,
    /// `processor`, `memory module`, `drive`, ...
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The slot, socket or bay.
    pub place: Option<String>,
    /// The maker.
    pub manufacturer: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The part number.
    pub part_number: Option<String>,
    /// The part number that the server's maker gives it.
    pub oem_part_number: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The version of what runs on it.
    pub firmware: Option<String>,
    /// Its MAC addresses, with blanks between them.
    pub macs: Option<String>,
}

/// How many there are of one kind, model and part number.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PartCount {
    /// The kind.
    pub kind: String,
    /// The model; without one and without a part number the name.
    pub model: String,
    /// The part number.
    pub part_number: Option<String>,
    /// The parts.
    pub parts: usize,
    /// The devices that hold them.
    pub in_devices: usize,
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FleetParts {
    /// The first of them.
    pub components: Vec<FleetPart>,
    /// How many there are.
    pub total: usize,
    /// In how many devices.
    pub in_devices: usize,
    /// Per kind, model and part number, the most first; at most 200.
    pub counts: Vec<PartCount>,
}

/// What a device was made of for a time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Its number on its device, from 1.
    pub number: u64,
    /// When it was first read so.
    #[schema(value_type = String, format = DateTime)]
    pub taken_at: Timestamp,
    /// How many changes there are against the version before.
    pub changes: u32,
    /// The first of them, in words.
    pub summary: String,
    /// Whether the documents that it was read from are kept.
    pub has_documents: bool,
}

/// Which versions to compare.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The earlier version; without it the one before `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// The later version; without it the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// What is between two versions.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Diff {
    /// The earlier version.
    pub from: u64,
    /// The later version.
    pub to: u64,
    /// What changed, by kind.
    pub changes: Vec<ShownChange>,
}

/// A change, in fields and in words.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ShownChange {
    /// In words: `memory module A3: replaced: serial number X → Y`.
    pub text: String,
    /// In fields.
    #[serde(flatten)]
    pub change: Change,
}

impl From<Change> for ShownChange {
    fn from(change: Change) -> Self {
        Self { text: format!("{}: {}", change.subject(), change.words()), change }
    }
}

/// Since when.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SinceQuery {
    /// A date (its beginning, UTC) or a moment as RFC 3339 has it; without it seven days ago.
    #[param(example = "2026-11-16")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// A device by both its names.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceName {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A change that is the same on some devices.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeGroup {
    /// `added`, `removed`, `moved`, `replaced` or `changed`.
    pub change: String,
    /// In words: `firmware BIOS: version 2.1 → 2.2`.
    pub text: String,
    /// How many components.
    pub count: usize,
    /// On which devices, by name.
    pub on: Vec<DeviceName>,
}

/// What changed over the fleet since a moment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FleetChanges {
    /// The moment.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// The changes, those on most devices first.
    pub groups: Vec<ChangeGroup>,
    /// Changes that were too many to be grouped.
    pub more: usize,
    /// How many devices are not made of what they were.
    pub changed: usize,
    /// Devices that were first read since then, by name.
    pub first_read: Vec<DeviceName>,
}

/// What was learned of a model.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LearnedModel {
    /// Devices that count as it now, among those that one may see.
    pub in_devices: usize,
    /// What was learned.
    #[serde(flatten)]
    pub learned: Learned,
}

/// Which documents.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentsQuery {
    /// Of this version; without it the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// A document that a controller gave, without what moves by itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeptDocument {
    /// Its path on the controller.
    pub path: String,
    /// What it said.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
}
