//! PCIe devices and their functions: network adapters, the storage controller or NVMe drives, GPUs, and
//! the bridges between them.

use super::{Place, View, link, set};
use crate::parts::GPU_VENDOR;
use serde_json::{Value, json};

/// What a PCIe device is. The order of the kinds is that of the numbers.
struct Device<'a> {
    maker: &'a str,
    model: &'a str,
    part: &'a str,
    serial: &'a str,
    firmware: &'a str,
    class: &'static str,
    class_code: &'static str,
    vendor: u16,
    device: u16,
    functions: usize,
    lanes: u32,
}

impl View<'_> {
    /// How many drives are PCIe devices themselves; the others sit behind one controller.
    fn pcie_drives(&self) -> usize {
        match self.hardware.drives.first() {
            Some(drive) if drive.part.protocol == "NVMe" => self.hardware.drives.len(),
            _ => 1,
        }
    }

    /// The number of PCIe devices.
    pub(super) fn pcie_count(&self) -> usize {
        self.hardware.adapters.len() + self.pcie_drives() + self.hardware.gpus.len() + self.row.layout.bridges
    }

    /// Where a PCIe device is; the adapters come first.
    pub(super) fn pcie_path(&self, number: usize) -> String {
        format!("{}/PCIeDevices/{}", self.chassis_path(), (self.row.layout.pcie)(number))
    }

    fn pcie_device(&self, number: usize) -> Option<Device<'_>> {
        let hardware = self.hardware;
        if let Some(adapter) = hardware.adapters.get(number) {
            return Some(Device {
                maker: adapter.part.maker,
                model: adapter.part.model,
                part: adapter.part.part,
                serial: &adapter.serial,
                firmware: adapter.part.firmware,
                class: "NetworkController",
                class_code: "0x020000",
                vendor: adapter.part.vendor_id,
                device: 0x1015,
                functions: adapter.macs.len(),
                lanes: 8,
            });
        }
        let number = number - hardware.adapters.len();
        let drives = self.pcie_drives();
        if number < drives {
            return Some(self.pcie_storage(number));
        }
        let number = number - drives;
        if let Some(gpu) = hardware.gpus.get(number) {
            return Some(Device {
                maker: gpu.part.maker,
                model: gpu.part.model,
                part: gpu.part.part,
                serial: &gpu.serial,
                firmware: gpu.part.firmware,
                class: "DisplayController",
                class_code: "0x030200",
                vendor: GPU_VENDOR,
                device: gpu.part.device,
                functions: 1,
                lanes: 16,
            });
        }
        (number - hardware.gpus.len() < self.row.layout.bridges).then_some(Device {
            maker: "Intel Corporation",
            model: "PCI Express Root Port",
            part: "",
            serial: "",
            firmware: "",
            class: "Bridge",
            class_code: "0x060400",
            vendor: 0x8086,
            device: 0xa190,
            functions: 1,
            lanes: 4,
        })
    }

    fn pcie_storage(&self, number: usize) -> Device<'_> {
        let raid = self.row.names.raid;
        let nvme = self.hardware.drives.get(number).filter(|drive| drive.part.protocol == "NVMe");
        Device {
            maker: nvme.map_or(raid.maker, |drive| drive.part.maker),
            model: nvme.map_or(raid.model, |drive| drive.part.model),
            part: nvme.map_or(raid.model, |drive| drive.part.model),
            serial: nvme.map_or(&self.hardware.raid_serial, |drive| &drive.serial),
            firmware: nvme.map_or(raid.firmware, |drive| drive.part.firmware),
            class: "MassStorageController",
            class_code: if nvme.is_some() { "0x010802" } else { "0x010400" },
            vendor: if nvme.is_some() { 0x144d } else { 0x1000 },
            device: if nvme.is_some() { 0xa80a } else { 0x10e2 },
            functions: 1,
            lanes: if nvme.is_some() { 4 } else { 8 },
        }
    }

    pub(super) fn pcie_devices(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let count = self.pcie_count();
        let [id, rest @ ..] = path else {
            let ids: Vec<String> = (0..count).map(self.row.layout.pcie).collect();
            return Some(self.collection(base, "PCIeDeviceCollection", "PCIe Device Collection", &ids));
        };
        let number = (0..count).find(|number| (self.row.layout.pcie)(*number) == *id)?;
        let device = self.pcie_device(number)?;
        let base = format!("{base}/{id}");
        match rest {
            [] => Some((Place::PcieDevice, self.pcie(&base, id, &device))),
            ["PCIeFunctions", rest @ ..] => self.pcie_functions(&base, &device, rest),
            _ => None,
        }
    }

    fn pcie(&self, path: &str, id: &str, device: &Device<'_>) -> Value {
        let mut doc = json!({
            "Name": device.model,
            "Description": device.model,
            "Manufacturer": device.maker,
            "Model": device.model,
            "DeviceType": if device.functions > 1 { "MultiFunction" } else { "SingleFunction" },
            "PCIeInterface": {
                "LanesInUse": device.lanes, "MaxLanes": device.lanes, "PCIeType": "Gen4", "MaxPCIeType": "Gen4",
            },
            "PCIeFunctions": link(&format!("{path}/PCIeFunctions")),
            "Links": { "Chassis": [link(&self.chassis_path())] },
            "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
        });
        // Bridges have none of these.
        for (name, value) in [
            ("PartNumber", device.part),
            ("SerialNumber", device.serial),
            ("FirmwareVersion", device.firmware),
        ] {
            if !value.is_empty() {
                set(&mut doc, name, json!(value));
            }
        }
        self.head(&mut doc, "PCIeDevice", path, id);
        doc
    }

    fn pcie_functions(&self, device: &str, what: &Device<'_>, path: &[&str]) -> Option<(Place, Value)> {
        let base = format!("{device}/PCIeFunctions");
        let [id] = path else {
            let ids: Vec<String> = (1..=what.functions).map(|number| number.to_string()).collect();
            let title = "PCIe Function Collection";
            return path.is_empty().then(|| self.collection(&base, "PCIeFunctionCollection", title, &ids));
        };
        let number = (1..=what.functions).find(|number| number.to_string() == *id)?;
        let mut doc = json!({
            "Name": format!("{} Function {number}", what.model),
            "Description": what.model,
            "FunctionId": number - 1,
            "FunctionType": "Physical",
            "DeviceClass": what.class,
            "ClassCode": what.class_code,
            "VendorId": format!("0x{:04x}", what.vendor),
            "DeviceId": format!("0x{:04x}", what.device),
            "SubsystemVendorId": format!("0x{:04x}", what.vendor),
            "SubsystemId": format!("0x{:04x}", what.device ^ 0x0101),
            "RevisionId": "0x01",
            "Links": { "PCIeDevice": link(device) },
            "Status": { "State": "Enabled", "Health": "OK", "HealthRollup": "OK" },
        });
        self.head(&mut doc, "PCIeFunction", &format!("{base}/{id}"), id);
        Some((Place::PcieFunction, doc))
    }

    /// What the system says of PCIe devices, where it says something.
    pub(super) fn pcie_links(&self, doc: &mut Value) {
        if self.row.layout.system_pcie {
            let links: Vec<Value> =
                (0..self.pcie_count()).map(|number| link(&self.pcie_path(number))).collect();
            set(doc, "PCIeDevices@odata.count", json!(links.len()));
            set(doc, "PCIeDevices", Value::Array(links));
        }
    }
}
