//! What is wrong with a scenario and its site, or worth knowing about them; one file for each family.
//!
//! | module | mistakes about |
//! |---|---|
//! | [`applications`] | services, multicast, clear text, names that may be reached |
//! | [`assertions`] | what must hold |
//! | [`dependencies`] | what an application cannot do without |
//! | [`documents`] | versions, names, languages, techniques |
//! | [`flows`] | time, logs, directory, clear text that was forgotten, loud drops |
//! | [`inspection`] | profiles and decryption |
//! | [`order`] | rules that never decide, or only by their order |
//! | [`passage`] | direction, inside a zone, routing, limits |
//! | [`people`] | groups, key controls, locking out |
//! | [`prose`] | rationales that contradict the table |
//! | [`references`] | where facts come from |
//! | [`zones`] | networks, interfaces, addresses |

mod applications;
mod assertions;
mod dependencies;
mod documents;
mod flows;
mod inspection;
mod known;
mod order;
mod passage;
mod people;
mod prose;
mod references;
mod tokens;
mod zones;

use crate::diagnostic::{Code, Diagnostic, Problem, Which, steps};
use crate::document::words::Action;
use crate::document::{Scenario, Site, scenario, site};
use crate::plan::Plan;
use crate::read::{Document, Reading, has_error, parse_scenario, parse_site, sort};
use crate::service::Service;
use crate::yaml::{Node, Places, Step};
use jiff::civil::Date;

/// How many rules a scenario may have, and how many entries each list of a site that is compared with them.
pub const MAX_RULES: usize = 1_000;

/// What a check is held against beside the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Today.
    pub today: Date,
    /// After how many months a reference has to be read anew.
    pub months: u32,
}

impl Terms {
    /// References are to be read anew after a year.
    #[must_use]
    pub const fn new(today: Date) -> Self {
        Self { today, months: 12 }
    }
}

/// What came of two files.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The scenario, as far as it could be read without an error.
    pub scenario: Option<Document<Scenario>>,
    /// The site, the same.
    pub site: Option<Document<Site>>,
    /// What is to be told, by file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// What they come to, if there is no error.
    pub plan: Option<Plan>,
}

/// Reads, checks and binds two files. The names are the ones that diagnostics tell.
#[must_use]
pub fn files(scenario: (&[u8], &str), site: (&[u8], &str), terms: Terms) -> Checked {
    let scenario = parse_scenario(scenario.0, scenario.1);
    let site = parse_site(site.0, site.1);
    let mut diagnostics = read_of(&scenario, &site);
    let mut plan = None;
    if let (Some(scenario), Some(site)) = (&scenario.document, &site.document) {
        diagnostics.extend(documents(scenario, site, terms));
        if !has_error(&diagnostics) {
            plan = Plan::bind(&scenario.content, &site.content).ok();
        }
    }
    sort(&mut diagnostics);
    Checked { scenario: scenario.document, site: site.document, diagnostics, plan }
}

/// What was told while two files were read. Two that stand in each other's place are told in one sentence, not in a hundred.
#[must_use]
pub fn read_of(scenario: &Reading<Scenario>, site: &Reading<Site>) -> Vec<Diagnostic> {
    let has = |places: &Places, wanted: [&str; 2]| {
        let keys = places.node(&[]).map(Node::keys).unwrap_or_default();
        wanted.iter().all(|key| keys.contains(key))
    };
    let is_swapped = scenario.document.is_none()
        && site.document.is_none()
        && has(&scenario.places, ["zones", "applications"])
        && has(&site.places, ["id", "rules"]);
    if is_swapped {
        let what = format!("these look swapped: this is a site file, and {} is a scenario", site.places.file);
        let hint = "name the scenario with --policy and the site file with --site".to_owned();
        let place = scenario.places.of(&[]);
        return vec![Diagnostic::new(Code::SwappedFiles, &scenario.places.file, place, what, hint)];
    }
    scenario.diagnostics.iter().chain(&site.diagnostics).cloned().collect()
}

/// Reads a scenario and tells what can be told of it without a site: nothing about zones, services and people.
#[must_use]
pub fn scenario_alone(bytes: &[u8], file: &str, terms: Terms) -> Vec<Diagnostic> {
    let Reading { document, mut diagnostics, places } = parse_scenario(bytes, file);
    if let Some(scenario) = document.map(|document| document.content) {
        let version = scenario.schema_version.clone();
        let site = Site { schema_version: version, scenario: scenario.id.clone(), ..Site::default() };
        let look = Look { scenario: &scenario, site: &site, terms };
        let mut found = Found::default();
        too_many(&look, &mut found);
        if found.0.is_empty() {
            documents::look(&look, &mut found);
            references::look(&look, &mut found);
        }
        let told = found.0.into_iter().filter(|problem| problem.spot.which == Which::Scenario);
        diagnostics.extend(told.map(|problem| problem.locate(&places, &places)));
    }
    sort(&mut diagnostics);
    diagnostics
}

/// Binds two documents for questions: what merely must not be enforced can be asked about nevertheless.
///
/// # Errors
/// What keeps them from being bound at all.
pub fn bound(scenario: &Document<Scenario>, site: &Document<Site>) -> Result<Plan, Vec<Diagnostic>> {
    let mut found = Found::default();
    let terms = Terms::new(Date::ZERO);
    too_many(&Look { scenario: &scenario.content, site: &site.content, terms }, &mut found);
    let unbound = match Plan::bind(&scenario.content, &site.content) {
        Ok(plan) if found.0.is_empty() => return Ok(plan),
        Ok(_) => found.0,
        Err(unbound) => found.0.into_iter().chain(unbound).collect(),
    };
    let mut told: Vec<Diagnostic> =
        unbound.into_iter().map(|problem| problem.locate(&scenario.places, &site.places)).collect();
    sort(&mut told);
    Err(told)
}

