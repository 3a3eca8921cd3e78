//! Parts over the fleet, each device's history, sensors and traffic, what changed, and what was learned of models.

use super::extract::{Caller, Path, Query};
use super::refusal::{Answer, Refusal};
use crate::app::App;
use crate::{parts_export, since};
use ::api::inventory::{
    ChangeGroup, DeviceName, Diff, DiffQuery, DocumentsQuery, FleetChanges, FleetParts, KeptDocument,
    LearnedModel, PartCount, PartsQuery, SinceQuery, Version,
};
use axum::Json as Shown;
use axum::extract::State;
use axum::response::Response;
use control::history::PartQuery;
use model::components::Component;
use model::telemetry::Readings;
use model::traffic::{Learned, Traffic};
use model::{Device, DeviceId};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Parts in an answer when nobody says how many.
const PAGE: usize = 500;
/// Parts in one answer at most.
const MOST: usize = 5000;
/// Counts in an answer at most.
const MOST_COUNTS: usize = 200;

/// What the store is asked.
pub(crate) fn asked(query: &PartsQuery) -> PartQuery {
    PartQuery {
        kind: query.kind.clone(),
        part_number: query.part_number.clone(),
        serial: query.serial.clone(),
        model: query.model.clone(),
        firmware: query.firmware.clone(),
        mac: query.mac.clone(),
        text: query.q.clone(),
        device: query.device.clone(),
    }
}

/// Find parts over the whole fleet: which servers hold this part number, serial number, firmware?
#[utoipa::path(get, path = "/inventory/components", tag = "inventory", params(PartsQuery), responses((status = 200, body = FleetParts)))]
pub(super) async fn find_components(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<PartsQuery>,
) -> Answer<Shown<FleetParts>> {
    if query.limit > MOST {
        return Err(Refusal::invalid("limit", format!("{} is more than {MOST}", query.limit)));
    }
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let found = app.door.find_parts(&actor, asked(&query), limit).await?;
    let count = |count: control::history::PartCount| PartCount {
        kind: count.kind,
        model: count.model,
        part_number: count.part_number,
        parts: count.parts,
        in_devices: count.devices,
    };
    Ok(Shown(FleetParts {
        components: found.parts.into_iter().map(parts_export::shown).collect(),
        total: found.total,
        in_devices: found.devices,
        counts: found.counts.into_iter().take(MOST_COUNTS).map(count).collect(),
    }))
}

/// Write out all parts that a query asks for, as they are read.
#[utoipa::path(get, path = "/inventory/components/export", tag = "inventory", params(PartsQuery), responses((status = 200, content((String = "text/csv"), (Vec<Object> = "application/json"), (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(super) async fn export_components(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<PartsQuery>,
) -> Answer<Response> {
    let parts = app.door.parts(&actor, asked(&query))?;
    Ok(parts_export::file(&app, parts, query.format).await?)
}

/// Tell what changed over the fleet since a moment: grouped by what is the same on many devices.
#[utoipa::path(get, path = "/inventory/changes", tag = "inventory", params(SinceQuery), responses((status = 200, body = FleetChanges)))]
pub(super) async fn show_changes(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<SinceQuery>,
) -> Answer<Shown<FleetChanges>> {
    let since = match query.since {
        Some(text) => since::parse(&text).ok_or_else(|| {
            Refusal::invalid("since", "it is neither a date such as 2026-11-16 nor a moment by RFC 3339")
        })?,
        None => since::week_before(app.now()),
    };
    let changes = app.door.changes_since(&actor, since).await?;
    let devices: HashMap<DeviceId, Arc<Device>> =
        app.door.devices(&actor).into_iter().map(|device| (device.id.clone(), device)).collect();
    let named = |ids: &BTreeSet<DeviceId>| {
        let known = ids.iter().filter_map(|id| devices.get(id));
        let mut all: Vec<DeviceName> =
            known.map(|device| DeviceName { id: device.id.0.clone(), name: device.name.clone() }).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    };
    let group = |group: &control::history::Group| ChangeGroup {
        change: group.what.to_owned(),
        text: group.text.clone(),
        count: group.count,
        on: named(&group.devices),
    };
    Ok(Shown(FleetChanges {
        since,
        groups: changes.groups.iter().map(group).collect(),
        more: changes.more,
        changed: changes.changed.len(),
        first_read: named(&changes.first_read),
    }))
}

