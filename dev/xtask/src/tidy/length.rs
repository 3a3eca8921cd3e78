//! A file has at most 600 lines, and a Rust file begins by saying what it is.

use super::Violation;
use crate::tree::Tree;

const MOST: usize = 600;
/// The kinds of file that are written by hand and read by people.
const MEASURED: [&str; 7] = ["css", "html", "js", "py", "rs", "sh", "sql"];

/// Measures every source file and looks at its first line.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for source in tree.sources.iter().filter(|source| MEASURED.contains(&source.extension())) {
        let lines = source.text.lines().count();
        if lines > MOST {
            let text = format!("{lines} lines, at most {MOST}: split it by what changes together");
            found.push(Violation::new(&source.path, MOST + 1, text));
        }
        if source.is_rust() && !source.text.starts_with("//! ") {
            let text = "the first line is not `//! …`: say what the file is and what it must never do";
            found.push(Violation::new(&source.path, 1, text));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_hundred_lines_pass_and_one_more_does_not() {
        let good = format!("//! x\n{}", "\n".repeat(599));
        assert!(check(&Tree::of(&[("crates/x/src/lib.rs", &good)])).is_empty());
        let found = check(&Tree::of(&[("crates/x/src/lib.rs", &format!("{good}\n"))]));
        assert_eq!(found.first().map(|violation| violation.line), Some(601));
        assert!(check(&Tree::of(&[("docs/long.md", &"\n".repeat(900))])).is_empty());
    }

    #[test]
    fn a_file_without_a_head_is_named() {
        for text in ["", "use x;\n", "// x\n", "\n//! x\n"] {
            assert_eq!(check(&Tree::of(&[("dev/x/src/main.rs", text)])).len(), 1, "{text:?}");
        }
    }
}
