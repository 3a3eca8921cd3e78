//! The appliance's program: reads the command line and runs one verb.

mod adoption;
mod check;
mod cli;
mod config;
mod demo;
mod enforcement;
mod exit;
mod files;
mod firewall_log;
mod foreign;
mod init;
mod notify;
mod open_files;
mod output;
mod parts;
mod remote;
mod reread;
mod serve;
mod service;
mod sockets;
mod telemetry;
mod tls;
mod verbs;

use clap::{CommandFactory as _, Parser as _};
use cli::{Bmc, Cli, Verb};
use exit::Exit;
use std::process::ExitCode;

/// Packs what lives long close together, and gives back what the taking over of a thousand controllers needed for a
/// moment; how soon, `.cargo/config.toml` says.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(json),
    }
}

fn run(cli: Cli) -> Result<(), Exit> {
    let json = cli.json;
    match cli.verb {
        Verb::Init(options) => init::run(&options, json),
        Verb::Check(place) => check::run(&place, json),
        Verb::Serve(options) => serve::run(&options.place),
        Verb::Lab(options) => demo::run(&options, json),
        Verb::Device(verb) => verbs::device::run(verb, json),
        Verb::Bmc(Bmc::Inspect(options)) => verbs::inspect::run(&options, json),
        Verb::User(verb) => verbs::user::run(verb, json),
        Verb::Job(verb) => verbs::job::run(verb, json),
        Verb::Token(verb) => verbs::token::run(verb, json),
        Verb::Access(verb) => verbs::access::run(verb, json),
        Verb::Inventory(verb) => verbs::fleet::run(verb, json),
        Verb::Policy(verb) => verbs::policy::run(verb, json),
        Verb::Pinhole(verb) => verbs::pinhole::run(verb, json),
        Verb::Quarantine(verb) => verbs::quarantine::run(verb, json),
        Verb::Log(options) => verbs::log::run(options, json),
        Verb::Audit(verb) => verbs::audit::run(verb, json),
        Verb::Backup(options) => verbs::backup::backup(&options, json),
        Verb::Restore(options) => verbs::backup::restore(&options, json),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "portcullis", &mut std::io::stdout());
            Ok(())
        }
        Verb::Man { directory } => {
            std::fs::create_dir_all(&directory)?;
            Ok(clap_mangen::generate_to(Cli::command(), &directory)?)
        }
    }
}
