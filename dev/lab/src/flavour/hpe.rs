//! HPE: iLO 5. Weak ETags, `$expand` of one kind only, no PowerCycle, whole URLs for new sessions.

use super::layout::{Controllers, Layout, Log, Owner, USUAL};
use super::oem::{self, HPE_MEMORY, HPE_PROCESSOR, HPE_SYSTEM};
use super::{
    AccessRow, Already, Etag, Expand, Flavour, Full, Ids, ManagerRow, Manner, Model, Names, PowerRow,
    RootRow, Told, Versions,
};
use crate::document::{Place, View, set, unset};
use crate::hardware::{Firmware, Hardware};
use crate::parts::{DDR4, EPYC, ICE_LAKE, RaidPart};
use crate::unit::Unit;
use model::device::Reset;
use serde_json::{Value, json};

pub(super) static ROW: Flavour = Flavour {
    word: "hpe",
    manufacturer: "HPE",
    root: RootRow {
        vendor: Some("HPE"),
        product: Some("{model}"),
        id: "RootService",
        name: "HPE RESTful Root Service",
        uuid: true,
        expand_levels: 1,
        expand_all: false,
        expand: Expand::Works(400),
        select: true,
        only_member: true,
    },
    ids: Ids {
        system: "1",
        chassis: "1",
        manager: "1",
        bmc_nic: "1",
        storage: "DE00A000",
        backplane: None,
        account: "1",
    },
    versions: Versions {
        redfish: "1.6.0",
        root: "v1_5_1",
        system: "v1_13_0",
        chassis: "v1_11_2",
        manager: "v1_5_1",
        processor: "v1_7_2",
        memory: "v1_7_1",
        storage: "v1_12_0",
        drive: "v1_7_0",
        nic: "v1_4_1",
        adapter: "v1_5_0",
        software: "v1_2_0",
        update: "v1_2_1",
        accounts: "v1_5_0",
        sessions: "v1_0_0",
        account: "v1_3_0",
        role: "v1_2_1",
        tasks: "v1_1_1",
        protocol: "v1_0_0",
        function: "v1_5_0",
        power: "v1_3_0",
        thermal: "v1_7_1",
    },
    schemas: &[
        ("AttributeRegistry", "v1_2_1"),
        ("Bios", "v1_0_4"),
        ("BootOption", "v1_0_1"),
        ("LogEntry", "v1_11_0"),
        ("LogService", "v1_1_0"),
        ("MessageRegistryFile", "v1_0_4"),
        ("Port", "v1_6_0"),
    ],
    layout: Layout {
        controllers: Controllers::Collection,
        unit_per_drive: Some(|number| format!("DA{number:06X}")),
        bridges: 6,
        pcie: |number| (number + 7).to_string(),
        bios: ("bios", "settings"),
        registry: Some("v1_2_60"),
        attributes: 240,
        boot: (20, |number| (number + 1).to_string()),
        logs: &[
            Log { owner: Owner::System, id: "IML", entries: 12 },
            Log { owner: Owner::System, id: "SL", entries: 3 },
            Log { owner: Owner::Manager, id: "IEL", entries: 40 },
        ],
        ..USUAL
    },
    manner: Manner {
        context: true,
        counts: false,
        etag: Etag::Weak,
        null_members: false,
        host_nics: true,
        absolute_location: true,
        upper_macs: false,
        upper_uuids: false,
        server: Some("HPE-iLO-Server/1.30"),
        usual_ms: 305,
    },
    power: PowerRow {
        resets: &[
            Reset::On,
            Reset::ForceOff,
            Reset::GracefulShutdown,
            Reset::ForceRestart,
            Reset::Nmi,
            Reset::PushPowerButton,
            Reset::GracefulRestart,
        ],
        told: Told::Values,
        shows_change: true,
        restart_through_off: true,
        already: Already::Refused(400),
        on_seconds: 6,
        off_seconds: 4,
        graceful_seconds: 25,
        boot_seconds: 120,
    },
    access: AccessRow {
        username: "Administrator",
        sessions: 13,
        timeout_seconds: 1800,
        // Minutes, where the schema asks for seconds.
        timeout_told: 30,
        lock_after: 4,
        lock_seconds: 10,
        session_id: |dice, _, user| format!("{}00000000{}", user.to_lowercase(), dice.hex(16).to_lowercase()),
        full: Full {
            status: 400,
            id: "iLO.2.16.MaxSessionsReached",
            message: "The maximum number of sessions has been reached.",
        },
    },
    names: Names {
        cpu: |number| (number + 1).to_string(),
        socket: |number| format!("Proc {}", number + 1),
        dimm: |cpu, slot, _| format!("proc{}dimm{}", cpu + 1, slot + 1),
        slot: |cpu, slot, _| format!("PROC {} DIMM {}", cpu + 1, slot + 1),
        drive: |number| number.to_string(),
        bay: |number| format!("Box 1:Bay {}", number + 1),
        adapter: |card| format!("DC0{:02X}000", card * 8),
        nic: |_, _, number| (number + 1).to_string(),
        fan: |number| format!("Fan {}", number + 1),
        psu: |number| format!("HpeServerPowerSupply {}", number + 1),
        fan_id: |number| number.to_string(),
        psu_id: |number| number.to_string(),
        port: |_, port| port.to_string(),
        volume: |number| (number + 1).to_string(),
        sensor: |number, _| number.to_string(),
        raid: RaidPart { maker: "HPE", model: "HPE Smart Array P408i-a SR Gen10", firmware: "5.61" },
        gpus: &[],
    },
    manager: ManagerRow {
        name: "Manager",
        model: "iLO 5",
        firmware: &["iLO 5 v2.72", "iLO 5 v2.98", "iLO 5 v3.03"],
        oui: "5c:ed:8c",
        hostname: |serial| format!("ILO{serial}"),
        restart_seconds: 45,
    },
    models: &[
        Model {
            name: "ProLiant DL385 Gen10 Plus v2",
            sku: "P55081-B21",
            board: "P14278-001",
            cpus: EPYC,
            dimms: DDR4,
            slots: 32,
            bays: 12,
            bios: &["A42 v2.84 (08/17/2023)", "A42 v3.10 (11/14/2023)"],
            psu_watts: 800,
            gpus: 0,
        },
        Model {
            name: "ProLiant DL380 Gen10 Plus",
            sku: "P55246-B21",
            board: "P11781-001",
            cpus: ICE_LAKE,
            dimms: DDR4,
            slots: 32,
            bays: 8,
            bios: &["U46 v1.84 (08/17/2023)", "U46 v2.00 (01/18/2024)"],
            psu_watts: 800,
            gpus: 0,
        },
    ],
    serial: |dice| {
        format!(
            "{}{}{}",
            dice.pick(&["MXQ", "CZJ", "SGH"]),
            dice.digits(3),
            dice.text(b"0123456789BCDFGHJKLMNPQRSTVWXYZ", 4)
        )
    },
    subject: |unit, _| {
        vec![
            ("CN", format!("ILO{}", unit.serial)),
            ("OU", "ISS".to_owned()),
            ("O", "Hewlett Packard Enterprise".to_owned()),
            ("L", "Houston".to_owned()),
            ("ST", "Texas".to_owned()),
            ("C", "US".to_owned()),
        ]
    },
    firmware,
    absent: &[
        (Place::Account, &["AccountTypes", "Enabled", "Locked"]),
        (
            Place::AccountService,
            &[
                "AccountLockoutCounterResetAfter",
                "AccountLockoutDuration",
                "AccountLockoutThreshold",
                "MaxPasswordLength",
                "ServiceEnabled",
                "Status",
            ],
        ),
        (Place::Adapter, &["@odata.context", "Description"]),
        (Place::Bios, &["Description"]),
        (Place::BootOption, &["BootOptionEnabled", "Description"]),
        (Place::CertificateLocations, &["Links"]),
        (Place::Chassis, &["Description", "PartNumber"]),
        (Place::Drive, &["Description", "Manufacturer", "PartNumber", "RotationSpeedRPM"]),
        (Place::Function, &["@odata.context", "Description"]),
        (Place::LogService, &["Description", "LogEntryType", "MaxNumberOfRecords"]),
        (Place::Manager, &["Description", "PowerState"]),
        (Place::Memory, &["AllowedSpeedsMHz", "Description", "Links", "ModuleManufacturerID"]),
        (Place::NetworkPort, &["@odata.context", "Description", "Status"]),
        (Place::PcieDevice, &["Description", "DeviceType", "Links", "PCIeInterface"]),
        (Place::PcieFunction, &["Description", "Links", "Status"]),
        (Place::Port, &["@odata.context", "Description"]),
        (Place::Power, &["Description", "Voltages"]),
        (Place::Processor, &["Description", "TotalEnabledCores", "Version"]),
        (Place::Protocol, &["Description", "NTP"]),
        (Place::Registry, &["@odata.context", "@odata.etag"]),
        (Place::Storage, &["Description"]),
        (Place::System, &["Description", "PartNumber"]),
        (Place::Thermal, &["Description", "Redundancy"]),
        (Place::UpdateService, &["Status"]),
        (Place::Volume, &["@odata.context"]),
    ],
    decorate,
    extra: devices,
};

