//! Each parser of outside bytes has a fuzz target.
//!
//! A parser is a `pub fn` named `parse`, `parse_…`, `decode` or `decode_…` that takes `&[u8]`. `fuzz/parsers.txt` says which
//! target each one is called by, one `crate::module::function = target` a line; a target is a file in `fuzz/fuzz_targets/`
//! and has one entry in `fuzz/Cargo.toml`, which no build in CI reads.

use super::Violation;
use crate::tree::{Source, Tree};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};

const LIST: &str = "fuzz/parsers.txt";
const TARGETS: &str = "fuzz/fuzz_targets/";
const MANIFEST: &str = "fuzz/Cargo.toml";

/// Holds the parsers, the list and the targets against each other.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut functions = BTreeMap::new();
    for source in tree.rust().filter(|source| source.path.starts_with("crates/")) {
        find(source, &mut functions);
    }
    let list = tree.get(LIST).map(|list| list.text.as_str()).unwrap_or_default();
    let mut found = Vec::new();
    let mut listed = BTreeSet::new();
    let mut used = BTreeSet::new();
    for (number, line) in
        list.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let Some((function, target)) = line.split_once(" = ") else {
            found.push(Violation::new(LIST, number + 1, "write `crate::module::function = target`"));
            continue;
        };
        if !functions.contains_key(function) {
            found.push(Violation::new(
                LIST,
                number + 1,
                format!("no public function `{function}`: correct the line"),
            ));
        }
        if !tree.paths.contains(&format!("{TARGETS}{target}.rs")) {
            found.push(Violation::new(
                LIST,
                number + 1,
                format!("no {TARGETS}{target}.rs: write the target"),
            ));
        }
        listed.insert(function);
        used.insert(target);
    }
    for (name, function) in functions.iter().filter(|(_, function)| function.is_parser) {
        if !listed.contains(name.as_str()) {
            let text = format!("`{name}` reads outside bytes and has no fuzz target: add it to {LIST}");
            found.push(Violation::new(&function.path, function.line, text));
        }
    }
    for path in tree.paths.iter().filter(|path| path.ends_with(".rs")) {
        let Some(target) = path.strip_prefix(TARGETS).and_then(|name| name.strip_suffix(".rs")) else {
            continue;
        };
        if !used.contains(target) {
            found.push(Violation::new(path, 1, format!("no line of {LIST} leads to this target: add it")));
        }
        if !entries(tree).any(|entry| entry == target) {
            found.push(Violation::new(
                MANIFEST,
                1,
                format!("no whole [[bin]] of its own for `{target}`: add it"),
            ));
        }
    }
    found
}

/// The targets that the manifest tells whole: one name and its path in one entry.
fn entries(tree: &Tree) -> impl Iterator<Item = &str> {
    let manifest = tree.get(MANIFEST).map(|manifest| manifest.text.as_str()).unwrap_or_default();
    manifest.split("[[bin]]").skip(1).filter_map(|entry| {
        let value = |key: &str| -> Option<&str> {
            let mut values = entry
                .lines()
                .filter_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'));
            values.next().filter(|_| values.next().is_none())
        };
        let (name, path) = (value("name")?, value("path")?);
        (path == format!("fuzz_targets/{name}.rs")).then_some(name)
    })
}

struct Function {
    path: String,
    line: usize,
    is_parser: bool,
}

/// Notes every public function of a file under its full path.
fn find(source: &Source, functions: &mut BTreeMap<String, Function>) {
    let (Some(package), Ok(file)) = (source.package(), syn::parse_file(&source.text)) else { return };
    let Some(inside) = source.path.strip_prefix(&format!("crates/{package}/src/")) else { return };
    let module =
        inside.trim_end_matches(".rs").trim_end_matches("mod").trim_end_matches('/').replace('/', "::");
    let module = if module == "lib" || module == "main" { String::new() } else { module };
    let mut at = vec![package.replace('-', "_")];
    at.extend(module.split("::").filter(|part| !part.is_empty()).map(str::to_owned));
    Finder { path: &source.path, at, functions }.visit_file(&file);
}

