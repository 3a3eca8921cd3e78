//! Servers (DSP0268 ComputerSystem).

use super::field::Fields;
use super::quantity::Unit;
use super::reset;
use crate::vendor;
use model::inventory::{Fault, System};
use serde_json::Value;

/// Reads a ComputerSystem resource; what its links lead to is left empty.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (System, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let row = vendor::by_oem(value);
    let own_serial = fields.text("SerialNumber");
    let system = System {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.word("SystemType"),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        sku: fields.text("SKU"),
        serial: own_serial.or_else(|| fields.text_of(row?.serial)),
        part_number: fields.text("PartNumber"),
        uuid: fields.text("UUID"),
        asset_tag: fields.text("AssetTag"),
        hostname: fields.text("HostName"),
        bios_version: fields.text_of(&["BiosVersion", "Bios/Current/VersionString"]),
        power: power(&mut fields),
        health: fields.health_inside(),
        memory_gib: fields
            .number("MemorySummary/TotalSystemMemoryGiB", Unit::GiB)
            .or_else(|| fields.number("Memory/TotalSystemMemoryGB", Unit::GiB))
            .filter(|gib| *gib >= 0.0),
        processor_count: fields.count("ProcessorSummary/Count").or_else(|| fields.count("Processors/Count")),
        boot_override: boot_override(&mut fields),
        boot_mode: fields.word("Boot/BootSourceOverrideMode"),
        boot_order: fields.texts("Boot/BootOrder"),
        indicator: indicator(&mut fields),
        reset_types: reset::types(&mut fields),
        ..System::default()
    };
    (system, fields.into_faults())
}

fn power(fields: &mut Fields<'_>) -> model::inventory::PowerReading {
    let field = if fields.value("PowerState").is_none() { "Power" } else { "PowerState" };
    fields.power(field)
}

/// What it boots from next, where an override is in force.
fn boot_override(fields: &mut Fields<'_>) -> Option<String> {
    let enabled = fields.word("Boot/BootSourceOverrideEnabled");
    if enabled.is_none_or(|enabled| enabled == "Disabled") {
        return None;
    }
    fields.word("Boot/BootSourceOverrideTarget").filter(|target| target != "None")
}

/// The identification light: `IndicatorLED`, or the true-or-false that took its place.
fn indicator(fields: &mut Fields<'_>) -> Option<String> {
    let active =
        fields.truth("LocationIndicatorActive").map(|on| if on { "Blinking" } else { "Off" }.to_owned());
    fields.word("IndicatorLED").or(active)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::device::{Health, Power};
    use serde_json::json;

    #[test]
    fn a_summary_with_spoiled_parts() {
        let value = json!({"Id": "1", "Model": null, "SKU": "P38411-B21", "PowerState": "Hibernating",
            "MemorySummary": "512 GB", "ProcessorSummary": {"Count": 2}, "Status": {"Health": "OK", "HealthRollup": "Critical"},
            "Boot": {"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe"}, "LocationIndicatorActive": true});
        let (system, faults) = parse("/s/1", &value);
        assert_eq!((system.model, system.sku.as_deref()), (None, Some("P38411-B21")));
        assert_eq!(system.power.0, Power::Unknown);
        assert_eq!(system.health.0, Health::Critical);
        assert_eq!(system.processor_count, Some(2));
        assert_eq!(system.boot_override.as_deref(), Some("Pxe"));
        assert_eq!(system.indicator.as_deref(), Some("Blinking"));
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["PowerState", "MemorySummary"]);
    }

    #[test]
    fn an_override_that_is_not_in_force_is_none() {
        let value =
            json!({"Boot": {"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "Pxe"}});
        assert_eq!(parse("/s/1", &value).0.boot_override, None);
    }
}
