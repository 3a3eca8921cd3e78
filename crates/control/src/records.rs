//! The acts on device records and on the appliance itself.

use crate::book::{Book, in_full, no_such, unavailable};
use crate::registry::as_name;
use model::book::DeviceBook;
use model::command::records::{
    AcknowledgeFinding, ApproveCertificate, Backup, Edit, Forget, ImportCredentials, SetStage,
};
use model::device::{Device, DeviceId, Presence, Reach, Stage};
use model::part;
use model::{Failure, Kind, Object, Permit};
use std::path::PathBuf;
use std::sync::Arc;

/// The longest label key, label value or name, in bytes: they stand in tables.
const LONGEST: usize = 64;
/// The most labels of a device.
const MOST_LABELS: usize = 64;

/// The part that keeps records.
#[derive(Clone)]
pub struct Records(Book);

impl Records {
    /// The keeper of this book.
    #[must_use]
    pub const fn new(book: Book) -> Self {
        Self(book)
    }

    fn device(&self, id: &DeviceId) -> Result<Arc<Device>, Failure> {
        self.0.device(id).ok_or_else(|| no_such(&id.0))
    }

    async fn edit(&self, edit: Edit) -> Result<(), Failure> {
        let device = self.device(&edit.device)?;
        let invalid = |cause: String| Failure::new(Kind::Invalid, "edit", device.subject(), cause);
        if let Some(name) = &edit.name {
            fits(name).map_err(invalid)?;
            if self.0.registry().free_name(name, Some(&device.id)) != as_name(name) {
                return Err(Failure::new(
                    Kind::Conflict,
                    "rename",
                    device.subject(),
                    format!("another device is called {name:?}"),
                ));
            }
        }
        if edit.labels.as_ref().is_some_and(|labels| labels.len() > MOST_LABELS) {
            return Err(invalid(format!("a device carries at most {MOST_LABELS} labels")));
        }
        for (key, value) in edit.labels.iter().flatten() {
            fits(key).and(fits(value)).map_err(invalid)?;
        }
        let change = |device: &mut Device| {
            device.name = edit.name.map_or_else(|| device.name.clone(), |name| as_name(&name));
            device.labels = edit.labels.unwrap_or_else(|| std::mem::take(&mut device.labels));
        };
        self.0.change_for_good(&edit.device, change).await
    }

    async fn set_stage(&self, command: &SetStage) -> Result<(), Failure> {
        let device = self.device(&command.device)?;
        let wanted = matches!(command.stage, Stage::InService | Stage::Maintenance);
        if !wanted || !device.is_adopted() {
            let cause = format!("it is {} and cannot become {}", device.stage, command.stage);
            return Err(Failure::new(Kind::Conflict, "set the stage of", device.subject(), cause)
                .hint("a seen device is adopted first; only in_service and maintenance can be chosen"));
        }
        self.0.change_for_good(&command.device, |device| device.stage = command.stage).await
    }

    async fn approve(&self, command: &ApproveCertificate) -> Result<(), Failure> {
        let device = self.device(&command.device)?;
        let presented = device.presented.as_ref().filter(|shown| shown.fingerprint == command.fingerprint);
        let Some(presented) = presented.cloned() else {
            return Err(Failure::new(
                Kind::Conflict,
                "approve the certificate of",
                device.subject(),
                "it does not show the certificate with this fingerprint",
            )
            .hint("look at the device again: the fingerprint on its page is the one that it shows now"));
        };
        let approve = |device: &mut Device| {
            device.pinned = Some(presented);
            device.presented = None;
            device.state.reach = Reach::NotAsked;
        };
        self.0.change_for_good(&command.device, approve).await
    }

