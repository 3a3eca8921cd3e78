//! A server, its processors and its memory.

use super::{
    Bios, BootOption, Drive, HealthReading, LogService, Nic, PcieDevice, PowerReading, RegistryKey,
    StorageController, Volume,
};
use crate::device::Reset;
use serde::{Deserialize, Serialize};

component! {
    /// A server (DSP0268 ComputerSystem).
    System {
        /// The resource's own path.
        path: String,
        /// Its identifier in the collection.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `Physical`, `Virtual`, ...
        kind: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// The stock-keeping unit; Dell's service tag.
        sku: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// The UUID that the operating system sees too.
        uuid: Option<String>,
        /// The asset tag.
        asset_tag: Option<String>,
        /// The operating system's host name.
        hostname: Option<String>,
        /// The BIOS version.
        bios_version: Option<String>,
        /// Its power.
        power: PowerReading,
        /// Its health, with everything inside it.
        health: HealthReading,
        /// Total memory in GiB, as the summary says.
        memory_gib: Option<f64>,
        /// Number of processors, as the summary says.
        processor_count: Option<u64>,
        /// What it boots from next, where an override is set.
        boot_override: Option<String>,
        /// `UEFI` or `Legacy`.
        boot_mode: Option<String>,
        /// The references of what it boots from, the first first.
        boot_order: Vec<String>,
        /// What it can boot from.
        boot_options: Vec<BootOption>,
        /// The settings of its BIOS.
        bios: Option<Bios>,
        /// The state of its identification light.
        indicator: Option<String>,
        /// The ways in which it can be reset, as advertised.
        reset_types: Vec<Reset>,
        /// Processors and accelerators.
        processors: Vec<Processor>,
        /// Memory modules.
        memory: Vec<MemoryModule>,
        /// Drives.
        drives: Vec<Drive>,
        /// Volumes on the drives.
        volumes: Vec<Volume>,
        /// What the drives hang off.
        storage_controllers: Vec<StorageController>,
        /// PCIe devices that the system itself lists.
        pcie_devices: Vec<PcieDevice>,
        /// Network interfaces with their addresses.
        nics: Vec<Nic>,
        /// Its logs.
        logs: Vec<LogService>,
    }
}

component! {
    /// A processor or accelerator (DSP0268 Processor).
    Processor {
        /// The resource's own path.
        path: String,
        /// Its identifier in the collection.
        id: String,
        /// Its name.
        name: Option<String>,
        /// `CPU`, `GPU`, `FPGA`, ...
        kind: Option<String>,
        /// The socket or slot.
        socket: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// The model.
        model: Option<String>,
        /// `x86-64`, `ARM-A64`, ...
        architecture: Option<String>,
        /// Cores.
        cores: Option<u64>,
        /// Threads.
        threads: Option<u64>,
        /// Greatest speed in MHz.
        max_mhz: Option<u64>,
        /// Memory of its own in MiB, as an accelerator has.
        memory_mib: Option<u64>,
        /// Its UUID.
        uuid: Option<String>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// The firmware or microcode version.
        firmware: Option<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

component! {
    /// A memory module (DSP0268 Memory).
    MemoryModule {
        /// The resource's own path.
        path: String,
        /// Its identifier in the collection.
        id: String,
        /// Its name.
        name: Option<String>,
        /// The slot.
        slot: Option<String>,
        /// The maker.
        manufacturer: Option<String>,
        /// `DDR5`, `HBM3`, ...
        kind: Option<String>,
        /// Capacity in MiB; zero or absent for an empty slot.
        capacity_mib: Option<u64>,
        /// Speed in MT/s, as the controller says.
        speed_mhz: Option<u64>,
        /// The serial number.
        serial: Option<String>,
        /// The part number.
        part_number: Option<String>,
        /// The part number that the server's maker gives it, where that is another one.
        oem_part_number: Option<String>,
        /// The firmware version, where it has one.
        firmware: Option<String>,
        /// Whether it is there and works.
        state: Option<String>,
        /// Its health.
        health: HealthReading,
    }
}

impl System {
    /// Which registry explains the settings of its BIOS, where it names one.
    #[must_use]
    pub fn registry(&self) -> Option<RegistryKey> {
        let registry = self.bios.as_ref()?.registry.clone()?;
        Some(RegistryKey { registry, bios: self.bios_version.clone().unwrap_or_default() })
    }
}
