//! Which device of a job comes next, and when; pure.
//!
//! Groups (racks, feeds) take turns, so that a job is spread over them and not done one group after the other.

use model::job::Pacing;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Begin with this item.
    Start(usize),
    /// Nothing may begin before then, unless an act ends.
    Wait(Instant),
    /// Nothing may begin before an act ends.
    Full,
    /// Nothing is left to begin.
    Empty,
}

/// One group's part of the queue.
#[derive(Debug, Default)]
struct Group {
    waiting: VecDeque<usize>,
    running: u16,
    not_before: Option<Instant>,
}

/// The items of a job that wait, by group.
#[derive(Debug)]
pub struct Queue {
    at_once: u16,
    group_at_once: u16,
    pause: Duration,
    stop_percent: u64,
    stop_after: u64,
    groups: Vec<Group>,
    group_of: HashMap<usize, usize>,
    turn: usize,
    running: u16,
    ended: u64,
    failed: u64,
}

impl Queue {
    /// The items that wait, each with its group's name.
    #[must_use]
    pub fn new<'a>(pacing: &Pacing, waiting: impl IntoIterator<Item = (usize, &'a str)>) -> Self {
        let mut named: HashMap<&str, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of = HashMap::new();
        for (item, name) in waiting {
            let at = *named.entry(name).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            group_of.insert(item, at);
            if let Some(group) = groups.get_mut(at) {
                group.waiting.push_back(item);
            }
        }
        let at_once = pacing.at_once.max(1);
        Self {
            at_once,
            group_at_once: if pacing.group_at_once == 0 { at_once } else { pacing.group_at_once },
            pause: Duration::from_millis(pacing.pause_ms.into()),
            stop_percent: pacing.stop_percent.into(),
            stop_after: pacing.stop_after.max(1).into(),
            groups,
            group_of,
            turn: 0,
            running: 0,
            ended: 0,
            failed: 0,
        }
    }

    /// What to do at `now`. After [`Next::Start`] the item counts as running.
    pub fn next(&mut self, now: Instant) -> Next {
        if self.groups.iter().all(|group| group.waiting.is_empty()) {
            return Next::Empty;
        }
        if self.running >= self.at_once {
            return Next::Full;
        }
        let mut soonest: Option<Instant> = None;
        for step in 0..self.groups.len() {
            let at = (self.turn + step) % self.groups.len();
            let Some(group) = self.groups.get_mut(at) else { continue };
            if group.waiting.is_empty() || group.running >= self.group_at_once {
                continue;
            }
            if let Some(not_before) = group.not_before.filter(|not_before| *not_before > now) {
                soonest = Some(soonest.map_or(not_before, |soonest| soonest.min(not_before)));
                continue;
            }
            let Some(item) = group.waiting.pop_front() else { continue };
            group.running += 1;
            group.not_before = Some(now + self.pause);
            self.running += 1;
            self.turn = at + 1;
            return Next::Start(item);
        }
        soonest.map_or(Next::Full, Next::Wait)
    }

    /// An item's act has ended.
    pub fn ended(&mut self, item: usize, failed: bool) {
        self.ended += 1;
        self.failed += u64::from(failed);
        self.running = self.running.saturating_sub(1);
        if let Some(group) = self.group_of.get(&item).and_then(|at| self.groups.get_mut(*at)) {
            group.running = group.running.saturating_sub(1);
        }
    }

    /// Why the job should stop, if so many failed that going on would only break more.
    #[must_use]
    pub fn too_many_failed(&self) -> Option<String> {
        let over = self.stop_percent > 0
            && self.ended >= self.stop_after
            && self.failed * 100 >= self.ended * self.stop_percent;
        over.then(|| {
            format!(
                "{} of the {} acts that ended have failed; nothing more was begun",
                self.failed, self.ended
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacing() -> Pacing {
        Pacing { at_once: 3, group_by: Some("rack".into()), ..Pacing::default() }
    }

    const ITEMS: [(usize, &str); 6] = [(0, "a"), (1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "c")];

    fn starts(queue: &mut Queue, now: Instant) -> Vec<usize> {
        std::iter::from_fn(|| match queue.next(now) {
            Next::Start(item) => Some(item),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn groups_take_turns_and_no_more_than_allowed_run() {
        let now = Instant::now();
        let mut queue = Queue::new(&pacing(), ITEMS);
        assert_eq!(starts(&mut queue, now), [0, 3, 5]);
        assert_eq!(queue.next(now), Next::Full);
        queue.ended(3, false);
        assert_eq!(starts(&mut queue, now), [1]);
        [0, 5, 1].into_iter().for_each(|item| queue.ended(item, false));
        assert_eq!(starts(&mut queue, now), [4, 2]);
        assert_eq!(queue.next(now), Next::Empty);
    }

    #[test]
    fn a_group_is_never_over_its_own_limit() {
        let now = Instant::now();
        let mut queue = Queue::new(&Pacing { group_at_once: 1, ..pacing() }, ITEMS);
        assert_eq!(starts(&mut queue, now), [0, 3, 5]);
        queue.ended(5, false);
        assert_eq!(queue.next(now), Next::Full, "rack c is done, racks a and b have one each");
        queue.ended(0, false);
        assert_eq!(starts(&mut queue, now), [1]);
    }

    #[test]
    fn starts_in_one_group_are_apart_and_other_groups_go_on() {
        let now = Instant::now();
        let mut queue = Queue::new(&Pacing { at_once: 16, pause_ms: 250, ..pacing() }, ITEMS);
        assert_eq!(starts(&mut queue, now), [0, 3, 5]);
        let later = now + Duration::from_millis(250);
        assert_eq!(queue.next(now), Next::Wait(later));
        assert_eq!(starts(&mut queue, later), [1, 4]);
        assert_eq!(starts(&mut queue, later + Duration::from_millis(250)), [2]);
    }

    #[test]
    fn it_says_when_too_many_failed_but_not_before_enough_ended() {
        let mut queue = Queue::new(&Pacing { stop_percent: 50, stop_after: 4, ..pacing() }, ITEMS);
        let now = Instant::now();
        starts(&mut queue, now);
        [0, 3, 5].into_iter().for_each(|item| queue.ended(item, true));
        assert_eq!(queue.too_many_failed(), None);
        starts(&mut queue, now);
        queue.ended(1, false);
        assert!(queue.too_many_failed().unwrap().starts_with("3 of the 4 acts"));
        let mut never = Queue::new(&Pacing { stop_percent: 0, ..pacing() }, ITEMS);
        (0..6).for_each(|item| never.ended(item, true));
        assert_eq!(never.too_many_failed(), None);
    }

    /// Whatever order acts end in: every item begins once, and no limit is ever broken.
    #[test]
    fn every_item_begins_once_within_the_limits() {
        for seed in 0..200_u64 {
            let mut dice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut roll = |sides: u64| {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                dice % sides
            };
            let racks = ["a", "b", "c", "d"];
            let items: Vec<(usize, &str)> = (0..40).map(|item| (item, racks[roll(4) as usize])).collect();
            let pacing = Pacing {
                at_once: 1 + roll(8) as u16,
                group_at_once: roll(4) as u16,
                pause_ms: roll(3) as u32 * 100,
                ..pacing()
            };
            let mut queue = Queue::new(&pacing, items.iter().copied());
            let (mut now, mut running, mut seen) = (Instant::now(), Vec::new(), Vec::new());
            let mut last: HashMap<&str, Instant> = HashMap::new();
            loop {
                match queue.next(now) {
                    Next::Start(item) => {
                        let rack = items[item].1;
                        if let Some(before) = last.insert(rack, now) {
                            assert!(now - before >= Duration::from_millis(pacing.pause_ms.into()));
                        }
                        running.push(item);
                        seen.push(item);
                        let alike = running.iter().filter(|other| items[**other].1 == rack).count();
                        assert!(running.len() <= pacing.at_once.into());
                        assert!(pacing.group_at_once == 0 || alike <= pacing.group_at_once.into());
                    }
                    Next::Wait(until) if running.is_empty() || roll(2) == 0 => now = until,
                    Next::Empty if running.is_empty() => break,
                    Next::Wait(_) | Next::Full | Next::Empty => {
                        let item = running.swap_remove(roll(running.len() as u64) as usize);
                        queue.ended(item, roll(5) == 0);
                    }
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..40).collect::<Vec<_>>(), "seed {seed}");
        }
    }
}
