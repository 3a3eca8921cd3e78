//! Sessions of signed-in people: a random token in a cookie, its hash in the store, and three ways to end.
//!
//! A token is made at sign-in and never before, so one that was planted in a browser is worth nothing (session
//! fixation). The CSRF token is derived from the session's token and so needs no place in the store.

use crate::error::Error;
use crate::hash;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use model::Secret;
use ring::hmac;

/// A session ends after so long without a request.
pub const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// A session ends after so long in any case.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// A second factor counts as fresh for so long; what is dangerous asks for a fresh one (step-up).
pub const STEP_UP: SignedDuration = SignedDuration::from_mins(15);
/// The last request is written to the store only when the stored one is older than this, to spare writes.
pub const TOUCH_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// How far the clock may have been set back before a session is ended: one from the future has an unknown age.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

const TOKEN_BYTES: usize = 32;
const TOKEN_SYMBOLS: usize = 43;
const CSRF_LABEL: &[u8] = b"portcullis csrf v1";
const PURPOSE: &str = "portcullis session";

/// A fresh session's token: the cookie's value, and what is kept.
pub struct Minted {
    /// 32 random bytes as base64url, for the cookie.
    pub token: Secret<String>,
    /// For the store.
    pub hash: String,
}

/// What the store knows of a session's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When the person signed in.
    pub started_at: Timestamp,
    /// The last request that was written down.
    pub seen_at: Timestamp,
    /// When a second factor was last shown in this session.
    pub second_factor_at: Option<Timestamp>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// No request for [`IDLE`].
    #[error("the session ended after 30 minutes without a request: sign in again")]
    Idle,
    /// Older than [`LIFETIME`].
    #[error("the session ended 12 hours after the sign-in: sign in again")]
    Lifetime,
    /// It began in the future: the appliance's clock was set back.
    #[error("the session ended because the clock was set back: sign in again")]
    Clock,
}

/// Makes a token for a person who has just signed in wholly.
///
/// # Errors
/// If there is no randomness.
pub fn mint() -> Result<Minted, Error> {
    let random = crate::random::bytes::<TOKEN_BYTES>()?;
    let token = Secret::new(URL_SAFE_NO_PAD.encode(random.as_slice()));
    let hash = hash::of(PURPOSE, token.expose());
    Ok(Minted { token, hash })
}

/// The hash to look a cookie's value up by; `None` if the value has not the shape of a token.
#[must_use]
pub fn hash_of(token: &str) -> Option<String> {
    let shaped = token.len() == TOKEN_SYMBOLS && URL_SAFE_NO_PAD.decode(token).is_ok();
    shaped.then(|| hash::of(PURPOSE, token))
}

/// The CSRF token of a session, for its forms: HMAC-SHA-256 under the session's token.
#[must_use]
pub fn csrf(token: &Secret<String>) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&csrf_key(token), CSRF_LABEL))
}

/// Whether a form's CSRF token belongs to the session, compared in constant time.
#[must_use]
pub fn csrf_matches(token: &Secret<String>, given: &str) -> bool {
    given.len() == TOKEN_SYMBOLS
        && URL_SAFE_NO_PAD
            .decode(given)
            .is_ok_and(|tag| hmac::verify(&csrf_key(token), CSRF_LABEL, &tag).is_ok())
}

fn csrf_key(token: &Secret<String>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, token.expose().as_bytes())
}

impl Times {
    /// A session that begins now.
    #[must_use]
    pub const fn starting(now: Timestamp, with_second_factor: bool) -> Self {
        Self {
            started_at: now,
            seen_at: now,
            second_factor_at: if with_second_factor { Some(now) } else { None },
        }
    }

    /// Whether the session still stands.
    ///
    /// # Errors
    /// With how it ended.
    pub fn check(&self, now: Timestamp) -> Result<(), Ended> {
        let age = now.duration_since(self.started_at);
        let idle = now.duration_since(self.seen_at);
        if age < -CLOCK_TOLERANCE || idle < -CLOCK_TOLERANCE {
            Err(Ended::Clock)
        } else if age >= LIFETIME {
            Err(Ended::Lifetime)
        } else if idle >= IDLE {
            Err(Ended::Idle)
        } else {
            Ok(())
        }
    }

