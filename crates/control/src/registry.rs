//! The device records in memory, and how observations are merged into them. Pure: time is an argument.

use crate::zones::Zones;
use jiff::{SignedDuration, Timestamp};
use model::book::{Claim, Observation};
use model::device::{
    Certificate, Device, DeviceId, Endpoint, Fingerprint, Health, Power, Presence, Reach, Stage, State,
};
use model::event::{Finding, What};
use model::{Failure, Inventory, Kind};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Two controllers that answer at their own addresses within this time and claim to be one are two.
const MOVE_SETTLES: SignedDuration = SignedDuration::from_mins(10);

/// So many controllers that nobody adopted are kept: a network that answers at every address must not fill
/// the memory. Twice as many as one appliance is made to watch.
const MOST_SEEN: usize = 10_000;

/// What a merge asks of the shell around it.
#[derive(Debug, Default)]
pub struct Outputs {
    /// The device that the observation was about.
    pub device: Option<DeviceId>,
    /// Records that changed and must be written down.
    pub keep: Vec<Arc<Device>>,
    /// A full reading to be written down.
    pub inventory: Option<(DeviceId, Box<Inventory>)>,
    /// News.
    pub events: Vec<What>,
    /// What a person should look at.
    pub findings: Vec<Finding>,
}

/// Every device, by its identifier and by its address.
#[derive(Debug, Default)]
pub struct Registry {
    devices: HashMap<DeviceId, Arc<Device>>,
    by_endpoint: HashMap<Endpoint, DeviceId>,
    zones: Zones,
}

impl Registry {
    /// The records as they were written down.
    #[must_use]
    pub fn new(devices: Vec<Device>, zones: Zones) -> Self {
        let mut registry = Self { zones, ..Self::default() };
        for mut device in devices {
            device.zone = registry.zones.of(device.endpoint.addr).to_owned();
            // What the controller said before the restart is history, not state.
            device.state = State::default();
            registry.put(device);
        }
        registry
    }

    /// The record.
    #[must_use]
    pub fn get(&self, id: &DeviceId) -> Option<&Arc<Device>> {
        self.devices.get(id)
    }

    /// The record with this identifier or name.
    #[must_use]
    pub fn named(&self, key: &str) -> Option<&Arc<Device>> {
        self.devices
            .get(&DeviceId(key.to_owned()))
            .or_else(|| self.devices.values().find(|device| device.name.eq_ignore_ascii_case(key)))
    }

