//! Who one is, one's own tokens, and questions about rights.

use super::extract::{Caller, Json, Path, Query, fits};
use super::refusal::{Answer, Refusal};
use crate::app::App;
use ::api::access::{ExplainQuery, Explanation, NewToken, Token, TokenMade, WhoAmI};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use model::access::Limit;
use model::command::access::{CreateToken, RevokeToken};
use model::{Action, Actor, Failure, Kind};
use serde_json::{Value, json};

/// The longest that a token may work, in days.
const MOST_DAYS: u16 = 366;
/// The longest label, in bytes.
const LONGEST: usize = 200;

/// Say who the appliance takes the token's holder for.
#[utoipa::path(get, path = "/whoami", tag = "tokens", responses((status = 200, body = WhoAmI)))]
pub(super) async fn who_am_i(State(app): State<App>, Caller(actor): Caller) -> Shown<WhoAmI> {
    let mut grants = app.door.grants(&actor);
    grants.retain(|grant| Some(grant.user.as_str()) == actor.principal.user());
    let user = actor.principal.user().map(str::to_owned);
    Shown(WhoAmI { principal: actor.principal.to_string(), user, limit: actor.limit, grants })
}

/// List one's own tokens, without their secrets.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = Vec<Token>)))]
pub(super) async fn list_tokens(State(app): State<App>, Caller(actor): Caller) -> Answer<Shown<Vec<Token>>> {
    let shown = |row: control::people::TokenRow| Token {
        id: row.id,
        label: row.label,
        limit: row.limit,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used: row.last_used,
        revoked: row.revoked_at.is_some(),
    };
    Ok(Shown(app.door.own_tokens(&actor).await?.into_iter().map(shown).collect()))
}

/// Make a token of one's own; it is shown once.
///
/// With a token this works only where that one is limited to nothing less than administrator over all.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = NewToken, responses((status = 201, body = TokenMade)))]
pub(super) async fn create_token(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(token): Json<NewToken>,
) -> Answer<(StatusCode, Shown<Value>)> {
    fits("label", &token.label, LONGEST)?;
    if !(1..=MOST_DAYS).contains(&token.days) {
        return Err(Refusal::invalid("days", format!("{} is not 1 to {MOST_DAYS}", token.days)));
    }
    let lifetime = SignedDuration::from_hours(i64::from(token.days) * 24);
    let expires_at = app.now().checked_add(lifetime).unwrap_or(Timestamp::MAX);
    let limit = Limit { role: token.role, scope: token.scope };
    let command = CreateToken { user: own_name(&actor)?, label: token.label, limit, expires_at };
    let text = app.door.run(&actor, app.access(), command).await?;
    Ok((StatusCode::CREATED, Shown(json!({ "token": text.expose() }))))
}

/// End a token of one's own.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens", params(("id" = String, Path, description = "The token's public identifier.")), responses((status = 204)))]
pub(super) async fn revoke_token(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    app.door.run(&actor, app.access(), RevokeToken { user: own_name(&actor)?, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn own_name(actor: &Actor) -> Result<String, Failure> {
    let nobody = || Failure::new(Kind::Refused, "use", "tokens", "the actor is no user");
    actor.principal.user().map(str::to_owned).ok_or_else(nobody)
}

/// May they, and why? About others only with the right to see users.
#[utoipa::path(get, path = "/access/explain", tag = "users", params(ExplainQuery), responses((status = 200, body = Explanation)))]
pub(super) async fn explain_access(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<ExplainQuery>,
) -> Answer<Shown<Explanation>> {
    let action: Action = query.action.parse().map_err(|cause: String| Refusal::invalid("action", cause))?;
    let decision = app.door.explain(&actor, &query.user, action, query.device.as_deref())?;
    Ok(Shown(Explanation { allowed: decision.allowed, grant: decision.by, why: decision.why }))
}
