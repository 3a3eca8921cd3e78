//! A server's state without the rest of its document (`$select`, DSP0266, "The select query parameter"), where that is
//! advertised and really works: pure.

use super::trouble::Trouble;
use crate::client::Document;
use model::traffic::QueryUse;
use serde_json::{Map, Value};

/// What a poll reads of a ComputerSystem.
const FIELDS: [&str; 2] = ["PowerState", "Status"];

/// The path that asks for a server's state alone; the path itself where it has a query already.
#[must_use]
pub fn path(system: &str) -> String {
    if system.contains('?') { system.into() } else { format!("{system}?$select={}", FIELDS.join(",")) }
}

/// Whether the controller does not do it: it refuses the query, or leaves out what was asked for.
#[must_use]
pub fn is_refusal(answer: &Result<Option<Document>, Trouble>) -> bool {
    match answer {
        Ok(None) => false,
        Ok(Some(document)) => document.value.get("PowerState").is_none(),
        // What it answers to a query that it does not know, or chokes on. A server that is gone is found by asking plainly.
        Err(trouble) => {
            let status = trouble.error().and_then(crate::Error::status);
            matches!(status, Some(400 | 404 | 405 | 500 | 501))
        }
    }
}

/// What a first try shows, held against the whole document. Nothing where it was no try: the controller was busy or lost.
#[must_use]
pub fn judge(whole: &Value, tried: &Result<Option<Document>, Trouble>) -> Option<QueryUse> {
    if is_refusal(tried) {
        return Some(QueryUse::Refused);
    }
    let part = tried.as_ref().ok()?.as_ref()?.value.as_object()?;
    let whole = whole.as_object()?;
    let lacks = FIELDS.iter().any(|field| whole.contains_key(*field) && !part.contains_key(*field));
    Some(if lacks {
        QueryUse::Refused
    } else if others(part) >= others(whole) {
        QueryUse::Ignored
    } else {
        QueryUse::Works
    })
}

/// How many fields there are beside what was asked for and what every answer has.
fn others(document: &Map<String, Value>) -> usize {
    document.keys().filter(|name| !name.starts_with('@') && !FIELDS.contains(&name.as_str())).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(value: Value) -> Result<Option<Document>, Trouble> {
        Ok(Some(Document { path: "/s".into(), etag: None, bytes: 1, value }))
    }

    #[test]
    fn only_what_was_asked_for_and_all_of_it() {
        let whole = json!({ "@odata.id": "/s", "PowerState": "On", "Status": {}, "Id": "1", "Name": "x" });
        for (part, became) in [
            (json!({ "@odata.id": "/s", "PowerState": "On", "Status": {} }), QueryUse::Works),
            (json!({ "PowerState": "Off", "Status": {}, "Id": "1" }), QueryUse::Works),
            (whole.clone(), QueryUse::Ignored),
            (json!({ "PowerState": "On" }), QueryUse::Refused),
            (json!({ "Status": {} }), QueryUse::Refused),
            (json!([]), QueryUse::Refused),
        ] {
            assert_eq!(judge(&whole, &document(part.clone())), Some(became), "{part}");
        }
        assert_eq!(judge(&whole, &Ok(None)), None);
        assert_eq!(judge(&whole, &Err(Trouble::Gone)), None);
    }

    #[test]
    fn a_path_with_a_query_stays_as_it_is() {
        assert_eq!(path("/redfish/v1/Systems/1"), "/redfish/v1/Systems/1?$select=PowerState,Status");
        assert_eq!(path("/s?x=1"), "/s?x=1");
    }
}
