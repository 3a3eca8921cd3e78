//! The fleet: the list of devices, and acts on many of them.

use super::begin_paced;
use super::confirm::{Confirm, MOST_ROWS};
use crate::answer::{Answer, Refusal, page, see};
use crate::app::App;
use crate::export;
use crate::fields::{Fields, invalid};
use crate::session::Session;
use crate::view::device::Row;
use crate::view::fleet::{self, Column, Count, Page};
use crate::view::frame::{Area, Frame};
use crate::view::pacing::PacingForm;
use crate::view::query::Query;
use crate::view::{Choice, act_text, reset_choice};
use askama::Template;
use axum::extract::{Path, Query as Asked, State};
use model::device::Reset;
use model::job::{Act, Pacing};
use model::{Action, Actor, Device, Failure, Kind, Stage};
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
    /// What the list can be had as, and where.
    exports: Vec<(&'static str, String)>,
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
        exports: exports(&query),
        acts: COMMON.iter().map(|reset| reset_choice(*reset)).collect(),
        other_acts: OTHER_ACTS,
        query,
    })
}

fn exports(query: &Query) -> Vec<(&'static str, String)> {
    let of = |(text, format): (&'static str, &str)| {
        let mut address = form_urlencoded::Serializer::for_suffix(String::from("/fleet/export?"), 14);
        (text, address.append_pair("format", format).append_pair("q", &query.text).finish())
    };
    [("CSV", "csv"), ("JSON", "json"), ("Parquet", "parquet")].into_iter().map(of).collect()
}

/// `GET /fleet/export`: the list as a file, whole.
pub(crate) async fn export(
    State(app): State<App>,
    session: Session,
    Asked(wanted): Asked<export::Wanted>,
) -> Answer {
    let devices = app.door.devices(&session.actor);
    let mut found = matching(&devices, &read(&devices, &wanted.q, "name"));
    fleet::sort(&mut found, "name");
    export::file(&app, &fleet::table(&found), wanted.format, "fleet")
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

/// What a form asks to be done with many.
fn read_act(fields: &Fields) -> Result<Act, Refusal> {
    let act = match fields.text("act") {
        "refresh" => Some(Act::Refresh),
        "maintenance" => Some(Act::Stage { stage: Stage::Maintenance }),
        "in_service" => Some(Act::Stage { stage: Stage::InService }),
        word => word.parse().ok().map(|reset| Act::Power { reset }),
    };
    act.ok_or_else(|| invalid("act", "there is no such act"))
}

/// What has to be typed; nothing for what takes nothing away.
fn expects(act: Act, count: usize) -> Option<String> {
    act.disrupts().then(|| format!("{} {count}", act_text(act).to_lowercase()))
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
    let act = read_act(&fields)?;
    let devices = picked(&app, &session.actor, &fields)?;
    if devices.is_empty() {
        return Err(Failure::new(
            Kind::Invalid,
            act_text(act).to_lowercase(),
            "devices",
            "none was selected",
        )
        .hint("go back and select some, with their boxes or with “all”")
        .into());
    }
    let count = devices.len();
    let title = title(act, count);
    let not_adopted = devices.iter().filter(|device| !device.is_adopted()).count();
    let mut ids: Vec<(&'static str, String)> =
        devices.iter().map(|device| ("device", device.id.0.clone())).collect();
    ids.push(("act", fields.text("act").to_owned()));
    let now = app.now();
    page(&Confirm {
        frame: app.frame(&session, &title, Area::Fleet),
        explanation: "Each device is asked by itself and each act is written down. The job can be stopped."
            .into(),
        warning: (not_adopted > 0)
            .then(|| format!("{not_adopted} of them are not adopted: the act fails for these.")),
        action: "/fleet/act/confirmed".into(),
        fields: ids,
        expect: expects(act, count),
        pacing: (count > 1).then(|| PacingForm::new(&usual(act, &devices), &devices)),
        button: title,
        back: "/".into(),
        devices: devices.iter().take(MOST_ROWS).map(|device| Row::new(device, now)).collect(),
        more: count.saturating_sub(MOST_ROWS),
    })
}

fn title(act: Act, count: usize) -> String {
    format!("{} {count} {}", act_text(act), if count == 1 { "device" } else { "devices" })
}

/// What is usual for the act, by feed where the devices' labels tell which feed they hang on.
fn usual(act: Act, devices: &[Arc<Device>]) -> Pacing {
    let mut pacing = Pacing::usual(act);
    if pacing.group_by.is_some() && devices.iter().any(|device| device.labels.contains_key("feed")) {
        pacing.group_by = Some("feed".into());
    }
    pacing
}

/// `POST /fleet/act/confirmed`: starts the job.
pub(crate) async fn confirmed(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let act = read_act(&fields)?;
    let devices: Vec<Arc<Device>> =
        fields.all("device").map(|id| app.door.device(&session.actor, id)).collect::<Result<_, _>>()?;
    if expects(act, devices.len()).is_some_and(|expected| fields.text("confirm") != expected) {
        return Err(invalid("confirm", "it is not what was to be typed; nothing was done"));
    }
    if devices.is_empty() {
        return Err(invalid("device", "no device was selected"));
    }
    let pacing = PacingForm::read(&fields, usual(act, &devices))?;
    let ids = devices.iter().map(|device| device.id.clone()).collect();
    let job = begin_paced(&app, &session.actor, title(act, devices.len()), act, pacing, ids).await?;
    Ok(see(&format!("/jobs/{job}")))
}
