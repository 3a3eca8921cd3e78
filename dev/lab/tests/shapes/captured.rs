//! The simulated makers held against trees that were read off real hardware: what a document of ours
//! has, the real one has too, in the same type.

use crate::tree;
use lab::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn cases() -> PathBuf {
    let shared = std::env::var_os("PORTCULLIS_SHARED").map(PathBuf::from);
    shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared")).join("cases")
}

/// The last word of `@odata.type`: the schema without its version.
fn schema(doc: &Value) -> Option<String> {
    doc.get("@odata.type")?.as_str()?.rsplit('.').next().map(str::to_owned)
}

const fn type_word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// For each schema, the fields that real documents have, with the types of their values.
type Fields = BTreeMap<String, BTreeMap<String, BTreeSet<&'static str>>>;

/// Reads the documents out of an archive, through a pipe: thousands of small files on a disk take long.
fn gather(archive: &Path) -> Fields {
    // What our documents are not about takes most of the room, and two metric reports are no JSON.
    let left_out = ["JsonSchemas", "Registries", "Entries", "TelemetryService", "schema*", "SchemaStore"];
    let mut tar = Command::new("tar");
    tar.args(left_out.map(|name| format!("--exclude=*/{name}")));
    let output = tar.arg("-xzOf").arg(archive).args(["--wildcards", "*/index.json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found = Fields::new();
    for doc in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
        let doc = doc.unwrap();
        let (Some(schema), Some(fields)) = (schema(&doc), doc.as_object()) else { continue };
        let known = found.entry(schema).or_default();
        for (name, value) in fields {
            known.entry(name.clone()).or_default().insert(type_word(value));
        }
    }
    found
}

/// What the captured board has not and ours has, because it is another board.
fn may_differ(kind: Kind, schema: &str, field: &str) -> bool {
    match kind {
        // Sensors of the older kind beside the newer ones, and a host that tells more of itself.
        Kind::Openbmc | Kind::Nvidia => matches!(
            (schema, field),
            ("ComputerSystem", "AssetTag" | "BiosVersion" | "EthernetInterfaces" | "SKU" | "PCIeDevices")
                | ("Chassis", "Power" | "Thermal")
                | ("NetworkAdapter", "NetworkDeviceFunctions")
                | ("Drive", "Revision")
                | ("Processor", "InstructionSet")
                | ("Memory", "DeviceLocator")
                | (_, "Members")
        ),
        // The captured one lost its drives, and knows its adapters and power supplies by their numbers only.
        Kind::Ami => matches!(
            (schema, field),
            ("Drive" | "Storage" | "StorageCollection" | "PowerSupplyMetrics", _)
                | (
                    "NetworkAdapter",
                    "Manufacturer" | "Model" | "PartNumber" | "SerialNumber" | "NetworkPorts"
                )
                | ("NetworkDeviceFunction", "AssignablePhysicalPorts" | "DeviceEnabled")
                | ("Power", "PowerSupplies")
                | ("PowerSupply", "PowerCapacityWatts" | "PowerSupplyType" | "Status")
                | ("Processor", "InstructionSet")
                | ("Memory", "DeviceLocator")
        ),
        _ => false,
    }
}

#[test]
fn a_document_has_only_fields_that_the_real_ones_have() {
    let captured = [
        (Kind::Dell, "dell"),
        (Kind::Hpe, "hpe"),
        (Kind::Lenovo, "lenovo"),
        (Kind::Supermicro, "supermicro"),
        (Kind::Openbmc, "nvidia_gb200"),
        (Kind::Nvidia, "nvidia_gb200"),
        (Kind::Ami, "nvidia_viking"),
    ];
    let mut all = String::new();
    for (kind, case) in captured {
        let archive = cases().join(format!("redfish-{case}.tar.gz"));
        if !archive.exists() {
            println!("SKIPPED captured {case}: {} is absent; set PORTCULLIS_SHARED", archive.display());
            continue;
        }
        let real = gather(&archive);
        let mut compared = 0;
        let mut wrong = BTreeSet::new();
        for (_, doc) in tree::walk(kind) {
            let schema = schema(&doc).unwrap();
            let Some(known) = real.get(&schema) else { continue };
            compared += 1;
            for (name, value) in
                doc.as_object().unwrap().iter().filter(|(name, _)| !may_differ(kind, &schema, name))
            {
                let word = type_word(value);
                match known.get(name) {
                    // A certificate's text is told by some; the lab's documents do not know it.
                    _ if name == "CertificateString" => continue,
                    None => wrong.insert(format!("no real {schema} has {name}")),
                    Some(types) if types.contains(word) || types.iter().all(|known| *known == "null") => {
                        continue;
                    }
                    Some(types) => {
                        wrong.insert(format!("{name} of {schema} is a {word}, and really {types:?}"))
                    }
                };
            }
        }
        wrong.iter().for_each(|line| all.push_str(&format!("{kind}: {line}\n")));
        assert!(compared > 100, "{kind}: {compared} documents compared");
    }
    assert!(all.is_empty(), "{all}");
}
