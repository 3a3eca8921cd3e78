//! The configuration's keys, read from the structs that read it.
//!
//! The keys are the fields of the structs in `crates/*/src/config.rs` (or `config/`), followed from the struct `Config`
//! of `crates/portcullis`: a field whose type is one of those structs is a section, any other is a key. Structs may be
//! declared by `model::settings!`.

use super::prose;
use crate::tree::Tree;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use syn::parse::{Parse, ParseStream};

const ROOT: (&str, &str) = ("portcullis", "Config");
/// Sections inside sections, at most: more is a mistake, or a circle.
const DEEPEST: usize = 8;

/// Every section with its keys, each with what the code's own documentation says of it.
pub fn render(tree: &Tree) -> String {
    let sections = sections(tree);
    let mut tables = Vec::new();
    collect(&sections, &(ROOT.0.to_owned(), ROOT.1.to_owned()), "", 0, &mut tables);
    let mut text = String::new();
    for table in tables.iter().filter(|table| !table.rows.is_empty()) {
        let name = if table.name.is_empty() { "Top level".into() } else { format!("`[{}]`", table.name) };
        let _ =
            write!(text, "\n### {name}\n\n{}\n\n| key | default | meaning |\n|---|---|---|\n", table.summary);
        for [key, default, meaning] in &table.rows {
            let _ = writeln!(text, "| `{key}` | {default} | {meaning} |");
        }
    }
    text.trim().to_owned()
}

/// One section as the manual shows it.
struct Table {
    name: String,
    summary: String,
    rows: Vec<[String; 3]>,
}

/// A struct of a crate's `config.rs`.
struct Section {
    summary: String,
    fields: Vec<Field>,
}

struct Field {
    key: String,
    /// The type's path, `Option<…>` and `Vec<…>` taken off.
    kind: Vec<String>,
    is_flat: bool,
    meaning: String,
    default: String,
}

type Sections = BTreeMap<(String, String), Section>;

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
            if let Some(declared) = Declared::of(item) {
                let section = Section { summary: prose(&declared.attributes), fields: fields(&declared) };
                sections.insert((package.to_owned(), declared.name), section);
            }
        }
    }
    sections
}

/// A struct, however it is declared.
struct Declared {
    name: String,
    attributes: Vec<syn::Attribute>,
    fields: Vec<DeclaredField>,
}

struct DeclaredField {
    attributes: Vec<syn::Attribute>,
    ident: syn::Ident,
    kind: syn::Type,
    default: Option<syn::Expr>,
}

impl Declared {
    fn of(item: syn::Item) -> Option<Self> {
        match item {
            syn::Item::Struct(item) => {
                let named = item.fields.into_iter().filter_map(|field| {
                    Some(DeclaredField {
                        attributes: field.attrs,
                        ident: field.ident?,
                        kind: field.ty,
                        default: None,
                    })
                });
                Some(Self { name: item.ident.to_string(), attributes: item.attrs, fields: named.collect() })
            }
            syn::Item::Macro(item)
                if item.mac.path.segments.last().is_some_and(|name| name.ident == "settings") =>
            {
                item.mac.parse_body().ok()
            }
            _ => None,
        }
    }
}

/// The body of `settings!`: a struct whose fields each have a default.
impl Parse for Declared {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(syn::Attribute::parse_outer)?;
        let name = input.parse::<syn::Ident>()?.to_string();
        let inside;
        syn::braced!(inside in input);
        let mut fields = Vec::new();
        while !inside.is_empty() {
            let attributes = inside.call(syn::Attribute::parse_outer)?;
            let ident = inside.parse()?;
            inside.parse::<syn::Token![:]>()?;
            let kind = inside.parse()?;
            inside.parse::<syn::Token![=]>()?;
            fields.push(DeclaredField { attributes, ident, kind, default: Some(inside.parse()?) });
            inside.parse::<syn::Token![,]>()?;
        }
        Ok(Self { name, attributes, fields })
    }
}

