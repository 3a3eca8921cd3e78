//! The audit log and findings.

use jiff::Timestamp;
use model::event::Finding;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which entries to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
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
    /// Only entries whose object, actor or detail has this text in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How many, at most 1,000; 0 means 100.
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
    /// Whether somebody has dealt with it.
    pub acknowledged: bool,
}
