//! What is counted at each BMC, so that a test can prove how it was treated. Pure but for the instants, which are arguments.

use std::collections::VecDeque;
use std::time::Instant;

/// What was counted at one BMC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests, by method; the last are those with any other method.
    pub methods: [(&'static str, u64); 6],
    /// Requests that were answered with a status of 400 or more.
    pub refused: u64,
    /// Requests in flight now.
    pub in_flight: u32,
    /// Requests in flight at once, at most.
    pub in_flight_most: u32,
    /// Open connections now.
    pub connections: u32,
    /// Open connections at once, at most.
    pub connections_most: u32,
    /// Connections in all.
    pub connections_ever: u64,
    /// TLS handshakes that resumed a session instead of showing the certificate.
    pub resumed: u64,
    /// Open sessions now.
    pub sessions: u32,
    /// Open sessions at once, at most.
    pub sessions_most: u32,
    /// Sessions in all.
    pub logins: u64,
    /// Logins that were refused.
    pub logins_refused: u64,
}

/// A request as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it had come in whole.
    pub began: Instant,
    /// When its answer was handed to the connection; `None` if it is not yet.
    pub ended: Option<Instant>,
    /// How many requests were in flight then, this one among them.
    pub in_flight: u32,
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The answer's status; `None` where there was none.
    pub status: Option<u16>,
}

/// Counts, and the last requests.
#[derive(Debug)]
pub(crate) struct Tally {
    counts: Counts,
    lines: VecDeque<Line>,
    /// How many lines are kept.
    keep: usize,
    /// The number of the first line that is kept.
    first: u64,
}

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PATCH", "DELETE", "other"];

impl Counts {
    fn new() -> Self {
        Self { methods: METHODS.map(|method| (method, 0)), ..Self::default() }
    }

    /// Requests with a method.
    #[must_use]
    pub fn of(&self, method: &str) -> u64 {
        self.methods.iter().find(|(name, _)| *name == method).map_or(0, |(_, count)| *count)
    }

    /// All requests.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.methods.iter().map(|(_, count)| count).sum()
    }
}

impl Tally {
    pub(crate) fn new(keep: usize) -> Self {
        Self { counts: Counts::new(), lines: VecDeque::new(), keep, first: 0 }
    }

    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }

    /// A request came in; what is given back must be given to [`Self::end`].
    pub(crate) fn begin(&mut self, method: &str, target: &str, now: Instant) -> u64 {
        let known = self.counts.methods.iter().position(|(name, _)| *name == method);
        let count = self.counts.methods.get_mut(known.unwrap_or(METHODS.len() - 1));
        count.into_iter().for_each(|(_, count)| *count += 1);
        self.counts.in_flight += 1;
        self.counts.in_flight_most = self.counts.in_flight_most.max(self.counts.in_flight);
        let number = self.first + u64::try_from(self.lines.len()).unwrap_or_default();
        if self.keep > 0 {
            if self.lines.len() >= self.keep {
                self.lines.pop_front();
                self.first += 1;
            }
            let (method, target) = (method.to_owned(), target.to_owned());
            let in_flight = self.counts.in_flight;
            self.lines.push_back(Line { began: now, ended: None, in_flight, method, target, status: None });
        }
        number
    }

    /// Its answer was handed on, or it was given up.
    pub(crate) fn end(&mut self, number: u64, status: Option<u16>, now: Instant) {
        self.counts.in_flight = self.counts.in_flight.saturating_sub(1);
        self.counts.refused += u64::from(status.is_some_and(|status| status >= 400));
        let at = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        if let Some(line) = at.and_then(|at| self.lines.get_mut(at)) {
            line.ended = Some(now);
            line.status = status;
        }
    }

    pub(crate) fn connected(&mut self) {
        self.counts.connections += 1;
        self.counts.connections_ever += 1;
        self.counts.connections_most = self.counts.connections_most.max(self.counts.connections);
    }

    pub(crate) const fn disconnected(&mut self) {
        self.counts.connections = self.counts.connections.saturating_sub(1);
    }

    pub(crate) const fn resumed(&mut self) {
        self.counts.resumed += 1;
    }

    /// What the machine says of its sessions after a request.
    pub(crate) fn sessions(&mut self, open: usize, logins: u64, refused: u64) {
        self.counts.sessions = u32::try_from(open).unwrap_or(u32::MAX);
        self.counts.sessions_most = self.counts.sessions_most.max(self.counts.sessions);
        self.counts.logins = logins;
        self.counts.logins_refused = refused;
    }

    /// Begins anew: what is open now stays counted, and is the most from now on.
    pub(crate) fn forget(&mut self) {
        let old = std::mem::replace(&mut self.counts, Counts::new());
        let (in_flight, connections, sessions) = (old.in_flight, old.connections, old.sessions);
        self.counts = Counts {
            in_flight,
            in_flight_most: in_flight,
            connections,
            connections_most: connections,
            sessions,
            sessions_most: sessions,
            ..Counts::new()
        };
        self.first += u64::try_from(self.lines.len()).unwrap_or_default();
        self.lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_ended_wherever_they_are() {
        let now = Instant::now();
        let mut tally = Tally::new(2);
        let first = tally.begin("GET", "/1", now);
        let second = tally.begin("POST", "/2", now);
        let third = tally.begin("BREW", "/3", now);
        assert_eq!(tally.counts().in_flight_most, 3);
        tally.end(first, Some(200), now);
        tally.end(third, Some(404), now);
        let seen: Vec<_> = tally.lines().iter().map(|l| (l.target.clone(), l.in_flight, l.status)).collect();
        assert_eq!(seen, [("/2".to_owned(), 2, None), ("/3".to_owned(), 3, Some(404))]);
        tally.end(second, None, now);
        let counts = tally.counts();
        assert_eq!((counts.in_flight, counts.requests(), counts.refused), (0, 3, 1));
        assert_eq!((counts.of("GET"), counts.of("POST"), counts.of("other")), (1, 1, 1));
        tally.forget();
        assert_eq!((tally.counts().requests(), tally.lines().len()), (0, 0));
        let fourth = tally.begin("GET", "/4", now);
        tally.end(fourth, Some(200), now);
        assert_eq!(tally.lines()[0].status, Some(200));
    }

    #[test]
    fn without_a_log_nothing_is_kept() {
        let now = Instant::now();
        let mut tally = Tally::new(0);
        let number = tally.begin("GET", "/1", now);
        tally.end(number, Some(200), now);
        assert!(tally.lines().is_empty());
        assert_eq!(tally.counts().in_flight, 0);
    }
}
