//! Devices: what is known of them, and the acts on one.

use super::document::ThroughController;
use super::extract::{Caller, Json, Path, Query, fits};
use super::refusal::{Answer, Refusal};
use crate::app::App;
use crate::view::query::Query as Filter;
use ::api::device::{
    AdoptDevice, ApproveCertificate, DeviceQuery, Devices, EditDevice, FindQuery, MoveDevice,
};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use model::command::bmc::{Adopt, AdoptBy, Refresh};
use model::command::records::{ApproveCertificate as Approve, Edit, Forget, SetStage};
use model::{Credential, Device, Inventory};

/// Devices in an answer when nobody says how many.
const PAGE: usize = 500;
/// Devices in one answer at most.
pub(super) const MOST: usize = 5000;
/// The longest name and account name, in bytes.
const LONGEST: usize = 200;
/// The longest that all labels of a device may be together, in bytes.
const LONGEST_LABELS: usize = 16 * 1024;

/// List devices, by name.
///
/// The filter is the one of the fleet page: words that must all be found, and `key:value` with the keys
/// `power`, `health`, `stage`, `zone`, `reach`, `presence`, `certificate` or any label's. A key that no
/// device knows is refused.
#[utoipa::path(get, path = "/devices", tag = "devices", params(DeviceQuery), responses((status = 200, body = Devices)))]
pub(super) async fn list_devices(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<DeviceQuery>,
) -> Answer<Shown<Devices>> {
    if query.limit > MOST {
        return Err(Refusal::invalid("limit", format!("{} is more than {MOST}", query.limit)));
    }
    let mut devices = app.door.devices(&actor);
    let labelled =
        |key: &str| devices.iter().any(|it| it.labels.keys().any(|own| own.eq_ignore_ascii_case(key)));
    let filter = Filter::new(query.q.as_deref().unwrap_or_default(), "name", labelled);
    if let Some(ignored) = filter.ignored.first() {
        return Err(Refusal::invalid("q", format!("no device has what {ignored:?} asks for")));
    }
    devices.retain(|device| filter.matches(device));
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let page = devices.iter().skip(query.offset).take(limit).map(|device| Device::clone(device)).collect();
    Ok(Shown(Devices { devices: page, total: devices.len() }))
}

/// Show a device, by identifier or name.
#[utoipa::path(get, path = "/devices/{key}", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 200, body = Device)))]
pub(super) async fn show_device(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<Shown<Device>> {
    Ok(Shown(Device::clone(&*app.door.device(&actor, &key)?)))
}

/// Show what a device is made of, as last read; `null` if it was not read yet.
#[utoipa::path(get, path = "/devices/{key}/inventory", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 200, body = Option<Inventory>)))]
pub(super) async fn show_inventory(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<Shown<Option<Inventory>>> {
    Ok(Shown(app.door.inventory(&actor, &key).await?))
}

/// Find the devices behind an address, MAC address, name, serial number, asset tag or UUID.
#[utoipa::path(get, path = "/find", tag = "devices", params(FindQuery), responses((status = 200, body = Devices)))]
pub(super) async fn find_devices(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<FindQuery>,
) -> Answer<Shown<Devices>> {
    let found = app.door.find(&actor, &query.q);
    let devices = found.iter().take(MOST).map(|device| Device::clone(device)).collect();
    Ok(Shown(Devices { devices, total: found.len() }))
}

/// Change a device's name or labels.
#[utoipa::path(patch, path = "/devices/{key}", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), request_body = EditDevice, responses((status = 204)))]
pub(super) async fn edit_device(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Json(edit): Json<EditDevice>,
) -> Answer<StatusCode> {
    let device = app.door.device(&actor, &key)?.id.clone();
    if edit.name.is_none() && edit.labels.is_none() {
        return Err(Refusal::invalid("the body", "neither `name` nor `labels` is in it"));
    }
    fits("name", edit.name.as_deref().unwrap_or_default(), LONGEST)?;
    let labels = edit.labels.iter().flatten();
    let together = labels.map(|(key, value)| key.len().saturating_add(value.len())).sum::<usize>();
    if together > LONGEST_LABELS {
        return Err(Refusal::invalid(
            "labels",
            format!("they are {together} bytes long; at most {LONGEST_LABELS} are taken"),
        ));
    }
    let edit = Edit { device, name: edit.name, labels: edit.labels };
    app.door.run(&actor, &app.records, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Decommission a device and destroy its credential; one that was only seen is removed.
#[utoipa::path(delete, path = "/devices/{key}", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 204)))]
pub(super) async fn forget_device(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<StatusCode> {
    let device = app.door.device(&actor, &key)?.id.clone();
    app.door.run(&actor, &app.records, Forget { device }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adopt a device: by hand with a credential, or, with an empty object, by rule.
#[utoipa::path(post, path = "/devices/{key}/adopt", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), request_body = AdoptDevice, responses((status = 204), ThroughController))]
pub(super) async fn adopt_device(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Json(adopt): Json<AdoptDevice>,
) -> Answer<StatusCode> {
    let device = app.door.device(&actor, &key)?.id.clone();
    let by = match (adopt.username, adopt.password, adopt.fingerprint) {
        (Some(username), Some(password), fingerprint) if !username.is_empty() => {
            fits("username", &username, LONGEST)?;
            fits("password", password.expose(), LONGEST)?;
            AdoptBy::Hand { credential: Credential { username, password }, fingerprint }
        }
        (None, None, None) => AdoptBy::Rule,
        _ => {
            return Err(Refusal::invalid(
                "the body",
                "by hand it takes `username` and `password`, by rule nothing",
            ));
        }
    };
    app.door.run(&actor, &app.controllers, Adopt { device, by }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a device in full, now.
#[utoipa::path(post, path = "/devices/{key}/refresh", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 204), ThroughController))]
pub(super) async fn refresh_device(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<StatusCode> {
    let device = app.door.device(&actor, &key)?.id.clone();
    app.door.run(&actor, &app.controllers, Refresh { device }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put an adopted device in service or into maintenance.
#[utoipa::path(put, path = "/devices/{key}/stage", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), request_body = MoveDevice, responses((status = 204)))]
pub(super) async fn set_device_stage(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Json(to): Json<MoveDevice>,
) -> Answer<StatusCode> {
    let device = app.door.device(&actor, &key)?.id.clone();
    app.door.run(&actor, &app.records, SetStage { device, stage: to.stage }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Approve the certificate that a device shows instead of the pinned one.
#[utoipa::path(put, path = "/devices/{key}/certificate", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), request_body = ApproveCertificate, responses((status = 204)))]
pub(super) async fn approve_device_certificate(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Json(seen): Json<ApproveCertificate>,
) -> Answer<StatusCode> {
    let device = app.door.device(&actor, &key)?.id.clone();
    app.door.run(&actor, &app.records, Approve { device, fingerprint: seen.fingerprint }).await?;
    Ok(StatusCode::NO_CONTENT)
}
