//! A document without what moves by itself, so that unchanged hardware gives the same bytes: pure.

use crate::client::link;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;

/// How a name is held against a field's.
#[derive(Clone, Copy, Debug)]
enum Fit {
    /// The whole name.
    Is(&'static str),
    /// How it begins.
    Begins(&'static str),
    /// How it ends.
    Ends(&'static str),
}

use Fit::{Begins, Ends, Is};

/// Fields that change while nobody changes anything, and why.
const MOVING: &[(&[Fit], &str)] = &[
    (
        &[Is("@odata.etag"), Is("@Message.ExtendedInfo"), Is("ETag"), Is("Etag")],
        "about the answer, not about the resource",
    ),
    (
        &[
            Is("DateTime"),
            Ends("LocalOffset"),
            Is("ServerTime"),
            Is("CurrentTime"),
            Is("LastUpdateTime"),
            Is("LastUpdated"),
        ],
        "a clock runs",
    ),
    (
        &[
            Begins("Uptime"),
            Begins("UpTime"),
            Ends("Uptime"),
            Ends("UpTime"),
            Ends("PowerOnHours"),
            Is("PoweredOnSeconds"),
            Is("ServiceHours"),
            Is("PowerOnMinutes"),
            Is("PowerOnTime"),
            Is("CurrentPowerOnTimeSeconds"),
        ],
        "counts the time it runs",
    ),
    (
        &[
            Is("Reading"),
            Is("ReadingCelsius"),
            Is("ReadingVolts"),
            Is("ReadingRPM"),
            Is("ReadingPercent"),
            Is("ReadingTime"),
            Is("ReadingUnitsValue"),
            Ends("CurrentReading"),
            Ends("LastReading"),
            Ends("PeakReading"),
            Ends("PeakReadingTime"),
            Ends("LowestReading"),
            Ends("LowestReadingTime"),
            Ends("AverageReading"),
            Is("CurrentTemperature"),
            Is("CurrentTemperatureCelsius"),
            Is("MaximumTemperatureCelsius"),
            Is("MinimumTemperatureCelsius"),
            Is("TemperatureCelsius"),
            Is("TemperatureReadingsCelsius"),
            Is("HumidityPercent"),
            Is("AbsoluteHumidity"),
            Is("DewPointCelsius"),
            Is("SpeedPercent"),
            Is("SpeedRPM"),
            Is("FanSpeedPercent"),
            Is("FanSpeedsPercent"),
            Is("TemperatureStatistics"),
            Is("AirFlow"),
        ],
        "a sensor's reading",
    ),
    (
        &[
            Ends("ConsumedWatts"),
            Ends("InputWatts"),
            Is("PowerOutputWatts"),
            Is("LastPowerOutputWatts"),
            Is("AveragePowerOutputWatts"),
            Is("MaxPowerOutputWatts"),
            Is("PowerAvailableWatts"),
            Is("PowerWatts"),
            Is("PowerLoadPercent"),
            Is("ApparentVA"),
            Is("ReactiveVAR"),
            Is("PowerFactor"),
            Is("CrestFactor"),
            Is("THDPercent"),
            Is("PhaseAngleDegrees"),
            Is("EnergykWh"),
            Is("EnergyJoules"),
            Ends("ConsumptionkWh"),
            Is("LineInputVoltage"),
            Is("InputVoltage"),
            Is("OutputVoltage"),
            Is("InputCurrentAmps"),
            Is("OutputCurrentAmps"),
            Is("CurrentAmps"),
            Is("ActualVoltage"),
            Is("IntervalInMin"),
            Is("AverageFrequencyMHz"),
            Is("OperatingSpeedMHz"),
            Is("BandwidthPercent"),
            Is("CPUUtil"),
            Is("CPUPower"),
            Is("MemoryBusUtil"),
            Is("IOBusUtil"),
            Is("AvgCPU0Freq"),
            Is("AvgCPU1Freq"),
            Is("CPU0Power"),
            Is("CPU1Power"),
            Is("CPUICUtil"),
            Is("JitterCount"),
        ],
        "load, power and what it costs",
    ),
    (
        &[
            Begins("Rx"),
            Begins("Tx"),
            Begins("RX"),
            Begins("TX"),
            Ends("ErrorCount"),
            Ends("ErrorsCount"),
            Is("MediaLifeLeftPercent"),
            Ends("LifeLeftPercent"),
            Is("RemainingRatedWriteEndurancePercent"),
            Is("RemainingRatedWriteEndurance"),
            Is("SSDEnduranceUtilizationPercentage"),
            Is("BytesRead"),
            Is("BytesWritten"),
            Is("ChargePercent"),
            Is("RemainingCapacityPercent"),
        ],
        "a counter, or wear",
    ),
    (
        &[
            Begins("LastLogin"),
            Begins("LastUsed"),
            Is("LoginTime"),
            Is("SessionCount"),
            Is("ActiveSessions"),
            Is("NumberOfActiveSessions"),
            Is("CurrentSessions"),
        ],
        "who is logged in, ourselves among them",
    ),
];

/// Kinds of documents that are nothing but what moves, by their schema's name.
const MOVING_KINDS: &[Fit] = &[
    Ends("Metrics"),
    Ends("MetricsCollection"),
    Is("Sensor"),
    Is("SensorCollection"),
    Begins("LogEntry"),
    Is("Session"),
    Is("SessionCollection"),
    Begins("Task"),
    Begins("Job"),
    Begins("MetricReport"),
    Ends("SensorCollection"),
    Is("Event"),
];

/// What a name of a secret has in it, in small letters. Controllers are to show none of these (DSP0266,
/// 13.3.2), and some do.
const SECRETS: &[&str] = &[
    "password",
    "passphrase",
    "secret",
    "token",
    "privatekey",
    "encryptionkey",
    "communit",
    "authkey",
    "authenticationkey",
];

impl Fit {
    fn takes(self, name: &str) -> bool {
        match self {
            Self::Is(whole) => name == whole,
            Self::Begins(start) => name.starts_with(start),
            Self::Ends(end) => name.ends_with(end),
        }
    }
}

/// The schema's name of a resource: `Memory` of `#Memory.v1_20_0.Memory`.
#[must_use]
pub fn kind(value: &Value) -> &str {
    let kind = value.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    kind.trim_start_matches('#').split('.').next().unwrap_or_default()
}

/// Whether a document is worth keeping: one that is nothing but readings, sessions or log entries is not.
#[must_use]
pub fn is_kept(path: &str, value: &Value) -> bool {
    let kind = kind(value);
    let place = link::identity(path.split('?').next().unwrap_or_default());
    let under = ["/Sessions", "/Entries", "/Sensors"].iter().any(|end| place.ends_with(end));
    !under && !MOVING_KINDS.iter().any(|fit| fit.takes(kind))
}

/// The bytes that are kept of a document: without what moves by itself and without secrets, its keys in
/// order. The same for the same resource, however its keys were ordered; of its own outcome it gives that.
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    serde_json::to_vec(&Still(value)).unwrap_or_default()
}

/// A value that is written as [`canonical`] has it.
pub struct Still<'a>(pub &'a Value);

impl Serialize for Still<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                // Whatever kind of map it is, it is written in order.
                let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
                if !fields.is_sorted_by_key(|(name, _)| *name) {
                    fields.sort_by_key(|(name, _)| *name);
                }
                let mut kept = to.serialize_map(None)?;
                for (name, value) in fields {
                    let traits = traits_of(name);
                    match value {
                        _ if traits.moves => {}
                        _ if traits.is_secret && has_text(value) => kept.serialize_entry(name, &())?,
                        // A slash at its end makes no other resource, and what came by `$expand` may be without.
                        Value::String(path) if name == "@odata.id" => {
                            kept.serialize_entry(name, link::identity(path))?;
                        }
                        other => kept.serialize_entry(name, &Self(other))?,
                    }
                }
                kept.end()
            }
            Value::Array(items) => to.collect_seq(items.iter().map(Still)),
            other => other.serialize(to),
        }
    }
}

