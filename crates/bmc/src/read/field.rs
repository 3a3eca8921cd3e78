//! Takes fields out of a document one by one: a field that is spoiled is lost alone, and stands in the faults.

use super::quantity::{self, Unit};
use crate::client::document;
use jiff::Timestamp;
use model::device::{Health, Power, canonical_mac};
use model::inventory::{Fault, FaultKind, HealthReading, PowerReading};
use serde_json::Value;
use std::net::IpAddr;

/// The longest text that a field may have, in bytes.
const MAX_TEXT: usize = 1024;

/// The most texts that are taken from one list.
const MAX_TEXTS: usize = 256;

/// What makers write where they mean nothing.
const FILLERS: &[&str] = &[
    "n/a",
    "na",
    "nil",
    "none",
    "null",
    "unknown",
    "not available",
    "not specified",
    "to be filled by o.e.m.",
    "default string",
];

/// The fields of one JSON object, and the faults that were found in them.
///
/// A field is named by its path inside the object, such as `Status/Health`. Absent and `null` are no fault.
#[derive(Debug)]
pub struct Fields<'a> {
    path: &'a str,
    value: &'a Value,
    faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// The fields of the resource at `path`.
    #[must_use]
    pub const fn new(path: &'a str, value: &'a Value) -> Self {
        Self { path, value, faults: Vec::new() }
    }

    /// The path of the resource.
    #[must_use]
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// What was wrong.
    #[must_use]
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Writes down a fault, unless the same field has it already.
    pub fn fault(&mut self, field: &str, kind: FaultKind, problem: String) {
        if !self.faults.iter().any(|fault| fault.field == field && fault.kind == kind) {
            self.faults.push(Fault { path: self.path.into(), field: field.into(), kind, problem });
        }
    }

    fn wrong_type(&mut self, field: &str, wanted: &str, value: &Value) {
        self.fault(field, FaultKind::WrongType, format!("{} where {wanted} must be", shown(value)));
    }

    fn bad_value(&mut self, field: &str, wanted: &str, value: &Value) {
        self.fault(field, FaultKind::BadValue, format!("{} is no {wanted}", shown(value)));
    }

    /// The value of a field, unless it or something on the way to it is absent or `null`.
    pub fn value(&mut self, field: &str) -> Option<&'a Value> {
        let mut value = self.value;
        let mut end = 0;
        for name in field.split('/') {
            if value.is_null() {
                return None;
            }
            let Some(object) = value.as_object() else {
                self.wrong_type(
                    field.get(..end).unwrap_or_default().trim_end_matches('/'),
                    "an object",
                    value,
                );
                return None;
            };
            value = object.get(name)?;
            end += name.len() + 1;
        }
        (!value.is_null()).then_some(value)
    }

    /// The resource's identifier: its `Id`, or the last part of its path.
    pub fn id(&mut self) -> String {
        let last = || self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let last = last();
        self.word("Id").unwrap_or(last)
    }

    /// A text without surrounding blanks; a blank one, and what makers write where they mean nothing, is none.
    pub fn text(&mut self, field: &str) -> Option<String> {
        self.word(field).filter(|text| !FILLERS.iter().any(|filler| text.eq_ignore_ascii_case(filler)))
    }

    /// The first of several fields that has a text.
    pub fn text_of(&mut self, fields: &[&str]) -> Option<String> {
        fields.iter().find_map(|field| self.text(field))
    }

    /// A word of an enumeration, where `None` and `Unknown` are words like others.
    pub fn word(&mut self, field: &str) -> Option<String> {
        let value = self.value(field)?;
        let Some(text) = value.as_str() else {
            self.wrong_type(field, "a text", value);
            return None;
        };
        self.readable(field, text)
    }

    /// A text without surrounding blanks, if it can be shown on a line.
    pub fn readable(&mut self, field: &str, text: &str) -> Option<String> {
        let text = text.trim();
        if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
            self.fault(
                field,
                FaultKind::BadValue,
                format!("a text with control characters or of more than {MAX_TEXT} bytes"),
            );
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Truth or falsehood.
    pub fn truth(&mut self, field: &str) -> Option<bool> {
        let value = self.value(field)?;
        let truth = value.as_bool();
        if truth.is_none() {
            self.wrong_type(field, "true or false", value);
        }
        truth
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, field: &str) -> Option<u64> {
        self.whole(field, Unit::Count)
    }

    /// A whole number in `unit`; a text such as `32 GB` is understood, and is a fault all the same.
    pub fn whole(&mut self, field: &str, unit: Unit) -> Option<u64> {
        let number = self.number(field, unit)?;
        let whole = quantity::whole(number);
        if whole.is_none() {
            let value = self.value(field).unwrap_or(&Value::Null);
            self.bad_value(field, "count of anything", value);
        }
        whole
    }

    /// A number in `unit`; a text such as `32 GB` is understood, and is a fault all the same.
    pub fn number(&mut self, field: &str, unit: Unit) -> Option<f64> {
        let value = self.value(field)?;
        if let Value::String(text) = value {
            if text.trim().is_empty() || FILLERS.iter().any(|filler| text.trim().eq_ignore_ascii_case(filler))
            {
                return None;
            }
            self.wrong_type(field, "a number", value);
            return quantity::parse(text, unit);
        }
        let number = value.as_f64();
        if number.is_none() {
            self.wrong_type(field, "a number", value);
        }
        number
    }

    /// Whether the part is there and works: `Status/State`.
    pub fn state(&mut self) -> Option<String> {
        if self.value.get("Status").is_some_and(Value::is_string) {
            return None;
        }
        self.word("Status/State")
    }

    /// A part's own health, or else that of everything inside it.
    pub fn health(&mut self) -> HealthReading {
        match self.health_of("Status/Health") {
            Some(health) => HealthReading(health),
            None => HealthReading(self.health_rolled_up().unwrap_or(Health::Unknown)),
        }
    }

    /// The worse of a part's own health and that of everything inside it.
    pub fn health_inside(&mut self) -> HealthReading {
        let own = self.health_of("Status/Health");
        let inside = self.health_rolled_up();
        HealthReading(own.max(inside).unwrap_or(Health::Unknown))
    }

    /// `HealthRollup`, which Redfish 1.0 and sushy-tools spell `HealthRollUp`.
    fn health_rolled_up(&mut self) -> Option<Health> {
        self.health_of("Status/HealthRollup").or_else(|| self.health_of("Status/HealthRollUp"))
    }

    fn health_of(&mut self, field: &str) -> Option<Health> {
        let status = self.value.get("Status").filter(|status| status.is_string());
        let word = match status {
            // Some write the word where the object must be.
            Some(status) => {
                self.wrong_type("Status", "an object", status);
                status.as_str()?.trim().to_owned()
            }
            None => self.word(field)?,
        };
        let health = match word.to_ascii_lowercase().as_str() {
            "ok" => Health::Ok,
            "warning" => Health::Warning,
            "critical" => Health::Critical,
            _ => {
                let field = if status.is_some() { "Status" } else { field };
                self.bad_value(field, "health (OK, Warning, Critical)", &Value::String(word));
                return None;
            }
        };
        Some(health)
    }

    /// The power. What is not understood is unknown, never off.
    pub fn power(&mut self, field: &str) -> PowerReading {
        let Some(word) = self.word(field) else { return PowerReading(Power::Unknown) };
        let power = match word.as_str() {
            "On" => Power::On,
            "Off" => Power::Off,
            "PoweringOn" => Power::PoweringOn,
            "PoweringOff" => Power::PoweringOff,
            "Paused" => Power::Paused,
            "Unknown" => Power::Unknown,
            _ => {
                self.bad_value(field, "power state that is understood", &Value::String(word));
                Power::Unknown
            }
        };
        PowerReading(power)
    }

    /// A MAC address, lower case with colons; the one of only zeros is none.
    pub fn mac(&mut self, field: &str) -> Option<String> {
        let text = self.text(field)?;
        let mac = canonical_mac(&text);
        if mac.is_none() {
            self.bad_value(field, "MAC address", &Value::String(text));
        }
        mac.filter(|mac| mac != "00:00:00:00:00:00")
    }

    /// The `Address` of each object in a list; unspecified ones and empty entries are skipped.
    pub fn addresses(&mut self, field: &str) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        for (at, entry) in self.list(field).iter().enumerate() {
            let field = format!("{field}/{at}/Address");
            let text = match entry {
                Value::Null => continue,
                Value::Object(entry) => entry.get("Address"),
                other => Some(other),
            };
            let Some(value) = text.filter(|value| !value.is_null()) else { continue };
            let Some(text) = value.as_str().map(str::trim) else {
                self.wrong_type(&field, "an address", value);
                continue;
            };
            // A prefix length or a zone after the address is not part of it.
            match text.split(['/', '%']).next().unwrap_or_default().parse::<IpAddr>() {
                Ok(addr) if addr.is_unspecified() || addresses.contains(&addr) => {}
                Ok(addr) => addresses.push(addr),
                Err(_) if text.is_empty() || FILLERS.contains(&text.to_ascii_lowercase().as_str()) => {}
                Err(_) => self.bad_value(&field, "IP address", value),
            }
        }
        addresses
    }

    /// A date, as it is written, if it is one between 1980 and 2199.
    pub fn date(&mut self, field: &str) -> Option<String> {
        let text = self.word(field)?;
        if quantity::is_date(&text) {
            return Some(text);
        }
        self.bad_value(field, "date", &Value::String(text));
        None
    }

    /// A moment, as a text in one of the forms of [`quantity::moment`].
    pub fn moment(&mut self, field: &str) -> Option<Timestamp> {
        const NEVER: &[&str] = &["never", "permanent", "perpetual", "unlimited", "no constraints"];
        let text = self.text(field)?;
        if NEVER.iter().any(|never| text.eq_ignore_ascii_case(never)) {
            return None;
        }
        let found = quantity::moment(&text);
        if found.is_none() {
            self.bad_value(field, "date", &Value::String(text));
        }
        found
    }

    /// A network port.
    pub fn port(&mut self, field: &str) -> Option<u16> {
        let number = self.count(field)?;
        let port = u16::try_from(number).ok();
        if port.is_none() {
            self.bad_value(field, "port", &Value::from(number));
        }
        port.filter(|port| *port != 0)
    }

    /// The texts in a list; what is none is a fault, and blank ones are skipped.
    pub fn texts(&mut self, field: &str) -> Vec<String> {
        let list = self.list(field);
        let mut texts = Vec::new();
        for at in 0..list.len().min(MAX_TEXTS) {
            let place = format!("{field}/{at}");
            match list.get(at) {
                Some(Value::String(text)) => texts.extend(self.readable(&place, text)),
                None | Some(Value::Null) => {}
                Some(other) => self.wrong_type(&place, "a text", other),
            }
        }
        texts
    }

    /// A list; empty where it is absent.
    pub fn list(&mut self, field: &str) -> &'a [Value] {
        match self.value(field) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.wrong_type(field, "a list", other);
                &[]
            }
        }
    }

    /// Where a part is: the label of its slot, or what older schemas say, which is a list or a text.
    pub fn location_of(&mut self, field: &str) -> Option<String> {
        match self.value(field)? {
            Value::Array(places) => {
                let info = |place: &Value| {
                    place.get("Info").and_then(Value::as_str).map(|info| info.trim().to_owned())
                };
                places.iter().find_map(info).filter(|info| !info.is_empty())
            }
            Value::String(_) => self.text(field),
            _ => self.text_of(&[&format!("{field}/PartLocation/ServiceLabel"), &format!("{field}/Info")]),
        }
    }

    /// The link that the first of several fields is. An object that is no link is something else, and no
    /// fault: older schemas have summaries by the names of later links.
    pub fn link(&mut self, fields: &[&str]) -> Option<String> {
        for field in fields {
            match self.value(field) {
                Some(value) if document::link(value).is_some() => {
                    return document::link(value).map(str::to_owned);
                }
                None | Some(Value::Object(_)) => {}
                Some(other) => self.wrong_type(field, "a link", other),
            }
        }
        None
    }

    /// The links of the first of several lists that has any.
    pub fn links(&mut self, fields: &[&str]) -> Vec<String> {
        for field in fields {
            let links: Vec<String> = match self.value(field) {
                Some(Value::Array(list)) => {
                    list.iter().filter_map(document::link).map(str::to_owned).collect()
                }
                _ => Vec::new(),
            };
            if !links.is_empty() {
                return links;
            }
        }
        Vec::new()
    }
}

