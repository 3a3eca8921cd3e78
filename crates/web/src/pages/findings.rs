//! What a person should look at, and changed certificates in bulk.

use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::{Fields, invalid};
use crate::session::Session;
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use crate::view::query::has_changed_certificate;
use crate::view::{ShownCertificate, Time};
use askama::Template;
use axum::extract::State;
use jiff::Timestamp;
use model::command::records::{AcknowledgeFinding, ApproveCertificate};
use model::device::Certificate;
use model::{Action, Device, DeviceId};

#[derive(Template)]
#[template(path = "findings.html")]
struct Findings {
    frame: Frame,
    findings: Vec<Finding>,
    changed: Vec<Change>,
    may_approve: bool,
    may_acknowledge: bool,
}

struct Finding {
    id: i64,
    time: Time,
    kind: String,
    device: Option<About>,
    text: String,
    /// Who looked at it, and when.
    looked: Option<String>,
}

struct About {
    link: String,
    name: String,
}

/// A device that shows another certificate than the pinned one.
struct Change {
    id: String,
    link: String,
    name: String,
    pinned: ShownCertificate,
    shown: ShownCertificate,
    cause: &'static str,
}

impl Change {
    fn of(device: &Device, now: Timestamp) -> Option<Self> {
        let (pinned, presented) = (device.pinned.as_ref()?, device.presented.as_ref()?);
        has_changed_certificate(device).then(|| Self {
            id: device.id.0.clone(),
            link: link(&device.name),
            name: device.name.clone(),
            pinned: ShownCertificate::new(pinned, now),
            shown: ShownCertificate::new(presented, now),
            cause: cause(pinned, presented, now),
        })
    }
}

/// What probably happened; a person decides.
fn cause(pinned: &Certificate, presented: &Certificate, now: Timestamp) -> &'static str {
    let ran_out = pinned.not_after.is_some_and(|end| end <= now);
    if presented.trusted {
        "a configured authority vouches for the new one: probably renewed"
    } else if ran_out && pinned.subject == presented.subject {
        "the pinned one ran out and the subject is the same: probably made anew by the controller"
    } else if pinned.subject == presented.subject && pinned.issuer == presented.issuer {
        "same subject and issuer, another key: reset to factory settings, firmware update, or an impostor"
    } else {
        "another subject or issuer: the site’s own certificate was installed, another machine stands there, or an impostor"
    }
}

/// `GET /findings`.
pub(crate) async fn show(State(app): State<App>, session: Session) -> Answer {
    let now = app.now();
    let rows = app.door.findings(&session.actor).await?;
    let findings = rows.into_iter().map(|row| {
        let device = row.finding.device.as_ref().and_then(|id| app.door.device(&session.actor, &id.0).ok());
        let looked = row.acknowledged.map(|it| format!("{}, {}", it.by, crate::view::shown(it.at)));
        Finding {
            id: row.id,
            looked,
            time: Time::new(row.at, now),
            kind: crate::view::spaced(&row.finding.kind),
            device: device.map(|device| About { link: link(&device.name), name: device.name.clone() }),
            text: row.finding.text,
        }
    });
    let devices = app.door.devices(&session.actor);
    page(&Findings {
        frame: app.frame(&session, "Findings", Area::Findings),
        may_acknowledge: app.may(&session.actor, Action::FindingAcknowledge),
        findings: findings.collect(),
        changed: devices.iter().filter_map(|device| Change::of(device, now)).collect(),
        may_approve: app.may(&session.actor, Action::DeviceCertificate),
    })
}

/// `POST /findings/certificates`: approves for each device exactly the certificate that was on the page.
pub(crate) async fn approve(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let mut commands = Vec::new();
    for picked in fields.all("device") {
        let (id, fingerprint) =
            picked.split_once('=').ok_or_else(|| invalid("device", "it names no fingerprint"))?;
        let fingerprint = fingerprint.parse().map_err(|cause: String| invalid("device", cause))?;
        let device = DeviceId(id.to_owned());
        commands.push((device.clone(), ApproveCertificate { device, fingerprint }));
    }
    if commands.is_empty() {
        return Err(invalid("device", "none was selected"));
    }
    let title = format!("Approve {} changed certificates", commands.len());
    let job = super::begin(&app, &session.actor, title, &app.records, commands).await?;
    Ok(see(&format!("/jobs/{job}")))
}

/// `POST /findings/acknowledge`.
pub(crate) async fn acknowledge(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let row = app.door.finding(&session.actor, fields.parsed("finding")?).await?;
    let command = AcknowledgeFinding { finding: row.id, device: row.finding.device };
    app.door.run(&session.actor, &app.records, command).await?;
    Ok(see("/findings"))
}
