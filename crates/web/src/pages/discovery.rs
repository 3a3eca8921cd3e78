//! Finding controllers, and taking many over.

use crate::answer::{Answer, Refusal, page, see};
use crate::app::App;
use crate::fields::{Fields, invalid};
use crate::session::Session;
use crate::view::device::{link, presence_note};
use crate::view::frame::{Area, Frame, Notice};
use askama::Template;
use axum::extract::{Query, State};
use ipnet::IpNet;
use model::command::bmc::{Adopt, AdoptBy, Discover, StopSweep};
use model::command::records::{ImportCredentials, MeantFor};
use model::device::{Presence, canonical_mac};
use model::{Action, Credential, Device, DeviceId, Secret, Stage};
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "discovery.html")]
struct Page {
    frame: Frame,
    sweeps: Vec<Sweep>,
    seen: Vec<Seen>,
    more: usize,
    odd: Vec<Odd>,
    form: Form,
    may_sweep: bool,
    may_adopt: bool,
    may_import: bool,
}

struct Sweep {
    number: u64,
    range: String,
    port: u16,
    rate: u32,
    unfinished: bool,
    asked: u64,
    total: u64,
    found: u64,
    ended: bool,
}

/// A controller that was found and not adopted.
struct Seen {
    id: String,
    link: String,
    name: String,
    address: String,
    presence: &'static str,
    claim: String,
    fingerprint: String,
    subject: String,
    trusted: bool,
}

/// A device that is not where it was.
struct Odd {
    link: String,
    name: String,
    address: String,
    presence: &'static str,
    note: String,
}

/// What the form for a sweep begins with.
struct Form {
    range: String,
    port: u16,
    rate: u32,
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    imported: Option<usize>,
}

/// Rows that are shown at once; what is adopted makes room.
const MOST_SEEN: usize = 500;

impl Seen {
    fn new(device: &Device) -> Self {
        let identity = &device.identity;
        let said = [&identity.vendor, &identity.model, &identity.serial];
        let said: Vec<&str> = said.into_iter().flatten().map(String::as_str).collect();
        let shown = device.presented.as_ref();
        Self {
            id: device.id.0.clone(),
            link: link(&device.name),
            name: device.name.clone(),
            address: device.endpoint.to_string(),
            presence: device.presence.word(),
            claim: if said.is_empty() { "–".into() } else { said.join(" · ") },
            fingerprint: shown.map(|shown| shown.fingerprint.to_string()).unwrap_or_default(),
            subject: shown.map(|shown| shown.subject.clone()).unwrap_or_default(),
            trusted: shown.is_some_and(|shown| shown.trusted),
        }
    }
}

/// `GET /discovery`.
pub(crate) async fn show(State(app): State<App>, session: Session, Query(done): Query<Done>) -> Answer {
    let actor = &session.actor;
    let mut devices = app.door.devices(actor);
    crate::view::fleet::sort(&mut devices, "address");
    let waiting: Vec<&Arc<Device>> = devices.iter().filter(|device| device.stage == Stage::Seen).collect();
    let odd = devices.iter().filter(|device| matches!(device.presence, Presence::Moved | Presence::Vanished));
    let odd = odd.filter_map(|device| {
        Some(Odd {
            link: link(&device.name),
            name: device.name.clone(),
            address: device.endpoint.to_string(),
            presence: device.presence.word(),
            note: presence_note(device)?,
        })
    });
    let sweeps = app.door.book().sweeps().list();
    let sweep = |it: control::sweeps::Sweep| Sweep {
        number: it.sweep,
        range: it.range.map(|range| range.to_string()).unwrap_or_default(),
        port: it.port,
        rate: it.rate,
        unfinished: it.unfinished,
        asked: it.asked,
        total: it.total,
        found: it.found,
        ended: it.ended,
    };
    let mut frame = app.frame(&session, "Discovery", Area::Discovery);
    frame.notice =
        done.imported.map(|count| Notice { tone: "ok", text: format!("{count} credentials were sealed.") });
    page(&Page {
        frame,
        sweeps: sweeps.into_iter().take(8).map(sweep).collect(),
        more: waiting.len().saturating_sub(MOST_SEEN),
        seen: waiting.iter().take(MOST_SEEN).map(|device| Seen::new(device)).collect(),
        odd: odd.collect(),
        form: Form { range: String::new(), port: 443, rate: 100 },
        may_sweep: app.may(actor, Action::DeviceDiscover),
        may_adopt: app.may(actor, Action::DeviceAdopt),
        may_import: app.may(actor, Action::CredentialImport),
    })
}

/// `POST /discovery/start`.
pub(crate) async fn start(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let typed = fields.text("range");
    // One address is a range too.
    let range = typed.parse::<IpAddr>().map(IpNet::from).or_else(|_| typed.parse::<IpNet>());
    let range = range.map_err(|_| {
        invalid("range", format!("{typed:?} is neither a network in CIDR form nor an address"))
    })?;
    let near_only = !fields.text("near_only").is_empty();
    let command = Discover { range, port: fields.parsed("port")?, rate: fields.parsed("rate")?, near_only };
    app.door.run(&session.actor, &app.controllers, command).await?;
    Ok(see("/discovery"))
}

