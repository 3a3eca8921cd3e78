//! Changes as lines that can be told apart without colour.

use model::inventory_diff::{Change, What};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// `added`, `removed`, `moved`, `replaced` or `changed`.
    pub what: &'static str,
    /// The sign before it.
    pub sign: &'static str,
    pub kind: String,
    pub name: String,
    pub place: Option<String>,
    pub model: Option<String>,
    /// What it is about, where not the whole component.
    pub field: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// A sign for each kind of change.
pub(crate) fn mark(what: &str) -> &'static str {
    match what {
        "added" => "+",
        "removed" => "−",
        "moved" => "→",
        "replaced" => "⇄",
        _ => "~",
    }
}

pub(crate) fn lines(changes: &[Change]) -> Vec<Line> {
    changes.iter().map(line).collect()
}

fn line(change: &Change) -> Line {
    let (field, from, to) = match &change.what {
        What::Added => (String::new(), None, change.model.clone()),
        What::Removed => (String::new(), change.model.clone(), None),
        What::Moved { from, to } => ("place".to_owned(), Some(from.clone()), Some(to.clone())),
        What::Replaced { from, to } => ("serial number".to_owned(), Some(from.clone()), Some(to.clone())),
        What::Changed { field, from, to } => {
            (model::inventory_diff::field_words(field), from.clone(), to.clone())
        }
    };
    Line {
        what: change.what.word(),
        sign: mark(change.what.word()),
        kind: change.kind.clone(),
        name: change.name.clone(),
        place: change.place.clone().filter(|place| *place != change.name),
        model: change.model.clone(),
        field,
        from,
        to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_change_has_a_sign_of_its_own() {
        let signs: std::collections::BTreeSet<&str> =
            ["added", "removed", "moved", "replaced", "changed"].into_iter().map(mark).collect();
        assert_eq!(signs.len(), 5);
    }
}
