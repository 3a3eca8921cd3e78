//! Who may depend on whom, and which outside crate has which owner, read from `cargo metadata`.
//!
//! The tables are the ones of ARCHITECTURE.md; a new room is added to both.

use super::Violation;
use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::path::Path;

/// The L1 rooms: each may know the vocabulary and the record format, and no other room.
const L1: [&str; 19] = [
    "api", "archive", "audit", "bmc", "capture", "console", "detect", "firewall", "firmware", "flow",
    "identity", "lifeline", "notify", "policy", "resolver", "sinkhole", "store", "syslog", "vault",
];
/// The L1 rooms whose wire formats the lab speaks from the other end.
const WIRE: [&str; 7] = ["bmc", "console", "firmware", "flow", "lifeline", "resolver", "sinkhole"];

/// Our own crates that each room may depend on; `None` for a room that wires all of them.
fn allowed(package: &str) -> Option<Option<Vec<&'static str>>> {
    let rooms = match package {
        "mint" | "evidence" | "xtask" => vec![],
        "model" => vec!["mint"],
        room if L1.contains(&room) => vec!["model", "evidence"],
        "control" => vec!["model", "identity", "vault", "audit", "policy", "store", "mint"],
        "web" | "bastion" | "egress" => vec!["model", "api", "control", "console"],
        "lab" => ["model"].into_iter().chain(WIRE).collect(),
        "e2e" => vec!["api", "lab", "model"],
        "fuzzcheck" => return Some(None),
        "portcullis" => return Some(None),
        _ => return None,
    };
    Some(Some(rooms))
}

/// Outside crates, and the only rooms that may name them.
const OWNERS: [(&[&str], &[&str]); 7] = [
    (&["rusqlite", "libsqlite3-sys", "sqlx", "postgres", "tokio-postgres"], &["store"]),
    (&["axum"], &["web", "lab"]),
    (&["askama"], &["web"]),
    (&["russh"], &["bastion", "console", "lifeline"]),
    (&["nftables", "rtnetlink", "netlink-sys", "neli"], &["firewall"]),
    (&["parquet", "datafusion", "arrow"], &["archive"]),
    (&["anyhow"], &["portcullis", "lab", "e2e", "xtask", "fuzzcheck"]),
];
/// Rooms that decide and never wait.
const WITHOUT_TOKIO: [&str; 6] = ["model", "evidence", "mint", "policy", "identity", "detect"];

/// One line of a package's `Cargo.toml`.
#[derive(Debug)]
pub struct Edge {
    pub from: String,
    pub to: String,
    /// Whether `to` is one of our own crates.
    pub is_ours: bool,
    /// Whether it is only for tests.
    pub is_dev: bool,
    pub manifest: String,
    pub line: usize,
}

/// Every declared dependency of every member of the workspace.
pub fn read(root: &Path) -> anyhow::Result<Vec<Edge>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("ask `cargo metadata` for the workspace")?;
    let mut edges = Vec::new();
    for package in &metadata.packages {
        let path = package.manifest_path.as_std_path();
        let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let manifest = path.strip_prefix(root).unwrap_or(path).display().to_string();
        for dependency in &package.dependencies {
            edges.push(Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                is_ours: dependency.path.is_some(),
                is_dev: dependency.kind == DependencyKind::Development,
                line: line_of(&text, &dependency.name),
                manifest: manifest.clone(),
            });
        }
    }
    Ok(edges)
}

fn line_of(manifest: &str, name: &str) -> usize {
    let declares = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    manifest.lines().position(declares).map_or(1, |at| at + 1)
}

/// Holds every edge against the tables.
pub fn check(edges: &[Edge]) -> Vec<Violation> {
    edges
        .iter()
        .filter_map(|edge| judge(edge).map(|text| Violation::new(&edge.manifest, edge.line, text)))
        .collect()
}

fn judge(edge: &Edge) -> Option<String> {
    let Edge { from, to, .. } = edge;
    if edge.is_ours { judge_ours(edge) } else { judge_outside(from, to) }
}

/// Edges between our own crates; those of tests are free, so that a driver's test may use the lab.
fn judge_ours(Edge { from, to, is_dev, .. }: &Edge) -> Option<String> {
    if *is_dev {
        return None;
    }
    if to == "mint" && from != "model" && from != "control" {
        return Some(format!(
            "`{from}` may not hold the mint: only `control` issues permits, only `model` defines them"
        ));
    }
    match allowed(from) {
        None => Some(format!(
            "`{from}` has no layer: give it one in dev/xtask/src/tidy/edges.rs and ARCHITECTURE.md"
        )),
        Some(None) => None,
        Some(Some(rooms)) if rooms.contains(&to.as_str()) => None,
        Some(Some(rooms)) if rooms.is_empty() => Some(format!("`{from}` may know no other room, not `{to}`")),
        Some(Some(rooms)) => Some(format!("`{from}` may know {}, not `{to}`", rooms.join(", "))),
    }
}

fn judge_outside(from: &str, to: &str) -> Option<String> {
    if to == "tokio" && WITHOUT_TOKIO.contains(&from) {
        return Some(format!("`{from}` decides and never waits: keep tokio in the room that calls it"));
    }
    let (_, owners) = OWNERS.iter().find(|(crates, _)| crates.contains(&to))?;
    (!owners.contains(&from))
        .then(|| format!("`{to}` belongs to {}: ask that room instead", owners.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(from: &str, to: &str) -> Edge {
        Edge {
            from: from.into(),
            to: to.into(),
            is_ours: true,
            is_dev: false,
            manifest: "Cargo.toml".into(),
            line: 1,
        }
    }

    fn outside(from: &str, to: &str) -> Edge {
        Edge { is_ours: false, ..ours(from, to) }
    }

    #[test]
    fn the_edges_of_the_design_pass() {
        for (from, to) in [
            ("bmc", "model"),
            ("audit", "evidence"),
            ("control", "store"),
            ("control", "mint"),
            ("model", "mint"),
            ("web", "control"),
            ("portcullis", "bmc"),
            ("lab", "bmc"),
            ("e2e", "lab"),
        ] {
            assert!(judge(&ours(from, to)).is_none(), "{from} -> {to}");
        }
        assert!(judge(&outside("store", "rusqlite")).is_none());
        assert!(judge(&outside("lab", "axum")).is_none());
        assert!(judge(&Edge { is_dev: true, ..ours("bmc", "mint") }).is_none());
    }

    #[test]
    fn every_other_edge_is_named() {
        for (from, to) in [
            ("bmc", "store"),
            ("audit", "vault"),
            ("web", "bmc"),
            ("bmc", "mint"),
            ("portcullis", "mint"),
            ("model", "evidence"),
            ("evidence", "model"),
            ("control", "bmc"),
            ("e2e", "control"),
            ("common", "model"),
        ] {
            assert!(judge(&ours(from, to)).is_some(), "{from} -> {to}");
        }
        for (from, to) in [
            ("bmc", "rusqlite"),
            ("control", "axum"),
            ("lab", "askama"),
            ("identity", "tokio"),
            ("bmc", "anyhow"),
        ] {
            assert!(judge(&outside(from, to)).is_some(), "{from} -> {to}");
        }
    }

    #[test]
    fn the_line_of_a_dependency_is_found() {
        let manifest = "[dependencies]\ntokio-util.workspace = true\ntokio = { workspace = true }\n";
        assert_eq!((line_of(manifest, "tokio"), line_of(manifest, "tokio-util")), (3, 2));
    }
}
