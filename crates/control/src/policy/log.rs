//! The firewalls' log, for who may read it: all of it, or what is about a device that they may see.

use super::Policies;
use ipnet::IpNet;
use model::firewall_log::{Bars, Counts, Found, Log, Query};
use model::{Action, Actor, Failure, Kind, Object};
use std::sync::Arc;

/// The most lines in one answer.
pub const MOST: usize = 10_000;

impl Policies {
    /// Searches the log, the last received first. With a device, what is about its address.
    ///
    /// # Errors
    /// `Refused` without a grant; `NotFound` if there is no such device, `Invalid` if more is asked for than [`MOST`] lines;
    /// `Unavailable` where no log is kept.
    pub async fn find_logged(
        &self,
        actor: &Actor,
        query: Query,
        device: Option<&str>,
    ) -> Result<Found, Failure> {
        let query = self.admit_reader(actor, query, device)?;
        if query.limit == 0 || query.limit > MOST {
            let cause = format!("an answer has 1 to {MOST} lines");
            return Err(Failure::new(Kind::Invalid, "search", SUBJECT, cause)
                .hint("ask again from where the answer ends (`before`), or export"));
        }
        self.kept_log()?.find(query).await
    }

    /// Counts what a search would find, by time and verdict.
    ///
    /// # Errors
    /// As [`Self::find_logged`].
    pub async fn count_logged(
        &self,
        actor: &Actor,
        query: Query,
        device: Option<&str>,
        bars: Bars,
    ) -> Result<Counts, Failure> {
        let query = self.admit_reader(actor, query, device)?;
        self.kept_log()?.count(query, bars).await
    }

    /// Whether the actor may read all of the log.
    #[must_use]
    pub fn may_read_log(&self, actor: &Actor) -> bool {
        self.door.may(actor, Action::LogView, &Object::Appliance).allowed
    }

    fn kept_log(&self) -> Result<&Arc<dyn Log>, Failure> {
        let none = || Failure::new(Kind::Unavailable, "search", SUBJECT, "none is kept here");
        self.log.as_ref().ok_or_else(none)
    }

    /// The query, about the device if one is given.
    fn admit_reader(&self, actor: &Actor, mut query: Query, device: Option<&str>) -> Result<Query, Failure> {
        let Some(key) = device else {
            self.door.check(actor, Action::LogView, &Object::Appliance)?;
            return Ok(query);
        };
        let device = self.door.device(actor, key)?;
        self.door.check(actor, Action::LogView, &device.object())?;
        let address = IpNet::from(device.endpoint.addr.to_canonical());
        // Both must hold: what is about the device, and what is about the networks that were asked for.
        if !query.either.is_empty() && !query.either.iter().any(|net| net.contains(&address)) {
            let cause = format!("{} lies in none of the networks that are asked for", device.name);
            return Err(Failure::new(Kind::Invalid, "search", SUBJECT, cause)
                .hint("ask for the device or for the networks; `from` and `to` go with both"));
        }
        query.either = vec![address];
        Ok(query)
    }
}

const SUBJECT: &str = "the firewalls' log";
