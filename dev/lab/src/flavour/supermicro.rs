//! Supermicro. No maker in the root, reset types by ActionInfo only, drives in a backplane's chassis,
//! the same certificate subject on every controller.

use super::layout::{Layout, Log, Owner, USUAL};
use super::oem::{self, SUPERMICRO_DRIVE};
use super::{
    AccessRow, Already, Etag, Expand, Flavour, Full, Ids, ManagerRow, Manner, Model, Names, PowerRow,
    RootRow, Told, Versions,
};
use crate::document::{Place, View, set};
use crate::hardware::{Firmware, Hardware};
use crate::parts::{DDR4, DDR5, EPYC, RaidPart, SAPPHIRE_RAPIDS};
use crate::unit::Unit;
use model::device::Reset;
use serde_json::{Value, json};

pub(super) static ROW: Flavour = Flavour {
    word: "supermicro",
    manufacturer: "Supermicro",
    root: RootRow {
        vendor: None,
        product: None,
        id: "ServiceRoot",
        name: "Root Service",
        uuid: true,
        expand_levels: 2,
        expand_all: true,
        expand: Expand::Works(501),
        select: true,
        only_member: false,
    },
    ids: Ids {
        system: "1",
        chassis: "1",
        manager: "1",
        bmc_nic: "1",
        storage: "NVMeSSD",
        backplane: Some("NVMeSSD.0.Group.0.StorageBackplane"),
        account: "2",
    },
    versions: Versions {
        redfish: "1.11.0",
        root: "v1_9_0",
        system: "v1_14_0",
        chassis: "v1_14_0",
        manager: "v1_11_0",
        processor: "v1_10_0",
        memory: "v1_11_0",
        storage: "v1_9_0",
        drive: "v1_11_1",
        nic: "v1_6_3",
        adapter: "v1_5_0",
        software: "v1_4_0",
        update: "v1_8_4",
        accounts: "v1_7_2",
        sessions: "v1_1_7",
        account: "v1_8_0",
        role: "v1_2_5",
        tasks: "v1_1_5",
        protocol: "v1_6_2",
        function: "v1_5_0",
        power: "v1_6_1",
        thermal: "v1_6_2",
    },
    schemas: &[("LogEntry", "v1_7_0"), ("Sensor", "v1_1_1"), ("MemoryMetrics", "v1_4_0")],
    layout: Layout {
        volumes: false,
        bridges: 16,
        pcie: |number| format!("NIC{}", number + 1),
        memory_metrics: true,
        bios: ("Bios", "SD"),
        registry: None,
        attributes: 220,
        boot: (12, |number| format!("Boot{number:04X}")),
        logs: &[
            Log { owner: Owner::System, id: "Log1", entries: 24 },
            Log { owner: Owner::Manager, id: "Log1", entries: 8 },
        ],
        ..USUAL
    },
    manner: Manner {
        context: false,
        counts: false,
        etag: Etag::Strong,
        null_members: false,
        host_nics: true,
        absolute_location: false,
        upper_macs: true,
        upper_uuids: true,
        server: None,
        usual_ms: 253,
    },
    power: PowerRow {
        resets: &[
            Reset::On,
            Reset::ForceOff,
            Reset::GracefulShutdown,
            Reset::GracefulRestart,
            Reset::ForceRestart,
            Reset::Nmi,
            Reset::ForceOn,
            Reset::PowerCycle,
        ],
        told: Told::Info,
        shows_change: false,
        restart_through_off: false,
        already: Already::Fine,
        on_seconds: 5,
        off_seconds: 4,
        graceful_seconds: 18,
        boot_seconds: 100,
    },
    access: AccessRow {
        username: "ADMIN",
        sessions: 6,
        timeout_seconds: 300,
        timeout_told: 300,
        lock_after: 3,
        lock_seconds: 30,
        session_id: |_, number, _| number.to_string(),
        full: Full {
            status: 412,
            id: "Base.1.10.SessionLimitExceeded",
            message: "The session establishment failed due to the number of simultaneous sessions exceeding the limit of the implementation.",
        },
    },
    names: Names {
        cpu: |number| (number + 1).to_string(),
        socket: |number| format!("CPU{}", number + 1),
        dimm: |_, _, number| (number + 1).to_string(),
        slot: |cpu, slot, _| {
            let channel = char::from(b'A' + u8::try_from(slot / 2 % 26).unwrap_or(0));
            format!("P{}-DIMM{channel}{}", cpu + 1, slot % 2 + 1)
        },
        drive: |number| format!("Disk.Bay.{number}"),
        bay: |number| format!("Disk.Bay.{number}"),
        adapter: |card| (card + 1).to_string(),
        nic: |_, _, number| (number + 1).to_string(),
        fan: |number| format!("FAN{}", number + 1),
        psu: |number| format!("Power Supply Bay {}", number + 1),
        fan_id: |number| number.to_string(),
        psu_id: |number| number.to_string(),
        port: |_, port| (port + 1).to_string(),
        volume: |number| (number + 1).to_string(),
        sensor: |number, _| (number + 1).to_string(),
        raid: RaidPart { maker: "Broadcom", model: "AOC-S3908L-H8IR", firmware: "5.200.02-3618" },
        gpus: &[],
    },
    manager: ManagerRow {
        name: "Manager",
        model: "ASPEED",
        firmware: &["01.01.12", "01.02.08", "11.01.01"],
        oui: "7c:c2:55",
        hostname: |_| String::new(),
        restart_seconds: 90,
    },
    models: &[
        Model {
            name: "SYS-621C-TN12R",
            sku: "",
            board: "X13DEI",
            cpus: SAPPHIRE_RAPIDS,
            dimms: DDR5,
            slots: 16,
            bays: 12,
            bios: &["1.4", "2.1"],
            psu_watts: 1200,
            gpus: 0,
        },
        Model {
            name: "AS -2024US-TRT",
            sku: "",
            board: "H12DSU-iN",
            cpus: EPYC,
            dimms: DDR4,
            slots: 32,
            bays: 12,
            bios: &["2.6", "2.8"],
            psu_watts: 1600,
            gpus: 4,
        },
    ],
    serial: |dice| format!("S{}X{}A{}", dice.digits(6), dice.digits(1), dice.digits(6)),
    subject: |_, _| {
        vec![
            ("C", "US".to_owned()),
            ("ST", "California".to_owned()),
            ("L", "San Jose".to_owned()),
            ("O", "Super Micro Computer, Inc.".to_owned()),
            ("OU", "Software".to_owned()),
            ("CN", "IPMI".to_owned()),
        ]
    },
    firmware,
    absent: &[
        (Place::Adapter, &["Description", "Status"]),
        (Place::BootOption, &["UefiDevicePath"]),
        (Place::Certificate, &["Description"]),
        (Place::CertificateLocations, &["Description"]),
        (Place::CertificateService, &["Description"]),
        (Place::Chassis, &["Description"]),
        (
            Place::Controller,
            &["CacheSummary", "Manufacturer", "Model", "SerialNumber", "SpeedGbps", "SupportedRAIDTypes"],
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
                "MediaType",
                "NegotiatedSpeedGbs",
                "PartNumber",
                "PhysicalLocation",
                "Protocol",
                "RotationSpeedRPM",
            ],
        ),
        (
            Place::Function,
            &[
                "AssignablePhysicalPorts",
                "Description",
                "MaxVirtualFunctions",
                "NetDevFuncCapabilities",
                "Status",
            ],
        ),
        (Place::LogService, &["Description"]),
        (Place::Manager, &["PowerState", "SerialConsole"]),
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
        (Place::MemoryMetrics, &["Description"]),
        (
            Place::NetworkPort,
            &[
                "CurrentLinkSpeedMbps",
                "Description",
                "PortMaximumMTU",
                "Status",
                "SupportedEthernetCapabilities",
                "SupportedLinkCapabilities",
                "VendorId",
                "WakeOnLANEnabled",
            ],
        ),
        (Place::PcieFunction, &["RevisionId"]),
        (
            Place::Port,
            &["CurrentSpeedGbps", "Description", "LinkState", "MaxSpeedGbps", "SignalDetected", "Status"],
        ),
        (Place::Power, &["Description"]),
        (Place::Processor, &["Description", "TotalEnabledCores"]),
        (Place::Protocol, &["HostName"]),
        (Place::Role, &["RoleId"]),
        (Place::System, &["AssetTag", "HostName"]),
        (Place::Thermal, &["Description", "Redundancy"]),
    ],
    decorate,
    extra: |_, _| None,
};

