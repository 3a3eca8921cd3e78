//! The audit log and findings.

use jiff::Timestamp;
use model::event::Finding;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which entries to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only entries whose record number is below this one: the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Only entries of this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only this action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only entries about an object whose name or identifier has this text in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// How many, at most 1,000; 0 means 100.
    #[param(maximum = 1000)]
    pub limit: usize,
}

/// An entry: an act with its outcome, or a note.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// The number of its first record.
    pub record: u64,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `act`, or the kind of note.
    pub kind: String,
    /// Who.
    pub actor: Option<String>,
    /// How they came in, and from where.
    pub via: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// On what.
    pub object: Option<String>,
    /// The arguments.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// `pending`, `done`, `failed`, `interrupted`; none for notes.
    pub outcome: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// How it stands with the audit log: every record read again, every hash and signature checked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditState {
    /// Whether nothing is wrong with it.
    pub sound: bool,
    /// The number of the last record.
    pub records: u64,
    /// All records up to this one are covered by a signed checkpoint inside the log.
    pub signed: u64,
    /// All records up to this one are proved by a checkpoint that left the machine; 0 without an anchor.
    pub anchored: u64,
    /// How many records come after it.
    pub unanchored: u64,
    /// How often the wall clock went backwards from one record to the next.
    pub clock_set_back: u64,
    /// What is wrong, in words, the first thousand.
    pub defects: Vec<String>,
}

/// A finding that is kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeptFinding {
    /// Its number.
    pub id: i64,
    /// When it was raised.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Whether somebody has looked at it.
    pub acknowledged: bool,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged_at: Option<Timestamp>,
}
