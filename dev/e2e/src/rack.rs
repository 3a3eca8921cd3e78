//! Simulated controllers inside the test: it can switch and break them while the appliance is a process.

use crate::slot::Slot;
use anyhow::Context as _;
use lab::{BmcInfo, Lab, LabConfig};
use tokio::runtime::Runtime;

/// The port of all controllers.
const PORT: u16 = 8443;

/// A rack that runs until it is dropped.
pub struct Rack {
    lab: Lab,
    runtime: Runtime,
    slot: Slot,
    count: usize,
}

impl Rack {
    /// So many controllers, makers in turn, a hundred times as quick as real ones.
    ///
    /// # Errors
    /// If an address cannot be listened at.
    pub fn start(count: usize) -> anyhow::Result<Self> {
        Self::with(LabConfig { count, time_scale: 0.01, ..LabConfig::default() })
    }

    /// The same of one's own making; addresses and port are given here.
    ///
    /// # Errors
    /// If an address cannot be listened at.
    pub fn with(config: LabConfig) -> anyhow::Result<Self> {
        let slot = Slot::take()?;
        let config = LabConfig { first_addr: slot.first_addr(), port: PORT, ..config };
        let count = config.count;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let lab = runtime.block_on(Lab::start(config)).context("start the lab")?;
        Ok(Self { lab, runtime, slot, count })
    }

    /// The lab, to ask and to break.
    #[must_use]
    pub const fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Every controller, in the order of addresses.
    #[must_use]
    pub fn bmcs(&self) -> Vec<BmcInfo> {
        self.lab.bmcs()
    }

    /// The range that holds them all, in CIDR form.
    #[must_use]
    pub fn range(&self) -> String {
        let bits = usize::BITS - (self.count + 10).leading_zeros();
        let [a, b, c, _] = self.slot.first_addr().octets();
        format!("{a}.{b}.{c}.0/{}", 32_u32.saturating_sub(bits).max(24))
    }

    /// The port of all of them.
    #[must_use]
    pub const fn port(&self) -> u16 {
        PORT
    }

    /// Waits for something that the lab does by itself.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}
