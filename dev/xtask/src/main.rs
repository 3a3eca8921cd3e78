//! `cargo xtask <verb>`: the rules of the house, checked, and what documents say of the code written down.

mod manual;
mod measured;
mod section;
mod tidy;
mod tree;

use anyhow::{Context, bail};
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <verb>

  tidy                        check the rules of STYLE.md that no compiler knows
  manual                      write the manual's tables of keys and metrics from the code
  measured SECTION FILE       put FILE's text, dated, into that section of docs/measured.md
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root()?;
    match arguments.as_slice() {
        ["tidy"] => tidy::run(&root),
        ["manual"] => manual::write(&root),
        ["measured", section, file] => measured::run(&root, section, file.as_ref()),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("unknown verb {:?}\n\n{HELP}", other.join(" ")),
    }
}

/// The folder that holds the workspace: two above this package.
fn root() -> anyhow::Result<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root =
        own.ancestors().nth(2).with_context(|| format!("{} has no folder two above it", own.display()))?;
    Ok(root.to_path_buf())
}
