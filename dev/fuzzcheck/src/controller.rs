//! Promises about what a BMC answers.

use bmc::client::document::{MAX_DEPTH, parse_document};
use serde_json::Value;

/// A document that is read is an object within the bounds, and is read the same once it was written again.
pub fn document(bytes: &[u8]) {
    let Ok(value) = parse_document(bytes) else { return };
    assert!(value.is_object(), "a document is an object, this is {value}");
    assert!(depth(&value) <= MAX_DEPTH, "nested {} deep, at most {MAX_DEPTH} was promised", depth(&value));
    let written = value.to_string();
    if let Ok(again) = parse_document(written.as_bytes()) {
        let rewritten = again.to_string();
        assert!(rewritten == written, "written and read again, {written} became {rewritten}");
    }
}

/// How deep lists and objects are nested; bounded by the parser, so that this may recurse.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
