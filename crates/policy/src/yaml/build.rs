//! Events to a tree, within bounds.

use super::tree::{Entry, Kind, Node, Place};
use super::{MAX_DEPTH, MAX_NODES, MAX_TEXT, Refusal, scalar};
use crate::diagnostic::Code;
use saphyr_parser::{Event, ScalarStyle, Span, Tag};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What has been read so far.
#[derive(Default)]
pub struct Builder {
    /// Lists and mappings that are not closed yet, the outermost first.
    open: Vec<Frame>,
    root: Option<Node>,
    anchors: BTreeMap<usize, (Node, Size)>,
    documents: usize,
    spent: Size,
    /// Where the text ends.
    end: Place,
}

/// How much a node comes to.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    text: usize,
    /// Levels of lists and mappings.
    height: usize,
}

impl Size {
    fn grow(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.text = self.text.saturating_add(other.text);
        self.height = self.height.max(other.height);
    }
}

struct Frame {
    anchor: usize,
    place: Place,
    filling: Filling,
    size: Size,
}

enum Filling {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, keys: BTreeMap<String, Place>, key: Option<(String, Place)> },
}

impl Builder {
    /// Nothing has been read of a text that ends there.
    pub fn new(end: Place) -> Self {
        Self { end, ..Self::default() }
    }

    /// Takes the next event.
    pub fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Refusal> {
        let place = Place::of(&span.start, self.end);
        match event {
            Event::DocumentStart(_) => self.begin(place),
            Event::Scalar(text, style, anchor, tag) => {
                untagged(tag, place)?;
                self.scalar(text, style, anchor, span)
            }
            Event::SequenceStart(anchor, tag) => {
                untagged(tag, place)?;
                self.open(anchor, place, Filling::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                untagged(tag, place)?;
                let filling = Filling::Mapping { entries: Vec::new(), keys: BTreeMap::new(), key: None };
                self.open(anchor, place, filling)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Place::of(&span.end, self.end)),
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    /// The root of the one document.
    pub fn finish(self) -> Result<Node, Refusal> {
        self.root.ok_or_else(|| {
            Refusal::new(
                Code::Syntax,
                Place::START,
                "the file is empty",
                "begin with `schema_version: 1.0.0`",
            )
        })
    }

    fn begin(&mut self, place: Place) -> Result<(), Refusal> {
        self.documents += 1;
        if self.documents > 1 {
            return Err(unsupported(place, "a second document begins here", "keep one document in a file"));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), Refusal> {
        let place = Place::of(&span.start, self.end);
        self.spend(Size { nodes: 1, text: text.len(), height: 0 }, place)?;
        if let Some(Frame { filling: Filling::Mapping { keys, key: key @ None, .. }, .. }) =
            self.open.last_mut()
        {
            if anchor != 0 {
                return Err(unsupported(place, "a key has an anchor", "put the anchor before the value"));
            }
            if text == "<<" && style == ScalarStyle::Plain {
                let hint = "write the fields out, or give the whole mapping an anchor and an alias";
                return Err(unsupported(place, "`<<` merges mappings, which YAML 1.2 does not have", hint));
            }
            if let Some(first) = keys.insert(text.to_string(), place) {
                let what =
                    format!("`{text}` is there twice: first in line {}, column {}", first.line, first.column);
                return Err(Refusal::new(Code::DuplicateKey, place, what, "keep one of the two"));
            }
            *key = Some((text.into_owned(), place));
            return Ok(());
        }
        let size = Size { nodes: 1, text: text.len(), height: 0 };
        let value = match style {
            ScalarStyle::Plain => scalar::resolve(&text).ok_or_else(|| {
                let what = format!("{text} is a number that cannot be kept exactly");
                Refusal::new(Code::Unsupported, place, what, "write it in quotes, or smaller")
            })?,
            _ => Value::String(text.into_owned()),
        };
        let node = Node { place, end: Place::of(&span.end, self.end), kind: Kind::Scalar(value) };
        self.put(node, anchor, size)
    }

    fn open(&mut self, anchor: usize, place: Place, filling: Filling) -> Result<(), Refusal> {
        if let Some(Frame { filling: Filling::Mapping { key: None, .. }, .. }) = self.open.last() {
            return Err(unsupported(
                place,
                "a list or mapping stands where a key is expected",
                "use a text as key",
            ));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(place));
        }
        self.spend(Size { nodes: 1, ..Size::default() }, place)?;
        self.open.push(Frame { anchor, place, filling, size: Size { nodes: 1, text: 0, height: 1 } });
        Ok(())
    }

    fn close(&mut self, end: Place) -> Result<(), Refusal> {
        let Some(Frame { anchor, place, filling, size }) = self.open.pop() else { return Ok(()) };
        let kind = match filling {
            Filling::Sequence(items) => Kind::Sequence(items),
            Filling::Mapping { entries, .. } => Kind::Mapping(entries),
        };
        self.put(Node { place, end, kind }, anchor, size)
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Refusal> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(unsupported(place, "this alias is inside what it stands for", "write it out"));
        };
        if let Some(Frame { filling: Filling::Mapping { key: None, .. }, .. }) = self.open.last() {
            return Err(unsupported(place, "an alias stands where a key is expected", "write the key out"));
        }
        if self.open.len() + size.height > MAX_DEPTH {
            return Err(too_deep(place));
        }
        self.spend(size, place)?;
        // What is wrong inside is wrong where it is written, not where it is repeated: the places inside stay.
        self.put(Node { place, ..node }, 0, size)
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), Refusal> {
        if anchor != 0 {
            self.spend(size, node.place)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.size.grow(Size { height: size.height + 1, ..size });
        match &mut frame.filling {
            Filling::Sequence(items) => items.push(node),
            Filling::Mapping { entries, key, .. } => {
                if let Some((key, place)) = key.take() {
                    frame.size.grow(Size { nodes: 1, text: key.len(), height: 0 });
                    entries.push(Entry { key, place, value: node });
                }
            }
        }
        Ok(())
    }

    fn spend(&mut self, size: Size, place: Place) -> Result<(), Refusal> {
        self.spent.grow(Size { height: 0, ..size });
        let (what, most) = if self.spent.nodes > MAX_NODES {
            ("keys and values", MAX_NODES)
        } else if self.spent.text > MAX_TEXT {
            ("bytes of text", MAX_TEXT)
        } else {
            return Ok(());
        };
        let what = format!("the file comes to more than {most} {what}, its aliases expanded");
        Err(Refusal::new(Code::Limit, place, what, "make it smaller, or repeat less"))
    }
}

fn untagged(tag: Option<Cow<'_, Tag>>, place: Place) -> Result<(), Refusal> {
    let Some(tag) = tag else { return Ok(()) };
    let what = format!("{tag} is a tag: types are not chosen here");
    Err(unsupported(place, what, "delete it; what is to be text is written in quotes"))
}

fn unsupported(place: Place, what: impl Into<String>, hint: &str) -> Refusal {
    Refusal::new(Code::Unsupported, place, what, hint)
}

fn too_deep(place: Place) -> Refusal {
    let what = format!("this nests deeper than {MAX_DEPTH} levels");
    Refusal::new(Code::Limit, place, what, "make it flatter")
}
