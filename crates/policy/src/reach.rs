//! All that somebody may reach, as a table, and who may reach whom, as a picture of zones.

use crate::document::words::Action;
use crate::evaluate::{Cause, Evaluator, Family, Judgement, Place};
use crate::names::Subject;
use crate::packet::Path;
use crate::region::product::{Gathering, Product};
use crate::region::{AddressRange, Addresses, Class, Role, classes, judge, pieces};
use crate::service::Service;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Something that may be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// From this zone.
    pub from_zone: String,
    /// From the appliance itself.
    pub from_appliance: bool,
    /// From these addresses.
    pub from: Vec<AddressRange>,
    /// To this zone; for a group of addresses the zone that it is asked in.
    pub to_zone: String,
    /// To the appliance itself.
    pub to_appliance: bool,
    /// To these addresses.
    pub to: Vec<AddressRange>,
    /// For this application.
    pub app_id: String,
    /// By this rule of the scenario.
    pub rule: usize,
    /// On these services.
    pub services: Vec<Service>,
    /// On this way.
    pub path: Path,
    /// Whether the appliance can keep others from it.
    pub enforced: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    from: Place,
    rule: usize,
    to: Option<Place>,
    path: Path,
    enforced: bool,
}

/// All that somebody may reach.
#[must_use]
pub fn reach(evaluator: &Evaluator, who: &Subject) -> Vec<Row> {
    between(evaluator, Some(who), None)
}

/// All that somebody may reach of somebody; without a name, everybody.
#[must_use]
pub fn between(evaluator: &Evaluator, who: Option<&Subject>, whom: Option<&Subject>) -> Vec<Row> {
    let mut gathering = Gathering::new();
    for family in Family::BOTH {
        let targets = classes(&[evaluator], family, Role::Target, addresses(whom));
        let targets: Vec<Class> = targets
            .into_iter()
            .filter(|to| whom.is_none_or(|whom| may_be_meant(evaluator, whom, to)))
            .collect();
        let pieces = pieces(&[evaluator], family);
        for from in classes(&[evaluator], family, Role::Source, addresses(who)) {
            if who.is_none_or(|who| is_meant(evaluator, who, &from)) {
                gather(evaluator, &mut gathering, &from, &targets, &pieces);
            }
        }
    }
    let in_zone = |row: &Row| match whom {
        Some(Subject::Zone(zone)) => {
            evaluator.plan().zones.get(*zone).is_some_and(|zone| zone.name == row.to_zone)
        }
        _ => true,
    };
    gathering.rows().into_iter().filter_map(|product| row(evaluator, product)).filter(in_zone).collect()
}

/// Addresses that are to be told apart from their neighbours.
fn addresses(subject: Option<&Subject>) -> &[std::net::IpAddr] {
    match subject {
        Some(Subject::Addresses(addresses)) => addresses,
        _ => &[],
    }
}

fn is_meant(evaluator: &Evaluator, who: &Subject, class: &Class) -> bool {
    let place = class.places.first().copied().flatten();
    match who {
        Subject::Addresses(addresses) => addresses.contains(&class.speaker),
        Subject::Appliance => place == Some(Place::Own),
        Subject::Zone(zone) => {
            place == Some(Place::Zone(*zone)) || (place == Some(Place::Own) && *zone == evaluator.plan().home)
        }
    }
}

/// The same for a target: a group of addresses stands in whichever zone it is asked in.
fn may_be_meant(evaluator: &Evaluator, whom: &Subject, class: &Class) -> bool {
    let is_group = class.places.first().copied().flatten().is_none();
    is_meant(evaluator, whom, class) || (is_group && matches!(whom, Subject::Zone(_)))
}

fn gather(
    evaluator: &Evaluator,
    gathering: &mut Gathering<Key>,
    from: &Class,
    targets: &[Class],
    pieces: &[Service],
) {
    for to in targets {
        for piece in pieces {
            let judgement = judge(evaluator, from, to, *piece);
            if let Some(key) = key(from, to, &judgement) {
                gathering.add(key, &from.addresses, &to.addresses, *piece);
            }
        }
    }
}

fn key(from: &Class, to: &Class, judgement: &Judgement) -> Option<Key> {
    let rule = judgement.rule.filter(|_| judgement.passes() && judgement.cause == Cause::Rule)?;
    let from = from.places.first().copied().flatten()?;
    let to = to.places.first().copied().flatten();
    Some(Key { from, rule, to, path: judgement.path, enforced: judgement.enforced })
}

