//! What the door counts.

use model::Action;

/// Acts carried out, by action and outcome.
pub const ACTS: &str = "portcullis_acts_total";
/// Acts refused for want of a grant, by action.
pub const REFUSED: &str = "portcullis_acts_refused_total";
/// Acts that crashed: a bug of ours.
pub const CRASHED: &str = "portcullis_acts_crashed_total";
/// Sign-ins, by outcome.
pub const SIGN_INS: &str = "portcullis_sign_ins_total";
/// Devices, by stage.
pub const DEVICES: &str = "portcullis_devices";

/// Findings that came faster than they could be written down.
pub const FINDINGS_DROPPED: &str = "portcullis_findings_dropped_total";

/// Parts of readings let go because too many waited for the disk, by `what` (`documents`, `inventory`). A device
/// whose inventory was let go is read again.
pub const READINGS_DROPPED: &str = "portcullis_readings_dropped_total";

pub(crate) fn acted(action: Action, well: bool) {
    let outcome = if well { "done" } else { "failed" };
    metrics::counter!(ACTS, "action" => action.name(), "outcome" => outcome).increment(1);
}

pub(crate) fn refused(action: Action) {
    metrics::counter!(REFUSED, "action" => action.name()).increment(1);
}

pub(crate) fn act_crashed() {
    metrics::counter!(CRASHED).increment(1);
}

pub(crate) fn sign_in(outcome: &'static str) {
    metrics::counter!(SIGN_INS, "outcome" => outcome).increment(1);
}