/// `POST /discovery/stop`.
pub(crate) async fn stop(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    app.door.run(&session.actor, &app.controllers, StopSweep { sweep: fields.parsed("sweep")? }).await?;
    Ok(see("/discovery"))
}

/// `POST /discovery/adopt`: each device gets the credential only if it shows the certificate that was on the page.
pub(crate) async fn adopt(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let by_rule = fields.text("by") == "rule";
    let username = fields.text("username").to_owned();
    if !by_rule && username.is_empty() {
        return Err(invalid("username", "nobody was named; adoption by hand needs user and password"));
    }
    let mut commands = Vec::new();
    for picked in fields.all("device") {
        let (id, fingerprint) =
            picked.split_once('=').ok_or_else(|| invalid("device", "it names no fingerprint"))?;
        let device = DeviceId(id.to_owned());
        let by = if by_rule {
            AdoptBy::Rule
        } else {
            let shown = (!fingerprint.is_empty()).then(|| fingerprint.parse()).transpose();
            let fingerprint = shown.map_err(|cause: String| invalid("device", cause))?;
            let credential = Credential { username: username.clone(), password: fields.secret("password") };
            AdoptBy::Hand { credential, fingerprint }
        };
        commands.push((device.clone(), Adopt { device, by }));
    }
    if commands.is_empty() {
        return Err(invalid("device", "none was selected"));
    }
    let title =
        format!("Adopt {} {}", commands.len(), if commands.len() == 1 { "device" } else { "devices" });
    let job = super::begin(&app, &session.actor, title, &app.controllers, commands).await?;
    Ok(see(&format!("/jobs/{job}")))
}

/// `POST /discovery/credentials`.
pub(crate) async fn credentials(State(app): State<App>, session: Session, fields: Fields) -> Answer {
    let entries = parse(&fields.secret("csv"))?;
    let count = app.door.run(&session.actor, &app.records, ImportCredentials { entries }).await?;
    Ok(see(&format!("/discovery?imported={count}")))
}

/// Lines of `serial|mac|trusted, which, user, password`. The password is everything after the third
/// comma, so it may hold commas itself. An error names the line and never shows it.
fn parse(csv: &Secret<String>) -> Result<Vec<(MeantFor, Credential)>, Refusal> {
    let mut entries = Vec::new();
    for (number, line) in csv.expose().lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') || number == 1 && line.starts_with("for,") {
            continue;
        }
        let bad = |cause: &str| invalid("csv", format!("line {number}: {cause}; nothing was imported"));
        let mut parts = line.splitn(4, ',');
        let mut part = || parts.next().map(str::trim);
        let (Some(kind), Some(which), Some(username), Some(password)) = (part(), part(), part(), part())
        else {
            return Err(bad("it does not hold four values"));
        };
        let meant = match (kind, which) {
            ("serial", serial) if !serial.is_empty() => MeantFor::Serial(serial.to_owned()),
            ("mac", mac) => {
                MeantFor::Mac(canonical_mac(mac).ok_or_else(|| bad("the second value is no MAC address"))?)
            }
            ("trusted", "") => MeantFor::TrustedCertificate,
            _ => return Err(bad("it does not begin with `serial,NUMBER`, `mac,ADDRESS` or `trusted,`")),
        };
        if username.is_empty() || password.is_empty() {
            return Err(bad("user or password is empty"));
        }
        entries.push((meant, Credential { username: username.to_owned(), password: password.into() }));
    }
    if entries.is_empty() {
        return Err(invalid("csv", "it holds no credential"));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_commas_and_comments_are_left_out() {
        let csv = "# from the vendor\nserial,7CX4K53,root,a,b\nmac,3C-EC-EF-00-10-1F,ADMIN, x \n\ntrusted,,svc,pw\n";
        let entries = parse(&csv.into()).unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].0, MeantFor::Serial("7CX4K53".into()));
        assert_eq!(entries[0].1.password.expose(), "a,b");
        assert_eq!(entries[1].0, MeantFor::Mac("3c:ec:ef:00:10:1f".into()));
        assert_eq!(entries[2].0, MeantFor::TrustedCertificate);
    }

    #[test]
    fn an_error_names_the_line_and_not_the_password() {
        for csv in [
            "serial,X,root,pw\nmac,nonsense,root,geheim",
            "a\nserial,X,geheim",
            "serial,,root,geheim",
            "trusted,x,u,geheim",
        ] {
            let Err(Refusal::Failed(failure)) = parse(&csv.into()) else { panic!("{csv:?} was accepted") };
            assert!(failure.cause.contains("line "), "{failure}");
            assert!(!failure.to_string().contains("geheim"), "{failure}");
        }
    }
}
