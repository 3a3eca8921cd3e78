//! What was learned of each model.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::view::Time;
use crate::view::frame::{Area, Frame};
use crate::view::traffic::{Slow, query_words, slow};
use askama::Template;
use axum::extract::State;

#[derive(Template)]
#[template(path = "models.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    models: Vec<Model>,
}

struct Model {
    vendor: String,
    product: String,
    firmware: String,
    devices: usize,
    expand: &'static str,
    expand_fails_at: Vec<String>,
    select: &'static str,
    etags: &'static str,
    in_flight: String,
    requests: String,
    updated: Option<Time>,
    slow: Vec<Slow>,
}

/// `GET /inventory/models`.
pub(crate) async fn show(State(app): State<App>, session: Session) -> Answer {
    let now = app.now();
    let number = |number: u32| if number == 0 { "–".to_owned() } else { number.to_string() };
    let model = |it: control::history::read::LearnedModel| {
        let learned = &it.learned;
        let said = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
        Model {
            vendor: said(&learned.model.vendor),
            product: said(&learned.model.product),
            firmware: said(&learned.model.firmware),
            devices: it.devices,
            expand: query_words(learned.expand),
            expand_fails_at: learned.expand_fails_at.clone(),
            select: learned.select.map_or("not known yet", query_words),
            etags: match learned.etags_work {
                Some(true) => "honoured",
                Some(false) => "not honoured",
                None => "not tried",
            },
            in_flight: number(learned.in_flight.into()),
            requests: number(learned.inventory_requests),
            updated: learned.updated_at.map(|at| Time::new(at, now)),
            slow: slow(&learned.paths, 5),
        }
    };
    let models = app.door.models(&session.actor)?.into_iter().map(model).collect();
    page(&Page { frame: app.frame(&session, "Models", Area::Inventory), tab: "models", models })
}
