//! Made-up devices, no two alike.

use jiff::Timestamp;
use model::book::Observation;
use model::device::{
    Certificate, DeviceId, Endpoint, Fingerprint, Health, Identity, Power, Presence, Reach, Reset, State,
};
use model::inventory::{
    Chassis, Drive, Fault, FaultKind, Firmware, HealthReading, Inventory, Manager, MemoryModule, Nic,
    PowerReading, Processor, Service, System,
};
use model::{Clock as _, Device, Stage, SystemClock};
use std::net::Ipv4Addr;

/// Maker, model, controller's firmware.
const KINDS: &[(&str, &str, &str)] = &[
    ("Dell Inc.", "PowerEdge R750", "7.00.30.00"),
    ("HPE", "ProLiant DL380 Gen11", "iLO 6 v1.55"),
    ("Lenovo", "ThinkSystem SR650 V3", "3.10"),
    ("Supermicro", "SYS-221H-TNR", "01.03.11"),
    ("OpenBMC", "GB200 NVL", "v2.14"),
];

/// `count` devices in racks of 24.
pub fn fleet(count: usize) -> Vec<Device> {
    (0..count).map(device).collect()
}

fn device(number: usize) -> Device {
    let now = SystemClock.now();
    let (rack, unit) = (number / 20 + 1, number % 20 * 2 + 1);
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    let seen = is_seen(number);
    let certificate = certificate(number, number.is_multiple_of(7));
    let stage = match number % 31 {
        _ if seen => Stage::Seen,
        9 => Stage::Maintenance,
        _ => Stage::InService,
    };
    let mut labels: std::collections::BTreeMap<String, String> =
        [("rack".into(), format!("r{rack}")), ("unit".into(), unit.to_string())].into();
    if number % 5 == 4 {
        labels.insert("height".into(), "2".into());
    }
    Device {
        id: DeviceId(format!("bmc-{number:05}")),
        name: if seen { format!("bmc-10-0-{high}-{low}") } else { format!("r{rack}-u{unit:02}") },
        stage,
        presence: if seen {
            Presence::New
        } else if number % 41 == 13 {
            Presence::Moved
        } else {
            Presence::Known
        },
        endpoint: Endpoint { addr: Ipv4Addr::new(10, 0, high, low).into(), port: 443 },
        moved_from: (number % 41 == 13)
            .then(|| Endpoint { addr: Ipv4Addr::new(10, 9, 9, 9).into(), port: 443 }),
        zone: "management".into(),
        labels: if seen { Default::default() } else { labels },
        identity: identity(number),
        pinned: (!seen).then(|| certificate.clone()),
        presented: if seen {
            Some(certificate)
        } else {
            (number % 37 == 19).then(|| self::certificate(number + 1_000_000, false))
        },
        first_seen: now,
        last_seen: now,
        resets: vec![
            Reset::On,
            Reset::ForceOff,
            Reset::GracefulShutdown,
            Reset::GracefulRestart,
            Reset::ForceRestart,
            Reset::Nmi,
            Reset::PowerCycle,
        ],
        state: state(number, now),
    }
}

fn identity(number: usize) -> Identity {
    let (vendor, model, firmware) = KINDS[number % KINDS.len()];
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    Identity {
        vendor: Some(vendor.into()),
        model: Some(model.into()),
        serial: Some(format!("{:07X}", 0x7C_4000 + number * 7919)),
        service_tag: None,
        service_uuid: Some(format!("4c4c4544-0043-5810-8034-{number:012x}")),
        system_uuid: None,
        hostname: Some(format!("node{number:04}.example.org")),
        asset_tag: None,
        bmc_firmware: Some(firmware.into()),
        bios_version: Some("2.19.1".into()),
        macs: vec![format!("3c:ec:ef:00:{high:02x}:{low:02x}"), format!("b8:59:9f:00:{high:02x}:{low:02x}")],
        addresses: vec![Ipv4Addr::new(192, 0, 2, low).into()],
    }
}

const fn is_seen(number: usize) -> bool {
    number % 23 == 11
}

fn state(number: usize, now: Timestamp) -> State {
    let seen = is_seen(number);
    let offline = number % 29 == 17;
    State {
        power: match number % 9 {
            _ if seen => Power::Unknown,
            4 => Power::Off,
            7 if number.is_multiple_of(2) => Power::PoweringOn,
            _ => Power::On,
        },
        health: match number % 13 {
            _ if seen => Health::Unknown,
            5 => Health::Warning,
            8 if number.is_multiple_of(3) => Health::Critical,
            _ => Health::Ok,
        },
        reach: if offline {
            Reach::Offline { since: earlier(now, 600), cause: "connect: no answer within 5 s".into() }
        } else if seen {
            Reach::NotAsked
        } else {
            Reach::Online
        },
        read_at: (!seen).then(|| earlier(now, number as i64 % 90)),
    }
}

/// What a poll would report of the device's state.
pub fn read(device: &Device) -> Vec<Observation> {
    let State { power, health, reach, .. } = device.state.clone();
    let mut seen = vec![Observation::StateRead { device: device.id.clone(), power, health: Some(health) }];
    if let Reach::Offline { cause, .. } = reach {
        seen.push(Observation::Unreachable { device: device.id.clone(), cause });
    }
    if let Some(presented) = device.presented.clone() {
        seen.push(Observation::CertificateChanged { device: device.id.clone(), presented });
    }
    seen
}

