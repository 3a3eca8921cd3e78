//! `portcullis pinhole`: short-lived openings to one application of one device.

use super::device::done;
use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{show, table};
use crate::remote;
use api::policy::NewPinhole;
use clap::Subcommand;
use model::enforcement::{Hole, Pinhole};

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Open one application of a device; it closes by itself, and when the token that opened it ends.
    Open {
        /// The device, by name or identifier.
        device: String,
        /// The application, by its name in the policy.
        application: String,
        /// It closes after so many seconds, at most a day.
        #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
        seconds: u32,
        /// What for; it stands in the list and in the audit log.
        #[arg(long, default_value = "")]
        why: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Close an opening before its time is over.
    Close {
        /// Its name.
        id: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// List the live openings: to what, by whom, why, until when.
    List {
        #[command(flatten)]
        remote: Remote,
    },
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::Open { device, application, seconds, why, remote } => {
            let new = NewPinhole { device, application, seconds: Some(seconds), why };
            let opened = remote::client(&remote)?.open_pinhole(&new)?;
            Ok(show(json, &opened, |it| format!("{} is open until {:.0}", it.id, it.until))?)
        }
        Verb::Close { id, remote } => done(json, remote::client(&remote)?.close_pinhole(&id)),
        Verb::List { remote } => Ok(show(json, &remote::client(&remote)?.pinholes()?, |all| list(all))?),
    }
}

fn list(all: &[Pinhole]) -> String {
    let hole = |hole: &Hole| {
        let protocol = if hole.protocol == 17 { "udp" } else { "tcp" };
        format!("{protocol}/{}", hole.port)
    };
    let row = |it: &Pinhole| {
        vec![
            it.id.clone(),
            it.device_name.clone(),
            it.application.clone(),
            it.holes.iter().map(hole).collect::<Vec<_>>().join(" "),
            format!("{:.0}", it.until),
            it.principal.clone(),
            it.why.clone(),
        ]
    };
    let head = ["opening", "device", "application", "on", "until", "by", "why"];
    table(&head, &all.iter().map(row).collect::<Vec<_>>())
}
