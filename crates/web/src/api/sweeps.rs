//! Sweeps for controllers, and credentials for adoption by rule.

use super::document::ThroughController;
use super::extract::{Caller, Json, Path};
use super::refusal::{Answer, Refusal};
use crate::app::App;
use ::api::device::{Imported, ImportedCredential, NewSweep, Sweep, SweepStarted};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use ipnet::IpNet;
use model::command::bmc::{Discover, StopSweep};
use model::command::records::{ImportCredentials, MeantFor};
use model::device::canonical_mac;
use model::{Action, Credential, Object};
use std::net::IpAddr;

/// Where controllers listen.
const PORT: u16 = 443;
/// Addresses a second that no switch takes for an attack.
const RATE: u32 = 100;
/// Credentials in one import at most.
const MOST: usize = 10_000;
/// The longest account name, password or serial number, in bytes.
const LONGEST: usize = 256;

/// List the sweeps of this life of the appliance, and those that an earlier one left unfinished, newest first.
#[utoipa::path(get, path = "/sweeps", tag = "sweeps", responses((status = 200, body = Vec<Sweep>)))]
pub(super) async fn list_sweeps(State(app): State<App>, Caller(actor): Caller) -> Answer<Shown<Vec<Sweep>>> {
    app.door.check(&actor, Action::ApplianceView, &Object::Appliance)?;
    let shown = |it: control::sweeps::Sweep| Sweep {
        sweep: it.sweep,
        range: it.range.map(|range| range.to_string()),
        port: it.port,
        rate: it.rate,
        asked: it.asked,
        total: it.total,
        found: it.found,
        ended: it.ended,
        unfinished: it.unfinished,
    };
    Ok(Shown(app.door.book().sweeps().list().into_iter().map(shown).collect()))
}

/// Sweep an address range for controllers. It goes on by itself; `GET /sweeps` tells how far it is.
#[utoipa::path(post, path = "/sweeps", tag = "sweeps", request_body = NewSweep, responses((status = 202, body = SweepStarted), ThroughController))]
pub(super) async fn start_sweep(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(sweep): Json<NewSweep>,
) -> Answer<(StatusCode, Shown<SweepStarted>)> {
    let typed = sweep.range.trim();
    // One address is a range too.
    let range = typed.parse::<IpAddr>().map(IpNet::from).or_else(|_| typed.parse::<IpNet>());
    let no_range =
        |_| Refusal::invalid("range", "it is neither a network such as 10.20.0.0/22 nor an address");
    let range = range.map_err(no_range)?;
    let (port, rate) = (sweep.port.unwrap_or(PORT), sweep.rate.unwrap_or(RATE));
    let command = Discover { range, port, rate, near_only: sweep.near_only };
    let sweep = app.door.run(&actor, &app.controllers, command).await?;
    Ok((StatusCode::ACCEPTED, Shown(SweepStarted { sweep })))
}

/// Stop a sweep; started again over the same range it goes on where it was.
#[utoipa::path(delete, path = "/sweeps/{sweep}", tag = "sweeps", params(("sweep" = u64, Path, description = "Its number.")), responses((status = 204)))]
pub(super) async fn stop_sweep(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(sweep): Path<u64>,
) -> Answer<StatusCode> {
    app.door.run(&actor, &app.controllers, StopSweep { sweep }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Import credentials for adoption by rule: all of them, or none if one makes no sense.
#[utoipa::path(post, path = "/credentials", tag = "sweeps", request_body = Vec<ImportedCredential>, responses((status = 200, body = Imported)))]
pub(super) async fn import_credentials(
    State(app): State<App>,
    Caller(actor): Caller,
    Json(list): Json<Vec<ImportedCredential>>,
) -> Answer<Shown<Imported>> {
    if list.is_empty() || list.len() > MOST {
        return Err(Refusal::invalid(
            "the body",
            format!("there are {} credentials, not 1 to {MOST}", list.len()),
        ));
    }
    let mut entries = Vec::with_capacity(list.len());
    for (number, entry) in list.into_iter().enumerate() {
        entries.push(
            meant(entry).map_err(|cause| Refusal::invalid(format!("credential {}", number + 1), cause))?,
        );
    }
    let imported = app.door.run(&actor, &app.records, ImportCredentials { entries }).await?;
    Ok(Shown(Imported { imported }))
}

fn meant(entry: ImportedCredential) -> Result<(MeantFor, Credential), &'static str> {
    let meant = match (entry.serial, entry.mac, entry.trusted) {
        (Some(serial), None, false) if !serial.trim().is_empty() && serial.len() <= LONGEST => {
            MeantFor::Serial(serial.trim().to_owned())
        }
        (None, Some(mac), false) => MeantFor::Mac(canonical_mac(&mac).ok_or("`mac` is no MAC address")?),
        (None, None, true) => MeantFor::TrustedCertificate,
        _ => return Err("exactly one of `serial`, `mac` and `trusted` must say for which controller it is"),
    };
    let fits = |text: &str| !text.is_empty() && text.len() <= LONGEST;
    if !fits(&entry.username) || !fits(entry.password.expose()) {
        return Err("`username` or `password` is empty or longer than 256 bytes");
    }
    Ok((meant, Credential { username: entry.username, password: entry.password }))
}
