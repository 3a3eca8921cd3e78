//! Memory modules (DSP0268 Memory).

use super::field::Fields;
use super::quantity::Unit;
use model::inventory::{Fault, MemoryModule};
use serde_json::Value;

/// Reads a Memory resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (MemoryModule, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let capacity = ["CapacityMiB", "SizeMB", "SizeMiB"];
    let speed = ["OperatingSpeedMhz", "OperatingSpeedMHz", "MaximumFrequencyMHz"];
    let module = MemoryModule {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        slot: fields.text_of(&["DeviceLocator", "Location/PartLocation/ServiceLabel", "SocketLocator"]),
        manufacturer: fields.text("Manufacturer"),
        kind: fields.text_of(&["MemoryDeviceType", "DIMMType", "MemoryType"]),
        capacity_mib: capacity.iter().find_map(|field| fields.whole(field, Unit::MiB)),
        speed_mhz: speed.iter().find_map(|field| fields.whole(field, Unit::MHz)),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        oem_part_number: fields.text("Oem/Hpe/PartNumber"),
        firmware: fields.text("FirmwareRevision"),
        state: fields.state(),
        health: fields.health(),
    };
    (module, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn older_names_and_texts_with_units_are_understood() {
        let old = json!({"Id": "1", "SizeMB": 16384, "SocketLocator": "PROC 1 DIMM 1", "DIMMType": "DDR4", "MaximumFrequencyMHz": 2400});
        let (module, faults) = parse("/m/1", &old);
        assert_eq!((module.capacity_mib, module.speed_mhz), (Some(16384), Some(2400)));
        assert_eq!(module.slot.as_deref(), Some("PROC 1 DIMM 1"));
        assert!(faults.is_empty());
        let (module, faults) =
            parse("/m/1", &json!({"CapacityMiB": "32 GB", "OperatingSpeedMhz": "4800 MT/s"}));
        assert_eq!((module.capacity_mib, module.speed_mhz), (Some(32768), Some(4800)));
        assert_eq!(faults.len(), 2);
    }
}
