//! Cutting a device off from everything but the appliance, and letting it back. It works on a full disk.

use super::{Policies, fits};
use crate::book::no_such;
use model::book::DeviceBook as _;
use model::command::policy::SetQuarantine;
use model::device::DeviceId;
use model::enforcement::{KernelState, Quarantine};
use model::event::What;
use model::{Action, Actor, Failure, Kind, Object, Permit, Principal};
use std::net::IpAddr;

impl Policies {
    /// The devices that are cut off, of those that the actor may see.
    #[must_use]
    pub fn quarantined(&self, actor: &Actor) -> Vec<Quarantine> {
        let all: Vec<Quarantine> = self.memory().quarantined.values().cloned().collect();
        let sees = |quarantine: &Quarantine| match self.book().device(&quarantine.device) {
            Some(device) => self.door.may(actor, model::Action::DeviceView, &device.object()).allowed,
            None => self.check_reader(actor).is_ok(),
        };
        all.into_iter().filter(sees).collect()
    }

    /// Whether a device is cut off; for who may see it already.
    #[must_use]
    pub fn quarantine_of(&self, device: &DeviceId) -> Option<Quarantine> {
        self.memory().quarantined.get(device).cloned()
    }

    /// Whom somebody means to cut off or to let back.
    ///
    /// # Errors
    /// `NotFound`, for who may not see it too.
    pub fn to_set(&self, actor: &Actor, key: &str, on: bool) -> Result<DeviceId, Failure> {
        let left = DeviceId(key.to_owned());
        match self.door.device(actor, key) {
            Ok(device) => Ok(device.id.clone()),
            Err(_) if !on && self.is_left(&left) => Ok(left),
            Err(failure) => Err(failure),
        }
    }

    /// Whether there is something to let back under a name that no device bears: a quarantine whose device is forgotten, or an
    /// address that the kernel isolates and nobody here knows why.
    fn is_left(&self, id: &DeviceId) -> bool {
        let memory = self.memory();
        memory.quarantined.contains_key(id)
            || id.0.parse().is_ok_and(|address: IpAddr| memory.strange().contains(&address.to_canonical()))
    }

    /// What a quarantine is about. One can be ended whose device is forgotten.
    pub(super) fn object_of_quarantine(&self, id: &DeviceId) -> Result<Object, Failure> {
        match self.book().device(id) {
            Some(device) => Ok(device.object()),
            None if self.is_left(id) => Ok(Object::Appliance),
            None => Err(no_such(&id.0)),
        }
    }

    pub(super) async fn set_quarantine(
        &self,
        permit: &Permit,
        command: SetQuarantine,
    ) -> Result<Option<Quarantine>, Failure> {
        let SetQuarantine { device: id, on, why } = command;
        let _turn = self.isolating.lock().await;
        let outcome = if on {
            self.cut_off(permit, &id, &why).await.map(Some)
        } else {
            self.let_back(permit, &id).await.map(|()| None)
        };
        let outcome = outcome?;
        crate::metrics::quarantined(self.memory().quarantined.len());
        self.save_quarantine(&id).await;
        self.door.events().tell(What::QuarantineChanged { id, on });
        Ok(outcome)
    }

    async fn cut_off(&self, permit: &Permit, id: &DeviceId, why: &str) -> Result<Quarantine, Failure> {
        let device = self.device(id)?;
        let subject = device.subject();
        let why = fits(why, "cut off", &subject)?;
        if !self.memory().is_loaded() {
            self.note_kernel().await;
            self.need_loaded("cut off", &subject)?;
        }
        let address = device.endpoint.addr.to_canonical();
        // First the kernel: what is written down later is nobody's protection.
        self.isolate(permit, address, true).await?;
        let before = self.quarantine_of(id);
        if let Some(old) = before.as_ref().filter(|old| old.address != address) {
            // Another that is cut off may stand behind it by now.
            if !self.is_shared(id, old.address) {
                self.isolate(permit, old.address, false).await?;
            }
        }
        // A part that follows a device to its new address did not ask for the quarantine.
        let asked = permit.actor().principal.clone();
        let principal = match (&asked, &before) {
            (Principal::System { name }, Some(before)) if name == super::keep::QUARANTINE => {
                before.principal.clone()
            }
            _ => asked.to_string(),
        };
        let quarantine = Quarantine {
            device: id.clone(),
            device_name: device.name.clone(),
            address,
            since: before.map_or_else(|| self.book().now(), |before| before.since),
            principal,
            why,
        };
        self.memory().quarantined.insert(id.clone(), quarantine.clone());
        if let Ok(Some((_, bound))) = self.loaded().await {
            self.end_forbidden(permit, &bound.evaluator).await;
        }
        Ok(quarantine)
    }

