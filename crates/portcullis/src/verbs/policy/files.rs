//! Where the scenario and the site file are, and how they are read: bounded, and with one line for what is wrong.

use super::{paint, refused};
use crate::cli::Place;
use crate::exit::Exit;
use clap::Args;
use model::{Clock as _, Failure, Kind, SystemClock};
use policy::diagnostic::{Code, Diagnostic};
use policy::document::Site;
use policy::evaluate::Evaluator;
use policy::plan::Plan;
use policy::read::Document;
use policy::yaml::MAX_BYTES;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The directory beside `portcullis.toml` that both files stand in.
pub const DIRECTORY: &str = "policy";
/// The scenario's name there.
pub const SCENARIO: &str = "scenario.yaml";
/// The site file's.
pub const SITE: &str = "site.yaml";

/// Which files.
#[derive(Clone, Debug, Args)]
pub struct Files {
    /// The scenario; by default `policy/scenario.yaml` beside `portcullis.toml`.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    #[command(flatten)]
    pub site: SiteFile,
}

/// Which site file.
#[derive(Clone, Debug, Args)]
pub struct SiteFile {
    /// The site file; by default `policy/site.yaml` beside `portcullis.toml`.
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

/// A file's bytes, and the name that diagnostics tell.
pub struct Content {
    /// The name.
    pub name: String,
    /// The bytes; one more than may be, if there are more.
    pub bytes: Vec<u8>,
}

impl Content {
    /// As the policy's functions take it.
    pub fn pair(&self) -> (&[u8], &str) {
        (&self.bytes, &self.name)
    }
}

impl Files {
    /// Reads the scenario.
    pub fn scenario(&self) -> Result<Content, Exit> {
        let default = || beside(&self.site.place, SCENARIO);
        read("--policy", &self.policy.clone().unwrap_or_else(default))
    }
}

impl SiteFile {
    /// Reads the site file.
    pub fn content(&self) -> Result<Content, Exit> {
        read("--site", &self.site.clone().unwrap_or_else(|| beside(&self.place, SITE)))
    }

    /// The same, where it can be done without: `None` if none is named and none is beside the configuration.
    pub fn content_if_any(&self) -> Result<Option<Content>, Exit> {
        let is_there = self.site.is_some() || beside(&self.place, SITE).exists();
        is_there.then(|| self.content()).transpose()
    }
}

/// A file of the policy, beside the configuration.
pub fn beside(place: &Place, name: &str) -> PathBuf {
    let config = place.config_file();
    config.parent().unwrap_or(Path::new(".")).join(DIRECTORY).join(name)
}

/// Reads a file, one byte further than it may be long.
pub fn read(option: &str, path: &Path) -> Result<Content, Exit> {
    let name = path.display().to_string();
    let way = if option.starts_with("--") { format!("with {option}") } else { format!("as {option}") };
    let hint = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!(
                "name it {way}; `portcullis init` writes an example, and docs/manual/policy.md says what it holds"
            )
        }
        std::io::ErrorKind::PermissionDenied => "let this user read it, or run as another one".to_owned(),
        std::io::ErrorKind::IsADirectory => format!("name a file {way}"),
        _ => format!("name another file {way}"),
    };
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes));
    match opened {
        Ok(_) => Ok(Content { name, bytes }),
        Err(error) => Err(refused("read", &name, &error.to_string(), &hint(&error))),
    }
}

/// Both files, read and bound: what can be asked.
pub struct Bound {
    /// The site.
    pub site: Document<Site>,
    /// What answers.
    pub evaluator: Evaluator,
}

/// Binds two files, or tells what keeps them from being bound.
pub fn bind(scenario: &Content, site: &Content, json: bool) -> Result<Bound, Exit> {
    let scenario = policy::read::parse_scenario(&scenario.bytes, &scenario.name);
    let site = policy::read::parse_site(&site.bytes, &site.name);
    let told = policy::check::read_of(&scenario, &site);
    let (Some(scenario_document), Some(site_document)) = (scenario.document, site.document) else {
        return Err(unreadable(&told, json));
    };
    match policy::check::bound(&scenario_document, &site_document) {
        Ok(plan) => Ok(Bound { evaluator: Evaluator::new(&plan), site: site_document }),
        Err(told) => Err(unreadable(&told, json)),
    }
}

/// The files that the options name, bound; refused where a check finds errors in them, because an answer about rules that
/// can never be enforced leads astray. A test that does not hold is no such error: it is asked about to find out why.
pub fn bound(files: &Files, json: bool) -> Result<Bound, Exit> {
    let (scenario, site) = (files.scenario()?, files.site.content()?);
    let mut told = policy::check::files(scenario.pair(), site.pair(), terms()).diagnostics;
    told.retain(|one| one.code != Code::FailedTest);
    if policy::read::has_error(&told) { Err(unreadable(&told, json)) } else { bind(&scenario, &site, json) }
}

/// A plan that may be enforced, or the errors that forbid it.
pub fn enforceable(files: &Files, json: bool) -> Result<Plan, Exit> {
    let (scenario, site) = (files.scenario()?, files.site.content()?);
    let checked = policy::check::files(scenario.pair(), site.pair(), terms());
    checked.plan.ok_or_else(|| unreadable(&checked.diagnostics, json))
}

/// What documents are held against.
pub fn terms() -> policy::check::Terms {
    policy::check::Terms::new(SystemClock.now().to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// Tells the errors on standard error and gives the exit.
fn unreadable(told: &[Diagnostic], json: bool) -> Exit {
    let errors: Vec<&Diagnostic> =
        told.iter().filter(|one| one.severity == policy::diagnostic::Severity::Error).collect();
    let count = errors.len();
    let plural = if count == 1 { "" } else { "s" };
    let what = format!("{count} error{plural} in these files; correct them first");
    let hint = "`portcullis policy check` tells everything";
    if json {
        let failure = Failure::new(Kind::Invalid, "read", "the policy", what).hint(hint);
        eprintln!("{}", serde_json::json!({ "error": failure, "diagnostics": errors }));
        return Exit::Wrong(Vec::new());
    }
    for error in &errors {
        eprintln!("{}", paint::diagnostic(error, None, paint::Colours::of_errors()));
    }
    Exit::Wrong(vec![format!("{what}: {hint}")])
}
