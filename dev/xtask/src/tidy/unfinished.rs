//! Nothing unfinished is kept in the tree: what is not done is said in the documents, not in a note to oneself.

use super::Violation;
use super::tokens::{Seen, walk};
use crate::tree::Tree;

/// Written in two parts, so that this file keeps its own rule.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const STUBS: [&str; 2] = ["todo", "unimplemented"];
/// Prose about the rule may name it.
const PROSE: [&str; 2] = ["md", "json"];

/// Looks for notes in every text, and for stubs in Rust.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in tree.sources.iter().filter(|source| !PROSE.contains(&source.extension())) {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(note) = NOTES.iter().find(|note| has_word(line, note)) {
                let text = format!("{note}: do it, or say in the manual that it is not there");
                found.push(Violation::new(&source.path, number + 1, text));
            }
        }
        if source.is_rust() {
            walk(&source.text, &mut |seen| {
                if let Seen::Call { name, .. } = seen
                    && STUBS.iter().any(|stub| name == stub)
                {
                    let text = format!("`{name}!` is a room with no floor: write it, or leave the room out");
                    found.push(Violation::new(&source.path, name.span().start().line, text));
                }
            });
        }
    }
    found
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_stubs_are_found() {
        let note = format!("// {}: later\n", NOTES.first().unwrap());
        assert_eq!(check(&Tree::of(&[("dev/scripts/x.sh", &note)])).len(), 1);
        assert_eq!(check(&Tree::of(&[("crates/x/src/lib.rs", "fn f() {\n    todo!()\n}")])).len(), 1);
        assert_eq!(
            check(&Tree::of(&[("crates/x/src/lib.rs", "fn f() { m! { unimplemented!(\"x\") } }")])).len(),
            1
        );
    }

    #[test]
    fn words_that_only_look_alike_are_left_alone() {
        assert!(
            check(&Tree::of(&[("crates/x/src/lib.rs", "fn todo() { todo() } // MASTODON\n")])).is_empty()
        );
    }
}
