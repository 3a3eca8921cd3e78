//! What the kernel shows, and where it differs from what it should show. Pure: it reads what `nft -j` writes.

use crate::message::{Counter, Transport};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// Differences that are told one by one; of more only the number is.
const MAX_DIFFERENCES: usize = 50;
/// The longest description of a rule, in characters.
const MAX_RULE: usize = 160;

/// Our tables, without what changes by itself: handles, counters, time that is left, elements that packets put in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Tables, chains, sets and maps by family, kind and name.
    pub objects: BTreeMap<String, Value>,
    /// Each chain's rules, in order.
    pub rules: BTreeMap<String, Vec<Value>>,
    /// Elements of the sets that we fill ourselves, by set.
    #[serde(skip)]
    pub elements: BTreeMap<String, Vec<Element>>,
    /// Elements of the maps that pick the candidate.
    #[serde(skip)]
    pub picks: Vec<Pick>,
    /// What each rule has counted, in order.
    #[serde(skip)]
    pub counters: Vec<Counter>,
}

/// An element of a set that we fill ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its key's parts with spaces between.
    pub key: String,
    /// What is left of its time; `None`: it stays.
    pub left: Option<Duration>,
    /// Its comment.
    pub comment: String,
}

/// An element of a map that picks the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The map.
    pub map: String,
    /// Its key.
    pub key: String,
    /// The chain that it leads to.
    pub target: String,
    /// What is left of its time; `None`: it stays.
    pub left: Option<Duration>,
}

/// Whether it is a set that this program fills.
#[must_use]
pub fn is_own(set: &str) -> bool {
    matches!(set, "pinholes4" | "pinholes6" | "isolated4" | "isolated6")
}

