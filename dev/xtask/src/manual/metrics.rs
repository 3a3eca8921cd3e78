//! The metrics, read from the constants that name them.

use super::prose;
use crate::tree::{Source, Tree};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Every metric of every crate, with what the code's own documentation says of it.
pub fn render(tree: &Tree) -> String {
    let mut rows = BTreeMap::new();
    for source in
        tree.rust().filter(|source| source.name() == "metrics.rs" && source.path.starts_with("crates/"))
    {
        rows.extend(named(source));
    }
    let mut text = String::from("| metric | meaning |\n|---|---|\n");
    for (name, meaning) in rows {
        let _ = writeln!(text, "| `{name}` | {meaning} |");
    }
    text.trim().to_owned()
}

/// The metrics' names and meanings of one file.
fn named(source: &Source) -> Vec<(String, String)> {
    let Ok(file) = syn::parse_file(&source.text) else { return Vec::new() };
    let constants = file.items.iter().filter_map(|item| match item {
        syn::Item::Const(constant) => match &*constant.expr {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) => {
                Some((name.value(), &constant.attrs))
            }
            _ => None,
        },
        _ => None,
    });
    constants
        .filter(|(name, _)| name.starts_with("portcullis_"))
        .map(|(name, doc)| (name, prose(doc)))
        .collect()
}
