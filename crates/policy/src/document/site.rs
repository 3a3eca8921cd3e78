//! The site's binding: where the scenario's zones are, which ports its applications use, who its groups are. It holds
//! no rationale: that stands in the scenario.

use super::words::{Class, Profile, Text, Unknown};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A whole site file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Portcullis site")]
pub struct Site {
    /// The version of the format; `1.0.0`.
    pub schema_version: String,
    /// The scenario that it binds, by id.
    pub scenario: String,
    /// The enforcement point itself.
    pub appliance: Appliance,
    /// Where each zone is, by name.
    pub zones: BTreeMap<String, Zone>,
    /// What each application is on the wire, by `app_id`.
    pub applications: BTreeMap<String, Application>,
    /// Host names that an application may reach, by `app_id`; `*.` stands for any name below.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub domains: BTreeMap<String, Vec<String>>,
    /// From which networks a group of people comes, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub groups: BTreeMap<String, Vec<IpNet>>,
    /// What does the work of a profile that the wire cannot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensating_controls: Vec<CompensatingControl>,
    /// Zone pairs between which packets may be routed through the appliance, for these applications. Nothing is without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routed: Vec<Routed>,
    /// Applications whose rules only log what they would drop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow: Vec<String>,
    /// How much may pass between two zones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic_classes: Vec<TrafficClass>,
    /// The lines behind the appliance's interfaces, by interface, where classes of traffic are to share what there is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, Line>,
    /// Names for single addresses, so that questions can be asked by name. The appliance adds its devices.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// What must hold: asked before every apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Assertion>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// The enforcement point: an endpoint in each network, and a router in none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Appliance {
    /// The zone that it belongs to, whichever of its addresses is asked.
    pub zone: String,
    /// All of its own addresses.
    #[schemars(with = "Vec<String>")]
    pub addresses: Vec<IpAddr>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Where a zone is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Zone {
    /// The appliance's interfaces that lead there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<String>,
    /// Its networks, of both families. Where two zones' networks nest, the longer prefix decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub networks: Vec<IpNet>,
    /// The VLAN that carries it (IEEE 802.1Q, 1 to 4094).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4094))]
    pub vlan: Option<u16>,
    /// Whether the appliance sees what passes inside the zone.
    #[serde(default, skip_serializing_if = "Segment::is_shared")]
    pub segment: Segment,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Whether the appliance sees what passes inside a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// It does not: members reach each other without it.
    #[default]
    Shared,
    /// It does: a private VLAN leads all of it through the appliance. A plain bridge hands nothing over by itself.
    ChokePoint,
}

impl Segment {
    fn is_shared(&self) -> bool {
        *self == Self::Shared
    }
}

/// What an application is on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Application {
    /// `tcp/443`, `udp/1024-2048`, `icmp/echo-request`, `icmp/8`, `icmp6/128`; `icmp/echo-request` means both families.
    pub services: Vec<crate::service::Service>,
    /// Groups that it asks by multicast; each asked host may answer by unicast.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub multicast: Vec<IpAddr>,
    /// How soon its packets leave where they wait for a line.
    #[serde(default, skip_serializing_if = "Class::is_usual")]
    pub class: Class,
    /// Whether it carries secrets in clear text: an attempt raises a finding.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clear_text: bool,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What does the work of a profile that the wire cannot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompensatingControl {
    /// The application, by `app_id`.
    pub application: String,
    /// The profiles.
    pub profiles: Vec<Profile>,
    /// What does it instead.
    pub control: Text,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// An opt-in to routing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Routed {
    /// From this zone.
    pub from: String,
    /// To that one.
    pub to: String,
    /// For these applications.
    pub applications: Vec<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// How much may pass between two zones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrafficClass {
    /// From this zone.
    pub from: String,
    /// To that one.
    pub to: String,
    /// At most so many megabits a second.
    pub mbit: u32,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// The line behind an interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What it carries, in megabits a second.
    pub mbit: u32,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assertion {
    /// An address, a host's name, a zone (its first address), or `appliance`.
    pub from: String,
    /// The same.
    pub to: String,
    /// What is asked for.
    pub service: crate::service::Service,
    /// What must come of it.
    pub expect: super::words::Action,
    /// By which application's rule, if that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}