fn fields(declared: &Declared) -> Vec<Field> {
    let style = serde_value(&declared.attributes, "rename_all");
    let read = declared.fields.iter().filter(|field| !serde_has(&field.attributes, "skip"));
    read.map(|DeclaredField { attributes, ident, kind, default }| {
        let name = ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        let key = serde_value(attributes, "rename").unwrap_or_else(|| match style.as_deref() {
            Some("kebab-case") => name.replace('_', "-"),
            _ => name.to_owned(),
        });
        let is_flat = serde_has(attributes, "flatten");
        Field {
            key,
            kind: path_of(kind),
            is_flat,
            meaning: prose(attributes),
            default: default.as_ref().map_or_else(String::new, shown),
        }
    })
    .collect()
}

/// A default as it would stand in the file, where it is simple enough to be read off the code.
fn shown(default: &syn::Expr) -> String {
    match default {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
            format!("`{}`", number.base10_digits())
        }
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Bool(truth), .. }) => format!("`{}`", truth.value),
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => format!("`{:?}`", text.value()),
        syn::Expr::MethodCall(call) => shown(&call.receiver),
        syn::Expr::Path(path) if path.path.is_ident("None") => "none".into(),
        _ => String::new(),
    }
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

/// Follows the sections from `at` down, each one's own keys first.
fn collect(sections: &Sections, at: &(String, String), name: &str, depth: usize, tables: &mut Vec<Table>) {
    let Some(section) = sections.get(at).filter(|_| depth <= DEEPEST) else { return };
    let (place, mut inner) = (tables.len(), Vec::new());
    tables.push(Table { name: name.to_owned(), summary: section.summary.clone(), rows: Vec::new() });
    for field in &section.fields {
        match target(sections, &at.0, &field.kind) {
            Some(next) if field.is_flat => inner.push((next, name.to_owned())),
            Some(next) if name.is_empty() => inner.push((next, field.key.clone())),
            Some(next) => inner.push((next, format!("{name}.{}", field.key))),
            None => {
                if let Some(table) = tables.get_mut(place) {
                    table.rows.push([field.key.clone(), field.default.clone(), field.meaning.clone()]);
                }
            }
        }
    }
    for (next, name) in inner {
        collect(sections, &next, &name, depth + 1, tables);
    }
}

/// The section that a field's type names: in the crate its path begins with, or in the same crate.
fn target(sections: &Sections, package: &str, kind: &[String]) -> Option<(String, String)> {
    let name = kind.last()?;
    let named = kind.first().filter(|_| kind.len() > 1).map(|first| (first.clone(), name.clone()));
    let own = (package.to_owned(), name.clone());
    named.into_iter().chain([own]).find(|key| sections.contains_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "//! x
        /// The file.
        pub struct Config { /// Where | what.
            pub data: PathBuf, /// Pages.
            pub web: Web, pub poll: Option<bmc::config::Config>, #[serde(skip)] pub x: u8 }
        #[serde(rename_all = \"kebab-case\", deny_unknown_fields, default)]
        pub struct Web { pub listen_on: String, #[serde(default = \"ten\", rename = \"idle\")] pub idle_minutes: u32 }";
    const POLL: &str = "//! x
        model::settings! { /// Polling.\nConfig { /// How often.\n/// In seconds.
            every_seconds: u32 = 60, #[serde(flatten)] more: More = More(), } }
        /// More.
        pub struct More { pub at_once: u8 }";

    #[test]
    fn keys_are_followed_through_sections_of_other_crates() {
        let tree =
            Tree::of(&[("crates/portcullis/src/config.rs", CONFIG), ("crates/bmc/src/config.rs", POLL)]);
        let text = render(&tree);
        let rows: Vec<&str> =
            text.lines().filter(|line| line.starts_with("| `") || line.starts_with("###")).collect();
        assert_eq!(
            rows,
            [
                "### Top level",
                "| `data` |  | Where \\| what. |",
                "### `[web]`",
                "| `listen-on` |  |  |",
                "| `idle` |  |  |",
                "### `[poll]`",
                "| `every_seconds` | `60` | How often. In seconds. |",
                "### `[poll]`",
                "| `at_once` |  |  |"
            ]
        );
    }
}