fn firmware(_: &Unit, hardware: &Hardware) -> Vec<Firmware> {
    let ilo = hardware.bmc_firmware.trim_start_matches("iLO 5 v");
    let mut named = vec![
        ("iLO 5".to_owned(), format!("{ilo} Nov 08 2023"), "SystemBMC".to_owned()),
        ("System ROM".to_owned(), hardware.bios.to_owned(), "SystemRomActive".to_owned()),
        ("Redundant System ROM".to_owned(), hardware.bios.to_owned(), "SystemRomBackup".to_owned()),
        (
            "Intelligent Platform Abstraction Data".to_owned(),
            "13.4.0 Build 17".to_owned(),
            "PlatformDefinitionTable".to_owned(),
        ),
        (
            "System Programmable Logic Device".to_owned(),
            "0x13".to_owned(),
            "SystemProgrammableLogicDevice".to_owned(),
        ),
        (
            "Power Management Controller Firmware".to_owned(),
            "1.0.8".to_owned(),
            "PowerManagementController".to_owned(),
        ),
        ("Innovation Engine (IE) Firmware".to_owned(), "0.2.3.0".to_owned(), "InnovationEngine".to_owned()),
        ("Embedded Video Controller".to_owned(), "2.5".to_owned(), "102b0538159000e4".to_owned()),
        ("HPE Smart Array P408i-a SR Gen10".to_owned(), "5.61".to_owned(), "9005028f103c0650".to_owned()),
    ];
    let card = |adapter: &crate::hardware::Adapter| {
        (adapter.part.model.to_owned(), adapter.part.firmware.to_owned(), adapter.part.part.to_owned())
    };
    named.extend(hardware.adapters.iter().map(card));
    named.extend(hardware.drives.iter().take(4).map(|drive| {
        (
            format!("{} Drive", drive.part.protocol),
            drive.part.firmware.to_owned(),
            drive.part.model.to_owned(),
        )
    }));
    named.extend(
        (1..=2).map(|_| ("Power Supply Firmware".to_owned(), "1.00".to_owned(), "PowerSupply".to_owned())),
    );
    named
        .into_iter()
        .enumerate()
        .map(|(number, (name, version, description))| Firmware {
            id: (number + 1).to_string(),
            name,
            version,
            description,
            released: None,
            updateable: true,
        })
        .collect()
}

