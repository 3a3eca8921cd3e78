//! What an actor may see of what is kept: each device's history, sensors and traffic, and what changed over the fleet.

use super::changes::{FleetChanges, Gathering};
use crate::Door;
use crate::book::unavailable;
use jiff::Timestamp;
use model::components::Component;
use model::inventory_diff::{Change, diff};
use model::telemetry::Readings;
use model::traffic::{Learned, ModelKey, Traffic};
use model::{Action, Actor, Device, DeviceId, Failure, Kind, Object};
use std::collections::HashMap;
use std::sync::Arc;
use store::{ChangedSince, VersionRow};

/// Devices whose changes are read at once.
const CHUNK: usize = 100;

/// What was learned of a model, and the devices of it that the actor sees.
#[derive(Clone, Debug)]
pub struct LearnedModel {
    /// What was learned.
    pub learned: Arc<Learned>,
    /// Devices that count as it now.
    pub devices: usize,
}

/// What is between two versions.
#[derive(Clone, Debug)]
pub struct Between {
    /// The earlier version.
    pub from: u64,
    /// The later version.
    pub to: u64,
    /// What changed.
    pub changes: Vec<Change>,
}

impl Door {
    /// The latest of a device's sensors; none where they were not read since the appliance started.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn readings(&self, actor: &Actor, key: &str) -> Result<Option<Readings>, Failure> {
        Ok(self.book().latest().readings(&self.device(actor, key)?.id))
    }

    /// How a device is asked; none where it was not asked since the appliance started.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn traffic(&self, actor: &Actor, key: &str) -> Result<Option<Arc<Traffic>>, Failure> {
        Ok(self.book().latest().traffic(&self.device(actor, key)?.id))
    }

    /// What was learned of each model of which the actor sees a device. What a controller was taken for before it
    /// was read in full is no model of any.
    ///
    /// # Errors
    /// `Refused` without a grant to see the appliance's state.
    pub fn models(&self, actor: &Actor) -> Result<Vec<LearnedModel>, Failure> {
        self.check(actor, Action::ApplianceView, &Object::Appliance)?;
        let mut devices: HashMap<ModelKey, usize> = HashMap::new();
        for device in self.devices(actor).iter().filter(|device| device.is_adopted()) {
            *devices.entry(ModelKey::of(device)).or_default() += 1;
        }
        let counted = |learned: Arc<Learned>| {
            let devices = devices.get(&learned.model).copied()?;
            Some(LearnedModel { learned, devices })
        };
        Ok(self.book().latest().models().into_iter().filter_map(counted).collect())
    }

    /// A device's versions, the newest first.
    ///
    /// # Errors
    /// `NotFound`, or `Unavailable` if the store cannot be read.
    pub async fn history(&self, actor: &Actor, key: &str) -> Result<Vec<VersionRow>, Failure> {
        let device = self.device(actor, key)?;
        let stored = self.book().store().versions(&device.id).await;
        stored.map_err(|error| unavailable(device.subject(), &error))
    }

    /// What a device was made of in a version.
    ///
    /// # Errors
    /// `NotFound`, also for a version that is not kept; `Unavailable` if the store cannot be read.
    pub async fn version(&self, actor: &Actor, key: &str, number: u64) -> Result<Vec<Component>, Failure> {
        let device = self.device(actor, key)?;
        Ok(self.version_of(&device, Some(number)).await?.1)
    }

    async fn version_of(
        &self,
        device: &Device,
        number: Option<u64>,
    ) -> Result<(u64, Vec<Component>), Failure> {
        let stored = self.book().store().version(&device.id, number).await;
        let stored = stored.map_err(|error| unavailable(device.subject(), &error))?;
        stored.ok_or_else(|| {
            let what = number.map_or("any version".to_owned(), |number| format!("version {number}"));
            Failure::new(Kind::NotFound, "find", format!("{what} of {}", device.subject()), "it is not kept")
                .hint("the history names those that are; how many is `versions` in `[inventory]`")
        })
    }

    /// What changed on a device between two versions; without `to` the latest, without `from` the one before that.
    ///
    /// # Errors
    /// As [`Door::version`].
    pub async fn changes_between(
        &self,
        actor: &Actor,
        key: &str,
        from: Option<u64>,
        to: Option<u64>,
    ) -> Result<Between, Failure> {
        let device = self.device(actor, key)?;
        let (to, after) = self.version_of(&device, to).await?;
        let from = match from {
            Some(from) => from,
            None => self.version_before(&device, to).await?,
        };
        let (from, before) = self.version_of(&device, Some(from)).await?;
        Ok(Between { from, to, changes: diff(&before, &after) })
    }

    /// The version that is kept before another one; between them some may not be kept any more.
    async fn version_before(&self, device: &Device, number: u64) -> Result<u64, Failure> {
        let kept = self.book().store().versions(&device.id).await;
        let kept = kept.map_err(|error| unavailable(device.subject(), &error))?;
        kept.iter().map(|row| row.number).filter(|kept| *kept < number).max().ok_or_else(|| {
            let cause =
                format!("version {number} is the first that is kept: there is none to compare it with");
            Failure::new(Kind::NotFound, "compare", device.subject(), cause)
        })
    }

    /// The documents that a device's latest reading, or a version, was made from, by path.
    ///
    /// # Errors
    /// As [`Door::version`].
    pub async fn documents(
        &self,
        actor: &Actor,
        key: &str,
        version: Option<u64>,
    ) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let device = self.device(actor, key)?;
        if version.is_some() {
            self.version_of(&device, version).await?;
        }
        let failed = |error: &dyn std::error::Error| unavailable(device.subject(), error);
        let bundles = self.book().store().documents(&device.id, version).await;
        let bundles = bundles.map_err(|error| failed(&error))?;
        let unpacked = tokio::task::spawn_blocking(move || {
            let all = bundles.iter().map(|bundle| super::bundles::unpack(&bundle.packed));
            all.collect::<Result<Vec<_>, _>>()
        });
        let unpacked = unpacked.await.map_err(|error| failed(&error))?.map_err(|error| failed(&*error))?;
        let mut documents: Vec<(String, Vec<u8>)> = unpacked.into_iter().flatten().collect();
        documents.sort();
        Ok(documents)
    }

    /// What changed since a moment, over the devices that the actor may see.
    ///
    /// # Errors
    /// `Unavailable` if the store cannot be read.
    pub async fn changes_since(&self, actor: &Actor, since: Timestamp) -> Result<FleetChanges, Failure> {
        let failed = |error: &dyn std::error::Error| unavailable("the history", error);
        let seen: HashMap<DeviceId, Arc<Device>> =
            self.devices(actor).into_iter().map(|device| (device.id.clone(), device)).collect();
        let mut gathering = Gathering::default();
        let mut beyond = String::new();
        while !seen.is_empty() {
            let changed = self.book().store().changed_since(since, &beyond, CHUNK).await;
            let mut changed = changed.map_err(|error| failed(&error))?;
            let Some(last) = changed.last() else { break };
            beyond = last.device.0.clone();
            changed.retain(|one| seen.contains_key(&one.device));
            // Unpacking a hundred devices takes a tenth of a second: not on a thread that answers.
            let gathered = tokio::task::spawn_blocking(move || {
                let all = changed.iter().try_for_each(|one| gather(&mut gathering, one));
                all.map(|()| gathering)
            });
            let gathered = gathered.await.map_err(|error| failed(&error))?;
            gathering = gathered.map_err(|error| failed(&*error))?;
        }
        Ok(gathering.finish())
    }
}

fn gather(gathering: &mut Gathering, one: &ChangedSince) -> Result<(), store::error::Cause> {
    if one.is_first {
        gathering.first(one.device.clone());
    }
    let Some(before) = &one.before else { return Ok(()) };
    let (before, after): (Vec<Component>, Vec<Component>) = (before.value()?, one.after.value()?);
    gathering.add(&one.device, &diff(&before, &after));
    Ok(())
}
