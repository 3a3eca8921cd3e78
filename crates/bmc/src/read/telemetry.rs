//! The latest readings of all sensors, from the few documents that a full reading found them in.

use super::How;
use super::sensor::{self, Seen};
use super::walk::{Bounds, Walk};
use crate::client::{Get, ROOT};
use crate::error::Error;
use jiff::Timestamp;
use model::inventory::{Inventory, SensorSource};
use model::telemetry::{Reading, Readings};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Which documents have the readings, and where what they measure is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TelemetryPlan {
    /// The documents, each with the name of its chassis.
    pub sources: Vec<(String, SensorSource)>,
}

impl TelemetryPlan {
    /// The plan that a full reading makes.
    #[must_use]
    pub fn of(inventory: &Inventory) -> Self {
        let all = inventory.chassis.iter().flat_map(|chassis| {
            let name = chassis.name.as_ref().unwrap_or(&chassis.id);
            chassis.telemetry.iter().map(move |source| (name.clone(), source.clone()))
        });
        let mut sources: Vec<(String, SensorSource)> = Vec::new();
        for (name, source) in all {
            if !sources.iter().any(|(_, known)| known.path == source.path) {
                sources.push((name, source));
            }
        }
        Self { sources }
    }

    /// Whether there is nothing to ask for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

/// How much one reading of all sensors may take.
const BOUNDS: Bounds =
    Bounds { requests: 1000, bytes: 16 * 1024 * 1024, time: Duration::from_secs(5 * 60), members: 1000 };

/// Asks for the documents of a plan. `now` is the wall clock's time at the start.
///
/// A document that is lost, and a field that is spoiled, lose the readings in them alone: they are missing.
///
/// # Errors
/// When none of the documents can be read, or when the controller ends the session, changes its certificate
/// or stops taking connections.
pub async fn telemetry<G: Get>(
    source: &mut G,
    plan: &TelemetryPlan,
    now: Timestamp,
) -> Result<Readings, Error> {
    let mut walk = Walk::new(source, How { bounds: BOUNDS, ..How::default() }, &Value::Null);
    let mut readings = Vec::new();
    for (chassis, source) in &plan.sources {
        for seen in ask(&mut walk, source).await? {
            if !seen.is_absent() {
                readings.push(seen.into_reading(Some(chassis)));
            }
        }
    }
    if readings.is_empty()
        && let Some(cause) = walk.take_cause()
    {
        return Err(cause);
    }
    Ok(Readings { taken_at: Some(now), readings: sorted(readings) })
}

async fn ask<G: Get>(walk: &mut Walk<'_, G>, source: &SensorSource) -> Result<Vec<Seen>, Error> {
    let mut seen = Vec::new();
    if source.is_collection {
        for member in walk.list(ROOT, "", &source.path).await? {
            if let Some((path, value)) = walk.open(member).await? {
                seen.extend(walk.keep(sensor::parse_any(&path, &value)));
            }
        }
    } else if let Some((path, value)) = walk.follow(ROOT, "", &source.path).await? {
        seen = walk.keep(sensor::parse_any(&path, &value));
    }
    Ok(seen)
}

/// By quantity, place and name. Sensors that share all three are numbered, so that each can be told.
fn sorted(mut readings: Vec<Reading>) -> Vec<Reading> {
    let key = |reading: &Reading| (reading.quantity, reading.place.clone(), reading.name.clone());
    readings.sort_by_key(key);
    let mut taken = BTreeSet::new();
    for reading in &mut readings {
        let plain = reading.name.clone();
        let mut count = 1usize;
        while !taken.insert(key(reading)) {
            count += 1;
            reading.name = format!("{plain} ({count})");
        }
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_of_one_name_are_numbered() {
        let reading =
            |name: &str, value: f64| Reading { name: name.into(), value: Some(value), ..Reading::default() };
        let names: Vec<String> =
            sorted(vec![reading("b", 1.0), reading("a", 2.0), reading("b", 3.0), reading("b (2)", 4.0)])
                .into_iter()
                .map(|reading| reading.name)
                .collect();
        assert_eq!(names, ["a", "b", "b (2)", "b (2) (2)"]);
    }

    #[test]
    fn a_plan_asks_for_each_document_once() {
        let source = |path: &str| SensorSource { path: path.into(), is_collection: false };
        let chassis = |id: &str, paths: &[&str]| model::inventory::Chassis {
            id: id.into(),
            telemetry: paths.iter().map(|path| source(path)).collect(),
            ..Default::default()
        };
        let inventory = Inventory {
            chassis: vec![chassis("1", &["/t", "/p"]), chassis("2", &["/t"])],
            ..Inventory::default()
        };
        let plan = TelemetryPlan::of(&inventory);
        assert_eq!(plan.sources, [("1".to_owned(), source("/t")), ("1".to_owned(), source("/p"))]);
        assert!(TelemetryPlan::of(&Inventory::default()).is_empty());
    }
}
