//! The closed lists of words that both files use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A text by language (`en`, `fr`, …; BCP 47 tags).
pub type Text = BTreeMap<String, String>;
/// Fields that this version does not know; they are kept and written again.
pub type Unknown = BTreeMap<String, serde_json::Value>;

/// How far a scenario is to be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrustTier {
    /// Somebody wrote it.
    #[default]
    Community,
    /// Somebody else has read it.
    Reviewed,
    /// It was tried.
    Verified,
}

/// What happens to a packet that a rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It passes.
    Allow,
    /// It vanishes.
    Drop,
    /// It is answered with a refusal (TCP reset, ICMP unreachable). Not in the scenario format; ours.
    Reject,
}

/// How soon an application's packets leave where they wait for a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// First: consoles and the lifeline, in pinholes too.
    Console,
    /// Then: whatever says nothing.
    #[default]
    Interactive,
    /// Last: images and copies.
    Bulk,
}

impl Class {
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::Interactive
    }
}

/// Which way a rule's traffic goes, seen from the management zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Towards the appliance and the zone it stands in.
    Inbound,
    /// Out to the Internet.
    Outbound,
    /// Between inner zones.
    Internal,
}

/// What an application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// It runs the machines.
    Infrastructure,
    /// It makes the network work.
    Networking,
    /// Anything on the Internet.
    GeneralInternet,
}

/// What looks into the traffic that a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Files are scanned for known malware.
    Antivirus,
    /// Known attacks and protocol anomalies are found.
    Ips,
    /// Web addresses are held against lists.
    UrlFiltering,
    /// Unknown files are run where they can do no harm.
    Sandboxing,
    /// Names are held against lists; hostile ones lead to the sinkhole.
    DnsSecurity,
    /// Calls home are found.
    C2Protection,
    /// Kinds of files are let through or not.
    FileControl,
    /// Secrets are kept from leaving.
    Dlp,
}

impl Profile {
    /// Whether it can only work on what it can read: an encrypted flow must be opened for it.
    #[must_use]
    pub const fn reads_content(self) -> bool {
        matches!(self, Self::Antivirus | Self::Sandboxing | Self::FileControl | Self::Dlp)
    }
}

/// How encrypted traffic is opened for inspection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecryptionMode {
    /// It is not.
    #[default]
    None,
    /// With the inner server's own key.
    SslInboundInspection,
    /// By a proxy with a certificate authority of its own.
    SslForwardProxy,
}
