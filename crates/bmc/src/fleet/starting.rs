//! Whether a controller that answers oddly is starting. Pure.
//!
//! A controller that starts takes connections long before its service is whole: for a minute or more it answers 401,
//! 403, 404, 405, 501 or 503 to what it answers properly before and afterwards. Believed at once, that would put a
//! good credential aside, or have the account sent with each request for want of a session service. Never believed, a
//! password that was changed would be sent until the account is locked, which many do after three refusals.
//!
//! Nothing that can be asked without an account tells the two apart: the service root knows no uptime, and what the
//! manager says of its state stands behind the sign-in that fails. So what was seen of the controller decides:
//! - It has just been lost (no connection, or one that broke), or its root no longer answers as one, and it has served
//!   nothing since: then it may be starting. An answer that came while nothing of this was seen is believed at once.
//! - What carries no credential is asked again for as long as a start takes. A credential goes only to a controller
//!   whose root leads to its sessions again.
//! - A credential that is refused then is sent one further time, a grace after the refusal, and is believed refused if
//!   that fails too. So a wrong one is sent twice at the most, and once by a controller that was there all the time.

use std::time::Duration;
use tokio::time::Instant;

/// A start takes no longer than this; the slowest known take six minutes.
const STARTS: Duration = Duration::from_secs(600);

/// SHA-256 over user name and password.
pub type Digest = [u8; 32];

/// How a controller lets us in, as far as it did in this life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Unknown,
    Sessions,
    Account,
}

/// What was seen of a controller that may be starting.
#[derive(Clone, Debug)]
pub struct Starting {
    grace: Duration,
    way: Way,
    /// When it was lost last, or last answered as none does that is whole; none once it has served since.
    lost_at: Option<Instant>,
    /// Since when its root has answered as none does that is whole.
    odd_since: Option<Instant>,
    /// Since when it has said that it has no sessions.
    without_since: Option<Instant>,
    /// The credential that it refused while it may have been starting.
    refused: Option<(Digest, Instant)>,
}

impl Starting {
    /// Nothing was seen yet. A refusal is believed `grace` after the first, at the soonest.
    pub const fn new(grace: Duration) -> Self {
        Self { grace, way: Way::Unknown, lost_at: None, odd_since: None, without_since: None, refused: None }
    }

    /// There was no connection, or it broke.
    pub const fn lost(&mut self, now: Instant) {
        (self.lost_at, self.odd_since) = (Some(now), None);
    }

    /// Its root answered as none does that is whole. True if it may be starting: for so long only as that may take.
    pub fn is_not_whole(&mut self, now: Instant) -> bool {
        if now < *self.odd_since.get_or_insert(now) + STARTS {
            self.lost_at = Some(now);
        }
        self.is_it(now)
    }

    /// It answered a request of somebody who is signed in, in a session or with the account.
    pub const fn served(&mut self, in_session: bool) {
        self.way = if in_session { Way::Sessions } else { Way::Account };
        (self.lost_at, self.odd_since, self.without_since, self.refused) = (None, None, None, None);
    }

    /// A person says that the credential is right: it may be sent at once.
    pub const fn forgive(&mut self) {
        self.refused = None;
    }

    /// Whether it may be starting.
    pub fn is_it(&self, now: Instant) -> bool {
        self.lost_at.is_some_and(|at| now < at + STARTS)
    }

    /// It says that it has no session service. True if that is believed.
    ///
    /// A controller that has opened sessions before has not lost that; one that never did has none, or is starting.
    pub fn has_no_sessions(&mut self, now: Instant) -> bool {
        let since = *self.without_since.get_or_insert(now);
        match self.way {
            Way::Account => true,
            Way::Sessions => {
                self.lost_at = self.lost_at.or(Some(now));
                now >= since + STARTS
            }
            Way::Unknown => !self.is_it(now) || now >= since + self.grace,
        }
    }

