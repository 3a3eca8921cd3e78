//! A document without what moves by itself, so that unchanged hardware gives the same bytes: pure.

use crate::client::link;
use serde_json::{Map, Value};

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
    serde_json::to_vec(&stilled(value)).unwrap_or_default()
}

fn stilled(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(stilled_fields(fields)),
        Value::Array(items) => Value::Array(items.iter().map(stilled).collect()),
        other => other.clone(),
    }
}

fn stilled_fields(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut kept: Vec<(&String, &Value)> = fields.iter().filter(|(name, _)| !is_moving(name)).collect();
    // Whatever kind of map it is, it is filled in order.
    kept.sort_by_key(|(name, _)| *name);
    let still = |(name, value): (&String, &Value)| {
        let value = match value {
            _ if is_secret(name, value) => Value::Null,
            // A slash at its end makes no other resource, and what came by `$expand` may be without.
            Value::String(path) if name == "@odata.id" => Value::from(link::identity(path)),
            other => stilled(other),
        };
        (name.clone(), value)
    };
    kept.into_iter().map(still).collect()
}

fn is_moving(name: &str) -> bool {
    let name = name.split('@').next().filter(|name| !name.is_empty()).unwrap_or(name);
    MOVING.iter().any(|(names, _)| names.iter().any(|fit| fit.takes(name)))
}

/// Whether a field holds a secret: a text, or a list of texts, under such a name. Truths and numbers under
/// it (`PasswordChangeRequired`, `MinPasswordLength`) are none.
fn is_secret(name: &str, value: &Value) -> bool {
    let is_text = match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(Value::is_string),
        _ => false,
    };
    is_text && {
        let name = name.to_ascii_lowercase();
        SECRETS.iter().any(|secret| name.contains(secret))
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

    proptest! {
        #[test]
        fn the_same_again_and_without_secrets(value in anything()) {
            let once = canonical(&value);
            let again: Value = serde_json::from_slice(&once).unwrap();
            prop_assert_eq!(canonical(&again), once);
        }
    }
}
