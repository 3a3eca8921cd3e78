//! A function has at most 80 lines, from its signature to its closing brace.

use super::Violation;
use crate::tree::Tree;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

const MOST: usize = 80;

/// Measures every function; a file that does not parse is itself reported.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in tree.rust() {
        match syn::parse_file(&source.text) {
            Ok(file) => Lengths { path: &source.path, found: &mut found }.visit_file(&file),
            Err(error) => {
                let line = error.span().start().line;
                found.push(Violation::new(&source.path, line, format!("this is not Rust: {error}")));
            }
        }
    }
    found
}

struct Lengths<'a> {
    path: &'a str,
    found: &'a mut Vec<Violation>,
}

impl Lengths<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let lines = block.span().end().line + 1 - first;
        if lines > MOST {
            let text = format!("`{}` has {lines} lines, at most {MOST}: name its steps", signature.ident);
            self.found.push(Violation::new(self.path, first, text));
        }
    }
}

impl<'ast> Visit<'ast> for Lengths<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_body(open: &str, lines: usize, close: &str) -> Tree {
        let text = format!("//! x\n{open}\n{}{close}\n", "    work();\n".repeat(lines));
        Tree::of(&[("crates/x/src/lib.rs", &text)])
    }

    #[test]
    fn eighty_lines_pass_and_eighty_one_do_not() {
        assert!(check(&with_body("fn f() {", 78, "}")).is_empty());
        let found = check(&with_body("fn f() {", 79, "}"));
        assert_eq!(found.first().map(|violation| violation.line), Some(2));
    }

    #[test]
    fn methods_and_default_methods_count_too() {
        assert_eq!(check(&with_body("impl X { fn f() {", 79, "}}")).len(), 1);
        assert_eq!(check(&with_body("trait X { fn f() {", 79, "}}")).len(), 1);
        assert_eq!(check(&with_body("mod m { fn outer() { fn f() {", 79, "}}}")).len(), 2);
    }

    #[test]
    fn a_file_that_is_no_rust_is_named() {
        let found = check(&Tree::of(&[("crates/x/src/lib.rs", "//! x\nfn f( {\n")]));
        assert!(found.first().is_some_and(|violation| violation.text.starts_with("this is not Rust")));
    }
}
