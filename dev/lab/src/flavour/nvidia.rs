//! NVIDIA: OpenBMC on a GB200 tray. A second controller and a second system for the GPUs, a chassis for each
//! board, module and root of trust, and `"Members": null` where there is nothing.

use super::layout::{Board, Controllers, Layout, Log, Owner, Ports, Second, USUAL};
use super::{AccessRow, Already, Flavour, Ids, ManagerRow, Model, Names, PowerRow, RootRow, Told, openbmc};
use crate::document::{Place, View, set};
use crate::hardware::{Firmware, Hardware};
use crate::parts::{GRACE, LPDDR5, MODULES, RaidPart};
use crate::unit::Unit;
use model::device::Reset;
use serde_json::{Value, json};

const fn module(id: &'static str, kind: &'static str, name: &'static str) -> Board {
    Board { id, kind, name, full: true }
}

const fn bare(id: &'static str, name: &'static str) -> Board {
    Board { id, kind: "Component", name, full: false }
}

const BOARDS: &[Board] = &[
    module("BMC_0", "Module", "P3809 Bianca BMC"),
    module("CBC_0", "Component", "Cable Backplane Cartridge"),
    module("CBC_1", "Component", "Cable Backplane Cartridge"),
    module("CBC_2", "Component", "Cable Backplane Cartridge"),
    module("CBC_3", "Component", "Cable Backplane Cartridge"),
    module("CPLD_0", "Component", "CPLD"),
    bare("ERoT_BMC_0", "Root of trust"),
    module("HGX_BMC_0", "Module", "HGX BMC"),
    module("HGX_CPLD_0", "Component", "HGX CPLD"),
    module("HGX_CPU_0", "Component", "Grace CPU"),
    module("HGX_CPU_1", "Component", "Grace CPU"),
    module("HGX_Chassis_0", "Module", "HGX GB200"),
    bare("HGX_ERoT_BMC_0", "Root of trust"),
    bare("HGX_ERoT_CPU_0", "Root of trust"),
    bare("HGX_ERoT_CPU_1", "Root of trust"),
    bare("HGX_ERoT_FPGA_0", "Root of trust"),
    bare("HGX_ERoT_FPGA_1", "Root of trust"),
    module("HGX_FPGA_0", "Component", "FPGA"),
    module("HGX_FPGA_1", "Component", "FPGA"),
    module("HGX_GPU_0", "Component", "GB200 GPU"),
    module("HGX_GPU_1", "Component", "GB200 GPU"),
    module("HGX_GPU_2", "Component", "GB200 GPU"),
    module("HGX_GPU_3", "Component", "GB200 GPU"),
    bare("HGX_IRoT_GPU_0", "Root of trust"),
    bare("HGX_IRoT_GPU_1", "Root of trust"),
    bare("HGX_IRoT_GPU_2", "Root of trust"),
    bare("HGX_IRoT_GPU_3", "Root of trust"),
    module("HGX_ProcessorModule_0", "Module", "P3809 Processor Module"),
    module("HGX_ProcessorModule_1", "Module", "P3809 Processor Module"),
    module("IO_Board_0", "Module", "P4768 IO Board"),
    module("IO_Board_1", "Module", "P4768 IO Board"),
    module("PDB_0", "Module", "Power Distribution Board"),
];

