//! How a policy is kept and enforced: its versions, what the kernel is asked for, and what it answers.
//!
//! `control` keeps the policy and knows no kernel; whoever stands before the kernel knows no policy. Between them
//! stands [`Enforcer`].

use crate::command::BoxFuture;
use crate::device::{DeviceId, words};
use crate::failure::Failure;
use crate::permit::Permit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

words! {
    /// Where a version of the policy is in its life.
    VersionState {
        /// Proposed; never in force, or taken back before it was confirmed.
        Draft = "draft",
        /// On trial: in force until its time is over or somebody confirms it.
        Candidate = "candidate",
        /// In force.
        Confirmed = "confirmed",
        /// Was in force until another was confirmed.
        Superseded = "superseded",
    }
}

/// A version of the policy: both documents as they were uploaded, who proposed them and what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PolicyVersion))]
pub struct Version {
    /// Its number, from 1.
    pub number: u64,
    /// Where it is in its life.
    pub state: VersionState,
    /// When it was proposed.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub proposed_at: Timestamp,
    /// By whom.
    pub proposed_by: String,
    /// What for, in their words.
    pub note: String,
    /// SHA-256 of the scenario's text, as `sha256sum` prints it.
    pub scenario_sha256: String,
    /// SHA-256 of the site's text.
    pub site_sha256: String,
    /// The number that the firewall's program gave to it, while it is on trial or confirmed.
    pub generation: Option<u64>,
    /// When it was last put on trial.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub applied_at: Option<Timestamp>,
    /// By whom.
    pub applied_by: Option<String>,
    /// When it was last confirmed.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub confirmed_at: Option<Timestamp>,
    /// By whom.
    pub confirmed_by: Option<String>,
}

/// A short-lived opening from the appliance to one application of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pinhole {
    /// Its name.
    pub id: String,
    /// To which device.
    pub device: DeviceId,
    /// The device's name when it was opened.
    pub device_name: String,
    /// For which application of the policy.
    pub application: String,
    /// What is open.
    pub holes: Vec<Hole>,
    /// Who opened it.
    pub principal: String,
    /// What for, in their words.
    pub why: String,
    /// With which session or token it closes; none where it closes by its time alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// When it was opened.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub opened_at: Timestamp,
    /// When the kernel closes it.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub until: Timestamp,
}

/// What somebody was signed in by when they opened something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Session {
    /// A session of the pages: the start of its hash.
    Web(String),
    /// An API token: its public identifier.
    Token(String),
}

/// One port of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Hole {
    /// The address.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub to: IpAddr,
    /// The protocol's number (IANA): 6 TCP, 17 UDP.
    pub protocol: u8,
    /// The port.
    pub port: u16,
}

/// A device that is cut off: only the appliance may still reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Quarantine {
    /// Which.
    pub device: DeviceId,
    /// Its name when it was cut off.
    pub device_name: String,
    /// The address that is isolated.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub address: IpAddr,
    /// Since when.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
    pub since: Timestamp,
    /// By whom.
    pub principal: String,
    /// Why, in their words.
    pub why: String,
}

words! {
    /// What the kernel enforces.
    Enforced {
        /// Nothing was confirmed yet: everything passes.
        Nothing = "nothing",
        /// The confirmed policy.
        Confirmed = "confirmed",
        /// A policy on trial.
        Trial = "trial",
        /// Nothing passes: the confirmed policy could not be loaded.
        Shut = "shut",
        /// The firewall's program does not answer; the kernel goes on with what it holds.
        Unknown = "unknown",
    }
}

/// How the firewall's program says things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelState {
    /// The confirmed policy's number.
    pub confirmed: Option<u64>,
    /// The policy on trial, and the seconds until the kernel falls back.
    pub trial: Option<(u64, u32)>,
    /// The confirmed policy could not be loaded: nothing passes.
    pub shut: bool,
    /// Open pinholes, with the seconds that are left of each.
    pub open: Vec<(String, Hole, u32)>,
    /// Isolated addresses.
    pub isolated: Vec<IpAddr>,
    /// What each rule has counted.
    pub counters: Vec<Counted>,
    /// Where the kernel differs from what should hold, each in a line.
    pub drift: Vec<String>,
    /// Chains of other tables that see packets before ours do.
    pub earlier: Vec<String>,
}

/// What a rule in the kernel has counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The chain that it stands in.
    pub chain: String,
    /// Its comment, which leads back to the policy.
    pub comment: String,
    /// Packets that it matched.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A connection, by its first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Who began it.
    pub from: IpAddr,
    /// With whom.
    pub to: IpAddr,
    /// The protocol's number (IANA).
    pub protocol: u8,
    /// From this port; of ICMP the identifier.
    pub source: u16,
    /// To that port; of ICMP the type in the high and the code in the low byte.
    pub port: u16,
}

