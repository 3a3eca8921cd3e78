//! Audit entries as rows.

use super::Time;
use control::people::{AuditEntry, AuditStatus};
use jiff::Timestamp;
use model::{Action, Object};
use serde_json::Value;

/// One line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub number: u64,
    pub time: Time,
    pub who: String,
    pub what: String,
    pub class: &'static str,
    pub outcome: String,
}

impl Line {
    pub(crate) fn new(entry: &AuditEntry, now: Timestamp) -> Self {
        let (class, word) = status(entry.status);
        let outcome = match &entry.reason {
            Some(reason) => format!("{word}: {reason}"),
            None => word.to_owned(),
        };
        Self {
            number: entry.record,
            time: Time::new(entry.at, now),
            who: entry.actor.principal.to_string(),
            what: what(entry),
            class,
            outcome,
        }
    }
}

/// Colour and word.
pub(crate) const fn status(status: AuditStatus) -> (&'static str, &'static str) {
    match status {
        AuditStatus::Pending => ("running", "running"),
        AuditStatus::Ok => ("done", "done"),
        AuditStatus::Failed => ("failed", "failed"),
        AuditStatus::Interrupted => ("warning", "interrupted: nobody knows whether it was done"),
        AuditStatus::Noted => ("none", "noted"),
    }
}

/// `device.power force_off on device r1-u07`.
fn what(entry: &AuditEntry) -> String {
    let mut text = match (entry.action, entry.note) {
        (Some(action), None) => action.name().to_owned(),
        (Some(action), Some(note)) => format!("{}: {}", super::spaced(note.name()), action.name()),
        (None, Some(note)) => super::spaced(note.name()),
        (None, None) => String::new(),
    };
    if let Some(word) = particular(entry.action, &entry.detail) {
        text.push(' ');
        text.push_str(&word);
    }
    match &entry.object {
        Some(Object::Appliance) | None => {}
        Some(object) => text.push_str(&format!(" on {object}")),
    }
    text
}

/// The one part of the detail that people look for first.
fn particular(action: Option<Action>, detail: &Value) -> Option<String> {
    let key = match action? {
        Action::DevicePower => "reset",
        Action::DeviceStage => "stage",
        Action::DeviceAdopt => "by",
        Action::UserManage => "role",
        _ => return None,
    };
    Some(super::spaced(detail.get(key)?.as_str()?))
}
