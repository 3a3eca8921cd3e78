//! Systems: the server itself, its processors, memory, storage, drives and network interfaces.

use super::{Place, View, link, set, status};
use crate::flavour::Told;
use crate::hardware::{Ailment, Dimm, Drive, health_word};
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
                let path = format!("{}/Systems", super::ROOT);
                Some(self.collection(
                    &path,
                    "ComputerSystemCollection",
                    "Computer System Collection",
                    &[id.to_owned()],
                ))
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
                _ => None,
            },
            _ => None,
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
            "Boot": self.boot(),
            "ProcessorSummary": {
                "Count": hardware.cpus,
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
        doc
    }

    /// The operating system tells its name only when it runs.
    fn host_name(&self) -> &str {
        let running = self.power.boot_state(self.now, self.timing) == "OSRunning";
        if running { &self.hardware.hostname } else { "" }
    }

    fn boot(&self) -> Value {
        let (target, enabled) = match &self.settings.boot {
            None => ("None", "Disabled"),
            Some((target, false)) => (target.as_str(), "Once"),
            Some((target, true)) => (target.as_str(), "Continuous"),
        };
        json!({
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

    fn processors(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let ids: Vec<String> = (0..self.hardware.cpus).map(self.row.names.cpu).collect();
        let [id] = path else {
            return path
                .is_empty()
                .then(|| self.collection(base, "ProcessorCollection", "Processors Collection", &ids));
        };
        let number = ids.iter().position(|known| known == id)?;
        let part = self.hardware.cpu;
        let doc = json!({
            "@odata.id": format!("{base}/{id}"),
            "@odata.type": format!("#Processor.{}.Processor", self.row.versions.processor),
            "Id": id,
            "Name": format!("CPU {}", number + 1),
            "ProcessorType": "CPU",
            "ProcessorArchitecture": "x86",
            "InstructionSet": "x86-64",
            "Socket": (self.row.names.socket)(number),
            "Manufacturer": part.maker,
            "Model": part.model,
            "TotalCores": part.cores,
            "TotalThreads": part.cores * 2,
            "MaxSpeedMHz": part.mhz,
            "Status": status(Health::Ok),
        });
        Some((Place::Processor, doc))
    }

    fn memory(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let name = |(number, dimm): (usize, &Dimm)| (self.row.names.dimm)(dimm.cpu, dimm.slot, number);
        let ids: Vec<String> = self.hardware.dimms.iter().enumerate().map(name).collect();
        let [id] = path else {
            return path
                .is_empty()
                .then(|| self.collection(base, "MemoryCollection", "Memory Collection", &ids));
        };
        let number = ids.iter().position(|known| known == id)?;
        let dimm = self.hardware.dimms.get(number)?;
        let slot = (self.row.names.slot)(dimm.cpu, dimm.slot, number);
        let doc = json!({
            "@odata.id": format!("{base}/{id}"),
            "@odata.type": format!("#Memory.{}.Memory", self.row.versions.memory),
            "Id": id,
            "Name": slot,
            "DeviceLocator": slot,
            "MemoryType": "DRAM",
            "MemoryDeviceType": dimm.part.kind,
            "BaseModuleType": "RDIMM",
            "ErrorCorrection": "MultiBitECC",
            "CapacityMiB": dimm.part.gib * 1024,
            "DataWidthBits": 64,
            "BusWidthBits": 72,
            "OperatingSpeedMhz": dimm.part.speed,
            "RankCount": 2,
            "Manufacturer": dimm.part.maker,
            "PartNumber": dimm.part.part,
            "SerialNumber": dimm.serial,
            "Status": status(self.hardware.health_of(Ailment::Dimm, number)),
        });
        Some((Place::Memory, doc))
    }

    fn storage(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let id = self.row.ids.storage;
        match path {
            [] => Some(self.collection(base, "StorageCollection", "Storage Collection", &[id.to_owned()])),
            [storage] if *storage == id => Some((Place::Storage, self.storage_unit(&format!("{base}/{id}")))),
            [storage, "Drives", drive] if *storage == id && self.row.ids.backplane.is_none() => {
                self.drive(drive)
            }
            _ => None,
        }
    }

    fn storage_unit(&self, path: &str) -> Value {
        let ill = self.hardware.ailment.filter(|ailment| *ailment == Ailment::Drive);
        let health = health_word(ill.map_or(Health::Ok, Ailment::health));
        let home = self.drives_path();
        let drives: Vec<Value> = self.drive_ids().iter().map(|id| link(&format!("{home}/{id}"))).collect();
        let protocol = self.hardware.drives.first().map_or("NVMe", |drive| drive.part.protocol);
        json!({
            "@odata.id": path,
            "@odata.type": format!("#Storage.{}.Storage", self.row.versions.storage),
            "Id": self.row.ids.storage,
            "Name": "Storage",
            "Drives": drives,
            "StorageControllers": [{
                "@odata.id": format!("{path}#/StorageControllers/0"),
                "MemberId": "0",
                "Name": "Storage Controller",
                "FirmwareVersion": "1.2.0",
                "SupportedDeviceProtocols": [protocol],
                "Status": status(Health::Ok),
            }],
            "Status": { "State": "Enabled", "Health": health, "HealthRollup": health },
        })
    }

    /// The identifiers of the drives.
    pub(super) fn drive_ids(&self) -> Vec<String> {
        (0..self.hardware.drives.len()).map(self.row.names.drive).collect()
    }

    pub(super) fn drive(&self, id: &str) -> Option<(Place, Value)> {
        let number = self.drive_ids().iter().position(|known| known == id)?;
        let Drive { part, serial } = self.hardware.drives.get(number)?;
        let health = self.hardware.health_of(Ailment::Drive, number);
        let doc = json!({
            "@odata.id": format!("{}/{id}", self.drives_path()),
            "@odata.type": format!("#Drive.{}.Drive", self.row.versions.drive),
            "Id": id,
            "Name": (self.row.names.bay)(number),
            "Manufacturer": part.maker,
            "Model": part.model,
            "PartNumber": part.model,
            "SerialNumber": serial,
            "Revision": part.firmware,
            "CapacityBytes": part.bytes,
            "MediaType": part.media,
            "Protocol": part.protocol,
            "FailurePredicted": health != Health::Ok,
            "PhysicalLocation": { "PartLocation": {
                "LocationType": "Bay", "LocationOrdinalValue": number, "ServiceLabel": (self.row.names.bay)(number),
            }},
            "Links": { "Chassis": link(&self.chassis_path()) },
            "Status": status(health),
        });
        Some((Place::Drive, doc))
    }

    fn host_nics(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let name = |(card, port, number)| (self.row.names.nic)(card, port, number);
        let ports = || self.hardware.ports().filter(|_| self.row.manner.host_nics);
        let [id] = path else {
            let ids: Vec<String> =
                ports().map(|(card, port, number, ..)| name((card, port, number))).collect();
            let title = "Ethernet Interface Collection";
            return path
                .is_empty()
                .then(|| self.collection(base, "EthernetInterfaceCollection", title, &ids));
        };
        let (card, port, _, adapter, mac) =
            ports().find(|(card, port, number, ..)| name((*card, *port, *number)) == *id)?;
        let up = self.power.is_on() && port == 0;
        let doc = json!({
            "@odata.id": format!("{base}/{id}"),
            "@odata.type": format!("#EthernetInterface.{}.EthernetInterface", self.row.versions.nic),
            "Id": id,
            "Name": "System Ethernet Interface",
            "Description": format!("{} port {}", adapter.part.model, port + 1),
            "InterfaceEnabled": true,
            "MACAddress": self.mac(mac),
            "PermanentMACAddress": self.mac(mac),
            "LinkStatus": if up { "LinkUp" } else { "LinkDown" },
            "SpeedMbps": if up { adapter.part.mbps } else { 0 },
            "FullDuplex": up,
            "IPv4Addresses": self.host_addresses(card == 0 && port == 0),
            "IPv6Addresses": [],
            "Status": status(Health::Ok),
        });
        Some((Place::HostNic, doc))
    }

    /// The first interface has an address while the operating system runs.
    fn host_addresses(&self, first: bool) -> Value {
        if !first || self.host_name().is_empty() {
            return json!([]);
        }
        let number = self.unit.index + 10;
        let address = format!("10.20.{}.{}", number / 250, number % 250 + 1);
        json!([{ "Address": address, "SubnetMask": "255.255.0.0", "Gateway": "10.20.255.254", "AddressOrigin": "DHCP" }])
    }
}
