//! HTTP wire types, and the typed client that the command line and the tests use.
//!
//! What is known elsewhere goes over the wire as it is in `model` (a device, an inventory, a failure);
//! here stand the questions, and the answers that only the API has. It must never hold a secret longer
//! than the call that carries it, and knows nothing of how the appliance answers.
//!
//! | module | what it holds |
//! |---|---|
//! | [`device`] | devices, power, adoption, sweeps, jobs |
//! | [`access`] | users, grants, tokens, explanations |
//! | [`firewall_log`] | the firewalls' log |
//! | [`inventory`] | parts over the fleet, history, what changed, models |
//! | [`policy`] | the policy, openings, quarantines |
//! | [`record`] | the audit log, findings |
//! | [`client`] | one method for each endpoint, blocking; those about the policy stand in `policy_client` |

pub mod access;
pub mod client;
pub mod device;
pub mod firewall_log;
pub mod inventory;
pub mod policy;
mod policy_client;
pub mod record;

pub use client::Client;

/// Where the API begins.
pub const ROOT: &str = "/api/v1";
