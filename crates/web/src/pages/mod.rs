//! One module for each page: it reads what the actor may see, runs what the actor asks for, and renders.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod confirm;
pub(crate) mod device;
pub(crate) mod device_history;
pub(crate) mod device_sensors;
pub(crate) mod device_traffic;
pub(crate) mod discovery;
pub(crate) mod enrol;
pub(crate) mod findings;
pub(crate) mod firewall_log;
pub(crate) mod fleet;
pub(crate) mod jobs;
pub(crate) mod learned;
pub(crate) mod manual;
pub(crate) mod models;
pub(crate) mod parts;
pub(crate) mod policy;
pub(crate) mod policy_documents;
pub(crate) mod policy_openings;
pub(crate) mod policy_trial;
pub(crate) mod racks;
pub(crate) mod sign_in;
pub(crate) mod users;

use crate::answer::Refusal;
use crate::app::App;
use model::command::{Command, Part};
use model::job::{Act, Pacing};
use model::{Actor, DeviceId};
use std::sync::Arc;

/// Starts a job, unless one of its acts is not allowed: then none begins, and the refusal is written down.
pub(crate) async fn begin<C, P>(
    app: &App,
    actor: &Actor,
    title: String,
    part: &Arc<P>,
    commands: Vec<(DeviceId, C)>,
) -> Result<u64, Refusal>
where
    C: Command,
    P: Part<C> + ?Sized + 'static,
{
    for (_, command) in &commands {
        app.door.admit(actor, &**part, command).await?;
    }
    Ok(app.jobs.start_once(actor, title, Arc::clone(part), commands).await)
}

/// Starts a job that can be stopped and taken up again; as [`begin`].
pub(crate) async fn begin_paced(
    app: &App,
    actor: &Actor,
    title: String,
    act: Act,
    pacing: Pacing,
    devices: Vec<DeviceId>,
) -> Result<u64, Refusal> {
    for device in &devices {
        app.jobs.admit(actor, act, device.clone()).await?;
    }
    Ok(app.jobs.start(actor, title, act, pacing, devices).await)
}
