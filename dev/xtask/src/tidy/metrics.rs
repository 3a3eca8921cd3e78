//! Each metric stands in the manual, and the manual names no metric that is not there.

use super::Violation;
use super::tokens::{Seen, walk, walk_stream};
use crate::tree::{Source, Tree};
use std::collections::{BTreeMap, BTreeSet};

const MANUAL: &str = "docs/manual/metrics.md";
const PREFIX: &str = "portcullis_";
/// Macros that name a metric where they stand.
const MACROS: [&str; 6] =
    ["counter", "gauge", "histogram", "describe_counter", "describe_gauge", "describe_histogram"];
/// What the exporter adds to a histogram's name.
const DERIVED: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Compares the names in `*/metrics.rs`, and in the macros elsewhere, with the manual's table.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let named = names(tree);
    let empty = Source { path: MANUAL.into(), text: String::new() };
    let manual = tree.get(MANUAL).unwrap_or(&empty);
    let written = written(&manual.text);
    let mut found = Vec::new();
    for (name, (path, line)) in &named {
        if !written.contains_key(name) {
            found.push(Violation::new(
                path,
                *line,
                format!("metric `{name}` is not in {MANUAL}: add its row"),
            ));
        }
    }
    let known: BTreeSet<&String> = named.keys().collect();
    for (name, line) in written {
        let base = DERIVED.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name).to_owned();
        if !known.contains(&name) && !known.contains(&base) {
            found.push(Violation::new(
                MANUAL,
                line,
                format!("no metric `{name}` is written: remove its row"),
            ));
        }
    }
    found
}

/// Every metric's name, and where it is first written.
fn names(tree: &Tree) -> BTreeMap<String, (String, usize)> {
    let mut named = BTreeMap::new();
    for source in tree.rust().filter(|source| source.path.starts_with("crates/")) {
        let mut note = |value: String, line: usize| {
            if is_name(&value) {
                named.entry(value).or_insert_with(|| (source.path.clone(), line));
            }
        };
        walk(&source.text, &mut |seen| match seen {
            Seen::Text { line, value } if source.name() == "metrics.rs" => note(value, line),
            Seen::Call { name, arguments: Some(arguments) } if MACROS.iter().any(|known| name == known) => {
                walk_stream(arguments, &mut |inner| {
                    if let Seen::Text { line, value } = inner {
                        note(value, line);
                    }
                });
            }
            _ => {}
        });
    }
    named
}

fn is_name(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    })
}

/// The names in code marks, and the line of each.
fn written(manual: &str) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for (number, line) in manual.lines().enumerate() {
        for span in line.split('`').skip(1).step_by(2) {
            let name = span.split('{').next().unwrap_or(span);
            if is_name(name) {
                names.entry(name.to_owned()).or_insert(number + 1);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "//! x\n/// Records.\npub const RECORDS: &str = \"portcullis_audit_records_total\";\n";

    #[test]
    fn a_metric_in_both_places_passes() {
        let manual = "| `portcullis_audit_records_total{outcome}` | counter |";
        assert!(check(&Tree::of(&[("crates/audit/src/metrics.rs", CODE), (MANUAL, manual)])).is_empty());
        let seconds = "//! x\nfn f() { metrics::histogram!(\"portcullis_act_seconds\").record(1.0) }";
        let manual = "`portcullis_act_seconds`, with `portcullis_act_seconds_bucket`";
        assert!(check(&Tree::of(&[("crates/bmc/src/run.rs", seconds), (MANUAL, manual)])).is_empty());
    }

    #[test]
    fn a_metric_in_one_place_does_not() {
        assert_eq!(check(&Tree::of(&[("crates/audit/src/metrics.rs", CODE)])).len(), 1);
        let inline = "//! x\nfn f() { counter!(\"portcullis_hidden_total\", \"a\" => \"b\") }";
        assert_eq!(check(&Tree::of(&[("crates/bmc/src/run.rs", inline)])).len(), 1);
        assert_eq!(check(&Tree::of(&[(MANUAL, "`portcullis_gone_total`")])).len(), 1);
    }

    #[test]
    fn names_elsewhere_are_no_metrics() {
        let cookie = "//! x\nconst COOKIE: &str = \"portcullis_session\";";
        assert!(check(&Tree::of(&[("crates/web/src/cookie.rs", cookie)])).is_empty());
    }
}
