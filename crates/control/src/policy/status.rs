//! How things stand: what is in force by the kernel's own word, and what the store knows about it.

use super::Policies;
use jiff::Timestamp;
use model::enforcement::{Counted, Enforced, KernelState, Version, VersionState};
use model::event::PolicyStep;
use model::{Actor, Failure, Kind};
use std::collections::BTreeMap;

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
    /// What the rules have counted since they were loaded.
    pub hits: Vec<Hits>,
    /// Since when hits are watched: the appliance's start.
    pub watched_since: Timestamp,
    /// Openings that somebody asked for.
    pub pinholes: usize,
    /// Controllers that are kept reachable for being read.
    pub polled: usize,
    /// Devices that are cut off.
    pub quarantined: usize,
    /// Log records read since the appliance started, and lost between the kernel and here.
    pub log: (u64, u64),
}

/// What a rule has counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    /// Its place in the scenario; none for what no rule decided.
    pub rule: Option<usize>,
    /// Its application, or why none decided.
    pub app_id: String,
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When it was last seen to count.
    pub last: Option<Timestamp>,
}

/// What is counted together: a rule with its application, or a reason.
type Key = (Option<usize>, String);

/// When each rule was last seen to count, across loads.
#[derive(Debug, Default)]
pub(super) struct LastHits(BTreeMap<Key, (u64, Option<Timestamp>)>);

impl LastHits {
    /// Takes the kernel's counters in.
    pub(super) fn see(&mut self, counters: &[Counted], now: Timestamp) -> Vec<Hits> {
        let mut sums: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
        for counted in counters {
            if let Some(key) = key(&counted.comment) {
                let sum = sums.entry(key).or_default();
                sum.0 = sum.0.saturating_add(counted.packets);
                sum.1 = sum.1.saturating_add(counted.bytes);
            }
        }
        let mut hits = Vec::with_capacity(sums.len());
        for (key, (packets, bytes)) in sums {
            let known = self.0.entry(key.clone()).or_insert((packets, None));
            // A load begins at zero again.
            if packets > known.0 || (packets > 0 && packets < known.0) {
                known.1 = Some(now);
            }
            known.0 = packets;
            hits.push(Hits { rule: key.0, app_id: key.1, packets, bytes, last: known.1 });
        }
        hits
    }
}

/// What a rule's comment leads back to: `scenario/version/rule/application`, or a reason in the rule's place.
fn key(comment: &str) -> Option<Key> {
    let mut parts = comment.rsplit('/');
    let (app_id, rule) = (parts.next()?, parts.next()?);
    parts.next()?;
    if comment.starts_with("unlogged/") {
        return None;
    }
    match rule.parse() {
        Ok(index) => Some((Some(index), app_id.to_owned())),
        Err(_no_number) => Some((None, rule.to_owned())),
    }
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
        let kernel = kernel.unwrap_or_default();
        let is_candidates = |number: Option<u64>| {
            number.is_some() && candidate.as_ref().is_some_and(|version| version.generation == number)
        };
        let left = kernel.trial.filter(|(number, _)| is_candidates(Some(*number)));
        let confirmed = if is_candidates(kernel.confirmed) { candidate.clone() } else { confirmed };
        let mut memory = self.memory();
        Ok(Status {
            enforced: memory.enforced,
            program,
            trial: candidate.zip(left).map(|(version, (_, seconds))| (version, seconds)),
            confirmed,
            disagreement,
            hits: memory.hits.see(&kernel.counters, now),
            watched_since: self.started,
            drift: kernel.drift,
            earlier: kernel.earlier,
            pinholes: memory.pinholes.values().filter(|it| it.until > now).count(),
            polled: memory.polled.len(),
            quarantined: memory.quarantined.len(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(comment: &str, packets: u64) -> Counted {
        Counted { chain: "c".into(), comment: comment.into(), packets, bytes: packets * 100 }
    }

    #[test]
    fn counters_lead_back_to_their_rules_and_a_new_load_begins_anew() {
        let at = |second: i64| Timestamp::new(1_780_000_000 + second, 0).unwrap();
        let mut last = LastHits::default();
        let first = [
            counted("oob/1.0.0/1/bmc_management", 5),
            counted("oob/1.0.0/1/bmc_management", 7),
            counted("unlogged/oob/1.0.0/6/clear", 3),
            counted("oob/1.0.0/default/-", 0),
            counted("loopback", 9),
        ];
        let hits = last.see(&first, at(1));
        assert_eq!(hits.len(), 2, "{hits:?}");
        assert_eq!((hits[0].rule, hits[0].app_id.as_str(), hits[0].packets), (None, "default", 0));
        assert_eq!((hits[1].rule, hits[1].packets, hits[1].bytes, hits[1].last), (Some(1), 12, 1200, None));
        let more = last.see(&[counted("oob/1.0.0/1/bmc_management", 13)], at(2));
        assert_eq!(more[0].last, Some(at(2)));
        let same = last.see(&[counted("oob/1.0.0/1/bmc_management", 13)], at(3));
        assert_eq!(same[0].last, Some(at(2)));
        let loaded = last.see(&[counted("oob/2.0.0/1/bmc_management", 1)], at(4));
        assert_eq!(loaded[0].last, Some(at(4)));
    }
}
