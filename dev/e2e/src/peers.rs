//! Programs that are not ours. `dev/scripts/setup.sh test` installs them.

use std::path::PathBuf;

/// Where a program is: in `PORTCULLIS_PEERS`, or in `PATH`.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let own = std::env::var_os("PORTCULLIS_PEERS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    own.into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Where the first of these is.
#[must_use]
pub fn find_any(programs: &[&str]) -> Option<PathBuf> {
    programs.iter().find_map(|program| find(program))
}

/// Says loudly that a test does nothing because something is missing, and that it is so:
///
/// ```no_run
/// # use e2e::peers::{find, missing};
/// let Some(curl) = find("curl") else { return missing("certificates_with_curl", "curl") };
/// ```
pub fn missing(test: &str, what: &str) {
    println!("SKIPPED {test}: {what} is not installed; run dev/scripts/setup.sh test");
}
