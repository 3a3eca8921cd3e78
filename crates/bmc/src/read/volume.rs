//! Volumes (DSP0268 Volume).

use super::field::Fields;
use super::quantity::Unit;
use model::inventory::{Fault, Volume};
use serde_json::Value;

/// Reads a Volume resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Volume, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let volume = Volume {
        path: path.into(),
        id: fields.id(),
        name: fields.text_of(&["DisplayName", "Name"]),
        // The second is what older schemas have, and what is left for a drive that stands alone.
        raid: fields.text_of(&["RAIDType", "VolumeType"]),
        capacity_bytes: fields
            .whole("CapacityBytes", Unit::Bytes)
            .or_else(|| fields.whole("Capacity/Data/AllocatedBytes", Unit::Bytes)),
        encrypted: fields.truth("Encrypted"),
        drives: fields.links(&["Links/Drives", "Drives"]),
        state: fields.state(),
        health: fields.health(),
    };
    (volume, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_drive_that_stands_alone() {
        let value = json!({"Id": "1", "RAIDType": null, "VolumeType": "RawDevice", "CapacityBytes": 480070426624u64,
            "Encrypted": "no", "Links": {"Drives": [{"@odata.id": "/d/0"}, null, {"@odata.id": "/d/1"}]}});
        let (volume, faults) = parse("/v/1", &value);
        assert_eq!(
            (volume.raid.as_deref(), volume.capacity_bytes),
            (Some("RawDevice"), Some(480_070_426_624))
        );
        assert_eq!(volume.drives, ["/d/0", "/d/1"]);
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "Encrypted"));
    }
}
