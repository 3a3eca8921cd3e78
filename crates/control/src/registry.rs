//! The device records in memory, and how observations are merged into them. Pure: time is an argument.
//!
//! | module | what it does |
//! |---|---|
//! | [`keys`] | by what a controller is recognised, and which devices have it |
//! | [`meeting`] | a controller answers somewhere: which device it is |
//! | [`record`] | what a single record becomes when something is seen of it |

mod keys;
mod meeting;
mod record;
#[cfg(test)]
mod tests;

pub(crate) use record::{as_name, changed};

use crate::zones::Zones;
use jiff::Timestamp;
use keys::Keys;
use meeting::{Met, Sighting};
use model::book::Observation;
use model::device::{Device, DeviceId, Endpoint, Health, Power, Presence, State};
use model::event::{Finding, What};
use model::{Failure, Inventory, Kind};
use record::{address_name, answers, as_plain_name, forget_state, forget_times, is_offline, same_but};
use std::collections::HashMap;
use std::sync::Arc;

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
    /// Who is at an address. Another record may name the same one: of a device that was displaced and not found yet.
    by_endpoint: HashMap<Endpoint, DeviceId>,
    keys: Keys,
    /// Adopted devices whose certificate was shown at another address while they were still at theirs.
    astray: HashMap<DeviceId, Sighting>,
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

    /// Puts a record in. Its address becomes its own only if nobody has it.
    fn put(&mut self, device: Device) -> Arc<Device> {
        let device = Arc::new(device);
        self.by_endpoint.entry(device.endpoint).or_insert_with(|| device.id.clone());
        let before = self.devices.insert(device.id.clone(), Arc::clone(&device));
        self.keys.put(before.as_deref(), &device);
        device
    }

    /// The device is at its address, whoever was thought to be there.
    fn takes_place(&mut self, device: &Device) {
        if self.by_endpoint.get(&device.endpoint) != Some(&device.id) {
            self.by_endpoint.insert(device.endpoint, device.id.clone());
        }
    }

    /// The device is not at its address any more.
    fn leaves_place(&mut self, device: &Device) {
        if self.by_endpoint.get(&device.endpoint) == Some(&device.id) {
            self.by_endpoint.remove(&device.endpoint);
        }
    }

    /// Removes a record for good.
    pub fn remove(&mut self, id: &DeviceId) -> Outputs {
        if let Some(device) = self.devices.remove(id) {
            self.leaves_place(&device);
            self.keys.remove(&device);
            self.astray.remove(id);
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
                self.answered(Met { endpoint, certificate, claim }, now, new_id, &mut outputs);
            }
            Observation::Absent { endpoint } => self.absent(endpoint, now, &mut outputs),
            Observation::Inventoried { device, inventory, snapshot: _ } => {
                self.inventoried(&device, inventory, now, &mut outputs);
                self.answered_at_home(&device, now, new_id, &mut outputs);
            }
            Observation::StateRead { device, power, health } => {
                self.read(&device, power, health, now, &mut outputs);
                self.answered_at_home(&device, now, new_id, &mut outputs);
            }
            Observation::Unreachable { device, cause } => self.unreachable(&device, cause, now, &mut outputs),
            Observation::CertificateChanged { device, presented } => {
                self.certificate_changed(&device, presented, now, &mut outputs);
            }
            // Nothing of the record.
            Observation::Telemetry { .. }
            | Observation::Asked { .. }
            | Observation::Learned(_)
            | Observation::Explained { .. } => {}
        }
        outputs
    }

    /// A name that no other device has, made from `wanted`.
    #[must_use]
    pub fn free_name(&self, wanted: &str, except: Option<&DeviceId>) -> String {
        let wanted = as_name(wanted);
        let own = except.and_then(|id| self.devices.get(id)).map(|device| device.name.to_lowercase());
        let is_free = |name: &String| own.as_ref() == Some(name) || !self.keys.is_taken(name);
        if is_free(&wanted) {
            return wanted;
        }
        (2..).map(|n| format!("{wanted}-{n}")).find(is_free).unwrap_or(wanted)
    }

    fn absent(&mut self, endpoint: Endpoint, now: Timestamp, outputs: &mut Outputs) {
        let Some(id) = self.by_endpoint.get(&endpoint).cloned() else { return };
        let Some(before) = self.devices.get(&id) else { return };
        let mut device = Device::clone(before);
        device.presence = Presence::Vanished;
        outputs.device = Some(id);
        self.settle(device, outputs);
        self.find_astray(now, outputs);
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
        self.find_astray(now, outputs);
    }
}
