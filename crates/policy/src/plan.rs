//! A checked scenario bound to a site: what the evaluator asks and what is rendered for the kernel. Names are numbers here.

use crate::document::words::{Action, Class};
use crate::service::Service;
use ipnet::IpNet;
use std::net::IpAddr;

/// The place of a zone in [`Plan::zones`].
pub type ZoneIndex = usize;

/// All that decides about a packet, in a form that needs no further look at the documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Which scenario it comes from (`out_of_band_management 1.2.0`).
    pub scenario: String,
    /// The zones, by name.
    pub zones: Vec<Zone>,
    /// The zone that the appliance belongs to, whichever of its addresses is asked.
    pub home: ZoneIndex,
    /// The appliance's own addresses.
    pub own: Vec<IpAddr>,
    /// The rules in the document's order; the first that matches decides, and where none does nothing passes.
    pub rules: Vec<Rule>,
    /// Where packets may be routed, and by which rules: `(from, to, rule's place in rules)`.
    pub routed: Vec<(ZoneIndex, ZoneIndex, usize)>,
    /// How much may pass.
    pub limits: Vec<Limit>,
    /// The lines that classes of traffic share.
    pub links: Vec<Link>,
    /// What consoles use, in pinholes too.
    pub urgent: Vec<Service>,
}

/// A zone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// The appliance's interfaces that lead there.
    pub interfaces: Vec<String>,
    /// Its networks; of two zones' that nest, the longer prefix decides.
    pub networks: Vec<IpNet>,
    /// Whether the appliance sees what passes inside it.
    pub is_choke_point: bool,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its place in the scenario, counted from 0.
    pub index: usize,
    /// Its application.
    pub app_id: String,
    /// What happens.
    pub action: Action,
    /// From any of these zones, in rising order.
    pub from: Vec<ZoneIndex>,
    /// To this one.
    pub to: ZoneIndex,
    /// For people: only from these networks. `None` from all of the zone.
    pub sources: Option<Vec<IpNet>>,
    /// What it is about.
    pub services: Vec<Service>,
    /// Groups that are asked by multicast; each asked host may answer by unicast.
    pub multicast: Vec<IpAddr>,
    /// What is written down.
    pub log: Log,
    /// How soon its packets leave where they wait for a line.
    pub class: Class,
    /// It only logs what it would do.
    pub is_shadow: bool,
    /// Its secrets pass in clear text: an attempt raises a finding.
    pub is_clear_text: bool,
    /// Why, in the language that is asked for.
    pub rationale: crate::document::words::Text,
}

/// What is written down of a rule's traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// New connections are.
    pub at_start: bool,
    /// Ended ones are.
    pub at_end: bool,
    /// It raises a finding.
    pub is_high: bool,
    /// At most so many records a second; `None` leaves it to the renderer's own bound.
    pub per_second: Option<u32>,
}

/// A line that classes of traffic share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The appliance's interface that leads to it.
    pub interface: String,
    /// What it carries, in megabits a second.
    pub mbit: u32,
}

/// How much may pass between two zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// From this zone.
    pub from: ZoneIndex,
    /// To that one.
    pub to: ZoneIndex,
    /// At most so many megabits a second.
    pub mbit: u32,
}
