//! What the kernel shows, and where it differs from what it should show. Pure: it reads what `nft -j` writes.

use crate::guard::MARKER;
use crate::message::Counted;
use crate::opening::{Key, is_own};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Differences that are told one by one; of more only the number is.
const MAX_DIFFERENCES: usize = 50;
/// The longest description of a rule, in characters.
const MAX_RULE: usize = 160;

/// Our tables, without what changes by itself: handles, counters, time that is left, elements that packets put in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Each table, chain, set and map by family, kind and name (`inet chain input`), alone; each chain's rules in order (`inet input:
    /// a rule`); each set's and map's elements (`inet set a: an element`).
    pub parts: BTreeMap<String, Vec<Value>>,
    /// The elements of the sets that we fill ourselves: what is left of their time if they do not stay, and their comment.
    #[serde(skip)]
    pub elements: BTreeMap<Key, (Option<Duration>, String)>,
    /// The maps that pick the candidate, each with the longest time that an element of it has left.
    #[serde(skip)]
    pub picks: BTreeMap<String, Duration>,
    /// The base chains of other tables that see packets before ours do, or at the same place.
    pub earlier: Vec<String>,
    /// What each rule has counted, in order.
    #[serde(skip)]
    pub counters: Vec<Counted>,
}

/// An object as `nft -j` lists it.
type Body = Map<String, Value>;

/// Reads a listing. What is no listing holds nothing.
///
/// # Errors
/// It is no JSON.
pub fn parse(json: &[u8]) -> Result<Listing, serde_json::Error> {
    let mut listing = Listing::default();
    listing.read(json)?;
    Ok(listing)
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Listing {
    /// Adds a listing, of one of our tables or of all chains.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn read(&mut self, json: &[u8]) -> Result<(), serde_json::Error> {
        let mut document: Value = serde_json::from_slice(json)?;
        let mut objects = document.get_mut("nftables").map(Value::take);
        let objects = objects.iter_mut().filter_map(Value::as_array_mut).flatten();
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        for (kind, body) in objects.filter_map(Value::as_object_mut).flat_map(std::mem::take) {
            let Value::Object(body) = body else { continue };
            let table = if kind == "table" { "name" } else { "table" };
            let is_ours =
                text(&body, table) == "portcullis" && matches!(text(&body, "family"), "inet" | "bridge");
            if kind == "chain" && body.contains_key("hook") {
                if is_ours { &mut ours } else { &mut others }.push(body.clone());
            }
            if is_ours {
                self.take(&kind, body);
            }
        }
        self.earlier.extend(earlier(&ours, &others));
        Ok(())
    }

    /// Which text is loaded (`17_confirmed`, `18_trial`, `0_shut`), by the chain that says so; empty if there is none.
    #[must_use]
    pub fn marker(&self) -> &str {
        let mut names = self.parts.keys().filter_map(|name| name.strip_prefix("inet chain "));
        names.find_map(|name| name.strip_prefix(MARKER)).unwrap_or_default()
    }

    /// Whether it has this set in the table `inet`.
    #[must_use]
    pub fn has_set(&self, set: &str) -> bool {
        self.parts.contains_key(&format!("inet set {set}"))
    }

    /// Whether it has a chain in our table of this family.
    #[must_use]
    pub fn has_chains(&self, family: &str) -> bool {
        let prefix = format!("{family} chain ");
        self.parts.keys().any(|name| name.starts_with(&prefix))
    }

    fn take(&mut self, kind: &str, mut body: Body) {
        let family = text(&body, "family").to_owned();
        if kind == "rule" {
            self.count(&body);
            let chain = format!("{family} {}: a rule", text(&body, "chain"));
            return self.parts.entry(chain).or_default().push(strip(body.into()));
        }
        let name = text(&body, "name").to_owned();
        let flags = body.get("flags").and_then(Value::as_array);
        let is_dynamic = flags.is_some_and(|flags| flags.iter().any(|flag| flag == "dynamic"));
        let object = format!("{family} {kind} {name}");
        if let Some(Value::Array(elements)) = body.remove("elem")
            && !is_dynamic
        {
            let fixed = elements.into_iter().filter(|element| !self.is_moving(kind, &name, element));
            let mut fixed: Vec<Value> = fixed.map(strip).collect();
            // The order of a hash's elements says nothing.
            fixed.sort_by_cached_key(Value::to_string);
            self.parts.insert(format!("{object}: an element"), fixed);
        }
        body.retain(|key, _| key != "packets" && key != "bytes");
        self.parts.insert(object, vec![strip(body.into())]);
    }

    /// Whether it is an element that we put in ourselves, or that ends a trial; then it is kept apart.
    fn is_moving(&mut self, kind: &str, name: &str, element: &Value) -> bool {
        if kind == "map" && name.starts_with("pick") {
            let left = element.get(0).map(beside).and_then(|(_, left, _)| left).unwrap_or(Duration::MAX);
            let most = self.picks.entry(name.to_owned()).or_default();
            *most = left.max(*most);
            return true;
        }
        let (key, left, comment) = beside(element);
        let key = Key::parse(&words(key)).filter(|key| is_own(name) && key.set() == name);
        key.is_some_and(|key| self.elements.insert(key, (left, comment.to_owned())).is_none())
    }

    fn count(&mut self, rule: &Body) {
        let expressions = rule.get("expr").and_then(Value::as_array);
        let counter = expressions.into_iter().flatten().find_map(|expression| expression.get("counter"));
        let number = |key| counter.and_then(|counter| counter.get(key)?.as_u64());
        if let (Some(packets), Some(bytes)) = (number("packets"), number("bytes")) {
            let family = Some(text(rule, "family")).filter(|family| *family != "inet");
            let chain = family.map_or_else(String::new, |family| format!("{family} ")) + text(rule, "chain");
            self.counters.push(Counted { chain, comment: text(rule, "comment").to_owned(), packets, bytes });
        }
    }
}

