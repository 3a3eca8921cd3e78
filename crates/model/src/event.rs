//! What happened, as seen by pages, exporters and tests. Events are news, not records: one may be
//! missed (the receiver then reads the state anew), and what must last is in the audit log or the store.

use crate::device::{DeviceId, Health, Power, Stage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// The kinds of news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// A device appeared in the book, or any part of its record or state changed.
    DeviceChanged {
        /// Which.
        id: DeviceId,
        /// Its stage now.
        stage: Stage,
        /// Its power now.
        power: Power,
        /// Its health now.
        health: Health,
        /// Whether its controller answers.
        online: bool,
    },
    /// A device was removed from the book.
    DeviceRemoved {
        /// Which.
        id: DeviceId,
    },
    /// An act on a device went a step further (`sent`, `waiting for off`, `done`).
    ActProgress {
        /// The audit record of the act.
        record: u64,
        /// On which device.
        id: DeviceId,
        /// Where it is, for people.
        step: String,
        /// Whether it ended, and how.
        ended: Option<Ended>,
    },
    /// A job over many devices went a step further.
    JobProgress {
        /// The job's number.
        job: u64,
        /// How many are done, well or badly.
        done: usize,
        /// How many of them failed.
        failed: usize,
        /// How many there are.
        total: usize,
    },
    /// A sweep went a step further.
    SweepProgress {
        /// The sweep's number.
        sweep: u64,
        /// Addresses asked.
        asked: u64,
        /// Addresses in all.
        total: u64,
        /// Controllers that answered.
        found: u64,
        /// Whether it ended.
        ended: bool,
    },
    /// Something that a person should look at.
    FindingRaised(Finding),
    /// The policy, or how it is enforced, changed.
    PolicyChanged {
        /// How.
        step: PolicyStep,
        /// The version that it is about, where it is about one.
        version: Option<u64>,
    },
    /// A short-lived opening was opened or closed.
    PinholesChanged {
        /// To which device; none where it is about many.
        id: Option<DeviceId>,
    },
    /// A device was cut off, or let back.
    QuarantineChanged {
        /// Which.
        id: DeviceId,
        /// Whether it is cut off now.
        on: bool,
    },
    /// Credentials for adoption by rule were imported.
    CredentialsImported,
    /// The audit log grew.
    Audited {
        /// The newest record's number.
        record: u64,
    },
}

/// What happened to the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyStep {
    /// A version was proposed.
    Proposed,
    /// A version is on trial.
    Applied,
    /// The version on trial was confirmed.
    Confirmed,
    /// The version on trial was taken back, or its time was over.
    Reverted,
    /// The kernel was changed by somebody else, or agrees with the policy again.
    Drift,
    /// The firewall's program came, or went.
    Program,
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// As it should.
    Done,
    /// Not as it should.
    Failed,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What kind: `certificate_changed`, `device_returned`, `sign_in_locked`, ...
    pub kind: String,
    /// About which device, if about one.
    pub device: Option<DeviceId>,
    /// In one line, what was seen and what to do.
    pub text: String,
}
