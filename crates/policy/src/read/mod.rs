//! The two files from their bytes: the text, the tree, the types, and what is to be told about it; and back to text.

mod typed;
mod unknown;

use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{Scenario, Site};
use crate::yaml::{self, Places};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A document, and where everything in it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<T> {
    /// What it says.
    pub content: T,
    /// Where it says so.
    pub places: Places,
}

/// What came of reading a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<T> {
    /// What it says, if it could be read without an error.
    pub document: Option<Document<T>>,
    /// Where everything stands, as far as it could be read.
    pub places: Places,
    /// What is to be told about it, in the order of the lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a scenario of at most [`yaml::MAX_BYTES`] bytes; `file` is the name that diagnostics tell.
#[must_use]
pub fn parse_scenario(bytes: &[u8], file: &str) -> Reading<Scenario> {
    parse(bytes, file)
}

/// Reads a site file of at most [`yaml::MAX_BYTES`] bytes; `file` is the name that diagnostics tell.
#[must_use]
pub fn parse_site(bytes: &[u8], file: &str) -> Reading<Site> {
    parse(bytes, file)
}

fn parse<T: DeserializeOwned + JsonSchema>(bytes: &[u8], file: &str) -> Reading<T> {
    let root = match yaml::parse(bytes) {
        Ok(root) => root,
        Err(refusal) => {
            let diagnostic = Diagnostic::new(refusal.code, file, refusal.place, refusal.what, refusal.hint);
            let places = Places::new(file, &[], None);
            return Reading { document: None, places, diagnostics: vec![diagnostic] };
        }
    };
    let schema = schemars::schema_for!(T).to_value();
    let mut diagnostics = unknown::fields(&root, &schema, file);
    let content = typed::read(root.clone(), &schema, file, &mut diagnostics);
    sort(&mut diagnostics);
    let places = Places::new(file, bytes, Some(root));
    let document = content.map(|content| Document { content, places: places.clone() });
    Reading { document, places, diagnostics }
}

/// By file and line, the worse first where both are the same.
pub(crate) fn sort(diagnostics: &mut Vec<Diagnostic>) {
    let key = |d: &Diagnostic| (d.line, d.column, d.severity, d.code, d.what.clone());
    diagnostics.sort_by(|a, b| a.file.cmp(&b.file).then_with(|| key(a).cmp(&key(b))));
    diagnostics.dedup();
}

/// Whether one of these forbids to enforce the document.
#[must_use]
pub fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// A document could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the document could not be written as YAML: shorten or simplify its texts")]
pub struct Unwritten(#[source] serde_saphyr::SerializeError);

/// A scenario or a site as YAML, unknown fields included: read again it is the same. Comments are not kept.
///
/// # Errors
///
/// Where the writer refuses a value.
pub fn write<T: Serialize>(content: &T) -> Result<String, Unwritten> {
    serde_saphyr::to_string(content).map_err(Unwritten)
}

#[cfg(test)]
mod tests;
