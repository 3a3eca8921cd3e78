//! Dell: iDRAC 9. Identifiers with dots, the service tag in the root, no intermediate power states.

use super::layout::{Layout, Log, Owner, Ports, USUAL};
use super::oem::{self, DELL_DISK, DELL_MEMORY, DELL_NIC, DELL_SOFTWARE, DELL_SYSTEM};
use super::{
    AccessRow, Already, Etag, Expand, Flavour, Full, Ids, ManagerRow, Manner, Model, Names, PowerRow,
    RootRow, Told, Versions,
};
use crate::document::{Place, View, set};
use crate::hardware::{Firmware, Hardware};
use crate::parts::{CASCADE_LAKE, DDR4, DDR5, ICE_LAKE, RaidPart, SAPPHIRE_RAPIDS};
use crate::unit::Unit;
use model::device::Reset;
use serde_json::{Value, json};

pub(super) static ROW: Flavour = Flavour {
    word: "dell",
    manufacturer: "Dell Inc.",
    root: RootRow {
        vendor: Some("Dell"),
        product: Some("Integrated Dell Remote Access Controller"),
        id: "RootService",
        name: "Root Service",
        uuid: false,
        expand_levels: 1,
        expand_all: true,
        expand: Expand::Works(400),
        select: true,
        only_member: true,
    },
    ids: Ids {
        system: "System.Embedded.1",
        chassis: "System.Embedded.1",
        manager: "iDRAC.Embedded.1",
        bmc_nic: "NIC.1",
        storage: "RAID.Slot.3-1",
        backplane: None,
        account: "2",
    },
    versions: Versions {
        redfish: "1.13.1",
        root: "v1_10_0",
        system: "v1_16_0",
        chassis: "v1_16_0",
        manager: "v1_12_0",
        processor: "v1_12_0",
        memory: "v1_12_0",
        storage: "v1_10_1",
        drive: "v1_12_1",
        nic: "v1_6_4",
        adapter: "v1_7_0",
        software: "v1_4_0",
        update: "v1_9_0",
        accounts: "v1_9_0",
        sessions: "v1_1_8",
        account: "v1_8_0",
        role: "v1_3_1",
        tasks: "v1_2_0",
        protocol: "v1_7_0",
        function: "v1_7_0",
        power: "v1_7_1",
        thermal: "v1_7_1",
    },
    schemas: &[
        ("Bios", "v1_2_0"),
        ("Certificate", "v1_3_0"),
        ("Fan", "v1_1_0"),
        ("NetworkPort", "v1_4_1"),
        ("PCIeDevice", "v1_7_0"),
        ("PCIeFunction", "v1_3_0"),
        ("PowerSubsystem", "v1_0_0"),
        ("PowerSupply", "v1_1_0"),
        ("PowerSupplyMetrics", "v1_0_0"),
        ("Sensor", "v1_3_0"),
        ("StorageController", "v1_2_0"),
    ],
    layout: Layout {
        newer: true,
        core_sensors: Some(8),
        assembly: true,
        controller: str::to_owned,
        ports: Ports { newer: false, older: true, functions: true },
        bridges: 12,
        pcie: |number| format!("{}-0", 23 + number * 5),
        system_pcie: true,
        memory_metrics: true,
        gpu: Some(|number| format!("Video.Slot.{}-1", number + 2)),
        registry: Some("v1_0_3"),
        attributes: 190,
        boot: (5, |number| format!("Boot{number:04X}")),
        logs: &[
            Log { owner: Owner::Manager, id: "Lclog", entries: 120 },
            Log { owner: Owner::Manager, id: "Sel", entries: 14 },
            Log { owner: Owner::Manager, id: "FaultList", entries: 2 },
        ],
        page: 50,
        ..USUAL
    },
    manner: Manner {
        context: true,
        counts: true,
        etag: Etag::Accounts,
        null_members: false,
        host_nics: true,
        absolute_location: false,
        upper_macs: true,
        upper_uuids: false,
        server: Some("iDRAC/9"),
        usual_ms: 190,
    },
    power: PowerRow {
        resets: &[
            Reset::On,
            Reset::ForceOff,
            Reset::ForceRestart,
            Reset::GracefulRestart,
            Reset::GracefulShutdown,
            Reset::PushPowerButton,
            Reset::Nmi,
            Reset::PowerCycle,
        ],
        told: Told::Values,
        shows_change: false,
        restart_through_off: false,
        already: Already::Refused(409),
        on_seconds: 4,
        off_seconds: 3,
        graceful_seconds: 20,
        boot_seconds: 90,
    },
    access: AccessRow {
        username: "root",
        sessions: 8,
        timeout_seconds: 1800,
        timeout_told: 1800,
        lock_after: 5,
        lock_seconds: 60,
        session_id: |_, number, _| (number + 100).to_string(),
        full: Full {
            status: 503,
            id: "IDRAC.2.8.RAC0218",
            message: "The maximum number of user sessions is reached, so a new session cannot be created.",
        },
    },
    names: Names {
        cpu: |number| format!("CPU.Socket.{}", number + 1),
        socket: |number| format!("CPU.Socket.{}", number + 1),
        dimm: |cpu, slot, _| format!("DIMM.Socket.{}{}", if cpu == 0 { 'A' } else { 'B' }, slot + 1),
        slot: |cpu, slot, _| format!("DIMM {}{}", if cpu == 0 { 'A' } else { 'B' }, slot + 1),
        drive: |number| format!("Disk.Bay.{number}:Enclosure.Internal.0-1:RAID.Slot.3-1"),
        bay: |number| format!("Physical Disk 0:1:{number}"),
        adapter: |card| if card == 0 { "NIC.Embedded.1".to_owned() } else { format!("NIC.Slot.{card}") },
        nic: |card, port, _| {
            if card == 0 {
                format!("NIC.Embedded.{}-1-1", port + 1)
            } else {
                format!("NIC.Slot.{card}-{}-1", port + 1)
            }
        },
        fan: |number| format!("System Board Fan{}A", number + 1),
        psu: |number| format!("PS{} Status", number + 1),
        fan_id: |number| format!("Fan.Embedded.{}A", number + 1),
        psu_id: |number| format!("PSU.Slot.{}", number + 1),
        port: |card, port| {
            if card == 0 {
                format!("NIC.Embedded.1-{}", port + 1)
            } else {
                format!("NIC.Slot.{card}-{}", port + 1)
            }
        },
        volume: |number| format!("Disk.Virtual.{number}:RAID.Slot.3-1"),
        sensor: |_, name| name.replace(' ', ""),
        raid: RaidPart { maker: "DELL", model: "PERC H755 Front", firmware: "52.26.0-5179" },
        gpus: &[],
    },
    manager: ManagerRow {
        name: "Manager",
        model: "16G Monolithic",
        firmware: &["6.10.30.00", "6.10.80.00", "7.00.60.00"],
        oui: "b0:7b:25",
        hostname: |serial| format!("idrac-{serial}"),
        restart_seconds: 60,
    },
    models: &[
        Model {
            name: "PowerEdge R640",
            sku: "",
            board: "0W23H8A05",
            cpus: CASCADE_LAKE,
            dimms: DDR4,
            slots: 24,
            bays: 10,
            bios: &["2.19.1", "2.21.2"],
            psu_watts: 750,
            gpus: 0,
        },
        Model {
            name: "PowerEdge R750",
            sku: "",
            board: "06V45NA01",
            cpus: ICE_LAKE,
            dimms: DDR4,
            slots: 32,
            bays: 12,
            bios: &["1.10.2", "1.12.1"],
            psu_watts: 1400,
            gpus: 2,
        },
        Model {
            name: "PowerEdge R660",
            sku: "",
            board: "05KF51A02",
            cpus: SAPPHIRE_RAPIDS,
            dimms: DDR5,
            slots: 32,
            bays: 10,
            bios: &["1.6.6", "2.1.5"],
            psu_watts: 1100,
            gpus: 0,
        },
    ],
    serial: |dice| {
        format!("{}{}3", dice.text(b"123456789BCDFGHJ", 1), dice.text(b"0123456789BCDFGHJKLMNPQRSTVWXYZ", 5))
    },
    subject: |unit, _| {
        vec![
            ("C", "US".to_owned()),
            ("ST", "Texas".to_owned()),
            ("L", "Round Rock".to_owned()),
            ("O", "Dell Inc.".to_owned()),
            ("OU", "Remote Access Group".to_owned()),
            ("CN", format!("idrac-{}", unit.serial)),
        ]
    },
    firmware,
    absent: &[
        (Place::Account, &["AccountTypes@odata.count"]),
        (Place::Certificate, &["KeyUsage"]),
        (Place::Controller, &["SerialNumber"]),
        (Place::Drive, &["StatusIndicator"]),
        (Place::Function, &["DeviceEnabled"]),
        (Place::LogService, &["Status"]),
        (Place::Gpu, &["FirmwareVersion", "Location"]),
        (Place::Memory, &["BaseModuleType", "MemoryLocation", "MemoryMedia"]),
        (Place::MemoryMetrics, &["BandwidthPercent"]),
        (Place::NetworkPort, &["AssociatedNetworkAddresses@odata.count", "PortMaximumMTU"]),
        (Place::PcieDevice, &["PCIeInterface"]),
        (Place::PowerSubsystem, &["PowerSupplyRedundancy@odata.count"]),
        (Place::PowerSupply, &["Location"]),
        (Place::Protocol, &["SSDP"]),
        (Place::Registry, &["SupportedSystems@odata.count"]),
        (Place::Sensor, &["ReadingRangeMax", "ReadingRangeMin", "RelatedItem"]),
    ],
    decorate,
    extra: |_, _| None,
};

