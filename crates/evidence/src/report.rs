//! What the verifier found, for people and for programs.

use crate::hash::Hash;
use crate::{LogId, PublicKey};
use jiff::Timestamp;
use serde::Serialize;

/// The most defects that are listed one by one; the rest are counted.
pub const MOST_DEFECTS: usize = 1000;

/// What kind of damage it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The line is no record at all.
    Unreadable,
    /// The record's content, number, time or hash was changed.
    Changed,
    /// Records are gone from the middle.
    Missing,
    /// A record that was not written by the log stands here.
    Inserted,
    /// A record stands in another place than it was written, or a second time.
    Misplaced,
    /// The log ends before a record that an anchor vouches for.
    Cut,
    /// The chain is consistent, but it is another one than an anchor vouches for.
    Rewritten,
    /// Log and anchor, or log and key, do not belong together.
    WrongLog,
    /// A checkpoint's signature is not the key's, or it vouches for something else than what stands before it.
    BadSignature,
}

impl Problem {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Inserted => "inserted",
            Self::Misplaced => "misplaced",
            Self::Cut => "cut",
            Self::Rewritten => "rewritten",
            Self::WrongLog => "wrong log",
            Self::BadSignature => "bad signature",
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// The file it stands in.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u64,
    /// The record's number, where one is known.
    pub seq: Option<u64>,
    /// What kind of damage.
    pub problem: Problem,
    /// In words.
    pub detail: String,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.problem.name(), self.detail)
    }
}

/// A last line without its end: a write that was cut short by a crash, and was never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Torn {
    /// The file it stands in.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u64,
    /// Where the last whole line ends, in bytes from the file's beginning.
    pub offset: u64,
    /// The bytes after it.
    pub bytes: u64,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The log, if its first record could be read.
    pub log: Option<LogId>,
    /// The key that was believed.
    pub key: PublicKey,
    /// How many whole lines there are.
    pub lines: u64,
    /// The number of the last record.
    pub last: u64,
    /// Its hash.
    pub hash: Option<Hash>,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// How many anchors were held against the log.
    pub anchors: u64,
    /// All records up to this number are proved by an anchor; 0 when none is.
    pub anchored: u64,
    /// When the anchor that proves them was signed.
    pub anchored_at: Option<Timestamp>,
    /// How many records come after the last anchor: chained, but nothing off the machine vouches for them.
    pub unanchored: u64,
    /// All records up to this number are covered by a signed checkpoint inside the log; 0 when none is.
    pub signed: u64,
    /// How often the wall clock went backwards from one record to the next.
    pub clock_set_back: u64,
    /// A last line that was never finished.
    pub torn: Option<Torn>,
    /// What is wrong, in the order in which it was met.
    pub defects: Vec<Defect>,
    /// How many more there are than are listed.
    pub more_defects: u64,
}

impl Report {
    /// Whether nothing is wrong. A torn last line is not damage.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.defects.is_empty()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.log {
            Some(log) => writeln!(f, "log {log}, key {} ({})", self.key, self.key.id())?,
            None => writeln!(f, "log unknown: its first record could not be read")?,
        }
        let verdict = if self.is_sound() { "sound" } else { "DAMAGED" };
        let until = self.at.map(|at| format!(" of {at}")).unwrap_or_default();
        writeln!(f, "{verdict}: {} lines, the last is record {}{until}", self.lines, self.last)?;
        match (self.anchored, self.anchored_at) {
            (0, _) if self.anchors == 0 => {
                writeln!(f, "no anchor given: nothing off the machine vouches for it")?
            }
            (0, _) => writeln!(f, "no record is proved by the {} anchors", self.anchors)?,
            (seq, Some(at)) => writeln!(f, "records 1 to {seq} are proved by the anchor of {at}")?,
            (seq, None) => writeln!(f, "records 1 to {seq} are proved by an anchor")?,
        }
        if self.unanchored > 0 {
            writeln!(f, "{} records after it are not anchored yet", self.unanchored)?;
        }
        writeln!(f, "records up to {} are signed inside the log", self.signed)?;
        if self.clock_set_back > 0 {
            writeln!(f, "the clock was set back {} times", self.clock_set_back)?;
        }
        if let Some(torn) = &self.torn {
            let (file, line, bytes) = (&torn.file, torn.line, torn.bytes);
            writeln!(
                f,
                "{file}:{line}: the last line is unfinished ({bytes} bytes): a crash while writing, no damage"
            )?;
        }
        for defect in &self.defects {
            writeln!(f, "{defect}")?;
        }
        if self.more_defects > 0 {
            writeln!(f, "and {} more defects", self.more_defects)?;
        }
        Ok(())
    }
}