/// What a field's name says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Traits {
    moves: bool,
    /// A text or a list of texts under it is a secret.
    is_secret: bool,
}

/// So many names are remembered by a thread; a fleet of several makers has some two thousand.
const MOST_NAMES: usize = 4096;
/// Longer ones are looked at each time.
const LONGEST_NAME: usize = 80;

thread_local! {
    /// The same few names come with each document, and to look at one takes some two hundred comparisons.
    static NAMES: RefCell<HashMap<Box<str>, Traits>> = RefCell::default();
}

fn traits_of(name: &str) -> Traits {
    let look = || Traits { moves: is_moving(name), is_secret: is_secret(name) };
    if name.len() > LONGEST_NAME {
        return look();
    }
    NAMES.with_borrow_mut(|names| {
        if let Some(known) = names.get(name) {
            return *known;
        }
        if names.len() >= MOST_NAMES {
            // Names come from outside; who sends ever new ones fills no memory.
            names.clear();
        }
        *names.entry(name.into()).or_insert(look())
    })
}

fn is_moving(name: &str) -> bool {
    let name = name.split('@').next().filter(|name| !name.is_empty()).unwrap_or(name);
    MOVING.iter().any(|(names, _)| names.iter().any(|fit| fit.takes(name)))
}

/// Whether a text, or a list of texts, under such a name is a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

