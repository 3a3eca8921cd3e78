//! `portcullis policy diff`: what gains and what loses reach, in words and as pairs.

use super::files::{self, Bound, Content, SiteFile};
use super::paint::{self, Colour, Colours};
use super::refused;
use crate::exit::Exit;
use crate::output::{harmless, show, table};
use clap::Args;
use policy::diff::{Change, Decider, End, diff};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Options of `policy diff`.
#[derive(Debug, Args)]
pub struct Options {
    /// The scenario as it was.
    old: PathBuf,
    /// The scenario as it is to be.
    new: PathBuf,
    #[command(flatten)]
    site: SiteFile,
    /// The site file of the new scenario, where it is another one.
    #[arg(long, value_name = "FILE")]
    new_site: Option<PathBuf>,
    /// Show pairs of addresses and services as a table, instead of sentences.
    #[arg(long)]
    pairs: bool,
}

/// The answer, for machines.
#[derive(Serialize)]
struct Answer {
    old: String,
    new: String,
    changes: Vec<Told>,
}

/// A change, in words too.
#[derive(Serialize)]
struct Told {
    words: String,
    #[serde(flatten)]
    change: Change,
}

/// Runs the verb.
pub fn run(options: &Options, json: bool) -> Result<(), Exit> {
    let site = options.site.content()?;
    let new_site = options.new_site.as_ref().map(|file| files::read("--new-site", file)).transpose()?;
    let (old, new) = (files::read("OLD", &options.old)?, files::read("NEW", &options.new)?);
    if is_site(&old) && is_site(&new) {
        let both = format!("{} and {}", old.name, new.name);
        let hint =
            "name the scenario as OLD and as NEW, one site file with --site and the other with --new-site";
        return Err(refused("compare", &both, "these are site files", hint));
    }
    let old = files::bind(&old, &site, json)?;
    let new = files::bind(&new, new_site.as_ref().unwrap_or(&site), json)?;
    let changes = diff(&old.evaluator, &new.evaluator).into_iter();
    let answer = Answer {
        old: named(&options.old, &old),
        new: named(&options.new, &new),
        changes: changes.map(|change| Told { words: change.to_string(), change }).collect(),
    };
    if json {
        return Ok(show(true, &answer, |_| String::new())?);
    }
    let text = if options.pairs && !answer.changes.is_empty() { pairs(&answer) } else { words(&answer) };
    paint::print(&text);
    Ok(())
}

/// Whether a file that is to be a scenario is a site file.
fn is_site(file: &Content) -> bool {
    policy::read::parse_site(&file.bytes, &file.name).document.is_some()
}

/// A file, and what it holds.
fn named(file: &Path, bound: &Bound) -> String {
    format!("{} ({})", file.display(), bound.evaluator.plan().scenario)
}

fn words(answer: &Answer) -> String {
    let Answer { old, new, changes } = answer;
    if changes.is_empty() {
        return harmless(&format!("{old} -> {new}: nothing gains or loses reach"));
    }
    let colours = Colours::of_output();
    let line = |told: &Told| {
        let sign = if told.change.gained {
            colours.paint(Colour::Green, "+")
        } else {
            colours.paint(Colour::Red, "-")
        };
        format!("{sign} {}", harmless(&told.words))
    };
    let lines: Vec<String> = changes.iter().map(line).collect();
    format!("{}\n{}", harmless(&format!("{old} -> {new}")), lines.join("\n"))
}

fn pairs(answer: &Answer) -> String {
    let rows: Vec<Vec<String>> = answer.changes.iter().map(|told| row(&told.change)).collect();
    harmless(&table(&["", "From", "To", "Services", "Before", "After", "Path"], &rows))
}

fn row(change: &Change) -> Vec<String> {
    let decider = |decider: &Option<Decider>| {
        decider
            .as_ref()
            .map_or_else(|| "-".to_owned(), |decider| format!("{} {}", decider.rule, decider.app_id))
    };
    let end = |end: &End| {
        let name = if end.appliance { Some("appliance") } else { end.zone.as_deref() };
        format!("{} {}", name.unwrap_or("-"), paint::listed(&end.addresses, 3))
    };
    let seen = if change.enforced { "" } else { ", not seen" };
    vec![
        if change.gained { "gained" } else { "lost" }.to_owned(),
        end(&change.from),
        end(&change.to),
        paint::listed(&change.services, 6),
        decider(&change.before),
        decider(&change.after),
        format!("{}{seen}", format!("{:?}", change.path).to_lowercase()),
    ]
}
