//! `portcullis policy reach`: all that somebody may reach, and the picture of zones.

use super::files::{self, Bound, Files};
use super::{paint, refused, wrong};
use crate::exit::Exit;
use crate::output::{show, table};
use clap::Args;
use policy::names::{Subject, resolve};
use policy::reach::{Picture, Row};
use policy::{drawing, question, reach};
use serde::Serialize;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Options of `policy reach`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    files: Files,
    /// Who reaches: an address, a host's name, a zone, or `appliance`; without it, everybody.
    #[arg(long, value_name = "WHO")]
    from: Option<String>,
    /// Who is reached; without it, everybody.
    #[arg(long, value_name = "WHOM")]
    to: Option<String>,
    /// Draw all zones and what passes between them to this file as SVG; `-` for standard output.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "svg")]
    replace: bool,
}

/// The answer, for machines.
#[derive(Serialize)]
struct Answer<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    rows: Vec<Row>,
    /// Where everybody was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
}

/// Runs the verb.
pub fn run(options: &Options, json: bool) -> Result<(), Exit> {
    if json && options.svg.as_deref() == Some(Path::new("-")) {
        let hint = "name a file with --svg, or leave --json out";
        return Err(refused("write", "--svg -", "SVG and JSON cannot both go to standard output", hint));
    }
    let bound = files::bound(&options.files, json)?;
    let who = subject("from", options.from.as_deref(), &bound)?;
    let whom = subject("to", options.to.as_deref(), &bound)?;
    let is_everybody = who.is_none() && whom.is_none();
    let picture = (options.svg.is_some() || (json && is_everybody)).then(|| reach::picture(&bound.evaluator));
    if let (Some(file), Some(picture)) = (&options.svg, &picture) {
        write(file, &drawing::draw(picture).svg(), options.replace)?;
        if file == Path::new("-") {
            return Ok(());
        }
    }
    let rows = reach::between(&bound.evaluator, who.as_ref(), whom.as_ref());
    let picture = picture.filter(|_| is_everybody);
    let answer = Answer { from: options.from.as_deref(), to: options.to.as_deref(), rows, picture };
    Ok(show(json, &answer, human)?)
}

fn subject(field: &'static str, name: Option<&str>, bound: &Bound) -> Result<Option<Subject>, Exit> {
    let Some(name) = name else { return Ok(None) };
    let hosts = &bound.site.content.hosts;
    resolve(name, &bound.evaluator, hosts)
        .map(Some)
        .map_err(|unknown| wrong(&question::no_name(field, &unknown, name, &bound.evaluator, hosts)))
}

fn write(file: &Path, svg: &str, replace: bool) -> Result<(), Exit> {
    if file == Path::new("-") {
        let mut out = std::io::stdout().lock();
        let _closed = out.write_all(svg.as_bytes()).and_then(|()| out.flush());
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).create_new(!replace);
    let written = options.open(file).and_then(|mut file| file.write_all(svg.as_bytes()));
    written.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "name another file, or write over this one with --replace",
            _ => "name a file in a directory that this user may write to",
        };
        refused("write", &file.display().to_string(), &error.to_string(), hint)
    })
}

fn human(answer: &Answer<'_>) -> String {
    if answer.rows.is_empty() {
        let name = |name: Option<&str>| name.unwrap_or("anybody").to_owned();
        return format!("{} may reach nothing of {}", name(answer.from), name(answer.to));
    }
    let rows: Vec<Vec<String>> = answer.rows.iter().map(row).collect();
    table(&["From", "To", "Application", "Rule", "Services", "Path", "Addresses"], &rows)
}

fn row(row: &Row) -> Vec<String> {
    let from = if row.from_appliance { "appliance" } else { &row.from_zone };
    let to = if row.to_appliance { "appliance" } else { &row.to_zone };
    let seen = if row.enforced { "" } else { ", not seen" };
    vec![
        from.to_owned(),
        to.to_owned(),
        row.app_id.clone(),
        row.rule.to_string(),
        paint::listed(&row.services, 6),
        format!("{}{seen}", format!("{:?}", row.path).to_lowercase()),
        format!("{} -> {}", paint::listed(&row.from, 2), paint::listed(&row.to, 2)),
    ]
}
