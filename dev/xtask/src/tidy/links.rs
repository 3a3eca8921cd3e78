//! Links between the documents resolve: the file is there, and so is the heading.
//!
//! Links out of the repository are not followed: the check is the same without a network.

use super::Violation;
use crate::tree::{Source, Tree};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;

/// Looks at every link and image of every Markdown file.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in tree.sources.iter().filter(|source| source.extension() == "md") {
        for (target, line) in targets(&source.text) {
            if let Some(text) = judge(tree, source, &target) {
                found.push(Violation::new(&source.path, line, text));
            }
        }
    }
    found
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES
}

/// Where the text points to, with the line of each link.
fn targets(text: &str) -> Vec<(String, usize)> {
    let parser = Parser::new_ext(text, options()).into_offset_iter();
    parser
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let before = text.get(..range.start).unwrap_or_default();
                Some((dest_url.into_string(), before.matches('\n').count() + 1))
            }
            _ => None,
        })
        .collect()
}

/// What is wrong with a link, if anything is.
fn judge(tree: &Tree, source: &Source, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let full = if path.is_empty() { Some(source.path.clone()) } else { resolve(&source.path, path) };
    let Some(full) = full else { return Some(format!("`{target}` leads out of the repository")) };
    if !tree.has(&full) {
        return Some(format!("`{target}` leads to {full}, which is not there"));
    }
    let anchor = anchor?;
    let headings = tree.get(&full).map(|source| anchors(&source.text)).unwrap_or_default();
    (!headings.contains(anchor)).then(|| format!("`{target}`: {full} has no heading `#{anchor}`"))
}

/// The path that `link` means in a file at `from`; nothing if it climbs out of the tree.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

/// The names that a document's headings can be reached by: lower case, spaces to hyphens, other signs dropped.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, options()) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(heading) = heading.take() {
                    let slug = slug(&heading);
                    let taken = (1..).map(|n| format!("{slug}-{n}"));
                    anchors
                        .extend([slug.clone()].into_iter().chain(taken).find(|name| !anchors.contains(name)));
                }
            }
            _ => {}
        }
    }
    anchors
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> Vec<usize> {
        let other = "# Power, and `state`\n## Reset\n## Reset\n";
        let tree = Tree::of(&[("docs/manual/a.md", text), ("docs/manual/b.md", other), ("README.md", "")]);
        check(&tree).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn links_that_resolve_pass() {
        assert!(
            broken("[b](b.md) [b](./b.md#power-and-state) [b](b.md#reset-1)\n\n[r](../../README.md)")
                .is_empty()
        );
        assert!(broken("# Here\n[here](#here) [out](https://example.org/x#y) [f](../manual/)").is_empty());
        assert!(broken("`[no](link.md)`").is_empty());
    }

    #[test]
    fn links_that_do_not_are_named_with_their_line() {
        assert_eq!(broken("text\n\n[b](c.md) and ![p](p.png)"), [3, 3]);
        assert_eq!(broken("[b](b.md#power) [x](#none)"), [1, 1]);
        assert_eq!(broken("[b](../../../x.md)"), [1]);
        assert_eq!(broken("| a |\n|---|\n| [b](c.md) |"), [3]);
    }
}
