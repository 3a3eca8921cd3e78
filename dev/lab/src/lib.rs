//! A simulated management network: stateful BMCs that speak Redfish in the manner of their makers, for
//! tests, for load, for faults and for demonstrations.
//!
//! It must never be mistaken for security: its secrets come from a seed, and it belongs on addresses of
//! 127.0.0.0/8 or in a network namespace of its own.
//!
//! A BMC is a pure machine ([`machine::Machine`]): request and moment in, answer out. Its documents are
//! built on demand from the row of its maker ([`flavour`]) and from its seed, so that thousands of
//! BMCs fit in one process.
//!
//! | module | what is in it |
//! |---|---|
//! | `access` | accounts, sessions, the lock after wrong passwords |
//! | `act` | resets, and what can be set |
//! | [`answer`] | requests, responses, errors |
//! | `certificate` | keys and certificates |
//! | [`config`] | what a lab consists of, also as command-line options |
//! | [`control`] | telling a lab that runs |
//! | [`document`] | the documents, and query parameters |
//! | [`fault`] | what can be broken |
//! | `fleet` | the BMCs of a lab that runs |
//! | [`flavour`] | the makers, a row each |
//! | [`hardware`], [`parts`] | what a server is made of |
//! | `lab` | a lab while it runs |
//! | `login` | signing in |
//! | [`machine`] | one BMC |
//! | [`power`] | power that takes time |
//! | [`random`] | numbers from a seed |
//! | [`replay`] | trees that were captured off real controllers |
//! | `run` | sockets, TLS, HTTP |
//! | [`sensors`] | readings that move |
//! | `sent` | bodies on their way, whole or not |
//! | `tally` | what is counted |
//! | [`unit`] | who stands where |

pub mod access;
mod act;
pub mod answer;
mod certificate;
pub mod config;
pub mod control;
pub mod document;
mod error;
pub mod fault;
pub mod flavour;
mod fleet;
pub mod hardware;
mod lab;
mod login;
pub mod machine;
pub mod parts;
pub mod power;
pub mod random;
pub mod replay;
mod run;
pub mod sensors;
mod sent;
mod tally;
pub mod unit;

pub use config::{Args, LabConfig, Latency, Mix, RackLayout};
pub use error::Error;
pub use fault::{Change, FAULTS, FaultKind, FaultRule, Whose};
pub use flavour::Kind;
pub use lab::{BmcInfo, Lab, run, run_args};
pub use tally::{Counts, Line};
