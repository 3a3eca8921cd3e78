//! Syslog messages (RFC 5424) and their frames over TLS (RFC 5425): text from records, no sockets.

use crate::record::{BEGIN, END, INTERRUPTED, NOTE};
use evidence::{Hash, Record};
use serde_json::Value;
use std::fmt::Write as _;

/// Facility "log audit" (RFC 5424, section 6.2.1).
const LOG_AUDIT: u8 = 13;

/// The structured data's id. 32473 is the enterprise number that RFC 5612 sets aside for whoever has none.
const SD_ID: &str = "audit@32473";

/// The byte order mark that says that the message is UTF-8 (RFC 5424, section 6.4).
const BOM: char = '\u{feff}';

/// Severities of RFC 5424, section 6.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Warning = 4,
    Notice = 5,
    Informational = 6,
}

/// A record as one message. Its MSG part is the exact JSON that the record's hash covers.
#[must_use]
pub fn message(hostname: &str, hash: &Hash, record: &Record, json: &str) -> String {
    let pri = LOG_AUDIT * 8 + severity(record) as u8;
    let at = record.at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ");
    let (host, id) = (printable(hostname, 255), printable(&record.kind, 32));
    let mut out = format!("<{pri}>1 {at} {host} portcullis - {id} [{SD_ID}");
    param(&mut out, "seq", &record.seq.to_string());
    param(&mut out, "hash", &hash.to_string());
    for (name, value) in facts(record) {
        param(&mut out, name, &value);
    }
    out.push_str("] ");
    out.push(BOM);
    out.push_str(json);
    out
}

/// A message framed by its length in bytes (RFC 5425, section 4.3).
#[must_use]
pub fn frame(message: &str) -> Vec<u8> {
    format!("{} {message}", message.len()).into_bytes()
}

/// What a collector may want to filter by without reading JSON.
fn facts(record: &Record) -> Vec<(&'static str, String)> {
    let body = &record.body;
    let text = |pointer: &str| match body.pointer(pointer) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let user = text("/actor/principal/name").or_else(|| text("/actor/principal/user"));
    let object = text("/object/name").or_else(|| text("/object/range"));
    let wanted = [
        ("actor", user.or_else(|| text("/actor/principal/kind"))),
        ("from", text("/actor/from")),
        ("note", text("/note")),
        ("action", text("/action")),
        ("object", object.or_else(|| text("/object/kind"))),
        ("of", text("/of")),
        ("outcome", text("/outcome")),
    ];
    wanted.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect()
}

fn severity(record: &Record) -> Severity {
    let is = |pointer: &str, word: &str| record.body.pointer(pointer).and_then(Value::as_str) == Some(word);
    match record.kind.as_str() {
        INTERRUPTED => Severity::Warning,
        END if is("/outcome", "failed") => Severity::Warning,
        NOTE if ["/note"]
            .iter()
            .any(|at| is(at, "sign_in_failed") || is(at, "lockout") || is(at, "refused")) =>
        {
            Severity::Warning
        }
        NOTE if is("/note", "clock_set_back") || is("/note", "recovered") => Severity::Warning,
        BEGIN | NOTE => Severity::Notice,
        _ => Severity::Informational,
    }
}

/// Adds ` NAME="VALUE"` with `"`, `\` and `]` escaped (RFC 5424, section 6.3.3). Control characters would end the
/// line at some collectors; they are replaced, and stand escaped in the JSON.
fn param(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\""); // Writing to a string cannot fail.
    for symbol in value.chars() {
        match symbol {
            '"' | '\\' | ']' => out.extend(['\\', symbol]),
            symbol if symbol.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            symbol => out.push(symbol),
        }
    }
    out.push('"');
}

/// Printable ASCII without spaces, of at most `most` characters, or `-` (RFC 5424, section 6).
fn printable(text: &str, most: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if kept.is_empty() { "-".into() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: &str, body: Value) -> (Hash, Record, String) {
        let json = serde_json::json!({"seq": 7, "at": "2026-03-01T12:00:00.5Z", "kind": kind, "body": body});
        (Hash::before_first("x"), serde_json::from_value(json.clone()).unwrap(), json.to_string())
    }

    #[test]
    fn a_message_is_what_rfc_5424_says_to_the_byte() {
        let body = serde_json::json!({
            "actor": {"principal": {"kind": "user", "name": "ada"}, "via": "web", "from": "10.0.0.9"},
            "action": "device.power", "object": {"kind": "device", "name": "r1 \"u\\07]"},
        });
        let (hash, record, json) = record("begin", body);
        let message = message("door.example", &hash, &record, &json);
        let expected = format!(
            "<109>1 2026-03-01T12:00:00.500000Z door.example portcullis - begin [audit@32473 seq=\"7\" hash=\"{hash}\" \
             actor=\"ada\" from=\"10.0.0.9\" action=\"device.power\" object=\"r1 \\\"u\\\\07\\]\"] \u{feff}{json}"
        );
        assert_eq!(message, expected);
        let frame = frame(&message);
        assert!(frame.starts_with(format!("{} <109>1 ", message.len()).as_bytes()));
        assert_eq!(frame.len(), message.len() + message.len().to_string().len() + 1);
    }

    #[test]
    fn what_went_wrong_is_a_warning() {
        let severity_of = |kind, body| severity(&record(kind, body).1);
        assert_eq!(severity_of("end", serde_json::json!({"of": 1, "outcome": "failed"})), Severity::Warning);
        assert_eq!(
            severity_of("end", serde_json::json!({"of": 1, "outcome": "ok"})),
            Severity::Informational
        );
        assert_eq!(severity_of("note", serde_json::json!({"note": "sign_in_failed"})), Severity::Warning);
        assert_eq!(severity_of("note", serde_json::json!({"note": "sign_in"})), Severity::Notice);
        assert_eq!(severity_of("interrupted", serde_json::json!({"of": 1})), Severity::Warning);
    }

    #[test]
    fn nothing_in_a_record_can_break_out_of_its_field() {
        let name = "a\nb\"] <0>1 forged";
        let body = serde_json::json!({"actor": {"principal": {"kind": "user", "name": name}}});
        let (hash, record, json) = record("note\n<0>", body);
        let message = message("a b\n", &hash, &record, &json);
        assert!(!message.contains('\n'), "{message}");
        assert!(message.contains("ab portcullis - note<0> [audit@32473 "), "{message}");
        assert!(message.contains("actor=\"a\u{fffd}b\\\"\\] <0>1 forged\"] "), "{message}");
    }
}
