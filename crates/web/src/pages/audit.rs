//! The audit log: list, one record, export.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::session::Session;
use crate::view::audit::{Line, status};
use crate::view::frame::{Area, Frame};
use crate::view::shown;
use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query as Asked, State};
use axum::http::header;
use axum::response::IntoResponse;
use control::people::{AuditEntry, AuditQuery, AuditRange};
use model::{Action, Failure, Kind, Object};
use serde::Deserialize;
use std::io;
use tokio::sync::mpsc;

/// Records on a page.
const PAGE: usize = 100;

#[derive(Template)]
#[template(path = "audit.html")]
struct List {
    frame: Frame,
    chain: Vec<Fact>,
    filter: Filter,
    actions: Vec<&'static str>,
    entries: Vec<Line>,
    older: Option<String>,
    may_export: bool,
}

#[derive(Template)]
#[template(path = "audit_entry.html")]
struct One {
    frame: Frame,
    entry: Line,
    facts: Vec<Fact>,
    detail: String,
}

/// A labelled value.
pub(crate) struct Fact {
    pub label: &'static str,
    pub value: String,
    pub mono: bool,
}

impl Fact {
    pub(crate) fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), mono: false }
    }

    pub(crate) fn mono(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), mono: true }
    }
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    user: String,
    action: String,
    device: String,
    below: Option<u64>,
}

struct Filter {
    user: String,
    action: String,
    device: String,
    any: bool,
}

/// `GET /audit`.
pub(crate) async fn list(State(app): State<App>, session: Session, Asked(wanted): Asked<Wanted>) -> Answer {
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let query = AuditQuery {
        actor: text(&wanted.user),
        action: wanted.action.parse().ok(),
        object: text(&wanted.device),
        below: wanted.below,
        limit: PAGE,
        ..AuditQuery::default()
    };
    let entries = app.door.audit_entries(&session.actor, query).await?;
    let more = entries.len() == PAGE;
    let older = entries.last().filter(|_| more).map(|last| older(&wanted, last.record));
    let now = app.now();
    page(&List {
        frame: app.frame(&session, "Audit", Area::Audit),
        chain: chain(&app),
        actions: Action::ALL.iter().map(|action| action.name()).collect(),
        entries: entries.iter().map(|entry| Line::new(entry, now)).collect(),
        older,
        may_export: app.may(&session.actor, Action::AuditExport),
        filter: Filter {
            any: !(wanted.user.is_empty() && wanted.action.is_empty() && wanted.device.is_empty()),
            user: wanted.user,
            action: wanted.action,
            device: wanted.device,
        },
    })
}

fn older(wanted: &Wanted, below: u64) -> String {
    let mut address = form_urlencoded::Serializer::for_suffix(String::from("/audit?"), 7);
    for (name, value) in [("user", &wanted.user), ("action", &wanted.action), ("device", &wanted.device)] {
        if !value.is_empty() {
            address.append_pair(name, value);
        }
    }
    address.append_pair("below", &below.to_string()).finish()
}

/// How far the log is written and signed.
fn chain(app: &App) -> Vec<Fact> {
    let last = *app.door.audit().durable().borrow();
    let mut facts = vec![Fact::new("Last record", last.to_string())];
    match app.door.audit().checkpoints().borrow().as_ref() {
        Some(signed) => facts.extend([
            Fact::new("Last checkpoint", format!("record {}, {}", signed.seq, shown(signed.at))),
            Fact::new("Not in a checkpoint yet", last.saturating_sub(signed.seq).to_string()),
            Fact::mono("Hash at the checkpoint", signed.hash.to_string()),
        ]),
        None => facts.push(Fact::new("Last checkpoint", "none yet")),
    }
    facts.push(Fact::mono("Verify", "portcullis audit verify --anchor FILE"));
    facts
}

