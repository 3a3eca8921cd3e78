//! PCIe devices (DSP0268 PCIeDevice).

use super::field::Fields;
use model::inventory::{Fault, PcieDevice};
use serde_json::Value;

/// Reads a PCIeDevice resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (PcieDevice, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let slot = fields.location_of("Slot/Location");
    let device = PcieDevice {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.text("DeviceType"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        sku: fields.text("SKU"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        firmware: fields.text("FirmwareVersion"),
        location: slot.or_else(|| fields.location_of("Location")),
        state: fields.state(),
        health: fields.health(),
    };
    (device, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_slot_is_the_place() {
        let value = json!({"Id": "GPU3", "SerialNumber": "1652323020605", "Model": "N/A",
            "Slot": {"Location": {"Info": "Slot 8", "PartLocation": {"ServiceLabel": "PCIe 8"}}}});
        let (device, faults) = parse("/p/GPU3", &value);
        assert_eq!((device.location.as_deref(), device.model), (Some("PCIe 8"), None));
        assert!(faults.is_empty());
    }
}
