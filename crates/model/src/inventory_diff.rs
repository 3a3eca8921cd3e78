//! What changed between two inventories: added, removed, moved, replaced, or another value in a field.
//!
//! Components are recognised by their serial number where they have one, so that a memory module in another
//! slot has moved; else by their path. Pure.

use crate::components::{Component, PLACES};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Change {
    /// The component's kind: `processor`, `memory module`, ...
    pub kind: String,
    /// Its name, after the change where it is still there.
    pub name: String,
    /// The slot, socket or bay that it sits in.
    pub place: Option<String>,
    /// Its part number or model.
    pub model: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub what: What,
}

/// What became of a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum What {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// The same one, recognised by its serial number, is in another place.
    Moved {
        /// Where it was.
        from: String,
        /// Where it is.
        to: String,
    },
    /// Another one is in its place.
    Replaced {
        /// The serial number of the one that was there.
        from: String,
        /// The serial number of the one that is.
        to: String,
    },
    /// A field has another value.
    Changed {
        /// Which.
        field: String,
        /// What it said; none where it said nothing.
        from: Option<String>,
        /// What it says; none where it says nothing any more.
        to: Option<String>,
    },
}

impl What {
    /// `added`, `removed`, `moved`, `replaced` or `changed`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Moved { .. } => "moved",
            Self::Replaced { .. } => "replaced",
            Self::Changed { .. } => "changed",
        }
    }
}

/// Fields that differ from device to device: over the fleet only that they changed is counted.
const OWN: &[&str] =
    &["serial", "uuid", "mac", "permanent_mac", "macs", "hostname", "addresses", "asset_tag", "name", "sku"];

impl Change {
    fn of(component: &Component, what: What) -> Self {
        let model = component.part_number().or_else(|| component.field("model"));
        Self {
            kind: component.kind.clone(),
            name: component.name.clone(),
            place: component.place().map(str::to_owned),
            model: model.map(str::to_owned),
            what,
        }
    }

    /// Which component, in words.
    #[must_use]
    pub fn subject(&self) -> String {
        match &self.place {
            Some(place) if *place != self.name => format!("{} {} in {place}", self.kind, self.name),
            _ => format!("{} {}", self.kind, self.name),
        }
    }

    /// What became of it, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let model = self.model.as_ref().map(|model| format!(" ({model})")).unwrap_or_default();
        match &self.what {
            What::Added => format!("added{model}"),
            What::Removed => format!("removed{model}"),
            What::Moved { from, to } => format!("moved from {from} to {to}"),
            What::Replaced { from, to } => format!("replaced: serial number {from} → {to}"),
            What::Changed { field, from, to } => {
                format!("{} {}", field_words(field), from_to(from.as_deref(), to.as_deref()))
            }
        }
    }

    /// What is the same on many devices, in words: `system: BIOS version 2.1 → 2.2`.
    #[must_use]
    pub fn over_fleet(&self) -> String {
        let model = self.model.as_ref().map(|model| format!(" {model}")).unwrap_or_default();
        match &self.what {
            What::Changed { field, from, to } => {
                let leaf = field.rsplit('.').next().unwrap_or(field);
                let what = if OWN.contains(&leaf) {
                    format!("{} changed", field_words(field))
                } else {
                    format!("{} {}", field_words(field), from_to(from.as_deref(), to.as_deref()))
                };
                match self.kind.as_str() {
                    "firmware" | "software" => format!("{} {}: {what}", self.kind, self.name),
                    "system" | "controller" | "service" => format!("{}: {what}", self.kind),
                    _ => format!("{}{model}: {what}", self.kind),
                }
            }
            What::Added | What::Removed
                if matches!(self.kind.as_str(), "firmware" | "software" | "fault") =>
            {
                format!("{} {} {}", self.kind, self.name, self.what.word())
            }
            what => format!("{}{model} {}", self.kind, what.word()),
        }
    }
}

fn from_to(from: Option<&str>, to: Option<&str>) -> String {
    match (from, to) {
        (None, Some(to)) => format!("is now {to}"),
        (Some(from), None) => format!("is no longer said (was {from})"),
        (from, to) => format!("{} → {}", from.unwrap_or_default(), to.unwrap_or_default()),
    }
}

