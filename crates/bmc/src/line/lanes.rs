//! Four queues of requests: which goes next, and which are answered by one that was asked already. Pure.
//!
//! The control lane keeps its order and sends one request at a time; while one of it waits or is under way, the
//! lanes below start nothing. Below it a higher lane goes first, but a lane that waits is passed over at most
//! [`PATIENCE`] times in a row.

use model::traffic::Lane;
use std::collections::VecDeque;
use tokio::time::Instant;

/// So often a lane that waits is passed over by those between it and the control lane; then it has its turn.
pub const PATIENCE: u32 = 8;

/// What is put into a lane.
#[derive(Clone, Debug)]
pub struct Put<R> {
    /// Into which.
    pub lane: Lane,
    /// Two requests with the same key may share an answer: the path of a plain GET.
    pub key: Option<String>,
    /// Whether it changes something: no answer that was asked for before it is shared with a request after it.
    pub writes: bool,
    /// Whether a person waits for it: it is sent even to a controller that is left alone.
    pub urgent: bool,
    /// Whether nobody waits for its answer yet: it goes after those of its lane for which somebody does.
    pub ahead: bool,
    /// The request itself.
    pub request: R,
}

/// A request that waits.
#[derive(Debug)]
struct Entry<R, W> {
    put: Put<R>,
    ticket: u64,
    generation: u64,
    waiters: Vec<W>,
    not_before: Option<Instant>,
    sent: u32,
    asked_at: Instant,
}

impl<R, W> Entry<R, W> {
    fn is_ready(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    fn shares(&self, key: &str, generation: u64) -> bool {
        self.generation == generation && self.put.key.as_deref() == Some(key)
    }
}

/// A request that is to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started<R> {
    /// By which it is known from now on.
    pub ticket: u64,
    /// From which lane.
    pub lane: Lane,
    /// Whether a person waits for it.
    pub urgent: bool,
    /// How often it was sent before.
    pub sent: u32,
    /// How many requests are under way with it.
    pub together: usize,
    /// When it was asked for.
    pub asked_at: Instant,
    /// The request itself.
    pub request: R,
}

/// Who waited for a request that ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended<W> {
    /// From which lane it was.
    pub lane: Lane,
    /// Who waits for its answer.
    pub waiters: Vec<W>,
}

/// How much may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many at once.
    pub limit: usize,
    /// Whether the control lane may have one more.
    pub extra: bool,
    /// Whether only what a person waits for may be sent.
    pub only_urgent: bool,
    /// Whether only the control lane may send.
    pub only_control: bool,
}

/// The lanes of one controller.
#[derive(Debug)]
pub struct Lanes<R, W> {
    queues: [VecDeque<Entry<R, W>>; 4],
    flying: Vec<Entry<R, W>>,
    passed_over: [u32; 4],
    generation: u64,
    next_ticket: u64,
}

impl<R, W> Default for Lanes<R, W> {
    fn default() -> Self {
        Self {
            queues: [VecDeque::new(), VecDeque::new(), VecDeque::new(), VecDeque::new()],
            flying: Vec::new(),
            passed_over: [0; 4],
            generation: 0,
            next_ticket: 1,
        }
    }
}

impl<R: Clone, W> Lanes<R, W> {
    /// Takes a request in. True if it shares the answer of one that was asked for already.
    ///
    /// A request of the control lane shares no answer that is under way for a lane below: that one may hang.
    pub fn put(&mut self, mut put: Put<R>, waiter: W, now: Instant) -> bool {
        // The control lane keeps its order.
        put.ahead &= put.lane != Lane::Control;
        if put.writes {
            self.generation += 1;
        }
        let Some(waiter) = self.share(&put, waiter) else { return true };
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let generation = self.generation;
        let entry = Entry {
            put,
            ticket,
            generation,
            waiters: vec![waiter],
            not_before: None,
            sent: 0,
            asked_at: now,
        };
        self.insert(entry);
        false
    }

