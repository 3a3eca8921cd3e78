//! Query parameters (DSP0266, section "Query parameters"): `$expand`, `$select`, `only`, `$top`, `$skip`, and
//! the pages that some makers give without being asked; over any tree of documents that can be looked up by path.

use super::set;
use crate::answer::{Response, bad_request, problem};
use crate::flavour::{Expand, Flavour};
use serde_json::{Map, Value, json};

/// What a service does of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// How deep `$expand` goes; zero for not at all.
    pub levels: u32,
    /// Whether `$expand` knows `*` and `~`, or only `.`.
    pub all: bool,
    /// What `$expand` really does.
    pub expand: Expand,
    /// `$select`.
    pub select: bool,
    /// `only`.
    pub only: bool,
    /// Members on a page of a collection; zero for all at once.
    pub page: usize,
}

/// The document that a link leads to.
pub type Resolve<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// The most documents that one answer brings; what is beyond stays a link, as the standard allows. Six levels of
/// `*` would otherwise be the whole tree many times over.
const MOST: usize = 2_000;

impl Abilities {
    /// What is told works, more levels are answered with 400, and collections have one page.
    #[must_use]
    pub const fn plain(levels: u32, all: bool, select: bool, only: bool) -> Self {
        Self { levels, all, expand: Expand::Works(400), select, only, page: 0 }
    }
}

