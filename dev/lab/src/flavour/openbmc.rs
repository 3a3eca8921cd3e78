//! OpenBMC on a board of Quanta's. `"Members": null` where a collection is empty, no ETags, no MAC
//! addresses at the system, all power states shown.

use super::layout::{Controllers, Layout, Log, Owner, Ports, USUAL};
use super::{
    AccessRow, Already, Etag, Expand, Flavour, Full, Ids, ManagerRow, Manner, Model, Names, PowerRow,
    RootRow, Told, Versions,
};
use crate::document::{Place, View, link, set};
use crate::hardware::{Firmware, Hardware};
use crate::parts::{DDR5, EPYC, RaidPart, SAPPHIRE_RAPIDS};
use crate::unit::Unit;
use model::device::Reset;
use serde_json::{Value, json};

/// The service root of any OpenBMC.
pub(super) const ROOT: RootRow = RootRow {
    vendor: Some("OpenBMC"),
    product: Some("{model}"),
    id: "RootService",
    name: "Root Service",
    uuid: true,
    expand_levels: 6,
    expand_all: true,
    expand: Expand::Works(400),
    select: true,
    only_member: true,
};

/// The versions of its schemas.
pub(super) const VERSIONS: Versions = Versions {
    redfish: "1.17.0",
    root: "v1_15_0",
    system: "v1_22_0",
    chassis: "v1_22_0",
    manager: "v1_14_0",
    processor: "v1_20_0",
    memory: "v1_20_0",
    storage: "v1_13_0",
    drive: "v1_18_0",
    nic: "v1_9_0",
    adapter: "v1_9_0",
    software: "v1_4_0",
    update: "v1_11_0",
    accounts: "v1_15_0",
    sessions: "v1_0_2",
    account: "v1_7_0",
    role: "v1_2_2",
    tasks: "v1_1_4",
    protocol: "v1_5_0",
    function: "v1_8_0",
    power: "v1_5_2",
    thermal: "v1_4_0",
};

/// Its manner of answering.
pub(super) const MANNER: Manner = Manner {
    context: false,
    counts: false,
    etag: Etag::None,
    null_members: true,
    host_nics: false,
    absolute_location: false,
    upper_macs: false,
    upper_uuids: false,
    server: None,
    usual_ms: 217,
};

/// Its accounts and sessions.
pub(super) const ACCESS: AccessRow = AccessRow {
    username: "root",
    sessions: 64,
    timeout_seconds: 1800,
    timeout_told: 1800,
    lock_after: 10,
    lock_seconds: 300,
    session_id: |dice, _, _| dice.text(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 10),
    full: Full {
        status: 503,
        id: "Base.1.13.SessionLimitExceeded",
        message: "The session establishment failed due to the number of simultaneous sessions exceeding the limit of the implementation.",
    },
};

