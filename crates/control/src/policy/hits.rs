//! What each rule has counted, added up over loads of the kernel, which begin at zero, and over starts of the appliance.

use super::Policies;
use jiff::Timestamp;
use model::enforcement::{Counted, KernelState};
use std::collections::{BTreeMap, BTreeSet};
use store::RuleHits;

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
    /// Since when they are counted: when it was first seen in the kernel.
    pub since: Timestamp,
    /// When it was last seen to count.
    pub last: Option<Timestamp>,
}

/// A rule, whatever stands before it and whatever version it is of: its scenario, its application and which of the rules of
/// that application; or why none decided.
type Identity = (String, String);

/// The chains of which plan: of the confirmed one, or of the one on trial.
type Chains = String;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    packets: u64,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Total {
    sum: Sum,
    since: Timestamp,
    last: Option<Timestamp>,
}

/// What rules have counted.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    totals: BTreeMap<Identity, Total>,
    /// What the kernel's counters showed last.
    seen: BTreeMap<(Chains, Identity), Sum>,
    /// What is loaded by the kernel's last word.
    held: Option<(Option<u64>, Option<u64>)>,
    /// What is not written down yet.
    unsaved: BTreeSet<Identity>,
}

/// The chains of what is confirmed, as their names begin.
const CONFIRMED: &str = "confirmed";

impl Ledger {
    /// What was written down before this start.
    pub(super) fn restore(&mut self, rows: Vec<RuleHits>) {
        for row in rows {
            let sum = Sum { packets: row.packets, bytes: row.bytes };
            let seen = Sum { packets: row.seen.0, bytes: row.seen.1 };
            let identity = (row.scenario, row.rule);
            self.seen.insert((CONFIRMED.to_owned(), identity.clone()), seen);
            self.totals.insert(identity, Total { sum, since: row.since, last: row.last });
        }
    }

    /// Everything was loaded anew: the kernel's counters begin at zero.
    pub(super) fn reloaded(&mut self) {
        self.seen.clear();
    }

    /// Takes the kernel's counters in.
    pub(super) fn see(&mut self, kernel: &KernelState, now: Timestamp) -> Vec<Hits> {
        let held = (kernel.confirmed, kernel.trial.map(|(generation, _)| generation));
        let is_first = self.held.is_none();
        if self.held.replace(held).is_some_and(|before| before != held) {
            self.reloaded();
        }
        let found = counters(&kernel.counters);
        let mut places = BTreeMap::new();
        for ((chains, identity), (place, sum)) in found {
            let is_new = !self.totals.contains_key(&identity);
            let new = Total { sum: Sum::default(), since: now, last: None };
            let total = self.totals.entry(identity.clone()).or_insert(new);
            let key = (chains, identity.clone());
            // What a trial has counted before this start is not known to have been told.
            let before =
                if is_first && key.0 != CONFIRMED { Some(sum) } else { self.seen.get(&key).copied() };
            let before = before.unwrap_or_default();
            // A counter that went back began at zero.
            let before = if sum.packets < before.packets { Sum::default() } else { before };
            if sum.packets > before.packets {
                total.sum.packets = total.sum.packets.saturating_add(sum.packets - before.packets);
                total.sum.bytes = total.sum.bytes.saturating_add(sum.bytes.saturating_sub(before.bytes));
                total.last = Some(now);
            }
            if self.seen.insert(key, sum) != Some(sum) || is_new {
                self.unsaved.insert(identity.clone());
            }
            // Where a trial is going on its places hold: they come first.
            places.entry(identity).or_insert(place);
        }
        let hit = |(identity, (rule, app_id)): (Identity, (Option<usize>, String))| {
            let total = self.totals.get(&identity)?;
            let Total { sum: Sum { packets, bytes }, since, last } = *total;
            Some(Hits { rule, app_id, packets, bytes, since, last })
        };
        let mut hits: Vec<Hits> = places.into_iter().filter_map(hit).collect();
        hits.sort_by(|a, b| (a.rule, &a.app_id).cmp(&(b.rule, &b.app_id)));
        hits
    }

