//! What is kept of made-up devices' readings: two versions of each, documents, and what moves.

use super::devices::inventory;
use jiff::{SignedDuration, Timestamp};
use model::book::Observation;
use model::components::components;
use model::telemetry::{Quantity, Reading, Readings};
use model::traffic::{Breaker, Cost, Lane, LaneTraffic, Learned, ModelKey, PathLatency, QueryUse, Traffic};
use model::{Device, Inventory};
use store::{Documents, NewVersion, Packed, Store};

/// More are not read: it takes time, and nothing is learned from it.
const MOST: usize = 60;

/// Each adopted device was read a day ago with an older BIOS and a module less, and now.
pub async fn keep(store: &Store, devices: &[Device], now: Timestamp) {
    for device in devices.iter().filter(|device| device.is_adopted()).take(MOST) {
        store.put_inventory(&device.id, &inventory(device)).await.unwrap();
    }
    let read = devices.iter().filter(|device| device.is_adopted()).take(MOST);
    let mut readings = Vec::new();
    for device in read {
        let latest = inventory(device);
        let mut earlier = latest.clone();
        earlier.systems[0].bios_version = Some("2.18.0".into());
        earlier.systems[0].memory.pop();
        readings.push(reading(device, &earlier, now - SignedDuration::from_hours(24), 0));
        readings.push(reading(device, &latest, now, 2));
    }
    store.keep_readings(readings, 30).await.unwrap();
}

fn reading(device: &Device, inventory: &Inventory, at: Timestamp, changes: u32) -> store::Reading {
    let components = components(inventory);
    let summary =
        if changes == 0 { "first reading" } else { "system System: BIOS version 2.18.0 → 2.19.1" };
    let version = NewVersion {
        hash: [changes as u8; 32],
        packed: Packed::json(&components).unwrap(),
        components,
        changes,
        summary: summary.into(),
    };
    store::Reading {
        device: device.id.clone(),
        taken_at: at,
        latest: Packed::json(inventory).unwrap(),
        version: Some(version),
        documents: Documents::None,
    }
}

/// Sensors, traffic, and what was learned.
pub fn moving(device: &Device, now: Timestamp) -> Vec<Observation> {
    let learned = learned(device, now);
    let traffic = traffic(&learned, now);
    vec![
        Observation::Telemetry {
            device: device.id.clone(),
            readings: Box::new(Readings { taken_at: Some(now), readings: sensors() }),
        },
        Observation::Asked { device: device.id.clone(), traffic: Box::new(traffic) },
        Observation::Learned(Box::new(learned)),
    ]
}

fn sensors() -> Vec<Reading> {
    let sensor = |quantity, name: &str, value, unit: &str, upper: [f64; 2]| Reading {
        quantity,
        name: name.into(),
        place: Some("System board".into()),
        value,
        unit: unit.into(),
        upper_caution: Some(upper[0]),
        upper_critical: Some(upper[1]),
        ..Reading::default()
    };
    vec![
        sensor(Quantity::Temperature, "Inlet", Some(23.0), "Cel", [42.0, 47.0]),
        sensor(Quantity::Temperature, "CPU 1", Some(83.5), "Cel", [80.0, 95.0]),
        sensor(Quantity::Temperature, "CPU 2", None, "Cel", [80.0, 95.0]),
        sensor(Quantity::Fan, "Fan 1A", Some(7920.0), "RPM", [20_000.0, 22_000.0]),
        sensor(Quantity::Power, "PSU 1 input", Some(312.0), "W", [1400.0, 1600.0]),
        sensor(Quantity::Voltage, "P12V", Some(12.04), "V", [12.6, 13.2]),
    ]
}

fn learned(device: &Device, now: Timestamp) -> Learned {
    let path = |path: &str, mean_ms, worst_ms| PathLatency {
        path: path.into(),
        count: 120,
        mean_ms,
        worst_ms,
        failed: u64::from(worst_ms > 10_000),
    };
    Learned {
        model: ModelKey::of(device),
        updated_at: Some(now),
        expand: QueryUse::Works,
        expand_fails_at: vec!["/redfish/v1/Chassis/*/Sensors".into()],
        select: Some(QueryUse::Works),
        etags_work: Some(false),
        in_flight: 3,
        paths: vec![
            path("/redfish/v1/UpdateService/FirmwareInventory?$expand=.($levels=1)", 4200, 18_300),
            path("/redfish/v1/Systems/*/Memory?$expand=.($levels=1)", 900, 1400),
        ],
        inventory_requests: 61,
    }
}

fn traffic(learned: &Learned, now: Timestamp) -> Traffic {
    let lane = |lane, sent| LaneTraffic { lane, waiting: 0, sent, failed: sent / 100 };
    let cost = |requests, bytes, elapsed_ms| Some(Cost { at: Some(now), requests, bytes, elapsed_ms });
    Traffic {
        model: learned.model.clone(),
        lanes: Lane::ALL.into_iter().zip([4, 220, 610, 90]).map(|(of, sent)| lane(of, sent)).collect(),
        in_flight: 1,
        limit: 3,
        breaker: Breaker::Open {
            until: now + SignedDuration::from_mins(2),
            cause: "connect: no answer within 5 s".into(),
        },
        p50_ms: 210,
        p95_ms: 940,
        worst_ms: 4210,
        recent_ms: (0..120)
            .map(|number| 180 + number * 37 % 400 + if number == 77 { 3600 } else { 0 })
            .collect(),
        shared: 7,
        repeated: 3,
        errors: vec![("503".into(), 4), ("timed out".into(), 1)],
        state: cost(3, 8_200, 630),
        inventory: cost(61, 1_240_000, 14_800),
        telemetry: cost(2, 41_000, 900),
        learned: learned.clone(),
    }
}
