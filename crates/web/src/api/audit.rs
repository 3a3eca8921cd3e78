//! The audit log: entries, export, and whether it is sound.

use super::Turns;
use super::extract::{Caller, Query};
use super::refusal::{Answer, Refusal};
use super::stream;
use crate::app::App;
use ::api::record::{AuditEntry, AuditQuery, AuditState};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use control::people::{AuditEntry as Entry, AuditQuery as Wanted, AuditRange, AuditStatus};
use model::{Action, Failure, Kind, Object};
use std::io;
use std::sync::Arc;

/// Entries in one answer at most.
const MOST: usize = 1000;

/// List audit entries, newest first: acts with their outcome, and notes.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Vec<AuditEntry>)))]
pub(super) async fn list_audit(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<AuditQuery>,
) -> Answer<Shown<Vec<AuditEntry>>> {
    if query.limit > MOST {
        return Err(Refusal::invalid("limit", format!("{} is more than {MOST}", query.limit)));
    }
    let action = query.action.map(|name| name.parse::<Action>()).transpose();
    let wanted = Wanted {
        below: query.before,
        actor: query.actor,
        action: action.map_err(|cause| Refusal::invalid("action", cause))?,
        object: query.object,
        limit: query.limit,
        ..Wanted::default()
    };
    let entries = app.door.audit_entries(&actor, wanted).await?;
    Ok(Shown(entries.into_iter().map(shown).collect()))
}

fn shown(entry: Entry) -> AuditEntry {
    let actor = &entry.actor;
    let outcome = match entry.status {
        AuditStatus::Pending => Some("pending"),
        AuditStatus::Ok => Some("done"),
        AuditStatus::Failed => Some("failed"),
        AuditStatus::Interrupted => Some("interrupted"),
        AuditStatus::Noted => None,
    };
    AuditEntry {
        record: entry.record,
        at: entry.at,
        kind: entry.note.map_or("act", |note| note.name()).to_owned(),
        actor: Some(actor.principal.to_string()),
        via: Some(actor.from.map_or_else(|| actor.via.clone(), |from| format!("{} from {from}", actor.via))),
        action: entry.action.map(|action| action.name().to_owned()),
        object: entry.object.map(|object| object.to_string()),
        detail: entry.detail,
        outcome: outcome.map(str::to_owned),
        failure: entry.reason,
    }
}

/// Export every record, oldest first, one JSON object a line: `{"hash":"…","record":{…}}`, where the
/// record is byte for byte what its hash covers.
#[utoipa::path(get, path = "/audit/export", tag = "audit", responses((status = 200, body = String, content_type = "application/jsonl")))]
pub(super) async fn export_audit(
    State(app): State<App>,
    Caller(actor): Caller,
) -> Answer<impl IntoResponse + use<>> {
    app.door.check(&actor, Action::AuditExport, &Object::Appliance)?;
    let log = app.door.audit().clone();
    let body = stream::written(|to| async move {
        let range = AuditRange { from: 1, to: u64::MAX };
        log.export(to, range).await.map(drop).map_err(io::Error::other)
    });
    let name = "attachment; filename=\"portcullis-audit.jsonl\"";
    Ok(([(header::CONTENT_TYPE, "application/jsonl"), (header::CONTENT_DISPOSITION, name)], body))
}

/// Verify the whole log now: every hash, every signature, and the configured anchor.
///
/// The appliance judges itself here. Who suspects it verifies an exported copy elsewhere.
#[utoipa::path(get, path = "/audit/state", tag = "audit", responses((status = 200, body = AuditState), (status = 409, description = "It is being verified for somebody else.", body = Failure)))]
pub(super) async fn show_audit_state(
    State(app): State<App>,
    State(turns): State<Arc<Turns>>,
    Caller(actor): Caller,
) -> Answer<Shown<AuditState>> {
    app.door.check(&actor, Action::AuditExport, &Object::Appliance)?;
    let busy =
        |_| Failure::new(Kind::Busy, "verify", "the audit log", "it is being verified for somebody else");
    let _turn = turns.verify.try_acquire().map_err(busy)?;
    let report = app.door.verify_audit(&actor).await?;
    Ok(Shown(AuditState {
        sound: report.is_sound(),
        records: report.last,
        signed: report.signed,
        anchored: report.anchored,
        unanchored: report.unanchored,
        clock_set_back: report.clock_set_back,
        defects: report.defects.iter().map(ToString::to_string).collect(),
    }))
}