/// News from the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A packet that a rule logged.
    Packet(LoggedPacket),
    /// So many records are missing here.
    Lost(u64),
    /// The kernel differs from what should hold in these ways; empty: it agrees again.
    Drift(Vec<String>),
    /// A connection arrived at the sinkhole.
    Arrival {
        /// From where.
        from: IpAddr,
        /// What it wanted to reach.
        to: IpAddr,
        /// On which port.
        port: u16,
    },
}

/// A packet that a rule logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggedPacket {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What the rule says of itself.
    pub prefix: String,
    /// From where.
    pub from: Option<IpAddr>,
    /// To where.
    pub to: Option<IpAddr>,
    /// The protocol's number (IANA).
    pub protocol: u8,
    /// From which port; of ICMP the type.
    pub source: u16,
    /// To which port; of ICMP the code.
    pub port: u16,
    /// The interface that it came in by.
    pub arrived: Option<String>,
    /// The interface that it would leave by.
    pub leaves: Option<String>,
    /// Its length, in bytes.
    pub bytes: u32,
}

/// The stream of news.
pub trait Records: Send {
    /// The next of it.
    ///
    /// # Errors
    /// The firewall's program has gone.
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Record>, Failure>>;
}

/// Whoever stands before the kernel. What changes something asks to be shown the permit.
///
/// Every method fails with `Unavailable` where the firewall's program does not answer; then nothing is known of
/// whether it was done.
pub trait Enforcer: Send + Sync {
    /// Puts a policy on trial for so many seconds; comes back with its number. `settled` is what confirming would load.
    ///
    /// # Errors
    /// The text is refused: what held before holds on.
    fn load<'a>(
        &'a self,
        permit: &'a Permit,
        trial: String,
        settled: String,
        seconds: u32,
    ) -> BoxFuture<'a, Result<u64, Failure>>;

    /// Makes the policy on trial the confirmed one.
    ///
    /// # Errors
    /// `Conflict` if its time is over.
    fn confirm<'a>(&'a self, permit: &'a Permit, generation: u64) -> BoxFuture<'a, Result<(), Failure>>;

    /// Ends the trial now. It is no error if none is going on.
    ///
    /// # Errors
    /// The kernel refuses; it falls back by itself when the time is over.
    fn revert<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<(), Failure>>;

    /// Loads the confirmed policy anew.
    ///
    /// # Errors
    /// Nothing is confirmed, or a trial is going on.
    fn repair<'a>(&'a self, permit: &'a Permit) -> BoxFuture<'a, Result<(), Failure>>;

    /// Opens pinholes or prolongs them, each by its name and for so many seconds.
    ///
    /// # Errors
    /// `Conflict` where no policy is loaded; else the kernel refuses. Those before the refused one are open.
    fn open<'a>(
        &'a self,
        permit: &'a Permit,
        holes: Vec<(String, Hole, u32)>,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Closes pinholes by their names. It is no error if one is closed already.
    ///
    /// # Errors
    /// The kernel refuses.
    fn close<'a>(&'a self, permit: &'a Permit, names: Vec<String>) -> BoxFuture<'a, Result<(), Failure>>;

    /// Isolates an address, or ends that.
    ///
    /// # Errors
    /// `Conflict` where no policy is loaded; else the kernel refuses.
    fn isolate<'a>(
        &'a self,
        permit: &'a Permit,
        address: IpAddr,
        on: bool,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Lets classes of traffic share these lines, and no others: each by its interface, with what it carries in megabits a
    /// second. It is remembered for the next start.
    ///
    /// # Errors
    /// `Conflict` where there is no such interface or somebody else shapes it; those before it are done.
    fn share<'a>(
        &'a self,
        permit: &'a Permit,
        lines: Vec<(String, u32)>,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// The connections that the kernel tracks, and whether there are more than were listed.
    ///
    /// # Errors
    /// The kernel refuses.
    fn connections(&self) -> BoxFuture<'_, Result<(Vec<Connection>, bool), Failure>>;

    /// Ends connections; comes back with how many the kernel has forgotten.
    ///
    /// # Errors
    /// The kernel refuses.
    fn end<'a>(
        &'a self,
        permit: &'a Permit,
        connections: Vec<Connection>,
    ) -> BoxFuture<'a, Result<u32, Failure>>;

    /// How things stand.
    ///
    /// # Errors
    /// The kernel does not say.
    fn state(&self) -> BoxFuture<'_, Result<KernelState, Failure>>;

    /// The news from now on. One at a time may follow.
    ///
    /// # Errors
    /// Somebody follows already.
    fn follow(&self) -> BoxFuture<'_, Result<Box<dyn Records>, Failure>>;
}
