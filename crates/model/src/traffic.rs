//! How a controller is asked: lanes, what a reading costs, what was learned of it. Measured, never configured.

use crate::device::Device;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which requests go first. A command never waits behind more than one request of the lanes below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Lane {
    /// An act, and whatever it must read to know how it goes.
    Control,
    /// What people look at or wait for: the server's state, a reading that somebody asked for.
    Person,
    /// A full reading by the clock.
    Inventory,
    /// Sensors.
    Telemetry,
}

impl Lane {
    /// Every lane, the first to go first.
    pub const ALL: [Self; 4] = [Self::Control, Self::Person, Self::Inventory, Self::Telemetry];
}

/// What was learned holds for controllers of the same maker, product and firmware.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModelKey {
    /// The maker.
    pub vendor: String,
    /// The controller's model, or the product that the service root names.
    pub product: String,
    /// The controller's firmware version.
    pub firmware: String,
}

impl ModelKey {
    /// What a device counts as. All empty before it was read for the first time.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        let identity = &device.identity;
        let [vendor, product, firmware] = [&identity.vendor, &identity.model, &identity.bmc_firmware]
            .map(|word| word.clone().unwrap_or_default());
        Self { vendor, product, firmware }
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = [&self.vendor, &self.product, &self.firmware].into_iter().filter(|word| !word.is_empty());
        let words: Vec<&str> = known.map(String::as_str).collect();
        if words.is_empty() { f.write_str("unknown") } else { f.write_str(&words.join(" ")) }
    }
}

/// What became of a query parameter (DSP0266, "Query parameters") on a controller: of `$expand`, or of `$select`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum QueryUse {
    /// It was not tried yet.
    #[default]
    Untried,
    /// The service root does not advertise it.
    Absent,
    /// It does what it is to do.
    Works,
    /// It is advertised, and the answer is the same as without.
    Ignored,
    /// It is advertised, and answered with an error.
    Refused,
}

/// How long one kind of path took to answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PathLatency {
    /// The path, with `*` in the place of what differs between controllers of a model.
    pub path: String,
    /// How often it was asked for.
    pub count: u64,
    /// The mean, in milliseconds.
    pub mean_ms: u32,
    /// The longest, in milliseconds.
    pub worst_ms: u32,
    /// How often it was answered with an error, or not at all.
    pub failed: u64,
}

/// What was learned of controllers of one model; kept, and where the next one of that model begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Learned {
    /// Of which.
    pub model: ModelKey,
    /// When it was last added to.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub updated_at: Option<Timestamp>,
    /// Whether collections can be had with their members in.
    pub expand: QueryUse,
    /// Kinds of paths where that is otherwise than elsewhere, or was refused.
    pub expand_fails_at: Vec<String>,
    /// Whether a server's state can be had without the rest of its document (`$select`); nothing while it is not known
    /// whether the service root advertises that.
    pub select: Option<QueryUse>,
    /// Whether an entity tag is honoured by an answer of 304 (RFC 9110, 13.1.2).
    pub etags_work: Option<bool>,
    /// How many requests at once it answered best; 0 where that was not found yet.
    pub in_flight: u8,
    /// The kinds of paths that took longest, the slowest first; bounded.
    pub paths: Vec<PathLatency>,
    /// The requests of the last full reading.
    pub inventory_requests: u32,
}

/// What one reading cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Cost {
    /// When it ended.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub at: Option<Timestamp>,
    /// Requests.
    pub requests: u32,
    /// Bytes of answers.
    pub bytes: u64,
    /// Milliseconds.
    pub elapsed_ms: u64,
}

/// Whether a controller is asked at all (a circuit breaker).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Breaker {
    /// It is.
    #[default]
    Closed,
    /// It failed too often in a row and is left alone; an act of a person still goes through.
    Open {
        /// Until when.
        #[cfg_attr(feature = "schema", schema(value_type = String, format = DateTime))]
        until: Timestamp,
        /// What was wrong last.
        cause: String,
    },
    /// One request tries whether it is back.
    Probing,
}

/// One lane's part of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LaneTraffic {
    /// Which.
    pub lane: Lane,
    /// Requests that wait now.
    pub waiting: u32,
    /// Requests sent since the appliance started.
    pub sent: u64,
    /// Those that failed.
    pub failed: u64,
}

/// How one controller is asked, as its page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Traffic {
    /// Which model it counts as.
    pub model: ModelKey,
    /// The lanes, the first to go first.
    pub lanes: Vec<LaneTraffic>,
    /// Requests under way.
    pub in_flight: u8,
    /// How many may be under way at once at present, 1 to 4.
    pub limit: u8,
    /// Whether it is asked at all.
    pub breaker: Breaker,
    /// Half of the last requests took no longer, in milliseconds.
    pub p50_ms: u32,
    /// 95 of 100 of the last requests took no longer, in milliseconds.
    pub p95_ms: u32,
    /// The longest of the last requests, in milliseconds.
    pub worst_ms: u32,
    /// The last requests' times in milliseconds, the oldest first; at most 120.
    pub recent_ms: Vec<u32>,
    /// Requests that were answered by one already under way.
    pub shared: u64,
    /// Requests that were sent again after an error.
    pub repeated: u64,
    /// Answers other than success, and losses, by what they were (`503`, `timed out`, ...).
    pub errors: Vec<(String, u64)>,
    /// What the last look at its state cost.
    pub state: Option<Cost>,
    /// What the last full reading cost.
    pub inventory: Option<Cost>,
    /// What the last reading of its sensors cost.
    pub telemetry: Option<Cost>,
    /// What is known of its model.
    pub learned: Learned,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_what_is_known_of_it() {
        assert_eq!(ModelKey::default().to_string(), "unknown");
        let key = ModelKey { vendor: "Dell".into(), firmware: "7.10".into(), ..ModelKey::default() };
        assert_eq!(key.to_string(), "Dell 7.10");
    }

    #[test]
    fn lanes_are_in_their_order() {
        assert!(Lane::ALL.is_sorted());
    }
}
