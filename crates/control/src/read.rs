//! What an actor may see. Reads are checked like acts, but not written down one by one.

use crate::Door;
use model::{Action, Actor, Device, Failure, Inventory, Object};
use std::sync::Arc;

impl Door {
    /// The devices that the actor may see, by name.
    #[must_use]
    pub fn devices(&self, actor: &Actor) -> Vec<Arc<Device>> {
        let sees = self.access().sight(actor);
        let mut devices: Vec<Arc<Device>> =
            self.book().registry().all().filter(|device| sees.covers(device)).cloned().collect();
        devices.sort_by(|a, b| a.name.cmp(&b.name));
        devices
    }

    /// The device with this identifier or name, if the actor may see it.
    ///
    /// # Errors
    /// `NotFound`, also for a device that the actor may not see: its existence is nobody else's business.
    pub fn device(&self, actor: &Actor, key: &str) -> Result<Arc<Device>, Failure> {
        let device = self.book().named(key)?;
        if self.may(actor, Action::DeviceView, &device.object()).allowed {
            Ok(device)
        } else {
            Err(crate::book::no_such(key))
        }
    }

    /// The devices behind an address, MAC, name or serial number, among those that the actor may see.
    #[must_use]
    pub fn find(&self, actor: &Actor, needle: &str) -> Vec<Arc<Device>> {
        let mut devices = self.devices(actor);
        devices.retain(|device| device.is_known_as(needle));
        devices
    }

    /// What a device is made of, as last read.
    ///
    /// # Errors
    /// `NotFound`, or `Unavailable` if the store cannot be read.
    pub async fn inventory(&self, actor: &Actor, key: &str) -> Result<Option<Inventory>, Failure> {
        let device = self.device(actor, key)?;
        let stored = self.book().store().inventory(&device.id).await;
        stored.map_err(|error| crate::book::unavailable(device.subject(), &error))
    }

    /// Refuses those who may not read about users and grants.
    pub(crate) fn check_users(&self, actor: &Actor) -> Result<(), Failure> {
        self.check(actor, Action::UserView, &Object::Appliance)
    }

    /// The newest findings, those about devices only if the actor may see these.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn findings(&self, actor: &Actor) -> Result<Vec<store::StoredFinding>, Failure> {
        let stored = self.book().store().findings(FINDINGS).await;
        let mut findings = stored.map_err(|error| crate::book::unavailable("findings", &error))?;
        findings.retain(|row| match &row.finding.device {
            Some(id) => self.device(actor, &id.0).is_ok(),
            None => self.check(actor, Action::AuditView, &Object::Appliance).is_ok(),
        });
        Ok(findings)
    }

    /// Audit entries, newest first.
    ///
    /// # Errors
    /// `Refused` without a grant; `Unavailable` if the log cannot be read.
    pub async fn audit_entries(&self, actor: &Actor, query: audit::Query) -> Result<Vec<audit::Entry>, Failure> {
        self.check(actor, Action::AuditView, &Object::Appliance)?;
        let log = self.audit().clone();
        let listed = tokio::task::spawn_blocking(move || log.list(&query)).await;
        let failed = |error: &dyn std::error::Error| crate::book::unavailable("the audit log", error);
        listed.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }
}

/// So many findings are shown.
const FINDINGS: u32 = 500;
