//! What the door counts.

use model::Action;
use model::enforcement::Enforced;

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

/// Whether a policy is enforced: 1 for the present state, by `state` (`nothing`, `confirmed`, `trial`, `shut`, `unknown`).
pub const POLICY_ENFORCED: &str = "portcullis_policy_enforced";
/// Openings that somebody asked for, and that are live.
pub const PINHOLES: &str = "portcullis_pinholes";
/// Devices that are cut off.
pub const QUARANTINED: &str = "portcullis_quarantined_devices";
/// Differences between the kernel's rules and those that were loaded.
pub const DRIFT: &str = "portcullis_firewall_drift";
/// What the kernel told, by `kind` (`packet`, `drift`, `arrival`).
pub const FIREWALL_RECORDS: &str = "portcullis_firewall_records_total";
/// Records of the kernel's log that were lost on the way here.
pub const FIREWALL_LOST: &str = "portcullis_firewall_records_lost_total";
/// Attempts that raised no finding, because too many different ones were told within the hour.
pub const FIREWALL_UNTOLD: &str = "portcullis_firewall_attempts_untold_total";

pub(crate) fn policy_enforced(now: Enforced) {
    for state in Enforced::ALL {
        metrics::gauge!(POLICY_ENFORCED, "state" => state.word()).set(f64::from(u8::from(*state == now)));
    }
}

pub(crate) fn pinholes(count: usize) {
    metrics::gauge!(PINHOLES).set(count as f64);
}

pub(crate) fn quarantined(count: usize) {
    metrics::gauge!(QUARANTINED).set(count as f64);
}

pub(crate) fn drift(count: usize) {
    metrics::gauge!(DRIFT).set(count as f64);
}

pub(crate) fn logged(read: u64, lost: u64) {
    if read > 0 {
        metrics::counter!(FIREWALL_RECORDS, "kind" => "packet").increment(read);
    }
    if lost > 0 {
        metrics::counter!(FIREWALL_LOST).increment(lost);
    }
}

pub(crate) fn drift_told() {
    metrics::counter!(FIREWALL_RECORDS, "kind" => "drift").increment(1);
}

pub(crate) fn arrived() {
    metrics::counter!(FIREWALL_RECORDS, "kind" => "arrival").increment(1);
}

pub(crate) fn records_untold() {
    metrics::counter!(FIREWALL_UNTOLD).increment(1);
}

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
