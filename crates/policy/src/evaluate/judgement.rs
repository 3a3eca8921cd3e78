//! The evaluator's answer.

use crate::document::words::Action;
use crate::packet::Path;

/// What happens to a packet, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What happens.
    pub verdict: Action,
    /// The place in the plan of the rule that decided; `None` where none did.
    pub rule: Option<usize>,
    /// The way that it takes.
    pub path: Path,
    /// Whether the appliance can hold it to that. It cannot where it does not see the packet.
    pub enforced: bool,
    /// The first shadow rule that would have kept it from passing, by its place in the plan.
    pub shadow: Option<usize>,
    /// Why.
    pub cause: Cause,
}

/// Why a packet is judged as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A rule decides.
    Rule,
    /// No rule matches: nothing passes.
    Default,
    /// It never leaves the appliance.
    Loopback,
    /// Neighbour discovery (RFC 4861) or group membership (RFC 3376, RFC 3810): no address works without.
    Link,
    /// It answers a request to a group.
    Answer,
    /// A short-lived opening lets it through.
    Pinhole,
    /// One of its ends is isolated.
    Quarantined,
    /// It came by, or would leave by, an interface that does not lead to its zone.
    Spoofed,
    /// One of its ends is in no zone.
    NoZone,
    /// No connection can begin with such a packet.
    NoConnection,
    /// The rule at this place in the plan allows it, but the appliance routes nothing between these zones for it.
    NotRouted(usize),
}

impl Judgement {
    pub(super) const fn pass(path: Path, cause: Cause) -> Self {
        Self { verdict: Action::Allow, rule: None, path, enforced: true, shadow: None, cause }
    }

    pub(super) const fn drop(path: Path, cause: Cause) -> Self {
        Self { verdict: Action::Drop, rule: None, path, enforced: true, shadow: None, cause }
    }

    pub(super) const fn by_rule(path: Path, rule: usize, verdict: Action, cause: Cause) -> Self {
        Self { verdict, rule: Some(rule), path, enforced: true, shadow: None, cause }
    }

    /// Whether it passes.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.verdict == Action::Allow
    }

    /// The rule at which the search ended.
    pub(crate) const fn decider(&self) -> Option<usize> {
        match self.cause {
            Cause::NotRouted(place) => Some(place),
            _ => self.rule,
        }
    }
}
