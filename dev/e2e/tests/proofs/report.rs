//! Figures for `docs/measured.md`, and what the audit log's verifier says.

use anyhow::{Context as _, ensure};
use e2e::appliance::Appliance;
use serde_json::Value;
use std::path::Path;

/// Prints a section of figures, and leaves it where `make bench` and `make prove` collect them.
pub fn section(name: &str, text: &str) -> anyhow::Result<()> {
    println!("{name}:\n{text}");
    let Some(folder) = std::env::var_os("PORTCULLIS_FIGURES") else { return Ok(()) };
    let file = Path::new(&folder).join(format!("{name}.md"));
    std::fs::write(&file, text).with_context(|| format!("write {}", file.display()))
}

/// A number from the environment, or `short` where none is given.
pub fn wanted(variable: &str, short: usize) -> usize {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(short)
}

/// The verifier's report over the log on disk, which must be sound.
pub fn verified(appliance: &Appliance, anchor: Option<&Path>) -> anyhow::Result<Value> {
    let mut command = appliance.verb(&["--json", "audit", "verify"])?;
    command.args(anchor.iter().flat_map(|file| [Path::new("--anchor"), file]));
    let output = command.output().context("run audit verify")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "the audit log is not sound: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_str(&said).context("what audit verify said")
}