    /// Gives the waiter back if there is nothing to share.
    fn share(&mut self, put: &Put<R>, waiter: W) -> Option<W> {
        let Some(key) = put.key.as_deref() else { return Some(waiter) };
        let generation = self.generation;
        let same = |entry: &&mut Entry<R, W>| {
            entry.shares(key, generation) && (put.lane != Lane::Control || entry.put.lane == Lane::Control)
        };
        if let Some(flight) = self.flying.iter_mut().find(same) {
            flight.waiters.push(waiter);
            return None;
        }
        let found = Lane::ALL.into_iter().find_map(|lane| {
            let at = self.queue(lane).iter().position(|entry| entry.shares(key, generation))?;
            Some((lane, at))
        });
        let Some((lane, at)) = found else { return Some(waiter) };
        let Some(mut entry) = self.queue_mut(lane).remove(at) else { return Some(waiter) };
        entry.waiters.push(waiter);
        entry.put.urgent |= put.urgent;
        let lifted = put.lane < lane || entry.put.ahead && !put.ahead;
        entry.put.lane = entry.put.lane.min(put.lane);
        entry.put.ahead &= put.ahead;
        if lifted {
            self.insert(entry);
        } else {
            self.queue_mut(lane).insert(at, entry);
        }
        None
    }

    /// Behind those of its lane for which somebody waits; what is asked for ahead goes to the end.
    fn insert(&mut self, entry: Entry<R, W>) {
        let queue = self.queue_mut(entry.put.lane);
        let at = if entry.put.ahead { None } else { queue.iter().position(|other| other.put.ahead) };
        queue.insert(at.unwrap_or(queue.len()), entry);
    }

    /// The request that is to be sent now, if there is one and room for it. Call until there is none.
    pub fn start(&mut self, room: Room, now: Instant) -> Option<Started<R>> {
        let (lane, at) = self.next(room, now)?;
        let mut entry = self.queue_mut(lane).remove(at)?;
        if lane != Lane::Control {
            for below in Lane::ALL.into_iter().filter(|other| *other > lane) {
                let waits = !self.queue(below).is_empty();
                if let Some(count) = self.passed_over.get_mut(below as usize) {
                    *count = if waits { count.saturating_add(1) } else { 0 };
                }
            }
            if let Some(count) = self.passed_over.get_mut(lane as usize) {
                *count = 0;
            }
        }
        let started = Started {
            ticket: entry.ticket,
            lane,
            urgent: entry.put.urgent,
            sent: entry.sent,
            together: self.flying.len() + 1,
            asked_at: entry.asked_at,
            request: entry.put.request.clone(),
        };
        entry.sent = entry.sent.saturating_add(1);
        entry.put.ahead = false;
        self.flying.push(entry);
        Some(started)
    }

    fn next(&self, room: Room, now: Instant) -> Option<(Lane, usize)> {
        let may = |entry: &Entry<R, W>| entry.is_ready(now) && (entry.put.urgent || !room.only_urgent);
        let flies = self.flying.iter().any(|flight| flight.put.lane == Lane::Control);
        if let Some(first) = self.queue(Lane::Control).front()
            && may(first)
        {
            let free = self.flying.len() < room.limit + usize::from(room.extra);
            return (free && !flies).then_some((Lane::Control, 0));
        }
        if flies || room.only_control || self.flying.len() >= room.limit {
            return None;
        }
        let below = [Lane::Person, Lane::Inventory, Lane::Telemetry];
        let ready: Vec<(Lane, usize)> = below
            .into_iter()
            .filter_map(|lane| Some((lane, self.queue(lane).iter().position(may)?)))
            .collect();
        let hungry = |(lane, _): &&(Lane, usize)| {
            self.passed_over.get(*lane as usize).is_some_and(|count| *count >= PATIENCE)
        };
        ready.iter().rev().find(hungry).or_else(|| ready.first()).copied()
    }

