//! Fields that the types do not know: kept, and told, because most of them are a known one misspelt.

use crate::diagnostic::{Code, Diagnostic};
use crate::near;
use crate::yaml::{Entry, Kind, Node};
use serde_json::{Map, Value};

/// What is to be told about a tree's fields, held against the JSON Schema of the types.
pub fn fields(root: &Node, schema: &Value, file: &str) -> Vec<Diagnostic> {
    let mut walk = Walk { schema, file, found: Vec::new() };
    walk.node(root, schema);
    walk.found
}

struct Walk<'a> {
    schema: &'a Value,
    file: &'a str,
    found: Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: &Node, schema: &'a Value) {
        let schema = resolve(schema, self.schema);
        match &node.kind {
            Kind::Scalar(_) => {}
            Kind::Sequence(items) => {
                if let Some(of) = schema.get("items") {
                    items.iter().for_each(|item| self.node(item, of));
                }
            }
            Kind::Mapping(entries) => entries.iter().for_each(|entry| self.entry(entry, schema)),
        }
    }

    fn entry(&mut self, entry: &Entry, schema: &'a Value) {
        match schema.get("properties").and_then(Value::as_object) {
            Some(known) => match known.get(&entry.key) {
                Some(schema) => self.node(&entry.value, schema),
                None => self.unknown(entry, known),
            },
            None => {
                if let Some(schema) = schema.get("additionalProperties").filter(|schema| schema.is_object()) {
                    self.node(&entry.value, schema);
                }
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, known: &'a Map<String, Value>) {
        let key = &entry.key;
        let elsewhere = known.iter().find(|(_, schema)| {
            let inner = resolve(schema, self.schema).get("properties");
            inner.is_some_and(|inner| inner.get(key).is_some())
        });
        let (code, hint) = if let Some((parent, _)) = elsewhere {
            (Code::MisspeltField, format!("it belongs into `{parent}`"))
        } else if let Some(meant) = near::nearest(key, known.keys().map(String::as_str)) {
            (Code::MisspeltField, format!("did you mean `{meant}`?"))
        } else {
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            (Code::UnknownField, format!("known here are: {}", known.join(", ")))
        };
        let what = format!("`{key}` is no field that is known here");
        self.found.push(Diagnostic::new(code, self.file, entry.place, what, hint));
    }
}

/// The schema that a reference leads to, or the one that is not null of a choice.
pub fn resolve<'a>(mut schema: &'a Value, root: &'a Value) -> &'a Value {
    for _ in 0..8 {
        let next =
            match (schema.get("$ref").and_then(Value::as_str), schema.get("anyOf").and_then(Value::as_array))
            {
                (Some(reference), _) => reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)),
                (None, Some(choice)) => {
                    choice.iter().find(|schema| schema.get("type") != Some(&"null".into()))
                }
                (None, None) => None,
            };
        match next {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}
