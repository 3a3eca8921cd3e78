//! A controller answers somewhere: which device it is, and what becomes of the records. Pure.
//!
//! A pinned device is recognised by its certificate and by nothing else: that is proven in the handshake, everything else
//! is a claim. If the certificate turns up while the device was at its own address a moment ago, that may be a
//! device that has moved since, two that change places, or a certificate that two machines share. Which of these
//! it is shows at the old address; until then the meeting is kept as a [`Sighting`], and no record is made of it.

use super::keys::Key;
use super::record::{address_name, as_plain_name, finding, is_offline, mistrust, returned, see, take_claim};
use super::{MOST_SEEN, Outputs, Registry};
use jiff::{SignedDuration, Timestamp};
use model::Stage;
use model::book::Claim;
use model::device::{Certificate, Device, DeviceId, Endpoint, Fingerprint, Presence, Reach};
use model::event::Finding;
use std::sync::Arc;

/// Two controllers that answer at their own addresses within this time and claim to be one are two.
const MOVE_SETTLES: SignedDuration = SignedDuration::from_mins(10);
/// A reading that was under way while a device moved ends within this time.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(30);
/// A device at whose address another one answers is told of when it was not found for so long.
const MISSED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// What more devices than these say of themselves tells them from nobody.
const MOST_TWINS: usize = 100;

/// A controller that answered.
#[derive(Clone, Debug)]
pub struct Met {
    /// Where.
    pub endpoint: Endpoint,
    /// What it showed.
    pub certificate: Option<Certificate>,
    /// What it says it is.
    pub claim: Claim,
}

impl Met {
    fn shown(&self) -> Option<Fingerprint> {
        self.certificate.as_ref().map(|certificate| certificate.fingerprint)
    }
}

/// A device's certificate, seen away from the device's address.
#[derive(Debug)]
pub struct Sighting {
    met: Met,
    at: Timestamp,
}

/// How a controller was recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// By its certificate.
    Proven,
    /// By what it says, or by its MAC address.
    Claimed,
}

impl Registry {
    pub(super) fn answered(
        &mut self,
        met: Met,
        now: Timestamp,
        new_id: impl FnOnce() -> DeviceId,
        outputs: &mut Outputs,
    ) {
        let here = self.by_endpoint.get(&met.endpoint).and_then(|id| self.devices.get(id)).cloned();
        let here = here.filter(|here| self.may_be(here, &met));
        match (self.recognise(&met), here) {
            (Some((device, _)), _) if device.endpoint == met.endpoint => {
                self.takes_place(&device);
                self.seen_again(&device, met, now, outputs);
                self.answered_twice(&device.id, now, new_id, outputs);
            }
            // What it only claims does not count against the place where it is.
            (Some((_, How::Claimed)) | None, Some(here)) => self.seen_again(&here, met, now, outputs),
            (Some((device, _)), _) if self.is_gone(&device, now) => self.moves(&device, met, now, outputs),
            (Some((device, How::Proven)), _) if self.goes_astray(&device, &met, now) => {
                outputs.device = Some(device.id.clone());
            }
            (Some((_, How::Proven)), Some(here)) => self.seen_again(&here, met, now, outputs),
            (_, None) => self.stranger(met, now, new_id, outputs),
        }
        self.find_astray(now, outputs);
    }

    /// The one device that this controller can be, by the first of its keys that is one.
    fn recognise(&self, met: &Met) -> Option<(Arc<Device>, How)> {
        let contradicts = |device: &Device| self.contradicts(device, &met.claim);
        for key in Key::of_newcomer(met.shown(), &met.claim) {
            let Some(device) = self.keys.only(&key).and_then(|id| self.devices.get(id)) else { continue };
            let how = if matches!(key, Key::Certificate(_)) { How::Proven } else { How::Claimed };
            // Whoever claims to be a pinned device shows its certificate, or is not believed.
            let believed = how == How::Proven || device.pinned.is_none();
            return (believed && !contradicts(device)).then(|| (Arc::clone(device), how));
        }
        None
    }

    /// Whether it says that it is another one than this device, by a UUID of its own.
    fn contradicts(&self, device: &Device, claim: &Claim) -> bool {
        let known = device.identity.service_uuid.as_deref().and_then(Key::uuid);
        let claimed = claim.service_uuid.as_deref().and_then(Key::uuid);
        known.is_some() && claimed.is_some() && known != claimed
    }

    /// Whether the controller at a device's own address may be that device: nothing says otherwise.
    fn may_be(&self, device: &Device, met: &Met) -> bool {
        let expected =
            device.pinned.as_ref().or(device.presented.as_ref()).map(|expected| expected.fingerprint);
        let same = expected.is_some() && expected == met.shown();
        let shared = expected.is_some_and(|expected| self.keys.is_shared(&Key::Certificate(expected)));
        same && !shared || !self.contradicts(device, &met.claim)
    }

