//! `portcullis check`: what is wrong with the configuration and the policy beside it, before the appliance is started.

use crate::cli::Place;
use crate::config::{Problem, read};
use crate::exit::Exit;
use crate::output;
use crate::verbs::policy::check::{self, Report};
use crate::verbs::policy::files::{SCENARIO, SITE, SiteFile, beside, read as read_policy};
use crate::verbs::policy::paint::{self, Colours};
use policy::diagnostic::Severity;

/// Runs the verb.
pub fn run(place: &Place, json: bool) -> Result<(), Exit> {
    let file = place.config_file();
    let found = read(&file).err().unwrap_or_default();
    let policy = policy(place)?;
    let is_wrong = !found.is_empty() || policy.as_ref().is_some_and(|report| report.errors > 0);
    if json {
        output::show(true, &serde_json::json!({ "problems": found, "policy": policy }), |_| String::new())?;
        return if is_wrong { Err(Exit::Wrong(Vec::new())) } else { Ok(()) };
    }
    if found.is_empty() {
        println!("{}: nothing is wrong", file.display());
    }
    if let Some(report) = &policy {
        paint::print(&told(report));
    }
    match (found.is_empty(), is_wrong) {
        (true, false) => Ok(()),
        (true, true) => Err(Exit::Wrong(Vec::new())),
        _ => Err(problems(found)),
    }
}

/// The policy beside the configuration, if there is one; it is needed by nothing before it is applied.
fn policy(place: &Place) -> Result<Option<Report>, Exit> {
    let scenario = beside(place, SCENARIO);
    if !scenario.exists() && !beside(place, SITE).exists() {
        return Ok(None);
    }
    let scenario = read_policy("--policy", &scenario)?;
    let site = SiteFile { site: None, place: place.clone() }.content_if_any()?;
    Ok(Some(check::judge(&scenario, site.as_ref())))
}

/// The errors, and how much else `policy check` would tell.
fn told(report: &Report) -> String {
    let colours = Colours::of_output();
    let errors = report.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let errors: Vec<String> = errors.map(|one| paint::diagnostic(one, None, colours)).collect();
    let more = if report.warnings + report.notes > 0 { "; `portcullis policy check` tells all" } else { "" };
    [errors, vec![format!("{}{more}", check::summary(report, colours))]].concat().join("\n")
}

/// The problems as the exit that ends the program.
pub fn problems(problems: Vec<Problem>) -> Exit {
    Exit::Wrong(problems.iter().map(ToString::to_string).collect())
}
