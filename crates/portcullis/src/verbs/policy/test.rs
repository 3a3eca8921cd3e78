//! `portcullis policy test`: what must hold by the site file, held against the rules.

use super::files::{self, Files};
use super::paint::{self, Colour, Colours};
use crate::exit::Exit;
use crate::output::{harmless, show};
use clap::Args;
use policy::assertion::{self, Outcome};
use policy::yaml::Step;
use serde::Serialize;

/// Options of `policy test`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    files: Files,
    /// Show only what fails.
    #[arg(long)]
    quiet: bool,
}

/// The answer, for machines.
#[derive(Serialize)]
struct Answer {
    passed: usize,
    failed: usize,
    tests: Vec<Told>,
}

/// A test, and where it stands.
#[derive(Serialize)]
struct Told {
    file: String,
    line: usize,
    #[serde(flatten)]
    outcome: Outcome,
}

/// Runs the verb.
pub fn run(options: &Options, json: bool) -> Result<(), Exit> {
    let bound = files::bound(&options.files, json)?;
    let site = &bound.site;
    let outcomes = assertion::run(&bound.evaluator, &site.content.tests, &site.content.hosts);
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let told = |outcome: Outcome| Told {
        file: site.places.file.clone(),
        line: site.places.of(&[Step::from("tests"), Step::from(outcome.test)]).line,
        outcome,
    };
    let answer =
        Answer { passed: outcomes.len() - failed, failed, tests: outcomes.into_iter().map(told).collect() };
    if json {
        show(true, &answer, |_| String::new())?;
    } else {
        paint::print(&human(&answer, options.quiet));
    }
    match failed {
        0 => Ok(()),
        1 => Err(Exit::Failed(anyhow::anyhow!("1 test does not hold"))),
        failed => Err(Exit::Failed(anyhow::anyhow!("{failed} tests do not hold"))),
    }
}

fn human(answer: &Answer, quiet: bool) -> String {
    if answer.tests.is_empty() {
        return "the site file has no `tests`: nothing is said of what must hold".to_owned();
    }
    let colours = Colours::of_output();
    let mut lines: Vec<String> = answer
        .tests
        .iter()
        .filter(|told| !quiet || !told.outcome.passed())
        .map(|told| line(told, colours))
        .collect();
    lines.push(format!("{} passed, {} failed", answer.passed, answer.failed));
    lines.join("\n")
}

fn line(told: &Told, colours: Colours) -> String {
    let Told { file, line, outcome } = told;
    let place = harmless(&format!("{file}:{line}"));
    let question = harmless(&outcome.question);
    match &outcome.failure {
        None => {
            let pairs =
                if outcome.asked == 1 { "1 pair".to_owned() } else { format!("{} pairs", outcome.asked) };
            format!("{}  {place}: {question} ({pairs} of addresses)", colours.paint(Colour::Green, "ok    "))
        }
        Some(failure) => {
            format!(
                "{}  {place}: {question}\n        {}",
                colours.paint(Colour::Red, "FAILED"),
                harmless(failure)
            )
        }
    }
}
