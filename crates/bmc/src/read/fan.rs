//! Fans (DSP0268 Fan, and the members of the older Thermal).

use super::field::Fields;
use model::inventory::{Fan, Fault};
use serde_json::Value;

/// Reads a Fan resource, or one object of `Thermal/Fans`.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Fan, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let place = fields.location_of("Location");
    let fan = Fan {
        path: path.into(),
        id: fields.id(),
        name: fields.text_of(&["Name", "FanName"]),
        location: place.or_else(|| fields.text("PhysicalContext")),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        spare_part_number: fields.text("SparePartNumber"),
        hot_pluggable: fields.truth("HotPluggable"),
        state: fields.state(),
        health: fields.health(),
    };
    (fan, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fans_of_either_age() {
        let old = json!({"MemberId": "0", "FanName": "System Board Fan1A", "PhysicalContext": "SystemBoard", "HotPluggable": 1});
        let (fan, faults) = parse("/t#/Fans/0", &old);
        assert_eq!(
            (fan.name.as_deref(), fan.location.as_deref()),
            (Some("System Board Fan1A"), Some("SystemBoard"))
        );
        assert_eq!(faults.len(), 1);
        let new = json!({"Id": "F1", "Name": "Fan 1", "Location": {"PartLocation": {"ServiceLabel": "Bay 1"}}, "PartNumber": "1"});
        assert_eq!(parse("/f/1", &new).0.location.as_deref(), Some("Bay 1"));
    }
}
