//! Versions of the policy, what one changes, and its way into the kernel: put on trial, confirmed or taken back.

use super::confirm::Confirm as Sure;
use super::policy::{Looked, May, which};
use super::policy_documents::Tests;
use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::Fields;
use crate::session::{CameOver, From, Session};
use crate::view::Time;
use crate::view::frame::{Area, Frame};
use crate::view::policy::{LANGUAGE, One, Standing, Told};
use crate::view::policy_lines::counts;
use askama::Template;
use axum::extract::{Query as Asked, State};
use control::policy::ask::Written;
use control::policy::status::Status;
use control::policy::{Change, Which};
use model::command::policy::{Apply, Confirm, Repair, Revert};
use model::enforcement::{Version, VersionState};
use model::{Action, Actor, Failure};
use serde::Deserialize;
use std::net::IpAddr;

/// So many changes are shown.
const MOST_CHANGES: usize = 200;

#[derive(Template)]
#[template(path = "policy_versions.html")]
struct Versions {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    standing: Standing,
    may: May,
    versions: Vec<VersionRow>,
}

struct VersionRow {
    number: u64,
    state: &'static str,
    is_held: bool,
    note: String,
    by: String,
    at: Time,
    confirmed: Option<String>,
    scenario: String,
    site: String,
}

/// `GET /policy/versions`.
pub(crate) async fn versions(State(app): State<App>, session: Session) -> Answer {
    let actor = &session.actor;
    let now = app.now();
    let row = |version: Version| VersionRow {
        number: version.number,
        state: version.state.word(),
        is_held: matches!(version.state, VersionState::Confirmed | VersionState::Candidate),
        note: version.note,
        by: version.proposed_by,
        at: Time::new(version.proposed_at, now),
        confirmed: version
            .confirmed_by
            .zip(version.confirmed_at)
            .map(|(by, at)| format!("{by}, {}", crate::view::shown(at))),
        scenario: version.scenario_sha256.chars().take(12).collect(),
        site: version.site_sha256.chars().take(12).collect(),
    };
    page(&Versions {
        frame: app.frame(&session, "Versions of the policy", Area::Policy),
        tab: "versions",
        looked: Looked::new("", Which::Current, None),
        standing: Standing::of(&app.policies.status(actor).await?),
        may: May::of(&app, &session),
        versions: app.policies.versions(actor).await?.into_iter().map(row).collect(),
    })
}

/// Which versions are compared; nothing is what is enforced, and the newest draft.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Between {
    old: String,
    new: String,
}

#[derive(Template)]
#[template(path = "policy_diff.html")]
struct Diff {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    standing: Standing,
    may: May,
    old: String,
    new: String,
    /// None where nothing was confirmed yet, so that there is nothing to compare with.
    changes: Option<Vec<Changed>>,
    more: usize,
    tests: Tests,
    counts: String,
    has_error: bool,
    /// The version that can be put on trial.
    number: Option<u64>,
    /// Whether who asks can still ask then.
    reach: Option<Reach>,
    seconds: u32,
    longest: u32,
}

struct Changed {
    gained: bool,
    words: String,
}

/// Whether a browser's address may still reach the pages under another version.
struct Reach {
    from: IpAddr,
    is_local: bool,
    told: Option<One>,
}

/// `GET /policy/diff`: what a version changes, before it is put on trial.
pub(crate) async fn diff(
    State(app): State<App>,
    session: Session,
    From(from): From,
    Asked(wanted): Asked<Between>,
) -> Answer {
    let actor = &session.actor;
    let status = app.policies.status(actor).await?;
    let new = which(&wanted.new)?;
    let (version, _) = app.policies.plan(actor, new).await?;
    let looked = Looked::new(&wanted.new, new, version.as_ref());
    let old = match wanted.old.as_str() {
        "" => before(&app, actor, &status, version.as_ref()).await?,
        text => Some(which(text)?),
    };
    let (old_words, changes) = match old {
        None => ("nothing".to_owned(), None),
        Some(old) => {
            let (of, _) = app.policies.plan(actor, old).await?;
            let changes = app.policies.diff(actor, old, new).await?;
            (Looked::new("", old, of.as_ref()).words, Some(changes))
        }
    };
    let checked = app.policies.checked(actor, new).await?;
    let told: Vec<_> = checked.diagnostics.iter().collect();
    let can_try = |it: &&Version| matches!(it.state, VersionState::Draft | VersionState::Superseded);
    page(&Diff {
        frame: app.frame(&session, "What a version changes", Area::Policy),
        tab: "versions",
        new: looked.words.clone(),
        old: old_words,
        more: changes.as_ref().map_or(0, |all| all.len().saturating_sub(MOST_CHANGES)),
        changes: changes.map(|all| all.iter().take(MOST_CHANGES).map(changed).collect()),
        tests: Tests::of(&checked),
        counts: counts(&told),
        has_error: checked.has_error(),
        number: version.as_ref().filter(can_try).map(|it| it.number).filter(|_| status.trial.is_none()),
        reach: reach(&app, actor, new, from).await,
        standing: Standing::of(&status),
        may: May::of(&app, &session),
        seconds: control::policy::trial::TRIAL,
        longest: control::policy::trial::LONGEST_TRIAL,
        looked,
    })
}