    /// When the session ends if no further request comes; for the cookie's age and for clearing the store.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        let by = |from: Timestamp, span| from.checked_add(span).unwrap_or(Timestamp::MAX);
        by(self.started_at, LIFETIME).min(by(self.seen_at, IDLE))
    }

    /// Whether this request should be written down as the last.
    #[must_use]
    pub fn needs_touch(&self, now: Timestamp) -> bool {
        now.duration_since(self.seen_at).abs() >= TOUCH_AFTER
    }

    /// Whether the second factor was shown within [`STEP_UP`].
    #[must_use]
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        self.second_factor_at.is_some_and(|at| {
            let since = now.duration_since(at);
            since >= -CLOCK_TOLERANCE && since < STEP_UP
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_is_found_by_its_hash_and_is_fresh_each_time() {
        let (one, other) = (mint().unwrap(), mint().unwrap());
        assert_eq!(hash_of(one.token.expose()).as_ref(), Some(&one.hash));
        assert_ne!(one.hash, other.hash);
        assert_eq!(one.token.expose().len(), TOKEN_SYMBOLS);
        for bad in ["", "x", &"=".repeat(43), &"A".repeat(44), &"é".repeat(22)] {
            assert_eq!(hash_of(bad), None, "{bad:.10}");
        }
    }

    #[test]
    fn a_csrf_token_belongs_to_one_session() {
        let (one, other) = (mint().unwrap().token, mint().unwrap().token);
        assert!(csrf_matches(&one, &csrf(&one)));
        assert!(!csrf_matches(&other, &csrf(&one)));
        assert!(!csrf_matches(&one, one.expose()), "the session's token is not its CSRF token");
        assert!(!csrf_matches(&one, ""));
    }

    #[test]
    fn a_session_ends_when_idle_and_in_any_case() {
        let mut times = Times::starting(at(0), true);
        assert_eq!(times.check(at(30 * 60 - 1)), Ok(()));
        assert_eq!(times.check(at(30 * 60)), Err(Ended::Idle));
        assert_eq!(times.ends_at(), at(30 * 60));
        times.seen_at = at(12 * 3600 - 10);
        assert_eq!(times.check(at(12 * 3600 - 1)), Ok(()));
        assert_eq!(times.check(at(12 * 3600)), Err(Ended::Lifetime));
        assert_eq!(times.ends_at(), at(12 * 3600));
    }

    #[test]
    fn a_clock_set_back_does_not_lengthen_a_session() {
        let times = Times::starting(at(1_000_000), true);
        assert_eq!(times.check(at(1_000_000 - 60)), Ok(()));
        assert_eq!(times.check(at(1_000_000 - 301)), Err(Ended::Clock));
        assert!(!times.is_stepped_up(at(1_000_000 - 301)));
    }

    #[test]
    fn a_second_factor_is_fresh_for_a_quarter_of_an_hour() {
        let times = Times::starting(at(0), true);
        assert!(times.is_stepped_up(at(899)));
        assert!(!times.is_stepped_up(at(900)));
        assert!(!Times::starting(at(0), false).is_stepped_up(at(0)));
    }

    #[test]
    fn requests_are_written_down_once_a_minute() {
        let times = Times::starting(at(0), true);
        assert!(!times.needs_touch(at(59)));
        assert!(times.needs_touch(at(60)));
    }

    proptest! {
        #[test]
        fn no_session_outlives_twelve_hours_whatever_is_written(seen in -100_000_i64..200_000, now in -100_000_i64..200_000) {
            let times = Times { started_at: at(0), seen_at: at(seen), second_factor_at: None };
            if times.check(at(now)).is_ok() {
                prop_assert!((-300..12 * 3600).contains(&now));
            }
        }
    }
}
