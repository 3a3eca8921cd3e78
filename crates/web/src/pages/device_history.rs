//! How a device's inventory changed: its versions, and what is between two of them.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::view::Time;
use crate::view::changes::{Line, lines};
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use askama::Template;
use axum::extract::{Path, Query as Asked, State};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "device_history.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    name: String,
    link: String,
    versions: Vec<Version>,
    between: Option<Between>,
}

struct Version {
    number: u64,
    taken: Time,
    changes: u32,
    summary: String,
    has_documents: bool,
    is_from: bool,
    is_to: bool,
}

struct Between {
    from: u64,
    to: u64,
    lines: Vec<Line>,
}

/// Which versions are compared.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    from: Option<u64>,
    to: Option<u64>,
}

/// `GET /devices/{name}/history`.
pub(crate) async fn show(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let actor = &session.actor;
    let device = app.door.device(actor, &name)?;
    let rows = app.door.history(actor, &device.id.0).await?;
    // The latest change is what people come for.
    let between = if rows.len() > 1 || wanted.from.is_some() || wanted.to.is_some() {
        let (from, to) = match (wanted.from, wanted.to) {
            // Whichever was picked first, the earlier is compared with the later.
            (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to))),
            other => other,
        };
        let between = app.door.changes_between(actor, &device.id.0, from, to).await?;
        Some(Between { from: between.from, to: between.to, lines: lines(&between.changes) })
    } else {
        None
    };
    let (from, to) = between.as_ref().map_or((0, 0), |between| (between.from, between.to));
    let now = app.now();
    let version = |row: control::history::VersionRow| Version {
        number: row.number,
        taken: Time::new(row.taken_at, now),
        changes: row.changes,
        summary: row.summary,
        has_documents: row.has_documents,
        is_from: row.number == from,
        is_to: row.number == to,
    };
    page(&Page {
        frame: app.frame(&session, &format!("Changes: {}", device.name), Area::Fleet),
        tab: "history",
        name: device.name.clone(),
        link: link(&device.name),
        versions: rows.into_iter().map(version).collect(),
        between,
    })
}
