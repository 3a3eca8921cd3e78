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
//! | [`client`] | one controller over HTTPS: trust, sessions, bounded documents |
//! | [`error`] | what can go wrong with a request, with operation, controller and answer |
//! | [`inspect`] | reads one controller once and logs out |
//! | [`read`] | follows the links of a service and makes an inventory of them |
//! | [`vendor`] | what makers do otherwise, a row each |

pub mod client;
pub mod config;
pub mod error;
pub mod inspect;
pub mod power;
pub mod read;
pub mod sweep;
pub mod vendor;

pub use client::{Client, Limits, Scheme, Target, Trust};
pub use config::Config;
pub use error::Error;
