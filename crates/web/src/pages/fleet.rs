//! The fleet: the list of devices, and acts on many of them.

use super::begin;
use super::confirm::{Confirm, MOST_ROWS};
use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::{Fields, invalid};
use crate::session::Session;
use crate::view::device::Row;
use crate::view::fleet::{self, Column, Count, Page};
use crate::view::frame::{Area, Frame};
use crate::view::query::Query;
use crate::view::{Choice, reset_choice, reset_text};
use askama::Template;
use axum::extract::{Path, Query as Asked, State};
use model::command::bmc::{Refresh, SwitchPower};
use model::command::records::SetStage;
use model::device::Reset;
use model::{Action, Actor, Device, DeviceId, Failure, Kind, Stage};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "fleet.html")]
struct Fleet {
    frame: Frame,
    tally: Vec<Count>,
    query: Query,
    columns: Vec<Column>,
    rows: Vec<Row>,
    page: Page,
    fleet_is_empty: bool,
    may_act: bool,
    may_discover: bool,
    acts: Vec<Choice>,
    other_acts: &'static [Choice],
}

#[derive(Template)]
#[template(path = "fleet_row.html")]
struct OneRow {
    row: Row,
}

#[derive(Template)]
#[template(path = "fleet_tally.html")]
struct Tally {
    tally: Vec<Count>,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
    sort: String,
    page: usize,
}

/// Acts beside power.
const OTHER_ACTS: &[Choice] = &[
    Choice { value: "refresh", text: "Read now", disrupts: false },
    Choice { value: "maintenance", text: "Put into maintenance", disrupts: false },
    Choice { value: "in_service", text: "Put in service", disrupts: false },
];

/// Resets that nearly every controller knows; the rest is on a device's own page.
const COMMON: &[Reset] = &[
    Reset::On,
    Reset::GracefulShutdown,
    Reset::ForceOff,
    Reset::GracefulRestart,
    Reset::ForceRestart,
    Reset::PowerCycle,
];

fn read(devices: &[Arc<Device>], text: &str, sort: &str) -> Query {
    let text: String = text.chars().take(200).collect();
    let sort = if fleet::is_column(sort) { sort } else { "name" };
    Query::new(&text, sort, |key| {
        devices.iter().any(|device| device.labels.keys().any(|own| own.eq_ignore_ascii_case(key)))
    })
}

/// Those that match, decommissioned ones only when they are asked for.
fn matching(devices: &[Arc<Device>], query: &Query) -> Vec<Arc<Device>> {
    let asks_gone = query.text.contains("decommissioned");
    let shown =
        |device: &&Arc<Device>| (asks_gone || device.stage != Stage::Decommissioned) && query.matches(device);
    devices.iter().filter(shown).cloned().collect()
}

/// `GET /`.
pub(crate) async fn show(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let devices = app.door.devices(&session.actor);
    let query = read(&devices, &wanted.q, &wanted.sort);
    let mut found = matching(&devices, &query);
    fleet::sort(&mut found, &query.sort);
    let shown = Page::new(wanted.page, found.len(), &query);
    let now = app.now();
    let rows: Vec<Row> = shown.rows(&found).iter().map(|device| Row::new(device, now)).collect();
    let may_act = found.first().is_some_and(|device| may_act(&app, &session.actor, device));
    page(&Fleet {
        frame: app.frame(&session, "Fleet", Area::Fleet),
        tally: fleet::tally(&devices, &query.text),
        columns: fleet::columns(&query),
        rows,
        page: shown,
        fleet_is_empty: devices.is_empty(),
        may_act,
        may_discover: app.may(&session.actor, Action::DeviceDiscover),
        acts: COMMON.iter().map(|reset| reset_choice(*reset)).collect(),
        other_acts: OTHER_ACTS,
        query,
    })
}

fn may_act(app: &App, actor: &Actor, device: &Device) -> bool {
    app.door.may(actor, Action::DevicePower, &device.object()).allowed
}

/// `GET /fragments/device-row/{id}`.
pub(crate) async fn row(State(app): State<App>, session: Session, Path(id): Path<String>) -> Answer {
    let device = app.door.device(&session.actor, &id)?;
    page(&OneRow { row: Row::new(&device, app.now()) })
}

/// `GET /fragments/tally`.
pub(crate) async fn tally(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    page(&Tally { tally: fleet::tally(&app.door.devices(&session.actor), &wanted.q) })
}

/// What is to be done with many.
#[derive(Clone, Copy)]
enum Many {
    Power(Reset),
    Refresh,
    Stage(Stage),
}

