//! Exit codes, as `--help` documents them.

use crate::output::harmless;
use model::{Failure, Kind};
use std::process::ExitCode;

/// An error that ends the program with a documented code.
#[derive(Debug)]
pub enum Exit {
    /// 1.
    Failed(anyhow::Error),
    /// 2, each line printed as it is, one that begins with a blank as part of the line before.
    Wrong(Vec<String>),
    /// The code of the failure's kind.
    Failure(Failure),
    /// 6; the report was printed already.
    Damaged,
}

impl Exit {
    /// Says what was wrong on standard error and gives the code.
    pub fn report(self, json: bool) -> ExitCode {
        match self {
            Self::Failed(error) => {
                tell(&[format!("{error:#}")], json);
                ExitCode::from(1)
            }
            Self::Wrong(lines) => {
                tell(&lines, json);
                ExitCode::from(2)
            }
            Self::Failure(failure) => {
                say(&failure, json);
                ExitCode::from(code(failure.kind))
            }
            Self::Damaged => ExitCode::from(6),
        }
    }
}

/// Lines for people, or one object for machines, of the same shape as a failure's.
fn tell(lines: &[String], json: bool) {
    if json {
        if !lines.is_empty() {
            eprintln!("{}", serde_json::json!({ "error": { "cause": lines.join("\n") } }));
        }
        return;
    }
    for line in lines {
        let name = if line.starts_with(' ') { "" } else { "portcullis: " };
        eprintln!("{name}{line}");
    }
}

fn say(failure: &Failure, json: bool) {
    if json {
        eprintln!("{}", serde_json::json!({ "error": failure }));
        return;
    }
    eprintln!("portcullis: {}", harmless(&failure.to_string()));
    if let Some(hint) = &failure.hint {
        eprintln!("  hint: {}", harmless(hint));
    }
}

const fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Invalid => 2,
        Kind::Unauthenticated | Kind::Refused | Kind::Throttled => 3,
        Kind::NotFound => 4,
        Kind::Unreachable | Kind::TimedOut => 5,
        Kind::Conflict
        | Kind::Busy
        | Kind::CredentialRefused
        | Kind::BadAnswer
        | Kind::Unsupported
        | Kind::Unavailable => 1,
    }
}

impl From<anyhow::Error> for Exit {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<std::io::Error> for Exit {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<serde_json::Error> for Exit {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Exit {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}
