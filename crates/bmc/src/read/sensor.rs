//! Sensors: as resources of their own (DSP0268 Sensor), in the older Thermal and Power, and as the excerpts
//! of ThermalMetrics and EnvironmentMetrics.

use super::field::Fields;
use super::quantity::Unit;
use model::device::Health;
use model::inventory::{Fault, Sensor};
use model::telemetry::{Quantity, Reading};
use serde_json::Value;

/// A sensor with what it says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The sensor as a thing.
    pub sensor: Sensor,
    /// What it says; none where the part is absent, disabled or off.
    pub value: Option<f64>,
    /// Its own judgement.
    pub health: Option<Health>,
}

impl Seen {
    /// As the latest reading of it. `place` is where it is if the sensor itself does not say.
    #[must_use]
    pub fn into_reading(self, place: Option<&str>) -> Reading {
        let sensor = self.sensor;
        Reading {
            quantity: sensor.quantity,
            name: sensor.name.unwrap_or(sensor.id),
            place: sensor.place.or_else(|| place.map(str::to_owned)),
            value: self.value,
            unit: sensor.unit,
            health: self.health,
            upper_caution: sensor.upper_caution,
            upper_critical: sensor.upper_critical,
            lower_caution: sensor.lower_caution,
            lower_critical: sensor.lower_critical,
        }
    }

    /// Whether there is nothing where the sensor would be.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.sensor.state.as_deref() == Some("Absent")
    }
}

/// How sensors of one kind are written.
struct Form {
    quantity: Quantity,
    unit: &'static str,
    values: &'static [&'static str],
}

const TEMPERATURE: Form = Form { quantity: Quantity::Temperature, unit: "Cel", values: &["ReadingCelsius"] };
const VOLTAGE: Form = Form { quantity: Quantity::Voltage, unit: "V", values: &["ReadingVolts"] };
const CONSUMED: Form = Form { quantity: Quantity::Power, unit: "W", values: &["PowerConsumedWatts"] };
const FAN: Form =
    Form { quantity: Quantity::Fan, unit: "RPM", values: &["Reading", "CurrentReading", "ReadingRPM"] };
const SUPPLY: Form = Form {
    quantity: Quantity::Power,
    unit: "W",
    values: &["PowerInputWatts", "PowerOutputWatts", "LastPowerOutputWatts"],
};

/// The lists of Thermal and Power, and how their members are written.
const LISTS: &[(&str, &Form)] = &[
    ("Temperatures", &TEMPERATURE),
    ("Fans", &FAN),
    ("PowerControl", &CONSUMED),
    ("PowerSupplies", &SUPPLY),
    ("Voltages", &VOLTAGE),
];

/// The excerpts of EnvironmentMetrics, ThermalMetrics and PowerSupplyMetrics.
const EXCERPTS: &[(&str, Quantity, &str)] = &[
    ("TemperatureCelsius", Quantity::Temperature, "Cel"),
    ("TemperatureReadingsCelsius", Quantity::Temperature, "Cel"),
    ("TemperatureSummaryCelsius/Intake", Quantity::Temperature, "Cel"),
    ("TemperatureSummaryCelsius/Exhaust", Quantity::Temperature, "Cel"),
    ("TemperatureSummaryCelsius/Internal", Quantity::Temperature, "Cel"),
    ("FanSpeedsPercent", Quantity::Fan, "%"),
    ("PowerWatts", Quantity::Power, "W"),
    ("InputPowerWatts", Quantity::Power, "W"),
    ("OutputPowerWatts", Quantity::Power, "W"),
    ("InputVoltage", Quantity::Voltage, "V"),
    ("InputCurrentAmps", Quantity::Current, "A"),
    ("HumidityPercent", Quantity::Other, "%"),
];

/// The most sensors that are taken from one document.
const MAX_SENSORS: usize = 1000;