/// Reads one table's listing into what is known already. A listing that is none holds nothing.
///
/// # Errors
/// It is no JSON.
pub fn parse(json: &[u8]) -> Result<Listing, serde_json::Error> {
    let mut listing = Listing::default();
    let document: Value = serde_json::from_slice(json)?;
    let objects = document.get("nftables").and_then(Value::as_array);
    for object in objects.into_iter().flatten().filter_map(Value::as_object).flatten() {
        let (kind, Value::Object(body)) = object else { continue };
        listing.take(kind, body.clone());
    }
    Ok(listing)
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl Listing {
    /// Puts another table's listing beside this one.
    pub fn join(&mut self, other: Self) {
        self.objects.extend(other.objects);
        self.rules.extend(other.rules);
        self.counters.extend(other.counters);
    }

    /// The name behind this prefix of the chain that says which text is loaded.
    #[must_use]
    pub fn marker(&self, prefix: &str) -> Option<&str> {
        self.objects.keys().find_map(|key| key.strip_prefix("inet chain ")?.strip_prefix(prefix))
    }

    /// Whether it has this set in the table `inet`.
    #[must_use]
    pub fn has_set(&self, set: &str) -> bool {
        self.objects.contains_key(&format!("inet set {set}"))
    }

    /// Whether it has a table of the family `bridge`.
    #[must_use]
    pub fn has_bridge(&self) -> bool {
        self.objects.contains_key("bridge table portcullis")
    }

    fn take(&mut self, kind: &str, mut body: Map<String, Value>) {
        let family = text(&body, "family").to_owned();
        if kind == "rule" {
            let chain = format!("{family} {}", text(&body, "chain"));
            self.count(&body);
            let mut rule = Value::Object(body);
            strip(&mut rule);
            return self.rules.entry(chain).or_default().push(rule);
        }
        let name = text(&body, "name").to_owned();
        if kind == "metainfo" {
            return;
        }
        if (kind == "set" || kind == "map")
            && let Some(Value::Array(elements)) = body.remove("elem")
        {
            self.fill(kind, &name, &mut body, elements);
        }
        for volatile in ["packets", "bytes"] {
            body.remove(volatile);
        }
        let mut object = Value::Object(body);
        strip(&mut object);
        self.objects.insert(format!("{family} {kind} {name}"), object);
    }

    fn fill(&mut self, kind: &str, name: &str, body: &mut Map<String, Value>, mut elements: Vec<Value>) {
        let flags = body.get("flags").and_then(Value::as_array);
        let is_dynamic = flags.is_some_and(|flags| flags.iter().any(|flag| flag == "dynamic"));
        if kind == "map" && name.starts_with("pick") {
            self.picks.extend(elements.iter().filter_map(|element| pick(name, element)));
        } else if is_own(name) {
            self.elements.insert(name.to_owned(), elements.iter().map(own_element).collect());
        } else if !is_dynamic {
            // The order of a hash's elements says nothing.
            elements.iter_mut().for_each(strip);
            elements.sort_by_cached_key(Value::to_string);
            body.insert("elem".to_owned(), Value::Array(elements));
        }
    }

    fn count(&mut self, rule: &Map<String, Value>) {
        let expressions = rule.get("expr").and_then(Value::as_array);
        let counter = expressions.into_iter().flatten().find_map(|expression| expression.get("counter"));
        let number = |key| counter.and_then(|counter| counter.get(key)?.as_u64());
        if let (Some(packets), Some(bytes)) = (number("packets"), number("bytes")) {
            let family = Some(text(rule, "family")).filter(|family| *family != "inet");
            let chain = family.map_or_else(String::new, |family| format!("{family} ")) + text(rule, "chain");
            self.counters.push(Counter { chain, comment: text(rule, "comment").to_owned(), packets, bytes });
        }
    }
}

/// The parts of an element: its value, and what is said beside it.
fn parts(element: &Value) -> (&Value, Option<Duration>, &str) {
    let Some(inner) = element.get("elem") else { return (element, None, "") };
    let left = inner.get("timeout").map(|timeout| inner.get("expires").unwrap_or(timeout));
    let left = left.map(|left| Duration::from_secs(left.as_u64().unwrap_or_default()));
    let comment = inner.get("comment").and_then(Value::as_str).unwrap_or_default();
    (inner.get("val").unwrap_or(inner), left, comment)
}

fn own_element(element: &Value) -> Element {
    let (value, left, comment) = parts(element);
    let word = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    let key = match value.get("concat").and_then(Value::as_array) {
        Some(parts) => parts.iter().map(word).collect::<Vec<_>>().join(" "),
        None => word(value),
    };
    Element { key, left, comment: comment.to_owned() }
}

fn pick(map: &str, element: &Value) -> Option<Pick> {
    let [key, verdict] = element.as_array()?.as_slice() else { return None };
    let (key, left, _) = parts(key);
    let verdict = verdict.get("goto").or_else(|| verdict.get("jump"))?;
    let target = verdict.get("target")?.as_str()?.to_owned();
    Some(Pick { map: map.to_owned(), key: key.as_str()?.to_owned(), target, left })
}

/// A pinhole's key, read back.
#[must_use]
pub fn pinhole_key(key: &str) -> Option<(IpAddr, Transport, u16)> {
    let mut parts = key.split(' ');
    let (address, protocol, port) = (parts.next()?, parts.next()?, parts.next()?);
    let protocol = [Transport::Tcp, Transport::Udp].into_iter().find(|known| known.name() == protocol)?;
    Some((address.parse().ok()?, protocol, port.parse().ok()?))
}

/// Takes out what changes by itself.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| key != "handle" && key != "expires");
            if let Some(counter) = map.get_mut("counter").filter(|counter| counter.get("packets").is_some()) {
                *counter = Value::Null;
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Where what is shown differs from what should be, each in a line.
#[must_use]
pub fn compare(intended: &Listing, shown: &Listing) -> Vec<String> {
    let mut found = Vec::new();
    if shown.objects.is_empty() && !intended.objects.is_empty() {
        return vec!["the table inet portcullis is gone: nothing is enforced".to_owned()];
    }
    for (name, object) in &intended.objects {
        match shown.objects.get(name) {
            None => found.push(format!("{name} is gone")),
            Some(other) if other != object => found.push(changed(name, object, other)),
            Some(_) => {}
        }
    }
    let added = shown.objects.keys().filter(|name| !intended.objects.contains_key(*name));
    found.extend(added.map(|name| format!("{name} was added")));
    let chains: BTreeSet<&String> = intended.rules.keys().chain(shown.rules.keys()).collect();
    for chain in chains {
        let of = |listing: &'_ Listing| listing.rules.get(chain).cloned().unwrap_or_default();
        compare_rules(chain, &of(intended), &of(shown), &mut found);
    }
    if found.len() > MAX_DIFFERENCES {
        let more = found.len() - MAX_DIFFERENCES;
        found.truncate(MAX_DIFFERENCES);
        found.push(format!("and {more} more differences"));
    }
    found
}

fn changed(name: &str, intended: &Value, shown: &Value) -> String {
    let elements = |value: &Value| -> BTreeSet<String> {
        value.get("elem").and_then(Value::as_array).into_iter().flatten().map(Value::to_string).collect()
    };
    let (should, are) = (elements(intended), elements(shown));
    let example = |list: Vec<&String>| list.into_iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let gone = example(should.difference(&are).collect());
    let new = example(are.difference(&should).collect());
    match (gone.is_empty(), new.is_empty()) {
        (true, true) => format!("{name} was changed: {}, and should be {}", cut(shown), cut(intended)),
        (false, true) => format!("{name}: elements were removed: {gone}"),
        (true, false) => format!("{name}: elements were added: {new}"),
        (false, false) => format!("{name}: elements were removed: {gone}; and added: {new}"),
    }
}

fn compare_rules(chain: &str, intended: &[Value], shown: &[Value], found: &mut Vec<String>) {
    if intended == shown {
        return;
    }
    let mut counts: BTreeMap<String, (i64, &Value)> = BTreeMap::new();
    for (rules, step) in [(intended, -1), (shown, 1)] {
        for rule in rules {
            counts.entry(rule.to_string()).or_insert((0, rule)).0 += step;
        }
    }
    let before = found.len();
    for (count, rule) in counts.values().filter(|(count, _)| *count != 0) {
        let verb = if *count < 0 { "was removed" } else { "was added" };
        found.push(format!("{chain}: a rule {verb}: {}", describe(rule)));
    }
    if found.len() == before {
        found.push(format!("{chain}: the order of the rules was changed"));
    }
}

/// A rule by its comment, or as it is.
fn describe(rule: &Value) -> String {
    match rule.get("comment").and_then(Value::as_str) {
        Some(comment) => format!("{comment:?} {}", cut(rule.get("expr").unwrap_or(rule))),
        None => cut(rule.get("expr").unwrap_or(rule)),
    }
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_RULE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The base chains of other tables that see packets before ours do or at the same place, out of the chains of all tables.
///
/// # Errors
/// It is no JSON.
pub fn earlier(json: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let document: Value = serde_json::from_slice(json)?;
    let chains = document.get("nftables").and_then(Value::as_array).into_iter().flatten();
    let chains: Vec<_> = chains.filter_map(|chain| chain.get("chain")?.as_object()).collect();
    let is_ours = |chain: &Map<String, Value>| text(chain, "table") == "portcullis";
    let priority = |chain: &Map<String, Value>| chain.get("prio").and_then(Value::as_i64).unwrap_or_default();
    let ours: Vec<_> = chains.iter().filter(|chain| is_ours(chain)).collect();
    let is_earlier = |chain: &&Map<String, Value>| {
        let hook = text(chain, "hook");
        let same: Vec<i64> =
            ours.iter().filter(|our| text(our, "hook") == hook).map(|our| priority(our)).collect();
        match hook {
            "" | "postrouting" | "egress" => false,
            _ => same.is_empty() || same.iter().any(|our| priority(chain) <= *our),
        }
    };
    let line = |chain: &Map<String, Value>| {
        let [family, table, name, hook] = ["family", "table", "name", "hook"].map(|key| text(chain, key));
        format!("{family} {table} {name}: hook {hook}, priority {}", priority(chain))
    };
    Ok(chains.iter().copied().filter(|chain| !is_ours(chain)).filter(is_earlier).map(line).collect())
}
