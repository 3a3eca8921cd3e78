//! Temperatures and fans: the older document with everything in it, and the newer one with a document for each fan.

use super::sensor::{Sense, whole};
use super::{Place, View, link, set, status};
use crate::hardware::Ailment;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn thermal_document(&self, path: &str) -> Value {
        let warm = self.senses().into_iter().filter(|sense| {
            matches!(sense, Sense::Inlet | Sense::Exhaust | Sense::Cpu(_) | Sense::Memory(_) | Sense::Gpu(_))
        });
        let temperatures: Vec<Value> = warm
            .enumerate()
            .map(|(number, sense)| {
                let probe = self.probe(sense);
                json!({
                    "@odata.id": format!("{path}#/Temperatures/{number}"),
                    "MemberId": number.to_string(),
                    "Name": probe.name,
                    "SensorNumber": number + 1,
                    "PhysicalContext": probe.place,
                    "ReadingCelsius": probe.reading,
                    "MinReadingRangeTemp": -128,
                    "MaxReadingRangeTemp": 127,
                    "UpperThresholdNonCritical": probe.most.1.map(|limit| limit - 5.0),
                    "UpperThresholdCritical": probe.most.1,
                    "RelatedItem": [link(&self.chassis_path())],
                    "Status": status(probe.health),
                })
            })
            .collect();
        let fans: Vec<Value> = (0..self.hardware.fans).map(|number| self.older_fan(path, number)).collect();
        let set_of: Vec<Value> =
            (0..self.hardware.fans).map(|number| link(&format!("{path}#/Fans/{number}"))).collect();
        json!({
            "@odata.id": path,
            "@odata.type": format!("#Thermal.{}.Thermal", self.row.versions.thermal),
            "Id": "Thermal",
            "Name": "Thermal",
            "Description": "Represents the properties for Temperature and Cooling",
            "Temperatures": temperatures,
            "Fans": fans,
            "Redundancy": [{
                "@odata.id": format!("{path}#/Redundancy/0"),
                "MemberId": "0",
                "Name": "System Board Fan Redundancy",
                "Mode": "N+m",
                "MinNumNeeded": 2,
                "MaxNumSupported": self.hardware.fans,
                "RedundancySet": set_of,
                "Status": { "State": "Enabled", "Health": self.health_word_of(Ailment::Fan) },
            }],
        })
    }

    fn older_fan(&self, path: &str, number: usize) -> Value {
        let probe = self.probe(Sense::Fan(number));
        json!({
            "@odata.id": format!("{path}#/Fans/{number}"),
            "MemberId": number.to_string(),
            "Name": (self.row.names.fan)(number),
            "PhysicalContext": "SystemBoard",
            "Reading": whole(probe.reading),
            "ReadingUnits": "RPM",
            "MinReadingRange": 0,
            "MaxReadingRange": 15_000,
            "LowerThresholdNonCritical": 2000,
            "LowerThresholdCritical": 600,
            "HotPluggable": true,
            "RelatedItem": [link(&self.chassis_path())],
            "Status": status(probe.health),
        })
    }

    pub(super) fn thermal_subsystem(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        match path {
            [] => {
                let mut doc = json!({
                    "Name": "Thermal Subsystem for Chassis",
                    "Description": "Represents the properties of a Thermal Subsystem of the Chassis",
                    "Fans": link(&format!("{base}/Fans")),
                    "ThermalMetrics": link(&format!("{base}/ThermalMetrics")),
                    "Status": { "State": "Enabled", "Health": self.health_word_of(Ailment::Fan) },
                });
                self.head(&mut doc, "ThermalSubsystem", base, "ThermalSubsystem");
                Some((Place::ThermalSubsystem, doc))
            }
            ["Fans"] => {
                let ids: Vec<String> = (0..self.hardware.fans).map(self.row.names.fan_id).collect();
                Some(self.collection(&format!("{base}/Fans"), "FanCollection", "Fan Collection", &ids))
            }
            ["Fans", id] => {
                let number =
                    (0..self.hardware.fans).find(|number| (self.row.names.fan_id)(*number) == *id)?;
                Some((Place::Fan, self.fan(&format!("{base}/Fans/{id}"), id, number)))
            }
            ["ThermalMetrics"] => {
                Some((Place::ThermalMetrics, self.thermal_metrics(&format!("{base}/ThermalMetrics"))))
            }
            _ => None,
        }
    }

    fn fan(&self, path: &str, id: &str, number: usize) -> Value {
        let probe = self.probe(Sense::Fan(number));
        let name = (self.row.names.fan)(number);
        let mut speed = self.quoted(Sense::Fan(number));
        set(&mut speed, "SpeedRPM", json!(probe.reading));
        set(&mut speed, "Reading", json!((probe.reading / 150.0).round()));
        let mut doc = json!({
            "Name": name,
            "Description": "Represents fan properties of the chassis",
            "PhysicalContext": "SystemBoard",
            "HotPluggable": true,
            "SpeedPercent": speed,
            "Location": { "PartLocation": { "LocationType": "Slot", "LocationOrdinalValue": number, "ServiceLabel": name } },
            "Status": status(probe.health),
        });
        self.head(&mut doc, "Fan", path, id);
        doc
    }

    fn thermal_metrics(&self, path: &str) -> Value {
        let readings: Vec<Value> = self
            .senses()
            .into_iter()
            .filter(|sense| matches!(sense, Sense::Inlet | Sense::Exhaust | Sense::Cpu(_) | Sense::Memory(_)))
            .map(|sense| {
                let mut quoted = self.quoted(sense);
                set(&mut quoted, "DeviceName", json!(self.probe(sense).name));
                quoted
            })
            .collect();
        let mut doc = json!({
            "Name": "Chassis Thermal Metrics",
            "Description": "Represents the properties of Thermal Metrics of the chassis",
            "TemperatureReadingsCelsius": readings,
            "TemperatureSummaryCelsius": { "Intake": self.quoted(Sense::Inlet), "Exhaust": self.quoted(Sense::Exhaust) },
        });
        self.head(&mut doc, "ThermalMetrics", path, "ThermalMetrics");
        doc
    }
}
