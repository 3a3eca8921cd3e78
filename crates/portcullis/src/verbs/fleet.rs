//! `portcullis inventory`: parts over the fleet, what changed, and what was learned of models.

use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{or_dash, show, table};
use crate::remote;
use anyhow::Context as _;
use api::inventory::{
    Diff, DiffQuery, ExportFormat, FleetChanges, FleetParts, LearnedModel, PartsQuery, SinceQuery, Version,
};
use clap::{Args, Subcommand};
use std::io;

/// So many devices are named for a change.
const NAMED: usize = 6;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Which servers hold this part? A text is compared whole; `HMAA8*` finds what begins so.
    Parts(Parts),
    /// What changed over the fleet since a day.
    Changes {
        /// The day or moment, such as 2026-11-16; by default seven days ago.
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// The versions of a device's inventory, one for each time that it changed.
    History {
        /// Its name or identifier.
        device: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// What changed on a device between two versions.
    Diff {
        /// Its name or identifier.
        device: String,
        /// The earlier version; by default the one before --to.
        #[arg(long, value_name = "VERSION")]
        from: Option<u64>,
        /// The later version; by default the latest.
        #[arg(long, value_name = "VERSION")]
        to: Option<u64>,
        #[command(flatten)]
        remote: Remote,
    },
    /// What was learned of each model of controller.
    Models {
        #[command(flatten)]
        remote: Remote,
    },
}

/// Options of `inventory parts`.
#[derive(Debug, Args)]
pub struct Parts {
    /// A piece of any field.
    text: Option<String>,
    /// The part number, its own or the server maker's.
    #[arg(long, value_name = "NUMBER")]
    part_number: Option<String>,
    /// The serial number.
    #[arg(long)]
    serial: Option<String>,
    /// The model.
    #[arg(long)]
    model: Option<String>,
    /// The version of what runs on it.
    #[arg(long, value_name = "VERSION")]
    firmware: Option<String>,
    /// A MAC address, or the beginning of one.
    #[arg(long)]
    mac: Option<String>,
    /// `processor`, `memory module`, `drive`, ...
    #[arg(long)]
    kind: Option<String>,
    /// Only in this device.
    #[arg(long)]
    device: Option<String>,
    /// Show at most so many.
    #[arg(long, default_value_t = 500)]
    limit: usize,
    /// Write all of them to standard output, as `csv`, `json` or `parquet`.
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    export: Option<ExportFormat>,
    #[command(flatten)]
    remote: Remote,
}

fn format(word: &str) -> Result<ExportFormat, &'static str> {
    match word {
        "csv" => Ok(ExportFormat::Csv),
        "json" => Ok(ExportFormat::Json),
        "parquet" => Ok(ExportFormat::Parquet),
        _ => Err("it is none of csv, json and parquet"),
    }
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::Parts(options) => parts(options, json),
        Verb::Changes { since, remote } => {
            let changes = remote::client(&remote)?.changes(&SinceQuery { since })?;
            Ok(show(json, &changes, changed)?)
        }
        Verb::History { device, remote } => {
            Ok(show(json, &remote::client(&remote)?.history(&device)?, |all| versions(all))?)
        }
        Verb::Diff { device, from, to, remote } => {
            Ok(show(json, &remote::client(&remote)?.diff(&device, &DiffQuery { from, to })?, diff)?)
        }
        Verb::Models { remote } => {
            Ok(show(json, &remote::client(&remote)?.models()?, |models| learned(models))?)
        }
    }
}

fn parts(options: Parts, json: bool) -> Result<(), Exit> {
    let client = remote::client(&options.remote)?;
    let query = PartsQuery {
        part_number: options.part_number,
        serial: options.serial,
        model: options.model,
        firmware: options.firmware,
        mac: options.mac,
        kind: options.kind,
        q: options.text,
        device: options.device,
        limit: options.limit,
        format: options.export.unwrap_or_default(),
    };
    if options.export.is_some() {
        let mut rows = client.export_parts(&query)?;
        io::copy(&mut rows, &mut io::stdout().lock()).context("write the parts to standard output")?;
        return Ok(());
    }
    Ok(show(json, &client.parts(&query)?, found)?)
}

fn found(parts: &FleetParts) -> String {
    let row = |part: &api::inventory::FleetPart| {
        vec![
            part.device_name.clone(),
            part.kind.clone(),
            part.place.clone().unwrap_or_else(|| part.name.clone()),
            or_dash(part.model.as_ref()),
            or_dash(part.part_number.as_ref().or(part.oem_part_number.as_ref())),
            or_dash(part.serial.as_ref()),
            or_dash(part.firmware.as_ref()),
        ]
    };
    let head = ["device", "kind", "place", "model", "part number", "serial", "firmware"];
    let rows: Vec<Vec<String>> = parts.components.iter().map(row).collect();
    let count = |count: &api::inventory::PartCount| {
        let what = [&count.model, count.part_number.as_ref().unwrap_or(&count.model)];
        let what = if what[0] == what[1] || what[0].is_empty() {
            what[1].clone()
        } else {
            what.map(String::as_str).join(" ")
        };
        vec![count.kind.clone(), what, count.parts.to_string(), count.in_devices.to_string()]
    };
    let counts: Vec<Vec<String>> = parts.counts.iter().take(20).map(count).collect();
    format!(
        "{}\n\n{}\n\n{} parts in {} devices\n",
        table(&head, &rows),
        table(&["kind", "model", "parts", "devices"], &counts),
        parts.total,
        parts.in_devices
    )
}

fn changed(changes: &FleetChanges) -> String {
    let row = |group: &api::inventory::ChangeGroup| {
        let named: Vec<&str> = group.on.iter().take(NAMED).map(|device| device.name.as_str()).collect();
        let more = group.on.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![
            group.change.clone(),
            group.text.clone(),
            group.on.len().to_string(),
            format!("{}{more}", named.join(", ")),
        ]
    };
    let rows: Vec<Vec<String>> = changes.groups.iter().map(row).collect();
    let headline = format!(
        "{} devices changed since {:.0}, {} were read for the first time",
        changes.changed,
        changes.since,
        changes.first_read.len()
    );
    format!("{}\n\n{headline}\n", table(&["what", "change", "devices", "on"], &rows))
}

fn versions(all: &[Version]) -> String {
    let row = |version: &Version| {
        vec![
            version.number.to_string(),
            format!("{:.0}", version.taken_at),
            version.changes.to_string(),
            version.summary.clone(),
        ]
    };
    table(&["version", "first read", "changes", "first of them"], &all.iter().map(row).collect::<Vec<_>>())
}

fn diff(diff: &Diff) -> String {
    let lines: Vec<&str> = diff.changes.iter().map(|change| change.text.as_str()).collect();
    format!("version {} → {}: {} changes\n{}\n", diff.from, diff.to, diff.changes.len(), lines.join("\n"))
}

fn learned(models: &[LearnedModel]) -> String {
    let row = |model: &LearnedModel| {
        let learned = &model.learned;
        let slowest = learned.paths.first();
        vec![
            learned.model.to_string(),
            model.in_devices.to_string(),
            learned.inventory_requests.to_string(),
            learned.in_flight.to_string(),
            slowest.map(|path| format!("{} ms {}", path.mean_ms, path.path)).unwrap_or_default(),
        ]
    };
    let head = ["model", "devices", "requests", "at once", "slowest path"];
    table(&head, &models.iter().map(row).collect::<Vec<_>>())
}