impl From<&Flavour> for Abilities {
    fn from(row: &Flavour) -> Self {
        Self {
            levels: row.root.expand_levels,
            all: row.root.expand_all,
            expand: row.root.expand,
            select: row.root.select,
            only: row.root.only_member,
            page: row.layout.page,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// `*`: every link.
    All,
    /// `.`: all but those under `Links`.
    NotLinks,
    /// `~`: only those under `Links`.
    Links,
}

/// What is asked for beside the document.
#[derive(Debug, Default)]
struct Query {
    expand: Option<(Which, u32)>,
    select: Option<String>,
    only: bool,
    top: Option<usize>,
    skip: usize,
    /// What the next page is asked for with, beside its number.
    again: String,
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
    let query = match query {
        None if can.page == 0 => return Ok(doc),
        other => parse(can, other.unwrap_or_default())?,
    };
    if query.only {
        only(resolve, &mut doc)?;
    }
    cut(&mut doc, &query, can.page);
    if let Some((which, levels)) = query.expand {
        Expansion { resolve, which, left: MOST }.node(&mut doc, levels, false);
    }
    if let Some(names) = &query.select {
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        let inner = query.expand.is_some() && !names.iter().any(|name| name.starts_with("Members"));
        match doc.get_mut("Members").filter(|_| inner).and_then(Value::as_array_mut) {
            Some(members) => members.iter_mut().for_each(|member| select(member, &names)),
            None => select(&mut doc, &names),
        }
    }
    Ok(doc)
}

fn parse(can: Abilities, text: &str) -> Result<Query, Response> {
    let mut query = Query::default();
    for item in text.split('&').filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let (name, value) = (decode(name), decode(value));
        match name.as_str() {
            "$expand" if can.expand == Expand::Ignored => {}
            "$expand" if can.levels > 0 => query.expand = Some(expansion(can, &value)?),
            "$select" if can.select => query.select = Some(value),
            "$top" => query.top = Some(number(&name, &value)?),
            "$skip" => query.skip = number(&name, &value)?,
            "only" if can.only && value.is_empty() => query.only = true,
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
        if !matches!(name.as_str(), "$top" | "$skip" | "only") {
            query.again.push('&');
            query.again.push_str(item);
        }
    }
    Ok(query)
}

fn number(name: &str, value: &str) -> Result<usize, Response> {
    value.parse::<usize>().map_err(|_| {
        let message = format!("The value {value} for the query parameter {name} is not a number.");
        bad_request("QueryParameterValueTypeError", &message, &[value, name])
    })
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
    match can.expand {
        Expand::Works(status) if levels > can.levels => {
            let message = format!("The value {value} for the query parameter $expand is out of range.");
            Err(problem(status, "Base.1.11.QueryParameterOutOfRange", &message, &[value, "$expand"]))
        }
        _ => Ok((which, levels)),
    }
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

/// Keeps the named properties, such as `Name` or `Status/Health`, and what starts with `@odata.`.
fn select(doc: &mut Value, names: &[&str]) {
    if let Value::Array(items) = doc {
        return items.iter_mut().for_each(|item| select(item, names));
    }
    let Some(fields) = doc.as_object_mut() else { return };
    let mut kept = Map::new();
    for (name, mut value) in std::mem::take(fields) {
        let inner: Vec<&str> =
            names.iter().filter_map(|wanted| wanted.strip_prefix(name.as_str())?.strip_prefix('/')).collect();
        if name.starts_with("@odata.") || names.contains(&name.as_str()) {
            kept.insert(name, value);
        } else if !inner.is_empty() {
            select(&mut value, &inner);
            kept.insert(name, value);
        }
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

/// The members that are asked for, and no more than fit on a page; then the way to the next one.
fn cut(doc: &mut Value, query: &Query, page: usize) {
    let Some(Value::Array(members)) = doc.get_mut("Members") else { return };
    let left = members.len().saturating_sub(query.skip);
    let asked = query.top.unwrap_or(left).min(left);
    let given = if page == 0 { asked } else { asked.min(page) };
    members.drain(..query.skip.min(members.len()));
    members.truncate(given);
    if given < asked {
        let top = query.top.map(|top| format!("&$top={}", top - given)).unwrap_or_default();
        let path = doc.get("@odata.id").and_then(Value::as_str).unwrap_or_default();
        let next = format!("{path}?$skip={}{top}{}", query.skip + given, query.again);
        set(doc, "Members@odata.nextLink", json!(next));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAN: Abilities =
        Abilities { levels: 9, all: true, expand: Expand::Works(400), select: true, only: true, page: 0 };

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

    #[test]
    fn pages_lead_to_each_other_and_keep_the_question() {
        let members: Vec<Value> =
            (0..5).map(|number| json!({ "@odata.id": format!("/m{number}") })).collect();
        let list =
            || Some(json!({ "@odata.id": "/list", "Members": members.clone(), "Members@odata.count": 5 }));
        let can = Abilities { page: 2, ..CAN };
        let resolve = |target: &str| Some(json!({ "@odata.id": target, "Id": target, "Name": "member" }));
        let of = |query: Option<&str>| apply(can, &resolve, list().unwrap(), query).unwrap();
        assert_eq!(of(None)["Members@odata.nextLink"], "/list?$skip=2");
        let mut query = "$expand=.($levels=1)&$select=Id".to_owned();
        let mut seen = Vec::new();
        for _ in 0..9 {
            let page = of(Some(&query));
            seen.extend(page["Members"].as_array().unwrap().iter().map(|member| member["Id"].clone()));
            let Some(next) = page["Members@odata.nextLink"].as_str() else { break };
            query = next.split_once('?').unwrap().1.to_owned();
        }
        assert_eq!(seen, ["/m0", "/m1", "/m2", "/m3", "/m4"]);
        let some = of(Some("$top=3&$skip=1"));
        assert_eq!(some["Members"].as_array().unwrap().len(), 2);
        assert_eq!(some["Members@odata.nextLink"], "/list?$skip=3&$top=1");
        assert!(of(Some("$top=1")).get("Members@odata.nextLink").is_none());
    }

    #[test]
    fn selection_reaches_into_objects_and_expanded_members() {
        let resolve = |target: &str| {
            Some(json!({ "@odata.id": target, "Id": "1", "Status": { "Health": "OK", "State": "Enabled" } }))
        };
        let list = json!({ "@odata.id": "/list", "Name": "list", "Members": [{ "@odata.id": "/m" }] });
        let doc = apply(CAN, &resolve, list.clone(), Some("$expand=.&$select=Status/Health")).unwrap();
        assert_eq!(doc["Members"], json!([{ "@odata.id": "/m", "Status": { "Health": "OK" } }]));
        let doc = apply(CAN, &resolve, list, Some("$select=Name")).unwrap();
        assert_eq!(doc, json!({ "@odata.id": "/list", "Name": "list" }));
    }

    #[test]
    fn expansion_can_be_told_and_ignored_or_refused_beyond_its_levels() {
        let ignored = Abilities { expand: Expand::Ignored, ..CAN };
        let doc = apply(ignored, &circle, circle("/a").unwrap(), Some("$expand=nonsense")).unwrap();
        assert_eq!(doc, circle("/a").unwrap());
        let refused = Abilities { expand: Expand::Works(501), levels: 1, ..CAN };
        let answer =
            apply(refused, &circle, circle("/a").unwrap(), Some("$expand=.($levels=2)")).unwrap_err();
        assert_eq!(answer.status, 501);
    }
}
