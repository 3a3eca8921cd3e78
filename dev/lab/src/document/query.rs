//! Query parameters (DSP0266, section "Query parameters"): `$expand`, `$select`, `only`, `$top`, `$skip`, over any
//! tree of documents that can be looked up by path.

use crate::answer::{Response, bad_request, problem};
use crate::flavour::RootRow;
use serde_json::{Map, Value, json};

/// What a service does of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// How deep `$expand` goes; zero for not at all.
    pub levels: u32,
    /// Whether `$expand` knows `*` and `~`, or only `.`.
    pub all: bool,
    /// `$select`.
    pub select: bool,
    /// `only`.
    pub only: bool,
}

/// The document that a link leads to.
pub type Resolve<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// The most documents that one answer brings.
const MOST: usize = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// `*`: every link.
    All,
    /// `.`: all but those under `Links`.
    NotLinks,
    /// `~`: only those under `Links`.
    Links,
}

impl From<&RootRow> for Abilities {
    fn from(row: &RootRow) -> Self {
        Self { levels: row.expand_levels, all: row.expand_all, select: row.select, only: row.only_member }
    }
}

/// A document with the query applied to it.
///
/// # Errors
/// The answer that says which parameter is not understood, or not supported by this service.
pub fn apply(
    can: Abilities,
    resolve: Resolve<'_>,
    mut doc: Value,
    query: Option<&str>,
) -> Result<Value, Response> {
    for item in query.unwrap_or_default().split('&').filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let (name, value) = (decode(name), decode(value));
        match name.as_str() {
            "$expand" if can.levels > 0 => {
                let (which, levels) = expansion(can, &value)?;
                Expansion { resolve, which, left: MOST }.node(&mut doc, levels, false);
            }
            "$select" if can.select => select(&mut doc, &value),
            "only" if can.only && value.is_empty() => only(resolve, &mut doc)?,
            "$top" | "$skip" => page(&mut doc, &name, &value)?,
            "only" if can.only => {
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

fn expansion(can: Abilities, value: &str) -> Result<(Which, u32), Response> {
    let wrong = || {
        let message = format!("The value {value} for the query parameter $expand is not valid.");
        bad_request("QueryParameterValueFormatError", &message, &[value, "$expand"])
    };
    let (mark, rest) = value.split_once('(').unwrap_or((value, ""));
    let which = match mark {
        "*" if can.all => Which::All,
        "~" if can.all => Which::Links,
        "." => Which::NotLinks,
        _ => return Err(wrong()),
    };
    let levels = match rest.strip_suffix(')').map(|rest| rest.strip_prefix("$levels=")) {
        None if rest.is_empty() => 1,
        Some(Some(number)) => number.parse().ok().filter(|levels| *levels >= 1).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    if levels > can.levels {
        return Err(wrong());
    }
    Ok((which, levels))
}

/// Documents put in the place of links.
struct Expansion<'a> {
    resolve: Resolve<'a>,
    which: Which,
    /// How many more it may bring.
    left: usize,
}

impl Expansion<'_> {
    /// Goes through what is inside `node`, `levels` deep.
    fn node(&mut self, node: &mut Value, levels: u32, in_links: bool) {
        match node {
            Value::Array(items) => items.iter_mut().for_each(|item| self.link(item, levels, in_links)),
            Value::Object(fields) => {
                for (name, value) in fields.iter_mut() {
                    let in_links = in_links || name == "Links";
                    if value.is_array() {
                        self.node(value, levels, in_links);
                    } else {
                        self.link(value, levels, in_links);
                    }
                }
            }
            _ => {}
        }
    }

    fn link(&mut self, node: &mut Value, levels: u32, in_links: bool) {
        let wanted = match self.which {
            Which::All => true,
            Which::NotLinks => !in_links,
            Which::Links => in_links,
        };
        let target = node
            .as_object()
            .filter(|fields| fields.len() == 1)
            .and_then(|fields| fields.get("@odata.id")?.as_str())
            .filter(|target| !target.contains('#'));
        let Some(target) = target else { return self.node(node, levels, in_links) };
        if !wanted || levels == 0 || self.left == 0 {
            return;
        }
        let Some(mut doc) = (self.resolve)(target) else { return };
        self.left -= 1;
        if levels > 1 {
            self.node(&mut doc, levels - 1, false);
        }
        *node = doc;
    }
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
fn only(resolve: Resolve<'_>, doc: &mut Value) -> Result<(), Response> {
    let Some(members) = doc.get("Members") else {
        let message = "The query parameter only is for collections.";
        return Err(bad_request("QueryNotSupportedOnResource", message, &[]));
    };
    if let Some([_]) = members.as_array().map(Vec::as_slice) {
        let mut members = members.clone();
        Expansion { resolve, which: Which::All, left: 1 }.node(&mut members, 1, false);
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
    use super::*;

    const CAN: Abilities = Abilities { levels: 9, all: true, select: true, only: true };

    /// Two documents that lead to each other, one of them also under `Links`.
    fn circle(target: &str) -> Option<Value> {
        let other = match target {
            "/a" => "/b",
            "/b" => "/a",
            _ => return None,
        };
        Some(json!({
            "@odata.id": target,
            "Next": { "@odata.id": other },
            "Twice": [{ "@odata.id": other }, { "@odata.id": other }],
            "Links": { "Self": { "@odata.id": target } },
            "Gone": { "@odata.id": "/nowhere" },
        }))
    }

    #[test]
    fn an_expansion_keeps_to_its_kind_and_its_depth() {
        let of = |query| apply(CAN, &circle, circle("/a").unwrap(), Some(query)).unwrap();
        let near = of("$expand=.");
        assert_eq!(near["Next"]["Next"], json!({ "@odata.id": "/a" }));
        assert_eq!(near["Links"]["Self"], json!({ "@odata.id": "/a" }));
        assert_eq!(near["Gone"], json!({ "@odata.id": "/nowhere" }));
        let links = of("$expand=~($levels=1)");
        assert_eq!(links["Next"], json!({ "@odata.id": "/b" }));
        assert!(links["Links"]["Self"]["Twice"].is_array());
        let deep = of("$expand=*($levels=2)");
        assert_eq!(deep["Twice"][1]["Next"]["Next"], json!({ "@odata.id": "/b" }));
    }

    #[test]
    fn documents_that_lead_in_a_circle_end_all_the_same() {
        let doc = apply(CAN, &circle, circle("/a").unwrap(), Some("$expand=*($levels=9)")).unwrap();
        let count = doc.to_string().matches("\"Gone\"").count();
        assert_eq!(count, MOST + 1);
    }

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(decode("Disk.Bay.0%3aEnclosure"), "Disk.Bay.0:Enclosure");
        assert_eq!(decode("%24expand"), "$expand");
        for text in ["%", "%2", "%zz", "100%"] {
            assert_eq!(decode(text), text);
        }
    }
}
