//! Acts and notes, newest first, begin and end joined. Reads the files backwards, in bounded memory.

use crate::Error;
use crate::record::{BEGIN, Begin, END, End, INTERRUPTED, Interrupted, NOTE, Note, NoteBody, Outcome};
use crate::reverse::Reverse;
use crate::segment;
use evidence::Record;
use jiff::Timestamp;
use model::{Action, Actor, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// The most entries in one answer.
pub const MOST_ENTRIES: usize = 1000;

/// The most ends whose begin was not met yet; as many acts are never open at once.
const MOST_ENDS: usize = 100_000;

/// What is looked for; an empty query finds everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// Begun at this time or later.
    pub after: Option<Timestamp>,
    /// Begun before this time.
    pub before: Option<Timestamp>,
    /// Only records with a lower number: to go on where the answer before ended.
    pub below: Option<u64>,
    /// By this account or part of the appliance.
    pub actor: Option<String>,
    /// This action only.
    pub action: Option<Action>,
    /// The object's name or id contains this text, in whatever case.
    pub object: Option<String>,
    /// The most entries, at most [`MOST_ENTRIES`]; 0 means 100.
    pub limit: usize,
}

/// How it stands with an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Begun and not completed yet.
    Pending,
    /// Done.
    Ok,
    /// Not done, or not wholly.
    Failed,
    /// The appliance ended before it was completed; whether it was done is not known.
    Interrupted,
    /// It is no act but a note.
    Noted,
}

/// An act or a note.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The number of the record that began it.
    pub record: u64,
    /// When it began.
    pub at: Timestamp,
    /// What kind of note; an act is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Who.
    pub actor: Actor,
    /// What.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// On what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// What is particular about it.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// How it ended.
    pub status: Status,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// What is particular about its end.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub result: Value,
}

/// How an act ended, read before the act itself is.
struct Ended {
    status: Status,
    at: Timestamp,
    reason: Option<String>,
    detail: Value,
}

impl Query {
    fn limit(&self) -> usize {
        if self.limit == 0 { 100 } else { self.limit.min(MOST_ENTRIES) }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let principal = &entry.actor.principal;
        let by = |name: &str| principal.user() == Some(name) || principal.to_string() == name;
        self.below.is_none_or(|below| entry.record < below)
            && self.after.is_none_or(|after| entry.at >= after)
            && self.before.is_none_or(|before| entry.at < before)
            && self.actor.as_deref().is_none_or(by)
            && self.action.is_none_or(|action| entry.action == Some(action))
            && self
                .object
                .as_deref()
                .is_none_or(|text| entry.object.as_ref().is_some_and(|it| names(it, text)))
    }
}

fn names(object: &Object, text: &str) -> bool {
    let text = text.to_lowercase();
    let id = if let Object::Device { id, .. } = object { id.to_string() } else { String::new() };
    object.to_string().to_lowercase().contains(&text) || id.to_lowercase().contains(&text)
}

/// Finds acts and notes in the log in `dir`, up to record `last`, newest first.
///
/// # Errors
/// When a file cannot be read, or holds a line that is no record.
pub fn list(dir: &Path, query: &Query, last: u64) -> Result<Vec<Entry>, Error> {
    let (mut found, mut ends) = (Vec::new(), HashMap::new());
    for (_, path) in segment::list(dir)?.iter().rev() {
        let mut lines = Reverse::open(path).map_err(Error::io("open", path))?;
        while let Some(line) = lines.next().map_err(Error::io("read", path))? {
            let (_, record) = evidence::record::parse(&line).map_err(|why| {
                Error::io("read", path)(std::io::Error::new(std::io::ErrorKind::InvalidData, why))
            })?;
            if record.seq > last {
                continue;
            }
            if let Some(entry) = entry(record, &mut ends)
                && query.wants(&entry)
            {
                found.push(entry);
                if found.len() >= query.limit() {
                    return Ok(found);
                }
            }
        }
    }
    Ok(found)
}

/// What a record is in a list. One that a later version wrote, and that this one cannot read, is left out.
fn entry(record: Record, ends: &mut HashMap<u64, Ended>) -> Option<Entry> {
    match record.kind.as_str() {
        BEGIN => act(record, ends),
        NOTE => note(record),
        END => {
            let end: End = serde_json::from_value(record.body).ok()?;
            let (status, reason) = match end.outcome {
                Outcome::Ok => (Status::Ok, None),
                Outcome::Failed(reason) => (Status::Failed, Some(reason)),
            };
            remember(ends, end.of, Ended { status, at: record.at, reason, detail: end.detail });
            None
        }
        INTERRUPTED => {
            let Interrupted { of } = serde_json::from_value(record.body).ok()?;
            let status = Status::Interrupted;
            remember(ends, of, Ended { status, at: record.at, reason: None, detail: Value::Null });
            None
        }
        _ => None,
    }
}

fn remember(ends: &mut HashMap<u64, Ended>, of: u64, ended: Ended) {
    if ends.len() < MOST_ENDS {
        ends.insert(of, ended);
    }
}

fn act(record: Record, ends: &mut HashMap<u64, Ended>) -> Option<Entry> {
    let ended = ends.remove(&record.seq);
    let begin: Begin = serde_json::from_value(record.body).ok()?;
    let status = ended.as_ref().map_or(Status::Pending, |ended| ended.status);
    let at = ended.as_ref().map(|ended| ended.at);
    let (reason, result) = ended.map_or((None, Value::Null), |ended| (ended.reason, ended.detail));
    Some(Entry {
        record: record.seq,
        at: record.at,
        note: None,
        actor: begin.actor,
        action: Some(begin.action),
        object: Some(begin.object),
        detail: begin.detail,
        status,
        reason,
        ended: at,
        result,
    })
}

fn note(record: Record) -> Option<Entry> {
    let body: NoteBody = serde_json::from_value(record.body).ok()?;
    Some(Entry {
        record: record.seq,
        at: record.at,
        note: Some(body.note),
        actor: body.actor,
        action: body.action,
        object: body.object,
        detail: body.detail,
        status: Status::Noted,
        reason: None,
        ended: None,
        result: Value::Null,
    })
}
