//! Lenovo: XClarity Controller. Upper-case UUIDs, ETags everywhere, short sessions, ForceOn.

use super::layout::{Controllers, Layout, Licence, Log, Owner, USUAL};
use super::oem::{self, LENOVO_MEMORY, LENOVO_SOFTWARE};
use super::{
    AccessRow, Already, Etag, Expand, Flavour, Full, Ids, ManagerRow, Manner, Model, Names, PowerRow,
    RootRow, Told, Versions,
};
use crate::document::{Place, View, set};
use crate::hardware::{Firmware, Hardware};
use crate::parts::{DDR4, DDR5, ICE_LAKE, RaidPart, SAPPHIRE_RAPIDS};
use crate::unit::Unit;
use model::device::Reset;
use serde_json::{Value, json};

pub(super) static ROW: Flavour = Flavour {
    word: "lenovo",
    manufacturer: "Lenovo",
    root: RootRow {
        vendor: Some("Lenovo"),
        product: None,
        id: "RootService",
        name: "Root Service",
        uuid: true,
        expand_levels: 2,
        expand_all: true,
        expand: Expand::Works(400),
        select: true,
        only_member: true,
    },
    ids: Ids {
        system: "1",
        chassis: "1",
        manager: "1",
        bmc_nic: "NIC",
        storage: "RAID_Slot3",
        backplane: None,
        account: "1",
    },
    versions: Versions {
        redfish: "1.15.0",
        root: "v1_13_0",
        system: "v1_17_0",
        chassis: "v1_19_0",
        manager: "v1_14_0",
        processor: "v1_14_0",
        memory: "v1_14_0",
        storage: "v1_12_0",
        drive: "v1_14_0",
        nic: "v1_8_0",
        adapter: "v1_9_0",
        software: "v1_5_0",
        update: "v1_11_0",
        accounts: "v1_10_0",
        sessions: "v1_1_8",
        account: "v1_8_1",
        role: "v1_3_1",
        tasks: "v1_2_0",
        protocol: "v1_8_0",
        function: "v1_8_0",
        power: "v1_7_1",
        thermal: "v1_7_1",
    },
    schemas: &[
        ("Bios", "v1_2_0"),
        ("EnvironmentMetrics", "v1_2_0"),
        ("LogEntry", "v1_11_0"),
        ("LogService", "v1_3_0"),
        ("NetworkPort", "v1_4_1"),
        ("PCIeDevice", "v1_9_0"),
        ("PCIeFunction", "v1_3_0"),
        ("Port", "v1_6_0"),
        ("Sensor", "v1_5_0"),
        ("ThermalMetrics", "v1_0_1"),
    ],
    layout: Layout {
        newer: true,
        environment: true,
        core_sensors: Some(40),
        controllers: Controllers::Inline,
        bridges: 10,
        pcie: |number| format!("slot_{}", number + 1),
        system_pcie: true,
        memory_metrics: false,
        gpu: Some(|number| format!("GPU{}", number + 1)),
        licences: &[
            Licence { id: "XCC_Advanced", name: "Lenovo XClarity Controller Advanced Upgrade" },
            Licence { id: "XCC_Enterprised", name: "Lenovo XClarity Controller Enterprise Upgrade" },
        ],
        bios: ("Bios", "Pending"),
        registry: Some("1.0.0"),
        attributes: 300,
        boot: (4, |number| format!("Boot{number:04X}")),
        logs: &[
            Log { owner: Owner::System, id: "PlatformLog", entries: 30 },
            Log { owner: Owner::System, id: "AuditLog", entries: 20 },
            Log { owner: Owner::Manager, id: "StandardLog", entries: 10 },
            Log { owner: Owner::Chassis, id: "ActiveLog", entries: 2 },
        ],
        ..USUAL
    },
    manner: Manner {
        context: true,
        counts: false,
        etag: Etag::Strong,
        null_members: false,
        host_nics: true,
        absolute_location: false,
        upper_macs: true,
        upper_uuids: true,
        server: Some("XCC Web Server"),
        usual_ms: 380,
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
        ],
        told: Told::Both,
        shows_change: false,
        restart_through_off: true,
        already: Already::Fine,
        on_seconds: 7,
        off_seconds: 3,
        graceful_seconds: 30,
        boot_seconds: 150,
    },
    access: AccessRow {
        username: "USERID",
        sessions: 16,
        timeout_seconds: 300,
        timeout_told: 300,
        lock_after: 5,
        lock_seconds: 60,
        session_id: |_, number, _| (number + 24).to_string(),
        full: Full {
            status: 503,
            id: "Base.1.11.SessionLimitExceeded",
            message: "The maximum number of simultaneous sessions has been reached.",
        },
    },
    names: Names {
        cpu: |number| (number + 1).to_string(),
        socket: |number| format!("CPU {}", number + 1),
        dimm: |_, _, number| (number + 1).to_string(),
        slot: |_, _, number| format!("DIMM {}", number + 1),
        drive: |number| format!("Disk.{number}"),
        bay: |number| format!("Drive {number}"),
        adapter: |card| if card == 0 { "ob-1".to_owned() } else { format!("slot-{}", card + 4) },
        nic: |_, _, number| format!("NIC{}", number + 1),
        fan: |number| format!("Fan {} Front Tach", number + 1),
        psu: |number| format!("PSU {}", number + 1),
        fan_id: |number| format!("Fan_{}_Front_Tach", number + 1),
        psu_id: |number| format!("PSU{}", number + 1),
        port: |_, port| (port + 1).to_string(),
        volume: |number| number.to_string(),
        sensor: |number, _| format!("{}L0", number + 60),
        raid: RaidPart {
            maker: "Lenovo",
            model: "ThinkSystem RAID 940-8i 4GB Flash PCIe Gen4 12Gb Adapter",
            firmware: "52.24.0-4763",
        },
        gpus: &[],
    },
    manager: ManagerRow {
        name: "Manager",
        model: "Lenovo XClarity Controller",
        firmware: &["TGBT46H 3.22 2023-09-01", "TGBT52E 4.10 2024-01-30"],
        oui: "08:3a:88",
        hostname: |serial| format!("XCC-7Z73-{serial}"),
        restart_seconds: 75,
    },
    models: &[
        Model {
            name: "ThinkSystem SR650 V2",
            sku: "7Z73CTO1WW",
            board: "SB27A91045",
            cpus: ICE_LAKE,
            dimms: DDR4,
            slots: 32,
            bays: 12,
            bios: &["AFE128J", "AFE132H"],
            psu_watts: 1100,
            gpus: 0,
        },
        Model {
            name: "ThinkSystem SR650 V3",
            sku: "7D76CTO1WW",
            board: "SB27B31174",
            cpus: SAPPHIRE_RAPIDS,
            dimms: DDR5,
            slots: 32,
            bays: 8,
            bios: &["ESE118E", "ESE122T"],
            psu_watts: 1800,
            gpus: 4,
        },
    ],
    serial: |dice| format!("J{}{}", dice.digits(1), dice.text(b"0123456789ABCDEFGHJKLMNPRSTVWXYZ", 6)),
    subject: |unit, _| {
        vec![
            ("C", "US".to_owned()),
            ("ST", "NC".to_owned()),
            ("L", "RTP".to_owned()),
            ("O", "Lenovo".to_owned()),
            ("CN", format!("XCC-7Z73-{}", unit.serial)),
        ]
    },
    firmware,
    absent: &[
        (Place::AccountService, &["Status"]),
        (Place::ActionInfo, &["@odata.etag"]),
        (Place::BootOption, &["BootOptionEnabled"]),
        (Place::Function, &["MaxVirtualFunctions", "NetDevFuncCapabilities"]),
        (Place::LogService, &["Status"]),
        (Place::Memory, &["CacheSizeMiB", "ErrorCorrection", "LogicalSizeMiB", "NonVolatileSizeMiB"]),
        (Place::NetworkPort, &["SupportedEthernetCapabilities", "VendorId", "WakeOnLANEnabled"]),
        (Place::Port, &["LinkState", "PortId", "PortProtocol", "PortType", "SignalDetected"]),
        (Place::Sensor, &["SpeedRPM"]),
        (Place::Thermal, &["Redundancy"]),
    ],
    decorate,
    extra: |_, _| None,
};

