//! Devices, power, adoption, sweeps, jobs.

use jiff::Timestamp;
use model::device::{Power, Reset, Stage};
use model::job::{Act, Item, Pacing, State};
use model::{Device, Fingerprint, Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A page of devices.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Devices {
    /// The devices, by name.
    pub devices: Vec<Device>,
    /// How many there are in all that match.
    pub total: usize,
}

/// Which devices to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeviceQuery {
    /// A filter as on the fleet page: words, and `power:off`, `health:critical`, `stage:seen`, `zone:x`.
    #[param(example = "power:off")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// How many to skip.
    pub offset: usize,
    /// How many to show, at most 5,000; 0 means 500.
    #[param(maximum = 5000)]
    pub limit: usize,
}

/// What to look for.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindQuery {
    /// An address, MAC address, name, serial number, asset tag or UUID of the server or its controller.
    pub q: String,
}

/// A device's new name or labels.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EditDevice {
    /// The new name, if it changes.
    pub name: Option<String>,
    /// All labels from now on, if they change.
    pub labels: Option<BTreeMap<String, String>>,
}

/// Where a device goes in its life.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveDevice {
    /// `in_service` or `maintenance`.
    pub stage: Stage,
}

/// How to adopt: by hand with a credential, or, without one, by rule.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptDevice {
    /// The account on the controller.
    pub username: Option<String>,
    /// Its password.
    #[schema(value_type = Option<String>, format = Password)]
    pub password: Option<Secret<String>>,
    /// The certificate's fingerprint, as it was looked at.
    pub fingerprint: Option<Fingerprint>,
}

/// How to switch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchDevice {
    /// One of the device's advertised resets.
    pub reset: Reset,
}

/// What became of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Switched {
    /// The power that was read last.
    pub power: Power,
}

/// A certificate to approve.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveCertificate {
    /// The fingerprint of the certificate that the device shows, as it was looked at.
    pub fingerprint: Fingerprint,
}

/// A range to sweep.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSweep {
    /// Such as `10.20.0.0/22`, or one address.
    #[schema(example = "10.20.0.0/22")]
    pub range: String,
    /// The TCP port to ask at; by default 443.
    #[serde(default)]
    pub port: Option<u16>,
    /// At most so many new addresses a second; by default 100.
    #[serde(default)]
    pub rate: Option<u32>,
    /// Whether only those addresses are asked that the kernel knows as neighbours.
    #[serde(default)]
    pub near_only: bool,
}

/// A sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sweep {
    /// Its number.
    pub sweep: u64,
    /// The range.
    pub range: Option<String>,
    /// The TCP port that is asked at.
    pub port: u16,
    /// At most so many new addresses a second.
    pub rate: u32,
    /// Addresses asked.
    pub asked: u64,
    /// Addresses in all.
    pub total: u64,
    /// Controllers that answered.
    pub found: u64,
    /// Whether it ended.
    pub ended: bool,
    /// Whether it ended before it came to the end of its range: the same range and port go on there.
    pub unfinished: bool,
}

/// The number of a sweep that was started.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SweepStarted {
    /// The number.
    pub sweep: u64,
}

/// A credential for adoption by rule; exactly one of serial, mac and trusted says for which controller.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedCredential {
    /// For the controller with this serial number or service tag.
    #[serde(default)]
    #[schema(example = "7CX4K53")]
    pub serial: Option<String>,
    /// For the controller with this MAC address.
    #[serde(default)]
    pub mac: Option<String>,
    /// For any controller whose certificate leads to a configured authority.
    #[serde(default)]
    pub trusted: bool,
    /// The account on the controller.
    #[schema(example = "root")]
    pub username: String,
    /// Its password.
    #[schema(value_type = String, format = Password, example = "from the label")]
    pub password: Secret<String>,
}

/// How many were imported.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// The number.
    pub imported: usize,
}

/// An act on many devices.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// Which, by identifier or name.
    pub devices: Vec<String>,
    /// What is done to each.
    pub act: Act,
    /// How fast, and when it stops by itself; absent, what is usual for this act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Pacing>,
}

/// A job over many devices, without what became of each.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobSummary {
    /// Its number.
    pub id: u64,
    /// What it does.
    pub title: String,
    /// In whose name: who started it, or who resumed it last.
    pub by: String,
    /// What it does to each device; none if it cannot be resumed because that is not kept.
    pub act: Option<Act>,
    /// How fast, and when it stops by itself.
    pub pacing: Pacing,
    /// Where it is.
    #[serde(flatten)]
    pub state: State,
    /// When it was started.
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// When it ended or was stopped.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// How many acts there are.
    pub total: usize,
    /// How many ended.
    pub done: usize,
    /// How many of these failed.
    pub failed: usize,
}

/// A job over many devices.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// The job.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// Its devices, those that one may see.
    pub items: Vec<Item>,
}

/// The number of a job that was started.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobStarted {
    /// The number.
    pub job: u64,
}
