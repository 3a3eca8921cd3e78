//! Traffic classes on a line: what `tc` is told. Rules put a packet into a class by `meta priority set 7063:10`.

use crate::message::Link;
use std::fmt::Write;

/// The number of our queueing discipline, by which it is told from somebody else's.
const HANDLE: &str = "7063:";
/// The classes, the first served first: number, the share of the line that each has in any case, in percent, and how many
/// packets wait. What belongs to none is in the middle.
const CLASSES: [(u8, u64, u32); 3] = [(10, 50, 500), (20, 30, 500), (30, 10, 1000)];

/// Takes the classes off. Somebody else's stay.
#[must_use]
pub fn removal(link: &Link) -> String {
    format!("qdisc del dev {} root handle {HANDLE}\n", link.interface)
}

/// Puts the classes on: HTB with a little less than the line's rate, so that what waits does so here, and not where nobody chooses.
#[must_use]
pub fn addition(link: &Link) -> String {
    let (interface, all) = (&link.interface, u64::from(link.mbit) * 950);
    let mut text = format!(
        "qdisc add dev {interface} root handle {HANDLE} htb default 20\n\
         class add dev {interface} parent {HANDLE} classid {HANDLE}1 htb rate {all}kbit quantum 1514\n"
    );
    for ((class, share, waiting), priority) in CLASSES.into_iter().zip(0..) {
        let rate = all * share / 100;
        let _ = writeln!(
            text,
            "class add dev {interface} parent {HANDLE}1 classid {HANDLE}{class} htb rate {rate}kbit ceil {all}kbit prio {priority} quantum 1514\n\
             qdisc add dev {interface} parent {HANDLE}{class} pfifo limit {waiting}"
        );
    }
    text
}
