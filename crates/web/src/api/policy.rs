//! The policy: versions, questions, and what is on trial and in force.

use super::extract::{Caller, Json, Path, Query, fits};
use super::refusal::{Answer, Refusal};
use crate::app::App;
use crate::session::CameOver;
use ::api::policy::{
    Answers, Applied, Apply, Change, Checked, ConfirmQuery, Cost, Documents, ExplainQuery, Hits, LogCount,
    Met, NewVersion, Pair, Picture, Plan, PlanRule, PolicyState, ReachQuery, Reached, Rendered, Schemas,
    Trial, VersionsQuery, WhichQuery,
};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use control::policy::ask::Written;
use control::policy::{Bound, Which};
use model::command::policy::{Apply as ApplyVersion, Confirm, Propose, Repair, Revert};
use model::enforcement::Version;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The longest note, and name in a question, in bytes.
pub(super) const LONGEST: usize = 500;

/// Say how the policy stands: what the kernel enforces, what is on trial, what the rules have counted.
#[utoipa::path(get, path = "/policy", tag = "policy", responses((status = 200, body = PolicyState)))]
pub(super) async fn show_policy(State(app): State<App>, Caller(actor): Caller) -> Answer<Shown<PolicyState>> {
    let status = app.policies.status(&actor).await?;
    Ok(Shown(PolicyState {
        enforced: status.enforced,
        program: status.program,
        confirmed: status.confirmed,
        trial: status.trial.map(|(version, seconds_left)| Trial { version, seconds_left }),
        disagreement: status.disagreement,
        drift: status.drift,
        earlier: status.earlier,
        hits: status.hits.into_iter().map(hits).collect(),
        shadow: status.shadow.into_iter().map(cost).collect(),
        pinholes: status.pinholes,
        polled: status.polled,
        quarantined: status.quarantined,
        strange: status.strange,
        log: LogCount { read: status.log.0, lost: status.log.1 },
    }))
}

fn hits(it: control::policy::Hits) -> Hits {
    let control::policy::Hits { rule, app_id, packets, bytes, since, last } = it;
    Hits { rule, app_id, packets, bytes, since, last }
}

fn cost(it: control::policy::Cost) -> Cost {
    let met = |it: control::policy::shadow::Met| Met { address: it.address, device: it.device };
    let pair = |it: control::policy::shadow::Pair| Pair {
        from: met(it.from),
        to: met(it.to),
        service: it.service,
        records: it.records,
        last: it.last,
    };
    Cost {
        hits: hits(it.hits),
        would: word(&it.would),
        pairs: it.pairs.into_iter().map(pair).collect(),
        others: it.others,
    }
}

/// List the policy's versions, newest first, without their documents.
#[utoipa::path(get, path = "/policy/versions", tag = "policy", responses((status = 200, body = Vec<Version>)))]
pub(super) async fn list_versions(
    State(app): State<App>,
    Caller(actor): Caller,
) -> Answer<Shown<Vec<Version>>> {
    Ok(Shown(app.policies.versions(&actor).await?))
}

/// Propose a version. It is checked, the site's tests are asked, and one with errors is refused.
#[utoipa::path(post, path = "/policy/versions", tag = "policy", request_body = NewVersion, responses((status = 201, body = Version)))]
pub(super) async fn propose_version(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(new): Json<NewVersion>,
) -> Answer<(StatusCode, Shown<Version>)> {
    fits("note", &new.note, LONGEST)?;
    let command = Propose { scenario: new.scenario, site: new.site, note: new.note };
    let version = app.door.run(&actor, &app.policies, command).await?;
    Ok((StatusCode::CREATED, Shown(version)))
}

/// Show a version's documents, as they were uploaded.
#[utoipa::path(get, path = "/policy/versions/{version}", tag = "policy", params(("version" = String, Path, description = "A number, `current` (on trial; else confirmed; else the newest draft) or `shipped`.")), responses((status = 200, body = Documents)))]
pub(super) async fn show_version(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(version): Path<String>,
) -> Answer<Shown<Documents>> {
    let control::policy::Documents { version, scenario, site } =
        app.policies.documents(&actor, which(&version)?).await?;
    Ok(Shown(Documents { version, scenario, site }))
}

