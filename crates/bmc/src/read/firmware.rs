//! The firmware inventory (DSP0268 SoftwareInventory).

use super::field::Fields;
use model::inventory::{Fault, Firmware};
use serde_json::Value;

/// Reads a SoftwareInventory resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Firmware, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let firmware = Firmware {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        version: fields.text_of(&["Version", "VersionString"]),
        released: fields.date("ReleaseDate"),
        manufacturer: fields.text("Manufacturer"),
        updateable: fields.truth("Updateable"),
        state: fields.state(),
        health: fields.health(),
    };
    (firmware, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::inventory::FaultKind;
    use serde_json::json;

    #[test]
    fn a_date_that_is_none_is_lost_alone() {
        for date in ["00:00:00Z", "T00:00:00Z", "N/A"] {
            let value = json!({"Id": "BIOS", "Version": "1.4", "ReleaseDate": date, "Updateable": true});
            let (firmware, faults) = parse("/f/BIOS", &value);
            assert_eq!(
                (firmware.version.as_deref(), firmware.released, firmware.updateable),
                (Some("1.4"), None, Some(true))
            );
            assert_eq!(faults.len(), 1);
            assert_eq!((faults[0].field.as_str(), faults[0].kind), ("ReleaseDate", FaultKind::BadValue));
        }
    }
}
