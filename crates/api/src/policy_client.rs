//! The typed client's methods about the policy, openings and quarantines.

use crate::client::{Answer, Client, escape, query_string};
use crate::firewall_log::{LogQuery, LoggedEntries};
use crate::policy::{
    Answers, Applied, Apply, Change, Checked, ConfirmQuery, Documents, ExplainQuery, NewPinhole, NewVersion,
    Picture, Plan, PolicyState, ReachQuery, Reached, Rendered, Schemas, SetQuarantine, VersionsQuery,
    WhichQuery,
};
use model::enforcement::{Pinhole, Quarantine, Version};

/// The policy. A version is a number, `current` or `shipped`.
impl Client {
    /// How the policy stands.
    ///
    /// # Errors
    /// The appliance's failure, or `Unreachable`; so for every method here.
    pub fn policy(&self) -> Answer<PolicyState> {
        self.get("/policy")
    }

    /// The versions, newest first.
    pub fn policy_versions(&self) -> Answer<Vec<Version>> {
        self.get("/policy/versions")
    }

    /// Proposes a version.
    pub fn propose_policy(&self, new: &NewVersion) -> Answer<Version> {
        self.post("/policy/versions", new)
    }

    /// A version's documents.
    pub fn policy_documents(&self, version: &str) -> Answer<Documents> {
        self.get(&format!("/policy/versions/{}", escape(version)))
    }

    /// What is to be told about a version today.
    pub fn policy_check(&self, version: &str) -> Answer<Checked> {
        self.get(&format!("/policy/versions/{}/check", escape(version)))
    }

    /// What is to be told about documents that are not kept.
    pub fn check_policy(&self, new: &NewVersion) -> Answer<Checked> {
        self.post("/policy/check", new)
    }

    /// A version, read and bound.
    pub fn policy_plan(&self, version: &str) -> Answer<Plan> {
        self.get(&format!("/policy/versions/{}/plan", escape(version)))
    }

    /// A version as rules for `nft -f`.
    pub fn policy_rules(&self, version: &str) -> Answer<Rendered> {
        self.get(&format!("/policy/versions/{}/rules", escape(version)))
    }

    /// Puts a version on trial.
    pub fn apply_policy(&self, version: u64, apply: &Apply) -> Answer<Applied> {
        self.post(&format!("/policy/versions/{version}/apply"), apply)
    }

    /// Confirms the version on trial; this client's connection must be a new one, and from elsewhere than the appliance itself
    /// unless `query` says that this does not matter.
    pub fn confirm_policy(&self, version: u64, query: ConfirmQuery) -> Answer<Version> {
        let query = query_string(&query)?;
        self.call("POST", &format!("/policy/versions/{version}/confirm{query}"), None)
    }

    /// Takes the version on trial back.
    pub fn revert_policy(&self) -> Answer<()> {
        self.call("POST", "/policy/revert", None)
    }

    /// Loads the confirmed version anew.
    pub fn repair_policy(&self) -> Answer<()> {
        self.call("POST", "/policy/repair", None)
    }

    /// May this reach that?
    pub fn explain_policy(&self, query: &ExplainQuery) -> Answer<Answers> {
        self.get(&format!("/policy/explain{}", query_string(query)?))
    }

    /// All that somebody may reach.
    pub fn policy_reach(&self, query: &ReachQuery) -> Answer<Vec<Reached>> {
        self.get(&format!("/policy/reach{}", query_string(query)?))
    }

    /// Who may reach whom.
    pub fn policy_zones(&self, query: &WhichQuery) -> Answer<Picture> {
        self.get(&format!("/policy/zones{}", query_string(query)?))
    }

    /// What differs between two versions.
    pub fn policy_diff(&self, query: &VersionsQuery) -> Answer<Vec<Change>> {
        self.get(&format!("/policy/diff{}", query_string(query)?))
    }

    /// The JSON Schemas of both documents.
    pub fn policy_schemas(&self) -> Answer<Schemas> {
        self.get("/policy/schemas")
    }

    /// Searches the firewalls' log.
    pub fn firewall_log(&self, query: &LogQuery) -> Answer<LoggedEntries> {
        self.get(&format!("/firewall/log{}", query_string(query)?))
    }

    /// The live openings.
    pub fn pinholes(&self) -> Answer<Vec<Pinhole>> {
        self.get("/pinholes")
    }

    /// Opens one application of a device for a while.
    pub fn open_pinhole(&self, new: &NewPinhole) -> Answer<Pinhole> {
        self.post("/pinholes", new)
    }

    /// Closes an opening.
    pub fn close_pinhole(&self, id: &str) -> Answer<()> {
        self.call("DELETE", &format!("/pinholes/{}", escape(id)), None)
    }

    /// The devices that are cut off.
    pub fn quarantined(&self) -> Answer<Vec<Quarantine>> {
        self.get("/quarantine")
    }

    /// Whether a device is cut off.
    pub fn quarantine(&self, key: &str) -> Answer<Option<Quarantine>> {
        self.get(&format!("/devices/{}/quarantine", escape(key)))
    }

    /// Cuts a device off, or lets it back.
    pub fn set_quarantine(&self, key: &str, set: &SetQuarantine) -> Answer<Option<Quarantine>> {
        self.put(&format!("/devices/{}/quarantine", escape(key)), set)
    }
}
