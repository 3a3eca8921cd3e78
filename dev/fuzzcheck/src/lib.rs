//! What is asked of every parser of outside bytes: that it returns, and that what it returns holds.
//!
//! Each function takes any bytes and panics if a promise is broken. The fuzzer in `fuzz/` calls them with inputs that it
//! breeds for hours (`make prove`); this crate's tests call them with seeded mutations of the same
//! seeds in seconds. It must never hold a copy of what a parser does: a promise is said in other words than the code.
//!
//! | module | promises about |
//! |---|---|
//! | [`controller`] | documents, links, claims and whole services of a BMC |
//! | [`documents`] | the two files of a policy, and questions |
//! | [`firewall`] | requests, rules, logged packets and listings of the firewall |
//! | [`log`] | lines, checkpoints and whole logs in `evidence`'s format |
//! | [`sealed`] | key files, passphrase records and sealed secrets |
//! | [`syslog`] | other firewalls' syslog |
//! | [`mutate`] | seeded changes to an input |

pub mod controller;
pub mod documents;
pub mod firewall;
pub mod log;
pub mod mutate;
pub mod sealed;
#[cfg(test)]
mod seeded;
pub mod syslog;

/// A fuzz target: its name, and what is called with the input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the target's file in `fuzz/fuzz_targets/`, and of its folder in `fuzz/seeds/`.
    pub name: &'static str,
    /// Takes any bytes; panics if a promise is broken.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 20] = [
    Target { name: "bmc_claim", run: controller::claim },
    Target { name: "bmc_document", run: controller::document },
    Target { name: "bmc_inventory", run: controller::inventory },
    Target { name: "bmc_link", run: controller::link },
    Target { name: "evidence_checkpoint", run: log::checkpoint },
    Target { name: "evidence_record", run: log::record },
    Target { name: "evidence_tamper", run: log::tamper },
    Target { name: "policy_question", run: documents::question },
    Target { name: "policy_scenario", run: documents::scenario },
    Target { name: "policy_site", run: documents::site },
    Target { name: "firewall_guard", run: firewall::guard },
    Target { name: "firewall_listing", run: firewall::listing },
    Target { name: "firewall_log", run: firewall::log },
    Target { name: "firewall_request", run: firewall::request },
    Target { name: "syslog_firewall", run: syslog::firewall },
    Target { name: "syslog_frames", run: syslog::frames },
    Target { name: "syslog_message", run: syslog::message },
    Target { name: "vault_key", run: sealed::key },
    Target { name: "vault_sealed", run: sealed::sealed },
    Target { name: "vault_stretch", run: sealed::stretch },
];