/// A field's name as people say it.
#[must_use]
pub fn field_words(field: &str) -> String {
    let word = |word: &str| match word {
        "bios" => "BIOS".to_owned(),
        "mac" => "MAC".to_owned(),
        "macs" => "MACs".to_owned(),
        "uuid" => "UUID".to_owned(),
        "sku" => "SKU".to_owned(),
        "oem" => "OEM".to_owned(),
        other => other.to_owned(),
    };
    // Names that a maker gave stay as they are.
    if let Some(setting) = field.strip_prefix("bios.settings.") {
        return format!("BIOS setting {setting}");
    }
    if let Some(protocol) = field.strip_prefix("protocols.") {
        return format!("protocol {}", protocol.replace('.', " "));
    }
    field.replace(['_', '.'], " ").split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// What differs between two lists of components, by kind and name.
#[must_use]
pub fn diff(before: &[Component], after: &[Component]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut done_before = HashSet::new();
    let mut done_after = HashSet::new();
    for (old, new) in by_serial(before, after) {
        done_before.insert(key(old));
        done_after.insert(key(new));
        if old.path != new.path {
            let (from, to) = (spot(old), spot(new));
            changes.push(Change::of(new, What::Moved { from, to }));
        }
        fields(old, new, old.path != new.path, &mut changes);
    }
    let rest: HashMap<(&str, &str), &Component> =
        after.iter().filter(|new| !done_after.contains(&key(new))).map(|new| (key(new), new)).collect();
    let mut gone = Vec::new();
    for old in before.iter().filter(|old| !done_before.contains(&key(old))) {
        let Some(new) = rest.get(&key(old)) else {
            gone.push(old);
            continue;
        };
        done_after.insert(key(new));
        match (old.serial(), new.serial()) {
            (Some(from), Some(to)) if from != to => {
                changes.push(Change::of(new, What::Replaced { from, to }));
                replaced_by_another(old, new, &mut changes);
            }
            _ => fields(old, new, false, &mut changes),
        }
    }
    changes.extend(gone.into_iter().map(|old| Change::of(old, What::Removed)));
    let added = after.iter().filter(|new| !done_after.contains(&key(new)));
    changes.extend(added.map(|new| Change::of(new, What::Added)));
    changes.sort_by(|a, b| (&a.kind, &a.place, &a.name, &a.what).cmp(&(&b.kind, &b.place, &b.name, &b.what)));
    changes
}

fn key(component: &Component) -> (&str, &str) {
    (&component.kind, &component.path)
}

fn spot(component: &Component) -> String {
    component.place().unwrap_or(&component.name).to_owned()
}

/// Components that are in both lists by a serial number that each list has once for that kind.
fn by_serial<'a>(before: &'a [Component], after: &'a [Component]) -> Vec<(&'a Component, &'a Component)> {
    let (old, new) = (serials(before), serials(after));
    old.into_iter().filter_map(|(serial, old)| Some((old?, (*new.get(&serial)?)?))).collect()
}

/// By kind and serial number; none where it is not the only one.
fn serials(list: &[Component]) -> BTreeMap<(&str, String), Option<&Component>> {
    let mut all = BTreeMap::new();
    for component in list {
        if let Some(serial) = component.serial() {
            all.entry((component.kind.as_str(), serial))
                .and_modify(|one| *one = None)
                .or_insert(Some(component));
        }
    }
    all
}

/// Every field that differs; a moved component's place is told already.
fn fields(old: &Component, new: &Component, moved: bool, changes: &mut Vec<Change>) {
    if old.name != new.name && !moved {
        let (from, to) = (Some(old.name.clone()), Some(new.name.clone()));
        changes.push(Change::of(new, What::Changed { field: "name".into(), from, to }));
    }
    let names: std::collections::BTreeSet<&String> = old.fields.keys().chain(new.fields.keys()).collect();
    for field in names {
        let (from, to) = (old.fields.get(field).cloned(), new.fields.get(field).cloned());
        if from != to && !(moved && PLACES.contains(&field.as_str())) {
            changes.push(Change::of(new, What::Changed { field: field.clone(), from, to }));
        }
    }
}

/// Of another one in the same place, only what makes it another kind of part is told.
fn replaced_by_another(old: &Component, new: &Component, changes: &mut Vec<Change>) {
    const TELLING: &[&str] =
        &["manufacturer", "model", "part_number", "capacity_mib", "capacity_bytes", "firmware"];
    let mut all = Vec::new();
    fields(old, new, false, &mut all);
    all.retain(|change| match &change.what {
        What::Changed { field, .. } => TELLING.contains(&field.as_str()),
        _ => false,
    });
    changes.append(&mut all);
}

#[cfg(test)]
mod tests;
