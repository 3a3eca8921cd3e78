//! What a person should look at.

use super::extract::{Caller, Path};
use super::refusal::Answer;
use crate::app::App;
use ::api::record::KeptFinding;
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use model::command::records::AcknowledgeFinding;

/// List the newest five hundred findings, newest first.
#[utoipa::path(get, path = "/findings", tag = "findings", responses((status = 200, body = Vec<KeptFinding>)))]
pub(super) async fn list_findings(
    State(app): State<App>,
    Caller(actor): Caller,
) -> Answer<Shown<Vec<KeptFinding>>> {
    let rows = app.door.findings(&actor).await?.into_iter();
    let shown = rows.map(|row| {
        let (by, at) = row.acknowledged.map(|it| (it.by, it.at)).unzip();
        KeptFinding {
            id: row.id,
            at: row.at,
            finding: row.finding,
            acknowledged: at.is_some(),
            acknowledged_by: by,
            acknowledged_at: at,
        }
    });
    Ok(Shown(shown.collect()))
}

/// Say that one looked at a finding.
#[utoipa::path(post, path = "/findings/{finding}/acknowledge", tag = "findings", params(("finding" = i64, Path, description = "Its number.")), responses((status = 204)))]
pub(super) async fn acknowledge_finding(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(number): Path<i64>,
) -> Answer<StatusCode> {
    let row = app.door.finding(&actor, number).await?;
    let command = AcknowledgeFinding { finding: row.id, device: row.finding.device };
    app.door.run(&actor, &app.records, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