/// Every sensor in a document of any kind: a Sensor, a Thermal, a Power, an EnvironmentMetrics, a ThermalMetrics.
#[must_use]
pub fn parse_any(path: &str, value: &Value) -> (Vec<Seen>, Vec<Fault>) {
    if value.get("Reading").is_some() || value.get("ReadingType").is_some() {
        let (seen, faults) = parse(path, value);
        return (vec![seen], faults);
    }
    let (mut seen, mut faults) = (Vec::new(), Vec::new());
    for (list, _) in LISTS {
        let (found, wrong) = parse_list(path, value, list);
        seen.extend(found);
        faults.extend(wrong);
    }
    let (found, wrong) = excerpts(path, value);
    seen.extend(found);
    faults.extend(wrong);
    (seen, faults)
}

/// Reads a Sensor resource.
#[must_use]
pub fn parse(path: &str, value: &Value) -> (Seen, Vec<Fault>) {
    let mut fields = Fields::new(path, value);
    let mut unit = fields.text("ReadingUnits").map(|unit| ucum(&unit)).unwrap_or_default();
    let kind = fields.word("ReadingType").unwrap_or_default();
    let quantity = match kind.as_str() {
        "Temperature" => Quantity::Temperature,
        "Rotational" => Quantity::Fan,
        "Power" => Quantity::Power,
        "Voltage" => Quantity::Voltage,
        "Current" => Quantity::Current,
        _ => of_unit(&unit),
    };
    if unit.is_empty() {
        unit = usual_unit(quantity).into();
    }
    let limit = |fields: &mut Fields<'_>, names: [&str; 2]| {
        names.iter().find_map(|name| fields.number(&format!("Thresholds/{name}/Reading"), Unit::Count))
    };
    let sensor = Sensor {
        path: path.into(),
        id: fields.id(),
        name: fields.text("Name"),
        quantity,
        unit,
        place: fields.text("PhysicalContext"),
        upper_caution: limit(&mut fields, ["UpperCaution", "UpperCautionUser"]),
        upper_critical: limit(&mut fields, ["UpperCritical", "UpperFatal"]),
        lower_caution: limit(&mut fields, ["LowerCaution", "LowerCautionUser"]),
        lower_critical: limit(&mut fields, ["LowerCritical", "LowerFatal"]),
        state: fields.state(),
    };
    finish(fields, sensor, &["Reading"])
}

/// The sensors in one list of a Thermal or Power, such as `Temperatures`.
#[must_use]
pub fn parse_list(path: &str, value: &Value, list: &str) -> (Vec<Seen>, Vec<Fault>) {
    let Some((_, form)) = LISTS.iter().find(|(name, _)| *name == list) else {
        return (Vec::new(), Vec::new());
    };
    let mut whole = Fields::new(path, value);
    let entries = whole.list(list);
    let mut faults = whole.into_faults();
    let mut seen = Vec::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.is_null()).take(MAX_SENSORS) {
        let (found, wrong) = member(&format!("{path}#/{list}/{at}"), entry, form, list);
        seen.push(found);
        faults.extend(wrong);
    }
    (seen, faults)
}

fn member(path: &str, entry: &Value, form: &Form, list: &str) -> (Seen, Vec<Fault>) {
    let mut fields = Fields::new(path, entry);
    let unit = match form.quantity {
        Quantity::Fan => fields.text_of(&["ReadingUnits", "Units"]).map(|unit| ucum(&unit)),
        _ => None,
    };
    let context = fields.text("PhysicalContext");
    let sensor = Sensor {
        path: path.into(),
        id: fields.id(),
        name: fields.text_of(&["Name", "FanName"]),
        quantity: form.quantity,
        unit: unit.unwrap_or_else(|| form.unit.into()),
        // Some makers give all supplies one name.
        place: context.or_else(|| (list == "PowerSupplies").then(|| format!("PowerSupply {}", last(path)))),
        upper_caution: fields.number("UpperThresholdNonCritical", Unit::Count),
        upper_critical: limit(&mut fields, ["UpperThresholdCritical", "UpperThresholdFatal"]),
        lower_caution: fields.number("LowerThresholdNonCritical", Unit::Count),
        lower_critical: limit(&mut fields, ["LowerThresholdCritical", "LowerThresholdFatal"]),
        state: fields.state(),
    };
    finish(fields, sensor, form.values)
}

