//! The fleet as the part that carries acts on controllers out.

use super::{Fleet, Order};
use model::command::bmc::{Adopt, Discover, Refresh, StopSweep, SwitchPower};
use model::command::{BoxFuture, Part};
use model::device::{DeviceId, Power};
use model::{Failure, Object, Permit};
use std::time::Duration;

impl Fleet {
    fn device_object(&self, id: &DeviceId, operation: &str) -> Result<Object, Failure> {
        self.0.found(id, operation).map(|device| device.object())
    }
}

impl Part<SwitchPower> for Fleet {
    fn object(&self, command: &SwitchPower) -> Result<Object, Failure> {
        self.device_object(&command.device, &crate::power::operation(command.reset))
    }

    fn perform(&self, permit: Permit, command: SwitchPower) -> BoxFuture<'_, Result<Power, Failure>> {
        let SwitchPower { device, reset } = command;
        let config = &self.0.config;
        // An act may wait for the end of another one, and two steps take two deadlines.
        let seconds = config.power_graceful_deadline.saturating_add(config.power_forced_deadline);
        let patience = Duration::from_secs(seconds.saturating_mul(3));
        self.order(&device, crate::power::operation(reset), patience, |reply| Order::Switch {
            permit,
            reset,
            reply,
        })
    }
}

impl Part<Refresh> for Fleet {
    fn object(&self, command: &Refresh) -> Result<Object, Failure> {
        self.device_object(&command.device, "refresh")
    }

    fn perform(&self, permit: Permit, command: Refresh) -> BoxFuture<'_, Result<(), Failure>> {
        let config = &self.0.config;
        let seconds = config.inventory_timeout.saturating_add(config.power_graceful_deadline);
        let patience = Duration::from_secs(seconds.saturating_add(60));
        self.order(&command.device, "refresh".into(), patience, |reply| Order::Refresh { permit, reply })
    }
}

impl Part<Adopt> for Fleet {
    fn object(&self, command: &Adopt) -> Result<Object, Failure> {
        self.device_object(&command.device, crate::adopt::OPERATION)
    }

    fn perform(&self, permit: Permit, command: Adopt) -> BoxFuture<'_, Result<(), Failure>> {
        let shared = self.0.clone();
        Box::pin(async move { crate::adopt::perform(shared, permit, command).await })
    }
}

impl Part<Discover> for Fleet {
    fn object(&self, command: &Discover) -> Result<Object, Failure> {
        Ok(crate::sweep::object(&self.0, command))
    }

    fn perform(&self, permit: Permit, command: Discover) -> BoxFuture<'_, Result<u64, Failure>> {
        let shared = self.0.clone();
        Box::pin(async move { crate::sweep::begin(shared, permit, command).await })
    }
}

impl Part<StopSweep> for Fleet {
    fn object(&self, command: &StopSweep) -> Result<Object, Failure> {
        crate::sweep::object_of_running(&self.0, command)
    }

    fn perform(&self, _permit: Permit, command: StopSweep) -> BoxFuture<'_, Result<(), Failure>> {
        let shared = self.0.clone();
        Box::pin(async move { crate::sweep::stop(&shared, &command).await })
    }
}
