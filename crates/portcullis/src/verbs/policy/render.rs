//! `portcullis policy render`: the rules for the kernel, as text.

use super::files::{self, Files};
use crate::exit::Exit;
use crate::output::show;
use clap::Args;
use policy::render::{Openings, TABLE, confirmed};

/// Options of `policy render`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    files: Files,
}

/// Runs the verb.
pub fn run(options: &Options, json: bool) -> Result<(), Exit> {
    let plan = files::enforceable(&options.files, json)?;
    let text = confirmed(&plan, &Openings::default());
    let answer = serde_json::json!({ "scenario": plan.scenario, "table": TABLE, "nft": text });
    Ok(show(json, &answer, |_| text.clone())?)
}
