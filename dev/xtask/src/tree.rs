//! The working tree as the rules see it: every path, the text of the sources, and their tokens.

use anyhow::Context;
use std::collections::BTreeSet;
use std::path::Path;

/// Folders that hold nothing of ours, wherever they stand.
const FOREIGN: [&str; 7] = [".git", ".venv", "artifacts", "node_modules", "target", "vendor", "__pycache__"];
/// What `make run` writes, at the top only.
const RUN: &str = "run";
/// The kinds of file whose text is read.
const TEXT: [&str; 13] =
    ["css", "html", "js", "json", "md", "py", "rs", "service", "sh", "socket", "sql", "toml", "txt"];

/// One file: its path from the root, with forward slashes, and its text.
#[derive(Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    /// The part of the name after the last dot, or nothing.
    pub fn extension(&self) -> &str {
        self.path
            .rsplit('/')
            .next()
            .and_then(|name| name.rsplit_once('.'))
            .map_or("", |(_, extension)| extension)
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The package that a file under `crates/` or `dev/` belongs to.
    pub fn package(&self) -> Option<&str> {
        let mut parts = self.path.split('/');
        matches!(parts.next(), Some("crates" | "dev")).then(|| parts.next()).flatten()
    }

    /// Whether the file is Rust of ours.
    pub fn is_rust(&self) -> bool {
        let ours = ["crates/", "dev/", "fuzz/"].iter().any(|top| self.path.starts_with(top));
        ours && self.extension() == "rs"
    }
}

/// Everything in the working tree.
#[derive(Debug, Default)]
pub struct Tree {
    pub sources: Vec<Source>,
    /// Every file's path, whether its text was read or not.
    pub paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the working tree under `root`.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, "")?;
        tree.sources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// A tree made of the given paths and texts, for the rules' own tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.paths.insert((*path).to_owned());
            tree.sources.push(Source { path: (*path).to_owned(), text: (*text).to_owned() });
        }
        tree
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.is_rust())
    }

    /// The file at that path.
    pub fn get(&self, path: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.path == path)
    }

    /// Whether a file or a folder stands at that path.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|p| p.starts_with(&folder))
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("read folder {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("read folder {}", folder.display()))?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().with_context(|| format!("look at {path}"))?;
            if kind.is_dir() {
                if !FOREIGN.contains(&name.as_str()) && path != RUN {
                    self.walk(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                self.read(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, file: &Path, path: String) -> anyhow::Result<()> {
        self.paths.insert(path.clone());
        let mut source = Source { path, text: String::new() };
        if TEXT.contains(&source.extension()) || source.name() == "Makefile" || source.path == ".ci/run" {
            source.text = std::fs::read_to_string(file).with_context(|| format!("read {}", source.path))?;
            self.sources.push(source);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_when_a_file_is_in_it() {
        let tree = Tree::of(&[("docs/manual/index.md", "")]);
        assert!(tree.has("docs/manual") && tree.has("docs/manual/index.md"));
        assert!(!tree.has("docs/man") && !tree.has("docs/manual/index"));
    }

    #[test]
    fn files_know_their_package_and_kind() {
        let source = Source { path: "crates/bmc/src/lib.rs".into(), text: String::new() };
        assert_eq!((source.package(), source.extension(), source.name()), (Some("bmc"), "rs", "lib.rs"));
        assert!(source.is_rust());
        let other = Source { path: "docs/x.rs".into(), text: String::new() };
        assert!(!other.is_rust() && other.package().is_none());
    }
}
