//! Which class a packet belongs to where a line is shared, and how much may pass between two zones.

use super::generation::Generation;
use super::rule::services;
use super::script::Script;
use crate::document::words::Class;
use crate::plan::{Limit, Plan, ZoneIndex};

/// The number of a class as `firewall` makes it on the lines; what belongs to none is in the middle there.
pub(super) const fn number(class: Class) -> Option<&'static str> {
    match class {
        Class::Console => Some("7063:10"),
        Class::Interactive => None,
        Class::Bulk => Some("7063:30"),
    }
}

/// The words that put what a rule allows into its class, if there is a line to share.
pub(super) fn mark(plan: &Plan, class: Class) -> Option<String> {
    let number = number(class).filter(|_| !plan.links.is_empty())?;
    Some(format!("meta priority set {number}"))
}

impl Generation<'_> {
    /// One bucket for each limit, whichever chains look into it.
    pub(super) fn buckets(&self, script: &mut Script) {
        for (place, limit) in self.plan.limits.iter().enumerate() {
            let kilobytes = u64::from(limit.mbit) * 125;
            script.open(format_args!("limit {}_limit_{place}", self.name));
            script.line(format_args!(
                "rate over {kilobytes} kbytes/second burst {} kbytes",
                kilobytes.div_ceil(10)
            ));
            script.close();
        }
    }

    /// What consoles use comes first, whoever has opened it.
    pub(super) fn urgent(&self, script: &mut Script) {
        if let Some(mark) = mark(self.plan, Class::Console) {
            for service in services(&self.plan.urgent) {
                self.line(script, &format!("{service} {mark}"), "console");
            }
        }
    }

    /// Where connections from one zone to another come by: what is over a limit is dropped.
    pub(super) fn limited(&self, script: &mut Script, from: ZoneIndex, to: ZoneIndex) {
        if self.limits(from, to).next().is_some() {
            self.line(script, &format!("jump {}_limited_{from}_{to}", self.name), "limit");
        }
    }

    /// The limits on what passes by connections from one zone to another, and by which of their directions.
    fn limits(&self, from: ZoneIndex, to: ZoneIndex) -> impl Iterator<Item = (usize, &'static str)> {
        let direction = move |limit: &Limit| match (limit.from, limit.to) {
            ends if ends == (from, to) => Some("original"),
            ends if ends == (to, from) => Some("reply"),
            _ => None,
        };
        let limits = self.plan.limits.iter().enumerate();
        limits.filter_map(move |(place, limit)| Some((place, direction(limit)?)))
    }

    /// The chains that [`Generation::limited`] names; consoles are let by.
    pub(super) fn limit_chains(&self, script: &mut Script) {
        let count = self.plan.zones.len();
        for (from, to) in (0..count).flat_map(|from| (0..count).map(move |to| (from, to))) {
            if self.limits(from, to).next().is_none() {
                continue;
            }
            script.open(format_args!("chain {}_limited_{from}_{to}", self.name));
            for service in services(&self.plan.urgent) {
                self.line(script, &format!("{service} return"), "console");
            }
            for (place, direction) in self.limits(from, to) {
                let bucket = format!("limit name \"{}_limit_{place}\"", self.name);
                self.line(script, &format!("ct direction {direction} {bucket} counter drop"), "limit");
            }
            script.close();
        }
    }
}
