//! Enclosures, boards and modules, with what cools and measures them.

use super::{Adapter, Drive, HealthReading, Part, PcieDevice, PowerReading, PowerSupply};
use crate::telemetry::Quantity;
use serde::{Deserialize, Serialize};

component! {
    /// An enclosure, board or module (DSP0268 Chassis).
    Chassis {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `RackMount`, `Module`, ...
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
        /// The asset tag.
        asset_tag: Option<String>,
        /// Its power.
        power: PowerReading,
        /// Its health.
        health: HealthReading,
        /// Network adapters in it.
        adapters: Vec<Adapter>,
        /// Drives that hang off it, where no system lists them.
        drives: Vec<Drive>,
        /// Fans.
        fans: Vec<Fan>,
        /// What measures it; what the sensors say is [`crate::telemetry::Readings`].
        sensors: Vec<Sensor>,
        /// The documents, by path, in which its sensors' readings stand: the fewest that have all of them.
        telemetry: Vec<SensorSource>,
        /// Power supplies.
        power_supplies: Vec<PowerSupply>,
        /// PCIe devices, where no system lists them.
        pcie_devices: Vec<PcieDevice>,
        /// Its other parts: assemblies, batteries, backplanes, ...
        parts: Vec<Part>,
    }
}

component! {
    /// A fan (DSP0268 Fan, or a member of the older Thermal).
    Fan {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// Where it is, or what it cools.
        location: Option<String>,
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
        /// Whether it can be replaced while the server runs.
        hot_pluggable: Option<bool>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A sensor as a thing (DSP0268 Sensor, or a member of the older Thermal): what it measures, and its limits.
    Sensor {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// What it measures.
        quantity: Quantity,
        /// The unit of its limits, by UCUM.
        unit: String,
        /// What it sits in or on.
        place: Option<String>,
        /// Above this something should be done.
        upper_caution: Option<f64>,
        /// Above this damage is near.
        upper_critical: Option<f64>,
        /// Below this something should be done.
        lower_caution: Option<f64>,
        /// Below this damage is near.
        lower_critical: Option<f64>,
        /// Whether it is there and works.
        state: Option<String>,
    }
}

component! {
    /// Where readings of sensors stand.
    SensorSource {
        /// The path of a document or a collection.
        path: String,
        /// Whether it is a collection, of which every member is a sensor.
        is_collection: bool,
    }
}
