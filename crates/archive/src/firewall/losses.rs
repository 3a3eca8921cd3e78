//! What is missing, put together: thousands of gaps a second are one.

use jiff::{SignedDuration, Timestamp};
use model::firewall_log::{Loss, Query, Whose};

/// Losses of one kind that are no further apart are one.
const NEAR: SignedDuration = SignedDuration::from_mins(1);
/// So many are kept apart; past that those of a kind are put together however far apart they are.
const MOST: usize = 256;

/// What is missing, by when it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(Vec<Loss>);

impl Losses {
    /// All of them.
    pub fn all(&self) -> &[Loss] {
        &self.0
    }

    /// Whether nothing is missing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one.
    pub fn add(&mut self, loss: Loss) {
        let is_full = self.0.len() >= MOST;
        let near = |known: &&mut Loss| {
            known.why == loss.why
                && (is_full || (starts(&loss) <= later(known.to) && starts(known) <= later(loss.to)))
                && (is_full || known.count.is_some() == loss.count.is_some())
        };
        match self.0.iter_mut().rev().find(near) {
            Some(known) => {
                known.from = known.from.min(loss.from);
                known.to = known.to.max(loss.to);
                known.count = known.count.zip(loss.count).map(|(one, other)| one.saturating_add(other));
            }
            // There is one of its kind among so many: there are only nine kinds.
            None => self.0.push(loss),
        }
    }

    /// Adds those.
    pub fn extend(&mut self, losses: impl IntoIterator<Item = Loss>) {
        losses.into_iter().for_each(|loss| self.add(loss));
    }

    /// What concerns a query that is asked now; what began last first.
    pub fn of(&self, query: &Query, now: Timestamp) -> Vec<Loss> {
        let (since, until) = (query.since.unwrap_or(Timestamp::MIN), query.until.unwrap_or(now));
        let concerns = |loss: &&Loss| {
            loss.from <= until
                && loss.to >= since
                && (!loss.why.is_ours() || !matches!(query.whose, Whose::Of(_)))
        };
        let mut concerning: Vec<Loss> = self.0.iter().filter(concerns).copied().collect();
        concerning.sort_by_key(|loss| std::cmp::Reverse(loss.from));
        concerning
    }
}

const fn starts(loss: &Loss) -> Timestamp {
    loss.from
}

fn later(at: Timestamp) -> Timestamp {
    at.checked_add(NEAR).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::firewall_log::Why;

    fn loss(second: i64, why: Why, count: Option<u64>) -> Loss {
        let at = Timestamp::from_second(1_800_000_000 + second).unwrap();
        Loss { from: at, to: at, why, count }
    }

    #[test]
    fn what_is_near_and_of_a_kind_is_one() {
        let mut losses = Losses::default();
        for second in 0..1000 {
            losses.add(loss(second, Why::Kernel, Some(2)));
            losses.add(loss(second, Why::Disk, Some(1)));
        }
        losses.add(loss(5000, Why::Kernel, Some(7)));
        losses.add(loss(5000, Why::Crash, None));
        let [kernel, disk, later, crash] = losses.all() else { panic!("{losses:?}") };
        assert_eq!(
            (kernel.count, disk.count, later.count, crash.count),
            (Some(2000), Some(1000), Some(7), None)
        );
        assert_eq!(kernel.to.as_second() - kernel.from.as_second(), 999);
    }

    #[test]
    fn however_many_there_are_they_are_bounded_and_none_is_forgotten() {
        let mut losses = Losses::default();
        for n in 0..10_000 {
            losses.add(loss(n * 3600, Why::ALL[n as usize % 9], Some(1)));
        }
        assert!(losses.all().len() <= MOST + 9, "{}", losses.all().len());
        assert_eq!(losses.all().iter().filter_map(|loss| loss.count).sum::<u64>(), 10_000);
    }

    #[test]
    fn a_query_is_told_what_concerns_it() {
        let mut losses = Losses::default();
        losses.add(loss(0, Why::Kernel, Some(1)));
        losses.add(loss(7200, Why::Disk, Some(2)));
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).ok();
        let now = at(10_000).unwrap();
        let of =
            |query: Query| losses.of(&query, now).iter().filter_map(|loss| loss.count).collect::<Vec<_>>();
        assert_eq!(of(Query::default()), [2, 1]);
        assert_eq!(of(Query { since: at(1), ..Query::default() }), [2]);
        assert_eq!(of(Query { until: at(1), ..Query::default() }), [1]);
        assert_eq!(of(Query { since: at(1), until: at(7199), ..Query::default() }), [0; 0]);
        assert_eq!(of(Query { whose: Whose::Of("pf".into()), ..Query::default() }), [2]);
    }
}