fn decorate(place: Place, doc: &mut Value, view: &View<'_>) {
    match place {
        Place::Root => {
            if let Some(features) = doc.get_mut("ProtocolFeaturesSupported") {
                unset(features, "DeepOperations");
            }
            let version = view.hardware.bmc_firmware.trim_start_matches("iLO 5 v");
            set(
                doc,
                "Oem",
                json!({ "Hpe": {
                    "@odata.type": "#HpeiLOServiceExt.v2_4_0.HpeiLOServiceExt",
                    "Manager": [{
                        "HostName": (view.row.manager.hostname)(&view.unit.serial),
                        "ManagerFirmwareVersion": version,
                        "ManagerType": "iLO 5",
                        "Status": { "Health": "OK" },
                    }],
                    "Moniker": { "PRODGEN": "iLO 5", "VENDABR": "HPE" },
                }}),
            );
        }
        Place::System => {
            let boot = view.power.boot_state(view.now, view.timing);
            let post = match boot {
                "None" => "PowerOff",
                "OSRunning" | "OSBootStarted" => "FinishedPost",
                _ => "InPost",
            };
            set(doc, "Oem", json!({ "Hpe": { "PostState": post, "PowerOnDelay": "Minimum" } }));
            oem::add(doc, "Hpe", None, HPE_SYSTEM);
            doc.get_mut("ProcessorSummary").into_iter().for_each(|summary| {
                unset(summary, "CoreCount");
                unset(summary, "LogicalProcessorCount");
            });
        }
        // The server's interfaces tell their state only with an agent in the operating system.
        Place::HostNic => {
            set(doc, "Name", json!(""));
            set(doc, "Status", json!({ "Health": null, "State": null }));
            set(doc, "InterfaceEnabled", Value::Null);
            set(doc, "SpeedMbps", Value::Null);
            set(doc, "LinkStatus", Value::Null);
        }
        Place::Processor => {
            set(doc, "PartNumber", json!(""));
            set(doc, "SerialNumber", json!(""));
            oem::add(doc, "Hpe", None, HPE_PROCESSOR);
        }
        Place::Memory => oem::add(doc, "Hpe", None, HPE_MEMORY),
        // What its older schemas do not have.
        Place::Power => {
            for (list, names) in [
                ("PowerSupplies", &["HotPluggable", "PowerInputWatts", "PowerOutputWatts"][..]),
                ("PowerControl", &["PhysicalContext"]),
            ] {
                let items = doc.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
                items.for_each(|item| names.iter().for_each(|name| unset(item, name)));
            }
        }
        Place::Protocol => doc.get_mut("HTTPS").into_iter().for_each(|https| unset(https, "Certificates")),
        Place::Chassis => {
            let devices = json!({ "@odata.id": format!("{}/Devices", view.chassis_path()) });
            set(doc, "Oem", json!({ "Hpe": { "Links": { "Devices": devices } } }));
        }
        _ => {}
    }
}

