//! Storage controllers (DSP0268 StorageController, and the members of the older Storage resource).

use super::field::Fields;
use model::inventory::{Fault, StorageController};
use serde_json::Value;

/// Reads a StorageController resource, or one object of `Storage/StorageControllers`.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (StorageController, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let controller = StorageController {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        sku: fields.text("SKU"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        firmware: fields.text("FirmwareVersion"),
        location: fields.location_of("Location"),
        state: fields.state(),
        health: fields.health(),
    };
    (controller, fields.into_faults())
}
