//! Users and their grants.

use super::extract::{Caller, Json, Path, fits};
use super::refusal::Answer;
use crate::app::App;
use ::api::access::{Granted, Link, NewGrant, NewUser, SetEnabled, User};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use model::Secret;
use model::command::access::{AddGrant, CreateUser, ResetUser, RevokeGrant, SetUserEnabled};

/// The longest name, in bytes.
const LONGEST: usize = 200;

fn link(token: &Secret<String>) -> Link {
    Link { path: format!("/enrol/{}", token.expose()) }
}

/// List all users with their grants.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = Vec<User>)))]
pub(super) async fn list_users(State(app): State<App>, Caller(actor): Caller) -> Answer<Shown<Vec<User>>> {
    let rows = app.door.users(&actor).await?;
    let grants = app.door.grants(&actor);
    let shown = |row: control::people::UserRow| User {
        grants: grants.iter().filter(|grant| grant.user == row.name).cloned().collect(),
        name: row.name,
        full_name: row.full_name,
        enabled: row.enabled,
        enrolled: row.password.is_some(),
        second_factor: row.totp.is_some(),
        recovery_codes: row.recovery.len(),
        last_sign_in: row.last_sign_in,
    };
    Ok(Shown(rows.into_iter().map(shown).collect()))
}

/// Create a user; comes back with a link, shown once, for the first login.
#[utoipa::path(post, path = "/users", tag = "users", request_body = NewUser, responses((status = 201, body = Link)))]
pub(super) async fn create_user(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(user): Json<NewUser>,
) -> Answer<(StatusCode, Shown<Link>)> {
    fits("name", &user.name, LONGEST)?;
    fits("full_name", &user.full_name, LONGEST)?;
    let command = CreateUser { name: user.name, full_name: user.full_name };
    let token = app.door.run(&actor, app.access(), command).await?;
    Ok((StatusCode::CREATED, Shown(link(&token))))
}

/// Let a user start over: ends their sessions, and comes back with a new link, shown once.
#[utoipa::path(post, path = "/users/{name}/reset", tag = "users", params(("name" = String, Path, description = "The account's name.")), responses((status = 201, body = Link)))]
pub(super) async fn reset_user(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(name): Path<String>,
) -> Answer<(StatusCode, Shown<Link>)> {
    let token = app.door.run(&actor, app.access(), ResetUser { name }).await?;
    Ok((StatusCode::CREATED, Shown(link(&token))))
}

/// Enable or disable a user; disabling ends their sessions and tokens at once.
#[utoipa::path(put, path = "/users/{name}/enabled", tag = "users", params(("name" = String, Path, description = "The account's name.")), request_body = SetEnabled, responses((status = 204)))]
pub(super) async fn set_user_enabled(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(name): Path<String>,
    Json(set): Json<SetEnabled>,
) -> Answer<StatusCode> {
    app.door.run(&actor, app.access(), SetUserEnabled { name, enabled: set.enabled }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a user a role over a scope; one that they have already keeps its number.
#[utoipa::path(post, path = "/users/{name}/grants", tag = "users", params(("name" = String, Path, description = "The account's name.")), request_body = NewGrant, responses((status = 201, body = Granted)))]
pub(super) async fn add_grant(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(user): Path<String>,
    Json(grant): Json<NewGrant>,
) -> Answer<(StatusCode, Shown<Granted>)> {
    let command = AddGrant { user, role: grant.role, scope: grant.scope };
    let grant = app.door.run(&actor, app.access(), command).await?;
    Ok((StatusCode::CREATED, Shown(Granted { grant })))
}

/// Take a grant back.
#[utoipa::path(delete, path = "/users/{name}/grants/{grant}", tag = "users", params(("name" = String, Path, description = "The account's name."), ("grant" = i64, Path, description = "The grant's number.")), responses((status = 204)))]
pub(super) async fn revoke_grant(
    State(app): State<App>,
    Caller(actor): Caller,
    Path((user, grant)): Path<(String, i64)>,
) -> Answer<StatusCode> {
    app.door.run(&actor, app.access(), RevokeGrant { user, grant }).await?;
    Ok(StatusCode::NO_CONTENT)
}