pub(super) static ROW: Flavour = Flavour {
    word: "openbmc",
    manufacturer: "Quanta Cloud Technology Inc.",
    root: ROOT,
    ids: Ids {
        system: "system",
        chassis: "chassis",
        manager: "bmc",
        bmc_nic: "eth0",
        storage: "1",
        backplane: None,
        account: "root",
    },
    versions: VERSIONS,
    schemas: &[
        ("AttributeRegistry", "v1_3_2"),
        ("Bios", "v1_2_0"),
        ("CertificateLocations", "v1_0_0"),
        ("CertificateService", "v1_0_0"),
        ("LogEntry", "v1_15_0"),
        ("LogService", "v1_1_0"),
        ("MessageRegistryFile", "v1_1_0"),
        ("Port", "v1_6_0"),
        ("Sensor", "v1_7_0"),
        ("StorageController", "v1_6_0"),
        ("ThermalSubsystem", "v1_3_0"),
    ],
    layout: Layout {
        newer: true,
        environment: true,
        core_sensors: Some(16),
        assembly: true,
        controllers: Controllers::Collection,
        volumes: false,
        ports: Ports { newer: true, older: false, functions: true },
        bridges: 2,
        pcie: |number| format!("pcie{number}"),
        registry: Some("1.0.0"),
        attributes: 120,
        boot: (6, |number| format!("Boot{number:04X}")),
        logs: &[
            Log { owner: Owner::System, id: "EventLog", entries: 30 },
            Log { owner: Owner::Manager, id: "Journal", entries: 50 },
        ],
        ..USUAL
    },
    manner: MANNER,
    power: PowerRow {
        resets: &[
            Reset::ForceOff,
            Reset::PowerCycle,
            Reset::Nmi,
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
        on_seconds: 5,
        off_seconds: 2,
        graceful_seconds: 15,
        boot_seconds: 80,
    },
    access: ACCESS,
    names: Names {
        cpu: |number| format!("cpu{number}"),
        socket: |number| format!("CPU_{number}"),
        dimm: |_, _, number| format!("dimm{number}"),
        slot: |cpu, slot, _| format!("CPU{cpu}_DIMM_{slot}"),
        drive: |number| format!("nvme{number}"),
        bay: |number| format!("U.2 bay {number}"),
        adapter: |card| if card == 0 { "onboard".to_owned() } else { format!("ocp{card}") },
        nic: |_, port, _| format!("port{port}"),
        fan: |number| format!("FAN_{number}"),
        psu: |number| format!("PSU{number}"),
        fan_id: |number| format!("FAN_{number}"),
        psu_id: |number| format!("PSU{number}"),
        port: |_, port| format!("{port}"),
        volume: |number| number.to_string(),
        sensor: |_, name| name.replace(' ', "_").to_lowercase(),
        raid: RaidPart { maker: "Broadcom", model: "MegaRAID 9560-8i", firmware: "5.240.02-3768" },
        gpus: &[],
    },
    manager: ManagerRow {
        name: "OpenBmc Manager",
        model: "OpenBmc",
        firmware: &["2.14.0-1047-g6a8c4e2", "2.16.1-212-gd0f11c7"],
        oui: "d8:c4:97",
        hostname: |serial| format!("qct-{}", serial.to_lowercase()),
        restart_seconds: 50,
    },
    models: &[
        Model {
            name: "QuantaGrid D54Q-2U",
            sku: "1S5DZZZ0ST0",
            board: "3FS5DMB0000",
            cpus: SAPPHIRE_RAPIDS,
            dimms: DDR5,
            slots: 32,
            bays: 12,
            bios: &["3A08", "3A11.H1"],
            psu_watts: 1600,
            gpus: 0,
        },
        Model {
            name: "QuantaGrid S44NL-1U",
            sku: "1S44ZZZ0ST0",
            board: "3FS44MB0000",
            cpus: EPYC,
            dimms: DDR5,
            slots: 24,
            bays: 10,
            bios: &["3B04", "3B06"],
            psu_watts: 1300,
            gpus: 0,
        },
    ],
    serial: |dice| format!("QTFCSC{}{}", dice.digits(4), dice.text(b"0123456789ABCDEF", 4)),
    subject: |unit, _| {
        vec![
            ("CN", format!("qct-{}", unit.serial.to_lowercase())),
            ("O", "OpenBMC".to_owned()),
            ("C", "US".to_owned()),
        ]
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
                "Description",
                "Identifiers",
                "SpeedGbps",
                "SupportedControllerProtocols",
                "SupportedDeviceProtocols",
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
        (Place::Processor, &["Description", "ProcessorArchitecture", "TotalEnabledCores"]),
        (Place::Protocol, &["KVMIP", "SNMP", "SSDP", "VirtualMedia"]),
        (Place::Sensor, &["Description", "SpeedRPM"]),
        (Place::Storage, &["Description", "Links", "StorageControllers"]),
        (Place::System, &["HostName"]),
        (Place::ThermalMetrics, &["Description", "TemperatureSummaryCelsius"]),
        (Place::ThermalSubsystem, &["Description"]),
    ],
    decorate,
    extra: |_, _| None,
};

fn firmware(unit: &Unit, hardware: &Hardware) -> Vec<Firmware> {
    let item = |id: String, version: &str, description: &str, updateable| Firmware {
        id,
        name: "Software Inventory".to_owned(),
        version: version.to_owned(),
        description: description.to_owned(),
        released: None,
        updateable,
    };
    let mut items = vec![
        item(format!("{:08x}", unit.seed >> 32), hardware.bmc_firmware, "BMC image", true),
        item("bios_active".to_owned(), hardware.bios, "Host image", true),
        item("cpld_mb".to_owned(), "0x0a03", "CPLD image", true),
        item("cpld_bp0".to_owned(), "0x0102", "CPLD image", true),
        item("vr_cpu0_vccin".to_owned(), "0x5d2c", "VR image", false),
        item("vr_cpu1_vccin".to_owned(), "0x5d2c", "VR image", false),
        item("psu0".to_owned(), "01.05", "Power supply image", false),
        item("psu1".to_owned(), "01.05", "Power supply image", false),
    ];
    for (card, adapter) in hardware.adapters.iter().enumerate() {
        items.push(item(
            format!("nic_{}", (ROW.names.adapter)(card)),
            adapter.part.firmware,
            adapter.part.model,
            false,
        ));
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
            set(doc, "BootProgress", json!({ "LastState": last }));
            set(doc, "LastResetTime", json!(view.time(view.power.last_reset())));
            set(doc, "Name", json!("system"));
            set(doc, "Description", json!("Computer System"));
            set(doc, "LocationIndicatorActive", json!(view.settings.light));
            set(doc, "EthernetInterfaces", link(&format!("{}/EthernetInterfaces", view.system_path())));
        }
        Place::Manager => {
            set(doc, "ServiceEntryPointUUID", json!(view.hardware.service_uuid));
            let reset = json!({ "#Manager.Reset": {
                "target": format!("{}/Actions/Manager.Reset", view.manager_path()),
                "ResetType@Redfish.AllowableValues": ["GracefulRestart", "ForceRestart"],
            }});
            set(doc, "Actions", reset);
        }
        _ => {}
    }
}
