//! The tree that a text becomes, and the way back from a value to its line and column.

use saphyr_parser::Marker;
use serde_json::Value;
use std::fmt;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// Where a text begins.
    pub const START: Self = Self { line: 1, column: 1 };

    /// A place that the reader tells; it adds a line to a text that does not end with one.
    pub(super) fn of(marker: &Marker, end: Self) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1 }.min(end)
    }

    /// The place just after this text. Lines end with CR, LF or both.
    pub(super) fn after(text: &str) -> Self {
        let last = text.rsplit(['\n', '\r']).next().unwrap_or_default();
        let breaks = text.matches(['\n', '\r']).count() - text.matches("\r\n").count();
        Self { line: breaks + 1, column: last.chars().count() + 1 }
    }
}

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// Where it ends.
    pub end: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Null, a truth, a number or a text.
    Scalar(Value),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and their values, in the text's order. No key is there twice.
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub value: Node,
}

/// One step down into a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// To the value of this key.
    Key(String),
    /// To this item of a list, from 0.
    Item(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<&String> for Step {
    fn from(key: &String) -> Self {
        Self::Key(key.clone())
    }
}

impl From<usize> for Step {
    fn from(item: usize) -> Self {
        Self::Item(item)
    }
}

impl Node {
    /// The value without its places.
    #[must_use]
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Sequence(items) => items.iter().map(Self::value).collect(),
            Kind::Mapping(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.value())).collect())
            }
        }
    }

    /// The node one step down.
    #[must_use]
    pub fn child(&self, step: &Step) -> Option<&Self> {
        match (&self.kind, step) {
            (Kind::Sequence(items), Step::Item(at)) => items.get(*at),
            (Kind::Mapping(_), Step::Key(key)) => self.entry(key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The entry with this key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Its keys, in the text's order.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// Takes away what stands at the end of a path; `false` if nothing does.
    pub(crate) fn prune(&mut self, path: &[Step]) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        match (&mut self.kind, first) {
            (Kind::Sequence(items), Step::Item(at)) if rest.is_empty() => {
                let is_there = *at < items.len();
                if is_there {
                    items.remove(*at);
                }
                is_there
            }
            (Kind::Sequence(items), Step::Item(at)) => {
                items.get_mut(*at).is_some_and(|item| item.prune(rest))
            }
            (Kind::Mapping(entries), Step::Key(key)) => {
                let Some(at) = entries.iter().position(|entry| entry.key == *key) else { return false };
                if !rest.is_empty() {
                    return entries.get_mut(at).is_some_and(|entry| entry.value.prune(rest));
                }
                entries.remove(at);
                true
            }
            _ => false,
        }
    }
}

/// Where everything in a file stands: its tree and its text, under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    /// The file's name, as diagnostics tell it.
    pub file: String,
    text: String,
    root: Option<Node>,
}

impl Places {
    /// The places of a file. Without a tree everything stands at its beginning.
    #[must_use]
    pub fn new(file: &str, bytes: &[u8], root: Option<Node>) -> Self {
        let bytes = bytes.strip_prefix(super::BYTE_ORDER_MARK).unwrap_or(bytes);
        Self { file: file.to_owned(), text: String::from_utf8_lossy(bytes).into_owned(), root }
    }

    pub(crate) fn of_tree(file: &str, root: Node) -> Self {
        Self { file: file.to_owned(), text: String::new(), root: Some(root) }
    }

    pub(crate) fn into_tree(self) -> Option<Node> {
        self.root
    }

    /// Where the end of a path stands: a scalar itself, the key of a list or mapping, an item of a list. Where the path
    /// leads to nothing, where its longest part does.
    #[must_use]
    pub fn of(&self, path: &[Step]) -> Place {
        self.walk(path).0
    }

    /// Where the last key of a path stands; where it is no key, like [`Self::of`].
    #[must_use]
    pub fn of_key(&self, path: &[Step]) -> Place {
        if let Some((Step::Key(key), parents)) = path.split_last()
            && let Some(entry) = self.node(parents).and_then(|parent| parent.entry(key))
        {
            return entry.place;
        }
        self.of(path)
    }

    /// Where these words stand in the text at the end of a path, over the end of a line too: where the text begins if they
    /// are not found as they are.
    #[must_use]
    pub fn of_words(&self, path: &[Step], words: &str) -> Place {
        let start = self.of(path);
        let Some(node) = self.node(path) else { return start };
        let count = node.end.line.saturating_sub(node.place.line) + 1;
        let lines = self.text.lines().enumerate().skip(node.place.line.saturating_sub(1)).take(count);
        let mut above: Option<(usize, usize, &str)> = None;
        for (at, line) in lines {
            let skipped = if at + 1 == node.place.line { node.place.column - 1 } else { 0 };
            let from = line.char_indices().nth(skipped).map_or(line.len(), |(byte, _)| byte);
            let Some((_, rest)) = line.split_at_checked(from) else { continue };
            let place = |line: usize, before: &str, skipped| Place {
                line,
                column: skipped + before.chars().count() + 1,
            };
            if let Some((before, _)) = rest.split_once(words) {
                return place(at + 1, before, skipped);
            }
            if let (Some((first, second)), Some((number, skipped, above))) = (words.split_once(' '), above)
                && let Some(before) = above.trim_end().strip_suffix(first)
                && rest.trim_start().starts_with(second)
            {
                return place(number, before, skipped);
            }
            above = Some((at + 1, skipped, rest));
        }
        start
    }

    /// The node at the end of a path.
    #[must_use]
    pub fn node(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(self.root.as_ref()?, |node, step| node.child(step))
    }

    fn walk(&self, path: &[Step]) -> (Place, Option<&Node>) {
        let Some(mut node) = self.root.as_ref() else { return (Place::START, None) };
        let mut place = node.place;
        for step in path {
            let Some(child) = node.child(step) else { return (place, None) };
            place = match (&child.kind, step) {
                (Kind::Sequence(_) | Kind::Mapping(_), Step::Key(key)) => {
                    node.entry(key).map_or(child.place, |entry| entry.place)
                }
                _ => child.place,
            };
            node = child;
        }
        (place, Some(node))
    }
}

/// A path as people write it: `rules[3].application.app_id`.
pub(crate) struct Written<'a>(pub &'a [Step]);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(item) => write!(f, "[{item}]")?,
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}
