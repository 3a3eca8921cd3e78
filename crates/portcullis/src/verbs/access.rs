//! `portcullis access`: who may do what, and by which grant.

use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{show, table};
use crate::remote;
use api::access::ExplainQuery;
use clap::Subcommand;
use model::{Action, Role};

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say yes or no, and which grant decided.
    Explain {
        /// The account's name.
        user: String,
        /// The action, such as device.power; `access actions` lists them.
        action: Action,
        /// The device, by name or identifier; without one the question is about the appliance.
        device: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// List every action with the roles that include it.
    Actions,
    /// Say who the appliance thinks one is.
    Whoami {
        #[command(flatten)]
        remote: Remote,
    },
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::Explain { user, action, device, remote } => {
            let query = ExplainQuery { user, action: action.to_string(), device };
            Ok(show(json, &remote::client(&remote)?.explain(&query)?, |answer| answer.why.clone())?)
        }
        Verb::Actions => actions(json),
        Verb::Whoami { remote } => {
            Ok(show(json, &remote::client(&remote)?.who_am_i()?, |me| me.principal.clone())?)
        }
    }
}

fn actions(json: bool) -> Result<(), Exit> {
    let roles = |action: &Action| -> Vec<&str> {
        Role::ALL.iter().filter(|role| role.includes(*action)).map(|role| role.name()).collect()
    };
    let all: Vec<_> = Action::ALL
        .iter()
        .map(|action| serde_json::json!({ "action": action, "meaning": action.meaning(), "roles": roles(action) }))
        .collect();
    Ok(show(json, &all, |_| {
        let row =
            |action: &Action| vec![action.to_string(), roles(action).join(" "), action.meaning().to_owned()];
        table(&["action", "roles", "meaning"], &Action::ALL.iter().map(row).collect::<Vec<_>>())
    })?)
}
