//! Controllers (DSP0268 Manager).

use super::field::Fields;
use model::inventory::{Fault, Manager};
use serde_json::Value;

/// Reads a Manager resource; its network interfaces are left empty.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Manager, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let manager = Manager {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.word("ManagerType"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        firmware: fields.text_of(&["FirmwareVersion", "Firmware/Current/VersionString"]),
        uuid: fields.text("UUID"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        clock: fields.text("DateTime"),
        state: fields.state(),
        health: fields.health(),
        ..Manager::default()
    };
    (manager, fields.into_faults())
}