    /// What has changed since it was last written down.
    fn take_unsaved(&mut self) -> Vec<RuleHits> {
        let unsaved = std::mem::take(&mut self.unsaved);
        let row = |identity: Identity| {
            let Total { sum, since, last } = *self.totals.get(&identity)?;
            let seen = self.seen.get(&(CONFIRMED.to_owned(), identity.clone())).copied().unwrap_or_default();
            let (scenario, rule) = identity;
            let (packets, bytes, seen) = (sum.packets, sum.bytes, (seen.packets, seen.bytes));
            Some(RuleHits { scenario, rule, packets, bytes, since, last, seen })
        };
        unsaved.into_iter().filter_map(row).collect()
    }

    fn put_back(&mut self, rows: Vec<RuleHits>) {
        self.unsaved.extend(rows.into_iter().map(|row| (row.scenario, row.rule)));
    }
}

/// Where a counter's rule stands, or why none decided.
type Place = (Option<usize>, String);

/// The kernel's counters, those of one rule added up.
fn counters(all: &[Counted]) -> BTreeMap<(Chains, Identity), (Place, Sum)> {
    let mut sums: BTreeMap<(Chains, String, Place), Sum> = BTreeMap::new();
    for counted in all {
        if let Some((scenario, place)) = origin(&counted.comment) {
            let chains = counted.chain.split('_').next().unwrap_or_default().to_owned();
            let sum = sums.entry((chains, scenario, place)).or_default();
            sum.packets = sum.packets.saturating_add(counted.packets);
            sum.bytes = sum.bytes.saturating_add(counted.bytes);
        }
    }
    // They come in the order of their places, so that the rules of an application are counted in it.
    let mut nth: BTreeMap<(Chains, String, String), usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for ((chains, scenario, (rule, app_id)), sum) in sums {
        let name = match rule {
            None => format!("/{app_id}"),
            Some(_) => {
                let nth = nth.entry((chains.clone(), scenario.clone(), app_id.clone())).or_default();
                *nth += 1;
                if *nth == 1 { app_id.clone() } else { format!("{app_id}#{nth}") }
            }
        };
        found.insert((chains, (scenario, name)), ((rule, app_id), sum));
    }
    found
}

/// What a rule's comment leads back to: `scenario/version/rule/application`, with a reason in the rule's place where none decided.
fn origin(comment: &str) -> Option<(String, Place)> {
    if comment.starts_with("unlogged/") {
        return None;
    }
    let mut parts = comment.rsplitn(4, '/');
    let (app_id, rule) = (parts.next()?, parts.next()?);
    let (_version, scenario) = (parts.next()?, parts.next()?);
    let place = match rule.parse() {
        Ok(index) => (Some(index), app_id.to_owned()),
        Err(_no_number) => (None, rule.to_owned()),
    };
    Some((scenario.to_owned(), place))
}

impl Policies {
    /// Looks at the kernel's counters and writes down what rules have counted. What cannot be written waits for the next time.
    pub(super) async fn count(&self) {
        if let Some(kernel) = self.note_kernel().await {
            let now = self.book().now();
            self.memory().hits.see(&kernel, now);
        }
        self.save_hits().await;
    }

