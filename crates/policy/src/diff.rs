//! What gains and what loses reach between two plans: exactly, as ranges, and in words.

use crate::evaluate::{Cause, Evaluator, Family, Judgement, Place};
use crate::packet::Path;
use crate::region::product::{Gathering, Product};
use crate::region::{AddressRange, Class, Role, classes, judge, pieces};
use crate::service::Service;
use serde::Serialize;
use std::fmt;

/// Packets that pass under one of two plans only: from any of these, to any of those of the same family, for any of the services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// They pass under the new plan, and did not under the old one; or the other way round.
    pub gained: bool,
    /// From these.
    pub from: End,
    /// To those.
    pub to: End,
    /// On these services.
    pub services: Vec<Service>,
    /// The rule that decides about them in the old plan; `None` for the default.
    pub before: Option<Decider>,
    /// The rule that decides about them in the new plan.
    pub after: Option<Decider>,
    /// On this way (in the plan under which they pass).
    pub path: Path,
    /// Whether the appliance sees them.
    pub enforced: bool,
}

/// One end of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// Its zone in the plan under which the packets pass; for a group of addresses the zone that it is asked in.
    pub zone: Option<String>,
    /// Whether it is the appliance.
    pub appliance: bool,
    /// Its addresses.
    pub addresses: Vec<AddressRange>,
}

/// The rule that decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Decider {
    /// Its place in its scenario.
    pub rule: usize,
    /// Its application.
    pub app_id: String,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    is_loss: bool,
    from: Option<Place>,
    to: Option<Place>,
    /// The zone that a rule leads to, for groups.
    asked: usize,
    before: Option<Decider>,
    after: Option<Decider>,
    path: Path,
    enforced: bool,
}

/// What gains and what loses reach when the new plan takes the old one's place; gains first.
#[must_use]
pub fn diff(old: &Evaluator, new: &Evaluator) -> Vec<Change> {
    let mut gathering = Gathering::new();
    for family in Family::BOTH {
        let sources = classes(&[old, new], family, Role::Source, &[]);
        let targets = classes(&[old, new], family, Role::Target, &[]);
        let pieces = pieces(&[old, new], family);
        for (from, to) in sources.iter().flat_map(|from| targets.iter().map(move |to| (from, to))) {
            for piece in &pieces {
                let judgements = [judge(old, from, to, *piece), judge(new, from, to, *piece)];
                if let Some(key) = key(old, new, [from, to], judgements) {
                    gathering.add(key, &from.addresses, &to.addresses, *piece);
                }
            }
        }
    }
    gathering.rows().into_iter().filter_map(|product| change(old, new, product)).collect()
}

fn key(old: &Evaluator, new: &Evaluator, ends: [&Class; 2], judgements: [Judgement; 2]) -> Option<Key> {
    let [before, after] = judgements;
    let reaches = |judgement: &Judgement| judgement.passes() && judgement.cause != Cause::Loopback;
    let is_loop = |judgement: &Judgement| judgement.cause == Cause::Loopback;
    if reaches(&before) == reaches(&after) || is_loop(&before) || is_loop(&after) {
        return None;
    }
    let is_loss = reaches(&before);
    let (evaluator, judgement, at) = if is_loss { (old, before, 0) } else { (new, after, 1) };
    let [from, to] = ends.map(|class| class.places.get(at).copied().flatten());
    let decider = |evaluator: &Evaluator, judgement: &Judgement| {
        let rule = judgement.decider().and_then(|place| evaluator.rule(place))?;
        Some(Decider { rule: rule.index, app_id: rule.app_id.clone() })
    };
    Some(Key {
        is_loss,
        from,
        to,
        asked: judgement.rule.and_then(|place| evaluator.rule(place)).map_or(0, |rule| rule.to),
        before: decider(old, &before),
        after: decider(new, &after),
        path: judgement.path,
        enforced: judgement.enforced,
    })
}

fn change(old: &Evaluator, new: &Evaluator, product: Product<Key>) -> Option<Change> {
    let Product { key, from, to, services } = product;
    let plan = if key.is_loss { old.plan() } else { new.plan() };
    let end = |place: Option<Place>, addresses: Vec<AddressRange>| {
        let zone = match place {
            Some(Place::Own) => plan.home,
            Some(Place::Zone(zone)) => zone,
            None => key.asked,
        };
        let zone = plan.zones.get(zone).map(|zone| zone.name.clone());
        End { zone, appliance: place == Some(Place::Own), addresses }
    };
    Some(Change {
        gained: !key.is_loss,
        from: end(key.from, from.ranges()),
        to: end(key.to, to.ranges()),
        services,
        before: key.before,
        after: key.after,
        path: key.path,
        enforced: key.enforced,
    })
}

/// In one sentence.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.gained { "may now reach" } else { "may no longer reach" };
        write!(f, "{} {verb} {} on ", self.from, self.to)?;
        list(f, &self.services, 8)?;
        let rule = |decider: &Option<Decider>, verb: &str, none: &str| match decider {
            Some(decider) => format!("rule {} ({}) {verb}", decider.rule, decider.app_id),
            None => format!("no rule {none}"),
        };
        let (before, after) = (&self.before, &self.after);
        if self.gained {
            let (now, was) = (rule(after, "allows it", "does"), rule(before, "decided", "did"));
            write!(f, ": {now}, where {was} before")?;
        } else {
            let (was, now) = (rule(before, "allowed it", "did"), rule(after, "decides", "does"));
            write!(f, ": {was}; now {now}")?;
        }
        if self.enforced { Ok(()) } else { f.write_str("; the appliance does not see it") }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.zone, self.appliance) {
            (_, true) => f.write_str("the appliance (")?,
            (Some(zone), false) => write!(f, "{zone} (")?,
            (None, false) => f.write_str("(")?,
        }
        list(f, &self.addresses, 4)?;
        f.write_str(")")
    }
}

/// As many as are easily read, and how many more there are.
fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], most: usize) -> fmt::Result {
    for (place, item) in items.iter().take(most).enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    match items.len().checked_sub(most) {
        Some(more) if more > 0 => write!(f, " and {more} more"),
        _ => Ok(()),
    }
}
