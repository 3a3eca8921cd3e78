//! A device's sensors as they were last read, in groups, with their limits.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::view::Time;
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use crate::view::sensors::{Group, groups};
use askama::Template;
use axum::extract::{Path, State};
use model::DeviceId;

#[derive(Template)]
#[template(path = "device_sensors.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    id: DeviceId,
    name: String,
    link: String,
    taken: Option<Time>,
    groups: Vec<Group>,
}

/// `GET /devices/{name}/sensors`.
pub(crate) async fn show(State(app): State<App>, session: Session, Path(name): Path<String>) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let readings = app.door.readings(&session.actor, &device.id.0)?;
    let taken = readings.as_ref().and_then(|readings| readings.taken_at);
    page(&Page {
        frame: app.frame(&session, &format!("Sensors: {}", device.name), Area::Fleet),
        tab: "sensors",
        id: device.id.clone(),
        name: device.name.clone(),
        link: link(&device.name),
        taken: taken.map(|at| Time::new(at, app.now())),
        groups: readings.map(|readings| groups(&readings.readings)).unwrap_or_default(),
    })
}
