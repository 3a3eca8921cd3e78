//! Which links lead to fans and sensors, and in which documents their readings stand.

use super::gather::{link, parsed};
use super::parts::{inline, opened};
use super::walk::Walk;
use super::{fan, sensor};
use crate::client::Get;
use crate::error::Error;
use model::inventory::{Chassis, Fault, Sensor, SensorSource};
use serde_json::Value;

/// The fans and sensors of a chassis: those of its older Thermal, which has all in one answer, or else those
/// of its ThermalSubsystem and its Sensors.
pub async fn all<G: Get>(
    walk: &mut Walk<'_, G>,
    path: &str,
    value: &Value,
    chassis: &mut Chassis,
) -> Result<(), Error> {
    let at = |walk: &mut Walk<'_, G>, path: &str, value: &Value, name: &str| {
        let link = walk.keep(link(path, value, name));
        link.and_then(|link| walk.resolved(&link))
    };
    if let Some((path_of, thermal)) = opened(walk, path, value, "Thermal").await? {
        chassis.fans = inline(walk, &path_of, &thermal, "Fans", fan::parse);
        let seen = walk.keep(sensor::parse_list(&path_of, &thermal, "Temperatures"));
        chassis.sensors = seen.into_iter().map(|seen| seen.sensor).collect();
        if !chassis.fans.is_empty() || !chassis.sensors.is_empty() {
            let power = at(walk, path, value, "Power");
            chassis.telemetry = [Some(path_of), power].into_iter().flatten().map(document).collect();
            return Ok(());
        }
    }
    let mut metrics = at(walk, path, value, "EnvironmentMetrics").into_iter().collect::<Vec<String>>();
    if let Some((path, subsystem)) = opened(walk, path, value, "ThermalSubsystem").await? {
        chassis.fans = parsed(walk, &path, &subsystem, "Fans", fan::parse).await?;
        metrics.extend(at(walk, &path, &subsystem, "ThermalMetrics"));
    }
    chassis.sensors = parsed(walk, path, value, "Sensors", as_thing).await?;
    chassis.telemetry = match at(walk, path, value, "Sensors") {
        // A chassis whose sensors are none has no excerpts of them.
        Some(_) if chassis.sensors.is_empty() => Vec::new(),
        Some(path) => vec![SensorSource { path, is_collection: true }],
        None => metrics.into_iter().map(document).collect(),
    };
    Ok(())
}

fn document(path: String) -> SensorSource {
    SensorSource { path, is_collection: false }
}

fn as_thing(path: &str, value: &Value) -> (Sensor, Vec<Fault>) {
    let (seen, faults) = sensor::parse(path, value);
    (seen.sensor, faults)
}