struct Finder<'a> {
    path: &'a str,
    at: Vec<String>,
    functions: &'a mut BTreeMap<String, Function>,
}

impl Finder<'_> {
    fn note(&mut self, visibility: &syn::Visibility, signature: &syn::Signature) {
        if !matches!(visibility, syn::Visibility::Public(_)) {
            return;
        }
        let name = signature.ident.to_string();
        let reads = ["parse", "decode"]
            .iter()
            .any(|verb| name.strip_prefix(verb).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')));
        let is_parser = reads && signature.inputs.iter().any(takes_bytes);
        let line = signature.ident.span().start().line;
        let full = format!("{}::{name}", self.at.join("::"));
        self.functions.insert(full, Function { path: self.path.to_owned(), line, is_parser });
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note(&item.vis, &item.sig);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.note(&item.vis, &item.sig);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.at.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.at.pop();
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let syn::Type::Path(path) = &*item.self_ty else { return };
        let Some(name) = path.path.segments.last().map(|segment| segment.ident.to_string()) else { return };
        self.at.push(name);
        visit::visit_item_impl(self, item);
        self.at.pop();
    }
}

/// Whether an argument is `&[u8]`.
fn takes_bytes(argument: &syn::FnArg) -> bool {
    let syn::FnArg::Typed(argument) = argument else { return false };
    let syn::Type::Reference(reference) = &*argument.ty else { return false };
    let syn::Type::Slice(slice) = &*reference.elem else { return false };
    matches!(&*slice.elem, syn::Type::Path(path) if path.path.is_ident("u8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARSER: &str = "//! x\npub fn parse_frame(bytes: &[u8], depth: u8) -> Option<u8> { None }
        impl Key { pub fn parse(text: &'static [u8]) {} pub fn parse_name(name: &str) {} }
        fn parse_own(bytes: &[u8]) {} pub fn encode(bytes: &[u8]) {}";

    fn broken(list: &str, targets: &[&str]) -> usize {
        let entries = targets
            .iter()
            .map(|name| format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n"));
        told(list, targets, &entries.collect::<String>())
    }

    fn told(list: &str, targets: &[&str], manifest: &str) -> usize {
        let paths: Vec<String> = targets.iter().map(|target| format!("{TARGETS}{target}.rs")).collect();
        let mut files = vec![("crates/bmc/src/wire/frame.rs", PARSER), (LIST, list), (MANIFEST, manifest)];
        files.extend(paths.iter().map(|path| (path.as_str(), "//! x")));
        check(&Tree::of(&files)).len()
    }

    #[test]
    fn a_parser_with_a_target_passes() {
        let list = "# x\nbmc::wire::frame::parse_frame = frame\nbmc::wire::frame::Key::parse = key\n";
        assert_eq!(broken(list, &["frame", "key"]), 0);
        assert_eq!(broken(&format!("{list}bmc::wire::frame::Key::parse_name = key\n"), &["frame", "key"]), 0);
    }

    #[test]
    fn parsers_lines_and_targets_without_the_other_are_named() {
        assert_eq!(broken("", &[]), 2);
        let list = "bmc::wire::frame::parse_frame = frame\nbmc::wire::frame::Key::parse = key\n";
        assert_eq!(broken(list, &["frame"]), 1);
        assert_eq!(broken(list, &["frame", "key", "spare"]), 1);
        assert_eq!(broken(&format!("{list}bmc::gone = key\n"), &["frame", "key"]), 1);
        assert_eq!(broken(&format!("{list}nonsense\n"), &["frame", "key"]), 1);
    }

    #[test]
    fn an_entry_lost_in_a_merge_is_named() {
        let list = "bmc::wire::frame::parse_frame = frame\nbmc::wire::frame::Key::parse = key\n";
        let one = "[[bin]]\nname = \"frame\"\npath = \"fuzz_targets/frame.rs\"\n";
        let other = one.replace("frame", "key");
        assert_eq!(told(list, &["frame", "key"], &format!("{one}{other}")), 0);
        assert_eq!(told(list, &["frame", "key"], one), 1);
        assert_eq!(told(list, &["frame", "key"], &format!("{one}{}", other.replace("[[bin]]\n", ""))), 2);
    }
}
