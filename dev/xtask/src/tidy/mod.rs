//! The rules of the house that no compiler knows. Each is a module: a function from the tree to what breaks it.
//!
//! | module | rule |
//! |---|---|
//! | [`attributes`] | no ignored tests, no `allow`, every `expect` with a reason |
//! | [`edges`] | who may depend on whom, and which outside crate has which owner |
//! | [`endpoints`] | the endpoints are called without rights, from the router's own list |
//! | [`functions`] | a function has at most 80 lines |
//! | [`fuzzing`] | each parser of outside bytes has a fuzz target |
//! | [`length`] | a file has at most 600 lines and says what it is |
//! | [`links`] | links in the documents resolve |
//! | [`crate::manual`] | each configuration key and each metric stands in the manual, as the code says it |
//! | [`metrics`] | each metric is a documented constant |
//! | [`migrations`] | the store's migrations are numbered without a gap |
//! | [`privileged`] | the programs with rights are small, and only get smaller |
//! | [`templates`] | nothing enters a page unescaped |
//! | [`unfinished`] | nothing unfinished is kept in the tree |

mod attributes;
mod edges;
mod endpoints;
mod functions;
mod fuzzing;
mod length;
mod links;
mod metrics;
mod migrations;
mod privileged;
mod templates;
mod tokens;
mod unfinished;

use crate::tree::Tree;
use anyhow::bail;
use std::path::Path;

/// One place where a rule is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub path: String,
    pub line: usize,
    /// What is wrong, and what to do.
    pub text: String,
}

impl Violation {
    pub fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.text)
    }
}

/// A rule over the tree's files.
type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: [(&str, Rule); 12] = [
    ("attributes", attributes::check),
    ("manual", crate::manual::check),
    ("endpoints", endpoints::check),
    ("functions", functions::check),
    ("fuzzing", fuzzing::check),
    ("length", length::check),
    ("links", links::check),
    ("metrics", metrics::check),
    ("migrations", migrations::check),
    ("privileged", privileged::check),
    ("templates", templates::check),
    ("unfinished", unfinished::check),
];

/// Checks every rule and fails if one is broken, naming each place.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let tree = Tree::load(root)?;
    let mut broken = 0;
    let edges = ("edges", edges::check(&edges::read(root)?));
    for (name, mut violations) in RULES.iter().map(|(name, rule)| (*name, rule(&tree))).chain([edges]) {
        violations.sort();
        broken += violations.len();
        for violation in violations {
            eprintln!("{violation} [{name}]");
        }
    }
    if broken > 0 {
        bail!("tidy: {broken} places break the rules of STYLE.md, named above");
    }
    println!("tidy: {} files keep {} rules", tree.sources.len(), RULES.len() + 1);
    Ok(())
}
