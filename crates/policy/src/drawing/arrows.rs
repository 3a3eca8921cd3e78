//! Arrows: each on lines of its own, its label above it, and inside a zone as a hook at the zone's lane.

use super::{LANE, LINE, MARGIN};
use crate::reach::{Edge, Passage};
use serde::Serialize;
use std::collections::BTreeMap;

/// A line of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where its middle stands; of an arrow inside a zone and of the legend where it begins.
    pub x: i32,
    /// Where its letters stand.
    pub y: i32,
    /// What it says.
    pub text: String,
}

/// What passes, or is kept from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arrow {
    /// Whether it passes.
    pub passage: Passage,
    /// Whether the appliance can hold it to that.
    pub enforced: bool,
    /// Its label begins at its place, instead of standing around it.
    pub is_left: bool,
    /// The line, as a path of SVG.
    pub line: String,
    /// The head: a triangle where it passes, a cross where it does not.
    pub head: String,
    /// What it is about.
    pub label: Vec<Label>,
    /// The same with everything, in one sentence.
    pub title: String,
}

impl Arrow {
    /// Its kind, as a class of a style sheet.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self.passage {
            Passage::Allow => "allow",
            Passage::Drop => "drop",
            Passage::NotRouted => "not-routed",
        }
    }
}

/// Between two arrows.
const GAP: i32 = 12;
/// How high a line of the legend is.
pub(super) const LEGEND_ROW: i32 = 20;
/// How many pixels a letter is wide, in tenths.
const LETTER_TENTHS: i32 = 66;

/// The arrows from this height down, and where they end.
pub(super) fn of(edges: &[Edge], places: &BTreeMap<&str, i32>, top: i32) -> (Vec<Arrow>, i32) {
    let ends = |edge: &Edge| Some((*places.get(edge.from.as_str())?, *places.get(edge.to.as_str())?));
    let mut drawn: Vec<(i32, i32, &Edge)> =
        edges.iter().filter_map(|edge| ends(edge).map(|(from, to)| (from, to, edge))).collect();
    drawn.sort_by_key(|(from, to, edge)| (*from, *to, edge.action, !edge.enforced));
    let mut y = top;
    let mut arrows = Vec::new();
    for (from, to, edge) in drawn {
        let width = if from == to { LANE - 44 } else { (to - from).abs() - 20 };
        let lines = wrapped(&label(edge), usize::try_from(width * 10 / LETTER_TENTHS).unwrap_or(8).max(8));
        let height = i32::try_from(lines.len()).unwrap_or(1).max(1) * LINE;
        if from == to {
            arrows.push(hook(from, y, height, lines, edge));
            y += height.max(2 * LINE) + GAP;
        } else {
            arrows.push(straight(from, to, y, height, lines, edge));
            y += height + 8 + GAP;
        }
    }
    (arrows, y)
}

fn straight(from: i32, to: i32, y: i32, height: i32, lines: Vec<String>, edge: &Edge) -> Arrow {
    let at = y + height + 4;
    let step = if to > from { 1 } else { -1 };
    let end = if edge.action == Passage::Drop { to - step * 14 } else { to - step * 8 };
    Arrow {
        passage: edge.action,
        enforced: edge.enforced,
        is_left: false,
        line: format!("M {from} {at} H {end}"),
        head: head(edge.action, if edge.action == Passage::Drop { end } else { to - step }, at, step),
        label: labels((from + to) / 2, y, lines),
        title: sentence(edge),
    }
}

/// From a lane and back to it.
fn hook(x: i32, y: i32, height: i32, lines: Vec<String>, edge: &Edge) -> Arrow {
    let (top, bottom) = (y + 5, y + height.max(2 * LINE) - 3);
    let (line, tip) = match edge.action {
        Passage::Drop => (format!("M {x} {top} H {} V {bottom} H {}", x + 20, x + 14), x + 14),
        _ => (format!("M {x} {top} H {} V {bottom} H {}", x + 20, x + 8), x + 1),
    };
    Arrow {
        passage: edge.action,
        enforced: edge.enforced,
        is_left: true,
        line,
        head: head(edge.action, tip, bottom, -1),
        label: labels(x + 27, y, lines),
        title: sentence(edge),
    }
}

fn head(passage: Passage, x: i32, y: i32, step: i32) -> String {
    match passage {
        Passage::Drop => format!("M {} {} L {} {} M {0} {3} L {2} {1}", x - 5, y - 5, x + 5, y + 5),
        _ => format!("M {x} {y} L {} {} V {} Z", x - step * 8, y - 4, y + 4),
    }
}

fn labels(x: i32, y: i32, lines: Vec<String>) -> Vec<Label> {
    let rows = (1..).map(|row| y + row * LINE - 3);
    lines.into_iter().zip(rows).map(|(text, y)| Label { x, y, text }).collect()
}

fn label(edge: &Edge) -> String {
    let rules: Vec<String> = edge.rules.iter().map(ToString::to_string).collect();
    let unseen = if edge.enforced { "" } else { ", not seen" };
    format!("{} ({}{unseen})", edge.app_ids.join(", "), rules.join(", "))
}

fn sentence(edge: &Edge) -> String {
    let Edge { from, to, app_ids, rules, .. } = edge;
    let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
    let plural = if rules.len() == 1 { "rule" } else { "rules" };
    let what = match edge.action {
        Passage::Allow => "allowed",
        Passage::Drop => "kept from passing",
        Passage::NotRouted => "allowed by the document, but not routed: to be had through the appliance",
    };
    let seen = if edge.enforced { "" } else { "; the appliance does not see it" };
    format!("{from} to {to}: {} {what} by {plural} {}{seen}", app_ids.join(", "), rules.join(", "))
}

/// What the kinds of arrows that are there mean.
pub(super) fn legend(arrows: &[Arrow], top: i32) -> Vec<Arrow> {
    let kinds = [
        (Passage::Allow, "passes; in brackets the rules, counted from 0"),
        (Passage::Drop, "a rule keeps it from passing"),
        (Passage::NotRouted, "allowed by the document, but not routed: to be had through the appliance"),
    ];
    let there = kinds.into_iter().filter(|(kind, _)| arrows.iter().any(|arrow| arrow.passage == *kind));
    let rows = (0..).map(|row| top + row * LEGEND_ROW);
    let entry = |((passage, text), y): ((Passage, &str), i32)| {
        let (from, to, at) = (MARGIN + 4, MARGIN + 50, y + 8);
        let end = if passage == Passage::Drop { to - 6 } else { to - 8 };
        Arrow {
            passage,
            enforced: true,
            is_left: true,
            line: format!("M {from} {at} H {end}"),
            head: head(passage, if passage == Passage::Drop { end } else { to }, at, 1),
            label: vec![Label { x: to + 10, y: y + 12, text: text.to_owned() }],
            title: text.to_owned(),
        }
    };
    there.zip(rows).map(entry).collect()
}

/// Broken at blanks into lines of at most so many letters; a longer word has a line of its own.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_never_broken() {
        assert_eq!(wrapped("one, two, three (1, 2)", 9), ["one, two,", "three (1,", "2)"]);
        assert_eq!(wrapped("far_too_long_for_it x", 5), ["far_too_long_for_it", "x"]);
    }
}
