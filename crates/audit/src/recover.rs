//! What is done with the files when the log is opened: all of it is verified, an unfinished last line is removed,
//! and acts that nobody completed are found.

use crate::record::{BEGIN, END, INTERRUPTED};
use crate::segment::{self, Segment};
use crate::{Config, Error};
use evidence::{Chain, LogId, Signer, Torn, Verifier};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::BufReader;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Acts that were begun and are not completed: their number, and whether they are essential.
pub(crate) type Open = BTreeMap<u64, bool>;

/// A log that can be written to.
pub(crate) struct Recovered {
    pub chain: Chain,
    pub segment: Segment,
    /// Left behind by the process before.
    pub open: Open,
    /// An unfinished last line that was removed.
    pub torn: Option<Torn>,
    /// The records since the last checkpoint.
    pub unsigned: u64,
    /// Held as long as the log is.
    pub lock: File,
}

/// What an `end` or `interrupted` record is about.
#[derive(Deserialize)]
struct Of {
    body: OfBody,
}

#[derive(Deserialize)]
struct OfBody {
    of: u64,
}

/// Whether a `begin` record is essential; the rest of it is not needed here.
#[derive(Deserialize)]
struct Essential {
    body: EssentialBody,
}

#[derive(Deserialize)]
struct EssentialBody {
    #[serde(default)]
    essential: bool,
}

/// Opens the log in `dir`, or begins one.
pub(crate) fn recover(
    dir: &Path,
    signer: &Signer,
    config: &Config,
    now: Timestamp,
) -> Result<Recovered, Error> {
    if !dir.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(Error::io("create", dir))?;
    }
    let lock = hold(dir)?;
    let files = segment::list(dir)?;
    let mut verifier = Verifier::new(signer.public());
    let (mut open, mut unsigned) = (Open::new(), 0);
    for (_, path) in &files {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let input = BufReader::with_capacity(256 * 1024, file);
        let read = verifier.read(&path.display().to_string(), input, &mut |record| {
            unsigned = if record.kind == evidence::CHECKPOINT { 0 } else { unsigned + 1 };
            follow(&mut open, record.kind, record.seq, record.json);
        });
        read.map_err(Error::io("read", path))?;
    }
    let head = verifier.head();
    let report = verifier.finish();
    if let Some(first) = report.defects.first() {
        let count = report.defects.len() as u64 + report.more_defects;
        return Err(Error::Damaged { dir: dir.into(), first: first.to_string(), count });
    }
    let (number, path) = files.last().cloned().unwrap_or_else(|| (1, segment::path(dir, 1)));
    let written = cut_unfinished(&path, report.torn.as_ref())?;
    let mut segment = Segment::open(dir, number, written, config)?;
    let chain = match head {
        Some(head) => Chain::resume(head),
        None => {
            unsigned = 1;
            begin(dir, &mut segment, signer, now)?
        }
    };
    Ok(Recovered { chain, segment, open, torn: report.torn, unsigned, lock })
}

/// Keeps other processes out.
fn hold(dir: &Path) -> Result<File, Error> {
    let path: PathBuf = dir.join("audit.lock");
    let mut options = OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
    let lock = lock.map_err(Error::io("open", &path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Held { dir: dir.into() }),
        Err(std::fs::TryLockError::Error(why)) => Err(Error::io("lock", &path)(why)),
    }
}

/// Keeps track of which acts are open.
fn follow(open: &mut Open, kind: &str, seq: u64, json: &[u8]) {
    match kind {
        BEGIN => {
            let essential = serde_json::from_slice::<Essential>(json).is_ok_and(|begin| begin.body.essential);
            open.insert(seq, essential);
        }
        END | INTERRUPTED => {
            if let Ok(end) = serde_json::from_slice::<Of>(json) {
                open.remove(&end.body.of);
            }
        }
        _ => {}
    }
}

/// Removes an unfinished last line; the length of what is left.
fn cut_unfinished(path: &Path, torn: Option<&Torn>) -> Result<u64, Error> {
    let Some(torn) = torn else {
        return Ok(std::fs::metadata(path).map_or(0, |found| found.len()));
    };
    tracing::warn!(path = %path.display(), line = torn.line, bytes = torn.bytes, "an unfinished audit record was removed");
    let cut = OpenOptions::new().write(true).open(path).and_then(|file| {
        file.set_len(torn.offset)?;
        file.sync_all()
    });
    cut.map_err(Error::io("remove the unfinished last line of", path))?;
    Ok(torn.offset)
}

fn begin(dir: &Path, segment: &mut Segment, signer: &Signer, now: Timestamp) -> Result<Chain, Error> {
    let (chain, line) = Chain::begin(LogId::random()?, signer.public(), now)?;
    match segment.append(&line.bytes) {
        Ok(()) => Ok(chain),
        Err(segment::Failed::Full) => Err(Error::DiskFull { dir: dir.into() }),
        Err(segment::Failed::Broken(cause)) => Err(Error::Broken { dir: dir.into(), cause }),
    }
}
