//! A site as most tests want it: an appliance that has adopted a rack, and its administrator.

use crate::appliance::Appliance;
use crate::operator::{Operator, Session};
use crate::rack::Rack;
use crate::wait;
use anyhow::{Context as _, ensure};
use lab::{BmcInfo, Change, LabConfig};
use std::time::Duration;

/// For what the appliance does with a whole rack.
const SOON: Duration = Duration::from_secs(30);
/// The account on all controllers.
const ACCOUNT: (&str, &str) = ("svc-oob", "one password for the whole rack");

/// A rack, the appliance before it, and who may do all with it.
pub struct Site {
    /// The appliance.
    pub appliance: Appliance,
    /// The rack.
    pub rack: Rack,
    /// The administrator.
    pub admin: Operator,
    /// A session of the administrator.
    pub session: Session,
}

impl Site {
    /// So many controllers of servers that are on, all adopted, found by a sweep and taken over by hand on the page Discovery.
    ///
    /// # Errors
    /// If that does not work in time.
    pub fn adopted(count: usize) -> anyhow::Result<Self> {
        Self::with(LabConfig { count, time_scale: 0.02, ..LabConfig::default() }, |_config| {})
    }

    /// The same with another rack and another configuration.
    ///
    /// # Errors
    /// If that does not work in time.
    pub fn with(rack: LabConfig, change: impl FnOnce(&mut toml::Table)) -> anyhow::Result<Self> {
        let (username, password) = (Some(ACCOUNT.0.to_owned()), Some(ACCOUNT.1.into()));
        let rack = Rack::with(LabConfig { username, password, ..rack })?;
        rack.bmcs().iter().try_for_each(|bmc| rack.lab().set(bmc.addr, Change::Power(true)))?;
        let appliance = Appliance::with(change)?;
        let mut admin = Operator::enrol(&appliance)?;
        let session = admin.sign_in(&appliance)?;
        let site = Self { appliance, rack, admin, session };
        site.sweep()?;
        let seen = wait::until("the sweep has found all", SOON, || {
            let boxes = values(&site.session.get("/discovery")?.text, "name=\"device\" value=\"");
            Ok((boxes.len() == site.rack.bmcs().len()).then_some(boxes))
        })?;
        site.adopt(&seen)?;
        Ok(site)
    }

    fn sweep(&self) -> anyhow::Result<()> {
        let (range, port) = (self.rack.range(), self.rack.port().to_string());
        let sent =
            self.session.post("/discovery/start", &[("range", &range), ("port", &port), ("rate", "500")])?;
        ensure!(sent.status == 303, "the sweep was refused: {}", sent.text);
        Ok(())
    }

    fn adopt(&self, seen: &[String]) -> anyhow::Result<()> {
        let mut fields = vec![("by", "hand"), ("username", ACCOUNT.0), ("password", ACCOUNT.1)];
        fields.extend(seen.iter().map(|device| ("device", device.as_str())));
        let sent = self.session.post("/discovery/adopt", &fields)?;
        ensure!(sent.status == 303, "the adoption was refused: {}", sent.text);
        wait::until("all are adopted and on", SOON, || {
            let on = self.session.get("/?q=reach:online+power:on")?.text;
            Ok((on.matches("data-row").count() == seen.len()).then_some(()))
        })
    }

    /// A controller of the rack.
    ///
    /// # Errors
    /// If there are not so many.
    pub fn bmc(&self, at: usize) -> anyhow::Result<BmcInfo> {
        self.rack.bmcs().into_iter().nth(at).with_context(|| format!("there is no controller {at}"))
    }
}

/// What stands between `before` and the next quote, each time.
fn values(text: &str, before: &str) -> Vec<String> {
    let parts = text.split(before).skip(1);
    parts.filter_map(|part| part.split('"').next()).map(str::to_owned).collect()
}