fn row(evaluator: &Evaluator, product: Product<Key>) -> Option<Row> {
    let plan = evaluator.plan();
    let Product { key, from, to, services } = product;
    let rule = plan.rules.get(key.rule)?;
    let name = |place: Place| {
        let zone = if let Place::Zone(zone) = place { zone } else { plan.home };
        plan.zones.get(zone).map(|zone| zone.name.clone())
    };
    let ranges = |addresses: &Addresses| addresses.ranges();
    Some(Row {
        from_zone: name(key.from)?,
        from_appliance: key.from == Place::Own,
        from: ranges(&from),
        to_zone: name(key.to.unwrap_or(Place::Zone(rule.to)))?,
        to_appliance: key.to == Some(Place::Own),
        to: ranges(&to),
        app_id: rule.app_id.clone(),
        rule: rule.index,
        services,
        path: key.path,
        enforced: key.enforced,
    })
}

/// Who may reach whom: what a picture of zones is drawn from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// The zones, and the appliance.
    pub nodes: Vec<Node>,
    /// What passes, or is kept from passing by a rule.
    pub edges: Vec<Edge>,
}

/// A zone, or the appliance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The zone's name; the appliance is named `appliance`.
    pub name: String,
    /// It is the appliance, drawn within its zone.
    pub is_appliance: bool,
    /// The zone that it is drawn in, for the appliance.
    pub within: Option<String>,
    /// Its networks, as they are written in the site file.
    pub networks: Vec<String>,
}

/// What passes from one node to another, or is kept from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// From this node.
    pub from: String,
    /// To that one.
    pub to: String,
    /// What happens.
    pub action: Passage,
    /// Whether the appliance can hold it to that.
    pub enforced: bool,
    /// For these applications.
    pub app_ids: Vec<String>,
    /// By these rules of the scenario.
    pub rules: Vec<usize>,
}

/// Whether an edge passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passage {
    /// It does.
    Allow,
    /// A rule says it must not.
    Drop,
    /// A rule allows it, but the appliance does not route it: it can be had through the appliance alone.
    NotRouted,
}

/// Rules, by the two nodes, what happens, and whether it is enforced.
type Edges = BTreeMap<(String, String, Passage, bool), BTreeSet<(usize, String)>>;

/// Who may reach whom.
#[must_use]
pub fn picture(evaluator: &Evaluator) -> Picture {
    let plan = evaluator.plan();
    let mut edges = Edges::new();
    for family in Family::BOTH {
        let sources = classes(&[evaluator], family, Role::Source, &[]);
        let targets = classes(&[evaluator], family, Role::Target, &[]);
        let pieces = pieces(&[evaluator], family);
        for (from, to) in sources.iter().flat_map(|from| targets.iter().map(move |to| (from, to))) {
            for piece in &pieces {
                let judgement = judge(evaluator, from, to, *piece);
                let passage = match (judgement.cause, judgement.verdict) {
                    (Cause::NotRouted(_), _) => Passage::NotRouted,
                    (_, Action::Allow) => Passage::Allow,
                    _ => Passage::Drop,
                };
                let Some(rule) = judgement.decider().and_then(|place| plan.rules.get(place)) else {
                    continue;
                };
                let (Some(from), Some(to)) = (node(evaluator, from, rule.to), node(evaluator, to, rule.to))
                else {
                    continue;
                };
                let edge = edges.entry((from, to, passage, judgement.enforced)).or_default();
                edge.insert((rule.index, rule.app_id.clone()));
            }
        }
    }
    let edges = edges.into_iter().map(|((from, to, action, enforced), rules)| Edge {
        from,
        to,
        action,
        enforced,
        app_ids: rules.iter().map(|(_, app)| app.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        rules: rules.iter().map(|(index, _)| *index).collect(),
    });
    Picture { nodes: nodes(evaluator), edges: edges.collect() }
}

/// The node that a class is drawn at; a group of addresses at the zone that the rule leads to.
fn node(evaluator: &Evaluator, class: &Class, to: usize) -> Option<String> {
    match class.places.first().copied().flatten() {
        Some(Place::Own) => Some("appliance".into()),
        Some(Place::Zone(zone)) => evaluator.plan().zones.get(zone).map(|zone| zone.name.clone()),
        None => evaluator.plan().zones.get(to).map(|zone| zone.name.clone()),
    }
}

fn nodes(evaluator: &Evaluator) -> Vec<Node> {
    let plan = evaluator.plan();
    let zones = plan.zones.iter().map(|zone| Node {
        name: zone.name.clone(),
        is_appliance: false,
        within: None,
        networks: zone.networks.iter().map(ToString::to_string).collect(),
    });
    let appliance = Node {
        name: "appliance".into(),
        is_appliance: true,
        within: plan.zones.get(plan.home).map(|zone| zone.name.clone()),
        networks: plan.own.iter().map(ToString::to_string).collect(),
    };
    zones.chain([appliance]).collect()
}
