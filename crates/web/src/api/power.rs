//! Power: one device, and many at once.

use super::devices::MOST;
use super::document::ThroughController;
use super::extract::{Caller, Json, Path};
use super::refusal::{Answer, Refusal};
use crate::app::App;
use ::api::device::{JobStarted, NewJob, SwitchDevice, Switched};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use model::command::bmc::SwitchPower;
use model::job::Pacing;

/// Switch a device, and wait until it is so or the controller's deadline passes.
///
/// That takes minutes where an operating system is asked. The act goes on when the caller stops waiting.
#[utoipa::path(post, path = "/devices/{key}/power", tag = "power", params(("key" = String, Path, description = "Identifier or name.")), request_body = SwitchDevice, responses((status = 200, body = Switched), ThroughController))]
pub(super) async fn switch_device(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Json(switch): Json<SwitchDevice>,
) -> Answer<Shown<Switched>> {
    let device = app.door.device(&actor, &key)?.id.clone();
    let command = SwitchPower { device, reset: switch.reset };
    let power = app.door.run(&actor, &app.controllers, command).await?;
    Ok(Shown(Switched { power }))
}

/// Start an act on many devices, paced by groups: a switch, a full reading, a stage.
///
/// Nothing is started if one of them is not known or may not be acted on.
#[utoipa::path(post, path = "/jobs", tag = "power", request_body = NewJob, responses((status = 202, body = JobStarted)))]
pub(super) async fn start_job(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(job): Json<NewJob>,
) -> Answer<(StatusCode, Shown<JobStarted>)> {
    if job.devices.is_empty() || job.devices.len() > MOST {
        return Err(Refusal::invalid("devices", format!("there are {}, not 1 to {MOST}", job.devices.len())));
    }
    if let Some(cause) = job.act.problem() {
        return Err(Refusal::invalid("act", cause));
    }
    let pacing = job.pacing.unwrap_or_else(|| Pacing::usual(job.act));
    if let Some((field, cause)) = pacing.problem() {
        return Err(Refusal::invalid(field, cause));
    }
    let mut devices = Vec::with_capacity(job.devices.len());
    for key in &job.devices {
        let device = app.door.device(&actor, key)?.id.clone();
        app.jobs.admit(&actor, job.act, device.clone()).await?;
        devices.push(device);
    }
    let count = devices.len();
    let what = crate::view::act_text(job.act);
    let title = format!("{what} {count} {}", if count == 1 { "device" } else { "devices" });
    let job = app.jobs.start(&actor, title, job.act, pacing, devices).await;
    Ok((StatusCode::ACCEPTED, Shown(JobStarted { job })))
}
