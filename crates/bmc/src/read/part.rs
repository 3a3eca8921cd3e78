//! Parts that have a serial or part number and no schema of their own here: assemblies (DSP0268 Assembly),
//! batteries (Battery), cables (Cable), transceivers (Port), and what makers list by schemas of their own.

use super::field::Fields;
use model::inventory::{Fault, Part};
use serde_json::Value;

/// Reads one part.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Part, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let part = Part {
        path: path.into(),
        id: fields.id(),
        name: fields.text_of(&["ProductName", "Name"]),
        kind: fields.text_of(&["PhysicalContext", "DeviceType", "CableType", "Type", "IdentifierType"]),
        manufacturer: fields.text_of(&["Manufacturer", "Vendor", "VendorName", "Producer"]),
        model: fields.text("Model"),
        sku: fields.text_of(&["SKU", "ProductPartNumber"]),
        // Dell's assemblies have it in an extension alone.
        serial: fields.text_of(&["SerialNumber", "Oem/Dell/DellAssembly/SerialNumber"]),
        part_number: fields.text("PartNumber"),
        spare_part_number: fields.text("SparePartNumber"),
        version: version(&mut fields),
        location: fields.location_of("Location"),
        state: fields.state(),
        health: fields.health(),
    };
    (part, fields.into_faults())
}

/// The version; HPE's own schema has an object around it.
fn version(fields: &mut Fields<'_>) -> Option<String> {
    match fields.value("FirmwareVersion") {
        Some(Value::Object(_)) => fields.text("FirmwareVersion/Current/VersionString"),
        _ => fields.text_of(&["FirmwareVersion", "Version", "Revision"]),
    }
}

/// Whether a part can be told from others of its kind, or is at least known by its number.
#[must_use]
pub const fn is_known(part: &Part) -> bool {
    part.serial.is_some() || part.part_number.is_some() || part.spare_part_number.is_some()
}

/// The parts in a list inside of a document, such as `Assemblies`; those without any number are left out.
#[must_use]
pub fn parse_list(path: &str, value: &Value, field: &str) -> (Vec<Part>, Vec<Fault>) {
    let mut whole = Fields::new(path, value);
    let list = whole.list(field);
    let mut faults = whole.into_faults();
    let mut parts = Vec::new();
    for (at, entry) in list.iter().enumerate().filter(|(_, entry)| !entry.is_null()) {
        let (part, found) = parse(&format!("{path}#/{field}/{at}"), entry);
        faults.extend(found);
        parts.extend(Some(part).filter(is_known));
    }
    (parts, faults)
}

/// What is plugged into a port: `SFP` (DSP0268 Port), or Dell's extension.
#[must_use]
pub fn parse_transceiver(path: &str, port: &Value) -> (Option<Part>, Vec<Fault>) {
    let mut fields = Fields::new(path, port);
    for place in ["SFP", "Oem/Dell/DellNetworkTransceiver"] {
        let Some(found) = fields.value(place) else { continue };
        let (part, faults) = parse(&format!("{path}#/{place}"), found);
        if is_known(&part) {
            return (Some(part), faults);
        }
    }
    (None, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_without_any_number_are_left_out() {
        let value = json!({"Assemblies": [{"Name": "Board", "PartNumber": "N/A"}, null, 5, {"MemberId": "3", "Vendor": "NVIDIA", "PartNumber": "699-2G520-0200-400"},
            {"Name": "Backplane", "Oem": {"Dell": {"DellAssembly": {"SerialNumber": "CNIVC001120632"}}}}]});
        let (parts, faults) = parse_list("/c/1/Assembly", &value, "Assemblies");
        let seen: Vec<(&str, Option<&str>)> =
            parts.iter().map(|part| (part.id.as_str(), part.serial.as_deref())).collect();
        assert_eq!(seen, [("3", None), ("4", Some("CNIVC001120632"))]);
        assert_eq!(parts[0].manufacturer.as_deref(), Some("NVIDIA"));
        assert!(faults.iter().all(|fault| fault.path == "/c/1/Assembly#/Assemblies/2"), "{faults:?}");
    }

    #[test]
    fn transceivers_of_either_kind() {
        let dell = json!({"Oem": {"Dell": {"DellNetworkTransceiver": {"SerialNumber": "MT2146FT07703", "VendorName": "Mellanox"}}}});
        let (part, _) = parse_transceiver("/p/1", &dell);
        assert_eq!(part.unwrap().manufacturer.as_deref(), Some("Mellanox"));
        let standard =
            json!({"SFP": {"Type": "QSFP28", "SerialNumber": "A1", "Status": {"State": "Enabled"}}});
        assert_eq!(parse_transceiver("/p/1", &standard).0.unwrap().kind.as_deref(), Some("QSFP28"));
        assert_eq!(parse_transceiver("/p/1", &json!({"SFP": {"Type": "QSFP28"}})).0, None);
    }
}
