//! What an actor may see. Reads are checked like acts, but not written down one by one.

use crate::Door;
use identity::Decision;
use model::{Action, Actor, Device, Failure, Grant, Inventory, Kind, Object};
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
        let mut stored = stored.map_err(|error| crate::book::unavailable(device.subject(), &error))?;
        if let Some(inventory) = &mut stored {
            self.book().latest().explain(inventory);
        }
        Ok(stored)
    }

    /// Refuses those who may not read about users and grants.
    pub(crate) fn check_users(&self, actor: &Actor) -> Result<(), Failure> {
        self.check(actor, Action::UserView, &Object::Appliance)
    }

    /// The newest findings, those about devices only if the actor may see these.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn findings(&self, actor: &Actor) -> Result<Vec<store::FindingRow>, Failure> {
        let stored = self.book().store().findings(FINDINGS).await;
        let mut findings = stored.map_err(|error| crate::book::unavailable("findings", &error))?;
        findings.retain(|row| self.sees_finding(actor, row));
        Ok(findings)
    }

    /// Audit entries, newest first.
    ///
    /// # Errors
    /// `Refused` without a grant; `Unavailable` if the log cannot be read.
    pub async fn audit_entries(
        &self,
        actor: &Actor,
        query: audit::Query,
    ) -> Result<Vec<audit::Entry>, Failure> {
        self.check(actor, Action::AuditView, &Object::Appliance)?;
        self.audit().list(query).await.map_err(|error| crate::book::unavailable("the audit log", &error))
    }

    /// Verifies the whole audit log.
    ///
    /// # Errors
    /// `Refused` without a grant; `Unavailable` if the log cannot be read.
    pub async fn verify_audit(&self, actor: &Actor) -> Result<audit::Report, Failure> {
        self.check(actor, Action::AuditExport, &Object::Appliance)?;
        self.audit().verify().await.map_err(|error| crate::book::unavailable("the audit log", &error))
    }

    /// One finding, if the actor may see it.
    ///
    /// # Errors
    /// `NotFound`, or `Unavailable` if the store cannot be read.
    pub async fn finding(&self, actor: &Actor, id: i64) -> Result<store::FindingRow, Failure> {
        let stored = self.book().store().finding(id).await;
        let row = stored.map_err(|error| crate::book::unavailable(format!("finding {id}"), &error))?;
        row.filter(|row| self.sees_finding(actor, row)).ok_or_else(|| {
            Failure::new(Kind::NotFound, "find", format!("finding {id}"), "there is no such finding")
        })
    }

    fn sees_finding(&self, actor: &Actor, row: &store::FindingRow) -> bool {
        use model::book::DeviceBook as _;
        // A finding outlives its device: then it belongs to the appliance.
        match row.finding.device.as_ref().and_then(|id| self.book().device(id)) {
            Some(device) => self.may(actor, Action::DeviceView, &device.object()).allowed,
            None => self.check(actor, Action::AuditView, &Object::Appliance).is_ok(),
        }
    }

    /// Where a file may be written that is handed out and removed again: beside the database.
    #[must_use]
    pub fn scratch(&self) -> &std::path::Path {
        self.book().store().path().parent().unwrap_or_else(|| std::path::Path::new("."))
    }

    /// All users, without anything secret.
    ///
    /// # Errors
    /// `Refused` without a grant; `Unavailable` if the store cannot be read.
    pub async fn users(&self, actor: &Actor) -> Result<Vec<store::User>, Failure> {
        self.check_users(actor)?;
        self.book().store().users().await.map_err(|error| crate::book::unavailable("users", &error))
    }

    /// All grants, or without a grant to see them all, one's own.
    #[must_use]
    pub fn grants(&self, actor: &Actor) -> Vec<Grant> {
        let mut grants = self.access().grants();
        if self.check_users(actor).is_err() {
            grants.retain(|grant| Some(grant.user.as_str()) == actor.principal.user());
        }
        grants
    }

    /// One's own tokens, without their secrets.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn own_tokens(&self, actor: &Actor) -> Result<Vec<store::Token>, Failure> {
        let Some(user) = actor.principal.user() else { return Ok(Vec::new()) };
        let stored = self.book().store().tokens_of(user).await;
        stored.map_err(|error| crate::book::unavailable("tokens", &error))
    }

    /// May they, and why? With a device, about that one; without, about the appliance.
    ///
    /// # Errors
    /// `Refused` unless one asks about oneself or may see users; `NotFound` if there is no such device.
    pub fn explain(
        &self,
        actor: &Actor,
        user: &str,
        action: Action,
        device: Option<&str>,
    ) -> Result<Decision, Failure> {
        if actor.principal.user() != Some(user) {
            self.check_users(actor)?;
        }
        let object = match device {
            Some(key) => self.device(actor, key)?.object(),
            None if action == Action::TokenOwn => Object::User { name: user.to_owned() },
            None => Object::Appliance,
        };
        Ok(self.may(&crate::access_book::as_user(user), action, &object))
    }
}

/// So many findings are shown.
const FINDINGS: usize = 500;