fn limit(fields: &mut Fields<'_>, names: [&str; 2]) -> Option<f64> {
    names.iter().find_map(|name| fields.number(name, Unit::Count))
}

/// Takes the value and the judgement. What is absent, disabled or off says nothing, whatever number stands there.
fn finish(mut fields: Fields<'_>, sensor: Sensor, values: &[&str]) -> (Seen, Vec<Fault>) {
    let is_silent = matches!(sensor.state.as_deref(), Some("Absent" | "Disabled" | "UnavailableOffline"));
    let value = values.iter().find_map(|name| fields.number(name, Unit::Count)).filter(|_| !is_silent);
    let health = Some(fields.health().0).filter(|health| *health != Health::Unknown);
    (Seen { sensor, value, health }, fields.into_faults())
}

/// The excerpts of sensors in a document of metrics: an object each, or a list of them.
fn excerpts(path: &str, value: &Value) -> (Vec<Seen>, Vec<Fault>) {
    let mut whole = Fields::new(path, value);
    let mut entries = Vec::new();
    for (name, quantity, unit) in EXCERPTS {
        match whole.value(name) {
            Some(Value::Array(list)) => {
                let numbered = list.iter().enumerate().filter(|(_, entry)| !entry.is_null());
                entries.extend(numbered.map(|(at, entry)| (format!("{name}/{at}"), entry, *quantity, *unit)));
            }
            Some(entry) => entries.push(((*name).to_owned(), entry, *quantity, *unit)),
            None => {}
        }
    }
    let mut faults = whole.into_faults();
    let mut seen: Vec<Seen> = Vec::new();
    for (place, entry, quantity, unit) in entries.into_iter().take(MAX_SENSORS) {
        let path = format!("{path}#/{place}");
        let mut fields = Fields::new(&path, entry);
        // The sensor's own resource names it better than its place in the list.
        let own = fields.text("DataSourceUri");
        let id = own.as_deref().map_or_else(|| place.clone(), |own| last(own).to_owned());
        let sensor = Sensor {
            id: id.clone(),
            name: fields.text("DeviceName").or(Some(id)),
            quantity,
            unit: unit.into(),
            place: fields.text("PhysicalContext"),
            path: own.unwrap_or_else(|| path.clone()),
            ..Sensor::default()
        };
        if seen.iter().any(|known| known.sensor.path == sensor.path) {
            continue;
        }
        let (found, wrong) = finish(fields, sensor, &["Reading"]);
        seen.push(found);
        faults.extend(wrong);
    }
    (seen, faults)
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The unit by UCUM, as DSP0268 wants it since Sensor; older documents write words.
fn ucum(unit: &str) -> String {
    let known = match unit {
        "C" | "Celsius" | "DegreesC" | "degrees C" => "Cel",
        "Percent" => "%",
        "Volts" | "Volt" => "V",
        "Amps" | "Amperes" => "A",
        "Watts" => "W",
        "{rev}/min" | "rpm" => "RPM",
        other => other,
    };
    known.to_owned()
}

/// The unit of a sensor that does not say its own.
const fn usual_unit(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Temperature => "Cel",
        Quantity::Fan => "RPM",
        Quantity::Power => "W",
        Quantity::Voltage => "V",
        Quantity::Current => "A",
        Quantity::Other => "",
    }
}

