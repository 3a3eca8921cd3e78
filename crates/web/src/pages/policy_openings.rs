//! Short-lived openings and devices that are cut off: who asked for them, why, and until when.

use super::policy::{Looked, May};
use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::Fields;
use crate::session::Session;
use crate::view::Time;
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use crate::view::policy::Standing;
use askama::Template;
use axum::extract::State;
use control::policy::Which;
use control::policy::openings::{LONGEST_PINHOLE, PINHOLE};
use jiff::Timestamp;
use model::command::policy::{ClosePinhole, OpenPinhole, SetQuarantine};
use model::enforcement::{Pinhole, Quarantine, Session as Bound};
use model::{Action, Object};
use std::net::IpAddr;

#[derive(Template)]
#[template(path = "policy_openings.html")]
struct Page {
    frame: Frame,
    tab: &'static str,
    looked: Looked,
    standing: Standing,
    may: May,
    openings: Vec<Opening>,
    cut_off: Vec<CutOff>,
    /// What may be opened, by the policy that is looked at.
    applications: Vec<String>,
    may_open: bool,
    may_cut_off: bool,
    minutes: u32,
    longest: u32,
}

struct Opening {
    id: String,
    link: String,
    device: String,
    application: String,
    holes: String,
    by: String,
    why: String,
    until: Time,
    left: String,
    with_session: bool,
}

struct CutOff {
    id: String,
    /// None where only the kernel knows of it.
    link: Option<String>,
    device: String,
    address: String,
    by: String,
    why: String,
    since: Option<Time>,
}

/// `GET /policy/openings`.
pub(crate) async fn show(State(app): State<App>, session: Session) -> Answer {
    let actor = &session.actor;
    app.door.check(actor, Action::PolicyView, &Object::Appliance)?;
    let now = app.now();
    let (version, bound) = app.policies.plan(actor, Which::Current).await?;
    let devices = app.door.devices(actor);
    let may_any = |action| devices.iter().any(|device| app.door.may(actor, action, &device.object()).allowed);
    let status = app.policies.status(actor).await?;
    let quarantined = app.policies.quarantined(actor).into_iter().map(|it| cut_off(it, now));
    page(&Page {
        frame: app.frame(&session, "Openings", Area::Policy),
        tab: "openings",
        looked: Looked::new("", Which::Current, version.as_ref()),
        standing: Standing::of(&status),
        may: May::of(&app, &session),
        openings: app.policies.pinholes(actor).into_iter().map(|it| opening(it, now)).collect(),
        cut_off: quarantined.chain(status.strange.iter().map(strange)).collect(),
        applications: bound.site.applications.keys().cloned().collect(),
        may_open: may_any(Action::PinholeOpen),
        may_cut_off: may_any(Action::DeviceQuarantine),
        minutes: PINHOLE / 60,
        longest: LONGEST_PINHOLE / 60,
    })
}

fn opening(pinhole: Pinhole, now: Timestamp) -> Opening {
    let hole = |hole: &model::enforcement::Hole| {
        let protocol = match hole.protocol {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            other => format!("protocol {other}"),
        };
        format!("{} {protocol}/{}", hole.to, hole.port)
    };
    let left = pinhole.until.duration_since(now).as_secs().max(0);
    Opening {
        link: link(&pinhole.device_name),
        holes: pinhole.holes.iter().map(hole).collect::<Vec<_>>().join(", "),
        left: if left < 120 { format!("{left} s left") } else { format!("{} min left", left / 60) },
        until: Time::new(pinhole.until, now),
        with_session: pinhole.session.is_some(),
        id: pinhole.id,
        device: pinhole.device_name,
        application: pinhole.application,
        by: pinhole.principal,
        why: pinhole.why,
    }
}

fn cut_off(quarantine: Quarantine, now: Timestamp) -> CutOff {
    CutOff {
        id: quarantine.device.0,
        link: Some(link(&quarantine.device_name)),
        device: quarantine.device_name,
        address: quarantine.address.to_string(),
        by: quarantine.principal,
        why: quarantine.why,
        since: Some(Time::new(quarantine.since, now)),
    }
}

fn strange(address: &IpAddr) -> CutOff {
    CutOff {
        id: address.to_string(),
        link: None,
        device: address.to_string(),
        address: address.to_string(),
        by: "nobody knows".into(),
        why: "the kernel isolates it; the record of it was lost".into(),
        since: None,
    }
}

/// `POST /policy/openings/open`: it closes with its time, and with the session that it was opened in.
pub(crate) async fn open(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let minutes: u32 = fields.parsed("minutes")?;
    let command = OpenPinhole {
        device: app.door.device(&session.actor, fields.text("device"))?.id.clone(),
        application: fields.text("application").to_owned(),
        seconds: minutes.saturating_mul(60),
        why: fields.text("why").to_owned(),
        session: Some(Bound::Web(session.id.clone())),
    };
    app.door.run(&session.actor, &app.policies, command).await?;
    Ok(see("/policy/openings"))
}

/// `POST /policy/openings/close`.
pub(crate) async fn close(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let command = ClosePinhole { id: fields.text("id").to_owned(), why: "asked for".into() };
    app.door.run(&session.actor, &app.policies, command).await?;
    Ok(see("/policy/openings"))
}

/// `POST /policy/quarantine`: cuts a device off, or lets it back.
pub(crate) async fn quarantine(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let on = fields.text("on") == "true";
    let device = app.policies.to_set(&session.actor, fields.text("device"), on)?;
    let command = SetQuarantine { device, on, why: fields.text("why").to_owned() };
    app.door.run(&session.actor, &app.policies, command).await?;
    Ok(see("/policy/openings"))
}
