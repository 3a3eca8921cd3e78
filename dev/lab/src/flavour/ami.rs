//! AMI: MegaRAC, as on Gigabyte's boards. Everything is `Self`, collections come in pages, `$expand` is
//! announced and ignored.

use super::layout::{Layout, Log, Owner, Ports, USUAL};
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
    word: "ami",
    manufacturer: "GIGABYTE",
    root: RootRow {
        vendor: Some("AMI"),
        product: Some("AMI Redfish Server"),
        id: "RootService",
        name: "Root Service",
        uuid: true,
        expand_levels: 5,
        expand_all: true,
        expand: Expand::Ignored,
        select: true,
        only_member: true,
    },
    ids: Ids {
        system: "Self",
        chassis: "Self",
        manager: "Self",
        bmc_nic: "eth0",
        storage: "StorageUnit_0",
        backplane: None,
        account: "1",
    },
    versions: Versions {
        redfish: "1.11.0",
        root: "v1_13_0",
        system: "v1_17_0",
        chassis: "v1_15_0",
        manager: "v1_14_0",
        processor: "v1_10_0",
        memory: "v1_11_0",
        storage: "v1_9_0",
        drive: "v1_11_0",
        nic: "v1_6_2",
        adapter: "v1_5_0",
        software: "v1_2_3",
        update: "v1_11_0",
        accounts: "v1_8_0",
        sessions: "v1_1_6",
        account: "v1_5_0",
        role: "v1_3_0",
        tasks: "v1_1_4",
        protocol: "v1_6_0",
        function: "v1_5_0",
        power: "v1_5_4",
        thermal: "v1_5_3",
    },
    schemas: &[
        ("AttributeRegistry", "v1_3_1"),
        ("BootOption", "v1_0_3"),
        ("Certificate", "v1_2_1"),
        ("CertificateService", "v1_0_2"),
        ("LogService", "v1_1_0"),
        ("MemoryMetrics", "v1_3_0"),
    ],
    layout: Layout {
        newer: true,
        core_sensors: Some(64),
        ports: Ports { newer: true, older: true, functions: true },
        // Every function of the chipset is a device of its own here.
        bridges: 72,
        pcie: |number| format!("00_{:02X}_{:02X}", number / 8, number % 8),
        system_pcie: true,
        memory_metrics: true,
        bios: ("Bios", "SD"),
        registry: Some("113.1.1.3"),
        attributes: 200,
        boot: (8, |number| format!("{number:04X}")),
        logs: &[
            Log { owner: Owner::System, id: "BIOS", entries: 6 },
            Log { owner: Owner::Manager, id: "SEL", entries: 90 },
            Log { owner: Owner::Manager, id: "AuditLog", entries: 20 },
            Log { owner: Owner::Chassis, id: "Logs", entries: 4 },
        ],
        page: 75,
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
        server: Some("AMI Redfish Server"),
        usual_ms: 526,
    },
    power: PowerRow {
        resets: &[
            Reset::On,
            Reset::ForceOff,
            Reset::GracefulShutdown,
            Reset::ForceRestart,
            Reset::PowerCycle,
            Reset::Nmi,
        ],
        told: Told::Info,
        shows_change: false,
        restart_through_off: true,
        already: Already::Fine,
        on_seconds: 6,
        off_seconds: 5,
        graceful_seconds: 20,
        boot_seconds: 110,
    },
    access: AccessRow {
        username: "admin",
        sessions: 15,
        timeout_seconds: 1800,
        timeout_told: 1800,
        lock_after: 3,
        lock_seconds: 60,
        session_id: |dice, _, _| dice.hex(32).to_lowercase(),
        full: Full {
            status: 503,
            id: "Base.1.11.SessionLimitExceeded",
            message: "The session establishment failed due to the number of simultaneous sessions exceeding the limit of the implementation.",
        },
    },
    names: Names {
        cpu: |number| format!("DevType1_CPU{number}"),
        socket: |number| format!("CPU{number}"),
        dimm: |_, _, number| format!("DevType2_DIMM{number}"),
        slot: |cpu, slot, _| {
            let channel = char::from(b'A' + u8::try_from(slot % 16).unwrap_or(0));
            format!("DIMM_P{cpu}_{channel}{}", slot / 16)
        },
        drive: |number| format!("NVMe_Device{number}_NSID1"),
        bay: |number| format!("NVMe Device {number}"),
        adapter: |card| format!("DevType7_NIC{card}"),
        nic: |_, port, _| format!("NetworkDeviceFunction{port}"),
        fan: |number| format!("SYS_FAN{}", number + 1),
        psu: |number| format!("PSU{}", number + 1),
        fan_id: |number| format!("SYS_FAN{}", number + 1),
        psu_id: |number| format!("PSU{}", number + 1),
        port: |_, port| format!("NetworkPort{port}"),
        volume: |number| number.to_string(),
        sensor: |_, name| name.replace(' ', "_").to_uppercase(),
        raid: RaidPart { maker: "Broadcom", model: "MegaRAID 9460-16i", firmware: "5.190.02-3648" },
        gpus: &[],
    },
    manager: ManagerRow {
        name: "Manager",
        model: "AST2600",
        firmware: &["12.61.21", "13.05.07", "13.06.02"],
        oui: "d8:5e:d3",
        hostname: |serial| format!("AMI{serial}"),
        restart_seconds: 110,
    },
    models: &[
        Model {
            name: "R282-Z93-00",
            sku: "01234567890123456789AB",
            board: "MZ92-FS0-00",
            cpus: EPYC,
            dimms: DDR4,
            slots: 32,
            bays: 12,
            bios: &["M22", "R23_F01"],
            psu_watts: 2000,
            gpus: 2,
        },
        Model {
            name: "R183-S90-AAV1",
            sku: "01234567890123456789AB",
            board: "MS93-FS0-000",
            cpus: SAPPHIRE_RAPIDS,
            dimms: DDR5,
            slots: 32,
            bays: 12,
            bios: &["F08", "R10"],
            psu_watts: 1600,
            gpus: 0,
        },
    ],
    serial: |dice| format!("GJG4N{}A{}", dice.digits(4), dice.digits(4)),
    subject: |_, _| {
        vec![
            ("C", "US".to_owned()),
            ("ST", "Georgia".to_owned()),
            ("L", "Atlanta".to_owned()),
            ("O", "American Megatrends International LLC (AMI)".to_owned()),
            ("OU", "Service Processors".to_owned()),
            ("CN", "AMI".to_owned()),
        ]
    },
    firmware,
    absent: &[
        (Place::Adapter, &["Description"]),
        (Place::BmcNic, &["NameServers"]),
        (Place::Fan, &["Description", "HotPluggable", "Location"]),
        (Place::Firmware, &["Description"]),
        (Place::Function, &["Description"]),
        (Place::Memory, &["Description"]),
        (Place::PcieDevice, &["Description", "Links"]),
        (Place::PcieFunction, &["Description"]),
        (Place::Port, &["Description", "Ethernet"]),
        (Place::Power, &["Redundancy"]),
        (Place::PowerSubsystem, &["Allocation", "CapacityWatts"]),
        (Place::PowerSupply, &["HotPluggable", "InputNominalVoltageType", "SparePartNumber"]),
        (Place::Processor, &["Description"]),
        (Place::Protocol, &["NTP"]),
        (Place::Sensor, &["SpeedRPM"]),
        (Place::System, &["PartNumber"]),
        (Place::Thermal, &["Redundancy"]),
        (Place::ThermalMetrics, &["TemperatureSummaryCelsius"]),
    ],
    decorate,
    extra: |_, _| None,
};

