//! May this reach that, what does it reach, what differs between two versions.

use super::{Bound, Policies, Which, blocking};
use ::policy::diff::{Change, diff};
use ::policy::evaluate::{Asked, Family};
use ::policy::explain::{Explanation, explain};
use ::policy::names::{Hosts, Subject, resolve};
use ::policy::packet::Packet;
use ::policy::reach::{Picture, Row, picture, reach};
use ::policy::region::speaker;
use ::policy::service::Service;
use model::{Actor, Failure, Kind};
use std::net::IpAddr;

/// May this reach that?
#[derive(Clone, Debug)]
pub struct Question {
    /// An address, a device, a host of the site, a zone, or `appliance`.
    pub from: String,
    /// The same.
    pub to: String,
    /// On what.
    pub service: Service,
    /// The language of rationales, such as `en`.
    pub language: String,
}

impl Policies {
    /// May this reach that, by which rule, and why?
    ///
    /// # Errors
    /// As [`Policies::plan`]; `Invalid` for a name that nobody bears, or two ends without an address of one family.
    pub async fn explain(
        &self,
        actor: &Actor,
        which: Which,
        question: Question,
    ) -> Result<Explanation, Failure> {
        let (_, bound) = self.plan(actor, which).await?;
        let from = self.who(actor, &bound, &question.from)?.addresses(&bound.evaluator);
        let to = self.who(actor, &bound, &question.to)?.addresses(&bound.evaluator);
        let Question { from: from_name, to: to_name, service, language } = question;
        let pair = pair(&from, &to, service).ok_or_else(|| {
            let cause = format!("{from_name} and {to_name} have no addresses of one family for {service}");
            Failure::new(Kind::Invalid, "explain", "the question", cause)
        })?;
        let packet = Packet {
            from: pair.0,
            to: pair.1,
            payload: speaker(service, Family::of(pair.0)),
            interface: None,
        };
        let asked = self.asked();
        blocking(move || explain(&bound.evaluator, &packet, &asked, &language)).await
    }

    /// All that somebody may reach.
    ///
    /// # Errors
    /// As [`Policies::explain`].
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

/// The first two addresses of one family that the service can be asked of.
fn pair(from: &[IpAddr], to: &[IpAddr], service: Service) -> Option<(IpAddr, IpAddr)> {
    let asks = |family: Family| match service {
        Service::Icmp(_) => family == Family::V4,
        Service::Icmp6(_) => family == Family::V6,
        _ => true,
    };
    let all = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
    all.into_iter().find(|(from, to)| Family::of(*from) == Family::of(*to) && asks(Family::of(*from)))
}
