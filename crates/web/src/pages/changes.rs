//! What changed over the fleet since a moment.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::since;
use crate::view::changes::mark;
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use askama::Template;
use axum::extract::{Query as Asked, State};
use model::{Device, DeviceId};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Groups on a page, and devices that are named for each.
const GROUPS: usize = 300;
const NAMED: usize = 12;

#[derive(Template)]
#[template(path = "changes.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    since: String,
    date: String,
    not_understood: Option<String>,
    changed: usize,
    groups: Vec<Group>,
    more: usize,
    first_read: Option<Named>,
}

struct Group {
    what: &'static str,
    sign: &'static str,
    text: String,
    count: usize,
    named: Named,
}

struct Named {
    total: usize,
    devices: Vec<Name>,
    more: usize,
}

struct Name {
    link: String,
    name: String,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    since: String,
}

/// `GET /inventory/changes`.
pub(crate) async fn show(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let actor = &session.actor;
    let parsed = since::parse(&wanted.since);
    let moment = parsed.unwrap_or_else(|| since::week_before(app.now()));
    let changes = app.door.changes_since(actor, moment).await?;
    let devices: HashMap<DeviceId, Arc<Device>> =
        app.door.devices(actor).into_iter().map(|device| (device.id.clone(), device)).collect();
    let named = |ids: &BTreeSet<DeviceId>| {
        let mut names: Vec<&str> =
            ids.iter().filter_map(|id| devices.get(id)).map(|it| it.name.as_str()).collect();
        names.sort_by(|a, b| crate::view::fleet::natural(a, b));
        let shown = names.iter().take(NAMED).map(|name| Name { link: link(name), name: (*name).to_owned() });
        Named { total: names.len(), devices: shown.collect(), more: names.len().saturating_sub(NAMED) }
    };
    let groups = changes.groups.iter().take(GROUPS).map(|group| Group {
        what: group.what,
        sign: mark(group.what),
        text: group.text.clone(),
        count: group.count,
        named: named(&group.devices),
    });
    let is_wrong = parsed.is_none() && !wanted.since.trim().is_empty();
    page(&Page {
        frame: app.frame(&session, "Changes", Area::Inventory),
        tab: "changes",
        since: crate::view::shown(moment),
        date: moment.strftime("%Y-%m-%d").to_string(),
        changed: changes.changed.len(),
        more: changes.more + changes.groups.len().saturating_sub(GROUPS),
        groups: groups.collect(),
        first_read: (!changes.first_read.is_empty()).then(|| named(&changes.first_read)),
        not_understood: is_wrong.then_some(wanted.since),
    })
}
