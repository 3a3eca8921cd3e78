//! `portcullis user`: accounts and their grants.

use super::device::done;
use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{show, table};
use crate::remote;
use api::access::{Link, NewGrant, NewUser, User};
use clap::Subcommand;
use model::{Role, Scope};

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List users with their grants.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// Create a user; prints the one-time link for the first login.
    Create {
        /// The account's name.
        name: String,
        /// The person's name.
        #[arg(long, default_value = "")]
        full_name: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Let a user choose a new password and second factor; ends their sessions, prints a one-time link.
    Reset {
        /// The account's name.
        name: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Let a user sign in again.
    Enable {
        /// The account's name.
        name: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Keep a user out; ends their sessions and tokens at once.
    Disable {
        /// The account's name.
        name: String,
        #[command(flatten)]
        remote: Remote,
    },
    /// Give a role over a scope.
    Grant {
        /// The account's name.
        name: String,
        /// viewer, auditor, operator or administrator.
        role: Role,
        /// `all`, `zone:NAME` or `label:KEY=VALUE`.
        #[arg(default_value = "all")]
        scope: Scope,
        #[command(flatten)]
        remote: Remote,
    },
    /// Take a grant back.
    Revoke {
        /// The account's name.
        name: String,
        /// The grant's number.
        grant: i64,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::List { remote } => Ok(show(json, &remote::client(&remote)?.users()?, |users| list(users))?),
        Verb::Create { name, full_name, remote } => {
            let link = remote::client(&remote)?.create_user(&NewUser { name, full_name })?;
            print_link(&remote, &link, json)
        }
        Verb::Reset { name, remote } => {
            print_link(&remote, &remote::client(&remote)?.reset_user(&name)?, json)
        }
        Verb::Enable { name, remote } => done(json, remote::client(&remote)?.set_enabled(&name, true)),
        Verb::Disable { name, remote } => done(json, remote::client(&remote)?.set_enabled(&name, false)),
        Verb::Grant { name, role, scope, remote } => {
            let granted = remote::client(&remote)?.grant(&name, &NewGrant { role, scope })?;
            Ok(show(json, &granted, |granted| format!("grant {}", granted.grant))?)
        }
        Verb::Revoke { name, grant, remote } => {
            done(json, remote::client(&remote)?.revoke_grant(&name, grant))
        }
    }
}

fn list(users: &[User]) -> String {
    let row = |user: &User| {
        let grants: Vec<String> = user
            .grants
            .iter()
            .map(|grant| format!("{}:{} over {}", grant.id, grant.role, grant.scope))
            .collect();
        let state = match (user.enabled, user.enrolled) {
            (false, _) => "disabled",
            (true, false) => "invited",
            (true, true) => "enabled",
        };
        let seen = user.last_sign_in.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"));
        vec![user.name.clone(), state.to_owned(), seen, grants.join(", ")]
    };
    table(&["name", "state", "last sign-in", "grants"], &users.iter().map(row).collect::<Vec<_>>())
}

fn print_link(remote: &Remote, link: &Link, json: bool) -> Result<(), Exit> {
    Ok(show(json, link, |link| format!("{}{}", remote.url.trim_end_matches('/'), link.path))?)
}