pub(super) static ROW: Flavour = Flavour {
    word: "nvidia",
    manufacturer: "NVIDIA",
    root: RootRow { vendor: Some("NVIDIA"), product: Some("GB200Nvl"), ..openbmc::ROOT },
    ids: Ids {
        system: "System_0",
        chassis: "Chassis_0",
        manager: "BMC_0",
        bmc_nic: "eth0",
        storage: "1",
        backplane: None,
        account: "root",
    },
    versions: openbmc::VERSIONS,
    schemas: &[
        ("AttributeRegistry", "v1_3_2"),
        ("Bios", "v1_2_0"),
        ("CertificateLocations", "v1_0_0"),
        ("CertificateService", "v1_0_0"),
        ("Chassis", "v1_22_0"),
        ("LogEntry", "v1_15_0"),
        ("LogService", "v1_1_0"),
        ("MessageRegistryFile", "v1_1_0"),
        ("Port", "v1_6_0"),
        ("Sensor", "v1_7_0"),
        ("StorageController", "v1_6_0"),
        ("ThermalSubsystem", "v1_3_0"),
    ],
    layout: Layout {
        older: false,
        newer: true,
        environment: true,
        core_sensors: Some(72),
        assembly: true,
        controllers: Controllers::Collection,
        volumes: false,
        ports: Ports { newer: true, older: false, functions: false },
        bridges: 0,
        pcie: |number| format!("PCIeDevice_{number}"),
        gpu: Some(|number| format!("GPU_{number}")),
        attributes: 60,
        boot: (16, |number| format!("Boot{number:04X}")),
        logs: &[
            Log { owner: Owner::System, id: "EventLog", entries: 40 },
            Log { owner: Owner::Manager, id: "Journal", entries: 60 },
        ],
        boards: BOARDS,
        second: Some(Second { system: "HGX_Baseboard_0", manager: "HGX_BMC_0", chassis: "HGX_Chassis_0" }),
        ..USUAL
    },
    manner: openbmc::MANNER,
    power: PowerRow {
        resets: &[
            Reset::ForceOff,
            Reset::PowerCycle,
            Reset::GracefulShutdown,
            Reset::On,
            Reset::ForceOn,
            Reset::GracefulRestart,
            Reset::ForceRestart,
        ],
        told: Told::Info,
        shows_change: true,
        restart_through_off: true,
        already: Already::Fine,
        on_seconds: 9,
        off_seconds: 4,
        graceful_seconds: 25,
        boot_seconds: 240,
    },
    access: AccessRow { lock_seconds: 600, ..openbmc::ACCESS },
    names: Names {
        cpu: |number| format!("CPU_{number}"),
        socket: |number| format!("G1:{number}.0"),
        dimm: |cpu, slot, _| format!("ProcessorModule_{cpu}_LPDDR_{slot}"),
        slot: |cpu, slot, _| format!("ProcessorModule_{cpu}_LPDDR_{slot}"),
        drive: |number| (number + 200).to_string(),
        bay: |number| format!("E1.S bay {number}"),
        adapter: |card| format!("IO_Board_{}_CX7_{}", card / 2, card % 2),
        nic: |_, port, _| format!("{port}"),
        fan: |number| format!("Chassis_0_FAN_{}_FRONT", number + 1),
        psu: |number| format!("PDB_0_HSC_{number}"),
        fan_id: |number| format!("FAN_{}", number + 1),
        psu_id: |number| format!("PDB_0_HSC_{number}"),
        port: |_, port| format!("Port_{port}"),
        volume: |number| number.to_string(),
        sensor: |_, name| format!("Chassis_0_{}_0", name.replace(' ', "_")),
        raid: RaidPart { maker: "NVIDIA", model: "NVMe", firmware: "1.0" },
        gpus: MODULES,
    },
    manager: ManagerRow {
        name: "OpenBmc Manager",
        model: "OpenBmc",
        firmware: &["GB200Nvl-24.12-8", "GB200Nvl-25.01-3"],
        oui: "3c:6d:66",
        hostname: |_| "gb200nvl-bmc".to_owned(),
        restart_seconds: 80,
    },
    models: &[Model {
        name: "GB200 NVL",
        sku: "920-24387-2540-000",
        board: "699-2G548-0201-TS3",
        cpus: GRACE,
        dimms: LPDDR5,
        slots: 16,
        bays: 9,
        bios: &["buildbrain-gcid-38037120", "buildbrain-gcid-38390152"],
        psu_watts: 5600,
        gpus: 4,
    }],
    serial: |dice| format!("16430240{}", dice.digits(5)),
    subject: |_, _| {
        vec![("CN", "gb200nvl-bmc".to_owned()), ("O", "NVIDIA".to_owned()), ("C", "US".to_owned())]
    },
    firmware,
    absent: &[
        (Place::AccountService, &["AccountLockoutCounterResetAfter", "Status"]),
        (Place::Adapter, &["Description"]),
        (Place::Assembly, &["Assemblies@odata.count", "Description"]),
        (Place::Bios, &["AttributeRegistry"]),
        (Place::BmcNic, &["AutoNeg", "FullDuplex", "PermanentMACAddress"]),
        (Place::Chassis, &["Description"]),
        (
            Place::Controller,
            &[
                "CacheSummary",
                "Description",
                "Identifiers",
                "SpeedGbps",
                "SupportedControllerProtocols",
                "SupportedDeviceProtocols",
                "SupportedRAIDTypes",
            ],
        ),
        (
            Place::Drive,
            &[
                "BlockSizeBytes",
                "Description",
                "EncryptionAbility",
                "EncryptionStatus",
                "HotspareType",
                "Identifiers",
                "RotationSpeedRPM",
            ],
        ),
        (Place::EnvironmentMetrics, &["Description"]),
        (Place::LogService, &["LogEntryType", "MaxNumberOfRecords", "Status"]),
        (Place::Gpu, &["Description", "FirmwareVersion"]),
        (Place::Manager, &["CommandShell"]),
        (
            Place::Memory,
            &[
                "CacheSizeMiB",
                "Description",
                "Links",
                "LogicalSizeMiB",
                "ModuleManufacturerID",
                "NonVolatileSizeMiB",
                "OperatingMemoryModes",
                "VolatileSizeMiB",
            ],
        ),
        (Place::Port, &["Description", "Ethernet", "PortId", "SignalDetected"]),
        (Place::PowerSubsystem, &["Allocation", "CapacityWatts", "Description", "PowerSupplyRedundancy"]),
        (Place::Processor, &["Description", "FirmwareVersion", "ProcessorArchitecture", "TotalEnabledCores"]),
        (Place::Protocol, &["KVMIP", "SNMP", "SSDP", "VirtualMedia"]),
        (Place::Sensor, &["Description", "SpeedRPM"]),
        (Place::Storage, &["Description", "Links"]),
        (Place::System, &["HostName"]),
        (Place::ThermalMetrics, &["Description", "TemperatureSummaryCelsius"]),
        (Place::ThermalSubsystem, &["Description"]),
    ],
    decorate,
    extra: |_, _| None,
};

