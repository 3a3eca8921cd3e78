//! Each configuration key stands in the manual, and the manual names no key that is not there.
//!
//! The keys are the fields of the structs in `crates/*/src/config.rs` (or `config/`), followed from the struct `Config`
//! of `crates/portcullis`: a field whose type is one of those structs is a section, any other is a key.

use super::Violation;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

const MANUAL: &str = "docs/manual/configuration.md";
const ROOT: (&str, &str) = ("portcullis", "Config");
/// Sections inside sections, at most: more is a mistake, or a circle.
const DEEPEST: usize = 8;

/// A struct of a crate's `config.rs`.
struct Section {
    path: String,
    fields: Vec<Field>,
}

struct Field {
    key: String,
    /// The type's path, `Option<…>` and `Vec<…>` taken off.
    kind: Vec<String>,
    is_flat: bool,
    line: usize,
}

type Sections = BTreeMap<(String, String), Section>;

/// Compares the structs' fields with the manual's keys, written `` `section.key` `` first in a table's row.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let sections = sections(tree);
    let mut keys = BTreeMap::new();
    collect(&sections, &(ROOT.0.to_owned(), ROOT.1.to_owned()), "", 0, &mut keys);
    let written = tree.get(MANUAL).map(|manual| written(&manual.text)).unwrap_or_default();
    let mut found = Vec::new();
    for (key, (path, line)) in &keys {
        if !written.contains_key(key) {
            found.push(Violation::new(path, *line, format!("key `{key}` is not in {MANUAL}: add its row")));
        }
    }
    let known: BTreeSet<&String> = keys.keys().collect();
    for (key, line) in written {
        if !known.contains(&key) {
            found.push(Violation::new(MANUAL, line, format!("no key `{key}` is read: remove its row")));
        }
    }
    found
}

fn sections(tree: &Tree) -> Sections {
    let mut sections = Sections::new();
    for source in tree.rust() {
        let Some(package) = source.package() else { continue };
        let inside = source.path.strip_prefix(&format!("crates/{package}/src/")).unwrap_or_default();
        if inside != "config.rs" && !inside.starts_with("config/") {
            continue;
        }
        let Ok(file) = syn::parse_file(&source.text) else { continue };
        for item in file.items {
            if let syn::Item::Struct(item) = item {
                let section = Section { path: source.path.clone(), fields: fields(&item) };
                sections.insert((package.to_owned(), item.ident.to_string()), section);
            }
        }
    }
    sections
}

fn fields(item: &syn::ItemStruct) -> Vec<Field> {
    let style = serde_value(&item.attrs, "rename_all");
    let named = item.fields.iter().filter(|field| !serde_has(&field.attrs, "skip"));
    named
        .filter_map(|field| {
            let ident = field.ident.as_ref()?;
            let name = ident.to_string();
            let name = name.strip_prefix("r#").unwrap_or(&name);
            let key = serde_value(&field.attrs, "rename").unwrap_or_else(|| match style.as_deref() {
                Some("kebab-case") => name.replace('_', "-"),
                _ => name.to_owned(),
            });
            let is_flat = serde_has(&field.attrs, "flatten");
            Some(Field { key, kind: path_of(&field.ty), is_flat, line: ident.span().start().line })
        })
        .collect()
}

/// The path of a type, seen through `Option`, `Vec` and `Box`.
fn path_of(kind: &syn::Type) -> Vec<String> {
    let syn::Type::Path(path) = kind else { return Vec::new() };
    let Some(last) = path.path.segments.last() else { return Vec::new() };
    if ["Option", "Vec", "Box"].iter().any(|wrapper| last.ident == wrapper)
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return path_of(inner);
    }
    path.path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

fn serde_value(attributes: &[syn::Attribute], name: &str) -> Option<String> {
    let mut value = None;
    each_serde(attributes, |meta| {
        if meta.path.is_ident(name) {
            value = meta.value()?.parse::<syn::LitStr>().ok().map(|text| text.value());
        }
        Ok(())
    });
    value
}

