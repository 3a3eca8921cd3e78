//! Chassis that are boards and modules, and the second system behind the first controller.

use super::{Place, ROOT, View, link, set, status};
use crate::flavour::layout::{Board, Second};
use crate::random::Dice;
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn board(&self, id: &str) -> Option<&'static Board> {
        self.row.layout.boards.iter().find(|board| board.id == id)
    }

    pub(super) fn board_document(&self, board: &Board, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/Chassis/{}", board.id);
        let empty = |name: &str, schema: &str, title: &str| {
            Some(self.collection(&format!("{base}/{name}"), schema, title, &[]))
        };
        match path {
            [] => Some((Place::Board, self.board_chassis(&base, board))),
            _ if !board.full => None,
            ["Assembly"] => Some((Place::Assembly, self.assembly(&format!("{base}/Assembly"), board.name))),
            ["PCIeDevices"] => empty("PCIeDevices", "PCIeDeviceCollection", "PCIe Device Collection"),
            ["Sensors", rest @ ..] => self.board_sensors(&format!("{base}/Sensors"), board, rest),
            ["EnvironmentMetrics"] => {
                let mut doc = json!({ "Name": format!("{} Environment Metrics", board.id) });
                let reading = self.board_heat(board);
                let at = format!("{base}/Sensors/{}_Temp_0", board.id);
                set(&mut doc, "TemperatureCelsius", json!({ "Reading": reading, "DataSourceUri": at }));
                self.head(
                    &mut doc,
                    "EnvironmentMetrics",
                    &format!("{base}/EnvironmentMetrics"),
                    "EnvironmentMetrics",
                );
                Some((Place::EnvironmentMetrics, doc))
            }
            ["PowerSubsystem"] => {
                let mut doc = json!({
                    "Name": "Power Subsystem",
                    "PowerSupplies": link(&format!("{base}/PowerSubsystem/PowerSupplies")),
                    "Status": status(Health::Ok),
                });
                self.head(&mut doc, "PowerSubsystem", &format!("{base}/PowerSubsystem"), "PowerSubsystem");
                Some((Place::PowerSubsystem, doc))
            }
            ["PowerSubsystem", "PowerSupplies"] => {
                empty("PowerSubsystem/PowerSupplies", "PowerSupplyCollection", "Power Supply Collection")
            }
            ["ThermalSubsystem"] => {
                let mut doc = json!({
                    "Name": "Thermal Subsystem",
                    "Fans": link(&format!("{base}/ThermalSubsystem/Fans")),
                    "ThermalMetrics": link(&format!("{base}/ThermalSubsystem/ThermalMetrics")),
                    "Status": status(Health::Ok),
                });
                let path = format!("{base}/ThermalSubsystem");
                self.head(&mut doc, "ThermalSubsystem", &path, "ThermalSubsystem");
                Some((Place::ThermalSubsystem, doc))
            }
            ["ThermalSubsystem", "Fans"] => empty("ThermalSubsystem/Fans", "FanCollection", "Fan Collection"),
            ["ThermalSubsystem", "ThermalMetrics"] => {
                let at = format!("{base}/Sensors/{}_Temp_0", board.id);
                let reading = json!({ "Reading": self.board_heat(board), "DataSourceUri": at });
                let mut doc = json!({ "Name": "Thermal Metrics", "TemperatureReadingsCelsius": [reading] });
                let path = format!("{base}/ThermalSubsystem/ThermalMetrics");
                self.head(&mut doc, "ThermalMetrics", &path, "ThermalMetrics");
                Some((Place::ThermalMetrics, doc))
            }
            _ => None,
        }
    }

    fn board_serial(&self, board: &Board) -> String {
        Dice::new(self.unit.seed, board.id).digits(13)
    }

    fn board_chassis(&self, base: &str, board: &Board) -> Value {
        let manager = match self.row.layout.second {
            Some(second) if board.id.starts_with("HGX") => format!("{ROOT}/Managers/{}", second.manager),
            _ => self.manager_path(),
        };
        let mut doc = json!({
            "Name": board.name,
            "ChassisType": board.kind,
            "Manufacturer": self.row.manufacturer,
            "Model": board.name,
            "PartNumber": format!("699-2{}", Dice::new(self.unit.seed, board.name).digits(4)),
            "SerialNumber": self.board_serial(board),
            "Links": { "ContainedBy": link(&self.chassis_path()), "ManagedBy": [link(&manager)] },
            "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
        });
        if board.full {
            for name in [
                "Assembly",
                "PCIeDevices",
                "Sensors",
                "EnvironmentMetrics",
                "PowerSubsystem",
                "ThermalSubsystem",
            ] {
                set(&mut doc, name, link(&format!("{base}/{name}")));
            }
        }
        self.head(&mut doc, "Chassis", base, board.id);
        doc
    }

    fn board_heat(&self, board: &Board) -> f64 {
        self.climate().part(board.id)
    }

    fn board_sensors(&self, base: &str, board: &Board, path: &[&str]) -> Option<(Place, Value)> {
        let id = format!("{}_Temp_0", board.id);
        match path {
            [] => Some(self.collection(base, "SensorCollection", "Sensor Collection", &[id])),
            [asked] if *asked == id => {
                let mut doc = json!({
                    "Name": id.replace('_', " "),
                    "Reading": self.board_heat(board),
                    "ReadingType": "Temperature",
                    "ReadingUnits": "Cel",
                    "ReadingRangeMin": -128.0,
                    "ReadingRangeMax": 127.0,
                    "Thresholds": { "UpperCaution": { "Reading": 80.0 }, "UpperFatal": { "Reading": 85.0 } },
                    "RelatedItem": [link(&self.system_path())],
                    "Status": status(Health::Ok),
                });
                self.head(&mut doc, "Sensor", &format!("{base}/{id}"), &id);
                Some((Place::Sensor, doc))
            }
            _ => None,
        }
    }

    pub(super) fn assembly(&self, path: &str, name: &str) -> Value {
        let mut dice = Dice::new(self.unit.seed, path);
        let part = |number: usize, model: &str, serial: String| {
            json!({
                "@odata.id": format!("{path}#/Assemblies/{number}"),
                "MemberId": number.to_string(),
                "Name": model,
                "Model": model,
                "Producer": self.row.manufacturer,
                "Vendor": self.row.manufacturer,
                "PartNumber": self.hardware.model.board,
                "SerialNumber": serial,
                "ProductionDate": "2023-04-19T00:00:00Z",
            })
        };
        let mut doc = json!({ "Name": format!("{name} Assembly"), "Description": "Field-replaceable parts" });
        let mut parts = vec![part(0, name, dice.digits(13))];
        if path.starts_with(&self.chassis_path()) {
            let inside = ["Riser Config 1", "Fan Board", "Power Distribution Board", "Front Panel"];
            parts.extend(
                inside.iter().enumerate().map(|(number, name)| part(number + 1, name, dice.digits(13))),
            );
        }
        set(&mut doc, "Assemblies@odata.count", json!(parts.len()));
        set(&mut doc, "Assemblies", Value::Array(parts));
        self.head(&mut doc, "Assembly", path, "Assembly");
        doc
    }

    pub(super) fn second(&self, system: &str) -> Option<Second> {
        self.row.layout.second.filter(|second| second.system == system)
    }

    /// The second system: GPUs and their memory.
    pub(super) fn second_system(&self, second: Second, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/Systems/{}", second.system);
        match path {
            [] => {
                let mut doc = json!({
                    "Name": second.system,
                    "Description": "Computer System",
                    "SystemType": "Physical",
                    "Manufacturer": self.row.manufacturer,
                    "Model": "GB200 NVL",
                    "PartNumber": self.hardware.model.board,
                    "SerialNumber": Dice::new(self.unit.seed, second.system).digits(13),
                    "PowerState": self.power.word(&self.row.power),
                    "Processors": link(&format!("{base}/Processors")),
                    "Memory": link(&format!("{base}/Memory")),
                    "Links": {
                        "Chassis": [link(&format!("{ROOT}/Chassis/{}", second.chassis))],
                        "ManagedBy": [link(&format!("{ROOT}/Managers/{}", second.manager))],
                    },
                    "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
                });
                self.typed(&mut doc, "ComputerSystem", self.row.versions.system, &base, second.system);
                Some((Place::Board, doc))
            }
            ["Processors", rest @ ..] => self.gpus(&format!("{base}/Processors"), rest),
            ["Memory", rest @ ..] => self.gpu_memory(&format!("{base}/Memory"), rest),
            _ => None,
        }
    }

    /// The memory of each GPU.
    fn gpu_memory(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let name = self.row.layout.gpu?;
        let ids: Vec<String> =
            (0..self.hardware.gpus.len()).map(|number| format!("{}_DRAM_0", name(number))).collect();
        let [id] = path else {
            let title = "Memory Module Collection";
            return path.is_empty().then(|| self.collection(base, "MemoryCollection", title, &ids));
        };
        let number = ids.iter().position(|known| known == id)?;
        let gpu = self.hardware.gpus.get(number)?;
        let mut doc = json!({
            "Name": "DIMM Slot",
            "MemoryType": "DRAM",
            "MemoryDeviceType": "HBM3",
            "CapacityMiB": gpu.part.gib * 1024,
            "ErrorCorrection": "MultiBitECC",
            "OperatingSpeedMhz": 3201,
            "Manufacturer": "SK Hynix",
            "Location": { "PartLocation": { "LocationType": "Embedded", "ServiceLabel": id } },
            "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
        });
        self.typed(&mut doc, "Memory", self.row.versions.memory, &format!("{base}/{id}"), id);
        Some((Place::Board, doc))
    }

    /// The second controller.
    pub(super) fn second_manager(&self, second: Second, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{ROOT}/Managers/{}", second.manager);
        let nics = format!("{base}/EthernetInterfaces");
        match path {
            [] => {
                let chassis = link(&format!("{ROOT}/Chassis/{}", second.chassis));
                let mut doc = json!({
                    "Name": self.row.manager.name,
                    "Description": "Baseboard Management Controller",
                    "ManagerType": "BMC",
                    "Model": self.row.manager.model,
                    "FirmwareVersion": self.hardware.bmc_firmware,
                    "UUID": Dice::new(self.unit.seed, second.manager).uuid(),
                    "DateTime": self.time(self.now),
                    "DateTimeLocalOffset": "+00:00",
                    "PowerState": "On",
                    "EthernetInterfaces": link(&nics),
                    "Links": {
                        "ManagerForServers": [link(&format!("{ROOT}/Systems/{}", second.system))],
                        "ManagerForChassis": [chassis],
                        "ManagerInChassis": chassis,
                    },
                    "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
                });
                self.typed(&mut doc, "Manager", self.row.versions.manager, &base, second.manager);
                Some((Place::Board, doc))
            }
            ["EthernetInterfaces"] => {
                let title = "Ethernet Network Interface Collection";
                Some(self.collection(&nics, "EthernetInterfaceCollection", title, &["usb0".to_owned()]))
            }
            ["EthernetInterfaces", "usb0"] => {
                let mut doc = json!({
                    "Name": "Manager Ethernet Interface",
                    "Description": "Management Network Interface",
                    "InterfaceEnabled": true,
                    "LinkStatus": "LinkUp",
                    "MACAddress": "02:02:03:04:05:06",
                    "SpeedMbps": 0,
                    "IPv4Addresses": [{ "Address": "172.31.13.251", "SubnetMask": "255.255.255.0", "Gateway": "0.0.0.0", "AddressOrigin": "Static" }],
                    "IPv6Addresses": [],
                    "NameServers": [],
                    "Status": { "State": "Enabled" },
                });
                self.typed(
                    &mut doc,
                    "EthernetInterface",
                    self.row.versions.nic,
                    &format!("{nics}/usb0"),
                    "usb0",
                );
                Some((Place::Board, doc))
            }
            _ => None,
        }
    }
}
