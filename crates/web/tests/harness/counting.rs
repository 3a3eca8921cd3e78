//! Controllers that do nothing but count, and what in the book follows from what they are asked.

use control::Book;
use model::book::{DeviceBook as _, Observation};
use model::command::bmc::{Adopt, AdoptBy, Discover, Refresh, StopSweep, SwitchPower};
use model::command::{BoxFuture, Command, Part};
use model::device::{DeviceId, Power, Reset};
use model::event::What;
use model::{Failure, Kind, Object, Permit};
use std::sync::atomic::{AtomicU64, Ordering};

/// The part.
pub struct Counting {
    book: Book,
    performed: AtomicU64,
}

impl Counting {
    pub fn new(book: Book) -> Self {
        Self { book, performed: AtomicU64::new(0) }
    }

    /// How often something was asked of it that its asker was allowed to ask.
    pub fn performed(&self) -> u64 {
        self.performed.load(Ordering::SeqCst)
    }

    fn of(&self, id: &DeviceId) -> Result<Object, Failure> {
        Ok(self.book.named(&id.0)?.object())
    }

    fn switch(&self, command: SwitchPower) -> Power {
        let power = if matches!(command.reset, Reset::ForceOff | Reset::GracefulShutdown) {
            Power::Off
        } else {
            Power::On
        };
        self.book.observe(Observation::StateRead { device: command.device, power, health: None });
        power
    }

    async fn adopt(&self, permit: &Permit, command: Adopt) -> Result<(), Failure> {
        let device = self.book.named(&command.device.0)?;
        match command.by {
            AdoptBy::Hand { credential, .. } if device.presented.is_some() => {
                self.book.adopted(permit, &device.id, credential, device.presented.clone()).await
            }
            AdoptBy::Hand { .. } => {
                Err(Failure::new(Kind::Unreachable, "adopt", device.subject(), "nothing answers there"))
            }
            AdoptBy::Rule => Err(Failure::new(Kind::NotFound, "adopt", device.subject(), "no rule applies")),
        }
    }
}

macro_rules! part {
    ($command:ty, |$this:ident, $asked:ident| $object:expr, |$me:ident, $permit:ident, $order:ident| $perform:expr) => {
        impl Part<$command> for Counting {
            fn object(&self, $asked: &$command) -> Result<Object, Failure> {
                let $this = self;
                $object
            }

            fn perform(
                &self,
                $permit: Permit,
                $order: $command,
            ) -> BoxFuture<'_, Result<<$command as Command>::Outcome, Failure>> {
                self.performed.fetch_add(1, Ordering::SeqCst);
                let $me = self;
                Box::pin(async move { $perform })
            }
        }
    };
}

part!(SwitchPower, |this, asked| this.of(&asked.device), |this, _permit, order| Ok(this.switch(order)));
part!(Adopt, |this, asked| this.of(&asked.device), |this, permit, order| this.adopt(&permit, order).await);
part!(Refresh, |this, asked| this.of(&asked.device), |_this, _permit, _order| Ok(()));
part!(
    Discover,
    |_this, asked| Ok(Object::Range { range: asked.range.to_string(), zone: "management".into() }),
    |this, _permit, _order| {
        this.book.progress(What::SweepProgress { sweep: 1, asked: 1, total: 254, found: 0, ended: false });
        Ok(1)
    }
);
part!(
    StopSweep,
    |_this, asked| match asked.sweep {
        1 => Ok(Object::Range { range: "10.0.0.0/24".into(), zone: "management".into() }),
        other =>
            Err(Failure::new(Kind::NotFound, "stop", format!("sweep {other}"), "there is no such sweep")),
    },
    |_this, _permit, _order| Ok(())
);
