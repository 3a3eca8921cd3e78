//! What a single device's record becomes when something is seen of it. Pure.

use super::Outputs;
use jiff::Timestamp;
use model::book::Claim;
use model::device::{Certificate, Device, Endpoint, Health, Identity, Power, Reach, State, canonical_mac};
use model::event::{Finding, What};

pub fn finding(kind: &str, device: &Device, text: String) -> Finding {
    Finding { kind: kind.into(), device: Some(device.id.clone()), text }
}

pub fn returned(device: &Device) -> Finding {
    let text =
        format!("{} was decommissioned and answers again; find out who plugged it in", device.subject());
    finding("device_returned", device, text)
}

/// The news that a device changed.
pub fn changed(device: &Device) -> What {
    What::DeviceChanged {
        id: device.id.clone(),
        stage: device.stage,
        power: device.state.power,
        health: device.state.health,
        online: device.state.reach == Reach::Online,
    }
}

/// How a text is spelt as a device's name: lower case, without blanks, so that it can be typed anywhere.
pub fn as_name(text: &str) -> String {
    text.trim().to_lowercase().replace(char::is_whitespace, "-")
}

/// The same from what a controller says of itself: what nobody could type, or an address could not hold, becomes
/// a hyphen. None if nothing is left.
pub fn as_plain_name(claimed: &str) -> Option<String> {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':') { c } else { '-' };
    let name: String = as_name(claimed).chars().map(plain).collect();
    name.contains(char::is_alphanumeric).then_some(name)
}

pub fn address_name(endpoint: Endpoint) -> String {
    let text = endpoint.to_string();
    format!("bmc-{}", text.replace([':', '.', '[', ']'], "-").replace("--", "-").trim_matches('-'))
}

/// What an unadopted controller says and shows now. Behind another certificate there may be another machine, and
/// what the one before said of itself does not hold for it.
pub fn see(device: &mut Device, certificate: Option<Certificate>, claim: &Claim) {
    let print = |of: &Option<Certificate>| of.as_ref().map(|certificate| certificate.fingerprint);
    if print(&device.presented) != print(&certificate) {
        device.identity = Identity::default();
    }
    take_claim(device, claim);
    device.presented = certificate;
}

pub fn take_claim(device: &mut Device, claim: &Claim) {
    let identity = &mut device.identity;
    identity.vendor = claim.vendor.clone().or_else(|| identity.vendor.take());
    identity.model = identity.model.take().or_else(|| claim.product.clone());
    identity.service_uuid = claim.service_uuid.clone().or_else(|| identity.service_uuid.take());
    identity.serial = claim.serial.clone().or_else(|| identity.serial.take());
    if let Some(mac) = claim.mac.as_deref().and_then(canonical_mac) {
        identity.macs = vec![mac];
    }
}

pub fn answers(device: &mut Device, power: Power, health: Option<Health>, now: Timestamp) {
    device.state.power = power;
    device.state.health = health.unwrap_or(device.state.health);
    device.state.reach = Reach::Online;
    device.state.read_at = Some(now);
    device.last_seen = now;
    // Read with the pinned certificate, so what was presented meanwhile is gone.
    device.presented = None;
}

/// A controller that does not answer says nothing of its server: its power becomes unknown, never off.
pub fn is_offline(device: &mut Device, cause: String, now: Timestamp) {
    let since = match &device.state.reach {
        Reach::Offline { since, .. } => *since,
        Reach::NotAsked | Reach::Online => now,
    };
    device.state.reach = Reach::Offline { since, cause };
    device.state.power = Power::Unknown;
    device.state.health = Health::Unknown;
}

pub fn mistrust(device: &mut Device, presented: Certificate, now: Timestamp, outputs: &mut Outputs) {
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

/// Whether two records are the same but for what `forget` takes out of both.
pub fn same_but(a: &Device, b: &Device, forget: fn(&mut Device)) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    forget(&mut a);
    forget(&mut b);
    a == b
}

pub fn forget_times(device: &mut Device) {
    device.last_seen = Timestamp::UNIX_EPOCH;
    device.state.read_at = None;
}

pub fn forget_state(device: &mut Device) {
    forget_times(device);
    device.state = State::default();
}
