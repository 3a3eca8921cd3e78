//! Promises about logs in `evidence`'s format.

use evidence::record::{parse, split};
use evidence::{Chain, Checkpoint, LogId, Signer, Verifier};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::LazyLock;

/// A line that is read has a hash that stands in it letter by letter, and JSON that is the rest of it.
pub fn record(bytes: &[u8]) {
    let Ok((hash, record)) = parse(bytes) else { return };
    assert!(
        bytes.starts_with(hash.to_string().as_bytes()),
        "the line does not begin with the hash {hash} read from it"
    );
    let json = split(bytes).map(|parts| parts.json);
    let again: Option<Value> = json.and_then(|json| serde_json::from_slice(json).ok());
    let again = again.unwrap_or_default();
    assert!(again.is_object(), "a line that was read cannot be cut into hash and JSON");
    assert!(again.get("seq").and_then(Value::as_u64) == Some(record.seq), "another number than the JSON's");
    assert!(again.get("kind").and_then(Value::as_str) == Some(&record.kind), "another kind than the JSON's");
}

/// The one checkpoint among the seeds, signed with the genuine log's key.
const SIGNED: &[u8] = include_bytes!("../../../fuzz/seeds/evidence_checkpoint/signed");

/// A checkpoint that is read is written and read again as itself, and no other statement than those signed passes as signed.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(checkpoint) = Checkpoint::parse(bytes) else { return };
    if let Ok(line) = checkpoint.to_line() {
        let again = Checkpoint::parse(line.as_bytes());
        assert!(
            again.is_ok_and(|again| again == checkpoint),
            "written and read again, {line} is another checkpoint"
        );
    }
    if let Some(genuine) = &*GENUINE
        && checkpoint.is_signed_by(&genuine.signer.public())
    {
        let signed =
            [Checkpoint::parse(SIGNED).ok().map(|seed| seed.message()), Some(genuine.anchor.message())];
        let is_ours = signed.contains(&Some(checkpoint.message()));
        assert!(is_ours, "a checkpoint that was never signed passes as signed: {checkpoint:?}");
    }
}

/// A log that was changed in any way is not called sound when it is held against its anchor.
///
/// The input is a list of changes of four bytes each: where (two bytes), what (one), with which byte (one).
pub fn tamper(bytes: &[u8]) {
    let Some(genuine) = &*GENUINE else { return };
    let mut log = genuine.log.clone();
    for change in bytes.chunks_exact(4).take(64) {
        if let [high, low, what, byte] = change {
            apply(&mut log, usize::from(u16::from_be_bytes([*high, *low])), *what, *byte);
        }
    }
    let mut verifier = Verifier::new(genuine.signer.public());
    let anchor = genuine.anchor.to_line().unwrap_or_default();
    let read = verifier
        .anchors("anchor", anchor.as_bytes())
        .and_then(|()| verifier.read("log", log.as_slice(), &mut |_| {}));
    assert!(read.is_ok(), "bytes in memory could not be read: {read:?}");
    let report = verifier.finish();
    if report.is_sound() {
        let torn = report.torn.as_ref().map_or(0, |torn| usize::try_from(torn.bytes).unwrap_or(usize::MAX));
        let whole = log.get(..log.len().saturating_sub(torn)).unwrap_or_default();
        assert!(whole == genuine.log, "a changed log is called sound: {}", String::from_utf8_lossy(&log));
    } else {
        assert!(log != genuine.log, "the log that was written is called damaged: {report}");
    }
}

/// Changes, inserts, removes, or swaps two lines, or cuts the end.
fn apply(log: &mut Vec<u8>, at: usize, what: u8, byte: u8) {
    let at = at % log.len().max(1);
    match what % 5 {
        0 => log.get_mut(at).into_iter().for_each(|there| *there ^= byte),
        1 => log.insert(at, byte),
        2 => drop(log.drain(at..log.len().min(at + usize::from(byte)))),
        3 => {
            let mut lines: Vec<Vec<u8>> =
                log.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let count = lines.len();
            if count > 0 {
                lines.swap(at % count, usize::from(byte) % count);
            }
            *log = lines.concat();
        }
        _ => log.truncate(at),
    }
}

/// A log of ours, with an anchor that vouches for all of it.
struct Genuine {
    signer: Signer,
    log: Vec<u8>,
    anchor: Checkpoint,
}

static GENUINE: LazyLock<Option<Genuine>> = LazyLock::new(|| genuine().ok());

fn genuine() -> Result<Genuine, evidence::Error> {
    // PKCS#8 version 1 around a fixed seed (RFC 8410, section 7): the same log every time, and nobody's secret.
    let mut key = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    key.extend([7; 32]);
    let signer = Signer::from_pkcs8(&key)?;
    let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap_or(Timestamp::UNIX_EPOCH);
    let (mut chain, line) = Chain::begin(LogId::from_bytes([9; 16]), signer.public(), at(0))?;
    let mut log = line.bytes;
    for number in 1..8 {
        let body = serde_json::json!({ "action": "device.power", "device": format!("r1-u{number:02}"), "outcome": "done" });
        log.extend(chain.next("act", &body, at(number))?.bytes);
    }
    log.extend(chain.checkpoint(&signer, at(8))?.1.bytes);
    let anchor = Checkpoint::sign(&signer, &chain.head(), at(9));
    Ok(Genuine { signer, log, anchor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_genuine_log_and_it_is_sound() {
        genuine().unwrap();
        tamper(&[]);
    }

    #[test]
    fn each_kind_of_change_changes_the_log() {
        for what in 0..5 {
            let mut log = genuine().unwrap().log;
            apply(&mut log, 300, what, 2);
            assert_ne!(log, genuine().unwrap().log, "{what}");
        }
    }
}
