//! Figures that were measured, put dated into their section of `docs/measured.md`.
//!
//! A section stands between `<!-- measured:NAME -->` and `<!-- /measured:NAME -->`; only what is between is replaced.

use anyhow::{Context, bail};
use std::path::Path;

const FILE: &str = "docs/measured.md";

/// Replaces the section with the file's text, headed by the day and the machine.
pub fn run(root: &Path, section: &str, file: &Path) -> anyhow::Result<()> {
    let figures =
        std::fs::read_to_string(file).with_context(|| format!("read the figures in {}", file.display()))?;
    let document = root.join(FILE);
    let text = std::fs::read_to_string(&document).with_context(|| format!("read {FILE}"))?;
    let new = replace(&text, section, &format!("{}\n\n{}", stamp(), figures.trim()))?;
    std::fs::write(&document, new).with_context(|| format!("write {FILE}"))?;
    println!("{FILE}: {section} written");
    Ok(())
}

/// The document with the section's inside replaced.
fn replace(text: &str, section: &str, inside: &str) -> anyhow::Result<String> {
    let (open, close) = (format!("<!-- measured:{section} -->"), format!("<!-- /measured:{section} -->"));
    let Some((before, rest)) = text.split_once(&open) else {
        bail!("{FILE} has no section {open:?}: add it first")
    };
    let Some((_, after)) = rest.split_once(&close) else {
        bail!("{FILE}: section {section} does not end: add {close}")
    };
    Ok(format!("{before}{open}\n{inside}\n{close}{after}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_section_changes() {
        let text = "a\n<!-- measured:x -->\nold\n<!-- /measured:x -->\nb\n";
        assert_eq!(replace(text, "x", "new").unwrap(), text.replace("old", "new"));
        assert!(replace(text, "y", "new").is_err());
        assert!(replace("<!-- measured:x -->", "x", "new").is_err());
    }
}