fn firmware(_: &Unit, hardware: &Hardware) -> Vec<Firmware> {
    let item = |component: u32, version: &str, place: &str, name: String| Firmware {
        id: format!("Installed-{component}-{version}__{place}"),
        name,
        version: version.to_owned(),
        description: "Represents Firmware Inventory".to_owned(),
        released: None,
        updateable: true,
    };
    let mut items = vec![
        item(159, hardware.bios, "BIOS.Setup.1-1", "BIOS".to_owned()),
        item(
            25227,
            hardware.bmc_firmware,
            "iDRAC.Embedded.1-1",
            "Integrated Remote Access Controller".to_owned(),
        ),
        Firmware {
            id: "Previous-25227-6.00.30.00__iDRAC.Embedded.1-1".to_owned(),
            ..item(
                25227,
                "6.00.30.00",
                "iDRAC.Embedded.1-1",
                "Integrated Remote Access Controller".to_owned(),
            )
        },
        item(28897, hardware.bmc_firmware, "USC.Embedded.1:LC.Embedded.1", "Lifecycle Controller".to_owned()),
        item(27763, "1.1.6", "CPLD.Embedded.1", "System CPLD".to_owned()),
        item(109_673, "7.2.3.1", "TPM.Integrated.1-1", "TPM".to_owned()),
        item(104_298, "52.26.0-5179", "RAID.Slot.3-1", "PERC H755 Front".to_owned()),
    ];
    items.extend((1..=2).map(|number| {
        item(108_076, "00.1B.53", &format!("PSU.Slot.{number}"), format!("Power Supply.Slot.{number}"))
    }));
    for (card, port, _, adapter, mac) in hardware.ports() {
        let name = format!("{} - {}", adapter.part.model, mac.to_uppercase());
        items.push(item(0, adapter.part.firmware, &(ROW.names.nic)(card, port, 0), name));
    }
    if let Some(drive) = hardware.drives.first() {
        let place = (ROW.names.drive)(0);
        items.push(item(0, drive.part.firmware, &place, drive.part.model.to_owned()));
    }
    items
}

