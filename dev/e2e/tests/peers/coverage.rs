//! Whether every serial number, part number, MAC address and version of a tree stands in the inventory.

use model::device::canonical_mac;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Numbers of these kinds of documents are of something that is no part of a server.
const NO_PARTS: &[(&str, &str)] = &[
    ("Certificate", "the serial number is a certificate's"),
    ("CertificateCollection", "the same, expanded"),
    ("DellCertificate", "the serial number is a certificate's"),
    ("DellCertificateCollection", "the same, expanded"),
    ("HpeHttpsCert", "the serial number is a certificate's"),
];

/// What makers write where they mean nothing.
const NOTHING: &[&str] = &["n/a", "na", "none", "null", "unknown", "nil"];

/// Looks at every document of a tree that says what it is; how many different values were found, of all.
pub fn check(name: &str, tree: &Path, typed: &Value) -> (usize, usize) {
    let mut known = Vec::new();
    texts(typed, &mut known);
    let mut values = BTreeMap::new();
    for file in files(tree) {
        let Ok(document) = serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()) else { continue };
        // What has no type is a schema or a registry, whose examples are nobody's numbers.
        let Some(kind) = document["@odata.type"].as_str() else { continue };
        let kind = kind.trim_start_matches('#').split('.').next().unwrap_or_default();
        if !NO_PARTS.iter().any(|(other, _)| *other == kind) {
            numbers(&document, kind, &mut |value| {
                values.entry(value).or_insert(file.clone());
            });
        }
    }
    let all = values.len();
    let missing: Vec<_> = values
        .into_iter()
        .filter(|(value, _)| !known.iter().any(|text| text.to_lowercase().contains(value)))
        .collect();
    assert!(missing.is_empty(), "{name}: not in the inventory: {missing:#?}");
    (all, all)
}

/// Every text in the inventory but the paths, in which anything might stand.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, into)),
        Value::Object(fields) => {
            let inner = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "path" | "id" | "faults"));
            inner.for_each(|(_, value)| texts(value, into));
        }
        _ => {}
    }
}

fn numbers(value: &Value, kind: &str, found: &mut dyn FnMut(String)) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| numbers(value, kind, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let wanted = match name.as_str() {
                    "SerialNumber" | "PartNumber" | "MACAddress" | "PermanentMACAddress" => true,
                    "Version" => kind == "SoftwareInventory",
                    _ => false,
                };
                let text = value.as_str().map(|text| text.trim().to_lowercase()).unwrap_or_default();
                if wanted && !text.is_empty() && !NOTHING.contains(&text.as_str()) {
                    let mac = name.ends_with("MACAddress").then(|| canonical_mac(&text)).flatten();
                    if mac.as_deref() != Some("00:00:00:00:00:00") {
                        found(mac.unwrap_or(text));
                    }
                }
                numbers(value, kind, found);
            }
        }
        _ => {}
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found
}
