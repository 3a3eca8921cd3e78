//! The scenario: which application may pass from which zone to which, and why. It holds no address of any site.
//!
//! What is known of the format, and what is inferred, is told by each field: *known* fields come from the format's public
//! description, *inferred* ones are our reading of its prose.

use super::words::{Action, Category, DecryptionMode, Direction, Profile, Text, TrustTier, Unknown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Portcullis scenario")]
pub struct Scenario {
    /// The version of the format, apart from the content's. Known.
    pub schema_version: String,
    /// Its stable name, in snake_case, never translated. Known.
    pub id: String,
    /// The version of the content (semver). Known.
    pub version: String,
    /// How far it is to be trusted. Known.
    #[serde(default)]
    pub trust_tier: TrustTier,
    /// Who wrote it. Known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Author>,
    /// What it is called. Known.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub title: Text,
    /// What it is about. Known.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub description: Text,
    /// Who is kept out, and by what. Known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threat_model: Option<ThreatModel>,
    /// The techniques that it is about; written by the author, never derived. Known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mitre_attack: Vec<Technique>,
    /// Where its facts come from; the only place where a vendor may be named. Known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The rules, counted from 0; the first that matches decides. Known.
    pub rules: Vec<Rule>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Who wrote a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Author {
    /// The author's name.
    pub name: String,
    /// Where the author can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Who is kept out, and by what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThreatModel {
    /// In a few sentences.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub summary: Text,
    /// What the attacker is after.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub attacker_goal: Text,
    /// What stands against it, in snake_case (`management_zone_segmentation`, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_controls: Vec<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// A technique of MITRE ATT&CK.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Technique {
    /// `T1190`, `T1542.001`.
    pub id: String,
    /// Its name there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The tactic, in lower case with hyphens (`initial-access`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tactic: String,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// Where a fact comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reference {
    /// Whose document it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// About what.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where it is.
    pub url: String,
    /// When it was read (`2026-06-04`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub retrieved: Option<jiff::civil::Date>,
    /// The names of hosts that it documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// What it is about. Known.
    pub application: Application,
    /// From where to where. Known; the shape is inferred.
    pub zones: Zones,
    /// Which way. Known.
    pub direction: Direction,
    /// What happens. Known; `reject` is ours.
    pub action: Action,
    /// What looks into the traffic. The keys are known, what stands in them is inferred.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub security_profiles: BTreeMap<Profile, serde_json::Value>,
    /// How it is opened for that. Known.
    #[serde(default)]
    pub decryption: Decryption,
    /// What is written down of it. Inferred.
    #[serde(default)]
    pub logging: Logging,
    /// Whose traffic it is. Inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Why. Known.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub rationale: Text,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Application {
    /// Its name; which ports that means is said in the site file.
    pub app_id: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How dangerous it is, 1 to 5. The range is inferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5))]
    pub risk: Option<u8>,
    /// What it cannot do without, by `app_id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// From where to where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Zones {
    /// Any of these.
    pub from: Vec<String>,
    /// This one.
    pub to: String,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// How encrypted traffic is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decryption {
    /// In which way.
    #[serde(default)]
    pub mode: DecryptionMode,
    /// What stays closed (`cert_pinned_app`, `finance`, `health`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// What is written down of a rule's traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Logging {
    /// When a connection begins.
    #[serde(default)]
    pub at_start: bool,
    /// When it ends.
    #[serde(default)]
    pub at_end: bool,
    /// How loudly.
    #[serde(default)]
    pub priority: Priority,
    /// At most so many records a second; what is beyond is counted and not written, so that the log does not become the
    /// attack. Without it the firewall's own bound holds. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub rate_limit: Option<u32>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}

/// How loudly something is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// For those who look.
    #[default]
    Normal,
    /// It raises a finding.
    High,
}

/// Whose traffic it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// A group of people; which networks they come from is said in the site file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_group: Option<String>,
    /// What is asked of their machine (`compliant`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_posture: Option<String>,
    /// What this version does not know.
    #[serde(flatten)]
    pub unknown: Unknown,
}
