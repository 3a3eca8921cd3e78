//! Acts on device records and the appliance itself, carried out by `control`.

use super::command;
use crate::access::Action;
use crate::device::{DeviceId, Fingerprint, Stage};
use crate::secret::Credential;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

command! {
    /// Change a device's name and labels.
    Edit -> (), Action::DeviceEdit, |this| json!({ "name": this.name, "labels": this.labels }), {
        /// Which.
        device: DeviceId,
        /// Its new name, if it changes.
        name: Option<String>,
        /// Its labels from now on, if they change.
        labels: Option<BTreeMap<String, String>>,
    }
}

command! {
    /// Move an adopted device into service, into maintenance, or back.
    SetStage -> (), Action::DeviceStage, |this| json!({ "stage": this.stage }), {
        /// Which.
        device: DeviceId,
        /// Where to; `in_service` or `maintenance`.
        stage: Stage,
    }
}

command! {
    /// Approve the certificate that a device shows instead of the pinned one.
    ApproveCertificate -> (), Action::DeviceCertificate, |this| json!({ "fingerprint": this.fingerprint }), {
        /// Which.
        device: DeviceId,
        /// The certificate that the person saw.
        fingerprint: Fingerprint,
    }
}

command! {
    /// Decommission a device: destroy its credential and stop watching it. One that was only seen, or is
    /// decommissioned already, is removed: a sweep finds it anew.
    Forget -> (), Action::DeviceForget, |_this| json!({}), {
        /// Which.
        device: DeviceId,
    }
}

/// For which controller an imported credential is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeantFor {
    /// The one with this serial number or service tag.
    Serial(String),
    /// The one with this MAC address.
    Mac(String),
    /// Any whose certificate leads to a configured authority.
    TrustedCertificate,
}

/// So many of an import's controllers are named in its record, which has a longest length.
const NAMED: usize = 100;

command! {
    /// Import credentials for adoption by rule; comes back with how many.
    ImportCredentials -> usize, Action::CredentialImport,
    |this| json!({
        "count": this.entries.len(),
        "for": this.entries.iter().take(NAMED).map(|(meant, _)| meant).collect::<Vec<_>>(),
    }), {
        /// Each with the controller that it is meant for.
        entries: Vec<(MeantFor, Credential)>,
    }
}

command! {
    /// Write down that somebody looked at a finding.
    AcknowledgeFinding -> (), Action::FindingAcknowledge, |this| json!({ "finding": this.finding }), {
        /// Its number.
        finding: i64,
        /// The device that it is about, if it is about one: the object that is decided by. It is
        /// compared with the finding before anything is written.
        device: Option<DeviceId>,
    }
}

command! {
    /// Write a backup of everything but the vault's key to a file on the appliance.
    Backup -> PathBuf, Action::ApplianceBackup, |this| json!({ "to": this.to }), {
        /// The file to write; it must not exist.
        to: PathBuf,
    }
}
