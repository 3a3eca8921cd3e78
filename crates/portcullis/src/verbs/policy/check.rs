//! `portcullis policy check`: every mistake with its place, why it is one, and what to do.

use super::files::{Content, Files, terms};
use super::paint::{self, Colour, Colours};
use crate::exit::Exit;
use crate::output;
use clap::Args;
use policy::diagnostic::{Diagnostic, Severity};
use serde::Serialize;
use std::borrow::Cow;
use std::io::IsTerminal as _;

/// Options of `policy check`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    files: Files,
    /// Fail for warnings too.
    #[arg(long)]
    strict: bool,
}

/// What came of a check.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The scenario.
    pub policy: String,
    /// The site file, where there is one.
    pub site: Option<String>,
    /// How many errors: with one, the policy cannot be applied.
    pub errors: usize,
    /// How many warnings.
    pub warnings: usize,
    /// How many notes.
    pub notes: usize,
    /// What is told, by file and line.
    pub diagnostics: Vec<Diagnostic>,
}

/// Runs the verb.
pub fn run(options: &Options, json: bool) -> Result<(), Exit> {
    let scenario = options.files.scenario()?;
    let site = options.files.site.content_if_any()?;
    let report = judge(&scenario, site.as_ref());
    if json {
        output::show(true, &report, |_| String::new())?;
    } else {
        let is_terminal = std::io::stdout().is_terminal();
        paint::print(&human(&report, &scenario, site.as_ref(), is_terminal, Colours::of_output()));
    }
    let is_wrong = report.errors > 0 || (options.strict && report.warnings > 0);
    if is_wrong { Err(Exit::Wrong(Vec::new())) } else { Ok(()) }
}

/// Checks two files, or a scenario alone.
pub fn judge(scenario: &Content, site: Option<&Content>) -> Report {
    let diagnostics = match site {
        Some(site) => policy::check::files(scenario.pair(), site.pair(), terms()).diagnostics,
        None => policy::check::scenario_alone(&scenario.bytes, &scenario.name, terms()),
    };
    let count = |severity| diagnostics.iter().filter(|one| one.severity == severity).count();
    Report {
        policy: scenario.name.clone(),
        site: site.map(|site| site.name.clone()),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        diagnostics,
    }
}

fn human(
    report: &Report,
    scenario: &Content,
    site: Option<&Content>,
    with_lines: bool,
    colours: Colours,
) -> String {
    let texts: Vec<(&str, Cow<'_, str>)> = [Some(scenario), site]
        .into_iter()
        .flatten()
        .map(|file| (file.name.as_str(), String::from_utf8_lossy(&file.bytes)))
        .collect();
    let text = |file: &str| {
        texts.iter().find(|(name, _)| with_lines && *name == file).map(|(_, text)| text.as_ref())
    };
    let mut lines: Vec<String> =
        report.diagnostics.iter().map(|one| paint::diagnostic(one, text(&one.file), colours)).collect();
    lines.push(summary(report, colours));
    if report.site.is_none() {
        lines.push(
            "without a site file nothing is said about zones, services and people: name it with --site"
                .into(),
        );
    }
    lines.join("\n")
}

/// How many of each, in one line.
pub fn summary(report: &Report, colours: Colours) -> String {
    let Report { policy, site, errors, warnings, notes, .. } = report;
    let files = [Some(policy), site.as_ref()].into_iter().flatten().map(String::as_str);
    let files: Vec<&str> = files.collect();
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (colour, text) = match (errors, warnings, notes) {
        (0, 0, 0) => (Colour::Green, "nothing is wrong".to_owned()),
        _ => {
            let colour = match (errors, warnings) {
                (0, 0) => Colour::Green,
                (0, _) => Colour::Yellow,
                _ => Colour::Red,
            };
            let counts = [count(*errors, "error"), count(*warnings, "warning"), count(*notes, "note")];
            (colour, counts.join(", "))
        }
    };
    format!("{}: {}", output::harmless(&files.join(", ")), colours.paint(colour, &text))
}
