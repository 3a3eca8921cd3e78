//! One device: what it is, in what state, and what can be done with it.

use super::audit::Fact;
use super::confirm::Confirm;
use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::fields::{Fields, invalid};
use crate::session::Session;
use crate::view::audit::Line;
use crate::view::device::{Head, Row};
use crate::view::frame::{Area, Frame};
use crate::view::inventory::{Section, sections};
use crate::view::{Choice, ShownCertificate, Time, reset_choice, reset_text};
use askama::Template;
use axum::extract::{Path, Query, State};
use control::people::AuditQuery;
use model::command::bmc::{Adopt, AdoptBy, Refresh, SwitchPower};
use model::command::records::{ApproveCertificate, Edit, Forget, SetStage};
use model::command::{Command, Part};
use model::device::Reset;
use model::event::Ended;
use model::inventory::Fault;
use model::job::Outcome;
use model::{Action, Actor, Credential, Device, Failure, Inventory};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "device.html")]
struct Page {
    frame: Frame,
    device: Head,
    acts: Vec<Running>,
    may: May,
    tabs: Vec<Tab>,
    taken: Option<Time>,
    identity: Vec<Fact>,
    has_inventory: bool,
    sections: Vec<Section>,
    faults: Vec<Fault>,
    history: Vec<Line>,
    resets: Vec<Choice>,
    pinned: Option<ShownCertificate>,
    presented: Option<ShownCertificate>,
    labels_text: String,
    macs: Vec<String>,
    addresses: Vec<String>,
}

#[derive(Template)]
#[template(path = "device_state.html")]
struct LiveState {
    device: Head,
    acts: Vec<Running>,
}

/// An act that runs on it, or has just ended.
struct Running {
    job: Option<u64>,
    title: String,
    text: String,
    tone: &'static str,
    ended: bool,
}

/// A link to a part of the page.
struct Tab {
    id: &'static str,
    text: &'static str,
    count: Option<usize>,
    /// What somebody should look at.
    marked: usize,
}

/// What the actor may do with this device.
#[expect(clippy::struct_excessive_bools, reason = "one for each act that the page offers")]
struct May {
    refresh: bool,
    stage: bool,
    power: bool,
    adopt: bool,
    certificate: bool,
    edit: bool,
    forget: bool,
    audit: bool,
}

impl May {
    fn of(app: &App, actor: &Actor, device: &Device) -> Self {
        let object = device.object();
        let may = |action| app.door.may(actor, action, &object).allowed;
        Self {
            refresh: may(Action::DeviceRefresh),
            stage: may(Action::DeviceStage),
            power: may(Action::DevicePower),
            adopt: may(Action::DeviceAdopt),
            certificate: may(Action::DeviceCertificate),
            edit: may(Action::DeviceEdit),
            forget: may(Action::DeviceForget),
            audit: app.may(actor, Action::AuditView),
        }
    }
}

/// The job that the page was opened for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Watched {
    job: Option<u64>,
}

/// Records shown on a device's page.
const HISTORY: usize = 12;

/// `GET /devices/{name}`.
pub(crate) async fn show(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    Query(watched): Query<Watched>,
) -> Answer {
    let actor = &session.actor;
    let device = app.door.device(actor, &name)?;
    let now = app.now();
    let inventory = app.door.inventory(actor, &device.id.0).await?;
    let may = May::of(&app, actor, &device);
    let history = if may.audit { history(&app, actor, &device).await? } else { Vec::new() };
    let sections = inventory.as_ref().map(|inventory| sections(inventory, now)).unwrap_or_default();
    let faults = inventory.as_ref().map(|inventory| inventory.faults.clone()).unwrap_or_default();
    let certificate = |certificate| ShownCertificate::new(certificate, now);
    let labels: Vec<String> = device.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    page(&Page {
        frame: app.frame(&session, &device.name, Area::Fleet),
        acts: running(&app, actor, &device, watched.job),
        tabs: tabs(&sections, inventory.is_some().then_some(faults.len())),
        taken: inventory.as_ref().and_then(|inventory| inventory.taken_at).map(|at| Time::new(at, now)),
        identity: identity(&device, inventory.as_ref()),
        has_inventory: inventory.is_some(),
        sections,
        faults,
        history,
        resets: device.resets.iter().map(|reset| reset_choice(*reset)).collect(),
        pinned: device.pinned.as_ref().map(certificate),
        presented: device.presented.as_ref().map(certificate),
        labels_text: labels.join("\n"),
        macs: device.identity.macs.clone(),
        addresses: device.identity.addresses.iter().map(ToString::to_string).collect(),
        device: Head::new(&device, now, watched.job),
        may,
    })
}

