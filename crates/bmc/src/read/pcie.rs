//! PCIe devices (DSP0268 PCIeDevice).

use super::field::Fields;
use model::inventory::{Fault, FaultKind, PcieDevice, PcieFunction};
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
        functions: Vec::new(),
        state: fields.state(),
        health: fields.health(),
    };
    (device, fields.into_faults())
}

/// Reads a PCIeFunction resource.
#[must_use]
pub fn parse_function(path: &str, value: &Value) -> (PcieFunction, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let function = PcieFunction {
        path: path.into(),
        id: fields.id(),
        kind: fields.word("DeviceClass"),
        class_code: digits(&mut fields, "ClassCode", 6),
        vendor_id: digits(&mut fields, "VendorId", 4),
        device_id: digits(&mut fields, "DeviceId", 4),
        subsystem_vendor_id: digits(&mut fields, "SubsystemVendorId", 4),
        subsystem_id: digits(&mut fields, "SubsystemId", 4),
        state: fields.state(),
        health: fields.health(),
    };
    (function, fields.into_faults())
}

/// A number of so many hexadecimal digits. With `0x` before it, it is hexadecimal; a text or number without
/// is decimal, as iLO writes it.
fn digits(fields: &mut Fields<'_>, field: &str, width: usize) -> Option<String> {
    let number = match fields.value(field)? {
        Value::String(text) if text.trim().is_empty() => return None,
        Value::String(text) => {
            match text.trim().strip_prefix("0x").or_else(|| text.trim().strip_prefix("0X")) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => text.trim().parse().ok(),
            }
        }
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    let shown = number.map(|number| format!("{number:0width$x}")).filter(|shown| shown.len() == width);
    if shown.is_none() {
        let problem = format!("no number of at most {width} hexadecimal digits");
        fields.fault(field, FaultKind::BadValue, problem);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn identifiers_in_both_notations() {
        let value = json!({"Id": "1", "ClassCode": "0x030200", "VendorId": "36869", "DeviceId": "0x28f", "SubsystemId": 1536, "SubsystemVendorId": "none"});
        let (function, faults) = parse_function("/f/1", &value);
        assert_eq!(function.class_code.as_deref(), Some("030200"));
        assert_eq!(function.vendor_id.as_deref(), Some("9005"));
        assert_eq!(
            (function.device_id.as_deref(), function.subsystem_id.as_deref()),
            (Some("028f"), Some("0600"))
        );
        assert_eq!(function.subsystem_vendor_id, None);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn the_slot_is_the_place() {
        let value = json!({"Id": "GPU3", "SerialNumber": "1652323020605", "Model": "N/A",
            "Slot": {"Location": {"Info": "Slot 8", "PartLocation": {"ServiceLabel": "PCIe 8"}}}});
        let (device, faults) = parse("/p/GPU3", &value);
        assert_eq!((device.location.as_deref(), device.model), (Some("PCIe 8"), None));
        assert!(faults.is_empty());
    }
}