    /// Every record, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.devices.values()
    }

    /// The zones that records are sorted into.
    #[must_use]
    pub const fn zones(&self) -> &Zones {
        &self.zones
    }

    fn put(&mut self, device: Device) -> Arc<Device> {
        let device = Arc::new(device);
        self.by_endpoint.insert(device.endpoint, device.id.clone());
        self.devices.insert(device.id.clone(), Arc::clone(&device));
        device
    }

    /// Removes a record for good.
    pub fn remove(&mut self, id: &DeviceId) -> Outputs {
        if let Some(device) = self.devices.remove(id)
            && self.by_endpoint.get(&device.endpoint) == Some(id)
        {
            self.by_endpoint.remove(&device.endpoint);
        }
        Outputs {
            device: Some(id.clone()),
            events: vec![What::DeviceRemoved { id: id.clone() }],
            ..Outputs::default()
        }
    }

    /// Changes a record in place and says so to everybody.
    ///
    /// # Errors
    /// If there is no such device.
    pub fn change(&mut self, id: &DeviceId, change: impl FnOnce(&mut Device)) -> Result<Outputs, Failure> {
        let Some(before) = self.devices.get(id) else {
            return Err(Failure::new(
                Kind::NotFound,
                "change",
                format!("device {id}"),
                "there is no such device",
            ));
        };
        let mut device = Device::clone(before);
        change(&mut device);
        let mut outputs = Outputs { device: Some(id.clone()), ..Outputs::default() };
        self.settle(device, &mut outputs);
        Ok(outputs)
    }

    /// Writes a changed record back: news when anything shows, on disk when more than state moved.
    fn settle(&mut self, device: Device, outputs: &mut Outputs) {
        let before = self.devices.get(&device.id).cloned();
        let shows = before.as_deref().is_none_or(|before| !same_but(before, &device, forget_times));
        let lasts = before.as_deref().is_none_or(|before| !same_but(before, &device, forget_state));
        let device = self.put(device);
        if shows {
            outputs.events.push(changed(&device));
        }
        if lasts {
            outputs.keep.push(device);
        }
    }

    /// Merges an observation.
    pub fn observe(
        &mut self,
        observation: Observation,
        now: Timestamp,
        new_id: impl FnOnce() -> DeviceId,
    ) -> Outputs {
        let mut outputs = Outputs::default();
        match observation {
            Observation::Answered { endpoint, certificate, claim } => {
                self.answered(endpoint, certificate, &claim, now, new_id, &mut outputs);
            }
            Observation::Absent { endpoint } => self.absent(endpoint, &mut outputs),
            Observation::Inventoried { device, inventory, snapshot: _ } => {
                self.inventoried(&device, inventory, now, &mut outputs);
            }
            Observation::StateRead { device, power, health } => {
                self.read(&device, power, health, now, &mut outputs);
            }
            Observation::Unreachable { device, cause } => self.unreachable(&device, cause, now, &mut outputs),
            Observation::CertificateChanged { device, presented } => {
                self.certificate_changed(&device, presented, now, &mut outputs);
            }
            // Nothing of the record.
            Observation::Telemetry { .. } | Observation::Asked { .. } | Observation::Learned(_) => {}
        }
        outputs
    }

    fn answered(
        &mut self,
        endpoint: Endpoint,
        certificate: Option<Certificate>,
        claim: &Claim,
        now: Timestamp,
        new_id: impl FnOnce() -> DeviceId,
        outputs: &mut Outputs,
    ) {
        let shown = certificate.as_ref().map(|certificate| certificate.fingerprint);
        let here = self.by_endpoint.get(&endpoint).and_then(|id| self.devices.get(id)).cloned();
        if let Some(device) = here.filter(|device| may_be(device, shown, claim)) {
            self.seen_again(&device, certificate, claim, now, outputs);
            return;
        }
        if let Some(device) = self.moved(endpoint, shown, claim, now) {
            let mut moved = Device::clone(&device);
            // Unless somebody else answers there by now.
            if self.by_endpoint.get(&device.endpoint) == Some(&device.id) {
                self.by_endpoint.remove(&device.endpoint);
            }
            moved.moved_from = Some(device.endpoint);
            moved.endpoint = endpoint;
            moved.zone = self.zones.of(endpoint.addr).to_owned();
            moved.presence = Presence::Moved;
            moved.last_seen = now;
            match moved.stage {
                // Nobody trusts it yet: what it says and shows now is what counts.
                Stage::Seen => see(&mut moved, certificate, claim),
                Stage::Decommissioned => outputs.findings.push(returned(&moved)),
                Stage::Adopted | Stage::InService | Stage::Maintenance => {}
            }
            outputs.device = Some(moved.id.clone());
            self.settle(moved, outputs);
            return;
        }
        if self.devices.values().filter(|device| device.stage == Stage::Seen).count() >= MOST_SEEN {
            outputs.findings.push(full());
            return;
        }
        let device = self.stranger(endpoint, certificate, claim, now, new_id());
        outputs.device = Some(device.id.clone());
        self.warn_of_claim(&device, outputs);
        self.settle(device, outputs);
    }

    fn seen_again(
        &mut self,
        before: &Device,
        certificate: Option<Certificate>,
        claim: &Claim,
        now: Timestamp,
        outputs: &mut Outputs,
    ) {
        let mut device = before.clone();
        outputs.device = Some(device.id.clone());
        device.presence = Presence::Known;
        device.last_seen = now;
        if device.stage == Stage::Seen {
            see(&mut device, certificate, claim);
            if device.identity != before.identity {
                self.warn_of_claim(&device, outputs);
            }
        } else if device.stage == Stage::Decommissioned {
            outputs.findings.push(returned(&device));
        } else if let Some(shown) = certificate
            && device.pinned.as_ref().is_some_and(|pinned| pinned.fingerprint != shown.fingerprint)
        {
            mistrust(&mut device, shown, now, outputs);
        }
        self.settle(device, outputs);
    }

    /// The device that this controller was at another address, if it may be believed.
    ///
    /// A pinned device moves only with its certificate: a claimed UUID costs an attacker nothing.
    fn moved(
        &self,
        endpoint: Endpoint,
        shown: Option<Fingerprint>,
        claim: &Claim,
        now: Timestamp,
    ) -> Option<Arc<Device>> {
        let mut candidates = self.devices.values().filter(|device| {
            let still_there = device.presence != Presence::Vanished
                && now.duration_since(device.last_seen).abs() < MOVE_SETTLES;
            device.endpoint != endpoint && !still_there && is_surely(device, shown, claim)
        });
        let only = candidates.next()?;
        candidates.next().is_none().then(|| Arc::clone(only))
    }

    fn stranger(
        &self,
        endpoint: Endpoint,
        certificate: Option<Certificate>,
        claim: &Claim,
        now: Timestamp,
        id: DeviceId,
    ) -> Device {
        let mut device = Device::seen(id, endpoint, now);
        // A second one of the same number is not named after it: it may not be what it says.
        let serial = claim.serial.as_deref().and_then(as_plain_name).filter(|serial| !self.is_taken(serial));
        device.name = serial.unwrap_or_else(|| self.free_name(&address_name(endpoint), None));
        device.zone = self.zones.of(endpoint.addr).to_owned();
        device.presented = certificate;
        take_claim(&mut device, claim);
        device
    }

    /// A newcomer that claims the identity of a device in the book is worth a look.
    fn warn_of_claim(&self, newcomer: &Device, outputs: &mut Outputs) {
        let own = &newcomer.identity;
        let uuid = own.service_uuid.as_deref().filter(|uuid| !is_nil(uuid));
        let twin = self.devices.values().filter(|device| device.id != newcomer.id).find(|device| {
            let other = &device.identity;
            let same_uuid = match (uuid, &other.service_uuid) {
                (Some(own), Some(other)) => device.stage != Stage::Seen && own.eq_ignore_ascii_case(other),
                _ => false,
            };
            let same_serial = match (&own.serial, &other.serial) {
                (Some(own), Some(other)) => own.trim().eq_ignore_ascii_case(other.trim()),
                _ => false,
            };
            same_uuid || same_serial || own.macs.iter().any(|mac| other.macs.contains(mac))
        });
        if let Some(twin) = twin {
            outputs.findings.push(finding(
                "identity_claimed",
                newcomer,
                format!(
                    "{} says it is {}, with another certificate or at the same time; do not adopt it before you know why",
                    newcomer.endpoint,
                    twin.subject()
                ),
            ));
        }
    }

    fn is_taken(&self, name: &str) -> bool {
        self.devices.values().any(|device| device.name.eq_ignore_ascii_case(name))
    }

    /// A name that no other device has, made from `wanted`.
    #[must_use]
    pub fn free_name(&self, wanted: &str, except: Option<&DeviceId>) -> String {
        let wanted = as_name(wanted);
        let others = self.devices.values().filter(|device| Some(&device.id) != except);
        let taken: HashSet<String> = others
            .map(|device| device.name.to_lowercase())
            .filter(|name| name.starts_with(&wanted))
            .collect();
        if !taken.contains(&wanted) {
            return wanted;
        }
        (2..).map(|n| format!("{wanted}-{n}")).find(|name| !taken.contains(name)).unwrap_or(wanted)
    }

    fn absent(&mut self, endpoint: Endpoint, outputs: &mut Outputs) {
        let Some(id) = self.by_endpoint.get(&endpoint).cloned() else { return };
        let Some(before) = self.devices.get(&id) else { return };
        let mut device = Device::clone(before);
        device.presence = Presence::Vanished;
        outputs.device = Some(id);
        self.settle(device, outputs);
    }

    fn inventoried(
        &mut self,
        id: &DeviceId,
        inventory: Box<Inventory>,
        now: Timestamp,
        outputs: &mut Outputs,
    ) {
        let Some(before) = self.devices.get(id) else { return };
        let mut device = Device::clone(before);
        device.identify(&inventory);
        if device.name == address_name(device.endpoint)
            && let Some(name) = [&device.identity.hostname, &device.identity.serial]
                .into_iter()
                .flatten()
                .find_map(|name| as_plain_name(name))
        {
            device.name = self.free_name(&name, Some(id));
        }
        answers(&mut device, inventory.power(), Some(inventory.health()), now);
        outputs.device = Some(id.clone());
        outputs.inventory = Some((id.clone(), inventory));
        self.settle(device, outputs);
    }

    fn read(
        &mut self,
        id: &DeviceId,
        power: Power,
        health: Option<Health>,
        now: Timestamp,
        outputs: &mut Outputs,
    ) {
        let Some(before) = self.devices.get(id) else { return };
        let mut device = Device::clone(before);
        answers(&mut device, power, health, now);
        outputs.device = Some(id.clone());
        self.settle(device, outputs);
    }

    fn unreachable(&mut self, id: &DeviceId, cause: String, now: Timestamp, outputs: &mut Outputs) {
        let Some(before) = self.devices.get(id) else { return };
        let mut device = Device::clone(before);
        is_offline(&mut device, cause, now);
        outputs.device = Some(id.clone());
        self.settle(device, outputs);
    }

    fn certificate_changed(
        &mut self,
        id: &DeviceId,
        presented: Certificate,
        now: Timestamp,
        outputs: &mut Outputs,
    ) {
        let Some(before) = self.devices.get(id) else { return };
        let mut device = Device::clone(before);
        outputs.device = Some(id.clone());
        mistrust(&mut device, presented, now, outputs);
        self.settle(device, outputs);
    }
}