/// Check a version as of today: diagnostics, and what became of the site's tests.
#[utoipa::path(get, path = "/policy/versions/{version}/check", tag = "policy", params(("version" = String, Path, description = "A number, `current` or `shipped`.")), responses((status = 200, body = Checked)))]
pub(super) async fn check_version(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(version): Path<String>,
) -> Answer<Shown<Checked>> {
    let checked = app.policies.checked(&actor, which(&version)?).await?;
    told(&checked)
}

/// Check documents without keeping them; one that is left out is the current one.
#[utoipa::path(post, path = "/policy/check", tag = "policy", request_body = NewVersion, responses((status = 200, body = Checked)))]
pub(super) async fn check_documents(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(new): Json<NewVersion>,
) -> Answer<Shown<Checked>> {
    let checked = app.policies.check_texts(&actor, new.scenario, new.site).await?;
    told(&checked)
}

fn told(checked: &control::policy::Checked) -> Answer<Shown<Checked>> {
    Ok(Shown(Checked { diagnostics: wire(&checked.diagnostics)?, tests: wire(&checked.tests)? }))
}

/// Show a version, read and bound: both documents and the rules.
#[utoipa::path(get, path = "/policy/versions/{version}/plan", tag = "policy", params(("version" = String, Path, description = "A number, `current` or `shipped`.")), responses((status = 200, body = Plan)))]
pub(super) async fn show_plan(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(version): Path<String>,
) -> Answer<Shown<Plan>> {
    let (version, bound) = app.policies.plan(&actor, which(&version)?).await?;
    let (scenario, site) = (wire(&bound.scenario)?, wire(&bound.site)?);
    Ok(Shown(Plan { version, scenario, site, rules: rules(&bound) }))
}

