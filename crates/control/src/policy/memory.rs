//! What is known of the kernel, of openings and of quarantines between two looks at the store.

use super::hits::Ledger;
use super::shadow::Shadows;
use super::status;
use ::policy::evaluate::{Asked, Pinhole as Open};
use jiff::Timestamp;
use model::DeviceId;
use model::enforcement::{Enforced, Hole, KernelState, Pinhole, Quarantine, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
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
    /// What each rule has counted.
    pub(super) hits: Ledger,
    /// What rules that only log have told.
    pub(super) shadows: Shadows,
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
    /// Openings that could not be closed, and before when that is not tried again: each try is written down.
    pub(super) closing: BTreeMap<String, Instant>,
    /// The addresses that the kernel isolated when it was last asked.
    pub(super) isolated: BTreeSet<IpAddr>,
    /// What the firewall's program said last: the number that is confirmed, and the one on trial.
    pub(super) held: Option<(Option<u64>, Option<u64>)>,
    /// The version whose trial is over, where that could not be written down yet.
    pub(super) taken_back: Option<u64>,
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
            hits: Ledger::default(),
            shadows: Shadows::default(),
            pinholes: BTreeMap::new(),
            polled: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            unsaved: BTreeSet::new(),
            not_before: None,
            closing: BTreeMap::new(),
            isolated: BTreeSet::new(),
            held: None,
            taken_back: None,
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
        if let Some(kernel) = kernel {
            let held = (kernel.confirmed, kernel.trial.map(|(generation, _)| generation));
            if self.held.replace(held).is_some_and(|before| before != held) {
                self.shadows.forget();
            }
            self.isolated = kernel.isolated.iter().map(IpAddr::to_canonical).collect();
        }
        crate::metrics::policy_enforced(enforced);
        is_news
    }

    /// Whether the kernel holds a version that the store has on trial, by its last word; before its first word that is believed.
    pub(super) fn holds(&self, candidate: &Version) -> bool {
        let is_its = |number: Option<u64>| number.is_some() && number == candidate.generation;
        self.taken_back != Some(candidate.number)
            && self.held.is_none_or(|(confirmed, trial)| is_its(confirmed) || is_its(trial))
    }

    /// The addresses that the kernel isolates and nobody here knows why: left by an act that could not be written down.
    pub(super) fn strange(&self) -> Vec<IpAddr> {
        let known: BTreeSet<IpAddr> = self.quarantined.values().map(|it| it.address).collect();
        self.isolated.difference(&known).copied().collect()
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
