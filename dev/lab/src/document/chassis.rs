//! Chassis: the box, its backplane, and where everything in it hangs.

use super::{Place, ROOT, View, link, set, status};
use crate::flavour::layout::Owner;
use crate::hardware::health_word;
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn chassis(&self, path: &[&str]) -> Option<(Place, Value)> {
        let (id, backplane) = (self.row.ids.chassis, self.row.ids.backplane);
        match path {
            [] => {
                let boards = self.row.layout.boards.iter().map(|board| board.id);
                let ids: Vec<String> =
                    std::iter::once(id).chain(backplane).chain(boards).map(str::to_owned).collect();
                let title = "Chassis Collection";
                Some(self.collection(&format!("{ROOT}/Chassis"), "ChassisCollection", title, &ids))
            }
            [chassis, rest @ ..] if *chassis == id => self.box_document(rest),
            [chassis, rest @ ..] if Some(*chassis) == backplane => self.backplane(chassis, rest),
            [board, rest @ ..] => self.board_document(self.board(board)?, rest),
        }
    }

    fn box_document(&self, path: &[&str]) -> Option<(Place, Value)> {
        let base = self.chassis_path();
        let layout = &self.row.layout;
        let at = |name: &str| format!("{base}/{name}");
        match path {
            [] => Some((Place::Chassis, self.main_chassis(&base))),
            ["Power"] if layout.older => Some((Place::Power, self.power_document(&at("Power")))),
            ["Thermal"] if layout.older => Some((Place::Thermal, self.thermal_document(&at("Thermal")))),
            ["PowerSubsystem", rest @ ..] if layout.newer => {
                self.power_subsystem(&at("PowerSubsystem"), rest)
            }
            ["ThermalSubsystem", rest @ ..] if layout.newer => {
                self.thermal_subsystem(&at("ThermalSubsystem"), rest)
            }
            ["EnvironmentMetrics"] if layout.environment => {
                Some((Place::EnvironmentMetrics, self.environment(&at("EnvironmentMetrics"))))
            }
            ["Sensors", rest @ ..] if layout.core_sensors.is_some() => self.sensors(&at("Sensors"), rest),
            ["Assembly"] if layout.assembly => {
                Some((Place::Assembly, self.assembly(&at("Assembly"), "System Board")))
            }
            ["NetworkAdapters", rest @ ..] => self.adapters(&at("NetworkAdapters"), rest),
            ["PCIeDevices", rest @ ..] => self.pcie_devices(&at("PCIeDevices"), rest),
            ["LogServices", rest @ ..] => self.logs(Owner::Chassis, &at("LogServices"), rest),
            _ => None,
        }
    }

    fn main_chassis(&self, base: &str) -> Value {
        let health = health_word(self.hardware.health());
        let layout = &self.row.layout;
        let drives: Vec<Value> =
            (0..self.hardware.drives.len()).map(|number| link(&self.drive_path(number))).collect();
        let mut links = json!({
            "ComputerSystems": [link(&self.system_path())],
            "ManagedBy": [link(&self.manager_path())],
            "Drives": drives,
        });
        let inner: Vec<Value> =
            layout.boards.iter().map(|board| link(&format!("{ROOT}/Chassis/{}", board.id))).collect();
        if !inner.is_empty() {
            set(&mut links, "Contains", Value::Array(inner));
        }
        let mut doc = json!({
            "@odata.id": base,
            "@odata.type": format!("#Chassis.{}.Chassis", self.row.versions.chassis),
            "Id": self.row.ids.chassis,
            "Name": "Computer System Chassis",
            "Description": "It represents the properties for physical components for any system.",
            "ChassisType": "RackMount",
            "Manufacturer": self.row.manufacturer,
            "Model": self.hardware.model.name,
            "SerialNumber": self.unit.serial,
            "PartNumber": self.hardware.model.board,
            "AssetTag": self.settings.asset_tag.clone().unwrap_or_default(),
            "PowerState": self.power.word(&self.row.power),
            "IndicatorLED": if self.settings.light { "Lit" } else { "Off" },
            "Status": { "State": "Enabled", "Health": health },
            "NetworkAdapters": link(&format!("{base}/NetworkAdapters")),
            "PCIeDevices": link(&format!("{base}/PCIeDevices")),
            "Links": links,
        });
        for (name, has) in [
            ("Power", layout.older),
            ("Thermal", layout.older),
            ("PowerSubsystem", layout.newer),
            ("ThermalSubsystem", layout.newer),
            ("EnvironmentMetrics", layout.environment),
            ("Sensors", layout.core_sensors.is_some()),
            ("Assembly", layout.assembly),
        ] {
            if has {
                set(&mut doc, name, link(&format!("{base}/{name}")));
            }
        }
        self.logs_link(Owner::Chassis, base, &mut doc);
        doc
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
                &format!("{base}/Drives"),
                "DriveCollection",
                "Drive Collection",
                &self.drive_ids(),
            )),
            ["Drives", drive] => self.drive(self.drive_number(drive)?),
            _ => None,
        }
    }
}