fn firmware(_: &Unit, hardware: &Hardware) -> Vec<Firmware> {
    let item = |id: &str, version: &str, description: &str, released| Firmware {
        id: id.to_owned(),
        name: format!("Firmware:{}", id.split(['-', '.']).next().unwrap_or(id)),
        version: version.to_owned(),
        description: description.to_owned(),
        released,
        updateable: !id.ends_with("Backup"),
    };
    let bmc = hardware.bmc_firmware.split(' ').nth(1).unwrap_or_default();
    let build = hardware.bmc_firmware.get(4..7).unwrap_or_default();
    let mut items = vec![
        item(
            "BMC-Primary",
            &format!("{build}-{bmc}"),
            "The information of BMC (Primary) firmware.",
            Some("2024-01-30T00:00:00Z"),
        ),
        item(
            "BMC-Backup",
            "40H-3.01",
            "The information of BMC (Backup) firmware.",
            Some("2023-05-11T00:00:00Z"),
        ),
        item("UEFI", hardware.bios, "The information of UEFI firmware.", Some("2024-02-12T00:00:00Z")),
        item("LXPM", "AFL120C-3.31", "The information of LXPM firmware.", Some("2023-10-02T00:00:00Z")),
        item(
            "LXPMLinuxDriver",
            "AFL220C-3.31",
            "The information of LXPM Linux driver.",
            Some("2023-10-02T00:00:00Z"),
        ),
        item(
            "LXPMWindowsDriver",
            "AFL320C-3.31",
            "The information of LXPM Windows driver.",
            Some("2023-10-02T00:00:00Z"),
        ),
        item("PSU1", "7.55", "The information of power supply firmware.", None),
        item("PSU2", "7.55", "The information of power supply firmware.", None),
        item("Slot_3.1", "52.24.0-4763", "ThinkSystem RAID 940-8i 4GB Flash PCIe Gen4 12Gb Adapter", None),
    ];
    for (card, adapter) in hardware.adapters.iter().enumerate() {
        let id = if card == 0 { "Ob_1.1".to_owned() } else { format!("Slot_{}.1", card + 4) };
        items.push(item(&id, adapter.part.firmware, adapter.part.model, None));
    }
    for (number, drive) in hardware.drives.iter().enumerate().take(8) {
        items.push(item(&format!("Disk{}", number + 1), drive.part.firmware, drive.part.model, None));
    }
    items
}

