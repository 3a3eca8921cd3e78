//! The JSON Schemas of both documents, made from the types (JSON Schema, draft 2020-12).

use crate::document::{Scenario, Site};
use serde_json::Value;

/// The schema of a scenario.
#[must_use]
pub fn scenario() -> Value {
    schemars::schema_for!(Scenario).to_value()
}

/// The schema of a site.
#[must_use]
pub fn site() -> Value {
    schemars::schema_for!(Site).to_value()
}