    /// Who waits for a request that is under way.
    #[must_use]
    pub fn waiters(&self, ticket: u64) -> &[W] {
        let flight = self.flying.iter().find(|flight| flight.ticket == ticket);
        flight.map_or(&[], |flight| &flight.waiters)
    }

    /// It ended, and those who waited are to be told.
    pub fn ended(&mut self, ticket: u64) -> Option<Ended<W>> {
        let at = self.flying.iter().position(|flight| flight.ticket == ticket)?;
        let flight = self.flying.swap_remove(at);
        if flight.put.writes {
            self.generation += 1;
        }
        Some(Ended { lane: flight.put.lane, waiters: flight.waiters })
    }

    /// It ended, and is sent again, before the others of its lane, but not before `at`.
    pub fn again(&mut self, ticket: u64, at: Instant) {
        let Some(found) = self.flying.iter().position(|flight| flight.ticket == ticket) else { return };
        let mut entry = self.flying.swap_remove(found);
        entry.not_before = Some(at);
        self.queue_mut(entry.put.lane).push_front(entry);
    }

    /// Forgets waiters who have gone, and what nobody waits for any more. Gives the tickets of requests under
    /// way that nobody waits for and that change nothing, so that they may be broken off.
    pub fn prune(&mut self, gone: impl Fn(&W) -> bool) -> Vec<u64> {
        for queue in &mut self.queues {
            for entry in queue.iter_mut() {
                entry.waiters.retain(|waiter| !gone(waiter));
            }
            // A write stays: nobody waits for its outcome, but it was ordered.
            queue.retain(|entry| entry.put.writes || !entry.waiters.is_empty());
        }
        let idle = |flight: &&Entry<R, W>| !flight.put.writes && flight.waiters.iter().all(&gone);
        self.flying.iter().filter(idle).map(|flight| flight.ticket).collect()
    }

    /// Takes out everything that waits, or everything but what a person waits for.
    pub fn drain(&mut self, urgent_too: bool) -> Vec<W> {
        let mut waiters = Vec::new();
        for queue in &mut self.queues {
            for mut entry in std::mem::take(queue) {
                if urgent_too || !entry.put.urgent {
                    waiters.append(&mut entry.waiters);
                } else {
                    queue.push_back(entry);
                }
            }
        }
        waiters
    }

    /// When the next request that was put off may be sent.
    #[must_use]
    pub fn next_ready(&self, now: Instant) -> Option<Instant> {
        let held = self.queues.iter().flatten().filter_map(|entry| entry.not_before);
        held.filter(|at| *at > now).min()
    }

    /// How many answers' age is counted: it grows whenever something is changed on the controller.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// How many requests of a lane wait.
    #[must_use]
    pub fn waiting(&self, lane: Lane) -> usize {
        self.queue(lane).len()
    }

    /// How many requests wait.
    #[must_use]
    pub fn all_waiting(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    /// How many requests are under way.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.flying.len()
    }

    /// Since when a command waits that no other command holds up.
    #[must_use]
    pub fn command_since(&self, now: Instant) -> Option<Instant> {
        let flies = self.flying.iter().any(|flight| flight.put.lane == Lane::Control);
        let first = self.queue(Lane::Control).front().filter(|entry| !flies && entry.is_ready(now))?;
        Some(first.not_before.map_or(first.asked_at, |at| at.max(first.asked_at)))
    }

    fn queue(&self, lane: Lane) -> &VecDeque<Entry<R, W>> {
        let [control, person, inventory, telemetry] = &self.queues;
        match lane {
            Lane::Control => control,
            Lane::Person => person,
            Lane::Inventory => inventory,
            Lane::Telemetry => telemetry,
        }
    }

    fn queue_mut(&mut self, lane: Lane) -> &mut VecDeque<Entry<R, W>> {
        let [control, person, inventory, telemetry] = &mut self.queues;
        match lane {
            Lane::Control => control,
            Lane::Person => person,
            Lane::Inventory => inventory,
            Lane::Telemetry => telemetry,
        }
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
