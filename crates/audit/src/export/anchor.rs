//! Checkpoints appended to a file that lies, or is kept, elsewhere.

use crate::{Error, Log, metrics as names};
use evidence::Checkpoint;
use metrics::{counter, gauge};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait before a failed append is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Appends every checkpoint of `log` to the file `path`, until the log is stopped. If several are signed while the
/// file cannot be written, the last one is enough: it vouches for all records before it.
pub async fn anchor(log: Log, path: PathBuf) {
    let (mut checkpoints, durable) = (log.checkpoints(), log.durable());
    let mut anchored = 0;
    loop {
        let newest = checkpoints.borrow_and_update().clone().filter(|checkpoint| checkpoint.seq > anchored);
        let waiting = newest.is_some();
        if let Some(checkpoint) = newest {
            let seq = checkpoint.seq;
            match write(path.clone(), checkpoint).await {
                Ok(()) => anchored = seq,
                Err(why) => {
                    counter!(names::EXPORT_FAILURES, "exporter" => "anchor").increment(1);
                    tracing::warn!(path = %path.display(), %why, "an audit checkpoint could not be anchored");
                }
            }
        }
        let lag = durable.borrow().saturating_sub(anchored);
        gauge!(names::EXPORT_LAG, "exporter" => "anchor").set(lag as f64);
        let failed = waiting && checkpoints.borrow().as_ref().is_some_and(|newest| newest.seq > anchored);
        let changed = if failed {
            tokio::time::timeout(AGAIN, checkpoints.changed()).await.unwrap_or(Ok(()))
        } else {
            checkpoints.changed().await
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn write(path: PathBuf, checkpoint: Checkpoint) -> Result<(), Error> {
    let of = path.clone();
    let joined = tokio::task::spawn_blocking(move || append(&path, &checkpoint)).await;
    joined.unwrap_or_else(|why| Err(Error::io("write the anchor", &of)(std::io::Error::other(why))))
}

/// Appends one checkpoint, and returns once it is on disk.
fn append(path: &Path, checkpoint: &Checkpoint) -> Result<(), Error> {
    let line = checkpoint.to_line()?;
    let mut options = OpenOptions::new();
    let opened = options.read(true).append(true).create(true).mode(0o644).open(path);
    let mut file = opened.map_err(Error::io("open the anchor", path))?;
    let written = finish_last_line(&file).and_then(|finished| {
        let unfinished = if finished { "" } else { "\n" };
        file.write_all(format!("{unfinished}{line}").as_bytes())?;
        file.sync_all()
    });
    written.map_err(Error::io("write the anchor", path))
}

/// Removes what a crash left of an append before. False where that is not allowed (an append-only file).
fn finish_last_line(file: &File) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(evidence::checkpoint::MAX_CHECKPOINT as u64);
    let mut tail = vec![0; usize::try_from(length - begin).unwrap_or_default()];
    file.read_exact_at(&mut tail, begin)?;
    if tail.is_empty() || tail.last() == Some(&b'\n') {
        return Ok(true);
    }
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline as u64 + 1);
    Ok(file.set_len(begin + whole).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::{Chain, LogId, Signer};

    #[test]
    fn an_append_that_a_crash_cut_short_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anchor");
        let signer = Signer::from_pkcs8(Signer::generate().unwrap().as_ref()).unwrap();
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let (chain, _) = Chain::begin(LogId::random().unwrap(), signer.public(), now).unwrap();
        let checkpoint = Checkpoint::sign(&signer, &chain.head(), now);
        append(&path, &checkpoint).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        for cut in ["{\"log\":", whole.trim_end()] {
            std::fs::write(&path, format!("{whole}{cut}")).unwrap();
            append(&path, &checkpoint).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{whole}{whole}"));
        }
    }
}
