//! Both documents, bound to a plan that answers; and what is to be told about them.

use crate::book::Book;
use ::policy::assertion;
use ::policy::check::{Terms, documents, read_of};
use ::policy::diagnostic::{Diagnostic, Severity};
use ::policy::document::{Scenario, Site};
use ::policy::drawing::{Drawing, draw};
use ::policy::evaluate::Evaluator;
use ::policy::plan::Plan;
use ::policy::reach::picture;
use ::policy::read::{Document, Reading, parse_scenario, parse_site};
use ::policy::shipped::{SCENARIO_FILE, SITE_FILE};
use jiff::civil::Date;
use std::net::IpAddr;
use std::sync::OnceLock;
use store::PolicyTexts;

/// A version that can be asked.
#[derive(Debug)]
pub struct Bound {
    /// The scenario, as it was read.
    pub scenario: Scenario,
    /// The site, as it was read.
    pub site: Site,
    /// What answers.
    pub evaluator: Evaluator,
    /// The picture of zones, once somebody has asked for it: of a large policy it takes a while.
    drawing: OnceLock<Drawing>,
}

impl Bound {
    /// Reads and binds both documents. What is only unwise does not keep them from being asked.
    ///
    /// # Errors
    /// What keeps them from being read or bound.
    pub fn new(texts: &PolicyTexts) -> Result<Self, Vec<Diagnostic>> {
        let (scenario, site) = read(texts)?;
        let plan = Plan::bind(&scenario.content, &site.content).map_err(|problems| {
            problems.into_iter().map(|it| it.locate(&scenario.places, &site.places)).collect::<Vec<_>>()
        })?;
        let evaluator = Evaluator::new(&plan);
        Ok(Self { scenario: scenario.content, site: site.content, evaluator, drawing: OnceLock::new() })
    }

    /// The zones and what passes between them, laid out.
    pub(super) fn drawing(&self) -> &Drawing {
        self.drawing.get_or_init(|| draw(&picture(&self.evaluator)))
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        self.evaluator.plan()
    }
}

/// What came of checking two documents.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What is to be told, by file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// What became of the site's tests; empty where they could not be asked.
    pub tests: Vec<assertion::Outcome>,
}

impl Checked {
    /// Whether something forbids to enforce the documents; a test that fails does.
    #[must_use]
    pub fn has_error(&self) -> bool {
        self.diagnostics.iter().any(|told| told.severity == Severity::Error)
    }
}

/// Checks two documents and asks the site's tests. `known` gives the addresses of a device by its name: tests may name
/// devices as well as the site's own hosts.
pub fn check(texts: &PolicyTexts, today: Date, known: impl Fn(&str) -> Vec<IpAddr>) -> Checked {
    let (scenario, site) = readings(texts);
    let mut diagnostics = read_of(&scenario, &site);
    let (Some(scenario), Some(mut site)) = (scenario.document, site.document) else {
        return Checked { diagnostics, tests: Vec::new() };
    };
    add_devices(&mut site.content, known);
    diagnostics.extend(documents(&scenario, &site, Terms::new(today)));
    let key = |d: &Diagnostic| (d.file.clone(), d.line, d.column, d.severity);
    diagnostics.sort_by_key(key);
    diagnostics.dedup();
    let plan = Plan::bind(&scenario.content, &site.content);
    let tests = plan.map_or_else(
        |_| Vec::new(),
        |plan| assertion::run(&Evaluator::new(&plan), &site.content.tests, &site.content.hosts),
    );
    Checked { diagnostics, tests }
}

/// The devices that the site's tests name; the site's own hosts go before.
fn add_devices(site: &mut Site, known: impl Fn(&str) -> Vec<IpAddr>) {
    let ends: Vec<String> = site.tests.iter().flat_map(|test| [test.from.clone(), test.to.clone()]).collect();
    for end in ends {
        let is_known = end == "appliance"
            || end.trim().parse::<IpAddr>().is_ok()
            || site.hosts.contains_key(&end)
            || site.zones.contains_key(&end);
        let found = if is_known { Vec::new() } else { known(&end) };
        if !found.is_empty() {
            site.hosts.insert(end, found);
        }
    }
}

fn readings(texts: &PolicyTexts) -> (Reading<Scenario>, Reading<Site>) {
    (parse_scenario(texts.scenario.as_bytes(), SCENARIO_FILE), parse_site(texts.site.as_bytes(), SITE_FILE))
}

fn read(texts: &PolicyTexts) -> Result<(Document<Scenario>, Document<Site>), Vec<Diagnostic>> {
    let (scenario, site) = readings(texts);
    let told = read_of(&scenario, &site);
    scenario.document.zip(site.document).ok_or(told)
}

/// The addresses of a device, by its name or identifier.
pub fn addresses(book: &Book, name: &str) -> Vec<IpAddr> {
    book.named(name).map(|device| vec![device.endpoint.addr.to_canonical()]).unwrap_or_default()
}
