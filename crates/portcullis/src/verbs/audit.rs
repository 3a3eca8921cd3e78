//! `portcullis audit`: what was done, by whom; and whether the record is whole.

use crate::cli::{Place, Remote};
use crate::exit::Exit;
use crate::output::{or_dash, show, table};
use crate::{parts, remote};
use anyhow::Context as _;
use api::record::{AuditEntry, AuditQuery};
use audit::PublicKey;
use clap::{Args, Subcommand};
use std::io;
use std::path::PathBuf;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List acts and notes, newest first.
    List {
        /// Only of this account.
        #[arg(long, value_name = "USER")]
        actor: Option<String>,
        /// Only this action.
        #[arg(long)]
        action: Option<String>,
        /// Only what has this text in its object.
        #[arg(long)]
        object: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        remote: Remote,
    },
    /// Write every record to standard output, one JSON object a line.
    Export {
        #[command(flatten)]
        remote: Remote,
    },
    /// Prove that the log on disk is whole, up to the last checkpoint that left the machine.
    Verify(Verify),
    /// Print the public key that checkpoints are verified with; keep it off the machine.
    Key {
        #[command(flatten)]
        place: Place,
    },
}

/// Options of `audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    place: Place,
    /// The log's directory, where it is not the data directory's own.
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// The checkpoints that left the machine; without them only the chain itself is checked.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// The public key, as `audit key` printed it; without it the data directory's key is taken.
    #[arg(long, value_name = "KEY")]
    key: Option<PublicKey>,
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::List { actor, action, object, limit, remote } => {
            let query = AuditQuery { before: None, actor, action, object, limit };
            Ok(show(json, &remote::client(&remote)?.audit(&query)?, |entries| list(entries))?)
        }
        Verb::Export { remote } => {
            let client = remote::client(&remote)?;
            let mut records = client.audit_export()?;
            io::copy(&mut records, &mut io::stdout().lock())
                .context("write the records to standard output")?;
            Ok(())
        }
        Verb::Verify(options) => verify(&options, json),
        Verb::Key { place } => {
            let key = public_key(&place)?;
            Ok(show(json, &serde_json::json!({ "key": key.to_string() }), |_| key.to_string())?)
        }
    }
}

fn list(entries: &[AuditEntry]) -> String {
    let row = |entry: &AuditEntry| {
        vec![
            entry.record.to_string(),
            format!("{:.0}", entry.at),
            or_dash(entry.actor.as_ref()),
            entry.action.clone().unwrap_or_else(|| entry.kind.clone()),
            or_dash(entry.object.as_ref()),
            or_dash(entry.outcome.as_ref()),
            entry.failure.clone().unwrap_or_default(),
        ]
    };
    let head = ["record", "at", "who", "what", "on", "outcome", ""];
    table(&head, &entries.iter().map(row).collect::<Vec<_>>())
}

fn public_key(place: &Place) -> anyhow::Result<PublicKey> {
    let file = place.data.join(parts::AUDIT_KEY);
    Ok(audit::key::load(&file).context("read the audit log's key; or give --key")?.public())
}

fn verify(options: &Verify, json: bool) -> Result<(), Exit> {
    let key = match options.key {
        Some(key) => key,
        None => public_key(&options.place)?,
    };
    let log = options.log.clone().unwrap_or_else(|| options.place.data.join(parts::AUDIT_LOG));
    let report =
        audit::verify::verify(&log, options.anchor.as_deref(), key).context("verify the audit log")?;
    show(json, &report, ToString::to_string)?;
    if report.is_sound() { Ok(()) } else { Err(Exit::Damaged) }
}
