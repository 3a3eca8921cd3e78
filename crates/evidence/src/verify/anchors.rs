//! Checkpoints that left the machine, to be held against the log.

use super::{Place, Verifier};
use crate::checkpoint::{Checkpoint, MAX_CHECKPOINT};
use crate::hash::Hash;
use crate::lines::{Read, read_line};
use crate::record::LogId;
use crate::report::Problem;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::BufRead;

/// The most anchors that are held. Past it every second one is dropped: a later anchor vouches for
/// all records before it, so only the place where a rewritten log departs is told less exactly.
const MOST_ANCHORS: usize = 65_536;

/// A checkpoint whose signature was verified.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    pub hash: Hash,
    pub at: Timestamp,
    pub place: Place,
}

/// The anchors of one log, by record number.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    log: Option<LogId>,
    by_seq: BTreeMap<u64, Anchor>,
}

impl Anchors {
    pub fn at(&self, seq: u64) -> Option<&Anchor> {
        self.by_seq.get(&seq)
    }

    pub fn last(&self) -> Option<(u64, &Anchor)> {
        self.by_seq.last_key_value().map(|(seq, anchor)| (*seq, anchor))
    }

    /// Whether they are of this log, as far as either is known.
    pub fn belong_to(&self, log: Option<LogId>) -> bool {
        self.log.is_none() || log.is_none() || self.log == log
    }

    pub fn forget(&mut self) {
        self.by_seq.clear();
    }

    fn thin(&mut self) {
        if self.by_seq.len() <= MOST_ANCHORS {
            return;
        }
        let last = self.last().map(|(seq, _)| seq);
        let mut keep = false;
        self.by_seq.retain(|seq, _| {
            keep = !keep;
            keep || Some(*seq) == last
        });
    }
}

impl Verifier {
    /// Reads an anchor file: checkpoints, one in each line. To be called before the log's files are read.
    ///
    /// # Errors
    /// When the file cannot be read; a bad anchor is no error but part of the report.
    pub fn anchors(&mut self, file: &str, mut input: impl BufRead) -> std::io::Result<()> {
        let (mut line, mut length, mut number) = (Vec::new(), 0, 0);
        loop {
            let read = read_line(&mut input, MAX_CHECKPOINT, &mut line, &mut length)?;
            number += 1;
            let place = Place { file: file.into(), line: number };
            match (read, Checkpoint::parse(&line)) {
                (Read::End, _) => return Ok(()),
                (Read::Whole, _) if line.iter().all(u8::is_ascii_whitespace) => {}
                (Read::Whole | Read::Unended, Ok(checkpoint)) => self.anchor(place, checkpoint),
                (Read::Unended, Err(_)) => {} // An append that a crash cut short: it never vouched for anything.
                (Read::TooLong, _) => {
                    let detail = format!("a line of more than {MAX_CHECKPOINT} bytes is no checkpoint");
                    self.bad_anchor(&place, None, Problem::Unreadable, detail);
                }
                (Read::Whole, Err(why)) => {
                    self.bad_anchor(&place, None, Problem::Unreadable, why.to_string())
                }
            }
        }
    }

    /// A bad anchor says nothing about the log: what other anchors prove stays proved.
    fn bad_anchor(&mut self, place: &Place, seq: Option<u64>, problem: Problem, detail: String) {
        let damaged = self.damaged;
        self.defect(place, seq, problem, detail);
        self.damaged = damaged;
    }

    /// Takes one checkpoint that left the machine.
    fn anchor(&mut self, place: Place, checkpoint: Checkpoint) {
        let seq = checkpoint.seq;
        if !checkpoint.is_signed_by(&self.report.key) {
            let detail = format!("the anchor for record {seq} is not signed by {}", self.report.key);
            return self.bad_anchor(&place, Some(seq), Problem::BadSignature, detail);
        }
        if !self.anchors.belong_to(Some(checkpoint.log)) {
            let detail = format!("the anchor is of log {}, unlike those before it", checkpoint.log);
            return self.bad_anchor(&place, Some(seq), Problem::WrongLog, detail);
        }
        self.anchors.log = Some(checkpoint.log);
        self.report.anchors += 1;
        let anchor = Anchor { hash: checkpoint.hash, at: checkpoint.at, place: place.clone() };
        if let Some(other) = self.anchors.by_seq.insert(seq, anchor)
            && other.hash != checkpoint.hash
        {
            let detail =
                format!("another anchor for record {seq} in line {} has another hash", other.place.line);
            self.bad_anchor(&place, Some(seq), Problem::Rewritten, detail);
        }
        self.anchors.thin();
    }
}
