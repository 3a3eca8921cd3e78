//! How one controller is asked.
//!
//! Every request to a controller is put to its line by a [`Caller`]. The line's owner (`fleet::owner`) sends
//! them: which goes next, how many at once, what is repeated and when nothing is sent at all is decided
//! here, by pure modules that take the time as an argument.
//!
//! | module | what it does |
//! |---|---|
//! | [`breaker`] | leaves a controller alone that fails over and over; pure |
//! | [`caller`] | puts requests to a line and waits for the answers |
//! | [`lanes`] | which request goes next, and which share an answer; pure |
//! | [`learned`] | kinds of paths, latencies, errors: what is measured and kept; pure |
//! | [`pace`] | how many requests at once; pure |
//! | [`retry`] | which request is sent again, and when; pure |

pub mod breaker;
pub mod caller;
pub mod lanes;
pub mod learned;
pub mod pace;
pub mod retry;

pub use breaker::Breaker;
pub use caller::{Asked, Caller, Outcome, Reply, Request, Wire};
pub use lanes::Lanes;
pub use learned::{Measured, Model};
pub use pace::Pace;
pub use retry::Verb;