async fn history(app: &App, actor: &Actor, device: &Device) -> Result<Vec<Line>, Failure> {
    let query = AuditQuery { object: Some(device.id.0.clone()), limit: HISTORY, ..AuditQuery::default() };
    let entries = app.door.audit_entries(actor, query).await?;
    Ok(entries.iter().map(|entry| Line::new(entry, app.now())).collect())
}

fn tabs(sections: &[Section], faults: Option<usize>) -> Vec<Tab> {
    let fixed = |id, text| Tab { id, text, count: None, marked: 0 };
    let of = |it: &Section| Tab { id: it.id, text: it.title, count: Some(it.count), marked: it.marked };
    let mut tabs = vec![fixed("overview", "Identity")];
    tabs.extend(sections.iter().map(of));
    tabs.extend(faults.map(|count| Tab { id: "faults", text: "Faults", count: Some(count), marked: 0 }));
    tabs.extend([
        fixed("history", "History"),
        fixed("certificate", "Certificate"),
        fixed("labels", "Labels"),
    ]);
    tabs
}

fn identity(device: &Device, inventory: Option<&Inventory>) -> Vec<Fact> {
    let identity = &device.identity;
    let service = inventory.map(|inventory| &inventory.service);
    let said = [
        ("Maker", &identity.vendor, false),
        ("Model", &identity.model, false),
        ("Serial", &identity.serial, true),
        ("Asset tag", &identity.asset_tag, false),
        ("Host name", &identity.hostname, false),
        ("BMC firmware", &identity.bmc_firmware, true),
        ("BIOS", &identity.bios_version, true),
        ("System UUID", &identity.system_uuid, true),
        ("Service UUID", &identity.service_uuid, true),
    ];
    let mut facts: Vec<Fact> = said
        .into_iter()
        .filter_map(|(label, value, mono)| Some(Fact { label, value: value.clone()?, mono }))
        .collect();
    facts.extend(
        service
            .and_then(|service| service.redfish_version.clone())
            .map(|version| Fact::mono("Redfish", version)),
    );
    facts.extend(inventory.filter(|inventory| inventory.requests > 0).map(|inventory| {
        Fact::new("Reading", format!("{} requests in {} ms", inventory.requests, inventory.elapsed_ms))
    }));
    facts
}

/// The watched job and the last step of whatever runs.
fn running(app: &App, actor: &Actor, device: &Device, job: Option<u64>) -> Vec<Running> {
    let step = app.steps().of(&device.id, app.now());
    // The number stands in the address: anybody can ask for anybody's.
    let job = job.filter(|id| crate::live::may_see_job(app, actor, *id)).and_then(|id| app.jobs.get(id));
    let said = step.as_ref().map_or("asked", |step| step.text.as_str());
    match (job, &step) {
        (Some(job), _) => {
            let outcome = job.items.iter().find(|item| item.device == device.id).map(|item| &item.outcome);
            let (tone, text) = match outcome {
                Some(Outcome::Done) => ("ok", "done".to_owned()),
                Some(Outcome::Failed { failure }) => ("bad", failure.to_string()),
                Some(Outcome::Waiting | Outcome::Running) | None => ("", said.to_owned()),
            };
            let ended = outcome.is_some_and(Outcome::has_ended);
            vec![Running { job: Some(job.id), title: job.record.title, text, tone, ended }]
        }
        (None, Some(step)) if step.ended.is_none() => {
            vec![Running {
                job: None,
                title: "An act is running".into(),
                text: step.text.clone(),
                tone: "",
                ended: false,
            }]
        }
        (None, Some(step)) if step.ended == Some(Ended::Failed) => {
            vec![Running {
                job: None,
                title: "The last act failed".into(),
                text: step.text.clone(),
                tone: "bad",
                ended: true,
            }]
        }
        _ => Vec::new(),
    }
}

/// `GET /fragments/device-state/{id}`.
pub(crate) async fn state(
    State(app): State<App>,
    session: Session,
    Path(id): Path<String>,
    Query(watched): Query<Watched>,
) -> Answer {
    let device = app.door.device(&session.actor, &id)?;
    let acts = running(&app, &session.actor, &device, watched.job);
    page(&LiveState { device: Head::new(&device, app.now(), watched.job), acts })
}

/// Starts an act and shows the device's page, which follows it. What the actor may not do is refused, and
/// written down, at once.
async fn start<C, P>(
    app: &App,
    actor: &Actor,
    device: &Device,
    part: &Arc<P>,
    title: &str,
    command: C,
) -> Answer
where
    C: Command,
    P: Part<C> + ?Sized + 'static,
{
    let job = super::begin(app, actor, title.to_owned(), part, vec![(device.id.clone(), command)]).await?;
    Ok(see(&format!("{}?job={job}", address(device))))
}

