//! What a fault does to an answer. Pure.

use super::{FaultKind, Faults};
use crate::answer::{Body, Fate, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::borrow::Cow;

/// How slow a wrong clock is: twenty years of 365.25 days.
const SLOW_BY: SignedDuration = SignedDuration::from_hours(20 * 8_766);
/// How deep nested documents are.
const DEEP: usize = 100_000;
/// What moves, and where it moves to.
const MOVING: [&str; 4] = ["Systems", "Chassis", "Managers", "UpdateService"];
const ROOT: &str = "/redfish/v1/";
const MOVED_TO: &str = "Moved/";

/// The path at which a moved resource was before; `None` if nothing is at `path` any more.
pub(crate) fn before_move(path: &str) -> Option<Cow<'_, str>> {
    match path.strip_prefix(ROOT) {
        Some(rest) => match rest.strip_prefix(MOVED_TO) {
            Some(rest) if moves(rest) => Some(Cow::Owned(format!("{ROOT}{rest}"))),
            None if moves(rest) => None,
            _ => Some(Cow::Borrowed(path)),
        },
        None => Some(Cow::Borrowed(path)),
    }
}

fn moves(rest: &str) -> bool {
    let first = rest.split(['/', '#', '?']).next().unwrap_or_default();
    MOVING.iter().any(|name| name.eq_ignore_ascii_case(first))
}

/// What becomes of an answer that succeeded.
pub(crate) fn harm(faults: &Faults, mut response: Response, now: Timestamp) -> Fate {
    if faults.all().is_empty() || response.status != 200 {
        return Fate::Answer(response);
    }
    if faults.has(FaultKind::WrongClock) {
        let slow = now.checked_sub(SLOW_BY).unwrap_or(now);
        response = response.with("Date", slow.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    in_document(faults, &mut response);
    in_text(faults, &mut response);
    let has_text = matches!(response.body, Body::Json(_) | Body::Written(_));
    if has_text && faults.has(FaultKind::EndlessJson) {
        Fate::Endless(response)
    } else if has_text && faults.has(FaultKind::Cut) {
        Fate::Cut(response)
    } else {
        Fate::Answer(response)
    }
}

/// Changes in what a document says.
fn in_document(faults: &Faults, response: &mut Response) {
    let kinds = [FaultKind::Lies, FaultKind::NullMembers, FaultKind::WrongClock, FaultKind::Moved];
    if !kinds.iter().any(|kind| faults.has(*kind)) {
        return;
    }
    if let Body::Written(text) = &response.body
        && let Ok(doc) = serde_json::from_str(text)
    {
        response.body = Body::Json(doc);
    }
    if let Body::Json(doc) = &mut response.body {
        let wanted = kinds.map(|kind| faults.has(kind));
        change(doc, wanted);
    }
}

fn change(node: &mut Value, wanted: [bool; 4]) {
    let [lies, null, clock, moved] = wanted;
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| change(item, wanted)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value {
                    Value::String(text) if lies && name == "PowerState" => "On".clone_into(text),
                    Value::Array(_) if null && name == "Members" => *value = Value::Null,
                    Value::String(text) if clock && is_time(name) => slowed(text),
                    value => change(value, wanted),
                }
            }
        }
        Value::String(text) if moved => {
            if let Some(rest) = text.strip_prefix(ROOT).filter(|rest| moves(rest)) {
                *text = format!("{ROOT}{MOVED_TO}{rest}");
            }
        }
        _ => {}
    }
}

fn is_time(name: &str) -> bool {
    name.ends_with("Time") || name.ends_with("Timestamp") || matches!(name, "Created" | "Modified")
}

fn slowed(text: &mut String) {
    if let Some(slow) = text.parse::<Timestamp>().ok().and_then(|time| time.checked_sub(SLOW_BY).ok()) {
        *text = slow.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    }
}

