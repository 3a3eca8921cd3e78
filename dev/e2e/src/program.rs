//! Where the binary is.

use anyhow::ensure;
use std::path::PathBuf;
use std::process::Command;

/// The program: `PORTCULLIS_BIN`, or the one that `cargo build -p portcullis` made.
///
/// # Errors
/// If there is none; it is never built here, because tests that wait for a compiler have no deadline.
pub fn path() -> anyhow::Result<PathBuf> {
    let path = match std::env::var_os("PORTCULLIS_BIN") {
        Some(path) => PathBuf::from(path),
        None => target().join("debug/portcullis"),
    };
    ensure!(
        path.is_file(),
        "there is no {}: run `cargo build -p portcullis` first, or set PORTCULLIS_BIN",
        path.display()
    );
    Ok(path)
}

/// A command that begins with it.
///
/// # Errors
/// If there is no program.
pub fn command() -> anyhow::Result<Command> {
    Ok(Command::new(path()?))
}

/// The folder that cargo builds into.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// The workspace.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