fn firmware(_: &Unit, hardware: &Hardware) -> Vec<Firmware> {
    let item = |id: String, version: &str, released| Firmware {
        name: id.replace('_', " "),
        description: "Firmware".to_owned(),
        version: version.to_owned(),
        released,
        updateable: matches!(id.as_str(), "BMC" | "BIOS" | "CPLD_Motherboard"),
        id,
    };
    let mut items = vec![
        item("BMC".to_owned(), hardware.bmc_firmware, Some("2023-11-03T00:00:00Z")),
        item("Backup_BMC".to_owned(), hardware.bmc_firmware, Some("2023-11-03T00:00:00Z")),
        item("Golden_BMC".to_owned(), "01.00.01", Some("2022-06-20T00:00:00Z")),
        item("BIOS".to_owned(), hardware.bios, Some("2023-10-19T00:00:00Z")),
        // A date that is none, as some of them write.
        item("Golden_BIOS".to_owned(), "1.0", Some("0000-00-00T00:00:00Z")),
        item("CPLD_Motherboard".to_owned(), "F1.00.A5", None),
        item("CPLD_Backplane_1".to_owned(), "08", None),
    ];
    items.extend((1..=2).map(|number| item(format!("PowerSupply{number}"), "1.3", None)));
    for (card, adapter) in hardware.adapters.iter().enumerate() {
        items.push(item(format!("NIC{}", card + 1), adapter.part.firmware, None));
    }
    for (number, drive) in hardware.drives.iter().enumerate().take(6) {
        items.push(item(format!("NVMeSSDA{}", number + 1), drive.part.firmware, None));
    }
    items
}

fn decorate(place: Place, doc: &mut Value, view: &View<'_>) {
    if place == Place::Drive {
        oem::add(doc, "Supermicro", None, SUPERMICRO_DRIVE);
    }
    match place {
        // The controller's UUID ends in its MAC address.
        Place::Root | Place::Manager => {
            let tail = view.hardware.bmc_mac.replace(':', "").to_uppercase();
            set(doc, "UUID", json!(format!("00000000-0000-0000-0000-{tail}")));
        }
        Place::System => {
            set(doc, "SKU", json!("To be filled by O.E.M."));
            set(doc, "BootProgress", json!({ "LastState": view.power.boot_state(view.now, view.timing) }));
            set(doc, "LocationIndicatorActive", json!(view.settings.light));
            set(doc, "PowerOnDelaySeconds", json!(3));
        }
        Place::Chassis => {
            set(doc, "Model", json!(view.hardware.model.board));
            set(doc, "AssetTag", Value::Null);
        }
        Place::BmcNic => {
            set(doc, "HostName", Value::Null);
            set(doc, "NameServers", json!(["(null)"]));
        }
        _ => {}
    }
}
