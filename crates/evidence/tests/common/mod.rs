//! A log with anchors, made with a fresh key.

use evidence::{Chain, Head, LogId, Report, Signer, Verifier};
use std::sync::OnceLock;

/// A log as its writer left it, and what left the machine.
pub struct Sample {
    signer: Signer,
    pub log: Vec<u8>,
    /// The head after each record.
    pub heads: Vec<Head>,
    /// The anchor file.
    pub anchors: String,
    /// The last record that an anchor vouches for.
    pub anchored: u64,
    pub last: u64,
}

impl Sample {
    /// A log of `acts` acts, with a checkpoint after every `every` of them but none at its end.
    pub fn new(acts: usize, every: usize) -> Self {
        Self::make(acts, every, true)
    }

    /// The same, whose checkpoints are in the anchor file only.
    pub fn without_inner_checkpoints(acts: usize, every: usize) -> Self {
        Self::make(acts, every, false)
    }

    fn make(acts: usize, every: usize, inner: bool) -> Self {
        let signer = Signer::from_pkcs8(Signer::generate().unwrap().as_ref()).unwrap();
        let mut now: jiff::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let (mut chain, line) = Chain::begin(LogId::random().unwrap(), signer.public(), now).unwrap();
        let (mut log, mut heads, mut anchors, mut anchored) =
            (line.bytes, vec![chain.head()], String::new(), 0);
        for act in 1..=acts {
            now += jiff::SignedDuration::from_secs(1);
            let body = serde_json::json!({
                "actor": format!("user-{act}"), "action": "device.power", "object": "r1-u07", "outcome": "ok",
            });
            log.extend(chain.next("act", &body, now).unwrap().bytes);
            heads.push(chain.head());
            if act % every == 0 && act + every <= acts {
                anchored = chain.head().seq;
                let checkpoint = if inner {
                    let (checkpoint, line) = chain.checkpoint(&signer, now).unwrap();
                    log.extend(line.bytes);
                    heads.push(chain.head());
                    checkpoint
                } else {
                    evidence::Checkpoint::sign(&signer, &chain.head(), now)
                };
                anchors.push_str(&checkpoint.to_line().unwrap());
            }
        }
        Self { signer, log, last: chain.head().seq, heads, anchors, anchored }
    }

    pub fn verify(&self, log: &[u8]) -> Report {
        self.verify_files(&[log])
    }

    pub fn verify_files(&self, files: &[&[u8]]) -> Report {
        let mut verifier = Verifier::new(self.signer.public());
        verifier.anchors("anchor", self.anchors.as_bytes()).unwrap();
        for (number, file) in files.iter().enumerate() {
            verifier.read(&format!("log-{number}"), *file, &mut |_| {}).unwrap();
        }
        verifier.finish()
    }

    pub fn verify_without_anchor(&self, log: &[u8]) -> Report {
        let mut verifier = Verifier::new(self.signer.public());
        verifier.read("log", log, &mut |_| {}).unwrap();
        verifier.finish()
    }

    pub fn anchored_lines(&self) -> Vec<String> {
        lines_of(&self.log).into_iter().take(self.anchored as usize).collect()
    }

    pub fn unanchored_bytes(&self) -> Vec<u8> {
        unlines(&lines_of(&self.log)[self.anchored as usize..])
    }
}

pub fn lines_of(log: &[u8]) -> Vec<String> {
    std::str::from_utf8(log).unwrap().lines().map(str::to_owned).collect()
}

pub fn unlines(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}

/// One sample for the tests that need many runs.
pub fn shared() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| Sample::new(30, 10))
}
