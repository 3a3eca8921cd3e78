//! A document with what is told about it beside its lines.

use control::policy::{Diagnostic, Severity};
use std::collections::BTreeMap;

/// So many lines of a document are shown; of the rest those that something is told about.
const MOST_LINES: usize = 2_000;
/// So much is told on a page.
const MOST_TOLD: usize = 500;
/// So many letters of a line are shown.
const LONGEST: usize = 400;

/// One thing that is told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub severity: &'static str,
    pub tone: &'static str,
    pub icon: &'static str,
    pub code: String,
    pub column: usize,
    pub what: String,
    pub why: String,
    pub hint: String,
}

impl Told {
    pub(crate) fn of(diagnostic: &Diagnostic) -> Self {
        let (severity, tone, icon) = match diagnostic.severity {
            Severity::Error => ("error", "critical", "h-critical"),
            Severity::Warning => ("warning", "warning", "h-warning"),
            Severity::Note => ("note", "unknown", "h-unknown"),
        };
        Self {
            severity,
            tone,
            icon,
            code: diagnostic.code.to_string(),
            column: diagnostic.column,
            what: diagnostic.what.clone(),
            why: diagnostic.why.clone(),
            hint: diagnostic.hint.clone(),
        }
    }
}

/// A line of a document.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub number: usize,
    pub text: String,
    /// Lines before it are left out.
    pub is_after_gap: bool,
    pub told: Vec<Told>,
}

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    /// `scenario` or `site`: the start of the lines' names on the page.
    pub id: &'static str,
    pub title: &'static str,
    pub lines: Vec<Line>,
    /// How much is told about it: errors, warnings, notes.
    pub counts: String,
    /// Where something is told, for the list above.
    pub places: Vec<(usize, Told)>,
    /// How much more is told than is shown.
    pub more: usize,
}

impl Sheet {
    /// A document's text, and of all that is told what is about this file.
    pub(crate) fn new(
        id: &'static str,
        title: &'static str,
        file: &str,
        text: &str,
        all: &[Diagnostic],
    ) -> Self {
        let about: Vec<&Diagnostic> = all.iter().filter(|told| told.file == file).collect();
        let mut by_line: BTreeMap<usize, Vec<Told>> = BTreeMap::new();
        for told in about.iter().take(MOST_TOLD) {
            by_line.entry(told.line).or_default().push(Told::of(told));
        }
        let places = by_line.iter().flat_map(|(line, told)| told.iter().map(|told| (*line, told.clone())));
        let places = places.collect();
        Self {
            id,
            title,
            counts: counts(&about),
            more: about.len().saturating_sub(MOST_TOLD),
            places,
            lines: lines(text, by_line),
        }
    }
}

fn lines(text: &str, mut told: BTreeMap<usize, Vec<Told>>) -> Vec<Line> {
    let mut shown: Vec<Line> = Vec::new();
    // A file that something is told about has a line to tell it at, even if it is empty.
    let all = if text.is_empty() { vec![""] } else { text.lines().collect() };
    for (at, line) in all.into_iter().enumerate() {
        let number = at + 1;
        let told = told.remove(&number).unwrap_or_default();
        if number > MOST_LINES && told.is_empty() {
            continue;
        }
        let is_after_gap = shown.last().map_or(0, |last| last.number) + 1 != number;
        shown.push(Line { number, text: plain(line), is_after_gap, told });
    }
    shown
}

/// What is no control character, cut where it is too long.
fn plain(line: &str) -> String {
    let letter = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    let mut text: String = line.chars().take(LONGEST).map(letter).collect();
    if line.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}

/// `2 errors, 1 warning`.
pub(crate) fn counts(all: &[&Diagnostic]) -> String {
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let of = |(severity, word): (Severity, &str)| {
        let count = all.iter().filter(|told| told.severity == severity).count();
        (count > 0).then(|| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
    };
    let counts: Vec<String> = kinds.into_iter().filter_map(of).collect();
    if counts.is_empty() { "Nothing is wrong".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_document_is_shown_in_part_and_nothing_that_is_told_is_lost() {
        let text = "a: 1\n".repeat(MOST_LINES + 50);
        let told = Told {
            severity: "error",
            tone: "critical",
            icon: "h-critical",
            code: "x".into(),
            column: 1,
            what: String::new(),
            why: String::new(),
            hint: String::new(),
        };
        let all = lines(&text, BTreeMap::from([(MOST_LINES + 40, vec![told])]));
        assert_eq!(all.len(), MOST_LINES + 1);
        let last = all.last().unwrap();
        assert_eq!((last.number, last.is_after_gap, last.told.len()), (MOST_LINES + 40, true, 1));
        assert!(!all[0].is_after_gap);
    }

    #[test]
    fn what_is_in_a_line_stays_a_line() {
        assert_eq!(plain("a\u{1b}[2J\tb"), "a\u{fffd}[2J\tb");
        assert_eq!(plain(&"x".repeat(LONGEST + 1)).chars().count(), LONGEST + 1);
        assert_eq!(lines("", BTreeMap::new()).len(), 1);
        assert_eq!(counts(&[]), "Nothing is wrong");
    }
}
