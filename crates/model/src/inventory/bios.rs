//! The settings of a BIOS, and what a server can boot from.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
        /// What it can be set to, where that is a list.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        values: Vec<String>,
        /// Whether it cannot be set.
        #[serde(skip_serializing_if = "Option::is_none")]
        read_only: Option<bool>,
        /// Whether another value takes effect when the server starts the next time.
        #[serde(skip_serializing_if = "Option::is_none")]
        needs_reset: Option<bool>,
    }
}

component! {
    /// What a registry says of one setting (DSP0268 AttributeRegistry).
    Explained {
        /// Its name as the setup program shows it.
        title: Option<String>,
        /// Where the setup program has it.
        menu: Option<String>,
        /// Its value as the server was made.
        default: Option<String>,
        /// What it can be set to.
        values: Vec<String>,
        /// Whether it cannot be set.
        read_only: Option<bool>,
        /// Whether another value takes effect when the server starts the next time.
        needs_reset: Option<bool>,
    }
}

/// Which registry explains a BIOS: the same for every server that says the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryKey {
    /// The registry, as the BIOS names it.
    pub registry: String,
    /// The BIOS's version: some makers name all their registries alike.
    pub bios: String,
}

/// An AttributeRegistry, less what explains nothing here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    /// The settings, by name.
    pub settings: BTreeMap<String, Explained>,
}

impl Registry {
    /// Puts what is known of each setting beside its value.
    pub fn explain(&self, bios: &mut Bios) {
        for setting in &mut bios.settings {
            if let Some(known) = self.settings.get(&setting.name) {
                setting.title.clone_from(&known.title);
                setting.menu.clone_from(&known.menu);
                setting.default.clone_from(&known.default);
                setting.values.clone_from(&known.values);
                (setting.read_only, setting.needs_reset) = (known.read_only, known.needs_reset);
            }
        }
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