fn returned(device: &Device) -> Finding {
    let text =
        format!("{} was decommissioned and answers again; find out who plugged it in", device.subject());
    finding("device_returned", device, text)
}

/// The news that a device changed.
fn changed(device: &Device) -> What {
    What::DeviceChanged {
        id: device.id.clone(),
        stage: device.stage,
        power: device.state.power,
        health: device.state.health,
        online: device.state.reach == Reach::Online,
    }
}

fn finding(kind: &str, device: &Device, text: String) -> Finding {
    Finding { kind: kind.into(), device: Some(device.id.clone()), text }
}

/// How a text is spelt as a device's name: lower case, without blanks, so that it can be typed anywhere.
pub(crate) fn as_name(text: &str) -> String {
    text.trim().to_lowercase().replace(char::is_whitespace, "-")
}

/// The same from what a controller says of itself: what nobody could type, or an address could not hold, becomes
/// a hyphen. None if nothing is left.
fn as_plain_name(claimed: &str) -> Option<String> {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':') { c } else { '-' };
    let name: String = as_name(claimed).chars().map(plain).collect();
    name.contains(char::is_alphanumeric).then_some(name)
}

/// What is told when no more controllers are taken in.
fn full() -> Finding {
    let text = format!(
        "more than {MOST_SEEN} controllers were seen that nobody adopted, and no more are kept; sweep smaller ranges, \
         forget those that are none, and find out what answers there"
    );
    Finding { kind: "too_many_seen".into(), device: None, text }
}

