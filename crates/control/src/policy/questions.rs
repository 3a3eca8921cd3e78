//! What does somebody reach, what differs between two versions.

use super::{Bound, Policies, Which, blocking};
use ::policy::diff::{Change, diff};
use ::policy::evaluate::Asked;
use ::policy::names::{Hosts, Subject, resolve};
use ::policy::reach::{Picture, Row, picture, reach};
use model::{Actor, Failure, Kind};

impl Policies {
    /// All that somebody may reach.
    ///
    /// # Errors
    /// As [`Policies::plan`]; `Invalid` for a name that nobody bears.
    pub async fn reach(&self, actor: &Actor, which: Which, from: &str) -> Result<Vec<Row>, Failure> {
        let (_, bound) = self.plan(actor, which).await?;
        let who = self.who(actor, &bound, from)?;
        blocking(move || reach(&bound.evaluator, &who)).await
    }

    /// Who may reach whom, for a picture of zones.
    ///
    /// # Errors
    /// As [`Policies::plan`].
    pub async fn picture(&self, actor: &Actor, which: Which) -> Result<Picture, Failure> {
        let (_, bound) = self.plan(actor, which).await?;
        blocking(move || picture(&bound.evaluator)).await
    }

    /// What gains and what loses reach from one version to another.
    ///
    /// # Errors
    /// As [`Policies::plan`].
    pub async fn diff(&self, actor: &Actor, old: Which, new: Which) -> Result<Vec<Change>, Failure> {
        let (_, old) = self.plan(actor, old).await?;
        let (_, new) = self.plan(actor, new).await?;
        blocking(move || diff(&old.evaluator, &new.evaluator)).await
    }

    /// Who is meant: the site's hosts go before devices, devices before zones.
    fn who(&self, actor: &Actor, bound: &Bound, name: &str) -> Result<Subject, Failure> {
        let name = name.trim();
        let mut hosts = Hosts::new();
        if let Some(addresses) = bound.site.hosts.get(name) {
            hosts.insert(name.to_owned(), addresses.clone());
        } else if let Ok(device) = self.door.device(actor, name) {
            hosts.insert(name.to_owned(), vec![device.endpoint.addr.to_canonical()]);
        }
        resolve(name, &bound.evaluator, &hosts).map_err(|unknown| {
            Failure::new(Kind::Invalid, "find", "who is asked about", unknown.to_string())
                .hint("write an address, a device's name, a host of the site, a zone or `appliance`")
        })
    }

    /// What holds beside the documents.
    pub(super) fn asked(&self) -> Asked {
        self.memory().asked(self.book().now())
    }
}