fn serde_has(attributes: &[syn::Attribute], name: &str) -> bool {
    let mut has = false;
    each_serde(attributes, |meta| {
        has |= meta.path.is_ident(name);
        Ok(())
    });
    has
}

fn each_serde(
    attributes: &[syn::Attribute],
    mut see: impl FnMut(&syn::meta::ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // What serde understands is serde's to refuse; what is not understood here names no key.
        let _ = attribute.parse_nested_meta(|meta| {
            see(&meta)?;
            if !meta.input.is_empty() && !meta.input.peek(syn::Token![,]) {
                let _: syn::Expr = meta.value()?.parse()?;
            }
            Ok(())
        });
    }
}

/// Follows the sections from `at` down and notes every key under its full name.
fn collect(
    sections: &Sections,
    at: &(String, String),
    prefix: &str,
    depth: usize,
    keys: &mut BTreeMap<String, (String, usize)>,
) {
    let Some(section) = sections.get(at).filter(|_| depth <= DEEPEST) else { return };
    for field in &section.fields {
        let full = if prefix.is_empty() { field.key.clone() } else { format!("{prefix}.{}", field.key) };
        match target(sections, &at.0, &field.kind) {
            Some(next) => {
                let inside = if field.is_flat { prefix } else { full.as_str() };
                collect(sections, &next, inside, depth + 1, keys);
            }
            None => {
                keys.insert(full, (section.path.clone(), field.line));
            }
        }
    }
}

/// The section that a field's type names: in the crate its path begins with, or in the same crate.
fn target(sections: &Sections, package: &str, kind: &[String]) -> Option<(String, String)> {
    let name = kind.last()?;
    let named = kind.first().filter(|_| kind.len() > 1).map(|first| (first.clone(), name.clone()));
    let own = (package.to_owned(), name.clone());
    named.into_iter().chain([own]).find(|key| sections.contains_key(key))
}

/// The keys of the manual: the code mark that a table's row begins with.
fn written(manual: &str) -> BTreeMap<String, usize> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    manual
        .lines()
        .enumerate()
        .filter_map(|(number, line)| {
            let key = line.strip_prefix("| `")?.split('`').next()?;
            (!key.is_empty() && key.chars().all(is_key)).then(|| (key.to_owned(), number + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "//! x
        pub struct Config { pub data: PathBuf, pub web: Web, pub poll: Option<bmc::config::Config>, #[serde(skip)] pub x: u8 }
        #[serde(rename_all = \"kebab-case\", deny_unknown_fields, default)]
        pub struct Web { pub listen_on: String, #[serde(default = \"ten\", rename = \"idle\")] pub idle_minutes: u32 }";
    const POLL: &str = "//! x\npub struct Config { pub every_seconds: u32, #[serde(flatten)] pub more: More }
        pub struct More { pub at_once: u8 }";

    fn broken(manual: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("crates/portcullis/src/config.rs", CONFIG),
            ("crates/bmc/src/config.rs", POLL),
            (MANUAL, manual),
        ]);
        check(&tree).into_iter().map(|violation| violation.text).collect()
    }

    const ALL: &str = "| `data` | . |\n| `web.listen-on` | . |\n| `web.idle` | . |\n\
        | `poll.every_seconds` | . |\n| `poll.at_once` | . |\n";

    #[test]
    fn keys_are_followed_through_sections_of_other_crates() {
        assert_eq!(broken(ALL), Vec::<String>::new());
    }

    #[test]
    fn keys_that_are_missing_or_stale_are_named() {
        let missing = broken(&ALL.replace("| `web.idle` | . |\n", ""));
        assert!(missing.first().is_some_and(|text| text.contains("`web.idle`")), "{missing:?}");
        let stale = broken(&format!("{ALL}| `web.gone` | . |\n"));
        assert!(stale.first().is_some_and(|text| text.contains("`web.gone`")), "{stale:?}");
    }
}