/// Changes in how a document is written.
fn in_text(faults: &Faults, response: &mut Response) {
    if !faults.has(FaultKind::InvalidJson) && !faults.has(FaultKind::DeepNesting) {
        return;
    }
    let mut text = match &mut response.body {
        Body::Json(doc) => doc.to_string(),
        Body::Written(text) => std::mem::take(text),
        Body::None | Body::Xml(_) => return,
    };
    if faults.has(FaultKind::DeepNesting)
        && let Some(rest) = text.strip_prefix('{')
    {
        text = format!("{{\"Oem\":{}{},{rest}", "[".repeat(DEEP), "]".repeat(DEEP));
    }
    if faults.has(FaultKind::InvalidJson) {
        // As XCC does in two of its reports: a list whose last comma leads nowhere.
        let whole = text.trim_end_matches('}').len();
        text.truncate(whole);
        text.push_str(",\"MetricValues\":[{},]}");
    }
    response.body = Body::Written(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn harmed(kind: FaultKind, doc: Value) -> Fate {
        let mut faults = Faults::default();
        faults.set(kind);
        harm(&faults, Response::json(200, doc), Timestamp::from_second(1_700_000_000).unwrap())
    }

    fn doc_of(fate: &Fate) -> &Value {
        let Fate::Answer(Response { body: Body::Json(doc), .. }) = fate else { panic!("{fate:?}") };
        doc
    }

    #[test]
    fn documents_say_what_is_not_so() {
        let system = json!({ "PowerState": "Off", "Members": [{ "PowerState": "PoweringOff" }] });
        let lie = harmed(FaultKind::Lies, system.clone());
        assert_eq!(*doc_of(&lie), json!({ "PowerState": "On", "Members": [{ "PowerState": "On" }] }));
        assert_eq!(doc_of(&harmed(FaultKind::NullMembers, system))["Members"], Value::Null);
        let clock = harmed(FaultKind::WrongClock, json!({ "DateTime": "2024-02-29T10:00:00+02:00" }));
        assert_eq!(*doc_of(&clock), json!({ "DateTime": "2004-02-29T08:00:00+00:00" }));
        let Fate::Answer(answer) = clock else { unreachable!() };
        assert_eq!(answer.headers, [("Date", "Fri, 14 Nov 2003 22:13:20 GMT".to_owned())]);
    }

    #[test]
    fn what_moved_is_found_where_it_is_linked_and_nowhere_else() {
        let root = json!({
            "Systems": { "@odata.id": "/redfish/v1/Systems" },
            "Links": { "Sessions": { "@odata.id": "/redfish/v1/SessionService/Sessions" } },
            "Bios": { "@odata.id": "/redfish/v1/systems/1/bios" },
        });
        let fate = harmed(FaultKind::Moved, root);
        let moved = doc_of(&fate);
        assert_eq!(moved["Systems"]["@odata.id"], "/redfish/v1/Moved/Systems");
        assert_eq!(moved["Bios"]["@odata.id"], "/redfish/v1/Moved/systems/1/bios");
        assert_eq!(moved["Links"]["Sessions"]["@odata.id"], "/redfish/v1/SessionService/Sessions");
        assert_eq!(before_move("/redfish/v1/Moved/Systems/1").unwrap(), "/redfish/v1/Systems/1");
        assert_eq!(before_move("/redfish/v1/SessionService").unwrap(), "/redfish/v1/SessionService");
        assert_eq!(before_move("/redfish/v1/Systems/1"), None);
    }

    #[test]
    fn documents_become_what_no_parser_takes() {
        for kind in [FaultKind::InvalidJson, FaultKind::DeepNesting] {
            for doc in [json!({}), json!({ "a": { "b": {} } })] {
                let Fate::Answer(Response { body: Body::Written(text), .. }) = harmed(kind, doc) else {
                    panic!("it is text")
                };
                assert!(serde_json::from_str::<Value>(&text).is_err(), "{kind}");
            }
        }
        assert!(matches!(harmed(FaultKind::EndlessJson, json!({})), Fate::Endless(_)));
        assert!(matches!(harmed(FaultKind::Cut, json!({})), Fate::Cut(_)));
    }

    #[test]
    fn errors_stay_as_they_are() {
        let mut faults = Faults::default();
        faults.set(FaultKind::EndlessJson);
        let answer = crate::answer::not_found("/x");
        assert_eq!(harm(&faults, answer.clone(), Timestamp::UNIX_EPOCH), Fate::Answer(answer));
    }
}
