//! By what a controller is recognised: which devices have this certificate, UUID, MAC address or serial number. Pure.
//!
//! A key that several devices have is no key: factory certificates, UUIDs of nothing but zeros and serial numbers of a
//! whole chassis are on many machines.

use model::Stage;
use model::book::Claim;
use model::device::{Device, DeviceId, Fingerprint};
use std::collections::HashMap;

/// Something that ought to belong to one device alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A certificate whose private key was used in the handshake: nobody can merely claim it.
    Certificate(Fingerprint),
    /// The service's UUID, as claimed.
    Uuid(Box<str>),
    /// A MAC address.
    Mac(Box<str>),
    /// A serial number or service tag, as claimed.
    Serial(Box<str>),
}

impl Key {
    /// The key that a UUID is; none if it is nobody's, such as zeros alone.
    pub fn uuid(text: &str) -> Option<Self> {
        let blank = text.chars().all(|c| matches!(c, '0' | '-' | 'f' | 'F'));
        (!blank).then(|| Self::Uuid(text.trim().to_lowercase().into()))
    }

    /// The key that a serial number is.
    pub fn serial(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self::Serial(text.to_lowercase().into()))
    }

    /// The key that a MAC address is.
    pub fn mac(text: &str) -> Option<Self> {
        model::device::canonical_mac(text).map(|mac| Self::Mac(mac.into()))
    }

    /// What a controller shows and claims, what can be trusted most first: the certificate is proven; the UUID is claimed,
    /// but it is the controller's own and outlives its certificate; the MAC address is seen by ourselves, but only on
    /// the same wire, and it goes with a board; the serial number is the server's, and shared in some chassis.
    pub fn of_newcomer(shown: Option<Fingerprint>, claim: &Claim) -> Vec<Self> {
        let certificate = shown.map(Self::Certificate);
        let uuid = claim.service_uuid.as_deref().and_then(Self::uuid);
        let mac = claim.mac.as_deref().and_then(Self::mac);
        let serial = claim.serial.as_deref().and_then(Self::serial);
        [certificate, uuid, mac, serial].into_iter().flatten().collect()
    }

    /// What a device in the book has. Of certificates the pinned one; what an adopted device shows instead is not its own.
    pub fn of_device(device: &Device) -> Vec<Self> {
        let certificate = match (&device.pinned, device.stage) {
            (Some(pinned), _) => Some(pinned),
            (None, Stage::Seen) => device.presented.as_ref(),
            (None, _) => None,
        };
        let identity = &device.identity;
        let serials = [&identity.serial, &identity.service_tag].into_iter().flatten();
        let all = certificate
            .map(|shown| Self::Certificate(shown.fingerprint))
            .into_iter()
            .chain(identity.service_uuid.as_deref().and_then(Self::uuid))
            .chain(identity.macs.iter().filter_map(|mac| Self::mac(mac)))
            .chain(serials.filter_map(|serial| Self::serial(serial)));
        let mut keys = Vec::new();
        for key in all {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

/// Which devices have a key, and which names are taken.
#[derive(Debug, Default)]
pub struct Keys {
    owners: HashMap<Key, Vec<DeviceId>>,
    names: HashMap<String, usize>,
    seen: usize,
}

impl Keys {
    /// A device is in the book, or changed in it.
    pub fn put(&mut self, before: Option<&Device>, device: &Device) {
        if let Some(before) = before {
            let same = before.identity == device.identity
                && before.pinned == device.pinned
                && before.presented == device.presented
                && before.stage == device.stage
                && before.name == device.name;
            if same {
                return;
            }
            self.remove(before);
        }
        for key in Key::of_device(device) {
            self.owners.entry(key).or_default().push(device.id.clone());
        }
        *self.names.entry(device.name.to_lowercase()).or_default() += 1;
        self.seen += usize::from(device.stage == Stage::Seen);
    }

    /// A device left the book.
    pub fn remove(&mut self, device: &Device) {
        for key in Key::of_device(device) {
            if let Some(owners) = self.owners.get_mut(&key) {
                owners.retain(|id| *id != device.id);
                if owners.is_empty() {
                    self.owners.remove(&key);
                }
            }
        }
        let name = device.name.to_lowercase();
        if let Some(count) = self.names.get_mut(&name) {
            *count -= 1;
            if *count == 0 {
                self.names.remove(&name);
            }
        }
        self.seen -= usize::from(device.stage == Stage::Seen);
    }

    /// The devices that have this key.
    pub fn owners(&self, key: &Key) -> &[DeviceId] {
        self.owners.get(key).map_or(&[], Vec::as_slice)
    }

    /// The one device that has this key; none if several have it.
    pub fn only(&self, key: &Key) -> Option<&DeviceId> {
        match self.owners(key) {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether several devices have this key.
    pub fn is_shared(&self, key: &Key) -> bool {
        self.owners(key).len() > 1
    }

    /// Whether a device has this name, whatever the case.
    pub fn is_taken(&self, name: &str) -> bool {
        self.names.contains_key(&name.to_lowercase())
    }

    /// How many devices nobody adopted.
    pub const fn seen(&self) -> usize {
        self.seen
    }
}