    /// It refused this credential. True if that is believed.
    pub fn refused(&mut self, credential: Digest, now: Instant) -> bool {
        let is_again = self.refused.is_some_and(|(refused, _)| refused == credential);
        if is_again || !self.is_it(now) {
            return true;
        }
        self.refused = Some((credential, now));
        false
    }

    /// For how long yet this credential is not sent.
    pub fn held(&self, credential: Digest, now: Instant) -> Option<Duration> {
        let (_, at) = self.refused.filter(|(refused, _)| *refused == credential)?;
        let since = self.lost_at.map_or(at, |lost| lost.max(at));
        let pause = (since + self.grace).saturating_duration_since(now);
        (!pause.is_zero()).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(45);
    const GOOD: Digest = [1; 32];
    const OTHER: Digest = [2; 32];

    fn new() -> (Starting, Instant) {
        (Starting::new(GRACE), Instant::now())
    }

    #[tokio::test]
    async fn a_refusal_by_a_controller_that_was_there_is_believed_at_once() {
        let (mut starting, now) = new();
        assert!(starting.refused(GOOD, now));
        starting.lost(now);
        starting.served(true);
        assert!(starting.refused(GOOD, now + GRACE), "it has served since it was lost");
        starting.lost(now);
        assert!(starting.refused(GOOD, now + STARTS), "that was long ago");
    }

    #[tokio::test]
    async fn a_refusal_by_one_that_was_lost_is_believed_the_second_time() {
        let (mut starting, now) = new();
        starting.lost(now);
        assert!(!starting.refused(GOOD, now));
        assert_eq!(starting.held(GOOD, now), Some(GRACE));
        assert_eq!(starting.held(OTHER, now), None, "a changed one may be sent");
        starting.lost(now + GRACE / 2);
        assert_eq!(starting.held(GOOD, now + GRACE), Some(GRACE / 2), "it went away once more");
        assert_eq!(starting.held(GOOD, now + GRACE * 2), None);
        for again in 1..4 {
            starting.lost(now + GRACE * again);
            assert!(starting.refused(GOOD, now + GRACE * (again + 1)), "one further try and no more");
        }
    }

    #[tokio::test]
    async fn after_it_has_served_or_a_person_asked_it_begins_anew() {
        let (mut starting, now) = new();
        starting.lost(now);
        assert!(!starting.refused(GOOD, now));
        starting.forgive();
        assert_eq!(starting.held(GOOD, now), None);
        assert!(!starting.refused(GOOD, now));
        starting.served(true);
        starting.lost(now);
        assert!(!starting.refused(GOOD, now));
    }

    #[tokio::test]
    async fn sessions_that_were_there_are_not_gone() {
        let (mut starting, now) = new();
        starting.served(true);
        assert!(!starting.has_no_sessions(now));
        assert!(starting.is_it(now), "that alone says that it starts");
        assert!(!starting.refused(GOOD, now));
        assert!(!starting.has_no_sessions(now + STARTS / 2));
        assert!(starting.has_no_sessions(now + STARTS), "a firmware that took them away");
    }

    #[tokio::test]
    async fn a_root_that_is_never_whole_is_no_start_for_ever() {
        let (mut starting, now) = new();
        assert!((0..10).all(|minute| starting.is_not_whole(now + Duration::from_secs(60 * minute))));
        assert!(!starting.is_not_whole(now + STARTS * 2));
        starting.lost(now + STARTS * 2);
        assert!(starting.is_not_whole(now + STARTS * 2), "it went away and came back");
    }

    #[tokio::test]
    async fn one_that_never_had_sessions_is_believed() {
        let (mut starting, now) = new();
        assert!(starting.has_no_sessions(now), "it was there all the time");
        let (mut starting, now) = new();
        starting.lost(now);
        assert!(!starting.has_no_sessions(now));
        assert!(starting.has_no_sessions(now + GRACE));
        starting.served(false);
        starting.lost(now);
        assert!(starting.has_no_sessions(now));
    }
}