impl Many {
    fn read(word: &str) -> Option<Self> {
        match word {
            "refresh" => Some(Self::Refresh),
            "maintenance" => Some(Self::Stage(Stage::Maintenance)),
            "in_service" => Some(Self::Stage(Stage::InService)),
            word => word.parse().ok().map(Self::Power),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Power(reset) => reset_text(reset),
            Self::Refresh => "Read now",
            Self::Stage(Stage::Maintenance) => "Put into maintenance",
            Self::Stage(_) => "Put in service",
        }
    }

    /// What has to be typed; nothing for what takes nothing away.
    fn expects(self, count: usize) -> Option<String> {
        match self {
            Self::Power(reset) if reset.disrupts() => {
                Some(format!("{} {count}", reset_text(reset).to_lowercase()))
            }
            _ => None,
        }
    }
}

/// The devices that a form picked: by their boxes, or all that match its filter.
fn picked(app: &App, actor: &Actor, fields: &Fields) -> Result<Vec<Arc<Device>>, Failure> {
    if fields.text("matching") == "yes" {
        let devices = app.door.devices(actor);
        let mut found = matching(&devices, &read(&devices, fields.text("q"), "name"));
        fleet::sort(&mut found, "name");
        return Ok(found);
    }
    fields.all("device").map(|id| app.door.device(actor, id)).collect()
}

/// `POST /fleet/act`: asks whether it is meant.
pub(crate) async fn act(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let many = Many::read(fields.text("act")).ok_or_else(|| invalid("act", "there is no such act"))?;
    let devices = picked(&app, &session.actor, &fields)?;
    if devices.is_empty() {
        return Err(Failure::new(Kind::Invalid, many.text().to_lowercase(), "devices", "none was selected")
            .hint("go back and select some, with their boxes or with “all”")
            .into());
    }
    let count = devices.len();
    let noun = if count == 1 { "device" } else { "devices" };
    let not_adopted = devices.iter().filter(|device| !device.is_adopted()).count();
    let mut ids: Vec<(&'static str, String)> =
        devices.iter().map(|device| ("device", device.id.0.clone())).collect();
    ids.push(("act", fields.text("act").to_owned()));
    let now = app.now();
    page(&Confirm {
        frame: app.frame(&session, &format!("{} {count} {noun}", many.text()), Area::Fleet),
        explanation: format!(
            "Each of the {count} {noun} is asked by itself, sixteen at a time; each act is written down."
        ),
        warning: (not_adopted > 0)
            .then(|| format!("{not_adopted} of them are not adopted: the act fails for these.")),
        action: "/fleet/act/confirmed".into(),
        fields: ids,
        expect: many.expects(count),
        button: format!("{} {count} {noun}", many.text()),
        back: "/".into(),
        devices: devices.iter().take(MOST_ROWS).map(|device| Row::new(device, now)).collect(),
        more: count.saturating_sub(MOST_ROWS),
    })
}

/// `POST /fleet/act/confirmed`: starts the job.
pub(crate) async fn confirmed(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let many = Many::read(fields.text("act")).ok_or_else(|| invalid("act", "there is no such act"))?;
    let devices: Vec<Arc<Device>> =
        fields.all("device").map(|id| app.door.device(&session.actor, id)).collect::<Result<_, _>>()?;
    if many.expects(devices.len()).is_some_and(|expected| fields.text("confirm") != expected) {
        return Err(invalid("confirm", "it is not what was to be typed; nothing was done"));
    }
    if devices.is_empty() {
        return Err(invalid("device", "no device was selected"));
    }
    let noun = if devices.len() == 1 { "device" } else { "devices" };
    let title = format!("{} {} {noun}", many.text(), devices.len());
    let ids = devices.iter().map(|device| device.id.clone());
    let actor = &session.actor;
    let job = match many {
        Many::Power(reset) => {
            let commands = ids.map(|id| (id.clone(), SwitchPower { device: id, reset })).collect();
            begin(&app, actor, title, &app.controllers, commands).await?
        }
        Many::Refresh => {
            let commands = ids.map(|id| (id.clone(), Refresh { device: id })).collect();
            begin(&app, actor, title, &app.controllers, commands).await?
        }
        Many::Stage(stage) => {
            let command = |id: DeviceId| (id.clone(), SetStage { device: id, stage });
            begin(&app, actor, title, &app.records, ids.map(command).collect()).await?
        }
    };
    Ok(see(&format!("/jobs/{job}")))
}