fn of_unit(unit: &str) -> Quantity {
    match unit {
        "Cel" => Quantity::Temperature,
        "RPM" => Quantity::Fan,
        "W" => Quantity::Power,
        "V" => Quantity::Voltage,
        "A" => Quantity::Current,
        _ => Quantity::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sensor_with_its_limits() {
        let value = json!({"Id": "T1", "Name": "Inlet", "ReadingType": "Temperature", "ReadingUnits": "C", "Reading": 27.5, "PhysicalContext": "Intake",
            "Status": {"State": "Enabled", "Health": "OK"}, "Thresholds": {"UpperCaution": {"Reading": 40}, "UpperCritical": {"Reading": null}, "UpperFatal": {"Reading": 45}, "LowerCaution": 5}});
        let (seen, faults) = parse("/s/T1", &value);
        assert_eq!((seen.value, seen.health), (Some(27.5), Some(Health::Ok)));
        assert_eq!((seen.sensor.unit.as_str(), seen.sensor.quantity), ("Cel", Quantity::Temperature));
        assert_eq!((seen.sensor.upper_caution, seen.sensor.upper_critical), (Some(40.0), Some(45.0)));
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "Thresholds/LowerCaution"));
    }

    #[test]
    fn older_lists_of_every_kind() {
        let thermal = json!({"Temperatures": [{"MemberId": "0", "Name": "CPU", "ReadingCelsius": -51, "UpperThresholdNonCritical": 80}, null,
            {"MemberId": "2", "Name": "None there", "ReadingCelsius": 0, "Status": {"State": "Absent"}}],
            "Fans": [{"FanName": "Fan 1", "Reading": 51, "ReadingUnits": "Percent"}, {"Name": "Fan 2", "Reading": 4200, "ReadingUnits": "RPM"}]});
        let (seen, faults) = parse_any("/t", &thermal);
        let said: Vec<(Option<f64>, &str)> =
            seen.iter().map(|it| (it.value, it.sensor.unit.as_str())).collect();
        assert_eq!(said, [(Some(-51.0), "Cel"), (None, "Cel"), (Some(51.0), "%"), (Some(4200.0), "RPM")]);
        assert!(seen[1].is_absent() && faults.is_empty());
        let power = json!({"PowerControl": [{"Name": "Total", "PowerConsumedWatts": 614}], "Voltages": [{"Name": "12V", "ReadingVolts": "12.1"}],
            "PowerSupplies": [{"Name": "PSU", "LastPowerOutputWatts": 277}, {"Name": "PSU", "PowerInputWatts": 300, "PowerOutputWatts": 280}]});
        let (seen, faults) = parse_any("/p", &power);
        let said: Vec<Option<f64>> = seen.iter().map(|it| it.value).collect();
        assert_eq!(said, [Some(614.0), Some(277.0), Some(300.0), Some(12.1)]);
        assert_ne!(seen[1].sensor.place, seen[2].sensor.place, "supplies of one name are told apart");
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn excerpts_are_named_by_their_sensors() {
        let value = json!({"PowerWatts": {"Reading": 700, "DataSourceUri": "/c/1/Sensors/205L0"}, "FanSpeedsPercent": [{"Reading": 40}, null, {"Reading": "x"}],
            "TemperatureReadingsCelsius": [{"Reading": null, "DataSourceUri": "/c/1/Sensors/96L0", "PhysicalContext": "ComputeBay"}],
            "TemperatureSummaryCelsius": {"Intake": {"Reading": 19, "DataSourceUri": "/c/1/Sensors/208L0"}}, "TemperatureCelsius": {"Reading": 19, "DataSourceUri": "/c/1/Sensors/208L0"}});
        let (seen, faults) = parse_any("/e", &value);
        let said: Vec<(&str, Option<f64>)> =
            seen.iter().map(|it| (it.sensor.id.as_str(), it.value)).collect();
        assert_eq!(
            said,
            [
                ("208L0", Some(19.0)),
                ("96L0", None),
                ("FanSpeedsPercent/0", Some(40.0)),
                ("FanSpeedsPercent/2", None),
                ("205L0", Some(700.0))
            ]
        );
        assert_eq!(faults.len(), 1);
    }
}
