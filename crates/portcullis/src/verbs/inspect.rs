//! `portcullis bmc inspect`: one controller, read once, without an appliance.

use crate::cli::Inspect;
use crate::exit::Exit;
use crate::files;
use crate::output::show;
use bmc::Trust;
use bmc::inspect::{Options, inspect, locate};
use model::{Clock as _, Credential, SystemClock};
use std::time::Duration;

/// Runs the verb.
pub fn run(options: &Inspect, json: bool) -> Result<(), Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let credential = match (&options.user, &options.password_file) {
        (Some(user), Some(file)) => {
            Some(Credential { username: user.clone(), password: files::secret(file)? })
        }
        _ => None,
    };
    let inspection = runtime.block_on(async {
        let trust = options.fingerprint.map_or(Trust::Look { authorities: None }, Trust::Pinned);
        let target = locate(&options.url, options.insecure_plain_http, trust).await;
        let target = target.map_err(|what| Exit::Wrong(vec![what]))?;
        let mut read = Options::new(target, credential);
        read.want_raw = options.raw;
        read.expand = !options.no_expand;
        read.bounds.time = Duration::from_secs(options.timeout);
        let read = inspect(read, SystemClock.now()).await;
        read.map_err(|error| Exit::Failure(error.into()))
    })?;
    if let Some(cause) = &inspection.nothing_because {
        eprintln!("portcullis: nothing but the root of {} could be read: {cause}", options.url);
    }
    if let Some(error) = &inspection.logout_error {
        eprintln!("portcullis: the session on {} could not be closed: {error}", options.url);
    }
    let mut answer = serde_json::to_value(&inspection.inventory)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("certificate".into(), serde_json::to_value(&inspection.certificate)?);
        if let Some(raw) = &inspection.raw {
            answer.insert("raw".into(), serde_json::to_value(raw)?);
        }
    }
    Ok(show(json, &answer, |_| super::inventory::human(&inspection.inventory))?)
}
