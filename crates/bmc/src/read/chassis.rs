//! Enclosures, boards and modules (DSP0268 Chassis), and the network adapters in them.

use super::field::Fields;
use model::inventory::{Adapter, Chassis, Fault};
use serde_json::Value;

/// Reads a Chassis resource; what its links lead to is left empty.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Chassis, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let chassis = Chassis {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.word("ChassisType"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        sku: fields.text("SKU"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        asset_tag: fields.text("AssetTag"),
        power: fields.power("PowerState"),
        health: fields.health(),
        ..Chassis::default()
    };
    (chassis, fields.into_faults())
}

/// Whether a chassis is what stands in the rack, rather than a board or module in it.
#[must_use]
pub fn is_enclosure(chassis: &Chassis) -> bool {
    const ENCLOSURES: &[&str] = &["RackMount", "Blade", "Sled", "StandAlone", "Shelf", "Drawer"];
    chassis
        .kind
        .as_deref()
        .is_some_and(|kind| ENCLOSURES.iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

/// Reads a NetworkAdapter resource; its MAC addresses are those that it names itself.
#[must_use]
pub fn parse_adapter(path: &str, value: &Value) -> (Adapter, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let controllers = fields.list("Controllers");
    let version = controllers.iter().find_map(|controller| {
        let mut own = Fields::new(path, controller);
        own.text("FirmwarePackageVersion")
    });
    let adapter = Adapter {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text_of(&["Model", "SKU"]),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        firmware: version.or_else(|| fields.text_of(&["FirmwareVersion", "Firmware/Current/VersionString"])),
        health: fields.health(),
        ..Adapter::default()
    };
    (adapter, fields.into_faults())
}

/// The MAC addresses of a NetworkDeviceFunction, NetworkPort or Port.
#[must_use]
pub fn parse_macs(path: &str, value: &Value) -> (Vec<String>, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let mut macs: Vec<String> = Vec::new();
    macs.extend(fields.mac("Ethernet/MACAddress"));
    macs.extend(fields.mac("Ethernet/PermanentMACAddress"));
    for list in ["AssociatedNetworkAddresses", "Ethernet/AssociatedMACAddresses"] {
        for entry in fields.list(list) {
            // Beside MAC addresses, GUIDs and WWNs stand here, so one that is no MAC is no fault.
            macs.extend(
                entry
                    .as_str()
                    .and_then(model::device::canonical_mac)
                    .filter(|mac| mac != "00:00:00:00:00:00"),
            );
        }
    }
    (macs, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn adapters_name_their_firmware_in_their_controllers() {
        let value = json!({"Id": "1", "Controllers": [{"FirmwarePackageVersion": "nil"}, 3, {"FirmwarePackageVersion": "24.40.1000"}]});
        let (adapter, faults) = parse_adapter("/a/1", &value);
        assert_eq!(adapter.firmware.as_deref(), Some("24.40.1000"));
        assert!(faults.is_empty());
    }

    #[test]
    fn macs_of_functions_and_ports() {
        let function = json!({"Ethernet": {"MACAddress": "88:E9:A4:87:42:C8", "PermanentMACAddress": "x"}});
        let (macs, faults) = parse_macs("/f/1", &function);
        assert_eq!(macs, ["88:e9:a4:87:42:c8"]);
        assert_eq!(faults.len(), 1);
        let port =
            json!({"AssociatedNetworkAddresses": ["0000:0000", "E4-3D-1A-13-27-F0", null], "Ethernet": null});
        let (macs, faults) = parse_macs("/p/1", &port);
        assert_eq!(macs, ["e4:3d:1a:13:27:f0"]);
        assert!(faults.is_empty());
    }
}
