//! What keeps data.

use super::HealthReading;
use serde::{Deserialize, Serialize};

component! {
    /// A drive (DSP0268 Drive).
    Drive {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// Capacity in bytes.
        capacity_bytes: Option<u64>,
        /// `SSD`, `HDD`, ...
        media: Option<String>,
        /// `NVMe`, `SATA`, `SAS`, ...
        protocol: Option<String>,
        /// The firmware version.
        firmware: Option<String>,
        /// Where it is plugged in.
        location: Option<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A storage controller (DSP0268 StorageController, or a member of Storage).
    StorageController {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
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
        /// Where it is plugged in.
        location: Option<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A volume (DSP0268 Volume): what the operating system sees as one drive.
    Volume {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `RAID1`, `RAID6`, ...; where older schemas have only those, `Mirrored`, `RawDevice`, ...
        raid: Option<String>,
        /// Capacity in bytes.
        capacity_bytes: Option<u64>,
        /// Whether it is encrypted.
        encrypted: Option<bool>,
        /// The paths of the drives that it lies on.
        drives: Vec<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}
