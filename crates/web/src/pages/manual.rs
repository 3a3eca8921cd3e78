//! The manual's pages.

use crate::answer::{Answer, Refusal, page};
use crate::app::App;
use crate::manual::{self, Chapter, Heading, Hit, Rendered};
use crate::session::Session;
use crate::view::frame::{Area, Frame};
use askama::Template;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "manual.html")]
struct Page {
    frame: Frame,
    chapters: &'static [Chapter],
    current: String,
    headings: &'static [Heading],
    needle: String,
    hits: Vec<Hit>,
    text: Option<&'static Rendered>,
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
}

/// `GET /manual`: the first chapter, or what a search finds.
pub(crate) async fn contents(
    State(app): State<App>,
    session: Session,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let needle: String = wanted.q.trim().chars().take(100).collect();
    let first = manual::chapters().first().filter(|_| needle.is_empty());
    show(&app, &session, first, needle)
}

/// `GET /manual/{chapter}`.
pub(crate) async fn chapter(State(app): State<App>, session: Session, Path(name): Path<String>) -> Answer {
    let found = manual::chapters().iter().find(|chapter| chapter.name == name).ok_or(Refusal::NoSuchPage)?;
    show(&app, &session, Some(found), String::new())
}

fn show(app: &App, session: &Session, chapter: Option<&'static Chapter>, needle: String) -> Answer {
    let title = chapter.map_or("Manual", |chapter| chapter.title.as_str());
    page(&Page {
        frame: app.frame(session, title, Area::Manual),
        chapters: manual::chapters(),
        current: chapter.map(|chapter| chapter.name.clone()).unwrap_or_default(),
        headings: chapter.map(|chapter| chapter.headings.as_slice()).unwrap_or_default(),
        hits: manual::search(&needle),
        needle,
        text: chapter.map(|chapter| &chapter.html),
    })
}
