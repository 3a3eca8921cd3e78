//! Licences (DSP0268 License, and what makers have in its place). Keys are never looked at.

use super::field::Fields;
use crate::client::parse_document;
use model::inventory::{Fault, FaultKind, License};
use serde_json::Value;

/// The longest licence that stands in a text, in bytes.
const MAX_TEXT: usize = 16 * 1024;

/// The most licences in one document.
const MAX_LICENSES: usize = 64;

/// Reads a licence, or all of those that Supermicro has in one document.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Vec<License>, Vec<Fault>) {
    if value.get("Licenses").is_some_and(Value::is_array) {
        return parse_texts(path, value);
    }
    let mut fields = Fields::new(path, value);
    let license = License {
        path: path.into(),
        id: fields.id(),
        name: name(&mut fields),
        kind: fields.text_of(&["LicenseType", "LicenseClass"]),
        entitlement: fields.text_of(&["EntitlementId", "EntitlementID"]),
        installed: moment(&mut fields, &["InstallDate", "LicenseInstallDate"]),
        expires: moment(&mut fields, &["ExpirationDate", "LicenseEndDate", "LicenseExpire"]),
        state: state(&mut fields),
        health: fields.health(),
    };
    (vec![license], fields.into_faults())
}

/// What a licence is for: HPE and Dell have it in words of their own.
fn name(fields: &mut Fields<'_>) -> Option<String> {
    let described = match fields.value("LicenseDescription") {
        Some(Value::Array(_)) => fields.texts("LicenseDescription").into_iter().next(),
        _ => None,
    };
    described.or_else(|| fields.text_of(&["License", "Name"]))
}

fn state(fields: &mut Fields<'_>) -> Option<String> {
    fields.state().or_else(|| fields.text("LicensePrimaryStatus"))
}

fn moment(fields: &mut Fields<'_>, names: &[&str]) -> Option<jiff::Timestamp> {
    names.iter().find_map(|name| fields.moment(name))
}

/// Supermicro's licences: each a JSON document inside of a text.
fn parse_texts(path: &str, value: &Value) -> (Vec<License>, Vec<Fault>) {
    let mut whole = Fields::new(path, value);
    let mut licenses = Vec::new();
    let mut faults = Vec::new();
    for (at, entry) in whole.list("Licenses").iter().enumerate().take(MAX_LICENSES) {
        let text = entry.as_str().filter(|text| text.len() <= MAX_TEXT);
        let Some(document) = text.and_then(|text| parse_document(text.as_bytes()).ok()) else {
            let problem = "no JSON document in a text".to_owned();
            whole.fault(&format!("Licenses/{at}"), FaultKind::BadValue, problem);
            continue;
        };
        let path = format!("{path}#/Licenses/{at}");
        let mut fields = Fields::new(&path, &document);
        licenses.push(License {
            id: fields.text("ProductKey/Node/LicenseID").unwrap_or_else(|| at.to_string()),
            name: fields.text("ProductKey/Node/LicenseName"),
            installed: fields.moment("ProductKey/Node/CreateDate"),
            expires: fields.moment("ProductKey/Node/ExpirationDate"),
            path: path.clone(),
            ..License::default()
        });
        faults.extend(fields.into_faults());
    }
    faults.extend(whole.into_faults());
    (licenses, faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn licences_of_every_maker() {
        let standard = json!({"Id": "XCC", "Name": "Advanced Upgrade", "LicenseType": "Production", "EntitlementId": "7Z23", "LicenseString": "KEY"});
        let dell = json!({"Id": "FD", "Name": "DellLicense", "LicenseDescription": ["iDRAC9 Enterprise"], "LicenseType": "Perpetual", "EntitlementID": "FD1", "LicenseInstallDate": "2021-08-05T20:48:42-05:00", "LicenseEndDate": null, "LicensePrimaryStatus": "OK"});
        let hpe = json!({"Id": "1", "License": "iLO Advanced", "LicenseClass": "FQL", "LicenseKey": "KEY", "LicenseExpire": "", "LicenseInstallDate": "18 Jan 2023"});
        for (value, name, kind) in [
            (standard, "Advanced Upgrade", "Production"),
            (dell, "iDRAC9 Enterprise", "Perpetual"),
            (hpe, "iLO Advanced", "FQL"),
        ] {
            let (licenses, faults) = parse("/l/1", &value);
            assert_eq!((licenses[0].name.as_deref(), licenses[0].kind.as_deref()), (Some(name), Some(kind)));
            assert!(faults.is_empty(), "{faults:?}");
            assert!(!serde_json::to_string(&licenses).unwrap().contains("KEY"));
        }
    }

    #[test]
    fn licences_inside_of_texts() {
        let text = r#"{"ProductKey":{"Node":{"LicenseID":"2","LicenseName":"SFT-DCMS-SINGLE","CreateDate":"20230720"},"Signature":"x"}}"#;
        let (licenses, faults) = parse("/q", &json!({"Licenses": [text, "x", 5]}));
        assert_eq!(licenses.len(), 1);
        assert_eq!((licenses[0].id.as_str(), licenses[0].name.as_deref()), ("2", Some("SFT-DCMS-SINGLE")));
        assert_eq!(licenses[0].installed.unwrap().to_string(), "2023-07-20T00:00:00Z");
        assert_eq!(faults.len(), 2);
    }
}
