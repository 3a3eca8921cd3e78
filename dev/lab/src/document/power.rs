//! Power: the older document with everything in it, and the newer one with a document for each power supply.

use super::sensor::Sense;
use super::{Place, View, link, set, status};
use crate::hardware::{Ailment, health_word};
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn power_document(&self, path: &str) -> Value {
        let climate = self.climate();
        let watts = climate.watts();
        let psus = self.hardware.psus.len();
        let supplies: Vec<Value> = (0..psus).map(|number| self.older_supply(path, number)).collect();
        let voltages: Vec<Value> = (0..self.hardware.cpus * 3)
            .map(|number| {
                json!({
                    "@odata.id": format!("{path}#/Voltages/{number}"),
                    "MemberId": number.to_string(),
                    "Name": format!("CPU{} VR{}", number / 3 + 1, number % 3 + 1),
                    "SensorNumber": 50 + number,
                    "PhysicalContext": "CPU",
                    "ReadingVolts": if self.power.is_on() { json!(climate.rail(number)) } else { Value::Null },
                    "LowerThresholdCritical": 0.9,
                    "UpperThresholdCritical": 1.32,
                    "Status": { "State": if self.power.is_on() { "Enabled" } else { "StandbyOffline" }, "Health": "OK" },
                })
            })
            .collect();
        let set_of: Vec<Value> =
            (0..psus).map(|number| link(&format!("{path}#/PowerSupplies/{number}"))).collect();
        json!({
            "@odata.id": path,
            "@odata.type": format!("#Power.{}.Power", self.row.versions.power),
            "Id": "Power",
            "Name": "Power",
            "Description": "Power",
            "PowerControl": [{
                "@odata.id": format!("{path}#/PowerControl/0"),
                "MemberId": "0",
                "Name": "System Power Control",
                "PhysicalContext": "Chassis",
                "PowerConsumedWatts": watts,
                "PowerCapacityWatts": self.hardware.model.psu_watts * 2,
                "PowerAvailableWatts": i64::from(self.hardware.model.psu_watts) * 2 - watts,
                "PowerMetrics": {
                    "IntervalInMin": 1,
                    "MinConsumedWatts": watts * 9 / 10,
                    "AverageConsumedWatts": watts,
                    "MaxConsumedWatts": watts * 11 / 10,
                },
                "PowerLimit": { "LimitInWatts": null, "LimitException": "NoAction" },
                "RelatedItem": [link(&self.system_path()), link(&self.chassis_path())],
                "Status": status(Health::Ok),
            }],
            "PowerSupplies": supplies,
            "Redundancy": [{
                "@odata.id": format!("{path}#/Redundancy/0"),
                "MemberId": "0",
                "Name": "PowerSupply Redundancy Group 1",
                "Mode": "N+m",
                "MinNumNeeded": 1,
                "MaxNumSupported": 2,
                "RedundancySet": set_of,
                "Status": { "State": "Enabled", "Health": self.health_word_of(Ailment::Psu) },
            }],
            "Voltages": voltages,
        })
    }

    fn older_supply(&self, path: &str, number: usize) -> Value {
        let health = self.hardware.health_of(Ailment::Psu, number);
        let fed = health == Health::Ok;
        let given = self.supplied(number);
        json!({
            "@odata.id": format!("{path}#/PowerSupplies/{number}"),
            "MemberId": number.to_string(),
            "Name": (self.row.names.psu)(number),
            "Manufacturer": "DELTA",
            "Model": format!("PWR SPLY,{}W,RDNT", self.hardware.model.psu_watts),
            "PartNumber": format!("0D{}P", self.hardware.model.psu_watts),
            "SparePartNumber": format!("0D{}P", self.hardware.model.psu_watts),
            "SerialNumber": self.hardware.psus.get(number).map(|psu| psu.serial.as_str()),
            "FirmwareVersion": "00.1B.53",
            "PowerSupplyType": "AC",
            "PowerCapacityWatts": self.hardware.model.psu_watts,
            "LineInputVoltage": if fed { self.climate().volts(number) } else { 0.0 },
            "LineInputVoltageType": "AC240V",
            "PowerInputWatts": given * 10 / 9,
            "PowerOutputWatts": given,
            "LastPowerOutputWatts": given,
            "InputRanges": [{ "InputType": "AC", "MinimumVoltage": 90, "MaximumVoltage": 264, "OutputWattage": self.hardware.model.psu_watts }],
            "HotPluggable": true,
            "Status": { "State": if fed { "Enabled" } else { "UnavailableOffline" }, "Health": health_word(health) },
        })
    }

    pub(super) fn power_subsystem(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        match path {
            [] => {
                let mut doc = json!({
                    "Name": "Power Subsystem for Chassis",
                    "Description": "Represents the properties of a Power Subsystem of the Chassis",
                    "CapacityWatts": self.hardware.model.psu_watts * 2,
                    "Allocation": { "AllocatedWatts": self.hardware.model.psu_watts, "RequestedWatts": self.climate().watts() },
                    "PowerSupplyRedundancy": [],
                    "PowerSupplies": link(&format!("{base}/PowerSupplies")),
                    "Status": { "State": "Enabled", "Health": self.health_word_of(Ailment::Psu) },
                });
                if self.has_battery() {
                    set(&mut doc, "Batteries", link(&format!("{base}/Batteries")));
                }
                self.head(&mut doc, "PowerSubsystem", base, "PowerSubsystem");
                Some((Place::PowerSubsystem, doc))
            }
            ["PowerSupplies"] => {
                let ids: Vec<String> = (0..self.hardware.psus.len()).map(self.row.names.psu_id).collect();
                let title = "Power Supply Collection";
                Some(self.collection(&format!("{base}/PowerSupplies"), "PowerSupplyCollection", title, &ids))
            }
            ["PowerSupplies", id, rest @ ..] => {
                let number =
                    (0..self.hardware.psus.len()).find(|number| (self.row.names.psu_id)(*number) == *id)?;
                let path = format!("{base}/PowerSupplies/{id}");
                match rest {
                    [] => Some((Place::PowerSupply, self.supply(&path, id, number))),
                    ["Metrics"] => {
                        Some((Place::SupplyMetrics, self.supply_metrics(&format!("{path}/Metrics"), number)))
                    }
                    _ => None,
                }
            }
            ["Batteries", rest @ ..] if self.has_battery() => {
                self.batteries(&format!("{base}/Batteries"), rest)
            }
            _ => None,
        }
    }

    fn supply(&self, path: &str, id: &str, number: usize) -> Value {
        let health = self.hardware.health_of(Ailment::Psu, number);
        let fed = health == Health::Ok;
        let watts = self.hardware.model.psu_watts;
        let mut doc = json!({
            "Name": (self.row.names.psu)(number),
            "Description": "An instance of PowerSupply",
            "Manufacturer": "DELTA",
            "Model": format!("PWR SPLY,{watts}W,RDNT"),
            "PartNumber": format!("0D{watts}P"),
            "SparePartNumber": format!("0D{watts}P"),
            "SerialNumber": self.hardware.psus.get(number).map(|psu| psu.serial.as_str()),
            "FirmwareVersion": "00.1B.53",
            "HotPluggable": true,
            "PowerSupplyType": "AC",
            "InputNominalVoltageType": "AC240V",
            "PowerCapacityWatts": watts,
            "Location": { "PartLocation": { "LocationType": "Slot", "LocationOrdinalValue": number, "ServiceLabel": (self.row.names.psu)(number) } },
            "Metrics": link(&format!("{path}/Metrics")),
            "Status": { "State": if fed { "Enabled" } else { "UnavailableOffline" }, "Health": health_word(health) },
        });
        self.head(&mut doc, "PowerSupply", path, id);
        doc
    }

    fn supply_metrics(&self, path: &str, number: usize) -> Value {
        let mut doc = json!({
            "Name": format!("Metrics for Power Supply {}", number + 1),
            "Description": "Represents the properties of Power supply Metrics",
            "InputVoltage": self.quoted(Sense::Volts(number)),
            "InputPowerWatts": self.quoted(Sense::Input(number)),
            "OutputPowerWatts": self.quoted(Sense::Output(number)),
            "Status": status(self.hardware.health_of(Ailment::Psu, number)),
        });
        self.head(&mut doc, "PowerSupplyMetrics", path, "Metrics");
        doc
    }

    /// The cache of a RAID controller survives on a battery; who has none needs none.
    fn has_battery(&self) -> bool {
        self.row.layout.batteries && self.hardware.drives.iter().any(|drive| drive.part.protocol != "NVMe")
    }

    fn batteries(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        match path {
            [] => {
                let title = "Battery Collection";
                Some(self.collection(base, "BatteryCollection", title, &["0".to_owned()]))
            }
            ["0"] => {
                let mut doc = json!({
                    "Name": "Storage Controller Battery",
                    "Manufacturer": self.row.names.raid.maker,
                    "Model": "Smart Storage Battery",
                    "SerialNumber": self.hardware.raid_serial,
                    "FirmwareVersion": "0.70",
                    "ChargeState": "Idle",
                    "CapacityActualWattHours": 3.4,
                    "CapacityRatedWattHours": 4,
                    "StateOfHealthPercent": { "Reading": 97 },
                    "Status": status(Health::Ok),
                });
                self.head(&mut doc, "Battery", &format!("{base}/0"), "0");
                Some((Place::Other, doc))
            }
            _ => None,
        }
    }
}