/// A value as messages show it: short, on one line.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        other => {
            let text = other.to_string();
            let cut: String = text.chars().take(80).collect();
            if cut.len() < text.len() { format!("{cut}…") } else { cut }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(fields: Fields<'_>) -> Vec<(String, FaultKind)> {
        fields.into_faults().into_iter().map(|fault| (fault.field, fault.kind)).collect()
    }

    #[test]
    fn absent_null_and_fillers_are_no_fault() {
        let value = json!({"a": null, "b": "  ", "c": "N/A", "Status": null, "d": {"e": null}});
        let mut fields = Fields::new("/x", &value);
        for field in ["a", "b", "c", "z", "d/e", "d/e/f", "z/y"] {
            assert_eq!(fields.text(field), None, "{field}");
        }
        assert_eq!(fields.health().0, Health::Unknown);
        assert_eq!(fields.state(), None);
        assert_eq!(faults(fields), []);
    }

    #[test]
    fn wrong_types_lose_the_field_alone() {
        let value = json!({"text": 3, "number": [], "truth": "yes", "list": 1, "obj": "x", "ok": " fine "});
        let mut fields = Fields::new("/x", &value);
        assert_eq!(fields.text("text"), None);
        assert_eq!(fields.count("number"), None);
        assert_eq!(fields.truth("truth"), None);
        assert!(fields.list("list").is_empty());
        assert_eq!(fields.text("obj/inner"), None);
        assert_eq!(fields.text("ok").as_deref(), Some("fine"));
        let found = faults(fields);
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|(_, kind)| *kind == FaultKind::WrongType));
        assert_eq!(found[4].0, "obj");
    }

    #[test]
    fn numbers_are_understood_as_texts_too() {
        let value =
            json!({"a": "32 GB", "b": "3200 MHz", "c": -1, "d": 2.0, "e": 1e300, "f": "lots", "g": 1.5});
        let mut fields = Fields::new("/x", &value);
        assert_eq!(fields.whole("a", Unit::MiB), Some(32768));
        assert_eq!(fields.whole("b", Unit::MHz), Some(3200));
        assert_eq!(fields.count("c"), None);
        assert_eq!(fields.count("d"), Some(2));
        assert_eq!(fields.count("e"), None);
        assert_eq!(fields.count("f"), None);
        assert_eq!(fields.number("g", Unit::GiB), Some(1.5));
        let kinds: Vec<FaultKind> = faults(fields).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(
            kinds,
            [
                FaultKind::WrongType,
                FaultKind::WrongType,
                FaultKind::BadValue,
                FaultKind::BadValue,
                FaultKind::WrongType
            ]
        );
    }

    #[test]
    fn power_that_is_not_understood_is_unknown() {
        for (word, power, fault) in [
            ("On", Power::On, false),
            ("off", Power::Unknown, true),
            ("PoweringOff", Power::PoweringOff, false),
            ("Standby", Power::Unknown, true),
            ("", Power::Unknown, false),
        ] {
            let value = json!({"PowerState": word});
            let mut fields = Fields::new("/x", &value);
            assert_eq!(fields.power("PowerState").0, power, "{word}");
            assert_eq!(!fields.into_faults().is_empty(), fault, "{word}");
        }
        let value = json!({"PowerState": false});
        assert_eq!(Fields::new("/x", &value).power("PowerState").0, Power::Unknown);
    }

    #[test]
    fn a_status_that_is_a_word_is_taken_as_the_health() {
        let value = json!({"Status": "Critical"});
        let mut fields = Fields::new("/x", &value);
        assert_eq!(fields.health_inside().0, Health::Critical);
        assert_eq!(fields.state(), None);
        assert_eq!(faults(fields), [("Status".to_owned(), FaultKind::WrongType)]);
    }

    #[test]
    fn the_worse_health_counts() {
        let value = json!({"Status": {"Health": "OK", "HealthRollup": "Warning"}});
        let mut fields = Fields::new("/x", &value);
        assert_eq!(fields.health().0, Health::Ok);
        assert_eq!(fields.health_inside().0, Health::Warning);
        let value = json!({"Status": {"Health": null, "HealthRollUp": "Critical"}});
        assert_eq!(Fields::new("/x", &value).health().0, Health::Critical);
        let value = json!({"Status": {"Health": "Great"}});
        let mut fields = Fields::new("/x", &value);
        assert_eq!(fields.health().0, Health::Unknown);
        assert_eq!(faults(fields), [("Status/Health".to_owned(), FaultKind::BadValue)]);
    }

    #[test]
    fn addresses_are_cleaned() {
        let value = json!({"v": [null, {}, {"Address": null}, {"Address": "0.0.0.0"}, {"Address": "10.0.0.1"},
            {"Address": "fe80::1%eth0"}, {"Address": "fd00::2/64"}, "10.0.0.2", {"Address": 5}, {"Address": "x"}]});
        let mut fields = Fields::new("/x", &value);
        let found: Vec<String> = fields.addresses("v").iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1", "fe80::1", "fd00::2", "10.0.0.2"]);
        assert_eq!(faults(fields).len(), 2);
    }

    #[test]
    fn macs_and_dates_that_are_none_are_bad_values() {
        let value = json!({"a": "AA-BB-CC-DD-EE-FF", "b": "123", "c": "00:00:00:00:00:00", "d": "00:00:00Z", "e": "N/A"});
        let mut fields = Fields::new("/x", &value);
        assert_eq!(fields.mac("a").as_deref(), Some("aa:bb:cc:dd:ee:ff"));
        assert_eq!(fields.mac("b"), None);
        assert_eq!(fields.mac("c"), None);
        assert_eq!(fields.date("d"), None);
        assert_eq!(fields.date("e"), None);
        let found: Vec<String> = faults(fields).into_iter().map(|(field, _)| field).collect();
        assert_eq!(found, ["b", "d", "e"]);
    }
}