fn address(device: &Device) -> String {
    format!("/devices/{}", crate::view::device::link(&device.name))
}

/// `POST /devices/{name}/power`: what disrupts is asked again first.
pub(crate) async fn power(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let reset: Reset = fields.parsed("reset")?;
    if !reset.disrupts() {
        return switch(&app, &session.actor, &device, reset).await;
    }
    let text = reset_text(reset);
    let is_watched = device.stage == model::Stage::Maintenance;
    page(&Confirm {
        frame: app.frame(&session, &format!("{text}: {}", device.name), Area::Fleet),
        explanation: format!("{text} takes power or a running system away from {}.", device.subject()),
        warning: is_watched.then(|| "It is in maintenance: somebody may be working on it.".to_owned()),
        action: format!("{}/power/confirmed", address(&device)),
        fields: vec![("reset", reset.word().to_owned())],
        expect: Some(device.name.clone()),
        pacing: None,
        button: text.to_owned(),
        back: address(&device),
        devices: vec![Row::new(&device, app.now())],
        more: 0,
    })
}

/// `POST /devices/{name}/power/confirmed`.
pub(crate) async fn power_confirmed(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    confirmed(&fields, &device.name)?;
    switch(&app, &session.actor, &device, fields.parsed("reset")?).await
}

fn confirmed(fields: &Fields, expected: &str) -> Result<(), crate::answer::Refusal> {
    if fields.text("confirm") == expected {
        return Ok(());
    }
    Err(invalid("confirm", format!("it is not {expected:?}; nothing was done")))
}

async fn switch(app: &App, actor: &Actor, device: &Device, reset: Reset) -> Answer {
    let command = SwitchPower { device: device.id.clone(), reset };
    start(app, actor, device, &app.controllers, reset_text(reset), command).await
}

/// `POST /devices/{name}/refresh`.
pub(crate) async fn refresh(State(app): State<App>, session: Session, Path(name): Path<String>) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let command = Refresh { device: device.id.clone() };
    start(&app, &session.actor, &device, &app.controllers, "Read now", command).await
}

/// `POST /devices/{name}/stage`.
pub(crate) async fn stage(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let command = SetStage { device: device.id.clone(), stage: fields.parsed("stage")? };
    app.door.run(&session.actor, &app.records, command).await?;
    Ok(see(&address(&device)))
}

/// `POST /devices/{name}/edit`.
pub(crate) async fn edit(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let labels = labels(fields.text("labels"))?;
    let wanted = fields.text("name");
    let command = Edit {
        device: device.id.clone(),
        name: (wanted != device.name).then(|| wanted.to_owned()),
        labels: (labels != device.labels).then_some(labels),
    };
    app.door.run(&session.actor, &app.records, command).await?;
    let device = app.door.device(&session.actor, &device.id.0)?;
    Ok(see(&format!("{}#labels", address(&device))))
}

fn labels(text: &str) -> Result<BTreeMap<String, String>, crate::answer::Refusal> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pairs = lines.map(|line| {
        let pair = line.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
        pair.ok_or_else(|| invalid("labels", format!("the line {line:?} is not `key=value`")))
    });
    pairs.collect()
}

/// `POST /devices/{name}/adopt`.
pub(crate) async fn adopt(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let by = if fields.text("by") == "rule" {
        AdoptBy::Rule
    } else {
        let shown = fields.text("fingerprint");
        let fingerprint = if shown.is_empty() { None } else { Some(fields.parsed("fingerprint")?) };
        let credential =
            Credential { username: fields.text("username").to_owned(), password: fields.secret("password") };
        AdoptBy::Hand { credential, fingerprint }
    };
    let command = Adopt { device: device.id.clone(), by };
    start(&app, &session.actor, &device, &app.controllers, "Adopt", command).await
}

/// `POST /devices/{name}/certificate`.
pub(crate) async fn certificate(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    let command =
        ApproveCertificate { device: device.id.clone(), fingerprint: fields.parsed("fingerprint")? };
    app.door.run(&session.actor, &app.records, command).await?;
    Ok(see(&address(&device)))
}

/// `POST /devices/{name}/forget`.
pub(crate) async fn forget(
    State(app): State<App>,
    session: Session,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let device = app.door.device(&session.actor, &name)?;
    confirmed(&fields, &device.name)?;
    app.door.run(&session.actor, &app.records, Forget { device: device.id.clone() }).await?;
    Ok(see("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_lines_of_key_and_value() {
        let read = labels("rack=r1\n\n unit = 7 \nnote=a=b").unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read["unit"], "7");
        assert_eq!(read["note"], "a=b");
        assert!(labels("rack").is_err());
    }
}
