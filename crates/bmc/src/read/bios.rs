//! The settings of a BIOS (DSP0268 Bios), and what a server can boot from (BootOption).

use super::field::{Fields, shown};
use model::inventory::{Bios, BootOption, Fault, FaultKind, Setting};
use serde_json::Value;

/// The most settings that are kept; the largest at hand has some 900.
const MAX_SETTINGS: usize = 4000;

/// The longest name of a setting, in bytes.
const MAX_NAME: usize = 256;

/// Reads a Bios resource; settings that hold passwords keep their name alone.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Bios, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let registry = fields.text("AttributeRegistry");
    let attributes = match fields.value("Attributes") {
        Some(Value::Object(attributes)) => Some(attributes),
        Some(other) => {
            let problem = format!("{} where an object must be", shown(other));
            fields.fault("Attributes", FaultKind::WrongType, problem);
            None
        }
        None => None,
    };
    let mut settings = Vec::new();
    for (name, value) in attributes.into_iter().flatten() {
        if name.len() > MAX_NAME || name.contains("@") || name.chars().any(char::is_control) {
            continue;
        }
        if settings.len() >= MAX_SETTINGS {
            let problem = format!("more than {MAX_SETTINGS} settings; the rest is not kept");
            fields.fault("Attributes", FaultKind::BadValue, problem);
            break;
        }
        let value = if is_secret(name) { None } else { text(&mut fields, name, value) };
        settings.push(Setting { name: name.clone(), value, ..Setting::default() });
    }
    (Bios { path: path.into(), registry, settings }, fields.into_faults())
}

fn text(fields: &mut Fields<'_>, name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        // An empty text is a value like others.
        Value::String(text) if text.trim().is_empty() => Some(String::new()),
        Value::String(text) => fields.readable(&format!("Attributes/{name}"), text),
        other => {
            let problem = format!("{} where a text or number must be", shown(other));
            fields.fault(&format!("Attributes/{name}"), FaultKind::WrongType, problem);
            None
        }
    }
}

/// Whether a setting of this name holds what nobody may see.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let not_itself = ["status", "policy", "enable", "length", "timeout"];
    ["password", "passwd", "passphrase", "secret"].iter().any(|word| name.contains(word))
        && !not_itself.iter().any(|word| name.ends_with(word))
}

/// Reads a BootOption resource.
#[must_use]
pub fn parse_boot_option(path: &str, value: &Value) -> (BootOption, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let option = BootOption {
        path: path.into(),
        id: fields.id(),
        reference: fields.text("BootOptionReference"),
        name: fields.text_of(&["DisplayName", "Name"]),
        enabled: fields.truth("BootOptionEnabled"),
        device: fields.text("UefiDevicePath"),
    };
    (option, fields.into_faults())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_texts_and_passwords_nothing() {
        let value = json!({"AttributeRegistry": "R.v1", "Attributes": {"BootMode": "Uefi", "Delay": 120, "Quiet": true, "Empty": "",
            "AdministratorPassword_0117": "hunter2", "SetupPasswordStatus": "Disabled", "Unset": null, "Odd": [], "Bad": "a\u{7}b", "x@y": 1}});
        let (bios, faults) = parse("/b", &value);
        let of = |name: &str| bios.settings.iter().find(|it| it.name == name).unwrap().value.as_deref();
        assert_eq!(
            (of("BootMode"), of("Delay"), of("Quiet"), of("Empty")),
            (Some("Uefi"), Some("120"), Some("true"), Some(""))
        );
        assert_eq!((of("AdministratorPassword_0117"), of("SetupPasswordStatus")), (None, Some("Disabled")));
        assert_eq!((of("Unset"), of("Odd"), of("Bad")), (None, None, None));
        assert_eq!(bios.settings.len(), 9);
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["Attributes/Bad", "Attributes/Odd"]);
        assert_eq!(parse("/b", &json!({"Attributes": 3})).1.len(), 1);
    }
}
