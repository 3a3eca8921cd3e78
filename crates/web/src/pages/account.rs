//! One's own account: grants, sessions, API tokens.

use super::users::Shown;
use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::{Fields, invalid};
use crate::session::{From, Session};
use crate::view::frame::{Area, Frame};
use crate::view::{Time, shown};
use askama::Template;
use axum::extract::State;
use control::people::TokenRow;
use jiff::{SignedDuration, Timestamp};
use model::access::Limit;
use model::command::access::{CreateToken, RevokeToken};
use model::{Role, Secret};

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    frame: Frame,
    user: Shown,
    sessions: Vec<Standing>,
    recovery_left: Option<usize>,
    tokens: Vec<Token>,
    fresh_token: Option<String>,
    roles: &'static [Role],
}

/// A session as pages show it.
struct Standing {
    from: String,
    began: String,
    seen: Option<Time>,
    agent: String,
    own: bool,
}

/// A token as pages show it.
pub(crate) struct Token {
    pub id: String,
    pub label: String,
    pub limit: String,
    pub ends: String,
    pub used: Option<Time>,
    pub ended: bool,
    pub revocable: bool,
}

impl Token {
    pub(crate) fn new(token: &TokenRow, now: Timestamp, may_revoke: bool) -> Self {
        let over = token.revoked_at.is_some() || token.expires_at <= now;
        let ends = match token.revoked_at {
            Some(at) => format!("revoked {}", shown(at)),
            None => shown(token.expires_at),
        };
        Self {
            id: token.id.clone(),
            label: token.label.clone(),
            limit: format!("{} · {}", token.limit.role, token.limit.scope),
            ends,
            used: token.last_used.map(|at| Time::new(at, now)),
            ended: over,
            revocable: may_revoke && !over,
        }
    }
}

/// `GET /account`.
pub(crate) async fn show(State(app): State<App>, session: Session) -> Answer {
    account(&app, &session, None).await
}

/// `POST /account/login`: on to new factors, for who shows the present ones.
pub(crate) async fn renew_login(
    State(app): State<App>,
    session: Session,
    From(from): From,
    fields: Fields,
) -> Answer {
    let attempt = control::gate::Attempt {
        name: session.user.clone(),
        password: fields.secret("password"),
        code: fields.text("code").into(),
        from,
        agent: String::new(),
    };
    let link = app.gate.renew_login(&attempt).await?;
    Ok(see(&format!("/enrol/{}", link.expose())))
}

async fn account(app: &App, session: &Session, fresh: Option<Secret<String>>) -> Answer {
    let actor = &session.actor;
    let now = app.now();
    let own = app.door.own_account(actor).await?;
    let standing = app.door.own_sessions(actor).await?;
    let mut sessions: Vec<Standing> = standing
        .iter()
        .map(|it| Standing {
            from: it.from.map_or_else(|| "–".into(), |from| from.to_string()),
            began: shown(it.created_at),
            seen: Some(Time::new(it.last_seen, now)),
            agent: it.user_agent.clone(),
            own: it.hash.starts_with(&session.id),
        })
        .collect();
    sessions.sort_by_key(|it| !it.own);
    let tokens = app.door.own_tokens(actor).await?;
    page(&Account {
        frame: app.frame(session, "Account", Area::Other),
        user: Shown::new(&own, &app.door.grants(actor), now),
        sessions,
        recovery_left: (!own.recovery.is_empty()).then_some(own.recovery.len()),
        tokens: tokens.iter().map(|token| Token::new(token, now, true)).collect(),
        fresh_token: fresh.map(|token| token.expose().clone()),
        roles: Role::ALL,
    })
}

/// `POST /account/tokens`.
pub(crate) async fn make_token(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let days: i64 = fields.parsed("days")?;
    let hours = days.checked_mul(24).filter(|hours| (0..1_000_000).contains(hours));
    let ends = hours.and_then(|hours| app.now().checked_add(SignedDuration::from_hours(hours)).ok());
    let command = CreateToken {
        user: session.user.clone(),
        label: fields.text("label").to_owned(),
        limit: Limit { role: fields.parsed("role")?, scope: fields.parsed("scope")? },
        expires_at: ends.ok_or_else(|| invalid("days", "it is not a number of days"))?,
    };
    let token = app.door.run(&session.actor, app.access(), command).await?;
    account(&app, &session, Some(token)).await
}

/// `POST /account/tokens/revoke`: one's own, or for those who manage users, another's.
pub(crate) async fn revoke_token(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let user = Some(fields.text("user")).filter(|user| !user.is_empty()).unwrap_or(&session.user).to_owned();
    let back = if user == session.user { "/account".to_owned() } else { format!("/users/{user}") };
    app.door
        .run(&session.actor, app.access(), RevokeToken { user, id: fields.text("token").to_owned() })
        .await?;
    Ok(see(&back))
}
