//! Systems: the server itself.

use super::{Place, View, link, set};
use crate::flavour::Told;
use crate::flavour::layout::Owner;
use crate::hardware::{Ailment, health_word};
use model::device::{Health, Reset};
use serde_json::{Value, json};

/// What can be booted from.
#[must_use]
pub const fn system_boot_targets() -> &'static [&'static str] {
    BOOT_TARGETS
}

const BOOT_TARGETS: &[&str] = &["None", "Pxe", "Cd", "Hdd", "BiosSetup", "UefiHttp"];

impl View<'_> {
    pub(super) fn systems(&self, path: &[&str]) -> Option<(Place, Value)> {
        let id = self.row.ids.system;
        let base = self.system_path();
        match path {
            [] => {
                let second = self.row.layout.second.map(|second| second.system);
                let ids: Vec<String> = std::iter::once(id).chain(second).map(str::to_owned).collect();
                let path = format!("{}/Systems", super::ROOT);
                let title = "Computer System Collection";
                Some(self.collection(&path, "ComputerSystemCollection", title, &ids))
            }
            [system, rest @ ..] if *system == id => match rest {
                [] => Some((Place::System, self.system(&base))),
                ["ResetActionInfo"] if self.row.power.told != Told::Values => {
                    Some((Place::ActionInfo, self.reset_info(&base)))
                }
                ["Processors", rest @ ..] => self.processors(&format!("{base}/Processors"), rest),
                ["Memory", rest @ ..] => self.memory(&format!("{base}/Memory"), rest),
                ["Storage", rest @ ..] => self.storage(&format!("{base}/Storage"), rest),
                ["EthernetInterfaces", rest @ ..] => {
                    self.host_nics(&format!("{base}/EthernetInterfaces"), rest)
                }
                ["BootOptions", rest @ ..] => self.boot_options(&format!("{base}/BootOptions"), rest),
                ["LogServices", rest @ ..] => self.logs(Owner::System, &format!("{base}/LogServices"), rest),
                [bios, rest @ ..] if *bios == self.row.layout.bios.0 => {
                    self.bios(&format!("{base}/{bios}"), rest)
                }
                _ => None,
            },
            [system, rest @ ..] => self.second_system(self.second(system)?, rest),
        }
    }

    fn system(&self, base: &str) -> Value {
        let (row, hardware) = (self.row, self.hardware);
        let health = health_word(hardware.health());
        let part = |which: &[Ailment]| {
            let ill = hardware.ailment.filter(|ailment| which.contains(ailment));
            health_word(ill.map_or(Health::Ok, Ailment::health))
        };
        let sku = if hardware.model.sku.is_empty() { self.unit.serial.as_str() } else { hardware.model.sku };
        let mut doc = json!({
            "@odata.id": base,
            "@odata.type": format!("#ComputerSystem.{}.ComputerSystem", row.versions.system),
            "Id": row.ids.system,
            "Name": "System",
            "Description": "Computer System which represents a machine (physical or virtual) and the local resources such as memory, cpu and other devices that can be accessed from that machine.",
            "SystemType": "Physical",
            "Manufacturer": row.manufacturer,
            "Model": hardware.model.name,
            "SKU": sku,
            "SerialNumber": self.unit.serial,
            "PartNumber": hardware.model.board,
            "UUID": hardware.uuid,
            "AssetTag": self.settings.asset_tag.clone().unwrap_or_default(),
            "HostName": self.host_name(),
            "BiosVersion": hardware.bios,
            "PowerState": self.power.word(&row.power),
            "IndicatorLED": if self.settings.light { "Lit" } else { "Off" },
            "Status": { "State": if self.power.is_on() { "Enabled" } else { "Disabled" }, "Health": health, "HealthRollup": health },
            "Boot": self.boot(base),
            "Bios": link(&format!("{base}/{}", row.layout.bios.0)),
            "ProcessorSummary": {
                "Count": hardware.cpus,
                "CoreCount": hardware.cpu.cores * u32::try_from(hardware.cpus).unwrap_or(0),
                "LogicalProcessorCount": hardware.cpu.cores * 2 * u32::try_from(hardware.cpus).unwrap_or(0),
                "Model": hardware.cpu.model,
                "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
            },
            "MemorySummary": {
                "TotalSystemMemoryGiB": hardware.memory_gib(),
                "Status": { "State": "Enabled", "Health": part(&[Ailment::Dimm]), "HealthRollup": part(&[Ailment::Dimm]) },
            },
            "Processors": link(&format!("{base}/Processors")),
            "Memory": link(&format!("{base}/Memory")),
            "Storage": link(&format!("{base}/Storage")),
            "Links": { "Chassis": [link(&self.chassis_path())], "ManagedBy": [link(&self.manager_path())] },
            "Actions": { "#ComputerSystem.Reset": self.reset_action(base) },
        });
        if row.manner.host_nics {
            set(&mut doc, "EthernetInterfaces", link(&format!("{base}/EthernetInterfaces")));
        }
        self.pcie_links(&mut doc);
        self.logs_link(Owner::System, base, &mut doc);
        doc
    }

    /// The operating system tells its name only when it runs.
    pub(super) fn host_name(&self) -> &str {
        let running = self.power.boot_state(self.now, self.timing) == "OSRunning";
        if running { &self.hardware.hostname } else { "" }
    }

    fn boot(&self, base: &str) -> Value {
        let (target, enabled) = match &self.settings.boot {
            None => ("None", "Disabled"),
            Some((target, false)) => (target.as_str(), "Once"),
            Some((target, true)) => (target.as_str(), "Continuous"),
        };
        let order: Vec<String> =
            (0..self.row.layout.boot.0).map(|number| format!("Boot{number:04X}")).collect();
        json!({
            "BootOptions": link(&format!("{base}/BootOptions")),
            "BootOrder": order,
            "BootSourceOverrideEnabled": enabled,
            "BootSourceOverrideMode": "UEFI",
            "BootSourceOverrideTarget": target,
            "BootSourceOverrideTarget@Redfish.AllowableValues": BOOT_TARGETS,
        })
    }

    fn reset_words(&self) -> Vec<&'static str> {
        self.row.power.resets.iter().copied().map(Reset::redfish).collect()
    }

    fn reset_action(&self, base: &str) -> Value {
        let mut action = json!({ "target": format!("{base}/Actions/ComputerSystem.Reset") });
        if self.row.power.told != Told::Info {
            set(&mut action, "ResetType@Redfish.AllowableValues", json!(self.reset_words()));
        }
        if self.row.power.told != Told::Values {
            set(&mut action, "@Redfish.ActionInfo", json!(format!("{base}/ResetActionInfo")));
        }
        action
    }

    fn reset_info(&self, base: &str) -> Value {
        json!({
            "@odata.id": format!("{base}/ResetActionInfo"),
            "@odata.type": "#ActionInfo.v1_1_2.ActionInfo",
            "Id": "ResetActionInfo",
            "Name": "Reset Action Info",
            "Parameters": [{ "Name": "ResetType", "Required": true, "DataType": "String", "AllowableValues": self.reset_words() }],
        })
    }
}