    /// Whether a device is not at its address any more, by what was seen since it last answered there.
    fn is_gone(&self, device: &Device, now: Timestamp) -> bool {
        let taken =
            |sighting: &Sighting| sighting.met.endpoint == device.endpoint && sighting.at >= device.last_seen;
        device.presence == Presence::Vanished
            || device.is_adopted() && matches!(device.state.reach, Reach::Offline { .. })
            || self.by_endpoint.get(&device.endpoint) != Some(&device.id)
            || now.duration_since(device.last_seen).abs() >= MOVE_SETTLES
            || self.astray.values().any(taken)
    }

    fn seen_again(&mut self, before: &Device, met: Met, now: Timestamp, outputs: &mut Outputs) {
        let mut device = before.clone();
        outputs.device = Some(device.id.clone());
        device.presence = Presence::Known;
        device.last_seen = now;
        if device.stage == Stage::Seen {
            see(&mut device, met.certificate, &met.claim);
            if device.identity != before.identity {
                outputs.findings.extend(self.warning(&device));
            }
        } else if device.stage == Stage::Decommissioned {
            outputs.findings.push(returned(&device));
        } else if let Some(shown) = met.certificate
            && device.pinned.as_ref().is_some_and(|pinned| pinned.fingerprint != shown.fingerprint)
        {
            mistrust(&mut device, shown, now, outputs);
        }
        self.settle(device, outputs);
    }

    fn moves(&mut self, device: &Device, met: Met, now: Timestamp, outputs: &mut Outputs) {
        let mut moved = device.clone();
        self.leaves_place(device);
        self.astray.remove(&device.id);
        moved.moved_from = Some(device.endpoint);
        moved.endpoint = met.endpoint;
        moved.zone = self.zones.of(met.endpoint.addr).to_owned();
        moved.presence = Presence::Moved;
        moved.last_seen = now;
        match moved.stage {
            // Nobody trusts it yet: what it says and shows now is what counts.
            Stage::Seen => see(&mut moved, met.certificate, &met.claim),
            Stage::Decommissioned => outputs.findings.push(returned(&moved)),
            Stage::Adopted | Stage::InService | Stage::Maintenance => {}
        }
        outputs.device = Some(moved.id.clone());
        self.takes_place(&moved);
        self.settle(moved, outputs);
    }

    fn stranger(
        &mut self,
        met: Met,
        now: Timestamp,
        new_id: impl FnOnce() -> DeviceId,
        outputs: &mut Outputs,
    ) {
        if self.keys.seen() >= MOST_SEEN {
            outputs.findings.push(full());
            return;
        }
        let mut device = Device::seen(new_id(), met.endpoint, now);
        // A second one of the same number is not named after it: it may not be what it says.
        let serial = met.claim.serial.as_deref().and_then(as_plain_name);
        let serial = serial.filter(|serial| !self.keys.is_taken(serial));
        device.name = serial.unwrap_or_else(|| self.free_name(&address_name(met.endpoint), None));
        device.zone = self.zones.of(met.endpoint.addr).to_owned();
        device.presented = met.certificate;
        take_claim(&mut device, &met.claim);
        outputs.device = Some(device.id.clone());
        outputs.findings.extend(self.warning(&device));
        self.takes_place(&device);
        self.settle(device, outputs);
    }

    /// A newcomer that has what belongs to a device in the book is worth a look.
    fn warning(&self, newcomer: &Device) -> Option<Finding> {
        let twin_by = |key: &Key| {
            let others = self.keys.owners(key).iter().take(MOST_TWINS).filter(|id| **id != newcomer.id);
            let mut twins = others.filter_map(|id| self.devices.get(id));
            match key {
                // That several have it is told once.
                Key::Certificate(_) => {
                    let own =
                        |twin: &&Arc<Device>| twin.pinned.is_some() && self.keys.only(key) == Some(&twin.id);
                    twins.next().filter(own)
                }
                Key::Uuid(_) => twins.find(|twin| twin.stage != Stage::Seen),
                Key::Mac(_) | Key::Serial(_) => twins.next(),
            }
        };
        let keys = Key::of_device(newcomer);
        let (key, twin) = keys.iter().find_map(|key| Some((key, twin_by(key)?)))?;
        let (endpoint, twin) = (newcomer.endpoint, twin.subject());
        if matches!(key, Key::Certificate(_)) {
            let text = format!(
                "{endpoint} shows the certificate that {twin} is pinned to, and both answer: a certificate that two \
                 machines have proves nothing; have each make its own, then approve it"
            );
            return Some(finding("certificate_shared", newcomer, text));
        }
        let text = format!(
            "{endpoint} says it is {twin}, with another certificate or at the same time; do not adopt it before you know why"
        );
        Some(finding("identity_claimed", newcomer, text))
    }

