//! Pinholes and isolated addresses: sets that are filled while the policy stands, and carried over a reload.

use super::TABLE;
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
            let pinholes: Vec<String> = pinholes.map(|(hole, left)| element(hole, Some(*left))).collect();
            let lines =
                [&*format!("type {kind} . inet_proto . inet_service"), MOST_PINHOLES, "flags timeout"];
            script.set(format_args!("set pinholes{digit}"), &lines, &pinholes);
            let isolated = self.quarantined.iter().filter(|address| Family::of(**address) == family);
            let isolated: Vec<String> = isolated.map(ToString::to_string).collect();
            script.set(format_args!("set quarantined{digit}"), &[&format!("type {kind}")], &isolated);
        }
    }
}

fn element(hole: &Pinhole, seconds: Option<u32>) -> String {
    let key = format!("{} . {} . {}", hole.to, hole.protocol, hole.port);
    seconds.map_or(key.clone(), |seconds| format!("{key} timeout {seconds}s"))
}

/// Opens a pinhole for so many seconds; one that is open already holds for so many from now.
#[must_use]
pub fn open(hole: &Pinhole, seconds: u32) -> String {
    let set = format!("element {TABLE} pinholes{}", digit(Family::of(hole.to)));
    // Older kernels do not change the time-out of an element that is there; in one transaction nobody sees it gone.
    let (key, whole) = (element(hole, None), element(hole, Some(seconds.max(1))));
    format!("add {set} {{ {key} }}\ndelete {set} {{ {key} }}\nadd {set} {{ {whole} }}\n")
}

/// Closes a pinhole, open or not.
#[must_use]
pub fn close(hole: &Pinhole) -> String {
    let set = format!("element {TABLE} pinholes{}", digit(Family::of(hole.to)));
    let key = element(hole, None);
    format!("add {set} {{ {key} }}\ndelete {set} {{ {key} }}\n")
}

/// Isolates an address.
#[must_use]
pub fn isolate(address: IpAddr) -> String {
    format!("add element {TABLE} quarantined{} {{ {address} }}\n", digit(Family::of(address)))
}

/// Ends the isolation of an address, isolated or not.
#[must_use]
pub fn release(address: IpAddr) -> String {
    let set = format!("element {TABLE} quarantined{}", digit(Family::of(address)));
    format!("add {set} {{ {address} }}\ndelete {set} {{ {address} }}\n")
}
