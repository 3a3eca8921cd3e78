//! A picture of zones, laid out: each zone is a lane, and each thing that passes or is kept from passing is an arrow on
//! a line of its own between two lanes. So nothing crosses and every label is legible, however many zones there are.
//!
//! | module | what it is |
//! |---|---|
//! | [`arrows`] | lines, heads and labels |
//! | [`svg`] | the same as a file |

mod arrows;
mod svg;

pub use arrows::{Arrow, Label};

use crate::reach::{Node, Passage, Picture};
use serde::Serialize;
use std::collections::BTreeMap;

/// How wide a lane is; all lengths are pixels.
const LANE: i32 = 176;
/// Between the picture's edge and what is drawn.
const MARGIN: i32 = 12;
/// From one line of text to the next.
const LINE: i32 = 15;
/// How many networks are written under a zone's name.
const MOST_NETWORKS: usize = 3;
/// The letters that a lane's head has place for.
const HEAD_LETTERS: usize = 23;

/// A picture, laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drawing {
    /// How wide it is.
    pub width: i32,
    /// How high.
    pub height: i32,
    /// What it shows, in one sentence.
    pub title: String,
    /// The zones, from left to right, and the appliance beside its own.
    pub lanes: Vec<Lane>,
    /// What passes, or is kept from passing, from top to bottom.
    pub arrows: Vec<Arrow>,
    /// What the kinds of arrows mean; only those that are there.
    pub legend: Vec<Arrow>,
}

/// A zone, or the appliance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// It is the appliance.
    pub is_appliance: bool,
    /// It is the zone that the appliance belongs to, or the appliance.
    pub is_home: bool,
    /// Where its head begins.
    pub left: i32,
    /// Where its line stands.
    pub middle: i32,
    /// How wide its head is.
    pub width: i32,
    /// Where its head ends.
    pub head: i32,
    /// Where its line ends.
    pub bottom: i32,
    /// Its networks, as far as there is place.
    pub networks: Vec<Label>,
    /// All of its networks.
    pub all: String,
}

/// Lays a picture out.
#[must_use]
pub fn draw(picture: &Picture) -> Drawing {
    let nodes = in_order(picture);
    let rows = nodes.iter().map(|node| node.networks.len().min(MOST_NETWORKS + 1)).max().unwrap_or(0);
    let head = MARGIN + 26 + pixels(rows) * LINE + 6;
    let places: BTreeMap<&str, i32> =
        nodes.iter().enumerate().map(|(at, node)| (node.name.as_str(), middle(at))).collect();
    let (arrows, bottom) = arrows::of(&picture.edges, &places, head + 8);
    let legend = arrows::legend(&arrows, bottom + 8);
    let is_home = |node: &Node| {
        node.is_appliance
            || picture.nodes.iter().any(|other| other.within.as_deref() == Some(node.name.as_str()))
    };
    let lanes = nodes.iter().enumerate().map(|(at, node)| lane(at, node, is_home(node), head, bottom));
    Drawing {
        width: 2 * MARGIN + pixels(nodes.len().max(2)) * LANE,
        height: bottom + 8 + pixels(legend.len()) * arrows::LEGEND_ROW + MARGIN,
        title: title(picture),
        lanes: lanes.collect(),
        arrows,
        legend,
    }
}

fn lane(at: usize, node: &Node, is_home: bool, head: i32, bottom: i32) -> Lane {
    let mut lines: Vec<String> =
        node.networks.iter().take(MOST_NETWORKS).map(|network| shortened(network, HEAD_LETTERS)).collect();
    if let Some(more) = node.networks.len().checked_sub(MOST_NETWORKS).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    let label = |(row, text)| Label { x: middle(at), y: MARGIN + 20 + (pixels(row) + 1) * LINE, text };
    Lane {
        name: shortened(&node.name, HEAD_LETTERS),
        is_appliance: node.is_appliance,
        is_home,
        left: MARGIN + pixels(at) * LANE + 4,
        middle: middle(at),
        width: LANE - 8,
        head,
        bottom,
        networks: lines.into_iter().enumerate().map(label).collect(),
        all: format!("{}: {}", node.name, node.networks.join(", ")),
    }
}

/// Who asks stands left of the appliance, who is asked stands right of it, and the whole Internet last.
fn in_order(picture: &Picture) -> Vec<&Node> {
    let count = |node: &Node, is_source: bool| {
        let end = |edge: &&crate::reach::Edge| {
            let (mine, other) = if is_source { (&edge.from, &edge.to) } else { (&edge.to, &edge.from) };
            *mine == node.name && mine != other
        };
        pixels(picture.edges.iter().filter(end).map(|edge| edge.app_ids.len()).sum())
    };
    let appliance = picture.nodes.iter().find(|node| node.is_appliance);
    let home = appliance.and_then(|node| node.within.as_deref());
    let rank = |node: &Node| -> (i32, i32) {
        if node.is_appliance {
            return (2, 0);
        }
        if Some(node.name.as_str()) == home {
            return (1, 0);
        }
        if node.networks.iter().any(|network| network.ends_with("/0")) {
            return (4, 0);
        }
        let balance = count(node, true) - count(node, false);
        (if balance >= 0 { 0 } else { 3 }, -balance)
    };
    let mut nodes: Vec<&Node> = picture.nodes.iter().collect();
    nodes.sort_by_key(|node| (rank(node), node.name.clone()));
    nodes
}

fn middle(at: usize) -> i32 {
    MARGIN + pixels(at) * LANE + LANE / 2
}

/// A count as a length; far more than can be drawn is as much as can be.
fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX).min(10_000)
}

/// At most so many letters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn title(picture: &Picture) -> String {
    let zones = picture.nodes.iter().filter(|node| !node.is_appliance).count();
    let count = |passage| picture.edges.iter().filter(|edge| edge.action == passage).count();
    let (passes, kept) = (count(Passage::Allow), count(Passage::Drop));
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    format!(
        "{zones} zone{} and the appliance: {passes} way{} that something passes, {kept} that a rule keeps it from",
        plural(zones),
        plural(passes)
    )
}

#[cfg(test)]
mod tests;
