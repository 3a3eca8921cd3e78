//! Names in questions: an address, a host's name, a zone, or `appliance`.

use crate::evaluate::{Evaluator, Family, Place};
use crate::plan::ZoneIndex;
use crate::region::{Role, classes};
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
    if let Ok(address) = text.parse::<IpAddr>() {
        // An IPv4 address in IPv6's dress (RFC 4291, 2.5.5.2) is never on the wire as that.
        return Ok(Subject::Addresses(vec![address.to_canonical()]));
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
    /// Addresses that speak for it as a source: its own; of a zone one of each part that rules tell apart, which they do by
    /// groups of people. As a destination a zone is of one piece.
    #[must_use]
    pub fn sources(&self, evaluator: &Evaluator) -> Vec<IpAddr> {
        let Self::Zone(zone) = self else { return self.addresses(evaluator) };
        let of = |family: &Family| {
            let first = first_of(*zone, *family, evaluator);
            let others = classes(&[evaluator], *family, Role::Source, &[])
                .into_iter()
                .filter(|class| class.places.as_slice() == [Some(Place::Zone(*zone))])
                .filter(|class| {
                    first.is_none_or(|first| !class.addresses.ranges().iter().any(|range| range.holds(first)))
                })
                .map(|class| class.speaker);
            first.into_iter().chain(others).collect::<Vec<IpAddr>>()
        };
        Family::BOTH.iter().flat_map(of).collect()
    }

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
    let networks = evaluator.plan().zones.get(zone).map(|zone| zone.networks.as_slice()).unwrap_or_default();
    let names_network = |address: IpAddr| {
        networks.iter().any(|network| {
            network.network() == address && network.prefix_len() + 1 < network.max_prefix_len()
        })
    };
    let ranges = evaluator.places().ranges(family).iter();
    let ranges: Vec<_> = ranges.filter(|range| range.place == Place::Zone(zone)).collect();
    let firsts = ranges.iter().flat_map(|range| range.first..=range.last.min(range.first.saturating_add(1)));
    let mut firsts = firsts.map(|first| family.address(first));
    let fit = firsts.find(|first| !names_network(*first));
    fit.or_else(|| ranges.first().map(|range| family.address(range.first)))
}
