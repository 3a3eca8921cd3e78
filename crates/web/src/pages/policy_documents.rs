//! Both documents with what is told about them beside their lines, and a form to propose others.

use super::policy::{Looked, May, Wanted, which};
use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::Fields;
use crate::session::Session;
use crate::view::frame::{Area, Frame};
use crate::view::policy::Standing;
use crate::view::policy_lines::{Sheet, counts};
use askama::Template;
use axum::extract::{Query as Asked, State};
use control::policy::{Checked, Diagnostic, SCENARIO_FILE, SITE_FILE};
use model::command::policy::Propose;

#[derive(Template)]
#[template(path = "policy_documents.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    standing: Standing,
    may: May,
    sheets: [Sheet; 2],
    tests: Tests,
}

/// What became of the site's tests.
pub(crate) struct Tests {
    pub passed: usize,
    pub failed: Vec<(String, String)>,
}

impl Tests {
    pub(crate) fn of(checked: &Checked) -> Self {
        let failed =
            checked.tests.iter().filter_map(|test| Some((test.question.clone(), test.failure.clone()?)));
        let failed: Vec<(String, String)> = failed.collect();
        Self { passed: checked.tests.len() - failed.len(), failed }
    }
}

pub(crate) fn sheets(scenario: &str, site: &str, told: &[Diagnostic]) -> [Sheet; 2] {
    [
        Sheet::new("scenario", "Scenario", SCENARIO_FILE, scenario, told),
        Sheet::new("site", "Site", SITE_FILE, site, told),
    ]
}

/// `GET /policy/documents`.
pub(crate) async fn show(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let which = which(wanted.version())?;
    let actor = &session.actor;
    let documents = app.policies.documents(actor, which).await?;
    let checked = app.policies.checked(actor, which).await?;
    page(&Page {
        frame: app.frame(&session, "Documents of the policy", Area::Policy),
        tab: "documents",
        looked: Looked::new(wanted.version(), which, documents.version.as_ref()),
        standing: Standing::of(&app.policies.status(actor).await?),
        may: May::of(&app, &session),
        sheets: sheets(&documents.scenario, &documents.site, &checked.diagnostics),
        tests: Tests::of(&checked),
    })
}

#[derive(Template)]
#[template(path = "policy_propose.html")]
struct ProposePage {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    standing: Standing,
    may: May,
    scenario: String,
    site: String,
    note: String,
    checked: Option<Seen>,
}

/// What was told about documents that are not kept.
struct Seen {
    sheets: [Sheet; 2],
    tests: Tests,
    counts: String,
    has_error: bool,
}

/// `GET /policy/propose`.
pub(crate) async fn form(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let which = which(wanted.version())?;
    let actor = &session.actor;
    app.door.check(actor, model::Action::PolicyPropose, &model::Object::Appliance)?;
    let documents = app.policies.documents(actor, which).await?;
    page(&ProposePage {
        frame: app.frame(&session, "Propose a policy", Area::Policy),
        tab: "documents",
        looked: Looked::new(wanted.version(), which, documents.version.as_ref()),
        standing: Standing::of(&app.policies.status(actor).await?),
        may: May::of(&app, &session),
        scenario: documents.scenario,
        site: documents.site,
        note: String::new(),
        checked: None,
    })
}

/// `POST /policy/propose`: checks what was sent, and keeps it if that was asked for and nothing forbids it.
pub(crate) async fn propose(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let actor = &session.actor;
    let document = |name: &str| fields.secret(name).expose().replace("\r\n", "\n");
    let (scenario, site, note) = (document("scenario"), document("site"), fields.text("note").to_owned());
    let checked = app.policies.check_texts(actor, Some(scenario.clone()), Some(site.clone())).await?;
    if fields.text("do") == "keep" && !checked.has_error() {
        let command = Propose { scenario: Some(scenario), site: Some(site), note };
        let version = app.door.run(actor, &app.policies, command).await?;
        return Ok(see(&format!("/policy/diff?new={}", version.number)));
    }
    let all: Vec<&Diagnostic> = checked.diagnostics.iter().collect();
    let seen = Seen {
        counts: counts(&all),
        has_error: checked.has_error(),
        sheets: sheets(&scenario, &site, &checked.diagnostics),
        tests: Tests::of(&checked),
    };
    page(&ProposePage {
        frame: app.frame(&session, "Propose a policy", Area::Policy),
        tab: "documents",
        looked: Looked::unkept(),
        standing: Standing::of(&app.policies.status(actor).await?),
        may: May::of(&app, &session),
        scenario,
        site,
        note,
        checked: Some(seen),
    })
}
