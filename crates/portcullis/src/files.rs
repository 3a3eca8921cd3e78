//! Small files: secrets that are read, keys and certificates that are made.

use anyhow::Context as _;
use model::Secret;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// A secret from a file, its last line end removed.
pub fn secret(path: &Path) -> anyhow::Result<Secret<String>> {
    let text =
        fs::read_to_string(path).map(Secret::new).with_context(|| format!("read {}", path.display()))?;
    Ok(Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned()))
}

/// Writes a file that must not exist yet.
pub fn write_new(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = opened.with_context(|| format!("make {}", path.display()))?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("write {}", path.display()))
}
