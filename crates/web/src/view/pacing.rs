//! How fast a job goes: the fields of a form, and the same in words.

use crate::answer::Refusal;
use crate::fields::{Fields, invalid};
use model::Device;
use model::job::Pacing;
use std::collections::BTreeSet;
use std::sync::Arc;

/// More labels than this are not offered as groups.
const MOST_LABELS: usize = 20;

/// What the form shows.
pub(crate) struct PacingForm {
    pub summary: String,
    pub at_once: u16,
    pub group_by: String,
    pub group_at_once: u16,
    pub pause_ms: u32,
    pub stop_percent: u8,
    pub stop_after: u16,
    /// The labels that the devices carry.
    pub labels: Vec<String>,
}

impl PacingForm {
    pub(crate) fn new(pacing: &Pacing, devices: &[Arc<Device>]) -> Self {
        let mut labels: BTreeSet<&str> =
            devices.iter().flat_map(|device| device.labels.keys()).map(String::as_str).collect();
        labels.extend(pacing.group_by.as_deref());
        Self {
            summary: words(pacing),
            at_once: pacing.at_once,
            group_by: pacing.group_by.clone().unwrap_or_default(),
            group_at_once: pacing.group_at_once,
            pause_ms: pacing.pause_ms,
            stop_percent: pacing.stop_percent,
            stop_after: pacing.stop_after,
            labels: labels.into_iter().take(MOST_LABELS).map(str::to_owned).collect(),
        }
    }

    /// What was sent; a form without these fields means what is usual.
    pub(crate) fn read(fields: &Fields, usual: Pacing) -> Result<Pacing, Refusal> {
        if fields.text("at_once").is_empty() {
            return Ok(usual);
        }
        let group_by = fields.text("group_by");
        let pacing = Pacing {
            at_once: fields.parsed("at_once")?,
            group_by: (!group_by.is_empty()).then(|| group_by.to_owned()),
            group_at_once: fields.parsed("group_at_once")?,
            pause_ms: fields.parsed("pause_ms")?,
            stop_percent: fields.parsed("stop_percent")?,
            stop_after: fields.parsed("stop_after")?,
        };
        match pacing.problem() {
            Some((field, cause)) => Err(invalid(field, cause)),
            None => Ok(pacing),
        }
    }
}

/// A pacing in words.
pub(crate) fn words(pacing: &Pacing) -> String {
    let mut words = vec![format!("{} at once", pacing.at_once)];
    if let Some(label) = &pacing.group_by {
        let mut group = format!("by {label}");
        if pacing.group_at_once > 0 {
            group.push_str(&format!(", {} at once in each", pacing.group_at_once));
        }
        words.push(group);
    }
    if pacing.pause_ms > 0 {
        words.push(format!("{} ms between starts", pacing.pause_ms));
    }
    if pacing.stop_percent > 0 {
        words.push(format!("stops when {} % failed", pacing.stop_percent));
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pacing_is_told_in_words() {
        let pacing =
            Pacing { group_by: Some("feed".into()), group_at_once: 2, pause_ms: 250, ..Pacing::default() };
        assert_eq!(
            words(&pacing),
            "16 at once; by feed, 2 at once in each; 250 ms between starts; stops when 25 % failed"
        );
    }
}
