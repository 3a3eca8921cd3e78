//! The command line: every verb, its options and what they mean. `--help`, completions and the man
//! pages are made from here.

use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Reaches servers' management controllers through one door: decided, written down, then done.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// Answer in JSON, for machines.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The documented exit codes; `exit.rs` gives them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  it worked
  1  it failed, a test of the policy does not hold, or the kernel differs from it; the message says
     what and why
  2  the command line or a file that it names is wrong
  3  refused: not signed in, or no grant for it
  4  there is no such thing
  5  a controller or the appliance could not be reached in time
  6  the audit log is damaged";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a data directory: annotated configuration, keys, certificate, first login, a policy to begin with.
    Init(Init),
    /// Say what is wrong with the configuration and the policy beside it: file, line, column and what to do.
    Check(Place),
    /// Run the appliance.
    Serve(Serve),
    /// Run a simulated rack of controllers, and with --serve an appliance in front of it.
    Lab(Box<Lab>),
    /// Find, see, adopt and switch devices.
    #[command(subcommand)]
    Device(crate::verbs::device::Verb),
    /// Acts on many devices: watch, stop, resume.
    #[command(subcommand)]
    Job(crate::verbs::job::Verb),
    /// Read one controller without an appliance.
    #[command(subcommand)]
    Bmc(Bmc),
    /// Users and their grants.
    #[command(subcommand)]
    User(crate::verbs::user::Verb),
    /// API tokens of one's own.
    #[command(subcommand)]
    Token(crate::verbs::token::Verb),
    /// Who may do what.
    #[command(subcommand)]
    Access(crate::verbs::access::Verb),
    /// Parts over the whole fleet, what changed, and what was learned of models.
    #[command(subcommand)]
    Inventory(crate::verbs::fleet::Verb),
    /// Who may reach what, by which rule and why: asked of files, or of what the appliance keeps and enforces.
    #[command(subcommand)]
    Policy(crate::verbs::policy::Verb),
    /// Short-lived openings to one application of one device.
    #[command(subcommand)]
    Pinhole(crate::verbs::pinhole::Verb),
    /// Devices that only the appliance may still reach.
    #[command(subcommand)]
    Quarantine(crate::verbs::quarantine::Verb),
    /// What the firewall's rules logged, and what other firewalls sent.
    Log(crate::verbs::log::Log),
    /// What was done, by whom; and whether the record is whole.
    #[command(subcommand)]
    Audit(crate::verbs::audit::Verb),
    /// Take a backup of everything but keys.
    Backup(Backup),
    /// Put a backup in a stopped appliance's place, on the appliance itself.
    Restore(Restore),
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the man pages to a directory.
    Man {
        /// The directory.
        directory: PathBuf,
    },
}

/// Where configuration and data are.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The data directory.
    #[arg(long, env = "PORTCULLIS_DATA", default_value = "/var/lib/portcullis", value_name = "DIR")]
    pub data: PathBuf,
    /// The configuration file; by default `portcullis.toml` in the data directory.
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Place {
    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| self.data.join("portcullis.toml"))
    }
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    pub place: Place,
    /// The first administrator's account name.
    #[arg(long, default_value = "admin", value_name = "NAME")]
    pub admin: String,
    /// Where to listen.
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// The name or address that people type to reach the appliance.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Only print a new first login for --admin, in a data directory that is there; the appliance must be stopped.
    #[arg(long)]
    pub reset_login: bool,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub place: Place,
}

/// Options of `lab`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Lab {
    /// Tell a lab that runs already.
    #[command(subcommand)]
    pub verb: Option<crate::verbs::lab::Verb>,
    #[command(flatten)]
    pub rack: lab::Args,
    /// Run an appliance in front of the rack; its data directory is made if there is none.
    #[arg(long)]
    pub serve: bool,
    /// The appliance's data directory.
    #[arg(long, default_value = "run", value_name = "DIR")]
    pub data: PathBuf,
    /// Where the appliance listens.
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// Run in the network namespaces of this name (`dev/scripts/zones.sh up NAME`), so that the policy is enforced; needs root.
    #[arg(long, value_name = "NAME", requires = "serve")]
    pub zones: Option<String>,
}

/// Verbs that talk to one controller themselves.
#[derive(Debug, Subcommand)]
pub enum Bmc {
    /// Read a controller's inventory once, and say what was wrong with what it said.
    Inspect(Inspect),
}

/// Options of `bmc inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The controller, such as `https://10.20.0.7`.
    pub url: String,
    /// The account to sign in with; without one only what is open to anybody is read.
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub user: Option<String>,
    /// A file that holds the account's password.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// Talk to test servers without TLS; passwords then cross the network in clear.
    #[arg(long)]
    pub insecure_plain_http: bool,
    /// Talk only to the controller whose certificate has this SHA-256 fingerprint.
    #[arg(long, value_name = "SHA256")]
    pub fingerprint: Option<model::Fingerprint>,
    /// Show the raw documents too.
    #[arg(long)]
    pub raw: bool,
    /// Ask for each resource by itself, as if `$expand` were not offered.
    #[arg(long)]
    pub no_expand: bool,
    /// Give up after so many seconds.
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    pub timeout: u64,
}

/// Options of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    pub remote: Remote,
    /// The file to write; it must not exist.
    pub file: PathBuf,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    pub place: Place,
    /// The backup.
    pub file: PathBuf,
    /// Set a database that is there aside, instead of refusing.
    #[arg(long)]
    pub replace: bool,
}

/// How to reach the appliance's API; for every verb that is carried out there.
#[derive(Clone, Debug, Args)]
pub struct Remote {
    /// The appliance.
    #[arg(
        long,
        env = "PORTCULLIS_URL",
        default_value = "https://localhost:8443",
        value_name = "URL",
        global = true
    )]
    pub url: String,
    /// A file that holds an API token; made on the account page.
    #[arg(long, env = "PORTCULLIS_TOKEN_FILE", value_name = "FILE", global = true)]
    pub token_file: Option<PathBuf>,
    /// The appliance's certificate or its authority in PEM, where the system does not know it.
    #[arg(long, env = "PORTCULLIS_CA", value_name = "FILE", global = true)]
    pub ca: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn options_are_told_apart() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_stands_in_the_manual() {
        let chapter = include_str!("../../../docs/manual/cli.md");
        let named = |name: &str| {
            [format!("`{name}`"), format!("`{name} ")].iter().any(|start| chapter.contains(start.as_str()))
        };
        for verb in Cli::command().get_subcommands() {
            assert!(named(verb.get_name()), "{} is not in docs/manual/cli.md", verb.get_name());
        }
        let command = Cli::command();
        let policy = command.find_subcommand("policy").unwrap();
        for verb in policy.get_subcommands().map(clap::Command::get_name) {
            assert!(named(&format!("policy {verb}")), "policy {verb} is not in docs/manual/cli.md");
        }
    }
}
