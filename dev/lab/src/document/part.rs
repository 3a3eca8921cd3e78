//! Processors, GPUs, memory, and the server's network interfaces.

use super::{Place, View, link, set, status};
use crate::hardware::{Ailment, Dimm};
use model::device::Health;
use serde_json::{Value, json};

impl View<'_> {
    pub(super) fn processors(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let gpu = self.row.layout.gpu.filter(|_| self.row.layout.second.is_none());
        let [id] = path else {
            let cpus = (0..self.hardware.cpus).map(self.row.names.cpu);
            let gpus = gpu.into_iter().flat_map(|name| (0..self.hardware.gpus.len()).map(name));
            let ids: Vec<String> = cpus.chain(gpus).collect();
            return path
                .is_empty()
                .then(|| self.collection(base, "ProcessorCollection", "Processors Collection", &ids));
        };
        match (0..self.hardware.cpus).find(|number| (self.row.names.cpu)(*number) == *id) {
            Some(number) => Some(self.processor(base, id, number)),
            None if gpu.is_some() => self.gpus(base, path),
            None => None,
        }
    }

    /// The GPUs, where they are processors.
    pub(super) fn gpus(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let name = self.row.layout.gpu?;
        let count = self.hardware.gpus.len();
        let [id] = path else {
            let ids: Vec<String> = (0..count).map(name).collect();
            let title = "Processor Collection";
            return path.is_empty().then(|| self.collection(base, "ProcessorCollection", title, &ids));
        };
        let number = (0..count).find(|number| name(*number) == *id)?;
        let gpu = self.hardware.gpus.get(number)?;
        let mut doc = json!({
            "Name": format!("GPU {}", number + 1),
            "Description": gpu.part.model,
            "ProcessorType": "GPU",
            "Manufacturer": gpu.part.maker,
            "Model": gpu.part.model,
            "PartNumber": gpu.part.part,
            "SerialNumber": gpu.serial,
            "FirmwareVersion": gpu.part.firmware,
            "Location": { "PartLocation": { "LocationType": "Slot", "ServiceLabel": id } },
            "Status": status(Health::Ok),
        });
        self.typed(&mut doc, "Processor", self.row.versions.processor, &format!("{base}/{id}"), id);
        Some((Place::Gpu, doc))
    }

    fn processor(&self, base: &str, id: &str, number: usize) -> (Place, Value) {
        let part = self.hardware.cpu;
        let intel = part.maker.starts_with("Intel");
        let doc = json!({
            "@odata.id": format!("{base}/{id}"),
            "@odata.type": format!("#Processor.{}.Processor", self.row.versions.processor),
            "Id": id,
            "Name": format!("CPU {}", number + 1),
            "Description": "Represents the properties of a Processor attached to this System",
            "ProcessorType": "CPU",
            "ProcessorArchitecture": "x86",
            "InstructionSet": "x86-64",
            "Socket": (self.row.names.socket)(number),
            "Manufacturer": part.maker,
            "Model": part.model,
            "TotalCores": part.cores,
            "TotalEnabledCores": part.cores,
            "TotalThreads": part.cores * 2,
            "MaxSpeedMHz": part.mhz,
            "ProcessorId": {
                "VendorId": if intel { "GenuineIntel" } else { "AuthenticAMD" },
                "EffectiveFamily": if intel { "6" } else { "25" },
                "EffectiveModel": if intel { "106" } else { "1" },
                "IdentificationRegisters": if intel { "0x000606A6" } else { "0x00A00F11" },
                "MicrocodeInfo": if intel { "0x0D0003B9" } else { "0x0A0011D5" },
                "Step": if intel { "6" } else { "1" },
            },
            "Version": "Model 106 Stepping 6",
            "Status": status(Health::Ok),
        });
        (Place::Processor, doc)
    }

    pub(super) fn memory(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let name = |number: usize, dimm: &Dimm| (self.row.names.dimm)(dimm.cpu, dimm.slot, number);
        let mut numbered = self.hardware.dimms.iter().enumerate();
        let [id, rest @ ..] = path else {
            let ids: Vec<String> = numbered.map(|(number, dimm)| name(number, dimm)).collect();
            return Some(self.collection(base, "MemoryCollection", "Memory Collection", &ids));
        };
        let (number, dimm) = numbered.find(|(number, dimm)| name(*number, dimm) == *id)?;
        let base = format!("{base}/{id}");
        match rest {
            [] => Some((Place::Memory, self.dimm(&base, id, number, dimm))),
            ["MemoryMetrics"] if self.row.layout.memory_metrics => {
                let mut doc = json!({
                    "Name": format!("{} Metrics", (self.row.names.slot)(dimm.cpu, dimm.slot, number)),
                    "Description": "Metrics of the memory device",
                    "OperatingSpeedMHz": dimm.part.speed,
                    "BandwidthPercent": 0,
                });
                self.head(&mut doc, "MemoryMetrics", &format!("{base}/MemoryMetrics"), "MemoryMetrics");
                Some((Place::MemoryMetrics, doc))
            }
            _ => None,
        }
    }

    fn dimm(&self, path: &str, id: &str, number: usize, dimm: &Dimm) -> Value {
        let slot = (self.row.names.slot)(dimm.cpu, dimm.slot, number);
        let mut doc = json!({
            "@odata.id": path,
            "@odata.type": format!("#Memory.{}.Memory", self.row.versions.memory),
            "Id": id,
            "Name": slot,
            "Description": slot,
            "DeviceLocator": slot,
            "MemoryType": "DRAM",
            "MemoryDeviceType": dimm.part.kind,
            "BaseModuleType": "RDIMM",
            "ErrorCorrection": "MultiBitECC",
            "CapacityMiB": dimm.part.gib * 1024,
            "DataWidthBits": 64,
            "BusWidthBits": 72,
            "OperatingSpeedMhz": dimm.part.speed,
            "AllowedSpeedsMHz": [dimm.part.speed],
            "RankCount": 2,
            "MemoryMedia": ["DRAM"],
            "OperatingMemoryModes": ["Volatile"],
            "LogicalSizeMiB": 0,
            "NonVolatileSizeMiB": 0,
            "CacheSizeMiB": 0,
            "VolatileSizeMiB": dimm.part.gib * 1024,
            "ModuleManufacturerID": dimm.part.maker_id,
            "MemoryLocation": {
                "Socket": dimm.cpu + 1, "MemoryController": dimm.slot / 4 + 1, "Channel": dimm.slot / 2 % 8, "Slot": dimm.slot,
            },
            "Links": { "Chassis": link(&self.chassis_path()) },
            "Manufacturer": dimm.part.maker,
            "PartNumber": dimm.part.part,
            "SerialNumber": dimm.serial,
            "Status": status(self.hardware.health_of(Ailment::Dimm, number)),
        });
        if self.row.layout.memory_metrics {
            set(&mut doc, "Metrics", link(&format!("{path}/MemoryMetrics")));
        }
        doc
    }

    pub(super) fn host_nics(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
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
