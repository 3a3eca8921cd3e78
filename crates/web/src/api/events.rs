//! News as they happen, filtered by what the token's user may see.

use super::extract::Caller;
use super::guard::Presented;
use super::refusal::Answer;
use crate::app::App;
use crate::live::may_see_job;
use crate::session::From;
use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use control::access_book::Sight;
use futures_util::Stream;
use model::event::{Event, What};
use model::{Action, Actor, DeviceId, Object};
use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// How often it is looked whether the token behind a stream still stands while there is no news.
const CHECK: Duration = Duration::from_secs(30);
/// While there is: nobody hears more than a second's worth after the token was revoked.
const CHECK_BUSY: Duration = Duration::from_secs(1);

/// Follow what happens, as server-sent events whose data is one JSON object each.
///
/// An event named `resync` says that some were missed: read again what you show. The stream ends with the
/// token's right to it; without news there is a comment every 15 seconds.
#[utoipa::path(get, path = "/events", tag = "events", responses((status = 200, body = String, content_type = "text/event-stream")))]
pub(super) async fn follow_events(
    State(app): State<App>,
    Caller(actor): Caller,
    Extension(token): Extension<Presented>,
    From(from): From,
) -> Answer<Sse<impl Stream<Item = Result<Line, Infallible>> + use<>>> {
    app.door.check(&actor, Action::DeviceView, &Object::Appliance)?;
    let events = app.door.events().listen();
    let listener = Listener { app, actor, token, from, events, checked: Instant::now() };
    let lines = futures_util::stream::unfold(listener, |mut listener| async move {
        let line = listener.next().await?;
        Some((Ok(line), listener))
    });
    Ok(Sse::new(lines).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Listener {
    app: App,
    actor: Actor,
    token: Presented,
    from: Option<IpAddr>,
    events: Receiver<Event>,
    checked: Instant,
}

impl Listener {
    /// The next line; none when the appliance stops or the token has ended.
    async fn next(&mut self) -> Option<Line> {
        let closing = self.app.closing.clone();
        loop {
            let due = self.checked + CHECK;
            let received = tokio::select! {
                biased;
                () = closing.cancelled() => return None,
                () = tokio::time::sleep_until(due) => {
                    self.stands().await.then_some(())?;
                    continue;
                }
                received = self.events.recv() => received,
            };
            match received {
                Ok(event) if self.sees(&event.what) => {
                    if self.checked.elapsed() >= CHECK_BUSY && !self.stands().await {
                        return None;
                    }
                    let Ok(line) = Line::default().json_data(&event) else { continue };
                    return Some(line);
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(Line::default().event("resync").data("{}")),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn stands(&mut self) -> bool {
        self.checked = Instant::now();
        self.app.gate.bearer(self.token.0.expose(), self.from).await.is_ok()
            && self.app.may(&self.actor, Action::DeviceView)
    }

    fn sees(&self, what: &What) -> bool {
        let device = |id: &DeviceId| self.app.door.device(&self.actor, &id.0).is_ok();
        match what {
            What::DeviceChanged { id, .. } | What::ActProgress { id, .. } => device(id),
            // What is gone cannot be asked about, so only who sees everything hears of it.
            What::DeviceRemoved { .. } => {
                matches!(self.app.access().sight(&self.actor), Sight::Everything)
                    && self.app.may(&self.actor, Action::DeviceView)
            }
            What::JobProgress { job, .. } => may_see_job(&self.app, &self.actor, *job),
            What::SweepProgress { .. } => self.app.may(&self.actor, Action::ApplianceView),
            What::FindingRaised(finding) => match &finding.device {
                Some(id) => device(id),
                None => self.app.may(&self.actor, Action::AuditView),
            },
            What::PolicyChanged { .. } | What::PinholesChanged { id: None } => {
                self.app.may(&self.actor, Action::PolicyView)
            }
            What::PinholesChanged { id: Some(id) } | What::QuarantineChanged { id, .. } => device(id),
            What::CredentialsImported => self.app.may(&self.actor, Action::CredentialImport),
            What::Audited { .. } => self.app.may(&self.actor, Action::AuditView),
        }
    }
}