fn address_name(endpoint: Endpoint) -> String {
    let text = endpoint.to_string();
    format!("bmc-{}", text.replace([':', '.', '[', ']'], "-").replace("--", "-").trim_matches('-'))
}

fn is_nil(uuid: &str) -> bool {
    uuid.chars().all(|c| matches!(c, '0' | '-' | 'f' | 'F'))
}

/// Whether the controller at a device's own address may be that device: nothing says otherwise.
fn may_be(device: &Device, shown: Option<Fingerprint>, claim: &Claim) -> bool {
    let expected =
        device.pinned.as_ref().or(device.presented.as_ref()).map(|certificate| certificate.fingerprint);
    if expected.is_some() && expected == shown {
        return true;
    }
    match (&device.identity.service_uuid, &claim.service_uuid) {
        (Some(known), Some(claimed)) => known.eq_ignore_ascii_case(claimed),
        _ => true,
    }
}

/// Whether a controller at another address can only be this device.
fn is_surely(device: &Device, shown: Option<Fingerprint>, claim: &Claim) -> bool {
    if let Some(pinned) = &device.pinned {
        return shown == Some(pinned.fingerprint);
    }
    let same_uuid = match (&device.identity.service_uuid, &claim.service_uuid) {
        (Some(known), Some(claimed)) => known.eq_ignore_ascii_case(claimed) && !is_nil(known),
        _ => false,
    };
    same_uuid || (shown.is_some() && device.presented.as_ref().map(|seen| seen.fingerprint) == shown)
}