fn firmware(_: &Unit, hardware: &Hardware) -> Vec<Firmware> {
    let item = |id: String, version: &str, updateable| Firmware {
        name: id.clone(),
        description: format!("{id} firmware"),
        version: version.to_owned(),
        released: None,
        updateable,
        id,
    };
    let mut items = vec![
        item("BMCImage1".to_owned(), hardware.bmc_firmware, true),
        item("BMCImage2".to_owned(), hardware.bmc_firmware, true),
        item("BIOS".to_owned(), hardware.bios, true),
        item("BIOS2".to_owned(), hardware.bios, true),
        item("CPLDMB_0".to_owned(), "F1.03", true),
        item("PSU_1".to_owned(), "00.07.11", false),
        item("PSU_2".to_owned(), "00.07.11", false),
    ];
    for (card, adapter) in hardware.adapters.iter().enumerate() {
        items.push(item(format!("NIC_{card}"), adapter.part.firmware, false));
    }
    for (number, drive) in hardware.drives.iter().enumerate().take(8) {
        items.push(item(format!("Drive_{number}"), drive.part.firmware, false));
    }
    items
}

fn decorate(place: Place, doc: &mut Value, view: &View<'_>) {
    match place {
        Place::Root => set(
            doc,
            "Oem",
            json!({ "Ami": { "@odata.type": "#AMIServiceRoot.v1_0_0.AMIServiceRoot", "RtpVersion": view.hardware.bmc_firmware } }),
        ),
        Place::System => {
            let bios = json!({ "RedfishVersion": "1.11.0", "RtpVersion": "RB_1.0.16" });
            set(doc, "Oem", json!({ "Ami": { "Bios": bios } }));
            set(doc, "AssetTag", json!(view.settings.asset_tag.as_deref().unwrap_or("Free form asset tag")));
            set(doc, "LastResetTime", json!(view.time(view.power.last_reset())));
            set(doc, "PowerRestorePolicy", json!("LastState"));
        }
        // What nobody filled in on the way from AMI to the customer.
        Place::Chassis => {
            let asset = view.settings.asset_tag.as_deref().unwrap_or("01234567890123456789AB");
            set(doc, "AssetTag", json!(asset));
            set(doc, "ChassisType", json!("Other"));
        }
        _ => {}
    }
}
