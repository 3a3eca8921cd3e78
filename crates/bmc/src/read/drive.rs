//! Drives (DSP0268 Drive), and the devices of a SimpleStorage where there are no drives.

use super::field::Fields;
use super::quantity::Unit;
use model::inventory::{Drive, Fault};
use serde_json::Value;

/// Reads a Drive resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Drive, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let drive = Drive {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        capacity_bytes: capacity(&mut fields),
        media: fields.word("MediaType"),
        protocol: fields.text_of(&["Protocol", "InterfaceType"]),
        firmware: firmware(&mut fields),
        location: location(&mut fields),
        state: fields.state(),
        health: fields.health(),
    };
    (drive, fields.into_faults())
}

/// The firmware's version; HPE's own schema has an object around it.
fn firmware(fields: &mut Fields<'_>) -> Option<String> {
    match fields.value("FirmwareVersion") {
        Some(Value::Object(_)) => fields.text("FirmwareVersion/Current/VersionString"),
        _ => fields.text_of(&["Revision", "FirmwareVersion"]),
    }
}

fn capacity(fields: &mut Fields<'_>) -> Option<u64> {
    let mib = |mib: u64| mib.checked_mul(1024 * 1024);
    let bytes = fields.whole("CapacityBytes", Unit::Bytes);
    bytes.or_else(|| fields.whole("CapacityMiB", Unit::MiB).and_then(mib))
}

/// Where the drive is plugged in: `PhysicalLocation`, or the list of older schemas.
fn location(fields: &mut Fields<'_>) -> Option<String> {
    let label = fields.text("PhysicalLocation/PartLocation/ServiceLabel");
    label.or_else(|| fields.location_of("Location"))
}

/// Reads the `Devices` of a SimpleStorage resource; bays without anything in them are left out.
#[must_use]
pub fn parse_simple(path: &str, value: &Value) -> (Vec<Drive>, Vec<Fault>) {
    let mut whole = Fields::new(path, value);
    let mut drives = Vec::new();
    let devices = whole.list("Devices");
    let mut faults = whole.into_faults();
    for (at, device) in devices.iter().enumerate().filter(|(_, device)| !device.is_null()) {
        let path = format!("{path}#/Devices/{at}");
        let (mut drive, found) = parse(&path, device);
        faults.extend(found);
        let empty = drive.model.is_none() && drive.capacity_bytes.is_none();
        if empty && drive.state.as_deref() == Some("Absent") {
            continue;
        }
        drive.id = drive.name.clone().unwrap_or_else(|| at.to_string());
        drives.push(drive);
    }
    (drives, faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn locations_of_every_age() {
        for (value, place) in [
            (json!({"PhysicalLocation": {"PartLocation": {"ServiceLabel": "Bay 1"}}}), Some("Bay 1")),
            (json!({"Location": [{"Info": "1:2", "InfoFormat": "Box:Bay"}]}), Some("1:2")),
            (json!({"Location": []}), None),
            (json!({"Location": "1I:1:1"}), Some("1I:1:1")),
            (json!({"Location": {"PartLocation": {"ServiceLabel": "3"}}}), Some("3")),
        ] {
            let (drive, faults) = parse("/d/1", &value);
            assert_eq!(drive.location.as_deref(), place);
            assert!(faults.is_empty(), "{faults:?}");
        }
    }

    #[test]
    fn simple_devices_are_drives() {
        let value = json!({"Devices": [{"Name": "SATA 0", "Model": "X", "CapacityBytes": 1000},
            {"Name": "SATA 1", "Status": {"State": "Absent"}}, null, {"Name": "SATA 3", "CapacityBytes": "1.92 TB"}, 7]});
        let (drives, faults) = parse_simple("/s/1", &value);
        let seen: Vec<(&str, Option<u64>)> =
            drives.iter().map(|d| (d.id.as_str(), d.capacity_bytes)).collect();
        assert_eq!(seen, [("SATA 0", Some(1000)), ("SATA 3", Some(1_920_000_000_000)), ("4", None)]);
        assert_eq!(drives[1].path, "/s/1#/Devices/3");
        assert!(faults.iter().any(|fault| fault.field == "CapacityBytes"));
    }
}