/// An element's value, the time that is left of it, and its comment.
fn beside(element: &Value) -> (&Value, Option<Duration>, &str) {
    let Some(inner) = element.get("elem") else { return (element, None, "") };
    let left = inner.get("timeout").map(|timeout| inner.get("expires").unwrap_or(timeout));
    let left = left.map(|left| Duration::from_secs(left.as_u64().unwrap_or_default()));
    let comment = inner.get("comment").and_then(Value::as_str).unwrap_or_default();
    (inner.get("val").unwrap_or(inner), left, comment)
}

/// A value as `nft` writes it in a text.
fn words(value: &Value) -> String {
    match (value.as_str(), value.get("concat").and_then(Value::as_array)) {
        (Some(word), _) => word.to_owned(),
        (None, Some(parts)) => parts.iter().map(words).collect::<Vec<_>>().join(" . "),
        (None, None) => value.to_string(),
    }
}

/// Takes out what changes by itself.
fn strip(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            map.retain(|key, _| key != "handle" && key != "expires");
            if let Some(counter) = map.get_mut("counter").filter(|counter| counter.get("packets").is_some()) {
                *counter = Value::Null;
            }
            map.values_mut().for_each(|value| *value = strip(value.take()));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = strip(value.take())),
        _ => {}
    }
    value
}

/// Where what is shown differs from what should be, each in a line.
#[must_use]
pub fn compare(intended: &Listing, shown: &Listing) -> Vec<String> {
    if shown.parts.is_empty() && !intended.parts.is_empty() {
        return vec!["the table inet portcullis is gone: nothing is enforced".to_owned()];
    }
    let mut found = Vec::new();
    let added = shown.parts.keys().filter(|name| !intended.parts.contains_key(*name));
    for name in intended.parts.keys().chain(added) {
        let [should, are] =
            [intended, shown].map(|listing| listing.parts.get(name).map_or(&[][..], Vec::as_slice));
        compare_parts(name, should, are, &mut found);
    }
    let new = shown.earlier.iter().filter(|chain| !intended.earlier.contains(chain));
    found.extend(new.map(|chain| format!("another table's chain comes before ours: {chain}")));
    if found.len() > MAX_DIFFERENCES {
        let more = found.len() - MAX_DIFFERENCES;
        found.truncate(MAX_DIFFERENCES);
        found.push(format!("and {more} more differences"));
    }
    found
}

fn compare_parts(name: &str, should: &[Value], are: &[Value], found: &mut Vec<String>) {
    if should == are {
        return;
    }
    let mut counts: BTreeMap<String, (i64, &Value)> = BTreeMap::new();
    for (parts, step) in [(should, -1), (are, 1)] {
        for part in parts {
            counts.entry(part.to_string()).or_insert((0, part)).0 += step;
        }
    }
    let words = |wanted: i64| {
        let parts = counts.values().filter(move |(count, _)| count.signum() == wanted);
        parts.map(|(_, part)| describe(part)).collect::<Vec<_>>()
    };
    match (words(-1).as_slice(), words(1).as_slice()) {
        ([], []) => found.push(format!("{name}: the order was changed")),
        ([old], [new]) => found.push(format!("{name} was changed: {new}, and should be {old}")),
        (gone, new) => {
            found.extend(gone.iter().map(|part| format!("{name} was removed: {part}")));
            found.extend(new.iter().map(|part| format!("{name} was added: {part}")));
        }
    }
}

/// A rule by its comment and expressions, anything else as it is.
fn describe(part: &Value) -> String {
    let expressions = cut(part.get("expr").unwrap_or(part));
    match part.get("comment").and_then(Value::as_str) {
        Some(comment) => format!("{comment:?} {expressions}"),
        None => expressions,
    }
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_RULE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The base chains of other tables that see packets before ours do, or at the same place.
fn earlier(ours: &[Body], others: &[Body]) -> Vec<String> {
    let priority = |chain: &Body| chain.get("prio").and_then(Value::as_i64).unwrap_or_default();
    let is_earlier = |chain: &&Body| {
        let hook = text(chain, "hook");
        let mut same = ours.iter().filter(|our| text(our, "hook") == hook).map(priority).peekable();
        let is_watched = !matches!(hook, "postrouting" | "egress");
        is_watched && (same.peek().is_none() || same.any(|our| priority(chain) <= our))
    };
    let line = |chain: &Body| {
        let [family, table, name, hook] = ["family", "table", "name", "hook"].map(|key| text(chain, key));
        format!("{family} {table} {name}: hook {hook}, priority {}", priority(chain))
    };
    others.iter().filter(is_earlier).map(line).collect()
}
