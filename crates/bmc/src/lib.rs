//! Drivers for controllers: discovery, sessions, inventory, power over Redfish.
//!
//! Everything here speaks to machines that may be slow, broken or hostile: each request has a deadline,
//! each answer a bound in size and depth, and what a controller says is a claim, never an instruction.
//!
//! It must never: send a credential to another host, port or certificate than it was meant for; send a
//! refused credential a second time; follow a link off the controller; know a path beyond
//! `/redfish/v1/` by heart; touch a database.
//!
//! | module | what it does |
//! |---|---|
//! | [`adopt`] | takes a controller over: one look at its certificate, one sign-in |
//! | [`client`] | one controller over HTTPS: trust, sessions, bounded documents |
//! | [`config`] | what a site may change, with defaults |
//! | [`error`] | what can go wrong with a request, with operation, controller and answer |
//! | [`fleet`] | one owner task for each adopted controller: the per-device lock |
//! | [`inspect`] | reads one controller once and logs out |
//! | [`line`] | how one controller is asked: lanes, pace, breaker, repeats, what was learned; pure, and the callers |
//! | [`power`] | how a server is switched: the plan table and the act; pure |
//! | [`read`] | follows the links of a service and makes an inventory of them |
//! | [`sessions`] | which sessions an earlier life left open; pure |
//! | [`sweep`] | discovery over address ranges |
//! | [`vendor`] | what makers do otherwise, a row each |

mod adopt;
pub mod client;
pub mod config;
pub mod error;
pub mod fleet;
pub mod inspect;
pub mod line;
mod metrics;
pub mod power;
pub mod read;
pub mod sessions;
pub mod sweep;
pub mod vendor;

pub use client::{Client, Limits, Scheme, Target, Trust};
pub use config::Config;
pub use error::Error;
pub use fleet::Fleet;
