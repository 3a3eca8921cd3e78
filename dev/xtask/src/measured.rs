//! Figures that were measured, put dated into their section of `docs/measured.md`.
//!
//! A section stands between `<!-- measured:NAME -->` and `<!-- /measured:NAME -->`; only what is between is replaced.

use crate::section::Markers;
use anyhow::Context;
use std::path::Path;

const FILE: &str = "docs/measured.md";

/// Replaces the section with the file's text, headed by the day and the machine.
pub fn run(root: &Path, section: &str, file: &Path) -> anyhow::Result<()> {
    let figures =
        std::fs::read_to_string(file).with_context(|| format!("read the figures in {}", file.display()))?;
    let document = root.join(FILE);
    let text = std::fs::read_to_string(&document).with_context(|| format!("read {FILE}"))?;
    let inside = format!("{}\n\n{}", stamp(), figures.trim());
    let new = Markers::new("measured", section).replace(&text, &inside).context(FILE)?;
    std::fs::write(&document, new).with_context(|| format!("write {FILE}"))?;
    println!("{FILE}: {section} written");
    Ok(())
}

/// The day, and what the machine is.
fn stamp() -> String {
    #[expect(clippy::disallowed_methods, reason = "the date of a measurement is the day it was written down")]
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Measured {day}; {cpus} cores, {}, Linux {}.", model(), kernel.trim())
}

fn model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = info.lines().find(|line| line.starts_with("model name"));
    named
        .and_then(|line| line.split_once(": "))
        .map_or_else(|| "unknown processor".into(), |(_, name)| name.into())
}
