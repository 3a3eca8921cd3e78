//! Query parameters (DSP0266, section "Query parameters"): `$expand`, `$select`, `only`, `$top`, `$skip`.

use super::{ROOT, View};
use crate::answer::{Response, bad_request, problem};
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expand {
    /// `*`: every link.
    All,
    /// `.`: all but those under `Links`.
    NotLinks,
    /// `~`: only those under `Links`.
    Links,
}

/// A document with the query applied to it.
///
/// # Errors
/// The answer that says which parameter is not understood, or not supported by this maker.
pub fn apply(view: &View<'_>, mut doc: Value, query: Option<&str>) -> Result<Value, Response> {
    for item in query.unwrap_or_default().split('&').filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let (name, value) = (decode(name), decode(value));
        let row = &view.row.root;
        match name.as_str() {
            "$expand" if row.expand_levels > 0 => {
                let (which, levels) = expansion(view, &value)?;
                expand(view, &mut doc, which, levels, false);
            }
            "$select" if row.select => select(&mut doc, &value),
            "only" if row.only_member && value.is_empty() => only(view, &mut doc)?,
            "$top" | "$skip" => page(&mut doc, &name, &value)?,
            "only" if row.only_member => {
                let message = format!("The query parameter only takes no value, and not {value}.");
                return Err(bad_request("QueryParameterValueFormatError", &message, &[&value, "only"]));
            }
            other if other.starts_with('$') || other == "only" || other == "excerpt" => {
                let message = format!("The query parameter {other} is not supported by this service.");
                return Err(problem(501, "Base.1.11.QueryParameterUnsupported", &message, &[other]));
            }
            // What is not the protocol's own is to be ignored.
            _ => {}
        }
    }
    Ok(doc)
}

/// Undoes percent-encoding; what is not encoded rightly stays as it is.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(byte));
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn expansion(view: &View<'_>, value: &str) -> Result<(Expand, u32), Response> {
    let wrong = || {
        let message = format!("The value {value} for the query parameter $expand is not valid.");
        bad_request("QueryParameterValueFormatError", &message, &[value, "$expand"])
    };
    let (mark, rest) = value.split_once('(').unwrap_or((value, ""));
    let which = match mark {
        "*" if view.row.root.expand_all => Expand::All,
        "~" if view.row.root.expand_all => Expand::Links,
        "." => Expand::NotLinks,
        _ => return Err(wrong()),
    };
    let levels = match rest.strip_suffix(')').map(|rest| rest.strip_prefix("$levels=")) {
        None if rest.is_empty() => 1,
        Some(Some(number)) => number.parse().ok().filter(|levels| *levels >= 1).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    if levels > view.row.root.expand_levels {
        return Err(wrong());
    }
    Ok((which, levels))
}

/// Puts documents in the place of links, `levels` deep.
fn expand(view: &View<'_>, node: &mut Value, which: Expand, levels: u32, in_links: bool) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| {
            expand_link(view, item, which, levels, in_links);
        }),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let in_links = in_links || name == "Links";
                if value.is_array() {
                    expand(view, value, which, levels, in_links)
                } else {
                    expand_link(view, value, which, levels, in_links)
                }
            }
        }
        _ => {}
    }
}

fn expand_link(view: &View<'_>, node: &mut Value, which: Expand, levels: u32, in_links: bool) {
    let wanted = match which {
        Expand::All => true,
        Expand::NotLinks => !in_links,
        Expand::Links => in_links,
    };
    let target = node
        .as_object()
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| fields.get("@odata.id")?.as_str())
        .filter(|target| !target.contains('#'));
    let Some(target) = target else { return expand(view, node, which, levels, in_links) };
    if !wanted || levels == 0 {
        return;
    }
    let path: Vec<&str> =
        target.strip_prefix(ROOT).unwrap_or_default().split('/').filter(|s| !s.is_empty()).collect();
    let Some(mut doc) = view.document(&path) else { return };
    if levels > 1 {
        expand(view, &mut doc, which, levels - 1, false);
    }
    *node = doc;
}

fn select(doc: &mut Value, names: &str) {
    let Some(fields) = doc.as_object_mut() else { return };
    let mut kept = Map::new();
    for name in fields.keys().filter(|name| name.starts_with("@odata.")).cloned().collect::<Vec<_>>() {
        kept.extend(fields.remove(&name).map(|value| (name, value)));
    }
    for name in names.split(',').map(|name| name.split('/').next().unwrap_or(name).trim()) {
        kept.extend(fields.remove(name).map(|value| (name.to_owned(), value)));
    }
    *fields = kept;
}

/// The one member of a collection that has only one.
fn only(view: &View<'_>, doc: &mut Value) -> Result<(), Response> {
    let Some(members) = doc.get("Members") else {
        let message = "The query parameter only is for collections.";
        return Err(bad_request("QueryNotSupportedOnResource", message, &[]));
    };
    if let Some([_]) = members.as_array().map(Vec::as_slice) {
        let mut members = members.clone();
        expand(view, &mut members, Expand::All, 1, false);
        if let Some(member) = members.as_array_mut().and_then(Vec::pop) {
            *doc = member;
        }
    }
    Ok(())
}

fn page(doc: &mut Value, name: &str, value: &str) -> Result<(), Response> {
    let number = value.parse::<usize>().map_err(|_| {
        let message = format!("The value {value} for the query parameter {name} is not a number.");
        bad_request("QueryParameterValueTypeError", &message, &[value, name])
    })?;
    if let Some(members) = doc.get_mut("Members") {
        let list = members.as_array().map_or(&[][..], Vec::as_slice);
        let part = if name == "$top" {
            list.get(..number.min(list.len()))
        } else {
            list.get(number.min(list.len())..)
        };
        *members = json!(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(decode("Disk.Bay.0%3aEnclosure"), "Disk.Bay.0:Enclosure");
        assert_eq!(decode("%24expand"), "$expand");
        for text in ["%", "%2", "%zz", "100%"] {
            assert_eq!(decode(text), text);
        }
    }
}
