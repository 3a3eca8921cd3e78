//! `portcullis token`: API tokens of one's own.

use super::device::done;
use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{show, table};
use crate::remote;
use api::access::{NewToken, Token};
use clap::Subcommand;
use model::{Role, Scope};

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List one's own tokens.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// Make a token; it is printed once.
    Create {
        /// What it is for.
        label: String,
        /// The most powerful role that it can use.
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// The widest scope that it can use: `all`, `zone:NAME` or `label:KEY=VALUE`.
        #[arg(long, default_value = "all")]
        scope: Scope,
        /// In how many days it ends.
        #[arg(long, default_value_t = 90)]
        days: u16,
        #[command(flatten)]
        remote: Remote,
    },
    /// End a token.
    Revoke {
        /// Its identifier.
        id: String,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Runs the verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::List { remote } => Ok(show(json, &remote::client(&remote)?.tokens()?, |tokens| list(tokens))?),
        Verb::Create { label, role, scope, days, remote } => {
            let made = remote::client(&remote)?.create_token(&NewToken { label, role, scope, days })?;
            let shown = serde_json::json!({ "token": made.token.expose() });
            Ok(show(json, &shown, |_| made.token.expose().clone())?)
        }
        Verb::Revoke { id, remote } => done(json, remote::client(&remote)?.revoke_token(&id)),
    }
}

fn list(tokens: &[Token]) -> String {
    let row = |token: &Token| {
        let state =
            if token.revoked { "revoked".to_owned() } else { format!("until {:.0}", token.expires_at) };
        let used = token.last_used.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"));
        let limit = format!("{} over {}", token.limit.role, token.limit.scope);
        vec![token.id.clone(), token.label.clone(), limit, state, used]
    };
    table(&["id", "label", "at most", "state", "last used"], &tokens.iter().map(row).collect::<Vec<_>>())
}