    pub(super) async fn save_hits(&self) {
        let rows = self.memory().hits.take_unsaved();
        if rows.is_empty() {
            return;
        }
        if let Err(error) = self.store().put_rule_hits(rows.clone()).await {
            tracing::warn!(%error, "what rules have counted could not be written down; it is tried again");
            self.memory().hits.put_back(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: i64 = 1_780_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::new(FIRST + second, 0).unwrap()
    }

    fn counted(chain: &str, comment: &str, packets: u64) -> Counted {
        Counted { chain: chain.into(), comment: comment.into(), packets, bytes: packets * 100 }
    }

    fn kernel(confirmed: u64, counters: Vec<Counted>) -> KernelState {
        KernelState { confirmed: Some(confirmed), counters, ..KernelState::default() }
    }

    fn one(rule: usize, app: &str, packets: u64) -> Counted {
        counted(&format!("confirmed_rule_{rule}_in"), &format!("oob/1.0.0/{rule}/{app}"), packets)
    }

    #[test]
    fn counters_lead_back_to_their_rules() {
        let mut ledger = Ledger::default();
        let all = vec![
            one(1, "bmc", 5),
            counted("confirmed_rule_1_out", "oob/1.0.0/1/bmc", 7),
            counted("confirmed_rule_6_in_log", "unlogged/oob/1.0.0/6/clear", 3),
            counted("confirmed_default_i", "oob/1.0.0/default/-", 0),
            counted("input", "loopback", 9),
        ];
        let hits = ledger.see(&kernel(1, all), at(1));
        assert_eq!(hits.len(), 2, "{hits:?}");
        assert_eq!(
            (hits[0].rule, hits[0].app_id.as_str(), hits[0].packets, hits[0].last),
            (None, "default", 0, None)
        );
        assert_eq!(
            (hits[1].rule, hits[1].packets, hits[1].bytes, hits[1].last),
            (Some(1), 12, 1200, Some(at(1)))
        );
    }

    #[test]
    fn a_load_begins_at_zero_and_adds_up_and_a_rule_that_moved_is_the_same() {
        let mut ledger = Ledger::default();
        ledger.see(&kernel(1, vec![one(1, "bmc", 5), one(2, "dns", 1), one(3, "dns", 0)]), at(1));
        // Another rule stands before them now, and the counters have been past where they were.
        let hits = ledger.see(&kernel(2, vec![one(2, "bmc", 8), one(4, "dns", 0), one(5, "dns", 2)]), at(9));
        let told: Vec<_> = hits.iter().map(|hits| (hits.rule, hits.packets, hits.since, hits.last)).collect();
        assert_eq!(
            told,
            [
                (Some(2), 13, at(1), Some(at(9))),
                (Some(4), 1, at(1), Some(at(1))),
                (Some(5), 2, at(1), Some(at(9)))
            ]
        );
        // The same was loaded anew.
        ledger.reloaded();
        assert_eq!(ledger.see(&kernel(2, vec![one(2, "bmc", 9)]), at(10))[0].packets, 22);
        // Nobody said so, but it shows.
        assert_eq!(ledger.see(&kernel(2, vec![one(2, "bmc", 1)]), at(11))[0].packets, 23);
    }

    #[test]
    fn a_restart_goes_on_where_the_kernel_is() {
        let mut ledger = Ledger::default();
        ledger.see(&kernel(1, vec![one(1, "bmc", 5)]), at(1));
        let rows = ledger.take_unsaved();
        assert_eq!((rows.len(), rows[0].rule.as_str(), rows[0].seen), (1, "bmc", (5, 500)));
        assert!(ledger.take_unsaved().is_empty());
        let mut next = Ledger::default();
        next.restore(rows.clone());
        let on_trial = counted("candidate_rule_1_in", "oob/2.0.0/1/bmc", 4);
        let mut state = kernel(1, vec![one(1, "bmc", 8), on_trial]);
        state.trial = Some((2, 30));
        let hits = next.see(&state, at(99));
        assert_eq!((hits.len(), hits[0].packets, hits[0].bytes, hits[0].since), (1, 8, 800, at(1)));
        let mut idle = Ledger::default();
        idle.restore(rows);
        let hits = idle.see(&kernel(1, vec![one(1, "bmc", 5)]), at(99));
        assert_eq!((hits[0].packets, hits[0].last), (5, Some(at(1))), "it has not counted since");
    }
}
