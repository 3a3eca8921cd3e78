//! The search for parts over the fleet, and its export.

use crate::answer::Answer;
use crate::answer::page;
use crate::api::inventory::asked;
use crate::app::App;
use crate::parts_export;
use crate::session::Session;
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use ::api::inventory::{ExportFormat, FleetPart, PartsQuery};
use askama::Template;
use axum::extract::{Query as Asked, State};
use control::history::PartCount;
use serde::Deserialize;

/// Parts on a page; more are exported.
const PAGE: usize = 200;
/// Counts on a page.
const COUNTS: usize = 25;

#[derive(Template)]
#[template(path = "parts.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    wanted: Wanted,
    kinds: Vec<String>,
    asked: bool,
    rows: Vec<Row>,
    total: usize,
    devices: usize,
    counts: Vec<PartCount>,
    more_counts: usize,
    csv: String,
    json: String,
    parquet: String,
}

struct Row {
    link: String,
    part: FleetPart,
}

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
    kind: String,
    part_number: String,
    serial: String,
    model: String,
    firmware: String,
    mac: String,
    format: ExportFormat,
}

impl Wanted {
    fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("kind", &self.kind),
            ("part_number", &self.part_number),
            ("serial", &self.serial),
            ("model", &self.model),
            ("firmware", &self.firmware),
            ("mac", &self.mac),
        ]
    }

    fn query(&self) -> PartsQuery {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        PartsQuery {
            q: text(&self.q),
            kind: text(&self.kind),
            part_number: text(&self.part_number),
            serial: text(&self.serial),
            model: text(&self.model),
            firmware: text(&self.firmware),
            mac: text(&self.mac),
            ..PartsQuery::default()
        }
    }

    fn is_any(&self) -> bool {
        self.fields().iter().any(|(_, value)| !value.trim().is_empty())
    }

    fn export(&self, format: &str) -> String {
        let mut address = form_urlencoded::Serializer::for_suffix(String::from("/inventory/export?"), 18);
        for (name, value) in self.fields().into_iter().filter(|(_, value)| !value.trim().is_empty()) {
            address.append_pair(name, value.trim());
        }
        address.append_pair("format", format).finish()
    }
}

/// `GET /inventory`.
pub(crate) async fn show(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let actor = &session.actor;
    let asks = wanted.is_any();
    // Without a question there are only the counts, of everything.
    let mut found = app.door.find_parts(actor, asked(&wanted.query()), PAGE).await?;
    if !asks {
        found.parts.clear();
    }
    let row = |found| {
        let part = parts_export::shown(found);
        Row { link: link(&part.device_name), part }
    };
    page(&Page {
        frame: app.frame(&session, "Inventory", Area::Inventory),
        tab: "parts",
        kinds: app.door.part_kinds(actor).await?,
        asked: asks,
        rows: found.parts.into_iter().map(row).collect(),
        total: found.total,
        devices: found.devices,
        more_counts: found.counts.len().saturating_sub(COUNTS),
        counts: found.counts.into_iter().take(COUNTS).collect(),
        csv: wanted.export("csv"),
        json: wanted.export("json"),
        parquet: wanted.export("parquet"),
        wanted,
    })
}

/// `GET /inventory/export`.
pub(crate) async fn export(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let parts = app.door.parts(&session.actor, asked(&wanted.query()))?;
    Ok(parts_export::file(&app, parts, wanted.format).await?)
}
