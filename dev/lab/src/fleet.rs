//! The BMCs of a lab while it runs, and what they share.

use crate::error::Error;
use crate::fault::{Change, FaultKind};
use crate::run::{Bmc, Site};
use model::{Clock, SystemClock};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// The BMCs of a lab while it runs.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) bmcs: BTreeMap<SocketAddr, Arc<Bmc>>,
    pub(crate) site: Arc<Site>,
}

impl Fleet {
    pub(crate) fn bmc(&self, addr: SocketAddr) -> Result<&Arc<Bmc>, Error> {
        self.bmcs.get(&addr).ok_or(Error::NoSuchBmc(addr))
    }

    /// Tells a BMC something.
    pub(crate) fn tell(&self, bmc: &Bmc, change: Change) -> Result<(), Error> {
        let certificate = matches!(change, Change::Certificate | Change::Break(FaultKind::Certificate));
        if let Some(forge) = self.site.forge.as_ref().filter(|_| certificate) {
            bmc.tls(forge, true)?;
            // Its web server starts again with it, as real ones do.
            bmc.hang_up();
        }
        bmc.machine().change(change, SystemClock.now());
        Ok(())
    }
}
