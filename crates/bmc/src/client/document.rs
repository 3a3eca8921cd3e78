//! From an answer's bytes to a JSON document, bounded in depth and number of values.

use serde_json::{Map, Value};

/// The deepest nesting that is read. Redfish documents nest about ten deep.
pub const MAX_DEPTH: usize = 64;

/// The most values in one document: what keeps a few megabytes of `0,0,0,…` from becoming hundreds in memory.
pub const MAX_VALUES: usize = 500_000;

/// Why bytes are no document.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// More bytes than the limit.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More values than [`MAX_VALUES`].
    #[error("more than {MAX_VALUES} values")]
    TooMany,
    /// No JSON.
    #[error("not JSON{0}: {1}")]
    NotJson(&'static str, serde_json::Error),
    /// JSON, but not an object.
    #[error("JSON, but {0} instead of an object")]
    NotObject(&'static str),
}

/// What a controller answered to one GET.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The path that was asked for.
    pub path: String,
    /// Its entity tag, where it has one.
    pub etag: Option<String>,
    /// How many bytes it was.
    pub bytes: usize,
    /// The body: always a JSON object.
    pub value: Value,
}

impl Document {
    /// The member, unless it is absent or `null`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    /// The member if it is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }

    /// The link at a JSON pointer (RFC 6901) such as `/Links/Sessions`: an object with `@odata.id`, or a text.
    #[must_use]
    pub fn link(&self, pointer: &str) -> Option<&str> {
        link(self.value.pointer(pointer)?)
    }

    /// The members of the object.
    #[must_use]
    pub fn object(&self) -> Option<&Map<String, Value>> {
        self.value.as_object()
    }
}

/// The link that a value is: an object with `@odata.id` (or `href`, as before Redfish 1.0), or a text.
#[must_use]
pub fn link(value: &Value) -> Option<&str> {
    let named = |name: &str| value.get(name).and_then(Value::as_str);
    named("@odata.id").or_else(|| named("href")).or_else(|| value.as_str()).filter(|link| !link.is_empty())
}

/// Reads a document. A byte order mark is skipped; of duplicate keys the last one counts.
///
/// # Errors
/// [`Unreadable`] when it is too deep, has too many values, is no JSON, or no object.
pub fn parse_document(bytes: &[u8]) -> Result<Value, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // Each value takes a byte at least: fewer bytes are not too many values.
    if bytes.len() > MAX_VALUES {
        measure(bytes)?;
    }
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) if is_deeper(&value, MAX_DEPTH) => return Err(Unreadable::TooDeep),
        Ok(value) => value,
        Err(error) => {
            // serde_json goes no deeper than 128 levels, and says so in words of its own.
            measure(bytes)?;
            let what = match bytes.trim_ascii_start().first() {
                None => " (empty)",
                Some(b'<') => " (a web page)",
                Some(_) => "",
            };
            return Err(Unreadable::NotJson(what, error));
        }
    };
    match value {
        Value::Object(_) => Ok(value),
        Value::Array(_) => Err(Unreadable::NotObject("a list")),
        Value::String(_) => Err(Unreadable::NotObject("a text")),
        Value::Number(_) => Err(Unreadable::NotObject("a number")),
        Value::Bool(_) => Err(Unreadable::NotObject("a truth value")),
        Value::Null => Err(Unreadable::NotObject("null")),
    }
}

/// Whether there are more than so many levels of lists and objects.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(fields) => levels == 0 || fields.values().any(|field| is_deeper(field, levels - 1)),
        _ => false,
    }
}

/// Counts nesting and values without building anything.
fn measure(bytes: &[u8]) -> Result<(), Unreadable> {
    let (mut depth, mut values) = (0usize, 0usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in bytes {
        match (in_text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'{' | b'[') => {
                depth += 1;
                values += 1;
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (false, b',') => values += 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Unreadable::TooDeep);
        }
        if values > MAX_VALUES {
            return Err(Unreadable::TooMany);
        }
    }
    Ok(())
}

