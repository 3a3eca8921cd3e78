//! The policy, openings and quarantines.

use jiff::Timestamp;
pub use model::command::policy::Applied;
use model::enforcement::{Enforced, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::IpAddr;
use utoipa::{IntoParams, ToSchema};

/// How the policy stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyState {
    /// What the kernel enforces.
    pub enforced: Enforced,
    /// Why the firewall's program does not answer; none where it does.
    pub program: Option<String>,
    /// The confirmed version.
    pub confirmed: Option<Version>,
    /// The version on trial.
    pub trial: Option<Trial>,
    /// Where kernel and appliance disagree about which version holds, in a sentence.
    pub disagreement: Option<String>,
    /// Where the kernel differs from what was loaded, each in a line.
    pub drift: Vec<String>,
    /// Chains of other tables that see packets before ours do.
    pub earlier: Vec<String>,
    /// What the loaded rules have counted, over loads and restarts.
    pub hits: Vec<Hits>,
    /// What the rules that only log would have cost.
    pub shadow: Vec<Cost>,
    /// So many openings are live that somebody asked for.
    pub pinholes: usize,
    /// So many controllers are kept reachable for being read.
    pub polled: usize,
    /// So many devices are cut off.
    pub quarantined: usize,
    /// Addresses that the kernel isolates and the appliance does not know why; each can be let back by itself.
    #[schema(value_type = Vec<String>)]
    pub strange: Vec<IpAddr>,
    /// Log records that were read from the kernel, and those that were lost on the way.
    pub log: LogCount,
}

/// A version on trial.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Trial {
    /// The version.
    pub version: Version,
    /// The kernel falls back after so many seconds.
    pub seconds_left: u32,
}

/// What a rule has counted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Hits {
    /// Its place in the scenario, from 0; none for what no rule decided.
    pub rule: Option<usize>,
    /// Its application, or why none decided: `default`, `spoofed`, `quarantined`, `pinhole`.
    pub app_id: String,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
    /// Since when it is counted.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it was last seen to count; none where it has not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last: Option<Timestamp>,
}

/// What a rule that only logs would have cost.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyShadowCost)]
pub struct Cost {
    /// What the kernel counted.
    #[serde(flatten)]
    pub hits: Hits,
    /// What it would do: `drop` or `reject`.
    pub would: String,
    /// Between whom, those that met it most first. It is what the kernel's log told since the rules were loaded or the
    /// appliance started: the log has a rate, and of each connection it tells the beginning.
    pub pairs: Vec<Pair>,
    /// Records of the log about other pairs than these.
    pub others: u64,
}

/// Who would have been held back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyShadowPair)]
pub struct Pair {
    /// Who asked.
    pub from: Met,
    /// Whom.
    pub to: Met,
    /// On what: `tcp/23`.
    pub service: String,
    /// Records of the log.
    pub records: u64,
    /// The last of them.
    #[schema(value_type = String, format = DateTime)]
    pub last: Timestamp,
}

/// One end of what a rule met.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyShadowEnd)]
pub struct Met {
    /// Its address.
    #[schema(value_type = String)]
    pub address: IpAddr,
    /// The device there, if there is one that the reader may see.
    pub device: Option<String>,
}

/// How much the kernel logged.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct LogCount {
    /// Records that were read.
    pub read: u64,
    /// Records that were lost.
    pub lost: u64,
}

/// A version to propose; what is left out is taken from the current one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    /// The scenario's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The site's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// What for.
    #[serde(default)]
    pub note: String,
}

/// A version with its documents, as they were uploaded.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Documents {
    /// The version; none for what ships with the product.
    pub version: Option<Version>,
    /// The scenario's text.
    pub scenario: String,
    /// The site's text.
    pub site: String,
}

/// What is to be told about two documents.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// By file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// What became of the site's tests.
    pub tests: Vec<Test>,
}

/// One thing that is told about a document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Diagnostic {
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// Which mistake; the manual lists all of them.
    pub code: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// Why that matters.
    pub why: String,
    /// What to do.
    pub hint: String,
}

/// What became of one of the site's tests.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Test {
    /// Its place, from 0.
    pub test: usize,
    /// What was asked, in words.
    pub question: String,
    /// Of how many pairs of addresses it was asked.
    pub asked: usize,
    /// Why it does not hold; none where it does.
    pub failure: Option<String>,
    /// What is said of the pair that fails.
    pub explanation: Option<Explanation>,
}

/// A version, read and bound.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// The version; none for what ships with the product.
    pub version: Option<Version>,
    /// The scenario, as it was read.
    pub scenario: Value,
    /// The site, as it was read.
    pub site: Value,
    /// The rules, bound.
    pub rules: Vec<PlanRule>,
}

/// A rule, bound to the site.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanRule {
    /// Its place in the scenario, from 0.
    pub rule: usize,
    /// Its application.
    pub app_id: String,
    /// `allow`, `drop` or `reject`.
    pub action: String,
    /// From these zones.
    pub from: Vec<String>,
    /// To this one.
    pub to: String,
    /// On these services.
    pub services: Vec<String>,
    /// For people: only from these networks; none from all of the zone.
    pub sources: Option<Vec<String>>,
    /// It only logs what it would do.
    pub shadow: bool,
    /// Its secrets pass in clear text.
    pub clear_text: bool,
}

