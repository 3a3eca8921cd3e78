//! The fleet by model, firmware and health.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::view::frame::{Area, Frame};
use crate::view::models::{Model, models};
use askama::Template;
use axum::extract::State;

#[derive(Template)]
#[template(path = "fleet_models.html")]
struct Models {
    frame: Frame,
    models: Vec<Model>,
}

/// `GET /fleet/models`.
pub(crate) async fn show(State(app): State<App>, session: Session) -> Answer {
    let models = models(&app.door.devices(&session.actor));
    page(&Models { frame: app.frame(&session, "Fleet by model", Area::Fleet), models })
}
