//! What is plugged into a server beside processors, memory and drives.

use super::HealthReading;
use serde::{Deserialize, Serialize};

component! {
    /// A power supply (DSP0268 PowerSupply, or a member of Power).
    PowerSupply {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `AC`, `DC`, ...
        kind: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// The part number of its replacement.
        spare_part_number: Option<String>,
        /// The firmware version.
        firmware: Option<String>,
        /// The power that it can give, in watts.
        capacity_watts: Option<f64>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A PCIe device (DSP0268 PCIeDevice).
    PcieDevice {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `SingleFunction`, `MultiFunction`, ...
        kind: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// The stock-keeping unit.
        sku: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// The firmware version.
        firmware: Option<String>,
        /// The slot.
        location: Option<String>,
        /// What the server sees of it, where it is more than one function or says nothing of itself.
        functions: Vec<PcieFunction>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// Any other part that can be replaced: an assembly, a battery, a cable, a transceiver.
    Part {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// What it is, in the controller's words.
        kind: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// The stock-keeping unit.
        sku: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// The part number of its replacement.
        spare_part_number: Option<String>,
        /// The version of its hardware or firmware.
        version: Option<String>,
        /// Where it is.
        location: Option<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A function of a PCIe device (DSP0268 PCIeFunction). Numbers are hexadecimal, as `lspci` writes them.
    PcieFunction {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its class in words: `NetworkController`, `MassStorageController`, ...
        kind: Option<String>,
        /// Class, subclass and programming interface: six digits.
        class_code: Option<String>,
        /// The chip's maker: four digits.
        vendor_id: Option<String>,
        /// The chip: four digits.
        device_id: Option<String>,
        /// The board's maker: four digits.
        subsystem_vendor_id: Option<String>,
        /// The board: four digits.
        subsystem_id: Option<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}
