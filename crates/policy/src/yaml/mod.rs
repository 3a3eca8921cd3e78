//! YAML text (1.2, core schema) to a bounded tree that remembers where each key and value stands.
//!
//! What is asked of a policy file is less than YAML has: one document, keys that are text, no tags, no merge keys. What is
//! left out is refused by name, so that nothing is read in another sense than its writer's.

mod build;
mod scalar;
pub mod tree;

pub use tree::{Entry, Kind, Node, Place, Places, Step};

use crate::diagnostic::Code;
use saphyr_parser::{Event, Parser, ScanError};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// How deep lists and mappings may nest.
pub const MAX_DEPTH: usize = 32;
/// How many keys and values a file may hold, those of expanded aliases included.
pub const MAX_NODES: usize = 400_000;
/// How many bytes of text its values may come to when aliases are expanded.
pub const MAX_TEXT: usize = 8 << 20;
/// What some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a text is no tree, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which mistake it is.
    pub code: Code,
    /// Where it stands.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Refusal {
    fn new(code: Code, place: Place, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, place, what: what.into(), hint: hint.into() }
    }
}

/// Reads one document. The root of what comes back is a mapping.
///
/// # Errors
///
/// The first thing that is not YAML, not within the bounds or not within what policy files may use.
pub fn parse(bytes: &[u8]) -> Result<Node, Refusal> {
    let text = text(bytes)?;
    let end = Place::after(text);
    let mut builder = build::Builder::new(end);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| broken(&error, end))?;
        let is_last = matches!(event, Event::StreamEnd);
        builder.take(event, span)?;
        if is_last {
            break;
        }
    }
    let root = builder.finish()?;
    match root.kind {
        Kind::Mapping(_) => Ok(root),
        _ => Err(Refusal::new(
            Code::Syntax,
            root.place,
            "the file is no mapping",
            "begin with `schema_version: 1.0.0`",
        )),
    }
}

/// The reader's words in ours. Brackets it takes 255 deep, and reads ahead of what has been counted.
fn broken(error: &ScanError, end: Place) -> Refusal {
    let place = Place::of(error.marker(), end);
    if error.info().contains("recursion limit") {
        return Refusal::new(Code::Limit, place, "brackets nest too deep", "make it flatter");
    }
    let hint = "look at the indentation, quotes and brackets just before this place";
    Refusal::new(Code::Syntax, place, error.info(), hint)
}

/// The bytes as text that YAML admits: a NUL or another control character would be read differently by different readers.
fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.len() > MAX_BYTES {
        let what = format!("the file has more than {MAX_BYTES} bytes");
        return Err(Refusal::new(Code::Limit, Place::START, what, "make it smaller"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
        let place = Place::after(valid.unwrap_or_default());
        Refusal::new(Code::Encoding, place, "this is not UTF-8", "save the file as UTF-8")
    })?;
    let is_foreign =
        |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == '\u{feff}';
    match text.split_once(is_foreign) {
        Some((before, _)) => Err(Refusal::new(
            Code::Encoding,
            Place::after(before),
            "a control character stands here",
            "delete it, or write it as an escape in double quotes",
        )),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests;