/// A version as rules for `nft -f`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Rendered {
    /// The text.
    pub text: String,
}

/// Which version.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhichQuery {
    /// A number, `current` (on trial; else confirmed; else the newest draft) or `shipped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// May this reach that?
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainQuery {
    /// An address, a device's name, a host of the site, a zone, or `appliance`.
    pub from: String,
    /// The same.
    pub to: String,
    /// `tcp/443`, `tcp/440-450`, `udp/53`, `icmp/echo-request`, or an application of the site file.
    pub service: String,
    /// The language of rationales; English by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// A number, `current` or `shipped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What does this reach?
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReachQuery {
    /// An address, a device's name, a host of the site, a zone, or `appliance`.
    pub from: String,
    /// A number, `current` or `shipped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What differs between two versions?
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VersionsQuery {
    /// The old one: a number, `current` or `shipped`.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// May a packet pass, by which rule, and why.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyExplanation)]
pub struct Explanation {
    /// `allow`, `drop` or `reject`.
    pub verdict: String,
    /// The rule that decided, counted from 0; none where none did.
    pub rule: Option<usize>,
    /// Its application.
    pub app_id: Option<String>,
    /// Why, in words.
    pub why: String,
    /// The rule's own reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// `input`, `output`, `forward` or `inside`.
    pub path: String,
    /// Whether the appliance can hold it to that.
    pub enforced: bool,
    /// Where it comes from.
    pub from: End,
    /// Where it wants to go.
    pub to: End,
    /// Rules on trial that would have kept it from passing.
    pub shadow: Vec<Value>,
    /// The rule that would have allowed it, had something been different.
    pub nearest: Option<Nearest>,
}

/// The answer for one packet, and for all that it speaks for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyAnswer)]
pub struct Answer {
    /// The verdict, and why.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// What the packet carries: `tcp/443`; a range of ports where all of them get this answer.
    pub service: String,
}

/// The answers to one question.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyAnswers)]
pub struct Answers {
    /// The first.
    #[serde(flatten)]
    pub first: Answer,
    /// Those for the other addresses, services and parts of a range of ports that the question stands for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Answer>,
}

/// One end of a packet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct End {
    /// Its address.
    #[schema(value_type = String)]
    pub address: IpAddr,
    /// Its zone.
    pub zone: Option<String>,
    /// Whether it is the appliance.
    pub appliance: bool,
}

/// A rule that nearly allows a packet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Nearest {
    /// Its place in the scenario.
    pub rule: usize,
    /// Its application.
    pub app_id: String,
    /// What is missing, in words.
    pub missing: String,
}

/// Something that may be reached.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reached {
    /// From this zone.
    pub from_zone: String,
    /// From these addresses of it.
    pub from: Vec<String>,
    /// To this zone.
    pub to_zone: String,
    /// To the appliance itself.
    pub to_appliance: bool,
    /// To these addresses.
    pub to: Vec<String>,
    /// For this application.
    pub app_id: String,
    /// By this rule.
    pub rule: usize,
    /// On these services.
    pub services: Vec<String>,
    /// `input`, `output`, `forward` or `inside`.
    pub path: String,
    /// Whether the appliance can keep others from it.
    pub enforced: bool,
}

/// What gains or loses reach.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PolicyChange)]
pub struct Change {
    /// It passes under the new version only; or under the old one only.
    pub gained: bool,
    /// In a sentence.
    pub text: String,
    /// From here: zone, appliance, addresses.
    pub from: Value,
    /// To there.
    pub to: Value,
    /// On these services.
    pub services: Vec<String>,
    /// `input`, `output`, `forward` or `inside`.
    pub path: String,
    /// Whether the appliance sees it.
    pub enforced: bool,
}

/// Who may reach whom: zones and the appliance, and what passes between them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Picture {
    /// `name`, `is_appliance`, `within`, `networks` of each.
    pub nodes: Vec<Value>,
    /// `from`, `to`, `action` (`allow`, `drop`, `not_routed`), `enforced`, `app_ids`, `rules` of each.
    pub edges: Vec<Value>,
}

/// The JSON Schemas of both documents.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Schemas {
    /// Of the scenario.
    pub scenario: Value,
    /// Of the site.
    pub site: Value,
}

/// For how long a version goes on trial.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// For so many seconds, 1 to 3600; 60 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

/// How a version is confirmed.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConfirmQuery {
    /// From the appliance itself too, which no rule locks out: then it proves nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

/// An opening to ask for.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPinhole {
    /// To which device, by identifier or name.
    pub device: String,
    /// For which application of the policy.
    pub application: String,
    /// For so many seconds, 1 to 86400; 3600 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// What for.
    #[serde(default)]
    pub why: String,
}

/// Whether a device is cut off.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetQuarantine {
    /// Whether only the appliance may still reach it.
    pub on: bool,
    /// Why.
    #[serde(default)]
    pub why: String,
}