/// What an unadopted controller says and shows now. Behind another certificate there may be another machine, and
/// what the one before said of itself does not hold for it.
fn see(device: &mut Device, certificate: Option<Certificate>, claim: &Claim) {
    let print = |of: &Option<Certificate>| of.as_ref().map(|certificate| certificate.fingerprint);
    if print(&device.presented) != print(&certificate) {
        device.identity = model::device::Identity::default();
    }
    take_claim(device, claim);
    device.presented = certificate;
}

fn take_claim(device: &mut Device, claim: &Claim) {
    let identity = &mut device.identity;
    identity.vendor = claim.vendor.clone().or_else(|| identity.vendor.take());
    identity.model = identity.model.take().or_else(|| claim.product.clone());
    identity.service_uuid = claim.service_uuid.clone().or_else(|| identity.service_uuid.take());
    identity.serial = claim.serial.clone().or_else(|| identity.serial.take());
    if let Some(mac) = claim.mac.as_deref().and_then(model::device::canonical_mac) {
        identity.macs = vec![mac];
    }
}

fn answers(device: &mut Device, power: Power, health: Option<Health>, now: Timestamp) {
    device.state.power = power;
    device.state.health = health.unwrap_or(device.state.health);
    device.state.reach = Reach::Online;
    device.state.read_at = Some(now);
    device.last_seen = now;
    // Read with the pinned certificate, so what was presented meanwhile is gone.
    device.presented = None;
}

/// A controller that does not answer says nothing of its server: its power becomes unknown, never off.
fn is_offline(device: &mut Device, cause: String, now: Timestamp) {
    let since = match &device.state.reach {
        Reach::Offline { since, .. } => *since,
        Reach::NotAsked | Reach::Online => now,
    };
    device.state.reach = Reach::Offline { since, cause };
    device.state.power = Power::Unknown;
    device.state.health = Health::Unknown;
}

fn mistrust(device: &mut Device, presented: Certificate, now: Timestamp, outputs: &mut Outputs) {
    let news = device.presented.as_ref().map(|seen| seen.fingerprint) != Some(presented.fingerprint);
    is_offline(device, "it shows another certificate than the pinned one".into(), now);
    if news {
        let text = format!(
            "{} shows another certificate ({}) than the pinned one; nothing is sent to it until somebody approves it",
            device.subject(),
            presented.subject
        );
        outputs.findings.push(finding("certificate_changed", device, text));
    }
    device.presented = Some(presented);
}

fn same_but(a: &Device, b: &Device, forget: fn(&mut Device)) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    forget(&mut a);
    forget(&mut b);
    a == b
}

fn forget_times(device: &mut Device) {
    device.last_seen = Timestamp::UNIX_EPOCH;
    device.state.read_at = None;
}

fn forget_state(device: &mut Device) {
    forget_times(device);
    device.state = State::default();
}

#[cfg(test)]
mod tests;
