//! No ignored tests, no `allow`, and every `expect` with a reason.

use super::Violation;
use super::tokens::{Seen, walk};
use crate::tree::Tree;
use proc_macro2::{TokenStream, TokenTree};

/// Looks at every attribute, inside macros too.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in tree.rust() {
        walk(&source.text, &mut |seen| {
            if let Seen::Attribute { line, inside } = seen
                && let Some(text) = judge(inside)
            {
                found.push(Violation::new(&source.path, line, text));
            }
        });
    }
    found
}

/// What is wrong with the attribute, if anything is.
fn judge(inside: TokenStream) -> Option<&'static str> {
    let tokens: Vec<TokenTree> = inside.into_iter().collect();
    let name = tokens.first().map(ToString::to_string)?;
    match (name.as_str(), tokens.get(1)) {
        ("ignore", _) => Some("an ignored test proves nothing: mend it or remove it"),
        ("allow", Some(_)) => Some("`allow` hides: write `expect(…, reason = \"…\")`, or remove the cause"),
        ("expect", Some(TokenTree::Group(lints))) if !names(lints.stream(), "reason") => {
            Some("an exception says why: add `reason = \"…\"`")
        }
        ("cfg_attr", Some(TokenTree::Group(conditional))) => after_comma(conditional.stream()),
        _ => None,
    }
}

/// Judges what follows the condition of a `cfg_attr`.
fn after_comma(stream: TokenStream) -> Option<&'static str> {
    let rest =
        stream.into_iter().skip_while(|token| !matches!(token, TokenTree::Punct(p) if p.as_char() == ','));
    judge(rest.skip(1).collect())
}

fn names(stream: TokenStream, word: &str) -> bool {
    stream.into_iter().any(|token| matches!(token, TokenTree::Ident(ident) if ident == word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("crates/x/src/lib.rs", text)])).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn what_hides_is_found_in_macros_too() {
        assert_eq!(lines("#![allow(dead_code)]\n#[ignore]\nfn f() {}\n"), [1, 2]);
        assert_eq!(lines("#[ignore = \"slow\"]\nfn f() {}\n"), [1]);
        assert_eq!(lines("macro_rules! m { () => {\n#[allow(unused)]\nfn f() {} } }"), [2]);
        assert_eq!(lines("#[cfg_attr(test, allow(unused))]\nfn f() {}\n"), [1]);
        assert_eq!(lines("#[expect(dead_code)]\nfn f() {}\n"), [1]);
    }

    #[test]
    fn what_says_why_is_left_alone() {
        let good = "#[expect(dead_code, reason = \"read by C\")]\n#[serde(ignore)]\n#[doc = \"#[ignore]\"]\nfn f() {}";
        assert!(lines(good).is_empty());
        assert!(lines("// #[allow(x)]\nfn allow(_x: u8) { allow(1) }").is_empty());
    }
}