    /// Remembers where an adopted device's certificate was seen. False if it was just seen at a third address: then it
    /// is no sign of a move.
    fn goes_astray(&mut self, device: &Device, met: &Met, now: Timestamp) -> bool {
        let elsewhere = self.astray.get(&device.id).is_some_and(|known| {
            known.met.endpoint != met.endpoint && now.duration_since(known.at).abs() < MOVE_SETTLES
        });
        if elsewhere || !device.is_adopted() {
            return false;
        }
        self.astray.insert(device.id.clone(), Sighting { met: met.clone(), at: now });
        true
    }

    /// Whoever was sighted elsewhere and is gone from its address has moved there; and with it, perhaps, the next.
    pub(super) fn find_astray(&mut self, now: Timestamp, outputs: &mut Outputs) {
        if self.astray.is_empty() {
            return;
        }
        let devices = &self.devices;
        self.astray.retain(|id, sighting| {
            let pinned = devices.get(id).and_then(|device| device.pinned.as_ref());
            pinned.map(|pinned| pinned.fingerprint) == sighting.met.shown()
                && now.duration_since(sighting.at).abs() < MOVE_SETTLES
        });
        let about = outputs.device.clone();
        while let Some(device) = self
            .astray
            .keys()
            .filter_map(|id| self.devices.get(id))
            .find(|device| self.is_gone(device, now))
            .cloned()
        {
            let Some(sighting) = self.astray.remove(&device.id) else { break };
            self.moves(&device, sighting.met, now, outputs);
        }
        outputs.device = about.or(outputs.device.take());
    }

    /// A device was read at its own address: it is there, and what was sighted before the reading began is no move.
    pub(super) fn answered_at_home(
        &mut self,
        id: &DeviceId,
        now: Timestamp,
        new_id: impl FnOnce() -> DeviceId,
        outputs: &mut Outputs,
    ) {
        let Some(device) = self.devices.get(id).cloned() else { return };
        self.takes_place(&device);
        let is_old = |sighting: &Sighting| now.duration_since(sighting.at) > UNDER_WAY;
        self.astray.retain(|_, sighting| sighting.met.endpoint != device.endpoint || !is_old(sighting));
        if self.astray.get(id).is_some_and(is_old) {
            self.answered_twice(id, now, new_id, outputs);
        }
    }

    /// A device that answers at its own address was sighted at another one too: there are two.
    fn answered_twice(
        &mut self,
        id: &DeviceId,
        now: Timestamp,
        new_id: impl FnOnce() -> DeviceId,
        outputs: &mut Outputs,
    ) {
        let Some(sighting) = self.astray.remove(id) else { return };
        let about = outputs.device.clone();
        self.stranger(sighting.met, now, new_id, outputs);
        outputs.device = about;
    }

    /// A device showed another certificate than the pinned one when it was to be read.
    pub(super) fn certificate_changed(
        &mut self,
        id: &DeviceId,
        presented: Certificate,
        now: Timestamp,
        outputs: &mut Outputs,
    ) {
        let Some(before) = self.devices.get(id).cloned() else { return };
        outputs.device = Some(id.clone());
        let owner = self.keys.only(&Key::Certificate(presented.fingerprint)).filter(|owner| *owner != id);
        let owner =
            owner.and_then(|owner| self.devices.get(owner)).filter(|owner| owner.is_adopted()).cloned();
        let mut device = Device::clone(&before);
        let Some(owner) = owner else {
            mistrust(&mut device, presented, now, outputs);
            return self.settle(device, outputs);
        };
        is_displaced(&mut device, &owner, now, outputs);
        self.settle(device, outputs);
        if owner.endpoint != before.endpoint {
            let met =
                Met { endpoint: before.endpoint, certificate: Some(presented), claim: Claim::default() };
            if self.is_gone(&owner, now) {
                self.moves(&owner, met, now, outputs);
            } else {
                self.goes_astray(&owner, &met, now);
            }
        } else {
            self.takes_place(&owner);
        }
        self.find_astray(now, outputs);
        outputs.device = Some(id.clone());
    }
}

/// At a device's address another device answers: it has not changed its certificate, it is somewhere else.
fn is_displaced(device: &mut Device, by: &Device, now: Timestamp, outputs: &mut Outputs) {
    is_offline(device, format!("{} answers at its address", by.name), now);
    let missed = match &device.state.reach {
        Reach::Offline { since, .. } => now.duration_since(*since).abs() >= MISSED_AFTER,
        Reach::NotAsked | Reach::Online => false,
    };
    if missed && device.presence != Presence::Vanished {
        device.presence = Presence::Vanished;
        let text = format!(
            "{} answers at the address of {}, which is nowhere else; nothing is sent to it; sweep the networks where it may be",
            by.name,
            device.subject()
        );
        outputs.findings.push(finding("address_taken", device, text));
    }
}

/// What is told when no more controllers are taken in.
fn full() -> Finding {
    let text = format!(
        "more than {MOST_SEEN} controllers were seen that nobody adopted, and no more are kept; sweep smaller ranges, \
         forget those that are none, and find out what answers there"
    );
    Finding { kind: "too_many_seen".into(), device: None, text }
}