/// What is plugged in, by HPE's own schema.
fn devices(view: &View<'_>, path: &[&str]) -> Option<Value> {
    let base = format!("{}/Devices", view.chassis_path());
    let ["Chassis", "1", "Devices", rest @ ..] = path else { return None };
    let hardware = view.hardware;
    let mut all: Vec<(String, String, &str, &str, &str)> = Vec::new();
    for (card, adapter) in hardware.adapters.iter().enumerate() {
        let place = if card == 0 { "Embedded LOM".to_owned() } else { format!("PCI-E Slot {card}") };
        all.push((
            adapter.part.model.to_owned(),
            place,
            adapter.part.part,
            &adapter.serial,
            adapter.part.firmware,
        ));
    }
    for (number, drive) in hardware.drives.iter().enumerate() {
        let place = (view.row.names.bay)(number);
        all.push((
            format!("{} Drive", drive.part.protocol),
            place,
            drive.part.model,
            &drive.serial,
            drive.part.firmware,
        ));
    }
    for (number, psu) in hardware.psus.iter().enumerate() {
        let place = format!("Power Supply Slot {}", number + 1);
        all.push(("HPE Flexible Slot Power Supply".to_owned(), place, "865414-B21", &psu.serial, "1.00"));
    }
    let raid = view.row.names.raid;
    all.push((
        raid.model.to_owned(),
        "Embedded RAID".to_owned(),
        "836260-001",
        &hardware.raid_serial,
        raid.firmware,
    ));
    match rest {
        [] => {
            let ids: Vec<String> = (1..=all.len()).map(|number| number.to_string()).collect();
            Some(view.collection(&base, "HpeServerDeviceCollection", "Devices", &ids).1)
        }
        [id] => {
            let (_, (name, place, product, serial, version)) =
                (1_usize..).zip(&all).find(|(number, _)| number.to_string() == *id)?;
            let mut doc = json!({
                "Name": name,
                "Location": place,
                "Manufacturer": "HPE",
                "ProductPartNumber": product,
                "SerialNumber": serial,
                "FirmwareVersion": { "Current": { "VersionString": version } },
                "Status": { "State": "Enabled", "Health": "OK" },
            });
            view.head(&mut doc, "HpeServerDevice", &format!("{base}/{id}"), id);
            Some(doc)
        }
        _ => None,
    }
}
