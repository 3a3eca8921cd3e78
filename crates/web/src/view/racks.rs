//! Racks as pictures: which unit holds what, from the labels `rack`, `unit` and `height`.

use super::device::{Row, link};
use super::query::{has_changed_certificate, reach_word};
use jiff::Timestamp;
use model::Device;
use model::device::{Health, Power, Stage};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A rack has so many units unless something stands higher.
const UNITS: u32 = 42;
/// No rack is higher; a label that says so is a mistake and the device is listed below.
const MOST_UNITS: u32 = 60;

/// One rack.
#[derive(Clone, Debug)]
pub(crate) struct Rack {
    pub name: String,
    pub summary: String,
    /// From the top down.
    pub units: Vec<Unit>,
}

/// One unit of a rack.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub number: u32,
    pub slot: Slot,
}

/// What is in it.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// A device whose top is here.
    Device(Box<Placed>),
    /// A device that began above.
    Covered,
    Empty,
}

/// A device in the picture.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub link: String,
    pub name: String,
    pub power: Power,
    pub height: u32,
    /// What it is coloured by.
    pub class: &'static str,
    pub mark: Option<Mark>,
    /// The text alternative: everything that the colours say.
    pub spoken: String,
}

/// A sign beside the name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub class: &'static str,
    pub icon: &'static str,
}

/// All racks by name, and what has no place in one.
pub(crate) fn racks(devices: &[Arc<Device>], now: Timestamp) -> (Vec<Rack>, Vec<Row>) {
    let mut racks: BTreeMap<&str, Vec<(u32, u32, &Device)>> = BTreeMap::new();
    let mut elsewhere = Vec::new();
    for device in devices.iter().filter(|device| device.stage != Stage::Decommissioned) {
        let label = |key: &str| device.labels.get(key);
        let number =
            |key: &str| label(key).and_then(|text| text.trim_start_matches(['u', 'U']).parse::<u32>().ok());
        let height = number("height").unwrap_or(1).clamp(1, 20);
        let placed = match (label("rack"), number("unit")) {
            (Some(rack), Some(unit)) if (1..=MOST_UNITS).contains(&unit) => Some((rack, unit)),
            _ => None,
        };
        match placed {
            Some((rack, unit)) => racks.entry(rack).or_default().push((unit, height, device)),
            None => elsewhere.push(Row::new(device, now)),
        }
    }
    let mut pictures = Vec::with_capacity(racks.len());
    for (name, places) in racks {
        let (picture, left) = picture(name, places);
        pictures.push(picture);
        elsewhere.extend(left.into_iter().map(|device| Row::new(device, now)));
    }
    (pictures, elsewhere)
}

/// Draws a rack; comes back also with what does not fit because something else is there.
fn picture<'a>(name: &str, places: Vec<(u32, u32, &'a Device)>) -> (Rack, Vec<&'a Device>) {
    let top = places.iter().map(|(unit, height, _)| unit + height - 1).max().unwrap_or(UNITS).max(UNITS);
    let on = places.iter().filter(|(.., device)| device.state.power == Power::On).count();
    let summary = format!("{} devices, {on} on", places.len());
    let mut slots: BTreeMap<u32, Slot> = (1..=top).map(|unit| (unit, Slot::Empty)).collect();
    let mut left = Vec::new();
    for (unit, height, device) in places {
        let mut span = unit..unit + height;
        if !span.clone().all(|at| matches!(slots.get(&at), Some(Slot::Empty))) {
            left.push(device);
            continue;
        }
        let last = span.next_back();
        span.for_each(|at| drop(slots.insert(at, Slot::Covered)));
        if let Some(last) = last {
            slots.insert(last, Slot::Device(Box::new(placed(device, height))));
        }
    }
    let units = slots.into_iter().rev().map(|(number, slot)| Unit { number, slot }).collect();
    (Rack { name: name.to_owned(), summary, units }, left)
}

fn placed(device: &Device, height: u32) -> Placed {
    let state = &device.state;
    let reach = reach_word(&state.reach);
    let (class, mark) = match (state.health, state.power) {
        (Health::Critical, _) => ("critical", Some(Mark { class: "critical", icon: "h-critical" })),
        (Health::Warning, _) => ("warning", Some(Mark { class: "warning", icon: "h-warning" })),
        (_, Power::On) => ("on", None),
        (_, Power::PoweringOn | Power::PoweringOff | Power::Paused) => ("moving", None),
        (_, Power::Off | Power::Unknown) => ("off", None),
    };
    let changed = has_changed_certificate(device);
    let mark = match reach {
        "offline" => Some(Mark { class: "offline", icon: "i-offline" }),
        _ if changed => Some(Mark { class: "critical", icon: "h-critical" }),
        _ => mark,
    };
    let mut spoken =
        format!("{}: power {}, health {}", device.name, super::spaced(state.power.word()), state.health);
    if reach == "offline" {
        spoken.push_str(", its controller does not answer");
    }
    if changed {
        spoken.push_str(", it shows another certificate");
    }
    if device.stage == Stage::Maintenance {
        spoken.push_str(", in maintenance");
    }
    Placed {
        link: link(&device.name),
        name: device.name.clone(),
        power: state.power,
        height,
        class,
        mark,
        spoken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::device::fixture;

    fn at(number: u8, labels: &[(&str, &str)]) -> Arc<Device> {
        let mut device = fixture(number);
        device.labels = labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Arc::new(device)
    }

    #[test]
    fn a_high_device_covers_its_units_and_what_stands_in_its_way_is_listed_below() {
        let devices = [
            at(1, &[("rack", "r1"), ("unit", "10"), ("height", "3")]),
            at(2, &[("rack", "r1"), ("unit", "11")]),
            at(3, &[("rack", "r1"), ("unit", "u13")]),
            at(4, &[("rack", "r1")]),
            at(5, &[("rack", "r1"), ("unit", "4000000000")]),
        ];
        let (racks, elsewhere) = racks(&devices, Timestamp::UNIX_EPOCH);
        assert_eq!(racks.len(), 1);
        assert_eq!(racks[0].units.len(), 42);
        let slot = |unit: u32| &racks[0].units.iter().find(|u| u.number == unit).unwrap().slot;
        assert!(matches!(slot(12), Slot::Device(placed) if placed.name == "r1-u01" && placed.height == 3));
        assert!(matches!(slot(11), Slot::Covered));
        assert!(matches!(slot(10), Slot::Covered));
        assert!(matches!(slot(13), Slot::Device(_)));
        assert!(matches!(slot(9), Slot::Empty));
        let mut names: Vec<&str> = elsewhere.iter().map(|row| row.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["r1-u02", "r1-u04", "r1-u05"]);
    }
}
