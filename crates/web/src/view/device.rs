//! A device as rows and heads show it.

use super::Time;
use super::query::has_changed_certificate;
use jiff::Timestamp;
use model::Device;
use model::device::{Health, Power, Presence, Reach, Stage};

/// One line of the fleet, and the facts at the head of a device's page.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: String,
    /// The name, as it stands in an address.
    pub link: String,
    pub name: String,
    pub power: Power,
    pub health: Health,
    pub stage: Stage,
    /// Rack and unit.
    pub place: String,
    pub model: String,
    pub serial: String,
    pub address: String,
    pub bmc_firmware: String,
    pub read: Option<Time>,
    pub offline: Option<Offline>,
    pub changed_certificate: bool,
}

/// Since when a controller does not answer, and what was wrong.
#[derive(Clone, Debug)]
pub(crate) struct Offline {
    pub since: Time,
    pub cause: String,
}

impl Row {
    pub(crate) fn new(device: &Device, now: Timestamp) -> Self {
        let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".into());
        let identity = &device.identity;
        Self {
            id: device.id.0.clone(),
            link: link(&device.name),
            name: device.name.clone(),
            power: device.state.power,
            health: device.state.health,
            stage: device.stage,
            place: place(device),
            model: said(&identity.model),
            serial: said(&identity.serial),
            address: device.endpoint.to_string(),
            bmc_firmware: said(&identity.bmc_firmware),
            read: device.state.read_at.map(|at| Time::new(at, now)),
            offline: offline(device, now),
            changed_certificate: has_changed_certificate(device),
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.stage == Stage::Decommissioned
    }

    pub(crate) fn offline_text(&self) -> &str {
        self.offline.as_ref().map_or("", |offline| &offline.cause)
    }
}

fn offline(device: &Device, now: Timestamp) -> Option<Offline> {
    match &device.state.reach {
        Reach::Offline { since, cause } => {
            Some(Offline { since: Time::new(*since, now), cause: cause.clone() })
        }
        Reach::NotAsked | Reach::Online => None,
    }
}

/// A name as one segment of an address.
pub(crate) fn link(name: &str) -> String {
    let mut link = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.push_str(&format!("%{byte:02X}"));
        }
    }
    link
}

/// `r1 / 7`.
pub(crate) fn place(device: &Device) -> String {
    match (device.labels.get("rack"), device.labels.get("unit")) {
        (Some(rack), Some(unit)) => format!("{rack} / {unit}"),
        (Some(rack), None) => rack.clone(),
        _ => "–".into(),
    }
}

/// What the page of one device says beside a row's facts.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub id: String,
    pub link: String,
    pub name: String,
    pub zone: String,
    pub power: Power,
    pub health: Health,
    pub stage: Stage,
    pub address: String,
    pub read: Option<Time>,
    pub offline: Option<Offline>,
    pub changed_certificate: Option<()>,
    pub presence_note: Option<String>,
    pub summary: String,
    pub adopted: bool,
    pub adoptable: bool,
    pub gone: bool,
    pub other_stage: &'static str,
    pub other_stage_text: &'static str,
    pub forget_title: &'static str,
    pub forget_text: &'static str,
    pub first_seen: String,
    pub last_seen: String,
    /// Where its state is read anew, with the job that the page follows.
    pub source: String,
}

impl Head {
    pub(crate) fn new(device: &Device, now: Timestamp, job: Option<u64>) -> Self {
        let row = Row::new(device, now);
        let identity = &device.identity;
        let said = [&identity.vendor, &identity.model, &identity.serial].into_iter().flatten();
        let summary: Vec<&str> =
            said.map(String::as_str).chain((row.place != "–").then_some(row.place.as_str())).collect();
        let in_maintenance = device.stage == Stage::Maintenance;
        let seen = device.stage == Stage::Seen;
        Self {
            summary: summary.join(" · "),
            presence_note: presence_note(device),
            changed_certificate: row.changed_certificate.then_some(()),
            zone: device.zone.clone(),
            adopted: device.is_adopted(),
            adoptable: matches!(device.stage, Stage::Seen | Stage::Decommissioned),
            gone: device.stage == Stage::Decommissioned,
            other_stage: if in_maintenance { Stage::InService.word() } else { Stage::Maintenance.word() },
            other_stage_text: if in_maintenance { "Put in service" } else { "Put into maintenance" },
            forget_title: if seen { "Remove" } else { "Decommission" },
            forget_text: if seen {
                "The record is removed. The next sweep finds the controller again."
            } else {
                "The credential is destroyed and the device is no longer watched. One that comes back is a finding."
            },
            first_seen: super::shown(device.first_seen),
            last_seen: super::shown(device.last_seen),
            source: match job {
                Some(job) => format!("/fragments/device-state/{}?job={job}", row.id),
                None => format!("/fragments/device-state/{}", row.id),
            },
            id: row.id,
            link: row.link,
            name: row.name,
            power: row.power,
            health: row.health,
            stage: row.stage,
            address: row.address,
            read: row.read,
            offline: row.offline,
        }
    }
}

/// What the last sweep said, where a person should know it.
pub(crate) fn presence_note(device: &Device) -> Option<String> {
    match (device.presence, &device.moved_from) {
        (Presence::Moved, Some(from)) => Some(format!("It moved here from {from}.")),
        (Presence::Moved, None) => Some("It moved here from another address.".into()),
        (Presence::Vanished, _) => Some(format!("The last sweep did not find it at {}.", device.endpoint)),
        (Presence::New | Presence::Known, _) => None,
    }
}

/// A device for tests: number 7 is `r1-u07` at 10.0.3.7.
#[cfg(test)]
pub(crate) fn fixture(number: u8) -> Device {
    use model::device::{DeviceId, Endpoint, Identity, State};
    let at = Timestamp::from_second(1_780_000_000).unwrap();
    Device {
        id: DeviceId(format!("d{number:04}")),
        name: format!("r1-u{number:02}"),
        stage: Stage::InService,
        presence: Presence::Known,
        endpoint: Endpoint { addr: format!("10.0.3.{number}").parse().unwrap(), port: 443 },
        moved_from: None,
        zone: "management".into(),
        labels: [("rack".into(), "r1".into()), ("unit".into(), number.to_string())].into(),
        identity: Identity {
            vendor: Some("Dell Inc.".into()),
            model: Some("PowerEdge R750".into()),
            serial: Some(format!("SN{number:04}")),
            bmc_firmware: Some("7.00.30.00".into()),
            macs: vec![format!("aa:bb:cc:00:00:{number:02x}")],
            ..Identity::default()
        },
        pinned: None,
        presented: None,
        first_seen: at,
        last_seen: at,
        resets: vec![model::device::Reset::On, model::device::Reset::ForceOff],
        state: State { power: Power::On, health: Health::Ok, reach: Reach::Online, read_at: Some(at) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_addresses() {
        assert_eq!(link("r1-u07.b_2"), "r1-u07.b_2");
        assert_eq!(link("a b/c?d:é"), "a%20b%2Fc%3Fd%3A%C3%A9");
    }
}
