//! Users, second factors, tokens, sessions, role grants, and the decision whether P may do A to O.
//!
//! Everything here is a function of its arguments: no files, no sockets, no clock (time is an argument) and no
//! runtime. The one thing it takes from outside is randomness, in `random`.
//!
//! It must never keep a password, token, recovery code or session in clear: each is handed out once and
//! kept as a hash. It must never tell an unknown account from a wrong password, in words or in time.
//!
//! | module | what it decides |
//! |---|---|
//! | [`access`] | may this actor do this action to this object, and by which grant |
//! | [`error`] | the operations that can fail |
//! | [`password`] | argon2id hashes, and which passwords are too weak |
//! | [`recovery`] | one-time codes for a lost second factor |
//! | [`session`] | a signed-in browser: token, CSRF, idle and absolute end, step-up |
//! | [`throttle`] | guessing is slowed, then locked, and seen |
//! | [`token`] | API tokens and one-time links |
//! | [`totp`] | time-based one-time passwords (RFC 6238) |

pub mod access;
pub mod error;
mod hash;
pub mod password;
mod random;
pub mod recovery;
pub mod session;
pub mod throttle;
pub mod token;
pub mod totp;

pub use access::{Decision, decide};
pub use error::Error;
pub use throttle::{Escalation, Throttle, Verdict};
