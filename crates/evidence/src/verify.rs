//! The reader's side: everything that is wrong with a log, in one pass and bounded memory.
//!
//! A line that does not fit is a suspect until the next line shows what happened: each explanation says which
//! record should follow and on which hash it should be chained, and the one that the next line confirms is reported.

mod anchors;
mod suspect;

use crate::chain::Head;
use crate::checkpoint::Checkpoint;
use crate::hash::Hash;
use crate::lines::{Read, read_line};
use crate::record::{Genesis, split};
use crate::report::{Defect, MOST_DEFECTS, Problem, Report, Torn};
use crate::{CHECKPOINT, GENESIS, MAX_LINE, PublicKey};
use anchors::Anchors;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::io::BufRead;
use suspect::{Expected, Suspect};

/// A record whose place in the chain was verified.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Its kind.
    pub kind: &'a str,
    /// The exact bytes of its JSON.
    pub json: &'a [u8],
}

/// Where a line stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    file: String,
    line: u64,
}

/// What must be there in every record; the body is looked at only where its kind asks for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skeleton<'a> {
    seq: u64,
    at: Timestamp,
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    #[serde(rename = "body")]
    _body: IgnoredAny,
}

#[derive(Deserialize)]
struct Body<B> {
    body: B,
}

/// Verifies one log, given its anchors first and then its files in their order.
#[derive(Debug)]
pub struct Verifier {
    report: Report,
    anchors: Anchors,
    expected: Expected,
    suspect: Option<Suspect>,
    place: Place,
    offset: u64,
    damaged: bool,
    rewritten: bool,
}

impl Verifier {
    /// A verifier that believes the signatures of `key` and of nobody else.
    #[must_use]
    pub fn new(key: PublicKey) -> Self {
        let report = Report {
            log: None,
            key,
            lines: 0,
            last: 0,
            hash: None,
            at: None,
            anchors: 0,
            anchored: 0,
            anchored_at: None,
            unanchored: 0,
            signed: 0,
            clock_set_back: 0,
            torn: None,
            defects: Vec::new(),
            more_defects: 0,
        };
        Self {
            report,
            anchors: Anchors::default(),
            expected: Expected { seq: 1, prev: None },
            suspect: None,
            place: Place { file: String::new(), line: 0 },
            offset: 0,
            damaged: false,
            rewritten: false,
        }
    }

    /// Verifies the next file of the log, and shows each verified record to `each`.
    ///
    /// # Errors
    /// When the file cannot be read; damage is no error but part of the report.
    pub fn read(
        &mut self,
        file: &str,
        mut input: impl BufRead,
        each: &mut dyn FnMut(Verified<'_>),
    ) -> std::io::Result<()> {
        if let Some(torn) = self.report.torn.take() {
            let detail = format!("{} bytes without a line's end, and the log goes on in {file}", torn.bytes);
            self.place = Place { file: torn.file, line: torn.line };
            self.unreadable(&[], detail);
        }
        self.place = Place { file: file.into(), line: 0 };
        self.offset = 0;
        let mut line = Vec::new();
        loop {
            let mut length = 0;
            let read = read_line(&mut input, MAX_LINE, &mut line, &mut length)?;
            self.place.line += 1;
            match read {
                Read::End => return Ok(()),
                Read::Whole => self.line(&line, each),
                Read::TooLong => {
                    self.unreadable(&[], format!("a line of {length} bytes; at most {MAX_LINE} are allowed"))
                }
                Read::Unended => {
                    let Place { file, line } = self.place.clone();
                    self.report.torn = Some(Torn { file, line, offset: self.offset, bytes: length });
                }
            }
            self.offset += length;
        }
    }

    /// Says what was found.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.settle(None);
        if let Some((seq, anchor)) = self.anchors.last()
            && seq > self.report.last
            && self.anchors.belong_to(self.report.log)
        {
            let detail = format!(
                "the log ends with record {}, but the anchor in {}:{} vouches for {seq} records",
                self.report.last, anchor.place.file, anchor.place.line
            );
            let place = self.place.clone();
            self.defect(&place, Some(seq), Problem::Cut, detail);
        }
        self.report.unanchored = self.report.last.saturating_sub(self.report.anchored);
        self.report
    }