/// What a version is compared with when nobody says: what is confirmed; of the confirmed one what was confirmed before it.
async fn before(
    app: &App,
    actor: &Actor,
    status: &Status,
    version: Option<&Version>,
) -> Result<Option<Which>, Failure> {
    let Some(confirmed) = &status.confirmed else { return Ok(None) };
    if version.is_none_or(|version| version.number != confirmed.number) {
        return Ok(Some(Which::Number(confirmed.number)));
    }
    let all = app.policies.versions(actor).await?;
    let was_in_force = all.iter().filter(|it| it.state == VersionState::Superseded);
    let last = was_in_force.max_by_key(|it| it.confirmed_at);
    Ok(last.map(|it| Which::Number(it.number)))
}

fn changed(change: &Change) -> Changed {
    Changed { gained: change.gained, words: change.to_string() }
}

/// Asks the version whether the address that asks may reach these pages. An answer that cannot be had is left out.
async fn reach(app: &App, actor: &Actor, which: Which, from: Option<IpAddr>) -> Option<Reach> {
    let from = from?;
    let port = app.config.listen.first().map_or(443, std::net::SocketAddr::port);
    let question = Written {
        from: from.to_string(),
        to: "appliance".into(),
        service: Some(format!("tcp/{port}")),
        ..Written::default()
    };
    let told =
        app.policies.ask(actor, which, question, LANGUAGE).await.ok().map(|answers| Told::of(&answers));
    Some(Reach { from, is_local: from.is_loopback(), told: told.map(|told| told.first) })
}

/// `POST /policy/apply`.
pub(crate) async fn apply(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let command = Apply { version: fields.parsed("version")?, seconds: fields.parsed("seconds")? };
    app.door.run(&session.actor, &app.policies, command).await?;
    Ok(see("/policy"))
}

/// `POST /policy/confirm`: over a connection that the policy on trial has let in.
pub(crate) async fn confirm(
    State(app): State<App>,
    session: Session,
    CameOver(over): CameOver,
    fields: Fields,
) -> Answer {
    let (version, local) = (fields.parsed("version")?, fields.text("local") == "true");
    if let Some(over) = over.filter(|_| !local)
        && app.may(&session.actor, Action::PolicyConfirm)
        && app.policies.is_local(version, over.from).await
    {
        return from_here(&app, &session, version, over.from);
    }
    let command = Confirm { version, over, local };
    app.door.run(&session.actor, &app.policies, command).await?;
    Ok(see("/policy"))
}

/// Asks once more of who asks from the appliance itself.
fn from_here(app: &App, session: &Session, version: u64, from: IpAddr) -> Answer {
    page(&Sure {
        frame: app.frame(session, &format!("Confirm version {version}"), Area::Policy),
        explanation: format!(
            "You ask from {from}, the appliance itself, which no rule locks out. Confirming from here does not prove that anybody else can still reach it."
        ),
        warning: Some("Confirm from where administrators work, if you can.".into()),
        action: "/policy/confirm".into(),
        fields: vec![("version", version.to_string()), ("local", "true".into())],
        expect: None,
        pacing: None,
        button: "Confirm it all the same".into(),
        back: "/policy".into(),
        devices: Vec::new(),
        more: 0,
    })
}

/// `POST /policy/revert`.
pub(crate) async fn revert(State(app): State<App>, session: Session, _fields: Fields) -> Answer {
    app.door.run(&session.actor, &app.policies, Revert {}).await?;
    Ok(see("/policy"))
}

/// `POST /policy/repair`.
pub(crate) async fn repair(State(app): State<App>, session: Session, _fields: Fields) -> Answer {
    app.door.run(&session.actor, &app.policies, Repair {}).await?;
    Ok(see("/policy"))
}
