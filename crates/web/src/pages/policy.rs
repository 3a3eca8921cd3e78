//! The policy: how it stands, its rules, the picture of zones, and a question box.

use crate::answer::{Answer, Refusal, page};
use crate::app::App;
use crate::fields::invalid;
use crate::session::Session;
use crate::view::Time;
use crate::view::frame::{Area, Frame};
use crate::view::policy::{LANGUAGE, RuleRow, Standing, Told, rules};
use crate::view::policy_hits::{CostRow, costs, oldest};
use askama::Template;
use axum::extract::{Query as Asked, State};
use control::policy::ask::Written;
use control::policy::drawing::Drawing;
use control::policy::status::Status;
use control::policy::{Which, in_language};
use model::enforcement::{Version, VersionState};
use model::{Action, Failure, Kind};
use serde::Deserialize;

/// What somebody may do here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct May {
    pub propose: bool,
    pub apply: bool,
    pub confirm: bool,
    pub revert: bool,
    pub repair: bool,
}

impl May {
    pub(crate) fn of(app: &App, session: &Session) -> Self {
        let may = |action| app.may(&session.actor, action);
        Self {
            propose: may(Action::PolicyPropose),
            apply: may(Action::PolicyApply),
            confirm: may(Action::PolicyConfirm),
            revert: may(Action::PolicyRevert),
            repair: may(Action::PolicyRepair),
        }
    }
}

/// Which version is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    /// `version 3, draft`, or `the policy that ships with the product`.
    pub words: String,
    /// For links: empty, or `?version=…`.
    pub query: String,
}

impl Looked {
    pub(crate) fn new(text: &str, which: Which, version: Option<&Version>) -> Self {
        let words = version.map_or_else(
            || "the policy that ships with the product".to_owned(),
            |version| format!("version {}, {}", version.number, version.state),
        );
        let query = if which == Which::Current { String::new() } else { format!("?version={text}") };
        Self { words, query }
    }

    /// Documents that are not kept.
    pub(crate) fn unkept() -> Self {
        Self { words: "not kept yet".into(), query: String::new() }
    }
}

/// Which version is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    version: String,
}

impl Wanted {
    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}

/// `current`, `shipped` or a number; nothing is the current one.
pub(crate) fn which(text: &str) -> Result<Which, Refusal> {
    if text.is_empty() {
        Ok(Which::Current)
    } else {
        text.parse().map_err(|cause: String| invalid("version", cause))
    }
}

#[derive(Template)]
#[template(path = "policy.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    title: String,
    standing: Standing,
    may: May,
    rules: Vec<RuleRow>,
    /// Packets that no rule decided, by reason.
    others: Vec<(String, u64)>,
    /// Since when hits are counted at the longest.
    counted: Option<Time>,
    /// What rules that only log would have cost.
    costs: Vec<CostRow>,
    drawing: Drawing,
    threat: Option<Threat>,
    question: Question,
    told: Option<Told>,
    problem: Option<Failure>,
}

struct Threat {
    summary: String,
    goal: String,
    controls: Vec<String>,
    techniques: Vec<control::policy::scenario::Technique>,
    references: Vec<Reference>,
}

struct Reference {
    title: String,
    url: String,
    retrieved: String,
    endpoints: String,
}

/// What is in the question box.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    from: String,
    to: String,
    service: String,
    version: String,
}

/// `GET /policy`.
pub(crate) async fn show(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let which = which(&wanted.version)?;
    let actor = &session.actor;
    let status = app.policies.status(actor).await?;
    let (version, bound) = app.policies.plan(actor, which).await?;
    let scenario = &bound.scenario;
    let now = app.now();
    let since = in_force(&status, version.as_ref());
    page(&Page {
        frame: app.frame(&session, "Policy", Area::Policy),
        tab: "rules",
        looked: Looked::new(&wanted.version, which, version.as_ref()),
        title: in_language(&scenario.title, LANGUAGE).unwrap_or_else(|| scenario.id.clone()),
        standing: Standing::of(&status),
        may: May::of(&app, &session),
        rules: rules(&bound, &status.hits, since, now),
        counted: oldest(&status.hits, now).filter(|_| since.is_some()),
        costs: if since.is_some() { costs(&status.shadow, now) } else { Vec::new() },
        others: if since.is_some() { others(&status) } else { Vec::new() },
        drawing: app.policies.drawing(actor, which).await?,
        threat: threat(scenario),
        question: Question { version: wanted.version, ..Question::default() },
        told: None,
        problem: None,
    })
}

/// Since when a version is in force; none where it is not.
fn in_force(status: &Status, version: Option<&Version>) -> Option<jiff::Timestamp> {
    let version = version?;
    match version.state {
        VersionState::Confirmed if status.trial.is_none() => version.confirmed_at,
        VersionState::Candidate if status.trial.is_some() => version.applied_at,
        _ => None,
    }
}

fn others(status: &Status) -> Vec<(String, u64)> {
    let undecided = status.hits.iter().filter(|hits| hits.rule.is_none());
    undecided.map(|hits| (crate::view::spaced(&hits.app_id), hits.packets)).collect()
}

fn threat(scenario: &control::policy::Scenario) -> Option<Threat> {
    let model = scenario.threat_model.as_ref()?;
    let references = scenario.references.iter().map(|it| Reference {
        title: [&it.vendor, &it.product, &it.title].map(String::as_str).join(" ").trim().to_owned(),
        url: it.url.clone(),
        retrieved: it.retrieved.map_or_else(|| "not said".to_owned(), |date| date.to_string()),
        endpoints: it.endpoints.join(", "),
    });
    Some(Threat {
        summary: in_language(&model.summary, LANGUAGE).unwrap_or_default(),
        goal: in_language(&model.attacker_goal, LANGUAGE).unwrap_or_default(),
        controls: model.key_controls.iter().map(|control| crate::view::spaced(control)).collect(),
        techniques: scenario.mitre_attack.clone(),
        references: references.collect(),
    })
}

#[derive(Template)]
#[template(path = "policy_ask.html")]
struct AskPage {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    standing: Standing,
    may: May,
    question: Question,
    told: Option<Told>,
    problem: Option<Failure>,
}

/// `GET /policy/ask`: the question box, and what came of it.
pub(crate) async fn ask(
    State(app): State<App>,
    session: Session,
    Asked(question): Asked<Question>,
) -> Answer {
    let which = which(&question.version)?;
    let actor = &session.actor;
    let status = app.policies.status(actor).await?;
    let (version, _) = app.policies.plan(actor, which).await?;
    let is_asked = [&question.from, &question.to, &question.service].iter().any(|text| !text.is_empty());
    let (mut told, mut problem) = (None, None);
    if is_asked {
        let written = Written {
            from: question.from.clone(),
            to: question.to.clone(),
            service: Some(question.service.clone()),
            ..Written::default()
        };
        match app.policies.ask(actor, which, written, LANGUAGE).await {
            Ok(answers) => told = Some(Told::of(&answers)),
            Err(failure) if failure.kind == Kind::Invalid => problem = Some(failure),
            Err(failure) => return Err(failure.into()),
        }
    }
    page(&AskPage {
        frame: app.frame(&session, "Ask the policy", Area::Policy),
        tab: "ask",
        looked: Looked::new(&question.version, which, version.as_ref()),
        standing: Standing::of(&status),
        may: May::of(&app, &session),
        question,
        told,
        problem,
    })
}
