//! Nothing enters a page unescaped: no `|safe`, and no template whose escaping is switched off.

use super::Violation;
use crate::tree::Tree;

/// Looks at every page template, and at the Rust that binds them.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in &tree.sources {
        let is_template = source.extension() == "html";
        for (number, line) in source.text.lines().enumerate() {
            let wrong = (is_template && is_unescaped(line)) || (source.is_rust() && switches_off(line));
            if wrong {
                let text = "unescaped text in a page: pass typed parts and let the template escape them";
                found.push(Violation::new(&source.path, number + 1, text));
            }
        }
    }
    found
}

/// Whether a template line has the filter `safe`, or a block that does not escape.
fn is_unescaped(line: &str) -> bool {
    let filtered = line.split('|').skip(1).any(|rest| {
        let rest = rest.trim_start();
        rest.strip_prefix("safe")
            .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    });
    filtered || line.contains("escape(\"none\")")
}

fn switches_off(line: &str) -> bool {
    let dense: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    dense.contains(concat!("escape=", "\"none\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_found_however_it_is_spaced() {
        for bad in
            ["{{ name|safe }}", "{{ name | safe }}", "{{ name|upper|safe}}", "{{ x|escape(\"none\") }}"]
        {
            assert_eq!(check(&Tree::of(&[("crates/web/templates/a.html", bad)])).len(), 1, "{bad}");
        }
        for good in ["{{ name|safely }}", "{{ name }} is safe", "a | b"] {
            assert!(check(&Tree::of(&[("crates/web/templates/a.html", good)])).is_empty(), "{good}");
        }
    }

    #[test]
    fn a_template_that_does_not_escape_is_found() {
        let bad = concat!("#[template(path = \"a.html\", escape = ", "\"none\")]");
        assert_eq!(check(&Tree::of(&[("crates/web/src/pages.rs", bad)])).len(), 1);
    }
}
