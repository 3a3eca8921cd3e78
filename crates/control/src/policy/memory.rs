//! What is known of the kernel, of openings and of quarantines between two looks at the store.

use super::status::{self, LastHits};
use ::policy::evaluate::{Asked, Pinhole as Open};
use jiff::Timestamp;
use model::DeviceId;
use model::enforcement::{Enforced, Hole, KernelState, Pinhole, Quarantine};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

/// A policy on trial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    /// The version.
    pub(super) version: u64,
    /// Its number in the kernel.
    pub(super) generation: u64,
    /// When it was loaded: only a connection that was accepted later may confirm it.
    pub(super) loaded: Instant,
    /// When the kernel falls back.
    pub(super) ends: Instant,
}

/// What is held in memory.
#[derive(Debug)]
pub(super) struct Memory {
    /// The policy on trial.
    pub(super) trial: Option<Trial>,
    /// What the kernel enforced when it was last asked.
    pub(super) enforced: Enforced,
    /// Why the firewall's program did not answer, then.
    pub(super) program: Option<String>,
    /// When each rule was last seen to count.
    pub(super) hits: LastHits,
    /// Openings that somebody asked for.
    pub(super) pinholes: BTreeMap<String, Pinhole>,
    /// Controllers that are kept reachable for being read: where, and until when in the kernel.
    pub(super) polled: BTreeMap<DeviceId, (Hole, Timestamp)>,
    /// Who is cut off.
    pub(super) quarantined: BTreeMap<DeviceId, Quarantine>,
    /// Of whom that could not be written down yet.
    pub(super) unsaved: BTreeSet<DeviceId>,
    /// Before this nothing more is tried that the kernel has refused to keep open.
    pub(super) not_before: Option<Instant>,
    /// Log records read, and lost.
    pub(super) log: (u64, u64),
    /// Where the kernel was last seen to differ.
    pub(super) drift: Vec<String>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            trial: None,
            enforced: Enforced::Unknown,
            program: Some("it was not asked yet".into()),
            hits: LastHits::default(),
            pinholes: BTreeMap::new(),
            polled: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            unsaved: BTreeSet::new(),
            not_before: None,
            log: (0, 0),
            drift: Vec::new(),
        }
    }
}

impl Memory {
    /// Takes in what the firewall's program said, or why it said nothing. Whether that is news.
    pub(super) fn note(&mut self, kernel: Option<&KernelState>, program: Option<String>) -> bool {
        let enforced = kernel.map_or(Enforced::Unknown, status::enforced);
        let is_news = enforced != self.enforced || program.is_some() != self.program.is_some();
        self.enforced = enforced;
        self.program = program;
        crate::metrics::policy_enforced(enforced);
        is_news
    }

    /// Whether openings and isolation have a place in the kernel.
    pub(super) const fn is_loaded(&self) -> bool {
        matches!(self.enforced, Enforced::Confirmed | Enforced::Trial)
    }

    /// What holds beside the documents, for the evaluator.
    pub(super) fn asked(&self, now: Timestamp) -> Asked {
        let open = |hole: &Hole| Open { to: hole.to, protocol: hole.protocol, port: hole.port };
        let live = self.pinholes.values().filter(|pinhole| pinhole.until > now);
        let polled = self.polled.values().map(|(hole, _)| hole);
        Asked {
            pinholes: live.flat_map(|pinhole| &pinhole.holes).chain(polled).map(open).collect(),
            quarantined: self.quarantined.values().map(|quarantine| quarantine.address).collect(),
            ..Asked::default()
        }
    }
}