/// What is to be told about two documents, by file and line.
#[must_use]
pub fn documents(scenario: &Document<Scenario>, site: &Document<Site>, terms: Terms) -> Vec<Diagnostic> {
    let problems = problems(&scenario.content, &site.content, terms);
    let mut told: Vec<Diagnostic> =
        problems.into_iter().map(|problem| problem.locate(&scenario.places, &site.places)).collect();
    sort(&mut told);
    told
}

/// The same for documents that were not read from text.
#[must_use]
pub fn problems(scenario: &Scenario, site: &Site, terms: Terms) -> Vec<Problem> {
    let look = Look { scenario, site, terms };
    let mut found = Found::default();
    too_many(&look, &mut found);
    if !found.0.is_empty() {
        return found.0;
    }
    if let Err(unbound) = Plan::bind(scenario, site) {
        found.0.extend(unbound);
    }
    for family in [
        documents::look,
        references::look,
        zones::look,
        applications::look,
        order::look,
        dependencies::look,
        inspection::look,
        passage::look,
        people::look,
        flows::look,
        prose::look,
        assertions::look,
    ] {
        family(&look, &mut found);
    }
    found.0
}

/// What is compared with each other is bounded, so that a check takes bounded time.
fn too_many(look: &Look<'_>, found: &mut Found) {
    let Look { scenario, site, .. } = look;
    let of_rules = |count: fn(&scenario::Rule) -> usize| scenario.rules.iter().map(count).sum::<usize>();
    for (what, count, most) in [
        ("rules", scenario.rules.len(), MAX_RULES),
        ("dependencies of rules", of_rules(|rule| rule.application.depends_on.len()), 5 * MAX_RULES),
        ("sources of rules", of_rules(|rule| rule.zones.from.len()), 5 * MAX_RULES),
    ] {
        if count > most {
            let what = format!("there are {count} {what}, and {most} can be checked");
            found.scenario(Code::TooMany, steps!["rules"], what, "let one rule do the work of several");
        }
    }
    for (field, count) in [
        ("zones", site.zones.len()),
        ("applications", site.applications.len()),
        ("domains", site.domains.len()),
        ("groups", site.groups.len()),
        ("compensating_controls", site.compensating_controls.len()),
        ("routed", site.routed.iter().map(|routed| routed.applications.len().max(1)).sum()),
        ("shadow", site.shadow.len()),
        ("traffic_classes", site.traffic_classes.len()),
        ("links", site.links.len()),
        ("tests", site.tests.len()),
    ] {
        if count > MAX_RULES {
            let what = format!("there are {count} {field}, and {MAX_RULES} can be checked");
            found.site(Code::TooMany, steps![field], what, "leave out what no rule needs");
        }
    }
}

/// What has been found so far.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn scenario(&mut self, code: Code, path: Vec<Step>, what: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Problem::new(code, Which::Scenario, path, what.into(), hint));
    }

    fn site(&mut self, code: Code, path: Vec<Step>, what: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Problem::new(code, Which::Site, path, what.into(), hint));
    }

    /// The last one is meant for the key.
    fn at_key(&mut self) {
        if let Some(last) = self.0.pop() {
            self.0.push(last.at_key());
        }
    }

    /// The last one is meant for these words.
    fn at_words(&mut self, words: &str) {
        if let Some(last) = self.0.pop() {
            self.0.push(last.at_words(words));
        }
    }
}

/// What is looked at.
struct Look<'a> {
    scenario: &'a Scenario,
    site: &'a Site,
    terms: Terms,
}

impl<'a> Look<'a> {
    /// The rules, with their places.
    fn rules(&self) -> impl Iterator<Item = (usize, &'a scenario::Rule)> + use<'a> {
        self.scenario.rules.iter().enumerate()
    }

    fn allowing(&self) -> impl Iterator<Item = (usize, &'a scenario::Rule)> + use<'a> {
        self.rules().filter(|(_, rule)| rule.action == Action::Allow)
    }

    /// The appliance's zone.
    fn home(&self) -> &'a str {
        &self.site.appliance.zone
    }

    fn application(&self, app_id: &str) -> Option<&'a site::Application> {
        self.site.applications.get(app_id)
    }

    /// What an application is on the wire; nothing if the site does not say.
    fn services(&self, app_id: &str) -> &'a [Service] {
        self.application(app_id).map(|application| application.services.as_slice()).unwrap_or_default()
    }

    fn zone(&self, name: &str) -> Option<&'a site::Zone> {
        self.site.zones.get(name)
    }

    /// Whether a zone is the Internet: by its name, or because it is everything else.
    fn is_internet(&self, name: &str) -> bool {
        name == "internet"
            || self
                .zone(name)
                .is_some_and(|zone| zone.networks.iter().any(|network| network.prefix_len() == 0))
    }

    /// Whether a rule names this zone.
    fn is_used(&self, zone: &str) -> bool {
        self.rules().any(|(_, rule)| rule.zones.to == zone || rule.zones.from.iter().any(|from| from == zone))
    }

    fn has_rule_for(&self, app_id: &str) -> bool {
        self.rules().any(|(_, rule)| rule.application.app_id == app_id)
    }
}

/// How a rule is named to people.
fn named(index: usize, rule: &scenario::Rule) -> String {
    format!("rule {index} ({})", rule.application.app_id)
}

#[cfg(test)]
mod tests;
