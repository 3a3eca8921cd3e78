//! One count of tries with its lock, and a bounded table of them.

use super::CAPACITY;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

const FIRST_LOCK: SignedDuration = SignedDuration::from_mins(15);
const LONGEST_LOCK: SignedDuration = SignedDuration::from_hours(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// When a count slows, locks and forgets.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// From how many tries on there is a wait before the next.
    pub(super) slow_from: Option<u32>,
    /// At how many it locks.
    pub(super) lock_at: u32,
    /// How long until one try is forgotten.
    pub(super) forget_one_in: SignedDuration,
}

/// Tries that were charged, and the lock that they led to.
pub(super) struct Count {
    tries: u32,
    last: Timestamp,
    /// What `last` was before the newest charge, for taking that charge back.
    before: Timestamp,
    forgotten_at: Timestamp,
    lock: Option<(Timestamp, SignedDuration)>,
    /// Whether somebody was told of the lock.
    told: bool,
    locks: u32,
}

impl Count {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { tries: 0, last: now, before: now, forgotten_at: now, lock: None, told: false, locks: 0 }
    }

    pub(super) const fn last(&self) -> Timestamp {
        self.last
    }

    /// Brings the count to `now`: what is over is over. A clock set back lengthens nothing.
    fn refresh(&mut self, now: Timestamp, rule: Rule) {
        self.last = self.last.min(now);
        self.before = self.before.min(now);
        self.forgotten_at = self.forgotten_at.min(now);
        if let Some((since, length)) = &mut self.lock {
            *since = (*since).min(now);
            let end = after(*since, *length);
            if now < end {
                return;
            }
            self.lock = None;
            self.tries = rule.lock_at / 2;
            self.forgotten_at = end;
        }
        self.forget(now, rule);
    }

    fn forget(&mut self, now: Timestamp, rule: Rule) {
        let step = rule.forget_one_in.as_secs().max(1);
        let steps = now.duration_since(self.forgotten_at).as_secs() / step;
        let forgotten = u32::try_from(steps).unwrap_or(u32::MAX);
        if forgotten >= self.tries {
            self.tries = 0;
            self.forgotten_at = now;
            // A long quiet after the last try: the next lock is a first one again.
            if now.duration_since(self.last) >= LONGEST_LOCK {
                self.locks = 0;
            }
        } else {
            self.tries -= forgotten;
            self.forgotten_at = after(self.forgotten_at, SignedDuration::from_secs(steps * step));
        }
    }

    pub(super) fn charge(&mut self, now: Timestamp) {
        self.tries = self.tries.saturating_add(1);
        self.before = self.last;
        self.last = now;
    }

    pub(super) const fn refund(&mut self) {
        self.tries = self.tries.saturating_sub(1);
        self.last = self.before;
    }

    /// The end of the lock that holds; full counts are locked now.
    pub(super) fn lock_when_full(&mut self, now: Timestamp, rule: Rule) -> Option<Timestamp> {
        if self.lock.is_none() && self.tries >= rule.lock_at {
            let doubled = FIRST_LOCK.checked_mul(1 << self.locks.min(8)).unwrap_or(LONGEST_LOCK);
            self.lock = Some((now, doubled.min(LONGEST_LOCK)));
            self.told = false;
            self.locks = self.locks.saturating_add(1);
            self.last = now;
        }
        self.locked_until()
    }

    /// The end of the lock that holds, once for each lock: tries in parallel fill a count before the first of
    /// them is known to have failed, so the lock may be older than whoever tells of it.
    pub(super) fn newly_locked(&mut self, now: Timestamp, rule: Rule) -> Option<Timestamp> {
        let until = self.lock_when_full(now, rule)?;
        let news = !std::mem::replace(&mut self.told, true);
        news.then_some(until)
    }

    fn locked_until(&self) -> Option<Timestamp> {
        self.lock.map(|(since, length)| after(since, length))
    }

    /// How long the next try has to wait still.
    pub(super) fn wait(&self, now: Timestamp, rule: Rule) -> Option<Duration> {
        let beyond = self.tries.checked_sub(rule.slow_from?)?;
        let whole = SignedDuration::from_secs(1 << beyond.min(16)).min(LONGEST_WAIT);
        let left = after(self.last, whole).duration_since(now);
        Duration::try_from(left).ok().filter(|left| !left.is_zero())
    }
}

fn after(from: Timestamp, span: SignedDuration) -> Timestamp {
    from.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// At most [`CAPACITY`] counts by key.
pub(super) struct Table<K>(HashMap<K, Count>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Table<K> {
    /// The count of a key, brought to `now`; made if it is new.
    pub(super) fn at(&mut self, key: K, now: Timestamp, rule: Rule) -> &mut Count {
        if !self.0.contains_key(&key) {
            self.make_room();
        }
        let count = self.0.entry(key).or_insert_with(|| Count::new(now));
        count.refresh(now, rule);
        count
    }

    pub(super) fn put(&mut self, key: K, count: Count) {
        if !self.0.contains_key(&key) {
            self.make_room();
        }
        self.0.insert(key, count);
    }

    pub(super) fn get(&self, key: &K) -> Option<&Count> {
        self.0.get(key)
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.0.remove(key);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| keep(key));
    }

    pub(super) fn locked(&self, now: Timestamp) -> impl Iterator<Item = (&K, Timestamp)> {
        let until = move |count: &Count| count.locked_until().filter(|until| now < *until);
        self.0.iter().filter_map(move |(key, count)| Some((key, until(count)?)))
    }

    /// Drops the count unused for longest, unlocked ones first, when the table is full.
    fn make_room(&mut self) {
        if self.0.len() < CAPACITY {
            return;
        }
        let oldest = self
            .0
            .iter()
            .min_by_key(|(_, count)| (count.lock.is_some(), count.last))
            .map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.0.remove(&key);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
