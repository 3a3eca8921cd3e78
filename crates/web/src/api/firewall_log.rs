//! The firewalls' log.

use super::extract::{Caller, Query};
use super::refusal::Answer;
use crate::app::App;
use crate::firewall_log::{asked, file, missing, names, shown};
use ::api::firewall_log::{LogQuery, LoggedEntries};
use axum::Json as Shown;
use axum::extract::State;
use axum::response::Response;

/// Entries in an answer when nobody says how many.
const PAGE: usize = 200;

/// Search the firewalls' log, the last received first; what is missing of the time that is asked about is told.
#[utoipa::path(get, path = "/firewall/log", tag = "policy", params(LogQuery), responses((status = 200, body = LoggedEntries)))]
pub(super) async fn find_logged(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<LogQuery>,
) -> Answer<Shown<LoggedEntries>> {
    let mut wanted = asked(&query, app.now())?;
    if wanted.limit == 0 {
        wanted.limit = PAGE;
    }
    let found = app.policies.find_logged(&actor, wanted, query.device.as_deref()).await?;
    let names = names(&app, &actor);
    Ok(Shown(LoggedEntries {
        entries: found.lines.into_iter().map(|line| shown(line, &names)).collect(),
        next: found.next.map(|next| next.to_string()),
        is_cut: found.is_cut,
        is_complete: found.missing.is_empty(),
        missing: found.missing.iter().map(missing).collect(),
        searched: found.searched,
    }))
}

/// Write out all entries of the firewalls' log that a query asks for, as they are read.
#[utoipa::path(get, path = "/firewall/log/export", tag = "policy", params(LogQuery), responses((status = 200, content((String = "text/csv"), (Vec<Object> = "application/json"), (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(super) async fn export_logged(
    State(app): State<App>,
    Caller(actor): Caller,
    Query(query): Query<LogQuery>,
) -> Answer<Response> {
    let wanted = asked(&query, app.now())?;
    Ok(file(&app, &actor, wanted, query.device, query.format).await?)
}