fn rules(bound: &Bound) -> Vec<PlanRule> {
    let plan = bound.plan();
    let zone = |at: &usize| plan.zones.get(*at).map(|zone| zone.name.clone()).unwrap_or_default();
    let rule = |rule: &control::policy::Rule| PlanRule {
        rule: rule.index,
        app_id: rule.app_id.clone(),
        action: word(&rule.action),
        from: rule.from.iter().map(zone).collect(),
        to: zone(&rule.to),
        services: rule.services.iter().map(ToString::to_string).collect(),
        sources: rule.sources.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
        shadow: rule.is_shadow,
        clear_text: rule.is_clear_text,
    };
    plan.rules.iter().map(rule).collect()
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Show a version as the rules that confirming it loads, for `nft -f`.
#[utoipa::path(get, path = "/policy/versions/{version}/rules", tag = "policy", params(("version" = String, Path, description = "A number, `current` or `shipped`.")), responses((status = 200, body = Rendered)))]
pub(super) async fn show_rules(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(version): Path<String>,
) -> Answer<Shown<Rendered>> {
    Ok(Shown(Rendered { text: app.policies.rendered(&actor, which(&version)?).await? }))
}

/// Put a version on trial. The kernel falls back by itself unless it is confirmed in time, over a new connection.
#[utoipa::path(post, path = "/policy/versions/{version}/apply", tag = "policy", params(("version" = u64, Path, description = "Its number.")), request_body = Apply, responses((status = 200, body = Applied)))]
pub(super) async fn apply_version(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(version): Path<u64>,
    Json(apply): Json<Apply>,
) -> Answer<Shown<Applied>> {
    let seconds = apply.seconds.unwrap_or(control::policy::trial::TRIAL);
    let command = ApplyVersion { version, seconds };
    Ok(Shown(app.door.run(&actor, &app.policies, command).await?))
}

/// Confirm the version on trial. The connection that asks for it must have been opened after the trial began: what a
/// policy locks out cannot confirm it. One from the appliance itself proves nothing and is refused, unless `local` says otherwise.
#[utoipa::path(post, path = "/policy/versions/{version}/confirm", tag = "policy", params(("version" = u64, Path, description = "Its number."), ConfirmQuery), responses((status = 200, body = Version)))]
pub(super) async fn confirm_version(
    State(app): State<App>,
    Caller(actor): Caller,
    CameOver(over): CameOver,
    Path(version): Path<u64>,
    Query(ConfirmQuery { local }): Query<ConfirmQuery>,
) -> Answer<Shown<Version>> {
    Ok(Shown(app.door.run(&actor, &app.policies, Confirm { version, over, local }).await?))
}

/// Take the version on trial back before its time is over. It is no error if none is on trial.
#[utoipa::path(post, path = "/policy/revert", tag = "policy", responses((status = 204)))]
pub(super) async fn revert_policy(State(app): State<App>, Caller(actor): Caller) -> Answer<StatusCode> {
    app.door.run(&actor, &app.policies, Revert {}).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Load the confirmed version anew, because somebody else changed the kernel's rules.
#[utoipa::path(post, path = "/policy/repair", tag = "policy", responses((status = 204)))]
pub(super) async fn repair_policy(State(app): State<App>, Caller(actor): Caller) -> Answer<StatusCode> {
    app.door.run(&actor, &app.policies, Repair {}).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// May this reach that, by which rule, and why? For every address, application and part of a range of ports that is asked about.
#[utoipa::path(get, path = "/policy/explain", tag = "policy", params(ExplainQuery), responses((status = 200, body = Answers)))]
pub(super) async fn explain_policy(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<ExplainQuery>,
) -> Answer<Shown<Answers>> {
    fits("from", &query.from, LONGEST)?;
    fits("to", &query.to, LONGEST)?;
    fits("service", &query.service, LONGEST)?;
    let which = which_or_current(query.version.as_deref())?;
    let language = query.language.unwrap_or_else(|| "en".into());
    let question =
        Written { from: query.from, to: query.to, service: Some(query.service), ..Written::default() };
    Ok(Shown(wire(&app.policies.ask(&actor, which, question, &language).await?)?))
}

/// List all that somebody may reach.
#[utoipa::path(get, path = "/policy/reach", tag = "policy", params(ReachQuery), responses((status = 200, body = Vec<Reached>)))]
pub(super) async fn show_reach(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<ReachQuery>,
) -> Answer<Shown<Vec<Reached>>> {
    fits("from", &query.from, LONGEST)?;
    let which = which_or_current(query.version.as_deref())?;
    Ok(Shown(wire(&app.policies.reach(&actor, which, &query.from).await?)?))
}

/// Say who may reach whom, for a picture of zones.
#[utoipa::path(get, path = "/policy/zones", tag = "policy", params(WhichQuery), responses((status = 200, body = Picture)))]
pub(super) async fn show_zones(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<WhichQuery>,
) -> Answer<Shown<Picture>> {
    let which = which_or_current(query.version.as_deref())?;
    Ok(Shown(wire(&app.policies.picture(&actor, which).await?)?))
}

/// Say what gains and what loses reach from one version to another.
#[utoipa::path(get, path = "/policy/diff", tag = "policy", params(VersionsQuery), responses((status = 200, body = Vec<Change>)))]
pub(super) async fn diff_versions(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<VersionsQuery>,
) -> Answer<Shown<Vec<Change>>> {
    let changes = app.policies.diff(&actor, which(&query.old)?, which(&query.new)?).await?;
    let mut shown = Vec::with_capacity(changes.len());
    for change in changes {
        let mut value: Value = wire(&change)?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("text".into(), change.to_string().into());
        }
        shown.push(wire(&value)?);
    }
    Ok(Shown(shown))
}

/// Show the JSON Schemas of both documents.
#[utoipa::path(get, path = "/policy/schemas", tag = "policy", responses((status = 200, body = Schemas)))]
pub(super) async fn show_schemas(State(app): State<App>, Caller(actor): Caller) -> Answer<Shown<Schemas>> {
    let (scenario, site) = app.policies.schemas(&actor)?;
    Ok(Shown(Schemas { scenario, site }))
}

fn which(text: &str) -> Answer<Which> {
    text.parse().map_err(|cause: String| Refusal::invalid("version", cause))
}

fn which_or_current(text: Option<&str>) -> Answer<Which> {
    text.map_or(Ok(Which::Current), which)
}

/// What `control` says, in the words of the API: both are the same JSON, and a test holds them together.
fn wire<T: DeserializeOwned>(value: &impl Serialize) -> Answer<T> {
    let failed = |error: serde_json::Error| {
        model::Failure::new(model::Kind::Unavailable, "write", "the answer", error.to_string())
    };
    let value = serde_json::to_value(value).map_err(failed)?;
    Ok(serde_json::from_value(value).map_err(failed)?)
}