/// List what was learned of each model of which one sees a device: what its controllers honour, and which paths are slow.
#[utoipa::path(get, path = "/models", tag = "inventory", responses((status = 200, body = Vec<LearnedModel>)))]
pub(super) async fn list_models(
    State(app): State<App>,
    Caller(actor): Caller,
) -> Answer<Shown<Vec<LearnedModel>>> {
    let shown = |model: control::history::read::LearnedModel| LearnedModel {
        in_devices: model.devices,
        learned: Learned::clone(&model.learned),
    };
    Ok(Shown(app.door.models(&actor)?.into_iter().map(shown).collect()))
}

/// Show a device's sensors as they were last read; `null` if they were not read since the appliance started.
#[utoipa::path(get, path = "/devices/{key}/readings", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 200, body = Option<Readings>)))]
pub(super) async fn show_readings(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<Shown<Option<Readings>>> {
    Ok(Shown(app.door.readings(&actor, &key)?))
}

/// Show how a device is asked; `null` if it was not asked since the appliance started.
#[utoipa::path(get, path = "/devices/{key}/traffic", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 200, body = Option<Traffic>)))]
pub(super) async fn show_traffic(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<Shown<Option<Traffic>>> {
    Ok(Shown(app.door.traffic(&actor, &key)?.map(|traffic| Traffic::clone(&traffic))))
}

/// List the versions of a device's inventory, the newest first: one for each time that it changed.
#[utoipa::path(get, path = "/devices/{key}/history", tag = "devices", params(("key" = String, Path, description = "Identifier or name.")), responses((status = 200, body = Vec<Version>)))]
pub(super) async fn show_history(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
) -> Answer<Shown<Vec<Version>>> {
    let shown = |row: control::history::VersionRow| Version {
        number: row.number,
        taken_at: row.taken_at,
        changes: row.changes,
        summary: row.summary,
        has_documents: row.has_documents,
    };
    Ok(Shown(app.door.history(&actor, &key).await?.into_iter().map(shown).collect()))
}

/// Show what a device was made of in a version: every component with its lasting fields.
#[utoipa::path(get, path = "/devices/{key}/history/{version}", tag = "devices", params(("key" = String, Path, description = "Identifier or name."), ("version" = u64, Path, description = "The version's number.")), responses((status = 200, body = Vec<Component>)))]
pub(super) async fn show_version(
    State(app): State<App>,
    Caller(actor): Caller,
    Path((key, version)): Path<(String, u64)>,
) -> Answer<Shown<Vec<Component>>> {
    Ok(Shown(app.door.version(&actor, &key, version).await?))
}

/// Tell what changed on a device between two versions.
#[utoipa::path(get, path = "/devices/{key}/history/diff", tag = "devices", params(("key" = String, Path, description = "Identifier or name."), DiffQuery), responses((status = 200, body = Diff)))]
pub(super) async fn show_diff(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Answer<Shown<Diff>> {
    let between = app.door.changes_between(&actor, &key, query.from, query.to).await?;
    let changes = between.changes.into_iter().map(Into::into).collect();
    Ok(Shown(Diff { from: between.from, to: between.to, changes }))
}

/// Show the documents that a device's latest reading, or a version, was made from, less what moves by itself.
#[utoipa::path(get, path = "/devices/{key}/documents", tag = "devices", params(("key" = String, Path, description = "Identifier or name."), DocumentsQuery), responses((status = 200, body = Vec<KeptDocument>)))]
pub(super) async fn show_documents(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(key): Path<String>,
    Query(query): Query<DocumentsQuery>,
) -> Answer<Shown<Vec<KeptDocument>>> {
    let kept = app.door.documents(&actor, &key, query.version).await?;
    let shown = |(path, bytes): (String, Vec<u8>)| {
        // What is no JSON is shown as the text that it is.
        let text = |_| String::from_utf8_lossy(&bytes).into_owned().into();
        KeptDocument { path, document: serde_json::from_slice(&bytes).unwrap_or_else(text) }
    };
    Ok(Shown(kept.into_iter().map(shown).collect()))
}
