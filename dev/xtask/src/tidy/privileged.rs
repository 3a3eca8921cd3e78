//! The programs with rights stay small enough to be read in an evening: a bound on their lines, which may only shrink.

use super::Violation;
use crate::tree::Tree;

/// A part of the tree, and the most lines of ours that it may have: neither blank nor comment, tests apart.
struct Bound {
    what: &'static str,
    folder: &'static str,
    /// Files that only the client without any right uses are counted apart.
    client: &'static [&'static str],
    most: usize,
    most_of_client: usize,
}

const BOUNDS: [Bound; 1] = [Bound {
    what: "portcullis-firewall",
    folder: "crates/firewall/src/",
    client: &["client.rs", "packet.rs", "records.rs", "sinkhole.rs"],
    most: 1994,
    most_of_client: 409,
}];

/// Counts the lines of each.
pub fn check(tree: &Tree) -> Vec<Violation> {
    BOUNDS.iter().flat_map(|bound| bound.check(tree)).collect()
}

impl Bound {
    fn check(&self, tree: &Tree) -> Vec<Violation> {
        let files =
            tree.sources.iter().filter(|source| source.path.starts_with(self.folder) && source.is_rust());
        let (client, program): (Vec<_>, Vec<_>) =
            files.partition(|source| self.client.contains(&source.name()));
        let sum =
            |files: Vec<&crate::tree::Source>| files.into_iter().map(|file| lines(&file.text)).sum::<usize>();
        let counts = [("", sum(program), self.most), ("'s client", sum(client), self.most_of_client)];
        let over = counts.into_iter().filter(|(_, count, most)| count > most);
        let told = over.map(|(part, count, most)| {
            let text = format!(
                "{}{part} has {count} lines of ours, at most {most}: take something out, or do it where no right is needed",
                self.what
            );
            Violation::new(self.folder, 1, text)
        });
        told.collect()
    }
}

/// Lines that are neither blank nor comment, up to the tests.
fn lines(text: &str) -> usize {
    let lines = text.lines().map(str::trim).take_while(|line| *line != "#[cfg(test)]");
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound =
        Bound { what: "x", folder: "crates/x/src/", client: &["client.rs"], most: 2, most_of_client: 1 };

    #[test]
    fn only_lines_of_ours_are_counted_and_one_too_many_is_named() {
        let two = "//! x\n\nuse a;\n  // why\nuse b;\n#[cfg(test)]\nmod tests {}\n";
        let files = [("crates/x/src/lib.rs", two), ("crates/x/src/client.rs", "use c;\n")];
        assert!(BOUND.check(&Tree::of(&files)).is_empty());
        let more = [("crates/x/src/lib.rs", two), ("crates/x/src/main.rs", "use d;\n")];
        let found = BOUND.check(&Tree::of(&more));
        assert!(
            found.len() == 1 && found[0].text.starts_with("x has 3 lines of ours, at most 2"),
            "{found:?}"
        );
        let client = [("crates/x/src/client.rs", "use c;\nuse d;\n")];
        assert!(BOUND.check(&Tree::of(&client))[0].text.starts_with("x's client has 2"));
    }
}
