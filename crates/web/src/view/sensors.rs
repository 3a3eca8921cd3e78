//! Sensors in groups, with their limits and what is to be thought of them.

use model::device::Health;
use model::telemetry::{Quantity, Reading};

/// Sensors that measure the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub id: &'static str,
    pub title: &'static str,
    pub rows: Vec<Row>,
}

/// One sensor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub name: String,
    pub place: Option<String>,
    pub value: Option<String>,
    pub health: Health,
    pub low: String,
    pub high: String,
}

const GROUPS: [(Quantity, &str, &str); 6] = [
    (Quantity::Temperature, "temperature", "Temperatures"),
    (Quantity::Fan, "fan", "Fans"),
    (Quantity::Power, "power", "Power"),
    (Quantity::Voltage, "voltage", "Voltages"),
    (Quantity::Current, "current", "Currents"),
    (Quantity::Other, "other", "Other"),
];

pub(crate) fn groups(readings: &[Reading]) -> Vec<Group> {
    let of = |(quantity, id, title): (Quantity, &'static str, &'static str)| {
        let rows = readings.iter().filter(|reading| reading.quantity == quantity).map(row).collect();
        Group { id, title, rows }
    };
    GROUPS.into_iter().map(of).filter(|group| !group.rows.is_empty()).collect()
}

fn row(reading: &Reading) -> Row {
    Row {
        name: reading.name.clone(),
        place: reading.place.clone(),
        value: reading.value.map(|value| format!("{} {}", number(value), unit(&reading.unit))),
        health: judged(reading),
        low: limits(reading.lower_caution, reading.lower_critical),
        high: limits(reading.upper_caution, reading.upper_critical),
    }
}

/// The sensor's own judgement, or else what its limits say.
fn judged(reading: &Reading) -> Health {
    if let Some(health) = reading.health.filter(|health| *health != Health::Unknown) {
        return health;
    }
    let Some(value) = reading.value else { return Health::Unknown };
    let over = |limit: Option<f64>| limit.is_some_and(|limit| value >= limit);
    let under = |limit: Option<f64>| limit.is_some_and(|limit| value <= limit);
    if over(reading.upper_critical) || under(reading.lower_critical) {
        Health::Critical
    } else if over(reading.upper_caution) || under(reading.lower_caution) {
        Health::Warning
    } else if [reading.upper_caution, reading.upper_critical, reading.lower_caution, reading.lower_critical]
        .iter()
        .any(Option::is_some)
    {
        Health::Ok
    } else {
        Health::Unknown
    }
}

/// `85 / 95`: where something should be done, where damage is near.
fn limits(caution: Option<f64>, critical: Option<f64>) -> String {
    match (caution, critical) {
        (None, None) => "–".into(),
        (Some(caution), None) => number(caution),
        (None, Some(critical)) => format!("– / {}", number(critical)),
        (Some(caution), Some(critical)) => format!("{} / {}", number(caution), number(critical)),
    }
}

/// At most three digits after the point, and no zeros at the end.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// UCUM's names as people write them.
fn unit(unit: &str) -> &str {
    match unit {
        "Cel" => "°C",
        "RPM" | "{rev}/min" => "rpm",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(value: Option<f64>) -> Reading {
        Reading {
            quantity: Quantity::Temperature,
            name: "Inlet".into(),
            value,
            unit: "Cel".into(),
            upper_caution: Some(42.0),
            upper_critical: Some(47.5),
            ..Reading::default()
        }
    }

    #[test]
    fn limits_judge_where_the_sensor_does_not() {
        let judged = |value| row(&reading(value)).health;
        assert_eq!(judged(Some(20.0)), Health::Ok);
        assert_eq!(judged(Some(42.0)), Health::Warning);
        assert_eq!(judged(Some(50.0)), Health::Critical);
        assert_eq!(judged(None), Health::Unknown);
        let own = Reading { health: Some(Health::Ok), ..reading(Some(50.0)) };
        assert_eq!(row(&own).health, Health::Ok, "the sensor knows better");
        assert_eq!(
            row(&Reading { upper_caution: None, upper_critical: None, ..reading(Some(20.0)) }).health,
            Health::Unknown
        );
    }

    #[test]
    fn values_are_short_and_groups_are_not_empty() {
        let groups = groups(&[reading(Some(21.50)), reading(Some(1.0 / 3.0))]);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].rows[0].value.as_deref(), Some("21.5 °C"));
        assert_eq!(groups[0].rows[1].value.as_deref(), Some("0.333 °C"));
        assert_eq!(groups[0].rows[0].high, "42 / 47.5");
        assert_eq!(number(1200.0), "1200");
    }
}