/// `GET /audit/{number}`.
pub(crate) async fn show(State(app): State<App>, session: Session, Path(number): Path<u64>) -> Answer {
    let query = AuditQuery { below: number.checked_add(1), limit: 1, ..AuditQuery::default() };
    let found =
        app.door.audit_entries(&session.actor, query).await?.into_iter().find(|entry| entry.record == number);
    let entry = found.ok_or_else(|| {
        Failure::new(
            Kind::NotFound,
            "show",
            format!("record {number}"),
            "no act or note begins with this record",
        )
    })?;
    page(&One {
        frame: app.frame(&session, &format!("Record {number}"), Area::Audit),
        facts: facts(&entry),
        detail: serde_json::to_string_pretty(&entry).unwrap_or_default(),
        entry: Line::new(&entry, app.now()),
    })
}

fn facts(entry: &AuditEntry) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("Began", shown(entry.at)),
        Fact::new("Who", entry.actor.principal.to_string()),
        Fact::new("Through", entry.actor.via.clone()),
    ];
    facts.extend(entry.actor.from.map(|from| Fact::mono("From", from.to_string())));
    facts.extend(entry.action.map(|action| Fact::new("Action", format!("{action}: {}", action.meaning()))));
    facts.extend(entry.note.map(|note| Fact::new("Note", note.meaning())));
    facts.extend(entry.object.as_ref().map(|object| Fact::new("Object", object.to_string())));
    facts.push(Fact::new("Outcome", status(entry.status).1));
    facts.extend(entry.reason.as_ref().map(|reason| Fact::new("Why", reason.clone())));
    facts.extend(entry.ended.map(|ended| Fact::new("Ended", shown(ended))));
    facts
}

#[derive(Template)]
#[template(path = "audit_verify.html")]
struct Verified {
    frame: Frame,
    sound: bool,
    facts: Vec<Fact>,
    defects: Vec<String>,
}

/// `POST /audit/verify`: reads the whole log; a form, so that no link and no prefetching does it.
pub(crate) async fn verify(State(app): State<App>, session: Session) -> Answer {
    let report = app.door.verify_audit(&session.actor).await?;
    let number = |value: u64| value.to_string();
    let mut facts = vec![
        Fact::new("Lines", number(report.lines)),
        Fact::new("Last record", number(report.last)),
        Fact::new("Signed up to", format!("record {}", report.signed)),
        Fact::new("Clock set back", format!("{} times", report.clock_set_back)),
    ];
    facts.extend(report.hash.as_ref().map(|hash| Fact::mono("Last hash", hash.to_string())));
    facts.push(Fact::mono("Key", report.key.to_string()));
    let mut defects: Vec<String> = report.defects.iter().map(ToString::to_string).collect();
    if report.more_defects > 0 {
        defects.push(format!("and {} more", report.more_defects));
    }
    let title = if defects.is_empty() { "The log is sound" } else { "The log is damaged" };
    page(&Verified {
        frame: app.frame(&session, title, Area::Audit),
        sound: defects.is_empty(),
        facts,
        defects,
    })
}

/// `GET /audit/export`: the whole log as JSON lines, streamed.
pub(crate) async fn export(State(app): State<App>, session: Session) -> Answer {
    app.door.check(&session.actor, Action::AuditExport, &Object::Appliance)?;
    // Chunks of the writer's 64 KiB: sixteen keep a slow reader from holding more than a megabyte.
    let (sender, receiver) = mpsc::channel(16);
    let log = app.door.audit().clone();
    let work = Box::pin(async move {
        let to = io::BufWriter::with_capacity(64 * 1024, Pipe(sender));
        let range = AuditRange { from: 1, to: u64::MAX };
        log.export(to, range).await.map(drop).map_err(io::Error::other)
    });
    let lines = futures_util::stream::unfold((receiver, Some(work)), |(mut receiver, mut work)| async move {
        loop {
            let Some(running) = work.as_mut() else {
                return receiver.recv().await.map(|chunk| (Ok(chunk), (receiver, work)));
            };
            tokio::select! {
                chunk = receiver.recv() => return chunk.map(|chunk| (Ok(chunk), (receiver, work))),
                ended = running => {
                    work = None;
                    if let Err(error) = ended {
                        return Some((Err(error), (receiver, work)));
                    }
                }
            }
        }
    });
    let name = "attachment; filename=\"portcullis-audit.jsonl\"";
    let headers = [(header::CONTENT_TYPE, "application/jsonl"), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// Hands what a thread writes to the task that answers.
struct Pipe(mpsc::Sender<Bytes>);

impl io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