    /// Isolates an address, or ends that. The firewall's program may fail to write that down for the next boot, on a full disk,
    /// after the kernel has it: then it is done all the same.
    async fn isolate(&self, permit: &Permit, address: IpAddr, on: bool) -> Result<(), Failure> {
        let Err(failure) = self.enforcer.isolate(permit, address, on).await else { return Ok(()) };
        let is_held =
            self.enforcer.state().await.is_ok_and(|kernel| kernel.isolated.contains(&address) == on);
        if !is_held {
            return Err(failure);
        }
        tracing::warn!(%failure, %address, on, "the kernel has it, but it could not be written down for the next boot");
        Ok(())
    }

    async fn let_back(&self, permit: &Permit, id: &DeviceId) -> Result<(), Failure> {
        let Some(address) = self.quarantine_of(id).map(|it| it.address).or_else(|| self.isolated_of(id))
        else {
            let subject = self.book().device(id).map_or_else(|| id.to_string(), |device| device.subject());
            return Err(Failure::new(Kind::Conflict, "let back", subject, "it is not cut off"));
        };
        if !self.is_shared(id, address) {
            self.isolate(permit, address, false).await?;
        }
        let mut memory = self.memory();
        memory.quarantined.remove(id);
        memory.isolated.remove(&address);
        Ok(())
    }

    /// The address of a device, or an address itself, that the kernel isolates though nobody here knows why.
    fn isolated_of(&self, id: &DeviceId) -> Option<IpAddr> {
        let address = match self.book().device(id) {
            Some(device) => device.endpoint.addr,
            None => id.0.parse().ok()?,
        };
        let address = address.to_canonical();
        self.memory().strange().contains(&address).then_some(address)
    }

    /// Whether another device is cut off at this address: two may stand behind one.
    fn is_shared(&self, id: &DeviceId, address: IpAddr) -> bool {
        let memory = self.memory();
        memory.quarantined.values().any(|other| other.device != *id && other.address == address)
    }

    /// Writes down whether a device is cut off. On a full disk that waits: the kernel holds it all the same.
    async fn save_quarantine(&self, id: &DeviceId) {
        let written = match self.quarantine_of(id) {
            Some(quarantine) => self.store().put_quarantine(&quarantine).await,
            None => self.store().delete_quarantine(id).await,
        };
        match written {
            Ok(()) => drop(self.memory().unsaved.remove(id)),
            Err(error) => {
                tracing::warn!(%error, device = %id, "a quarantine holds, but could not be written down; it is tried again");
                self.memory().unsaved.insert(id.clone());
            }
        }
    }

    /// Whether a device was let back after all, by the audit log: the disk may have had no room to cross its quarantine out, and
    /// the log keeps room for such acts.
    pub(super) async fn was_let_back(&self, quarantine: &Quarantine) -> bool {
        let query = audit::Query {
            after: Some(quarantine.since),
            action: Some(Action::DeviceQuarantine),
            object: Some(quarantine.device.0.clone()),
            limit: audit::read::MOST_ENTRIES,
            ..audit::Query::default()
        };
        match self.door.audit().list(query).await {
            Ok(entries) => {
                let is_its = |entry: &&audit::Entry| match &entry.object {
                    Some(Object::Device { id, .. }) => *id == quarantine.device,
                    _ => false,
                };
                let mut done = entries.iter().filter(is_its);
                let last = done.find(|entry| entry.status == audit::Status::Ok);
                last.is_some_and(|entry| entry.detail.get("on") == Some(&false.into()))
            }
            Err(error) => {
                tracing::warn!(%error, device = %quarantine.device, "whether it was let back could not be looked up; it stays cut off");
                false
            }
        }
    }

    /// Writes down what could not be written before.
    pub(super) async fn save_unsaved(&self) {
        let unsaved: Vec<DeviceId> = self.memory().unsaved.iter().cloned().collect();
        for id in unsaved {
            self.save_quarantine(&id).await;
        }
    }

    /// The quarantines that are not in the kernel at their device's present address.
    pub(super) fn not_isolated(&self, kernel: Option<&KernelState>) -> Vec<Quarantine> {
        let all: Vec<Quarantine> = self.memory().quarantined.values().cloned().collect();
        let is_held = |quarantine: &Quarantine| {
            let held = |address: IpAddr| kernel.is_none_or(|kernel| kernel.isolated.contains(&address));
            let now = self.book().device(&quarantine.device);
            let is_there = now.is_none_or(|device| device.endpoint.addr.to_canonical() == quarantine.address);
            is_there && held(quarantine.address)
        };
        all.into_iter().filter(|quarantine| !is_held(quarantine)).collect()
    }
}
