//! Each metric is a documented constant in its crate's `metrics.rs`: the manual's table is made from those.

use super::Violation;
use super::tokens::{Seen, walk, walk_stream};
use crate::tree::Tree;

const PREFIX: &str = "portcullis_";
/// Macros that name a metric where they stand.
const MACROS: [&str; 6] =
    ["counter", "gauge", "histogram", "describe_counter", "describe_gauge", "describe_histogram"];

/// Looks for metrics that are named where they are counted, and for constants without a word about them.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in tree.rust().filter(|source| source.path.starts_with("crates/")) {
        walk(&source.text, &mut |seen| {
            if let Seen::Call { name, arguments: Some(arguments) } = seen
                && MACROS.iter().any(|known| name == known)
            {
                walk_stream(arguments, &mut |inner| {
                    if let Seen::Text { line, value } = inner
                        && value.starts_with(PREFIX)
                    {
                        let text = format!(
                            "metric `{value}` is named in passing: make it a documented constant in metrics.rs"
                        );
                        found.push(Violation::new(&source.path, line, text));
                    }
                });
            }
        });
        if source.name() == "metrics.rs" {
            found.extend(undocumented(&source.path, &source.text));
        }
    }
    found
}

fn undocumented(path: &str, text: &str) -> Vec<Violation> {
    let Ok(file) = syn::parse_file(text) else { return Vec::new() };
    let silent = file.items.iter().filter_map(|item| match item {
        syn::Item::Const(item) if !item.attrs.iter().any(|attribute| attribute.path().is_ident("doc")) => {
            Some(&item.ident)
        }
        _ => None,
    });
    let text =
        "say in a documentation comment what this counts, and in which unit: the manual takes it from there";
    silent.map(|ident| Violation::new(path, ident.span().start().line, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documented_constant_passes() {
        let good = "//! x\n/// Records.\npub const RECORDS: &str = \"portcullis_audit_records_total\";
            fn f() { counter!(RECORDS, \"outcome\" => \"done\").increment(1) }";
        assert!(check(&Tree::of(&[("crates/audit/src/metrics.rs", good)])).is_empty());
        let cookie = "//! x\nconst COOKIE: &str = \"portcullis_session\";";
        assert!(check(&Tree::of(&[("crates/web/src/cookie.rs", cookie)])).is_empty());
    }

    #[test]
    fn names_in_passing_and_silent_constants_do_not() {
        let passing = "//! x\nfn f() { metrics::counter!(\"portcullis_hidden_total\", \"a\" => \"b\") }";
        assert_eq!(check(&Tree::of(&[("crates/bmc/src/run.rs", passing)])).len(), 1);
        let silent = "//! x\npub const RECORDS: &str = \"portcullis_audit_records_total\";";
        assert_eq!(check(&Tree::of(&[("crates/audit/src/metrics.rs", silent)])).len(), 1);
    }
}
