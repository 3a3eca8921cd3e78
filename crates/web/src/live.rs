//! News for open pages: one stream for each, filtered by what its reader may see.
//!
//! The stream carries no state, only keys of what changed (`device:ID`, `job:7`); the page then reads
//! that part again, under its own rights.

use crate::app::App;
use crate::session::{From, Session, cookie};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};
use model::event::{Ended, Event, What};
use model::{Action, Actor, DeviceId};
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;

/// News of this span go out together: a poll of a thousand devices is a few lines, not a thousand.
const GATHER: Duration = Duration::from_millis(200);
/// More keys than this and the page reads everything anew.
const MOST_KEYS: usize = 64;
/// How often it is looked whether the session behind a stream still stands while there is no news; before each
/// line of news it is looked in any case.
const CHECK: Duration = Duration::from_secs(30);

/// `GET /events`.
pub(crate) async fn stream(
    State(app): State<App>,
    session: Session,
    From(from): From,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Line, Infallible>>> {
    let listener = Listener {
        events: app.door.events().listen(),
        actor: session.actor.clone(),
        cookie: cookie(&headers),
        from,
        checked: Instant::now(),
        app,
    };
    let lines = futures_util::stream::unfold(listener, |mut listener| async move {
        let line = listener.next().await?;
        Some((Ok(line), listener))
    });
    Sse::new(lines).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

struct Listener {
    app: App,
    events: Receiver<Event>,
    actor: Actor,
    cookie: Option<model::Secret<String>>,
    from: Option<std::net::IpAddr>,
    checked: Instant,
}

impl Listener {
    /// The next line; none when the appliance stops or the session has ended.
    async fn next(&mut self) -> Option<Line> {
        let closing = self.app.closing.clone();
        loop {
            let due = self.checked + CHECK;
            let received = tokio::select! {
                () = closing.cancelled() => return None,
                () = tokio::time::sleep_until(due) => {
                    self.stands().await.then_some(())?;
                    continue;
                }
                received = self.events.recv() => received,
            };
            let mut keys = BTreeSet::new();
            match received {
                Ok(event) => self.note(&event, &mut keys),
                Err(RecvError::Lagged(_)) => return Some(resync()),
                Err(RecvError::Closed) => return None,
            }
            if keys.is_empty() {
                continue;
            }
            tokio::time::sleep(GATHER).await;
            if !self.stands().await {
                return None;
            }
            if !self.gather(&mut keys) || keys.len() > MOST_KEYS {
                return Some(resync());
            }
            let Ok(line) = Line::default().event("touch").json_data(&keys) else { continue };
            return Some(line);
        }
    }

    /// Takes what is there; false if some of it was missed.
    fn gather(&mut self, keys: &mut BTreeSet<String>) -> bool {
        loop {
            match self.events.try_recv() {
                Ok(event) => self.note(&event, keys),
                Err(TryRecvError::Lagged(_)) => return false,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return true,
            }
        }
    }

    async fn stands(&mut self) -> bool {
        self.checked = Instant::now();
        let Some(cookie) = &self.cookie else { return false };
        self.app.gate.peek(cookie.expose(), self.from).await.is_some()
    }

    /// Adds the keys of what the reader may see.
    fn note(&self, event: &Event, keys: &mut BTreeSet<String>) {
        let sees = |id: &DeviceId| self.app.door.device(&self.actor, &id.0).is_ok();
        let mut add = |key: &str| keys.extend([key.to_owned()]);
        match &event.what {
            What::DeviceChanged { id, .. } if sees(id) => {
                add("devices");
                add(&format!("device:{id}"));
            }
            What::ActProgress { id, .. } if sees(id) => add(&format!("device:{id}")),
            // What is gone cannot be asked about; that something is gone is no secret.
            What::DeviceRemoved { .. } => {
                add("devices");
                add("removed");
            }
            What::JobProgress { job, .. } if may_see_job(&self.app, &self.actor, *job) => {
                add("jobs");
                add(&format!("job:{job}"));
            }
            What::SweepProgress { .. } if self.app.may(&self.actor, Action::ApplianceView) => add("sweeps"),
            What::FindingRaised(finding) if finding.device.as_ref().is_none_or(sees) => add("findings"),
            What::PolicyChanged { .. } if self.app.may(&self.actor, Action::PolicyView) => add("policy"),
            What::PinholesChanged { .. } if self.app.may(&self.actor, Action::PolicyView) => add("pinholes"),
            What::QuarantineChanged { id, .. } if sees(id) => {
                add("quarantine");
                add(&format!("device:{id}"));
            }
            What::Audited { .. } if self.app.may(&self.actor, Action::AuditView) => add("audit"),
            _ => {}
        }
    }
}

fn resync() -> Line {
    Line::default().event("resync").data("{}")
}

/// A job is shown to who started it and to those who read the audit log.
pub(crate) fn may_see_job(app: &App, actor: &Actor, job: u64) -> bool {
    let own = || app.jobs.starter(job).is_some_and(|by| by == actor.principal);
    app.may(actor, Action::AuditView) || own()
}

/// The last step of each act, for pages that are loaded while it runs.
#[derive(Default)]
pub(crate) struct Steps(Mutex<HashMap<DeviceId, Step>>);

/// Where an act is.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub at: Timestamp,
    pub text: String,
    pub ended: Option<Ended>,
}

/// So long a step that ended is worth showing.
const WORTH: SignedDuration = SignedDuration::from_secs(60);
/// A step that did not end is forgotten after so long: its act has crashed.
const FORGET: SignedDuration = SignedDuration::from_hours(1);

impl Steps {
    pub(crate) async fn follow(&self, mut events: Receiver<Event>) {
        loop {
            match events.recv().await {
                Ok(event) => self.note(event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn note(&self, event: Event) {
        let What::ActProgress { id, step, ended, .. } = event.what else { return };
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = event.at;
        steps.retain(|_, step| {
            now.duration_since(step.at) < if step.ended.is_some() { WORTH } else { FORGET }
        });
        steps.insert(id, Step { at: now, text: step, ended });
    }

    /// The last step of an act on this device, if it is recent.
    pub(crate) fn of(&self, id: &DeviceId, now: Timestamp) -> Option<Step> {
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let step = steps.get(id)?;
        let age = now.duration_since(step.at);
        (age < if step.ended.is_some() { WORTH } else { FORGET }).then(|| step.clone())
    }
}
