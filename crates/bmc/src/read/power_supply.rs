//! Power supplies (DSP0268 PowerSupply, and the members of the older Power resource).

use super::field::Fields;
use super::quantity::Unit;
use model::inventory::{Fault, PowerSupply};
use serde_json::Value;

/// Reads a PowerSupply resource, or one object of `Power/PowerSupplies`.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (PowerSupply, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let supply = PowerSupply {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.text("PowerSupplyType"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        spare_part_number: fields.text("SparePartNumber"),
        firmware: fields.text("FirmwareVersion"),
        capacity_watts: fields.number("PowerCapacityWatts", Unit::Watts).filter(|watts| *watts >= 0.0),
        state: fields.state(),
        health: fields.health(),
    };
    (supply, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn old_and_new_ones_alike() {
        let old = json!({"MemberId": "0", "Model": "P38997-B21", "SerialNumber": "5XLNR0LLLH764F", "SparePartNumber": "P39384-001",
            "PowerCapacityWatts": "1600 W", "FirmwareVersion": 2, "Status": {"Health": "OK", "State": "Enabled"}});
        let (supply, faults) = parse("/c/1/Power#/PowerSupplies/0", &old);
        assert_eq!((supply.id.as_str(), supply.serial.as_deref()), ("0", Some("5XLNR0LLLH764F")));
        assert_eq!((supply.capacity_watts, supply.firmware), (Some(1600.0), None));
        let lost: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(lost, ["FirmwareVersion", "PowerCapacityWatts"]);
    }
}
