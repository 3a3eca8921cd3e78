//! The settings of a BIOS, and what a server can boot from.

use serde::{Deserialize, Serialize};

component! {
    /// The settings of a BIOS (DSP0268 Bios).
    Bios {
        /// The resource's own path.
        path: String,
        /// The registry that explains the settings, by name and version.
        registry: Option<String>,
        /// The settings, by name.
        settings: Vec<Setting>,
    }
}

component! {
    /// One setting: its value, and what the registry says of it (DSP0268 AttributeRegistry).
    Setting {
        /// Its name.
        name: String,
        /// Its value as text; none where the controller does not tell it. Never a password.
        value: Option<String>,
        /// Its name as the setup program shows it.
        title: Option<String>,
        /// Where the setup program has it, such as `System BIOS Settings / Memory Settings`.
        menu: Option<String>,
        /// Its value as the server was made.
        default: Option<String>,
    }
}

component! {
    /// Something to boot from (DSP0268 BootOption).
    BootOption {
        /// The resource's own path.
        path: String,
        /// Its identifier.
        id: String,
        /// What the boot order calls it, such as `Boot0003`.
        reference: Option<String>,
        /// Its name.
        name: Option<String>,
        /// Whether it is tried.
        enabled: Option<bool>,
        /// The device's path as UEFI writes it (UEFI 2.10, 10.6).
        device: Option<String>,
    }
}

impl Setting {
    /// Whether its value is another than the server was made with.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        matches!((&self.value, &self.default), (Some(value), Some(default)) if value != default)
    }
}