/// Truths and numbers under a secret's name (`PasswordChangeRequired`, `MinPasswordLength`) are no secrets.
fn has_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(Value::is_string),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical(value)).unwrap()
    }

    #[test]
    fn what_moves_is_left_out() {
        let value = json!({"Name": "PSU", "@odata.etag": "W/1", "DateTime": "x", "DateTimeLocalOffset": "+01:00", "Reading@odata.count": 3,
            "Sensors": [{"ReadingCelsius": 30, "ReadingUnits": "Cel", "RelatedItem": [{"@odata.id": "/x"}]}], "UptimeSeconds": 4,
            "PowerCapacityWatts": 800, "PowerInputWatts": 17.5, "RxBytes": 1});
        assert_eq!(
            text(&value),
            r#"{"Name":"PSU","PowerCapacityWatts":800,"Sensors":[{"ReadingUnits":"Cel","RelatedItem":[{"@odata.id":"/x"}]}]}"#
        );
    }

    #[test]
    fn secrets_are_left_out() {
        let value = json!({"Password": "calvin", "PasswordChangeRequired": false, "Community": {"CommunityString": "public"},
            "SNMP": {"CommunityNames": ["public"], "AuthenticationKey": null}, "MinPasswordLength": 8, "UserName": "root"});
        let text = text(&value);
        assert!(!text.contains("calvin") && !text.contains("public"), "{text}");
        assert!(text.contains("\"MinPasswordLength\":8") && text.contains("root"), "{text}");
    }

    #[test]
    fn documents_that_are_nothing_but_readings_are_not_kept() {
        for (path, kind, kept) in [
            ("/c/1/Sensors/3", "#Sensor.v1_2_0.Sensor", false),
            ("/c/1/Sensors", "", false),
            ("/c/1/Thermal", "#Thermal.v1_7_0.Thermal", true),
            ("/c/1/ThermalSubsystem", "#ThermalSubsystem.v1_0_0.ThermalSubsystem", true),
            ("/s/1/Processors/1/Metrics", "#ProcessorMetrics.v1_0_0.ProcessorMetrics", false),
            ("/ss/Sessions/?$skip=3", "", false),
            ("/c/1/Power", "#Power.v1_7_0.Power", true),
            ("/s/1", "#ComputerSystem.v1_20_0.ComputerSystem", true),
        ] {
            assert_eq!(is_kept(path, &json!({"@odata.type": kind})), kept, "{path}");
        }
    }

    fn anything() -> impl Strategy<Value = Value> {
        let name = prop_oneof!["[A-Za-z@.]{0,8}", Just("Reading".to_owned()), Just("Password".to_owned())];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            ".{0,9}".prop_map(Value::from)
        ];
        leaf.prop_recursive(6, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn what_a_name_says_is_remembered_and_forgotten_in_time() {
        for number in 0..3 * MOST_NAMES {
            assert_eq!(traits_of(&format!("Name{number}")), Traits::default());
            assert!(NAMES.with_borrow(|names| names.len() <= MOST_NAMES));
        }
        for _ in 0..2 {
            assert_eq!(traits_of("ReadingCelsius@odata.count"), Traits { moves: true, is_secret: false });
            assert_eq!(traits_of("AdminPassword"), Traits { moves: false, is_secret: true });
            assert!(traits_of(&format!("{}Password", "x".repeat(LONGEST_NAME))).is_secret);
        }
    }

    proptest! {
        #[test]
        fn the_same_again_and_without_secrets(value in anything()) {
            let once = canonical(&value);
            let again: Value = serde_json::from_slice(&once).unwrap();
            prop_assert_eq!(canonical(&again), once);
        }
    }
}
