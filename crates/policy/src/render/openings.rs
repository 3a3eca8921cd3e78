//! Pinholes and isolated addresses: sets that `firewall` fills while the policy stands, and that may be filled from the start.

use super::script::{Script, address_type, digit};
use crate::evaluate::{Family, Pinhole};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What holds beside the policy when the table is loaded anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Openings {
    /// Short-lived openings, and for how many seconds each still holds. One with none left is not written.
    pub pinholes: BTreeMap<Pinhole, u32>,
    /// Isolated addresses.
    pub quarantined: BTreeSet<IpAddr>,
}

/// So many short-lived openings fit, of each family.
const MOST_PINHOLES: &str = "size 65535";

impl Openings {
    pub(super) fn declare(&self, script: &mut Script) {
        for family in Family::BOTH {
            let (digit, kind) = (digit(family), address_type(family));
            let pinholes =
                self.pinholes.iter().filter(|(hole, left)| Family::of(hole.to) == family && **left > 0);
            let pinholes: Vec<String> = pinholes.map(|(hole, left)| element(hole, *left)).collect();
            let lines =
                [&*format!("type {kind} . inet_proto . inet_service"), MOST_PINHOLES, "flags timeout"];
            script.set(format_args!("set pinholes{digit}"), &lines, &pinholes);
            let isolated = self.quarantined.iter().filter(|address| Family::of(**address) == family);
            let isolated: Vec<String> = isolated.map(ToString::to_string).collect();
            script.set(format_args!("set isolated{digit}"), &[&format!("type {kind}")], &isolated);
        }
    }
}

fn element(hole: &Pinhole, seconds: u32) -> String {
    format!("{} . {} . {} timeout {seconds}s", hole.to, hole.protocol, hole.port)
}
