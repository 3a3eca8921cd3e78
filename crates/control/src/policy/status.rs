//! How things stand: what is in force by the kernel's own word, and what the store knows about it.

use super::Policies;
use super::hits::Hits;
use super::shadow::Cost;
use model::enforcement::{Enforced, KernelState, Version, VersionState};
use model::event::PolicyStep;
use model::{Actor, Failure, Kind};
use std::net::IpAddr;

/// How things stand.
#[derive(Clone, Debug)]
pub struct Status {
    /// What the kernel enforces.
    pub enforced: Enforced,
    /// Why the firewall's program does not answer; none where it does.
    pub program: Option<String>,
    /// The confirmed version.
    pub confirmed: Option<Version>,
    /// The version on trial, and the seconds that are left of it.
    pub trial: Option<(Version, u32)>,
    /// Where kernel and store disagree about which version holds.
    pub disagreement: Option<String>,
    /// Where the kernel differs from what was loaded.
    pub drift: Vec<String>,
    /// Chains of other tables that see packets before ours do.
    pub earlier: Vec<String>,
    /// What the rules in the kernel have counted, over loads and restarts.
    pub hits: Vec<Hits>,
    /// What the rules that only log would have cost.
    pub shadow: Vec<Cost>,
    /// Openings that somebody asked for.
    pub pinholes: usize,
    /// Controllers that are kept reachable for being read.
    pub polled: usize,
    /// Devices that are cut off.
    pub quarantined: usize,
    /// Addresses that the kernel isolates and nobody here knows why.
    pub strange: Vec<IpAddr>,
    /// Log records read since the appliance started, and lost between the kernel and here.
    pub log: (u64, u64),
}

impl Policies {
    /// How things stand, by the kernel's own word.
    ///
    /// # Errors
    /// `Refused` without a grant; `Unavailable` if the store cannot be read.
    pub async fn status(&self, actor: &Actor) -> Result<Status, Failure> {
        self.check_reader(actor)?;
        let asked = self.enforcer.state().await;
        let versions = self.all().await?;
        let only = |state| store::only_policy(&versions, state).cloned();
        let (confirmed, candidate) = (only(VersionState::Confirmed), only(VersionState::Candidate));
        let now = self.book().now();
        let (kernel, program) = match asked {
            Ok(kernel) => (Some(kernel), None),
            Err(failure) => (None, Some(why(&failure))),
        };
        let is_news = self.memory().note(kernel.as_ref(), program.clone());
        if is_news {
            self.tell(PolicyStep::Program, None);
        }
        let disagreement =
            kernel.as_ref().and_then(|it| disagreement(it, confirmed.as_ref(), candidate.as_ref()));
        let hits = kernel.as_ref().map(|kernel| self.memory().hits.see(kernel, now)).unwrap_or_default();
        let shadow = self.costs(actor, &hits).await;
        let kernel = kernel.unwrap_or_default();
        let is_candidates = |number: Option<u64>| {
            number.is_some() && candidate.as_ref().is_some_and(|version| version.generation == number)
        };
        let left = kernel.trial.filter(|(number, _)| is_candidates(Some(*number)));
        let confirmed = if is_candidates(kernel.confirmed) { candidate.clone() } else { confirmed };
        let memory = self.memory();
        Ok(Status {
            enforced: memory.enforced,
            program,
            trial: candidate.zip(left).map(|(version, (_, seconds))| (version, seconds)),
            confirmed,
            disagreement,
            hits,
            shadow,
            drift: kernel.drift,
            earlier: kernel.earlier,
            pinholes: memory.pinholes.values().filter(|it| it.until > now).count(),
            polled: memory.polled.len(),
            quarantined: memory.quarantined.len(),
            strange: memory.strange(),
            log: memory.log,
        })
    }

    /// What the kernel enforced when it was last asked; for what every page says.
    #[must_use]
    pub fn enforced(&self) -> Enforced {
        self.memory().enforced
    }
}

/// What the kernel's word comes to.
pub(super) const fn enforced(kernel: &KernelState) -> Enforced {
    match kernel {
        KernelState { shut: true, .. } => Enforced::Shut,
        KernelState { trial: Some(_), .. } => Enforced::Trial,
        KernelState { confirmed: Some(_), .. } => Enforced::Confirmed,
        _ => Enforced::Nothing,
    }
}

/// A failure for people who asked for something else.
pub(super) fn why(failure: &Failure) -> String {
    match failure.kind {
        Kind::Unavailable => failure.cause.clone(),
        _ => failure.to_string(),
    }
}

fn disagreement(
    kernel: &KernelState,
    confirmed: Option<&Version>,
    candidate: Option<&Version>,
) -> Option<String> {
    let known = confirmed.and_then(|version| version.generation);
    let is_in_force =
        |version: &&Version| version.generation.is_some() && version.generation == kernel.confirmed;
    match (kernel.confirmed, known) {
        (held, known) if held == known => None,
        _ if let Some(version) = candidate.filter(is_in_force) => Some(format!(
            "{} is in force, but that could not be written down yet: is there room on the appliance's disk? It is tried again",
            super::subject(version.number)
        )),
        (Some(held), _) => Some(format!(
            "the kernel holds policy number {held}, which no version here has: was the appliance restored from a backup?"
        )),
        (None, _) => Some("a version is confirmed here, but the firewall's program knows of none".to_owned()),
    }
}
