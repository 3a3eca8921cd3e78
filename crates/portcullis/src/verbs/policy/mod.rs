//! `portcullis policy …`: the verbs that work on files alone, without an appliance, and those that ask one.
//!
//! | module | what it is |
//! |---|---|
//! | [`check`] | every mistake with its place |
//! | [`diff`] | what gains and loses reach |
//! | [`explain`] | one question, one answer |
//! | [`files`] | where the two files are, and how they are read |
//! | [`kept`] | versions, trial, confirmation, drift: on the appliance |
//! | [`paint`] | colours, on a terminal only |
//! | [`questions`] | many questions, as lines of JSON |
//! | [`reach`] | all that may be reached |
//! | [`render`] | the rules for the kernel |
//! | [`test`] | what must hold |

pub mod check;
mod diff;
mod explain;
pub mod files;
mod kept;
pub mod paint;
mod questions;
mod reach;
mod render;
mod test;

use crate::exit::Exit;
use clap::{Subcommand, ValueEnum};

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say what is wrong with a scenario and its site file: file, line, column, why, and what to do.
    Check(check::Options),
    /// Say whether something may pass, by which rule, and why.
    Explain(Box<explain::Options>),
    /// List all that somebody may reach, or draw the zones.
    Reach(reach::Options),
    /// Say what gains and what loses reach between two scenarios, or two site files.
    Diff(diff::Options),
    /// Ask what must hold by the site file; exit code 1 if something does not.
    Test(test::Options),
    /// Print the rules for the kernel, as `nft -f` reads them. Nothing is loaded.
    Render(render::Options),
    /// What the appliance keeps and enforces.
    #[command(flatten)]
    Kept(kept::Verb),
    /// Print the JSON Schema of a file, for editors.
    Schema {
        /// Of which file.
        of: Which,
    },
}

/// The two files.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Which {
    /// The rules and why.
    Scenario,
    /// Zones, services and groups of the site.
    Site,
}

/// Runs a verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::Check(options) => check::run(&options, json),
        Verb::Explain(options) => explain::run(&options, json),
        Verb::Reach(options) => reach::run(&options, json),
        Verb::Diff(options) => diff::run(&options, json),
        Verb::Test(options) => test::run(&options, json),
        Verb::Render(options) => render::run(&options, json),
        Verb::Kept(verb) => kept::run(verb, json),
        Verb::Schema { of } => {
            let schema = match of {
                Which::Scenario => policy::schema::scenario(),
                Which::Site => policy::schema::site(),
            };
            Ok(crate::output::show(true, &schema, |_| String::new())?)
        }
    }
}

/// A name that nobody bears, or another thing that cannot be asked, as the exit that ends the program.
fn wrong(wrong: &policy::question::Wrong) -> Exit {
    refused("ask about", &format!("--{}", wrong.field.replace('_', "-")), &wrong.what, &wrong.hint)
}

/// A wrong command line: what was tried, on what, what is wrong with it, and what to do.
fn refused(operation: &str, subject: &str, what: &str, hint: &str) -> Exit {
    Exit::Failure(model::Failure::new(model::Kind::Invalid, operation, subject, what).hint(hint))
}