/// The messages of an error answer (DSP0266, error responses): each `Message` with its identifier and
/// its `Resolution`.
///
/// Takes the places where implementations put them: `error.@Message.ExtendedInfo`, the same at the top,
/// or `error.message` alone. At most four, each at most 300 characters.
#[must_use]
pub fn messages(body: &Value) -> Vec<String> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(clean);
    let error = body.get("error");
    let infos = error.and_then(|error| error.get("@Message.ExtendedInfo"));
    let infos = infos.or_else(|| body.get("@Message.ExtendedInfo"));
    let infos: &[Value] = match infos {
        Some(Value::Array(infos)) => infos,
        Some(info @ Value::Object(_)) => std::slice::from_ref(info),
        _ => &[],
    };
    let mut messages: Vec<String> = Vec::new();
    for info in infos.iter().take(4) {
        let id = text(info, "MessageId").map(|id| id.rsplit('.').next().unwrap_or_default().to_owned());
        let message = match (text(info, "Message"), id.filter(|id| !id.is_empty())) {
            (Some(message), Some(id)) if !message.is_empty() => Some(format!("{message} ({id})")),
            (message, id) => id.or(message),
        };
        let resolution = text(info, "Resolution").filter(|resolution| {
            !resolution.is_empty()
                && !resolution.eq_ignore_ascii_case("none")
                && !resolution.eq_ignore_ascii_case("none.")
        });
        let parts: Vec<String> =
            message.into_iter().chain(resolution).filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() && !messages.contains(&parts.join(" ")) {
            messages.push(parts.join(" "));
        }
    }
    if messages.is_empty() {
        messages.extend(error.and_then(|error| text(error, "message")).filter(|message| !message.is_empty()));
    }
    messages
}

/// One line of printable text from what a controller wrote: it ends up in logs and on pages.
fn clean(text: &str) -> String {
    let words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_objects_with_mark_and_duplicates() {
        let value = parse_document(b"\xef\xbb\xbf {\"a\": 1, \"a\": 2} ").unwrap();
        assert_eq!(value, json!({"a": 2}));
    }

    #[test]
    fn refuses_what_is_no_document() {
        assert!(matches!(parse_document(b""), Err(Unreadable::NotJson(" (empty)", _))));
        assert!(matches!(parse_document(b"<html>"), Err(Unreadable::NotJson(" (a web page)", _))));
        assert!(matches!(parse_document(b"[1]"), Err(Unreadable::NotObject("a list"))));
        assert!(matches!(parse_document(b"{\"a\": \"\xff\"}"), Err(Unreadable::NotJson(..))));
        assert!(matches!(parse_document(b"{\"a\": 1"), Err(Unreadable::NotJson(..))));
    }

    #[test]
    fn depth_is_bounded_before_parsing() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_document(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert!(matches!(parse_document(nested(MAX_DEPTH).as_bytes()), Err(Unreadable::TooDeep)));
        let brackets = format!("{{\"a\":\"{}\\\"[\"}}", "[".repeat(1000));
        assert!(parse_document(brackets.as_bytes()).is_ok(), "brackets inside a text are no nesting");
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let many = format!("{{\"a\":[{}0]}}", "0,".repeat(MAX_VALUES));
        assert!(matches!(parse_document(many.as_bytes()), Err(Unreadable::TooMany)));
    }

    #[test]
    fn messages_are_found_wherever_they_are() {
        let info = json!([{"MessageId": "Base.1.0.X", "Message": "No\nway.", "Resolution": "Ask again."}, {"Message": 3}]);
        let expected = vec!["No way. (X) Ask again.".to_owned()];
        assert_eq!(messages(&json!({"error": {"@Message.ExtendedInfo": info}})), expected);
        assert_eq!(messages(&json!({"@Message.ExtendedInfo": info})), expected);
        assert_eq!(messages(&json!({"@Message.ExtendedInfo": info[0]})), expected);
        assert_eq!(messages(&json!({"error": {"message": "Short."}})), vec!["Short.".to_owned()]);
        assert_eq!(messages(&json!({"error": "x"})), Vec::<String>::new());
    }
}
