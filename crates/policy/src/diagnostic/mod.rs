//! What is told about a document: which mistake, where, why it is one, and what to do about it.

mod code;

pub use code::Code;

use crate::yaml::{Place, Places, Step};
use serde::Serialize;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The documents cannot be enforced.
    Error,
    /// They can, but do not do what they seem to say.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// One thing that is told about a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Which mistake it is; the manual lists all of them.
    pub code: Code,
    /// The file, by the name that the caller gave.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// Why that matters.
    pub why: String,
    /// What to do about it; may be several lines where it proposes text to paste.
    pub hint: String,
}

impl Diagnostic {
    /// What is told at a place.
    #[must_use]
    pub fn new(code: Code, file: &str, place: Place, what: String, hint: String) -> Self {
        Self {
            severity: code.severity(),
            code,
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            what,
            why: code.why().to_owned(),
            hint,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, code, file, line, column, what, why, hint } = self;
        write!(
            f,
            "{file}:{line}:{column}: {severity} [{code}] {what}\n  {why}\n  {}",
            hint.replace('\n', "\n  ")
        )
    }
}

/// Which of the two documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// The scenario.
    Scenario,
    /// The site.
    Site,
}

/// A value in one of the documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// In which.
    pub which: Which,
    /// The way to it.
    pub path: Vec<Step>,
    /// What of it is meant.
    pub aim: Aim,
}

/// What of a value is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// The value.
    Value,
    /// Its key.
    Key,
    /// These words in it.
    Words(String),
}

/// What is told about a document, before anybody knows in which line that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which mistake it is.
    pub code: Code,
    /// Where.
    pub spot: Spot,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Problem {
    /// A problem with a value.
    #[must_use]
    pub fn new(code: Code, which: Which, path: Vec<Step>, what: String, hint: impl Into<String>) -> Self {
        Self { code, spot: Spot { which, path, aim: Aim::Value }, what, hint: hint.into() }
    }

    /// The same, at the value's key.
    #[must_use]
    pub fn at_key(mut self) -> Self {
        self.spot.aim = Aim::Key;
        self
    }

    /// The same, at these words.
    #[must_use]
    pub fn at_words(mut self, words: &str) -> Self {
        self.spot.aim = Aim::Words(words.to_owned());
        self
    }

    /// With its line and column.
    #[must_use]
    pub fn locate(self, scenario: &Places, site: &Places) -> Diagnostic {
        let places = match self.spot.which {
            Which::Scenario => scenario,
            Which::Site => site,
        };
        let place = match &self.spot.aim {
            Aim::Value => places.of(&self.spot.path),
            Aim::Key => places.of_key(&self.spot.path),
            Aim::Words(words) => places.of_words(&self.spot.path, words),
        };
        Diagnostic::new(self.code, &places.file, place, self.what, self.hint)
    }
}

/// A path: `steps!["rules", 3, "zones"]`.
macro_rules! steps {
    ($($step:expr),* $(,)?) => { Vec::from([$($crate::yaml::Step::from($step)),*]) };
}
pub(crate) use steps;
