//! What explains the settings of a BIOS (DSP0268 AttributeRegistry, found by MessageRegistryFile).
//!
//! A registry is a megabyte or more and says the same for every server with that BIOS version, so a full
//! reading does not ask for it: whoever keeps it asks once for each version, and explains every reading by it.

use super::field::Fields;
use crate::client::document::link;
use crate::client::{Document, Get, ROOT};
use crate::error::Error;
use model::inventory::{Bios, Explained, Fault, Registry};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most settings that are kept of one registry.
const MAX_SETTINGS: usize = 4000;

/// The most values that are kept of one setting.
const MAX_VALUES: usize = 64;

/// The most menus that are looked at.
const MAX_MENUS: usize = 1000;

/// Reads an AttributeRegistry.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Registry, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let menus = menus(path, fields.list("RegistryEntries/Menus"));
    let entries = fields.list("RegistryEntries/Attributes");
    let mut faults = fields.into_faults();
    let mut settings = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate().take(MAX_SETTINGS) {
        let path = format!("{path}#/RegistryEntries/Attributes/{at}");
        let mut fields = Fields::new(&path, entry);
        if let Some(name) = fields.word("AttributeName") {
            let is_secret = fields.word("Type").as_deref() == Some("Password");
            let menu = fields.word("MenuPath").and_then(|path| menus.get(&path).cloned());
            let explained = Explained {
                title: fields.text("DisplayName").filter(|title| *title != name),
                menu,
                default: if is_secret { None } else { default(&mut fields) },
                values: values(&path, fields.list("Value")),
                read_only: fields.truth("ReadOnly"),
                needs_reset: fields.truth("ResetRequired"),
            };
            settings.insert(name, explained);
        }
        faults.extend(fields.into_faults());
    }
    (Registry { settings }, faults)
}

fn default(fields: &mut Fields<'_>) -> Option<String> {
    match fields.value("DefaultValue")? {
        Value::String(text) if text.trim().is_empty() => Some(String::new()),
        Value::String(_) => fields.word("DefaultValue"),
        number @ (Value::Bool(_) | Value::Number(_)) => Some(number.to_string()),
        _ => None,
    }
}

/// The values that a setting can have, by the names that are told and set.
fn values(path: &str, entries: &[Value]) -> Vec<String> {
    entries.iter().take(MAX_VALUES).filter_map(|entry| Fields::new(path, entry).word("ValueName")).collect()
}

/// The menus' titles by their paths.
fn menus(path: &str, entries: &[Value]) -> BTreeMap<String, String> {
    let titled = entries.iter().take(MAX_MENUS).filter_map(|entry| {
        let mut fields = Fields::new(path, entry);
        Some((fields.word("MenuPath")?, fields.text("DisplayName")?))
    });
    titled.collect()
}

/// The registry that explains a BIOS, in four requests; none where the controller has none.
///
/// # Errors
/// When one of the documents on the way cannot be read.
pub async fn registry<G: Get>(source: &mut G, bios: &Bios) -> Result<Option<Registry>, Error> {
    let Some(name) = &bios.registry else { return Ok(None) };
    let root = source.get(ROOT).await?;
    let Some(all) = follow(source, root.link("/Registries")).await? else { return Ok(None) };
    let members = all.value.get("Members").and_then(Value::as_array).into_iter().flatten();
    let file = best(name, members.filter_map(link)).map(str::to_owned);
    let Some(file) = follow(source, file.as_deref()).await? else { return Ok(None) };
    let Some(document) = follow(source, location(&file.value)).await? else { return Ok(None) };
    Ok(Some(parse(&document.path, &document.value).0))
}

async fn follow<G: Get>(source: &mut G, link: Option<&str>) -> Result<Option<Document>, Error> {
    match link.and_then(|link| source.resolve(link).ok()) {
        Some(path) => source.get(&path).await.map(Some),
        None => Ok(None),
    }
}

/// The link to the file of this name, or else of another version of it: some write one in the BIOS and
/// another in the collection.
fn best<'a>(name: &str, links: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let last = |link: &'a str| link.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let exact = links.clone().find(|link| last(link).eq_ignore_ascii_case(name));
    exact.or_else(|| links.clone().find(|link| stem(last(link)) == stem(name)))
}

/// Where the registry itself is: in English, or else in the first language.
fn location(file: &Value) -> Option<&str> {
    let places = file.get("Location")?.as_array()?;
    let uri = |place: &'_ Value| place.get("Uri").is_some_and(Value::is_string);
    let language =
        |place: &'_ Value| place.get("Language").and_then(Value::as_str).unwrap_or_default().to_owned();
    let english = places.iter().find(|place| uri(place) && language(place).starts_with("en"));
    english.or_else(|| places.iter().find(|place| uri(place)))?.get("Uri")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::inventory::Setting;
    use serde_json::json;

    #[test]
    fn settings_are_explained() {
        let value = json!({"RegistryEntries": {"Menus": [{"MenuPath": "./Mem", "DisplayName": "Memory Settings"}, 5],
            "Attributes": [{"AttributeName": "MemTest", "DisplayName": "System Memory Testing", "DefaultValue": "Disabled", "MenuPath": "./Mem",
                    "ReadOnly": false, "ResetRequired": true, "Value": [{"ValueName": "Enabled"}, {"ValueName": "Disabled"}, 5]},
                {"AttributeName": "Delay", "DisplayName": "Delay", "DefaultValue": 120}, {"AttributeName": "Setup", "Type": "Password", "DefaultValue": "x"}, {"AttributeName": 5}]}});
        let (registry, faults) = parse("/r", &value);
        assert_eq!((registry.settings.len(), faults.len()), (3, 1));
        let setting =
            |name: &str| Setting { name: name.into(), value: Some("Enabled".into()), ..Setting::default() };
        let mut bios = Bios {
            settings: vec![setting("MemTest"), setting("Delay"), setting("Other")],
            ..Bios::default()
        };
        registry.explain(&mut bios);
        let [test, delay, other] = bios.settings.as_slice() else { panic!() };
        assert_eq!(
            (test.title.as_deref(), test.menu.as_deref()),
            (Some("System Memory Testing"), Some("Memory Settings"))
        );
        assert_eq!(test.values, ["Enabled", "Disabled"]);
        assert_eq!((test.read_only, test.needs_reset, delay.needs_reset), (Some(false), Some(true), None));
        assert!(test.is_changed() && delay.title.is_none() && other.default.is_none());
        assert_eq!(registry.settings["Setup"].default, None);
    }

    #[test]
    fn the_file_is_found_by_name_or_by_another_version_of_it() {
        let links = ["/r/Base", "/r/BiosAttributeRegistry.v1_0_0", "/r/BiosAttributeRegistryA42.v1_2_60/"];
        let found = |name| best(name, links.iter().copied());
        assert_eq!(found("BiosAttributeRegistry.v1_0_3"), Some(links[1]));
        assert_eq!(found("biosattributeregistrya42.v1_2_60"), Some(links[2]));
        assert_eq!(found("Other.1"), None);
        let file =
            json!({"Location": [{"Language": "ja", "Uri": "/ja"}, {"Language": "en-US", "Uri": "/en"}]});
        assert_eq!(location(&file), Some("/en"));
        assert_eq!(location(&json!({"Location": [{"Uri": "/x"}]})), Some("/x"));
        assert_eq!(location(&json!({"Location": "x"})), None);
    }
}
