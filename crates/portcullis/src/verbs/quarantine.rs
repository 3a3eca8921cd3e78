//! `portcullis quarantine`: devices that only the appliance may still reach.

use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{show, table};
use crate::remote;
use api::policy::SetQuarantine;
use clap::Subcommand;
use model::enforcement::Quarantine;

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Cut a device off from everything but the appliance, at once.
    On {
        /// The device, by name or identifier.
        device: String,
        /// Why; it stands in the list and in the audit log.
        #[arg(long, default_value = "")]
        why: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Let a device back.
    Off {
        /// The device, by name or identifier; or an address that is cut off and nobody knows why.
        device: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// List the devices that are cut off: since when, by whom, why.
    List {
        #[command(flatten)]
        remote: Remote,
    },
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    let set = |device: String, on, why, remote: &Remote| {
        let now = remote::client(remote)?.set_quarantine(&device, &SetQuarantine { on, why })?;
        Ok(show(json, &now, |now| match now {
            Some(it) => format!("{} at {} is cut off", it.device_name, it.address),
            None => format!("{device} is let back"),
        })?)
    };
    match verb {
        Verb::On { device, why, remote } => set(device, true, why, &remote),
        Verb::Off { device, remote } => set(device, false, String::new(), &remote),
        Verb::List { remote } => Ok(show(json, &remote::client(&remote)?.quarantined()?, |all| list(all))?),
    }
}

fn list(all: &[Quarantine]) -> String {
    let row = |it: &Quarantine| {
        let since = format!("{:.0}", it.since);
        vec![it.device_name.clone(), it.address.to_string(), since, it.principal.clone(), it.why.clone()]
    };
    table(&["device", "address", "since", "by", "why"], &all.iter().map(row).collect::<Vec<_>>())
}
