//! The plan as text for `nft -f`: one table, replaced as a whole in one transaction.
//!
//! Every packet is judged by its connection's original tuple (`ct original …`), in both directions and every time; nothing
//! is accepted only because its connection was once. So a tightened policy ends what it no longer allows, by itself.
//!
//! A policy on trial is loaded beside the confirmed one, and the kernel picks: the maps `pick_*` lead to the `candidate_*`
//! chains as long as they have elements, and those have a kernel time-out. When it passes, the `confirmed_*` chains hold again,
//! whatever process has died.
//!
//! The kernel puts the rules of a transaction in force at one instant, but its sets of ranges only shortly after: until then
//! they are empty, and every packet would fall as one that no rule allows; its connection would be reset. So the base chains
//! let packets vanish until the set `ready` has its elements, a set of ranges too and the last that is filled: TCP sends
//! them again. In the same moment the old table's hooks may still see packets, with their maps already empty: these vanish
//! as well.
//!
//! The text keeps to what nft 1.0.6 reads: one statement a line, no `destroy`.
//!
//! | module | what it is |
//! |---|---|
//! | [`classes`] | classes of traffic, and limits between zones |
//! | [`generation`] | the sets and chains of one plan |
//! | [`openings`] | pinholes and isolated addresses |
//! | [`prefix`] | what stands in front of a record in the firewall's log |
//! | [`rule`] | one rule: what it matches, and what happens then |
//! | [`script`] | lines, names and lists |

mod classes;
mod generation;
mod openings;
mod prefix;
mod rule;
mod script;

pub use openings::Openings;
pub use prefix::{NoPrefix, Prefix, Reason, Said};

use crate::plan::Plan;
use generation::Generation;
use script::Script;

/// The table that is ours; nothing else is touched.
pub const TABLE: &str = "inet portcullis";
/// The NFLOG group that records are sent to.
pub const LOG_GROUP: u16 = 71;
/// So many bytes of a packet are sent with its record.
pub const LOG_BYTES: u16 = 128;
/// So many records a second are written for one rule, where the rule does not say.
pub const LOG_RATE: u32 = 200;

/// The hooks of the packet path that we stand at.
const HOOKS: [&str; 3] = ["input", "output", "forward"];
/// The two generations, as the names of their chains begin.
const CONFIRMED: &str = "confirmed";
const CANDIDATE: &str = "candidate";

/// The table before the first confirmed policy: it lets everything pass.
#[must_use]
pub fn bootstrap() -> String {
    table(None, None, &Openings::default())
}

/// The table with one policy, confirmed.
#[must_use]
pub fn confirmed(plan: &Plan, openings: &Openings) -> String {
    table(Some(plan), None, openings)
}

/// The table with a policy on trial for so many seconds. Then the confirmed one holds again; without one, everything passes again.
#[must_use]
pub fn candidate(confirmed: Option<&Plan>, candidate: &Plan, seconds: u32, openings: &Openings) -> String {
    table(confirmed, Some((candidate, seconds)), openings)
}

fn table(confirmed: Option<&Plan>, trial: Option<(&Plan, u32)>, openings: &Openings) -> String {
    let mut script = Script::default();
    script.line(format_args!("table {TABLE}"));
    script.line(format_args!("delete table {TABLE}"));
    script.open(format_args!("table {TABLE}"));
    openings.declare(&mut script);
    for hook in HOOKS {
        pick(&mut script, hook, trial.map(|(_, seconds)| seconds));
    }
    match confirmed {
        Some(plan) => Generation::new(CONFIRMED, plan).write(&mut script),
        None => let_pass(&mut script),
    }
    if let Some((plan, _)) = trial {
        Generation::new(CANDIDATE, plan).write(&mut script);
    }
    script.close();
    // `nft` hands the blocks over one after the other: the hooks come when all else is there, and `ready` is filled last.
    script.open(format_args!("table {TABLE}"));
    for hook in HOOKS {
        settled(&mut script, hook);
    }
    script.set("set ready", &["type nf_proto", "flags interval"], &["ipv4".into(), "ipv6".into()]);
    for hook in HOOKS {
        base(&mut script, hook);
    }
    script.close();
    script.text()
}

fn pick(script: &mut Script, hook: &str, seconds: Option<u32>) {
    script.open(format_args!("map pick_{hook}"));
    script.line("type nf_proto : verdict");
    script.line("flags timeout");
    if let Some(seconds) = seconds {
        script.line(format_args!(
            "elements = {{ ipv4 timeout {seconds}s : goto {CANDIDATE}_{hook}, ipv6 timeout {seconds}s : goto {CANDIDATE}_{hook} }}"
        ));
    }
    script.close();
}

/// Leads to the confirmed policy. A map, because those of a table that is deleted lose their elements at the same instant: a
/// packet that still meets the old rules then vanishes, instead of being judged by the half of them that is left.
fn settled(script: &mut Script, hook: &str) {
    script.open(format_args!("map settled_{hook}"));
    script.line("type nf_proto : verdict");
    script.line(format_args!(
        "elements = {{ ipv4 : goto {CONFIRMED}_{hook}, ipv6 : goto {CONFIRMED}_{hook} }}"
    ));
    script.close();
}

/// Nothing is confirmed yet, so nothing is enforced.
fn let_pass(script: &mut Script) {
    for hook in HOOKS {
        script.open(format_args!("chain {CONFIRMED}_{hook}"));
        script.line("counter accept comment \"nothing is confirmed yet\"");
        script.close();
    }
}

fn base(script: &mut Script, hook: &str) {
    script.open(format_args!("chain {hook}"));
    script.line(format_args!("type filter hook {hook} priority filter"));
    script.line("policy drop");
    match hook {
        "input" => script.line("iifname \"lo\" accept comment \"loopback\""),
        "output" => {
            script.line("oifname \"lo\" accept comment \"loopback\"");
            refusals(script);
        }
        _ => {}
    }
    script.line("meta nfproto != @ready drop comment \"the sets are not filled yet\"");
    script.line(format_args!("meta nfproto vmap @pick_{hook} comment \"a policy on trial\""));
    script.line(format_args!("meta nfproto vmap @settled_{hook} comment \"the confirmed policy\""));
    script.close();
}

/// What `reject` sends goes out through here too. Its reset hangs on the refused connection as `related`, which no other TCP
/// segment does; its ICMP message is about a connection that never was.
fn refusals(script: &mut Script) {
    script.line("ct state related tcp flags & rst == rst accept comment \"our refusal\"");
    script
        .line("icmp type destination-unreachable icmp code admin-prohibited accept comment \"our refusal\"");
    script.line(
        "icmpv6 type destination-unreachable icmpv6 code admin-prohibited accept comment \"our refusal\"",
    );
}
