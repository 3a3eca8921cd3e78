//! Acts on the policy and on the packet path, carried out by `control` before an [`crate::enforcement::Enforcer`].

use super::command;
use crate::access::Action;
use crate::device::DeviceId;
use crate::enforcement::{Pinhole, Quarantine, Session, Version};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use std::time::Instant;

command! {
    /// Propose a version: two documents, checked and kept. What is left out is taken from the version that it is based on.
    Propose -> Version, Action::PolicyPropose,
    |this| json!({
        "note": this.note,
        "scenario_bytes": this.scenario.as_ref().map(String::len),
        "site_bytes": this.site.as_ref().map(String::len),
    }), {
        /// The scenario's text.
        scenario: Option<String>,
        /// The site's text.
        site: Option<String>,
        /// What for.
        note: String,
    }
}

/// A policy that was put on trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Applied {
    /// The version.
    pub version: u64,
    /// Its number in the kernel.
    pub generation: u64,
    /// The kernel falls back after so many seconds, counted from the load.
    pub seconds: u32,
    /// So many connections were ended because it does not allow them.
    pub ended: u32,
    /// There are more connections than were looked at; what is not allowed of them passes no packet all the same.
    pub more: bool,
}

command! {
    /// Put a version on trial: the kernel falls back by itself unless it is confirmed in time.
    Apply -> Applied, Action::PolicyApply,
    |this| json!({ "version": this.version, "seconds": this.seconds }), {
        /// The version.
        version: u64,
        /// For so many seconds.
        seconds: u32,
    }
}

/// The connection that an act was asked for over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// When it was accepted.
    pub accepted: Instant,
    /// Who is at its other end.
    pub from: IpAddr,
}

command! {
    /// Confirm the policy on trial, over a connection that it has let in.
    Confirm -> Version, Action::PolicyConfirm,
    |this| json!({ "version": this.version, "from": this.over.map(|over| over.from), "local": this.local }), {
        /// The version, so that nobody confirms another than they have seen.
        version: u64,
        /// The connection that asks for it; none where that is not known.
        over: Option<Over>,
        /// From the appliance itself too, where no rule holds anybody back.
        local: bool,
    }
}

command! {
    /// Take the policy on trial back. It is no error if none is on trial.
    Revert -> (), Action::PolicyRevert, essential: true, |_this| json!({}), {}
}

command! {
    /// Load the confirmed policy anew.
    Repair -> (), Action::PolicyRepair, |_this| json!({}), {}
}

command! {
    /// Open one application of a device for a while.
    OpenPinhole -> Pinhole, Action::PinholeOpen,
    |this| json!({ "application": this.application, "seconds": this.seconds, "why": this.why, "session": this.session }), {
        /// Which device.
        device: DeviceId,
        /// The application, by its name in the policy.
        application: String,
        /// For so many seconds.
        seconds: u32,
        /// What for.
        why: String,
        /// With what it closes.
        session: Option<Session>,
    }
}

command! {
    /// Close an opening.
    ClosePinhole -> (), Action::PinholeClose, essential: true,
    |this| json!({ "pinhole": this.id, "why": this.why }), {
        /// Its name.
        id: String,
        /// Why, in a few words.
        why: String,
    }
}

/// So many devices are named in the record of an act on many, which has a longest length.
const NAMED: usize = 100;

command! {
    /// Keep open what the appliance needs by itself: the controllers that it reads; and again what the kernel has lost.
    KeepOpen -> usize, Action::PinholeOpen,
    |this| json!({
        "for": this.why,
        "count": this.devices.len(),
        "devices": this.devices.iter().take(NAMED).collect::<Vec<_>>(),
    }), {
        /// The devices whose controllers are read.
        devices: Vec<DeviceId>,
        /// Why now.
        why: String,
    }
}

command! {
    /// Close what the appliance needs no more by itself.
    LetClose -> (), Action::PinholeClose, essential: true,
    |this| json!({
        "count": this.devices.len() + this.names.len(),
        "devices": this.devices.iter().take(NAMED).collect::<Vec<_>>(),
        "names": this.names.iter().take(NAMED).collect::<Vec<_>>(),
    }), {
        /// The devices whose controllers are read no more.
        devices: Vec<DeviceId>,
        /// What is open in the kernel under names that nobody here knows.
        names: Vec<String>,
    }
}

command! {
    /// Cut a device off from everything but the appliance, or let it back.
    SetQuarantine -> Option<Quarantine>, Action::DeviceQuarantine, essential: true,
    |this| json!({ "on": this.on, "why": this.why }), {
        /// Which device.
        device: DeviceId,
        /// Whether it is cut off from now on.
        on: bool,
        /// Why.
        why: String,
    }
}