    async fn forget(&self, id: &DeviceId) -> Result<(), Failure> {
        let device = self.device(id)?;
        let failed = |error: store::Error| unavailable(device.subject(), &error);
        self.0.store().delete_credential(id).await.map_err(failed)?;
        crate::rules::destroy(&self.0, id).await.map_err(failed)?;
        // A record that nobody needs as a memory goes; so does one that was kept and is forgotten again.
        if matches!(device.stage, Stage::Seen | Stage::Decommissioned) {
            self.0.store().delete_device(id).await.map_err(failed)?;
            let outputs = self.0.registry().remove(id);
            self.0.carry_out(outputs);
            return Ok(());
        }
        let retire = |device: &mut Device| {
            device.stage = Stage::Decommissioned;
            device.presence = Presence::Known;
            device.pinned = None;
            device.state = model::device::State::default();
        };
        self.0.change_for_good(id, retire).await
    }

    async fn import(&self, command: ImportCredentials) -> Result<usize, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable("imported credentials", error);
        let count = command.entries.len();
        let mut sealed = Vec::with_capacity(count);
        for (meant, credential) in &command.entries {
            let key = crate::rules::key(meant);
            let blob = self.0.vault().seal_credential(&key, credential);
            sealed.push((key, blob.map_err(|error| failed(&error))?));
        }
        self.0.store().import_credentials(sealed).await.map_err(|error| failed(&error))?;
        self.0.progress(model::event::What::CredentialsImported);
        Ok(count)
    }

    async fn acknowledge(&self, permit: &Permit, command: &AcknowledgeFinding) -> Result<(), Failure> {
        let subject = format!("finding {}", command.finding);
        let failed = |error: store::Error| unavailable(subject.clone(), &error);
        let row = self.0.store().finding(command.finding).await.map_err(failed)?;
        // The grant was for the device that the command names, so the finding must be about that one.
        let Some(row) = row.filter(|row| row.finding.device == command.device) else {
            return Err(Failure::new(Kind::NotFound, "acknowledge", subject, "there is no such finding"));
        };
        let by = permit.actor().principal.to_string();
        let now = self.0.now();
        if !self.0.store().acknowledge_finding(row.id, &by, now).await.map_err(failed)? {
            let cause = "somebody has looked at it already";
            return Err(Failure::new(Kind::Conflict, "acknowledge", subject, cause));
        }
        Ok(())
    }

    fn object_of(&self, device: Option<&DeviceId>) -> Object {
        // A finding outlives its device: then it belongs to the appliance.
        device.and_then(|id| self.0.device(id)).map_or(Object::Appliance, |device| device.object())
    }

    async fn backup(&self, to: PathBuf) -> Result<PathBuf, Failure> {
        self.0.flush().await;
        let subject = to.display().to_string();
        let written = self.0.store().backup(&to).await;
        written.map_err(|error| Failure::new(Kind::Unavailable, "back up to", subject, in_full(&error)))?;
        Ok(to)
    }
}

fn fits(text: &str) -> Result<(), String> {
    let text = text.trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | ' ' | '/' | '+');
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(plain) {
        return Err(format!("{text:?} is not 1 to {LONGEST} letters, digits, spaces or -_.:/+"));
    }
    Ok(())
}

part!(Records, Edit, |this, asked| Ok(this.device(&asked.device)?.object()), |this, _permit, order| this
    .edit(order)
    .await);
part!(Records, SetStage, |this, asked| Ok(this.device(&asked.device)?.object()), |this, _permit, order| this
    .set_stage(&order)
    .await);
part!(
    Records,
    ApproveCertificate,
    |this, asked| Ok(this.device(&asked.device)?.object()),
    |this, _permit, order| this.approve(&order).await
);
part!(Records, Forget, |this, asked| Ok(this.device(&asked.device)?.object()), |this, _permit, order| this
    .forget(&order.device)
    .await);
part!(Records, ImportCredentials, |_this, _asked| Ok(Object::Appliance), |this, _permit, order| this
    .import(order)
    .await);
part!(Records, Backup, |_this, _asked| Ok(Object::Appliance), |this, _permit, order| this
    .backup(order.to)
    .await);
part!(
    Records,
    AcknowledgeFinding,
    |this, asked| Ok(this.object_of(asked.device.as_ref())),
    |this, permit, order| this.acknowledge(&permit, &order).await
);