fn decorate(place: Place, doc: &mut Value, view: &View<'_>) {
    match place {
        Place::Memory => oem::add(doc, "Lenovo", None, LENOVO_MEMORY),
        Place::Firmware => oem::add(doc, "Lenovo", None, LENOVO_SOFTWARE),
        _ => {}
    }
    match place {
        Place::Chassis => {
            let placement = json!({ "Rack": view.unit.rack, "RackOffset": view.unit.rack_unit, "RackOffsetUnits": "EIA_310" });
            set(
                doc,
                "Location",
                json!({ "Placement": placement, "PostalAddress": { "Room": "", "Building": "" } }),
            );
            set(doc, "SKU", json!(view.hardware.model.sku));
            set(doc, "UUID", json!(view.hardware.service_uuid));
        }
        Place::System => {
            set(doc, "PartNumber", Value::Null);
            set(doc, "SubModel", json!(view.hardware.model.sku.get(..4)));
            let total = if view.power.is_on() { view.power.seconds(view.now).max(0.0).round() } else { 0.0 };
            set(
                doc,
                "Oem",
                json!({ "Lenovo": { "TotalPowerOnSeconds": total, "SystemStatus": view.power.boot_state(view.now, view.timing) } }),
            );
        }
        Place::Memory => set(doc, "VendorID", doc.get("Manufacturer").cloned().unwrap_or_default()),
        _ => {}
    }
}
