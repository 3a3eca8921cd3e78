//! Chassis: the box, its power supplies, temperatures and fans, and the network adapters in it.

use super::{Place, ROOT, View, link, status};
use crate::hardware::{Ailment, health_word};
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn chassis(&self, path: &[&str]) -> Option<(Place, Value)> {
        let (id, backplane) = (self.row.ids.chassis, self.row.ids.backplane);
        let base = self.chassis_path();
        match path {
            [] => {
                let ids: Vec<String> = std::iter::once(id).chain(backplane).map(str::to_owned).collect();
                Some(self.collection(
                    &format!("{ROOT}/Chassis"),
                    "ChassisCollection",
                    "Chassis Collection",
                    &ids,
                ))
            }
            [chassis, rest @ ..] if *chassis == id => match rest {
                [] => Some((Place::Chassis, self.main_chassis(&base))),
                ["Power"] => Some((Place::Power, self.power_document(&format!("{base}/Power")))),
                ["Thermal"] => Some((Place::Other, self.thermal_document(&format!("{base}/Thermal")))),
                ["NetworkAdapters", rest @ ..] => self.adapters(&format!("{base}/NetworkAdapters"), rest),
                _ => None,
            },
            [chassis, rest @ ..] if Some(*chassis) == backplane => self.backplane(chassis, rest),
            _ => None,
        }
    }

    fn main_chassis(&self, base: &str) -> Value {
        let health = health_word(self.hardware.health());
        json!({
            "@odata.id": base,
            "@odata.type": format!("#Chassis.{}.Chassis", self.row.versions.chassis),
            "Id": self.row.ids.chassis,
            "Name": "Computer System Chassis",
            "ChassisType": "RackMount",
            "Manufacturer": self.row.manufacturer,
            "Model": self.hardware.model.name,
            "SerialNumber": self.unit.serial,
            "PartNumber": self.hardware.model.board,
            "AssetTag": self.settings.asset_tag.clone().unwrap_or_default(),
            "PowerState": self.power.word(&self.row.power),
            "IndicatorLED": if self.settings.light { "Lit" } else { "Off" },
            "Status": { "State": "Enabled", "Health": health },
            "Power": link(&format!("{base}/Power")),
            "Thermal": link(&format!("{base}/Thermal")),
            "NetworkAdapters": link(&format!("{base}/NetworkAdapters")),
            "Links": {
                "ComputerSystems": [link(&self.system_path())],
                "ManagedBy": [link(&self.manager_path())],
            },
        })
    }

    fn backplane(&self, id: &str, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/Chassis/{id}");
        match path {
            [] => {
                let doc = json!({
                    "@odata.id": base,
                    "@odata.type": format!("#Chassis.{}.Chassis", self.row.versions.chassis),
                    "Id": id,
                    "Name": "Storage Backplane",
                    "ChassisType": "Enclosure",
                    "Manufacturer": self.row.manufacturer,
                    "Drives": link(&format!("{base}/Drives")),
                    "Links": { "ContainedBy": link(&self.chassis_path()), "ManagedBy": [link(&self.manager_path())] },
                    "Status": status(Health::Ok),
                });
                Some((Place::Other, doc))
            }
            ["Drives"] => Some(self.collection(
                &self.drives_path(),
                "DriveCollection",
                "Drive Collection",
                &self.drive_ids(),
            )),
            ["Drives", drive] => self.drive(drive),
            _ => None,
        }
    }

    fn power_document(&self, path: &str) -> Value {
        let watts = self.climate().watts();
        let supplies: Vec<Value> =
            (0..self.hardware.psus.len()).map(|number| self.supply(path, number, watts)).collect();
        json!({
            "@odata.id": path,
            "@odata.type": format!("#Power.{}.Power", self.row.versions.power),
            "Id": "Power",
            "Name": "Power",
            "PowerControl": [{
                "@odata.id": format!("{path}#/PowerControl/0"),
                "MemberId": "0",
                "Name": "System Power Control",
                "PowerConsumedWatts": watts,
                "PowerCapacityWatts": self.hardware.model.psu_watts * 2,
                "Status": status(Health::Ok),
            }],
            "PowerSupplies": supplies,
            "Voltages": [],
        })
    }

    fn supply(&self, path: &str, number: usize, watts: i64) -> Value {
        let health = self.hardware.health_of(Ailment::Psu, number);
        let fed = health == Health::Ok;
        let share = if self.hardware.ailment == Some(Ailment::Psu) { watts } else { watts / 2 };
        json!({
            "@odata.id": format!("{path}#/PowerSupplies/{number}"),
            "MemberId": number.to_string(),
            "Name": (self.row.names.psu)(number),
            "Manufacturer": "DELTA",
            "Model": format!("PWR SPLY,{}W,RDNT", self.hardware.model.psu_watts),
            "PartNumber": format!("0D{}P", self.hardware.model.psu_watts),
            "SerialNumber": self.hardware.psus.get(number).map(|psu| psu.serial.as_str()),
            "FirmwareVersion": "00.1B.53",
            "PowerSupplyType": "AC",
            "PowerCapacityWatts": self.hardware.model.psu_watts,
            "LineInputVoltage": if fed { self.climate().volts(number) } else { 0.0 },
            "LastPowerOutputWatts": if fed { share } else { 0 },
            "Status": { "State": if fed { "Enabled" } else { "UnavailableOffline" }, "Health": health_word(health) },
        })
    }

    fn thermal_document(&self, path: &str) -> Value {
        let climate = self.climate();
        let readings = [
            ("Inlet Temp".to_owned(), "Intake", climate.inlet(), 42),
            ("Exhaust Temp".to_owned(), "Exhaust", climate.exhaust(), 75),
            ("CPU1 Temp".to_owned(), "CPU", climate.cpu(0), 95),
            ("CPU2 Temp".to_owned(), "CPU", climate.cpu(1), 95),
            ("DIMM Temp".to_owned(), "Memory", climate.memory(0), 85),
        ];
        let temperatures: Vec<Value> = readings
            .iter()
            .enumerate()
            .map(|(number, (name, place, celsius, limit))| {
                json!({
                    "@odata.id": format!("{path}#/Temperatures/{number}"),
                    "MemberId": number.to_string(),
                    "Name": name,
                    "PhysicalContext": place,
                    "ReadingCelsius": celsius,
                    "UpperThresholdCritical": limit,
                    "Status": status(Health::Ok),
                })
            })
            .collect();
        let fans: Vec<Value> = (0..self.hardware.fans).map(|number| self.fan(path, number)).collect();
        json!({
            "@odata.id": path,
            "@odata.type": format!("#Thermal.{}.Thermal", self.row.versions.thermal),
            "Id": "Thermal",
            "Name": "Thermal",
            "Temperatures": temperatures,
            "Fans": fans,
        })
    }

    fn fan(&self, path: &str, number: usize) -> Value {
        let health = self.hardware.health_of(Ailment::Fan, number);
        let speed = self.climate().fan(number);
        json!({
            "@odata.id": format!("{path}#/Fans/{number}"),
            "MemberId": number.to_string(),
            "Name": (self.row.names.fan)(number),
            "PhysicalContext": "SystemBoard",
            "Reading": if health == Health::Ok { speed } else { speed / 6 },
            "ReadingUnits": "RPM",
            "LowerThresholdNonCritical": 2000,
            "LowerThresholdCritical": 600,
            "Status": status(health),
        })
    }

    fn adapters(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let ids: Vec<String> = (0..self.hardware.adapters.len()).map(self.row.names.adapter).collect();
        let [id, rest @ ..] = path else {
            return Some(self.collection(
                base,
                "NetworkAdapterCollection",
                "Network Adapter Collection",
                &ids,
            ));
        };
        let card = ids.iter().position(|known| known == id)?;
        let base = format!("{base}/{id}");
        match rest {
            [] => self.adapter(&base, id, card),
            ["NetworkDeviceFunctions", rest @ ..] => {
                self.functions(&format!("{base}/NetworkDeviceFunctions"), card, rest)
            }
            _ => None,
        }
    }

    fn adapter(&self, path: &str, id: &str, card: usize) -> Option<(Place, Value)> {
        let adapter = self.hardware.adapters.get(card)?;
        let doc = json!({
            "@odata.id": path,
            "@odata.type": format!("#NetworkAdapter.{}.NetworkAdapter", self.row.versions.adapter),
            "Id": id,
            "Name": "Network Adapter",
            "Manufacturer": adapter.part.maker,
            "Model": adapter.part.model,
            "PartNumber": adapter.part.part,
            "SerialNumber": adapter.serial,
            "Controllers": [{
                "FirmwarePackageVersion": adapter.part.firmware,
                "ControllerCapabilities": { "NetworkPortCount": adapter.part.ports },
            }],
            "NetworkDeviceFunctions": link(&format!("{path}/NetworkDeviceFunctions")),
            "Status": status(Health::Ok),
        });
        Some((Place::Adapter, doc))
    }

    fn functions(&self, base: &str, card: usize, path: &[&str]) -> Option<(Place, Value)> {
        let ports = || self.hardware.ports().filter(|(at, ..)| *at == card);
        let name = |port, number| (self.row.names.nic)(card, port, number);
        let [id] = path else {
            let ids: Vec<String> = ports().map(|(_, port, number, ..)| name(port, number)).collect();
            let (schema, title) = ("NetworkDeviceFunctionCollection", "Network Device Function Collection");
            return path.is_empty().then(|| (Place::Function, self.collection(base, schema, title, &ids).1));
        };
        let (.., mac) = ports().find(|(_, port, number, ..)| name(*port, *number) == *id)?;
        let doc = json!({
            "@odata.id": format!("{base}/{id}"),
            "@odata.type": format!("#NetworkDeviceFunction.{}.NetworkDeviceFunction", self.row.versions.function),
            "Id": id,
            "Name": "Network Device Function",
            "NetDevFuncType": "Ethernet",
            "Ethernet": { "MACAddress": self.mac(mac), "PermanentMACAddress": self.mac(mac) },
            "Status": status(Health::Ok),
        });
        Some((Place::Function, doc))
    }
}
