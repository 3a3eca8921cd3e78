//! Firmware and other software.

use super::HealthReading;
use serde::{Deserialize, Serialize};

component! {
    /// One piece of firmware (DSP0268 SoftwareInventory).
    Firmware {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// Its name.
        name: Option<String>,
        /// The version.
        version: Option<String>,
        /// The date of its release, as the controller writes it, if it is one.
        released: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// Whether the controller can update it.
        updateable: Option<bool>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}
