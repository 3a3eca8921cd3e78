//! Names in questions: an address, a host's name, a zone, or `appliance`.

use crate::evaluate::{Evaluator, Family, Place};
use crate::plan::ZoneIndex;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Hosts by name, as the site file and the appliance's inventory know them.
pub type Hosts = BTreeMap<String, Vec<IpAddr>>;

/// Who is meant in a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A zone.
    Zone(ZoneIndex),
    /// The appliance itself.
    Appliance,
    /// These addresses.
    Addresses(Vec<IpAddr>),
}

/// A name that nobody bears.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address, host, zone or `appliance`")]
pub struct Unknown(String);

/// Who is meant by a name: first an address, then `appliance`, then a host, then a zone.
///
/// # Errors
/// If nobody is.
pub fn resolve(text: &str, evaluator: &Evaluator, hosts: &Hosts) -> Result<Subject, Unknown> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(Subject::Addresses(vec![address]));
    }
    if text == "appliance" {
        return Ok(Subject::Appliance);
    }
    if let Some(addresses) = hosts.get(text) {
        return Ok(Subject::Addresses(addresses.clone()));
    }
    let zone = evaluator.plan().zones.iter().position(|zone| zone.name == text);
    zone.map(Subject::Zone).ok_or_else(|| Unknown(text.chars().take(60).collect()))
}

impl Subject {
    /// Addresses that speak for it: its own; of a zone the first of each family.
    #[must_use]
    pub fn addresses(&self, evaluator: &Evaluator) -> Vec<IpAddr> {
        match self {
            Self::Addresses(addresses) => addresses.clone(),
            Self::Appliance => evaluator.plan().own.clone(),
            Self::Zone(zone) => {
                Family::BOTH.iter().filter_map(|family| first_of(*zone, *family, evaluator)).collect()
            }
        }
    }
}

/// The first address of a zone that a host could bear: not the name of a network, nor the appliance's.
fn first_of(zone: ZoneIndex, family: Family, evaluator: &Evaluator) -> Option<IpAddr> {
    let mut ranges =
        evaluator.places().ranges(family).iter().filter(|range| range.place == Place::Zone(zone));
    let range = ranges.next()?;
    let is_wide = range.last - range.first > 1;
    Some(family.address(if is_wide { range.first + 1 } else { range.first }))
}
