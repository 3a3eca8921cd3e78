//! What most proofs begin with: a rack, an appliance before it, and an administrator's client.

use anyhow::{Context as _, ensure};
use api::Client;
use api::device::{DeviceQuery, NewSweep};
use e2e::appliance::Appliance;
use e2e::operator::Operator;
use e2e::rack::Rack;
use e2e::wait;
use lab::LabConfig;
use model::{Credential, Device, Stage};
use std::thread;
use std::time::Duration;

/// For what the appliance does with a whole rack.
pub const SOON: Duration = Duration::from_secs(120);

/// A rack, and an appliance.
pub struct Ground {
    /// The appliance.
    pub appliance: Appliance,
    /// The rack.
    pub rack: Rack,
    /// The administrator's program.
    pub admin: Client,
    /// The administrator.
    pub operator: Operator,
}

impl Ground {
    /// So many controllers that a sweep has found, none of them adopted.
    pub fn seen(count: usize, change: impl FnOnce(&mut toml::Table)) -> anyhow::Result<Self> {
        let rack = Rack::with(LabConfig { count, time_scale: 0.01, log: 1000, ..LabConfig::default() })?;
        let appliance = Appliance::with(change)?;
        let mut operator = Operator::enrol(&appliance)?;
        let admin = operator.client(&appliance)?;
        let ground = Self { appliance, rack, admin, operator };
        ground.sweep()?;
        Ok(ground)
    }

    /// The same, all of them adopted by hand.
    pub fn adopted(count: usize, change: impl FnOnce(&mut toml::Table)) -> anyhow::Result<Self> {
        let ground = Self::seen(count, change)?;
        ground.adopt_seen()?;
        Ok(ground)
    }

    /// Sweeps the rack and waits until all of it was seen.
    pub fn sweep(&self) -> anyhow::Result<()> {
        let range = self.rack.range();
        self.admin.sweep(&NewSweep {
            range,
            port: Some(self.rack.port()),
            rate: Some(1000),
            near_only: false,
        })?;
        let count = self.rack.bmcs().len();
        wait::until("the sweep has found all", SOON, || Ok((self.devices()?.len() == count).then_some(())))
    }

    /// Every device.
    pub fn devices(&self) -> anyhow::Result<Vec<Device>> {
        Ok(self.admin.devices(&DeviceQuery { limit: 5000, ..DeviceQuery::default() })?.devices)
    }

    /// Adopts by hand what is only seen, four at a time.
    pub fn adopt_seen(&self) -> anyhow::Result<()> {
        let seen: Vec<Device> =
            self.devices()?.into_iter().filter(|device| device.stage == Stage::Seen).collect();
        let share = seen.len().div_ceil(4).max(1);
        thread::scope(|scope| {
            let workers: Vec<_> = seen
                .chunks(share)
                .map(|share| scope.spawn(|| share.iter().try_for_each(|device| self.adopt(device))))
                .collect();
            workers.into_iter().try_for_each(|worker| worker.join().ok().context("a worker panicked")?)
        })
    }

    fn adopt(&self, device: &Device) -> anyhow::Result<()> {
        let print = device.presented.as_ref().map(|certificate| certificate.fingerprint);
        let credential = self.credential(device)?;
        self.admin.adopt(&device.id.0, &credential, print).with_context(|| device.subject())
    }

    /// What its controller lets in.
    pub fn credential(&self, device: &Device) -> anyhow::Result<Credential> {
        let bmcs = self.rack.bmcs();
        let bmc = bmcs.into_iter().find(|bmc| bmc.addr == device.endpoint.into());
        Ok(bmc.with_context(|| format!("no controller at {}", device.endpoint))?.credential)
    }

    /// Stops it in good order.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        let status = self.appliance.stop()?;
        ensure!(status.success(), "it stopped with {status}");
        Ok(())
    }
}