fn decorate(place: Place, doc: &mut Value, view: &View<'_>) {
    match place {
        Place::Memory => oem::add(doc, "Dell", Some("DellMemory"), DELL_MEMORY),
        Place::Drive => oem::add(doc, "Dell", Some("DellPhysicalDisk"), DELL_DISK),
        Place::Function => oem::add(doc, "Dell", Some("DellNIC"), DELL_NIC),
        Place::System => oem::add(doc, "Dell", Some("DellSystem"), DELL_SYSTEM),
        Place::Firmware => oem::add(doc, "Dell", Some("DellSoftwareInventory"), DELL_SOFTWARE),
        _ => {}
    }
    match place {
        Place::Root => set(
            doc,
            "Oem",
            json!({ "Dell": {
                "@odata.type": "#DellServiceRoot.v1_0_0.DellServiceRoot",
                "IsBranded": 0,
                "ManagerMACAddress": view.hardware.bmc_mac,
                "ServiceTag": view.unit.serial,
            }}),
        ),
        Place::Chassis => set(
            doc,
            "Location",
            json!({
                "Info": format!(";;;{};{}", view.unit.rack, view.unit.rack_unit),
                "InfoFormat": "DataCenter;RoomName;Aisle;RackName;RackSlot",
                "Placement": { "Rack": view.unit.rack, "Row": "" },
            }),
        ),
        // The controller's own interface is written in lower case, the server's in upper case.
        Place::BmcNic => {
            set(doc, "MACAddress", json!(view.hardware.bmc_mac));
            set(doc, "PermanentMACAddress", json!(view.hardware.bmc_mac));
            set(
                doc,
                "IPv6Addresses",
                json!([{ "Address": "::", "AddressOrigin": "DHCPv6", "PrefixLength": 64 }]),
            );
        }
        Place::Processor => {
            set(doc, "OperatingSpeedMHz", json!(view.hardware.cpu.mhz * 2 / 3));
            set(doc, "TurboState", json!("Enabled"));
        }
        _ => {}
    }
}
