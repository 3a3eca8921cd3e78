//! Processors and accelerators (DSP0268 Processor).

use super::field::Fields;
use super::quantity::Unit;
use model::inventory::{Fault, Processor};
use serde_json::Value;

/// Reads a Processor resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Processor, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let processor = Processor {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        kind: fields.word("ProcessorType"),
        socket: fields.text_of(&["Socket", "Location/PartLocation/ServiceLabel"]),
        manufacturer: fields.text("Manufacturer"),
        model: fields.text("Model"),
        architecture: fields.text_of(&["InstructionSet", "ProcessorArchitecture"]),
        cores: fields.count("TotalCores").or_else(|| fields.count("TotalEnabledCores")),
        threads: fields.count("TotalThreads"),
        max_mhz: fields.whole("MaxSpeedMHz", Unit::MHz),
        memory_mib: memory(&mut fields),
        uuid: fields.text("UUID"),
        serial: fields.text("SerialNumber"),
        part_number: fields.text("PartNumber"),
        firmware: fields.text_of(&["FirmwareVersion", "ProcessorId/MicrocodeInfo"]),
        state: fields.state(),
        health: fields.health(),
    };
    (processor, fields.into_faults())
}

/// The memory of an accelerator: its summary, or the sum of its banks.
fn memory(fields: &mut Fields<'_>) -> Option<u64> {
    let summary = fields.whole("MemorySummary/TotalMemorySizeMiB", Unit::MiB);
    let banks = fields.list("ProcessorMemory").iter();
    let banks: Option<u64> = banks
        .filter_map(|bank| bank.get("CapacityMiB").and_then(Value::as_u64))
        .reduce(|sum, bank| sum.saturating_add(bank));
    summary.or(banks).filter(|mib| *mib > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::device::Health;
    use serde_json::json;

    #[test]
    fn spoiled_fields_are_lost_alone() {
        let value = json!({"Id": "CPU0", "Model": " EPYC ", "TotalCores": "64", "TotalThreads": {}, "MaxSpeedMHz": "3.2 GHz",
            "Socket": 1, "Location": {"PartLocation": {"ServiceLabel": "P0"}}, "Status": {"Health": "OK", "State": "Enabled"}});
        let (processor, faults) = parse("/redfish/v1/Systems/1/Processors/CPU0", &value);
        assert_eq!(processor.model.as_deref(), Some("EPYC"));
        assert_eq!((processor.cores, processor.threads, processor.max_mhz), (Some(64), None, Some(3200)));
        assert_eq!(processor.socket.as_deref(), Some("P0"));
        assert_eq!(processor.health.0, Health::Ok);
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["Socket", "TotalCores", "TotalThreads", "MaxSpeedMHz"]);
    }
}
