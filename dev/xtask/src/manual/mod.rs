//! The manual's tables of keys and metrics, made from the documentation in the code, so that the two cannot differ.
//!
//! `cargo xtask manual` writes them between `<!-- generated:NAME -->` and `<!-- /generated:NAME -->`; tidy compares.

mod keys;
mod metrics;

use crate::section::Markers;
use crate::tidy::Violation;
use crate::tree::Tree;
use anyhow::Context;
use std::path::Path;

/// One generated part: its file, its name between the markers, and what makes it.
struct Part {
    file: &'static str,
    name: &'static str,
    render: fn(&Tree) -> String,
}

const PARTS: [Part; 2] = [
    Part { file: "docs/manual/configuration.md", name: "keys", render: keys::render },
    Part { file: "docs/manual/metrics.md", name: "metrics", render: metrics::render },
];

/// Writes every generated part.
pub fn write(root: &Path) -> anyhow::Result<()> {
    let tree = Tree::load(root)?;
    for part in &PARTS {
        let old =
            tree.get(part.file).with_context(|| format!("{} is not there: write it first", part.file))?;
        let new =
            markers(part).replace(&old.text, &inside(part, &tree)).with_context(|| part.file.to_owned())?;
        if new != old.text {
            std::fs::write(root.join(part.file), new).with_context(|| format!("write {}", part.file))?;
            println!("{}: {} written", part.file, part.name);
        }
    }
    Ok(())
}

/// Compares every generated part with what the code says now.
pub fn check(tree: &Tree) -> Vec<Violation> {
    PARTS.iter().filter_map(|part| compare(part, tree)).collect()
}

fn compare(part: &Part, tree: &Tree) -> Option<Violation> {
    let wanted = inside(part, tree);
    let Some(manual) = tree.get(part.file) else {
        return Some(Violation::new(
            part.file,
            1,
            format!("the chapter for {} is not there: write it", part.name),
        ));
    };
    let (line, old) = match markers(part).find(&manual.text) {
        Ok(found) => found,
        Err(error) => return Some(Violation::new(part.file, 1, format!("{error:#}"))),
    };
    let differs = old.lines().zip(wanted.lines()).position(|(old, new)| old != new);
    let at = differs
        .or_else(|| (old.trim() != wanted.trim()).then(|| old.lines().count().min(wanted.lines().count())))?;
    let text = "this is not what the code says (keys, metrics and their meaning): run `cargo xtask manual`";
    Some(Violation::new(part.file, line + at, text))
}

fn markers(part: &Part) -> Markers {
    Markers::new("generated", part.name)
}

fn inside(part: &Part, tree: &Tree) -> String {
    format!("{}\n", (part.render)(tree))
}

/// What documentation comments say, as one line of a table.
fn prose(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
                Some(text.value().trim().to_owned())
            }
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ").trim().replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "//! x\n/// Records.\npub const RECORDS: &str = \"portcullis_records_total\";\n";

    fn broken(manual: &str) -> Vec<usize> {
        let tree = Tree::of(&[
            ("crates/audit/src/metrics.rs", METRICS),
            ("docs/manual/metrics.md", manual),
            ("docs/manual/configuration.md", "<!-- generated:keys -->\n\n<!-- /generated:keys -->\n"),
        ]);
        check(&tree).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_manual_that_says_what_the_code_says_passes() {
        let table = "| metric | meaning |\n|---|---|\n| `portcullis_records_total` | Records. |";
        let good = format!("# M\n\n<!-- generated:metrics -->\n{table}\n\n<!-- /generated:metrics -->\n");
        assert_eq!(broken(&good), Vec::<usize>::new());
        assert_eq!(broken(&good.replace("Records.", "Old.")), [6]);
        assert_eq!(broken(&good.replace("| `portcullis_records_total` | Records. |\n", "")).len(), 1);
        assert_eq!(broken(&good.replace("<!-- /generated:metrics -->", "")), [1]);
    }
}
