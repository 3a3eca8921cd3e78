//! The racks as a picture.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::view::device::Row;
use crate::view::frame::{Area, Frame};
use crate::view::racks::{Rack, racks};
use askama::Template;
use axum::extract::State;

#[derive(Template)]
#[template(path = "racks.html")]
struct Racks {
    frame: Frame,
    racks: Vec<Rack>,
    elsewhere: Vec<Row>,
}

/// `GET /racks`.
pub(crate) async fn show(State(app): State<App>, session: Session) -> Answer {
    let (mut racks, elsewhere) = racks(&app.door.devices(&session.actor), app.now());
    racks.sort_by(|a, b| crate::view::fleet::natural(&a.name, &b.name));
    page(&Racks { frame: app.frame(&session, "Racks", Area::Racks), racks, elsewhere })
}
