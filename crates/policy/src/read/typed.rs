//! A tree to a type, with every mistake told at its place: what is wrong is taken out and the rest tried again.

use super::unknown::resolve;
use crate::diagnostic::{Code, Diagnostic};
use crate::near;
use crate::yaml::tree::Written;
use crate::yaml::{Node, Places, Step};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use std::net::IpAddr;

/// How many mistakes are told before the reader gives up.
const MOST: usize = 40;

const CORRECT: &str = "correct the value; docs/schema and the manual say what may stand here";

/// The type's value, if there was no mistake.
pub fn read<T: DeserializeOwned>(
    mut root: Node,
    schema: &Value,
    file: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<T> {
    let mut pruned: Vec<Vec<Step>> = Vec::new();
    for is_first in std::iter::once(true).chain(std::iter::repeat_n(false, MOST)) {
        let error = match serde_path_to_error::deserialize::<_, T>(&root.value()) {
            Ok(value) => return is_first.then_some(value),
            Err(error) => error,
        };
        let message = error.inner().to_string();
        let path = steps(&root, error.path(), &message);
        // What must be there and was taken out takes its parent with it, and that is no mistake of its own.
        let written = original(&path, &pruned);
        let is_ours = missing(&message).is_some_and(|field| {
            pruned.iter().any(|pruned| pruned.split_last() == Some((&Step::from(field), &written)))
        });
        let places = Places::of_tree(file, root);
        if !is_ours {
            found.push(told(&places, &path, &written, &message, schema));
        }
        root = places.into_tree()?;
        if path.is_empty() || !root.prune(&path) {
            return None;
        }
        pruned.push(written);
    }
    None
}

/// A path in what is left of a tree as it was before anything was taken out: items are counted as they were written.
fn original(path: &[Step], pruned: &[Vec<Step>]) -> Vec<Step> {
    let mut written: Vec<Step> = Vec::with_capacity(path.len());
    for step in path {
        let step = match step {
            Step::Item(at) => {
                let of_this_list = pruned.iter().filter_map(|gone| match gone.split_last() {
                    Some((Step::Item(gone), list)) if list == written => Some(*gone),
                    _ => None,
                });
                let mut gone: Vec<usize> = of_this_list.collect();
                gone.sort_unstable();
                Step::Item(gone.into_iter().fold(*at, |at, gone| at + usize::from(gone <= at)))
            }
            Step::Key(_) => step.clone(),
        };
        written.push(step);
    }
    written
}

/// The field that serde misses.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// Serde's path, as far as the tree has it. Where the word that is refused is a key, to that key.
fn steps(root: &Node, path: &serde_path_to_error::Path, message: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut node = root;
    for segment in path {
        let step = match segment {
            Segment::Seq { index } => Step::Item(*index),
            Segment::Map { key } => Step::Key(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => break,
        };
        let Some(child) = node.child(&step) else { break };
        node = child;
        steps.push(step);
    }
    let refused = message.strip_prefix("unknown variant `").and_then(|rest| rest.split('`').next());
    if let Some(entry) = refused.and_then(|word| node.entry(word)) {
        steps.push(Step::from(&entry.key));
    }
    steps
}

/// Serde's words in ours.
fn told(places: &Places, path: &[Step], written: &[Step], message: &str, schema: &Value) -> Diagnostic {
    let mut place = places.of(path);
    let written = if path.is_empty() { "the file".to_owned() } else { format!("`{}`", Written(written)) };
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (code, what, hint) = if let Some(field) = missing(message) {
        let present = places.node(path).map(Node::keys).unwrap_or_default();
        let known = properties(schema, path);
        let strange = present.into_iter().filter(|key| !known.contains(key));
        let hint = match near::nearest(field, strange) {
            Some(near) => format!("rename `{near}` to `{field}`"),
            None => format!("add `{field}`"),
        };
        (Code::MissingField, format!("{written} has no `{field}`"), hint)
    } else if message.starts_with("unknown variant") {
        let word = quoted.next().unwrap_or_default().to_owned();
        let known: Vec<&str> = quoted.collect();
        let otherwise = format!("write one of: {}", known.join(", "));
        let hint = near::hint(&word, known.iter().copied(), &otherwise);
        if path.last() == Some(&Step::from(word.as_str())) {
            place = places.of_key(path);
        }
        (Code::UnknownWord, format!("`{word}` is no word that may stand in {written}"), hint)
    } else {
        let value = places.node(path).map(Node::value).unwrap_or_default();
        let message = plain(message);
        let what = match &value {
            Value::String(text) => {
                format!("{written} is {:?}: {message}", text.chars().take(60).collect::<String>())
            }
            _ => format!("{written}: {message}"),
        };
        let is_unquoted =
            message.contains("expected a string") || message.contains("expected a borrowed string");
        let hint = match &value {
            Value::String(text) if message.contains("IP address") => address(text),
            Value::Number(_) | Value::Bool(_) if is_unquoted => "write it in quotes".to_owned(),
            Value::Null => "write a value, or delete the key; if it is the rest of a text inside `{ }`, where a comma ends \
                            what has no quotes, put the text in quotes"
                .to_owned(),
            _ => CORRECT.to_owned(),
        };
        (Code::WrongValue, what, hint)
    };
    Diagnostic::new(code, &places.file, place, what, hint)
}

/// What to do about an address or network that cannot be read.
fn address(text: &str) -> String {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(one, two)| (one, Some(two)));
    match (address.parse::<IpAddr>(), prefix) {
        (Ok(IpAddr::V4(_)), None) => {
            format!("a network needs its prefix: {text}/24, or {text}/32 for one host")
        }
        (Ok(IpAddr::V6(_)), None) => {
            format!("a network needs its prefix: {text}/64, or {text}/128 for one host")
        }
        (Ok(IpAddr::V4(_)), Some(_)) => "the prefix of an IPv4 network is a number from 0 to 32".to_owned(),
        (Ok(IpAddr::V6(_)), Some(_)) => "the prefix of an IPv6 network is a number from 0 to 128".to_owned(),
        (Err(_), _) => CORRECT.to_owned(),
    }
}

/// Rust's names of types in words.
fn plain(message: &str) -> String {
    const WORDS: [(&str, &str); 5] = [
        ("expected u8", "expected a whole number from 0 to 255"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected a boolean", "expected true or false"),
        ("expected a sequence", "expected a list"),
    ];
    match WORDS.iter().find(|(theirs, _)| message.ends_with(theirs)) {
        Some((theirs, ours)) => message.replace(theirs, ours),
        None => message.to_owned(),
    }
}

/// The fields that are known at the end of a path.
fn properties<'a>(schema: &'a Value, path: &[Step]) -> Vec<&'a str> {
    let end = path.iter().try_fold(resolve(schema, schema), |at, step| {
        let next = match step {
            Step::Item(_) => at.get("items"),
            Step::Key(key) => at
                .get("properties")
                .and_then(|known| known.get(key))
                .or_else(|| at.get("additionalProperties")),
        };
        next.map(|next| resolve(next, schema))
    });
    let known = end.and_then(|end| end.get("properties")).and_then(Value::as_object);
    known.map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default()
}
