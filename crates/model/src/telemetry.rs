//! What sensors say: the latest only. Readings make no history and no inventory.

use crate::device::Health;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a sensor measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Quantity {
    /// In degrees Celsius.
    Temperature,
    /// In revolutions a minute, or in percent of the fan's greatest speed.
    Fan,
    /// In watts.
    Power,
    /// In volts.
    Voltage,
    /// In amperes.
    Current,
    /// Anything else; its unit says what.
    #[default]
    Other,
}

/// One sensor's reading.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reading {
    /// What is measured.
    pub quantity: Quantity,
    /// The sensor's name, unique on its device together with where it is.
    pub name: String,
    /// What it sits in or on, where that is told: a chassis, a processor, a supply.
    pub place: Option<String>,
    /// The value; none where the sensor says nothing, as when the server is off.
    pub value: Option<f64>,
    /// The unit (`Cel`, `RPM`, `%`, `W`, `V`, `A`), by UCUM as DSP0268's Sensor has it.
    pub unit: String,
    /// The sensor's own judgement.
    pub health: Option<Health>,
    /// Above this something should be done.
    pub upper_caution: Option<f64>,
    /// Above this damage is near.
    pub upper_critical: Option<f64>,
    /// Below this something should be done.
    pub lower_caution: Option<f64>,
    /// Below this damage is near.
    pub lower_critical: Option<f64>,
}

/// All sensors of one device, read in one go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Readings {
    /// When.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = DateTime))]
    pub taken_at: Option<Timestamp>,
    /// The sensors, by quantity, place and name.
    pub readings: Vec<Reading>,
}