    /// The head to go on from, once everything was read; only a log without damage has one.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        let sound = self.suspect.is_none() && self.report.is_sound();
        let report = &self.report;
        let (log, hash, at) = (report.log?, report.hash?, report.at?);
        sound.then_some(Head { log, seq: report.last, hash, at })
    }

    fn line(&mut self, line: &[u8], each: &mut dyn FnMut(Verified<'_>)) {
        let Some(parts) = split(line) else {
            self.unreadable(
                line,
                "the line does not begin with a hash of 64 hexadecimal digits and a space".into(),
            );
            return;
        };
        let skeleton: Skeleton<'_> = match serde_json::from_slice(parts.json) {
            Ok(skeleton) => skeleton,
            Err(why) => {
                self.unreadable(line, format!("the line's JSON is not a record: {why}"));
                return;
            }
        };
        self.report.lines += 1;
        self.settle(Some((skeleton.seq, parts.hash, parts.json)));
        if self.expected.prev.is_none() && self.expected.seq == 1 && !self.damaged {
            self.expected.prev =
                genesis(parts.json).map(|genesis| Hash::before_first(&genesis.log.to_string()));
            if self.expected.prev.is_none() {
                let place = self.place.clone();
                let detail =
                    "the log does not begin with a genesis record that names the log and its key".into();
                self.defect(&place, Some(skeleton.seq), Problem::Changed, detail);
            }
        }
        if !self.expected.fits(skeleton.seq, parts.hash, parts.json) {
            self.suspect =
                Some(Suspect::record(&self.place, &self.expected, skeleton.seq, parts.hash, parts.json));
            return;
        }
        self.accept(skeleton.seq, skeleton.at, parts.hash);
        self.look_inside(skeleton.seq, &skeleton.kind, parts.json);
        self.expected = Expected { seq: skeleton.seq + 1, prev: Some(parts.hash) };
        each(Verified { seq: skeleton.seq, at: skeleton.at, kind: &skeleton.kind, json: parts.json });
    }

    /// Takes a record as the next one, and holds it against its anchor.
    fn accept(&mut self, seq: u64, at: Timestamp, hash: Hash) {
        if self.report.at.is_some_and(|before| at < before) {
            self.report.clock_set_back += 1;
        }
        self.report.last = self.report.last.max(seq);
        self.report.at = Some(at);
        self.report.hash = Some(hash);
        let Some(anchor) = self.anchors.at(seq).cloned() else { return };
        if anchor.hash == hash {
            if !self.damaged {
                self.report.anchored = seq;
                self.report.anchored_at = Some(anchor.at);
            }
        } else if !self.rewritten {
            self.rewritten = true;
            let detail = format!(
                "the chain is consistent, but record {seq} is not the one that the anchor in {}:{} vouches for; \
                 records {} to {seq} may have been rewritten",
                anchor.place.file,
                anchor.place.line,
                self.report.anchored + 1
            );
            let place = self.place.clone();
            self.defect(&place, Some(seq), Problem::Rewritten, detail);
        }
    }

    /// Genesis and checkpoint records say something about the log itself.
    fn look_inside(&mut self, seq: u64, kind: &str, json: &[u8]) {
        let place = self.place.clone();
        if seq == 1 {
            let Some(genesis) = genesis(json).filter(|_| kind == GENESIS) else {
                let detail = "the log does not begin with a genesis record".into();
                return self.defect(&place, Some(seq), Problem::WrongLog, detail);
            };
            self.report.log = Some(genesis.log);
            if genesis.key != self.report.key {
                let detail =
                    format!("the log was begun with the key {}, not {}", genesis.key, self.report.key);
                self.defect(&place, Some(seq), Problem::WrongLog, detail);
            }
            if !self.anchors.belong_to(Some(genesis.log)) {
                let detail = format!("this is log {}; the anchors are of another log", genesis.log);
                self.anchors.forget();
                self.defect(&place, Some(seq), Problem::WrongLog, detail);
            }
        } else if kind == CHECKPOINT {
            self.look_at_checkpoint(seq, json, &place);
        }
    }

    fn look_at_checkpoint(&mut self, seq: u64, json: &[u8], place: &Place) {
        let checkpoint = serde_json::from_slice::<Body<Checkpoint>>(json).map(|outer| outer.body);
        let wrong = match checkpoint {
            Err(why) => format!("the checkpoint cannot be read: {why}"),
            Ok(checkpoint) if !checkpoint.is_signed_by(&self.report.key) => {
                "the checkpoint is not signed by the log's key".into()
            }
            Ok(checkpoint)
                if checkpoint.seq + 1 != seq
                    || self.expected.prev.is_some_and(|prev| prev != checkpoint.hash)
                    || self.report.log.is_some_and(|log| log != checkpoint.log) =>
            {
                format!("the checkpoint vouches for another record {} than the one before it", checkpoint.seq)
            }
            Ok(_) => {
                if !self.damaged {
                    self.report.signed = seq - 1;
                }
                return;
            }
        };
        self.defect(place, Some(seq), Problem::BadSignature, wrong);
    }

    fn unreadable(&mut self, line: &[u8], detail: String) {
        self.report.lines += 1;
        self.settle(None);
        self.suspect = Some(Suspect::unreadable(&self.place, &self.expected, line, detail));
    }

    /// Decides what the suspect was, by the line that follows it, if there is one.
    fn settle(&mut self, next: Option<(u64, Hash, &[u8])>) {
        let Some(suspect) = self.suspect.take() else { return };
        let (defect, expected) = suspect.settle(next, self.report.last);
        self.report.last = self.report.last.max(expected.seq.saturating_sub(1));
        self.expected = expected;
        self.push(defect);
    }

    fn defect(&mut self, place: &Place, seq: Option<u64>, problem: Problem, detail: String) {
        self.push(Defect { file: place.file.clone(), line: place.line, seq, problem, detail });
    }

    fn push(&mut self, defect: Defect) {
        self.damaged = true;
        if self.report.defects.len() < MOST_DEFECTS {
            self.report.defects.push(defect);
        } else {
            self.report.more_defects += 1;
        }
    }
}

fn genesis(json: &[u8]) -> Option<Genesis> {
    serde_json::from_slice::<Body<Genesis>>(json).ok().map(|outer| outer.body)
}
