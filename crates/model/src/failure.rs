//! Why an act did not happen: one line that names operation, subject and answer, and what to do.

use serde::{Deserialize, Serialize};

/// The kind of a failure: what a program reacts to, and what an HTTP status and an exit code are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Kind {
    /// The request itself is wrong.
    Invalid,
    /// Nobody is signed in, or the token or session has ended.
    Unauthenticated,
    /// The actor has no grant for it.
    Refused,
    /// There is no such thing.
    NotFound,
    /// It contradicts the present state (already adopted, certificate changed, ...).
    Conflict,
    /// The object is held by another act.
    Busy,
    /// Too many tries; later again.
    Throttled,
    /// The controller could not be reached.
    Unreachable,
    /// The deadline passed.
    TimedOut,
    /// The controller refused the credential.
    CredentialRefused,
    /// The controller answered, but not as it should.
    BadAnswer,
    /// The controller cannot do this.
    Unsupported,
    /// The appliance itself could not (disk full, database gone).
    Unavailable,
}

/// An act that did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{operation} {subject}: {cause}")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What was tried, as a verb phrase (`power cycle`, `sign in`).
    pub operation: String,
    /// On what (`r1-u07 at 10.0.3.7`).
    pub subject: String,
    /// What was wrong, including what the other side answered.
    pub cause: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(
        kind: Kind,
        operation: impl Into<String>,
        subject: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        Self { kind, operation: operation.into(), subject: subject.into(), cause: cause.into(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
