//! Whether the log is sound, and up to where an anchor proves it.

use crate::Error;
use crate::segment;
use evidence::{PublicKey, Report, Verifier};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Verifies the log in `dir` against the checkpoints in the file `anchor`, if one is given. The log may be in use:
/// a line that is being written counts as unfinished, not as damage.
///
/// # Errors
/// When a file cannot be read. Damage is no error but part of the report.
pub fn verify(dir: &Path, anchor: Option<&Path>, key: PublicKey) -> Result<Report, Error> {
    let mut verifier = Verifier::new(key);
    if let Some(path) = anchor {
        let input = BufReader::new(File::open(path).map_err(Error::io("open the anchor", path))?);
        verifier.anchors(&path.display().to_string(), input).map_err(Error::io("read the anchor", path))?;
    }
    for (_, path) in segment::list(dir)? {
        let input =
            BufReader::with_capacity(256 * 1024, File::open(&path).map_err(Error::io("open", &path))?);
        verifier.read(&path.display().to_string(), input, &mut |_| {}).map_err(Error::io("read", &path))?;
    }
    Ok(verifier.finish())
}

/// What `audit verify` ends with: 0 for a sound log, 1 for a damaged one.
#[must_use]
pub fn exit_code(report: &Report) -> u8 {
    u8::from(!report.is_sound())
}