fn firmware(_: &Unit, hardware: &Hardware) -> Vec<Firmware> {
    let item = |id: String, version: &str, updateable| Firmware {
        name: "Software Inventory".to_owned(),
        description: format!("{id} image"),
        version: version.to_owned(),
        released: None,
        updateable,
        id,
    };
    let mut items = vec![
        item("FW_BMC_0".to_owned(), hardware.bmc_firmware, true),
        item("HGX_FW_BMC_0".to_owned(), hardware.bmc_firmware, true),
        item("HGX_FW_CPLD_0".to_owned(), "0.1C", true),
        item("CPLDMB_0".to_owned(), "0x0a 0x12", true),
        item("FW_ERoT_BMC_0".to_owned(), "01.03.0290.0000_n04", true),
    ];
    for number in 0..2 {
        items.push(item(format!("HGX_FW_CPU_{number}"), hardware.bios, true));
        items.push(item(format!("HGX_FW_ERoT_CPU_{number}"), "01.03.0290.0000_n04", true));
        items.push(item(format!("HGX_FW_FPGA_{number}"), "1.20", true));
    }
    for (number, gpu) in hardware.gpus.iter().enumerate() {
        items.push(item(format!("HGX_FW_GPU_{number}"), gpu.part.firmware, true));
    }
    for (card, adapter) in hardware.adapters.iter().enumerate() {
        items.push(item(format!("CX7_{card}"), adapter.part.firmware, false));
    }
    items
}

fn decorate(place: Place, doc: &mut Value, view: &View<'_>) {
    match place {
        Place::Root => {
            let manager = json!({ "@odata.id": view.manager_path() });
            if let Some(links) = doc.get_mut("Links") {
                set(links, "ManagerProvidingService", manager);
            }
        }
        Place::System => {
            let last = view.power.boot_state(view.now, view.timing);
            let at = view.time(view.power.last_reset());
            set(doc, "BootProgress", json!({ "LastState": last, "LastStateTime": at }));
            set(doc, "LastResetTime", json!(at));
            set(doc, "Name", json!(view.row.ids.system));
            set(doc, "LocationIndicatorActive", json!(view.settings.light));
            set(doc, "PowerRestorePolicy", json!("LastState"));
            let nvidia = json!({ "@odata.type": "#NvidiaComputerSystem.v1_1_0.NvidiaComputerSystem", "ISTModeEnabled": false });
            set(doc, "Oem", json!({ "Nvidia": nvidia }));
        }
        Place::Chassis => {
            let contents =
                json!({ "PartLocation": { "LocationType": "Embedded", "ServiceLabel": view.unit.name() } });
            set(doc, "Location", contents);
        }
        Place::Manager => {
            set(doc, "ServiceEntryPointUUID", json!(view.hardware.service_uuid));
        }
        _ => {}
    }
}
