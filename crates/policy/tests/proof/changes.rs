//! What is done to the sets while a policy stands, as text for nft.

use policy::evaluate::{Family, Pinhole};
use policy::render::TABLE;
use std::net::IpAddr;

const HOOKS: [&str; 3] = ["input", "output", "forward"];

fn digit(address: IpAddr) -> char {
    if Family::of(address) == Family::V4 { '4' } else { '6' }
}

fn key(hole: &Pinhole) -> String {
    format!("{} . {} . {}", hole.to, hole.protocol, hole.port)
}

/// Opens a pinhole for so many seconds; one that is open already holds for so many from now.
pub fn open(hole: &Pinhole, seconds: u32) -> String {
    let set = format!("element {TABLE} pinholes{}", digit(hole.to));
    let key = key(hole);
    format!("add {set} {{ {key} }}\ndelete {set} {{ {key} }}\nadd {set} {{ {key} timeout {seconds}s }}\n")
}

/// Closes a pinhole, open or not.
pub fn close(hole: &Pinhole) -> String {
    let set = format!("element {TABLE} pinholes{}", digit(hole.to));
    let key = key(hole);
    format!("add {set} {{ {key} }}\ndelete {set} {{ {key} }}\n")
}

/// Isolates an address.
pub fn isolate(address: IpAddr) -> String {
    format!("add element {TABLE} isolated{} {{ {address} }}\n", digit(address))
}

/// Makes the policy on trial hold without a time-out.
pub fn promote() -> String {
    let add = |hook: &str| {
        format!(
            "add element {TABLE} pick_{hook} {{ ipv4 : goto candidate_{hook}, ipv6 : goto candidate_{hook} }}\n"
        )
    };
    revert() + &HOOKS.map(add).concat()
}

/// Ends the trial at once.
pub fn revert() -> String {
    HOOKS.map(|hook| format!("flush map {TABLE} pick_{hook}\n")).concat()
}
