//! Users, their grants, and the question who may do what.

use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::{Fields, invalid};
use crate::session::Session;
use crate::view::Time;
use crate::view::frame::{Area, Frame};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use control::people::UserRow;
use jiff::Timestamp;
use model::command::access::{AddGrant, CreateUser, ResetUser, RevokeGrant, SetUserEnabled};
use model::{Action, Failure, Grant, Kind, Object, Role, Scope, Secret};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "users.html")]
struct List {
    frame: Frame,
    users: Vec<Shown>,
    explain: Explain,
    actions: &'static [Action],
    roles: &'static [Role],
    may_manage: bool,
}

#[derive(Template)]
#[template(path = "user.html")]
struct One {
    frame: Frame,
    user: Shown,
    link: Option<Link>,
    roles: &'static [Role],
    may_manage: bool,
    tokens: Vec<super::account::Token>,
}

/// A user as pages show one.
pub(crate) struct Shown {
    pub name: String,
    pub full_name: String,
    pub enabled: bool,
    pub state: &'static str,
    pub grants: Vec<Grant>,
    pub signed_in: Option<Time>,
}

impl Shown {
    pub(crate) fn new(user: &UserRow, grants: &[Grant], now: Timestamp) -> Self {
        Self {
            name: user.name.clone(),
            full_name: user.full_name.clone(),
            enabled: user.enabled,
            state: match (user.enabled, user.password.is_some()) {
                (false, _) => "disabled",
                (true, false) => "first login open",
                (true, true) => "enabled",
            },
            grants: grants.iter().filter(|grant| grant.user == user.name).cloned().collect(),
            signed_in: user.last_sign_in.map(|at| Time::new(at, now)),
        }
    }
}

/// A one-time link, shown once.
struct Link {
    user: String,
    url: String,
}

struct Explain {
    user: String,
    action: String,
    device: String,
    answer: Option<Reason>,
}

struct Reason {
    allowed: bool,
    why: String,
}

/// The question in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    user: String,
    action: String,
    device: String,
}

/// `GET /users`.
pub(crate) async fn list(State(app): State<App>, session: Session, Query(asked): Query<Question>) -> Answer {
    let actor = &session.actor;
    let (users, grants, now) = (app.door.users(actor).await?, app.door.grants(actor), app.now());
    let mut users: Vec<Shown> = users.iter().map(|user| Shown::new(user, &grants, now)).collect();
    users.sort_by(|a, b| a.name.cmp(&b.name));
    let explain = explain(&app, &session, asked)?;
    page(&List {
        frame: app.frame(&session, "Users", Area::Users),
        users,
        explain,
        actions: Action::ALL,
        roles: Role::ALL,
        may_manage: app.may(actor, Action::UserManage),
    })
}

fn explain(app: &App, session: &Session, asked: Question) -> Result<Explain, Failure> {
    let device = Some(asked.device.trim()).filter(|device| !device.is_empty());
    let answer = match asked.action.parse() {
        Ok(action) if !asked.user.is_empty() => {
            match app.door.explain(&session.actor, asked.user.trim(), action, device) {
                Ok(decision) => Some(Reason { allowed: decision.allowed, why: decision.why }),
                Err(failure) if failure.kind == Kind::NotFound => {
                    Some(Reason { allowed: false, why: failure.to_string() })
                }
                Err(failure) => return Err(failure),
            }
        }
        _ => None,
    };
    Ok(Explain { user: asked.user, action: asked.action, device: asked.device, answer })
}

/// `GET /users/{name}`.
pub(crate) async fn show(State(app): State<App>, session: Session, Path(name): Path<String>) -> Answer {
    one(&app, &session, &name, None).await
}

async fn one(app: &App, session: &Session, name: &str, link: Option<Link>) -> Answer {
    let users = app.door.users(&session.actor).await?;
    let user = users.iter().find(|user| user.name == name).ok_or_else(|| {
        Failure::new(Kind::NotFound, "show", format!("user {name}"), "there is no such user")
    })?;
    let tokens = app.door.tokens_of(&session.actor, name).await?;
    let now = app.now();
    let may_revoke =
        app.door.may(&session.actor, Action::TokenOwn, &Object::User { name: name.to_owned() }).allowed;
    page(&One {
        frame: app.frame(session, name, Area::Users),
        user: Shown::new(user, &app.door.grants(&session.actor), now),
        link,
        roles: Role::ALL,
        may_manage: app.may(&session.actor, Action::UserManage),
        tokens: tokens.iter().map(|token| super::account::Token::new(token, now, may_revoke)).collect(),
    })
}

fn link(headers: &HeaderMap, user: &str, token: &Secret<String>) -> Link {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let plain = |host: &&str| host.chars().all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c));
    let site = host.filter(plain).map(|host| format!("https://{host}")).unwrap_or_default();
    Link { user: user.to_owned(), url: format!("{site}/enrol/{}", token.expose()) }
}

/// `POST /users`: creates one, gives the first grant, shows the link for the first login.
pub(crate) async fn create(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    fields: Fields,
) -> Answer {
    let name = fields.text("name").to_lowercase();
    let grant = match fields.text("role") {
        "" => None,
        _ => Some((fields.parsed::<Role>("role")?, fields.parsed::<Scope>("scope")?)),
    };
    let full_name = fields.text("full_name").to_owned();
    if full_name.is_empty() {
        return Err(invalid("full_name", "it is empty"));
    }
    let command = CreateUser { name: name.clone(), full_name };
    let token = app.door.run(&session.actor, app.access(), command).await?;
    if let Some((role, scope)) = grant {
        app.door.run(&session.actor, app.access(), AddGrant { user: name.clone(), role, scope }).await?;
    }
    one(&app, &session, &name, Some(link(&headers, &name, &token))).await
}

/// `POST /users/{name}/reset`.
pub(crate) async fn reset(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let token = app.door.run(&session.actor, app.access(), ResetUser { name: name.clone() }).await?;
    if session.user == name {
        return Ok(see(&format!("/enrol/{}", token.expose())));
    }
    one(&app, &session, &name, Some(link(&headers, &name, &token))).await
}

/// `POST /users/{name}/enabled`.
pub(crate) async fn enable(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let command = SetUserEnabled { name: name.clone(), enabled: fields.parsed("enabled")? };
    app.door.run(&session.actor, app.access(), command).await?;
    Ok(see(&format!("/users/{name}")))
}

/// `POST /users/{name}/grant`.
pub(crate) async fn grant(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let command =
        AddGrant { user: name.clone(), role: fields.parsed("role")?, scope: fields.parsed("scope")? };
    app.door.run(&session.actor, app.access(), command).await?;
    Ok(see(&format!("/users/{name}")))
}

/// `POST /users/{name}/revoke`.
pub(crate) async fn revoke(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let command = RevokeGrant { user: name.clone(), grant: fields.parsed("grant")? };
    app.door.run(&session.actor, app.access(), command).await?;
    Ok(see(&format!("/users/{name}")))
}
