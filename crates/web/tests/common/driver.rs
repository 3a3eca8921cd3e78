//! A driver that pretends: what it is asked for happens in the book, after a while, and nowhere else.

use control::Book;
use model::book::{DeviceBook, Observation};
use model::command::bmc::{Adopt, AdoptBy, Discover, Refresh, StopSweep, SwitchPower};
use model::device::{DeviceId, Power, Reset};
use model::event::{Ended, What};
use model::part;
use model::{Credential, Failure, Kind, Object, Permit};
use std::time::Duration;

pub struct Pretender(pub Book);

/// How long a step takes.
const STEP: Duration = Duration::from_millis(60);

impl Pretender {
    fn of(&self, id: &DeviceId) -> Result<Object, Failure> {
        Ok(self.0.named(&id.0)?.object())
    }

    fn say(&self, permit: &Permit, id: &DeviceId, step: &str, ended: Option<Ended>) {
        self.0.progress(What::ActProgress {
            record: permit.record(),
            id: id.clone(),
            step: step.into(),
            ended,
        });
    }

    async fn switch(&self, permit: Permit, command: SwitchPower) -> Result<Power, Failure> {
        let id = command.device;
        let (through, to) = match command.reset {
            Reset::ForceOff | Reset::GracefulShutdown => (Power::PoweringOff, Power::Off),
            _ => (Power::PoweringOn, Power::On),
        };
        self.say(&permit, &id, "sent", None);
        self.0.observe(Observation::StateRead { device: id.clone(), power: through, health: None });
        tokio::time::sleep(STEP).await;
        self.say(&permit, &id, &format!("waiting for {to}"), None);
        tokio::time::sleep(STEP).await;
        self.0.observe(Observation::StateRead { device: id.clone(), power: to, health: None });
        self.say(&permit, &id, "done", Some(Ended::Done));
        Ok(to)
    }

    async fn take_over(&self, permit: Permit, command: Adopt) -> Result<(), Failure> {
        let device = self.0.named(&command.device.0)?;
        let AdoptBy::Hand { credential, fingerprint } = command.by else {
            return Err(Failure::new(
                Kind::NotFound,
                "adopt",
                device.subject(),
                "no rule names a credential for it",
            ));
        };
        let shown = device.presented.clone();
        if shown.as_ref().map(|it| it.fingerprint) != fingerprint {
            return Err(Failure::new(
                Kind::Conflict,
                "adopt",
                device.subject(),
                "it shows another certificate",
            ));
        }
        if credential.password.expose() == "wrong" {
            return Err(Failure::new(
                Kind::CredentialRefused,
                "adopt",
                device.subject(),
                "it answered 401 Unauthorized",
            ));
        }
        let credential = Credential { username: credential.username, password: credential.password };
        self.0.adopted(&permit, &device.id, credential, shown).await
    }
}

part!(Pretender, SwitchPower, |this, asked| this.of(&asked.device), |this, permit, order| this
    .switch(permit, order)
    .await);
part!(Pretender, Adopt, |this, asked| this.of(&asked.device), |this, permit, order| this
    .take_over(permit, order)
    .await);
part!(Pretender, Refresh, |this, asked| this.of(&asked.device), |this, permit, order| {
    this.say(&permit, &order.device, "done", Some(Ended::Done));
    Ok(())
});
part!(
    Pretender,
    Discover,
    |_this, asked| Ok(Object::Range { range: asked.range.to_string(), zone: "management".into() }),
    |this, _permit, order| {
        let total = order.range.hosts().take(256).count() as u64;
        this.0.progress(What::SweepProgress { sweep: 1, asked: total / 2, total, found: 3, ended: false });
        Ok(1)
    }
);
part!(Pretender, StopSweep, |_this, _asked| Ok(Object::Appliance), |this, _permit, order| {
    this.0.progress(What::SweepProgress { sweep: order.sweep, asked: 10, total: 20, found: 3, ended: true });
    Ok(())
});
