//! Short-lived openings, and devices that are cut off.

use super::extract::{Caller, Json, Path, fits};
use super::policy::LONGEST;
use super::refusal::Answer;
use crate::app::App;
use ::api::policy::{NewPinhole, SetQuarantine};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use model::command::policy::{ClosePinhole, OpenPinhole, SetQuarantine as Quarantining};
use model::enforcement::{Pinhole, Quarantine, Session};
use model::{Actor, Principal};

/// List the live openings to devices that the token's holder may see: who opened them, why, and until when.
#[utoipa::path(get, path = "/pinholes", tag = "policy", responses((status = 200, body = Vec<Pinhole>)))]
pub(super) async fn list_pinholes(State(app): State<App>, Caller(actor): Caller) -> Shown<Vec<Pinhole>> {
    Shown(app.policies.pinholes(&actor))
}

/// Open one application of a device for a while. It closes by itself, and when the token ends or is revoked.
#[utoipa::path(post, path = "/pinholes", tag = "policy", request_body = NewPinhole, responses((status = 201, body = Pinhole)))]
pub(super) async fn open_pinhole(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(new): Json<NewPinhole>,
) -> Answer<(StatusCode, Shown<Pinhole>)> {
    fits("application", &new.application, LONGEST)?;
    fits("why", &new.why, LONGEST)?;
    let command = OpenPinhole {
        device: app.door.device(&actor, &new.device)?.id.clone(),
        application: new.application,
        seconds: new.seconds.unwrap_or(control::policy::openings::PINHOLE),
        why: new.why,
        session: session(&actor),
    };
    let pinhole = app.door.run(&actor, &app.policies, command).await?;
    Ok((StatusCode::CREATED, Shown(pinhole)))
}

/// Close an opening before its time is over.
#[utoipa::path(delete, path = "/pinholes/{id}", tag = "policy", params(("id" = String, Path, description = "Its name.")), responses((status = 204)))]
pub(super) async fn close_pinhole(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    let command = ClosePinhole { id, why: "asked for".into() };
    app.door.run(&actor, &app.policies, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn session(actor: &Actor) -> Option<Session> {
    match &actor.principal {
        Principal::Token { id, .. } => Some(Session::Token(id.clone())),
        _ => None,
    }
}

/// List the devices that are cut off, of those that the token's holder may see.
#[utoipa::path(get, path = "/quarantine", tag = "policy", responses((status = 200, body = Vec<Quarantine>)))]
pub(super) async fn list_quarantined(
    State(app): State<App>,
    Caller(actor): Caller,
) -> Shown<Vec<Quarantine>> {
    Shown(app.policies.quarantined(&actor))
}

/// Say whether a device is cut off; `null` if it is not.
#[utoipa::path(get, path = "/devices/{key}/quarantine", tag = "policy", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 200, body = Option<Quarantine>)))]
pub(super) async fn show_quarantine(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<Shown<Option<Quarantine>>> {
    let device = app.door.device(&actor, &key)?.id.clone();
    Ok(Shown(app.policies.quarantine_of(&device)))
}

/// Cut a device off, so that only the appliance may still reach it, or let it back.
#[utoipa::path(put, path = "/devices/{key}/quarantine", tag = "policy", params(("key" = String, Path, description = "Identifier or name; to let back also an address of `strange`.")), request_body = SetQuarantine, responses((status = 200, body = Option<Quarantine>)))]
pub(super) async fn set_quarantine(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Json(set): Json<SetQuarantine>,
) -> Answer<Shown<Option<Quarantine>>> {
    fits("why", &set.why, LONGEST)?;
    let device = app.policies.to_set(&actor, &key, set.on)?;
    let command = Quarantining { device, on: set.on, why: set.why };
    Ok(Shown(app.door.run(&actor, &app.policies, command).await?))
}
