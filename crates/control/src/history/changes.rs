//! What changed over the fleet, grouped by what is the same on many devices.

use model::DeviceId;
use model::inventory_diff::Change;
use std::collections::{BTreeMap, BTreeSet};

/// More groups than this are counted, not told: nobody reads them, and they cost memory.
const MOST_GROUPS: usize = 2000;

/// A change that is the same on some devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `added`, `removed`, `moved`, `replaced` or `changed`.
    pub what: &'static str,
    /// In words: `firmware BIOS: version 2.1 → 2.2`.
    pub text: String,
    /// How many components.
    pub count: usize,
    /// On which devices.
    pub devices: BTreeSet<DeviceId>,
}

/// What changed over the fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FleetChanges {
    /// The groups, those on most devices first.
    pub groups: Vec<Group>,
    /// Changes in groups that were too many.
    pub more: usize,
    /// Devices that are not made of what they were.
    pub changed: BTreeSet<DeviceId>,
    /// Devices that were first read since then; what changed on them afterwards is among the groups.
    pub first_read: BTreeSet<DeviceId>,
}

/// Gathers changes device by device.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    groups: BTreeMap<(&'static str, String), (usize, BTreeSet<DeviceId>)>,
    all: FleetChanges,
}

impl Gathering {
    /// A device that was first read.
    pub(crate) fn first(&mut self, device: DeviceId) {
        self.all.first_read.insert(device);
    }

    /// A device's changes; none where it is again what it was.
    pub(crate) fn add(&mut self, device: &DeviceId, changes: &[Change]) {
        if !changes.is_empty() {
            self.all.changed.insert(device.clone());
        }
        for change in changes {
            let key = (change.what.word(), change.over_fleet());
            if self.groups.len() >= MOST_GROUPS && !self.groups.contains_key(&key) {
                self.all.more += 1;
                continue;
            }
            let (count, devices) = self.groups.entry(key).or_default();
            *count += 1;
            devices.insert(device.clone());
        }
    }

    pub(crate) fn finish(mut self) -> FleetChanges {
        let group = |((what, text), (count, devices))| Group { what, text, count, devices };
        self.all.groups = self.groups.into_iter().map(group).collect();
        self.all.groups.sort_by(|a, b| (b.devices.len(), &a.text).cmp(&(a.devices.len(), &b.text)));
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::components::Component;
    use model::inventory_diff::diff;

    fn system(bios: &str) -> [Component; 1] {
        [Component {
            kind: "system".into(),
            path: "/redfish/v1/Systems/1".into(),
            name: "1".into(),
            fields: [("bios_version".to_owned(), bios.to_owned())].into(),
        }]
    }

    #[test]
    fn the_same_change_on_many_devices_is_one_group() {
        let mut gathering = Gathering::default();
        for number in 0..14 {
            gathering.add(&DeviceId(format!("d-{number}")), &diff(&system("2.1"), &system("2.2")));
        }
        gathering.add(&DeviceId("d-20".into()), &diff(&system("2.0"), &system("2.2")));
        gathering.add(&DeviceId("d-21".into()), &[]);
        gathering.first(DeviceId("d-22".into()));
        let all = gathering.finish();
        let said: Vec<(String, usize)> =
            all.groups.iter().map(|group| (group.text.clone(), group.devices.len())).collect();
        assert_eq!(
            said,
            [
                ("system: BIOS version 2.1 → 2.2".to_owned(), 14),
                ("system: BIOS version 2.0 → 2.2".to_owned(), 1)
            ]
        );
        assert_eq!((all.changed.len(), all.first_read.len(), all.more), (15, 1, 0));
    }
}
