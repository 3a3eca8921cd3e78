//! A line that does not fit, and what may have happened to it.

use super::Place;
use crate::hash::Hash;
use crate::record::split;
use crate::report::{Defect, Problem};

/// The record that should come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    /// Its number.
    pub seq: u64,
    /// The hash that it should be chained on, where that is known.
    pub prev: Option<Hash>,
}

impl Expected {
    /// Whether a record is the expected one.
    pub fn fits(&self, seq: u64, hash: Hash, json: &[u8]) -> bool {
        seq == self.seq && self.prev.is_none_or(|prev| prev.then(json) == hash)
    }
}

/// What may have happened, and what should then follow.
#[derive(Clone, Copy, Debug)]
struct Explanation {
    story: Story,
    next: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    /// The line is record `expected`, but its content or number was changed.
    Content,
    /// The line is record `expected`, but its hash was changed.
    Hash,
    /// The line does not belong here; the expected record is still to come.
    Stranger,
    /// The line is what it says, and what should stand before it does not.
    Jump,
}

/// A line that does not fit.
#[derive(Debug)]
pub(super) struct Suspect {
    place: Place,
    /// The number that it claims.
    claims: Option<u64>,
    /// The number that was expected.
    expected: u64,
    /// What is wrong with the line by itself, if it is no record.
    unreadable: Option<String>,
    explanations: Vec<Explanation>,
}

impl Suspect {
    /// A record whose number or hash is not the expected one.
    pub fn record(place: &Place, expected: &Expected, seq: u64, hash: Hash, json: &[u8]) -> Self {
        let after = |seq: u64, prev: Option<Hash>| Expected { seq: seq.saturating_add(1), prev };
        let computed = expected.prev.map(|prev| prev.then(json));
        let mut explanations = vec![
            Explanation { story: Story::Content, next: after(expected.seq, Some(hash)) },
            Explanation { story: Story::Stranger, next: *expected },
        ];
        if computed.is_some() {
            explanations.push(Explanation { story: Story::Hash, next: after(expected.seq, computed) });
        }
        if seq != expected.seq {
            explanations.push(Explanation { story: Story::Jump, next: after(seq, Some(hash)) });
        }
        Self {
            place: place.clone(),
            claims: Some(seq),
            expected: expected.seq,
            unreadable: None,
            explanations,
        }
    }

    /// A line that is no record.
    pub fn unreadable(place: &Place, expected: &Expected, line: &[u8], detail: String) -> Self {
        let prev = split(line).map(|parts| parts.hash);
        let mut explanations = vec![
            Explanation { story: Story::Content, next: Expected { seq: expected.seq + 1, prev } },
            Explanation { story: Story::Stranger, next: *expected },
        ];
        if let (Some(parts), Some(before)) = (split(line), expected.prev) {
            let next = Expected { seq: expected.seq + 1, prev: Some(before.then(parts.json)) };
            explanations.push(Explanation { story: Story::Hash, next });
        }
        Self {
            place: place.clone(),
            claims: None,
            expected: expected.seq,
            unreadable: Some(detail),
            explanations,
        }
    }

    /// Chooses the explanation that the next line confirms, and says what should follow.
    pub fn settle(self, next: Option<(u64, Hash, &[u8])>, highest: u64) -> (Defect, Expected) {
        let confirmed = next.and_then(|(seq, hash, json)| {
            let mut known = self.explanations.iter().filter(|why| why.next.prev.is_some());
            known.find(|why| why.next.fits(seq, hash, json)).copied()
        });
        let by_number =
            || next.and_then(|(seq, ..)| self.explanations.iter().find(|why| why.next.seq == seq).copied());
        let chosen = confirmed.or_else(by_number).or_else(|| self.likely());
        let Explanation { story, mut next } = chosen.unwrap_or(Explanation {
            story: Story::Content,
            next: Expected { seq: self.expected + 1, prev: None },
        });
        let other_record =
            story == Story::Content && confirmed.is_none() && self.claims != Some(self.expected);
        if other_record {
            next.prev = None; // The hash that the next record is chained on is lost with the record.
        }
        let (problem, detail) = self.say(story, other_record, highest);
        let Place { file, line } = self.place;
        let seq = self.claims.or(Some(self.expected));
        (Defect { file, line, seq, problem, detail }, next)
    }

    /// Without a next line to ask: a record is what it says it is.
    fn likely(&self) -> Option<Explanation> {
        let story = match self.claims {
            Some(claims) if claims > self.expected => Story::Jump,
            Some(claims) if claims < self.expected => Story::Stranger,
            _ => Story::Content,
        };
        self.explanations.iter().find(|why| why.story == story).copied()
    }

    fn say(&self, story: Story, other_record: bool, highest: u64) -> (Problem, String) {
        let expected = self.expected;
        if let Some(why) = &self.unreadable {
            let where_ = if story == Story::Stranger { "before" } else { "in the place of" };
            return (Problem::Unreadable, format!("{why} ({where_} record {expected})"));
        }
        let claims = self.claims.unwrap_or(expected);
        let first = expected.max(highest + 1);
        match story {
            Story::Hash => (Problem::Changed, format!("the hash of record {expected} was changed")),
            Story::Content if other_record => {
                (Problem::Misplaced, format!("record {claims} stands in the place of record {expected}"))
            }
            Story::Content if claims != expected => (
                Problem::Changed,
                format!("record {expected} was changed: it says that it is record {claims}"),
            ),
            Story::Content => {
                (Problem::Changed, format!("record {expected} was changed: its hash does not fit"))
            }
            Story::Stranger if claims == expected => {
                (Problem::Inserted, format!("this is not the record {expected} that the log goes on from"))
            }
            Story::Jump if claims == first + 1 => {
                (Problem::Missing, format!("record {first} is missing before record {claims}"))
            }
            Story::Jump if claims > first => (
                Problem::Missing,
                format!("records {first} to {} are missing before record {claims}", claims - 1),
            ),
            Story::Stranger | Story::Jump => {
                (Problem::Misplaced, format!("record {claims} stands where record {expected} belongs"))
            }
        }
    }
}