fn earlier(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(now.as_second() - seconds).unwrap()
}

fn certificate(number: usize, trusted: bool) -> Certificate {
    let bytes = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    Certificate {
        fingerprint: Fingerprint(std::array::from_fn(|at| {
            bytes[at % 8].wrapping_add((at as u8).wrapping_mul(37))
        })),
        subject: format!("CN=bmc-{number}"),
        issuer: if trusted { "CN=Site BMC CA".into() } else { format!("CN=bmc-{number}") },
        not_after: Timestamp::from_second(1_900_000_000).ok(),
        trusted,
    }
}

/// What the device is made of.
pub fn inventory(device: &Device) -> Inventory {
    let identity = &device.identity;
    let system = System {
        path: "/redfish/v1/Systems/1".into(),
        id: "1".into(),
        name: Some("System".into()),
        model: identity.model.clone(),
        serial: identity.serial.clone(),
        part_number: Some("0DY2X0A04".into()),
        bios_version: identity.bios_version.clone(),
        hostname: identity.hostname.clone(),
        power: PowerReading(device.state.power),
        health: HealthReading(device.state.health),
        memory_gib: Some(512.0),
        reset_types: device.resets.clone(),
        processors: processors(),
        memory: memory(device),
        drives: drives(),
        nics: nics(identity),
        ..System::default()
    };
    Inventory {
        taken_at: device.state.read_at,
        service: Service { redfish_version: Some("1.17.0".into()), ..Service::default() },
        systems: vec![system],
        chassis: vec![Chassis {
            id: "1".into(),
            name: Some("Chassis".into()),
            kind: Some("RackMount".into()),
            ..Chassis::default()
        }],
        managers: vec![Manager {
            id: "BMC".into(),
            kind: Some("BMC".into()),
            firmware: identity.bmc_firmware.clone(),
            ..Manager::default()
        }],
        firmware: vec![
            Firmware {
                id: "BIOS".into(),
                name: Some("BIOS".into()),
                version: identity.bios_version.clone(),
                updateable: Some(true),
                ..Firmware::default()
            },
            Firmware {
                id: "BMC".into(),
                name: Some("Integrated controller".into()),
                version: identity.bmc_firmware.clone(),
                updateable: Some(true),
                ..Firmware::default()
            },
        ],
        faults: vec![Fault {
            path: "/redfish/v1/Systems/1/Memory/DIMM.9".into(),
            field: "/OperatingSpeedMhz".into(),
            kind: FaultKind::WrongType,
            problem: "expected a number, it says \"unknown\"".into(),
        }],
        requests: 61,
        elapsed_ms: 4_210,
        ..Inventory::default()
    }
}

fn processors() -> Vec<Processor> {
    (0..2)
        .map(|n| Processor {
            path: format!("/redfish/v1/Systems/1/Processors/CPU.{n}"),
            id: format!("CPU.{n}"),
            socket: Some(format!("CPU.Socket.{}", n + 1)),
            model: Some("Intel(R) Xeon(R) Gold 6338".into()),
            cores: Some(32),
            threads: Some(64),
            max_mhz: Some(3200),
            health: HealthReading(Health::Ok),
            ..Processor::default()
        })
        .collect()
}

fn memory(device: &Device) -> Vec<MemoryModule> {
    (1..=16)
        .map(|n| MemoryModule {
            id: format!("DIMM.{n}"),
            slot: Some(format!("A{n}")),
            manufacturer: Some("Hynix".into()),
            kind: Some("DDR4".into()),
            capacity_mib: Some(if n > 8 { 0 } else { 65_536 }),
            speed_mhz: Some(3200),
            part_number: Some("HMAA8GR7AJR4N-XN".into()),
            serial: Some(format!("5A6B{n:04}")),
            health: HealthReading(if n == 3 { device.state.health } else { Health::Ok }),
            ..MemoryModule::default()
        })
        .collect()
}

fn drives() -> Vec<Drive> {
    (0..4)
        .map(|n| Drive {
            id: format!("Disk.{n}"),
            name: Some(format!("SSD {n}")),
            model: Some("Dell Ent NVMe CM6 RI 3.84TB".into()),
            capacity_bytes: Some(3_840_755_982_336),
            media: Some("SSD".into()),
            protocol: Some("NVMe".into()),
            serial: Some(format!("Y1X0A0{n}TTR")),
            firmware: Some("2.1.8".into()),
            location: Some(format!("Bay {n}")),
            health: HealthReading(Health::Ok),
            ..Drive::default()
        })
        .collect()
}

fn nics(identity: &Identity) -> Vec<Nic> {
    identity
        .macs
        .iter()
        .enumerate()
        .map(|(n, mac)| Nic {
            id: format!("NIC.{n}"),
            name: Some(format!("Embedded NIC {}", n + 1)),
            mac: Some(mac.clone()),
            addresses: identity.addresses.clone(),
            link: Some("LinkUp".into()),
            speed_mbps: Some(25_000),
            ..Nic::default()
        })
        .collect()
}
