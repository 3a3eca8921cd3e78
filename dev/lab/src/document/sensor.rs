//! Sensors: what a chassis measures, each in a document of its own.

use super::{Place, View, link, set, status};
use crate::hardware::{Ailment, health_word};
use model::device::Health;
use serde_json::{Value, json};

/// What one sensor says.
pub(super) struct Probe {
    /// Its name.
    pub(super) name: String,
    /// `ReadingType` and `ReadingUnits`.
    pub(super) kind: (&'static str, &'static str),
    /// `PhysicalContext`.
    pub(super) place: &'static str,
    /// `Reading`.
    pub(super) reading: f64,
    /// The greatest possible reading, and the critical one.
    pub(super) most: (f64, Option<f64>),
    /// How well it is.
    pub(super) health: Health,
}

/// Which of the sensors a document refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// The air that comes in.
    Inlet,
    /// The air that goes out.
    Exhaust,
    /// A processor's temperature.
    Cpu(usize),
    /// The temperature of the memory at a processor.
    Memory(usize),
    /// The power that the server draws.
    Watts,
    /// A fan's speed.
    Fan(usize),
    /// A power supply's input voltage.
    Volts(usize),
    /// A power supply's input power.
    Input(usize),
    /// A power supply's output power.
    Output(usize),
    /// A GPU's temperature.
    Gpu(usize),
    /// A processor core's temperature.
    Core(usize),
}

const CELSIUS: (&str, &str) = ("Temperature", "Cel");
const WATTS: (&str, &str) = ("Power", "W");

/// A reading without fractions, as the older schemas want it.
#[expect(clippy::cast_possible_truncation, reason = "readings are far inside the range of i64")]
pub(super) fn whole(reading: f64) -> i64 {
    reading.round() as i64
}

impl View<'_> {
    /// The sensors of the main chassis, in the order of their numbers.
    pub(super) fn senses(&self) -> Vec<Sense> {
        let hardware = self.hardware;
        let mut senses = vec![Sense::Inlet, Sense::Exhaust, Sense::Watts];
        senses.extend((0..hardware.cpus).flat_map(|cpu| [Sense::Cpu(cpu), Sense::Memory(cpu)]));
        senses.extend((0..hardware.fans).map(Sense::Fan));
        for psu in 0..hardware.psus.len() {
            senses.extend([Sense::Volts(psu), Sense::Input(psu), Sense::Output(psu)]);
        }
        senses.extend((0..hardware.gpus.len()).map(Sense::Gpu));
        senses.extend((0..self.row.layout.core_sensors.unwrap_or(0)).map(Sense::Core));
        senses
    }

    /// What a power supply gives, in watts: half of all, or all where the other one is ill.
    pub(super) fn supplied(&self, number: usize) -> i64 {
        let watts = self.climate().watts();
        match (self.hardware.health_of(Ailment::Psu, number), self.hardware.ailment) {
            (Health::Ok, Some(Ailment::Psu)) => watts,
            (Health::Ok, _) => watts / 2,
            _ => 0,
        }
    }

    /// What a sensor feels now.
    pub(super) fn probe(&self, sense: Sense) -> Probe {
        let climate = self.climate();
        #[expect(clippy::cast_precision_loss, reason = "readings are far inside of what f64 holds exactly")]
        let real = |number: i64| number as f64;
        let heat = |place, reading, limit| Probe {
            name: self.probe_name(sense),
            kind: CELSIUS,
            place,
            reading,
            most: (127.0, Some(limit)),
            health: Health::Ok,
        };
        let power = |place, watts: i64| Probe {
            name: self.probe_name(sense),
            kind: WATTS,
            place,
            reading: real(watts),
            most: (f64::from(self.hardware.model.psu_watts) * 2.0, None),
            health: Health::Ok,
        };
        match sense {
            Sense::Inlet => heat("Intake", climate.inlet(), 42.0),
            Sense::Exhaust => heat("Exhaust", climate.exhaust(), 75.0),
            Sense::Cpu(cpu) => heat("CPU", climate.cpu(cpu), 95.0),
            Sense::Memory(cpu) => heat("Memory", climate.memory(cpu), 85.0),
            Sense::Gpu(gpu) => heat("GPU", climate.gpu(gpu), 90.0),
            Sense::Core(core) => heat("CPU", climate.cpu(core + 2), 98.0),
            Sense::Watts => power("SystemBoard", climate.watts()),
            // Nine tenths of what goes in come out again.
            Sense::Input(psu) => power("PowerSupply", self.supplied(psu) * 10 / 9),
            Sense::Output(psu) => power("PowerSupply", self.supplied(psu)),
            Sense::Fan(fan) => {
                let health = self.hardware.health_of(Ailment::Fan, fan);
                let speed = climate.fan(fan);
                Probe {
                    name: self.probe_name(sense),
                    kind: ("Rotational", "RPM"),
                    place: "Fan",
                    reading: real(if health == Health::Ok { speed } else { speed / 6 }),
                    most: (15_000.0, None),
                    health,
                }
            }
            Sense::Volts(psu) => {
                let health = self.hardware.health_of(Ailment::Psu, psu);
                Probe {
                    name: self.probe_name(sense),
                    kind: ("Voltage", "V"),
                    place: "PowerSupply",
                    reading: if health == Health::Ok { climate.volts(psu) } else { 0.0 },
                    most: (264.0, None),
                    health,
                }
            }
        }
    }

    /// The identifier of a sensor.
    fn sensor_id(&self, number: usize, sense: Sense) -> String {
        (self.row.names.sensor)(number, &self.probe_name(sense))
    }

    /// A sensor's name, without what it feels.
    fn probe_name(&self, sense: Sense) -> String {
        match sense {
            Sense::Inlet => "Inlet Temp".to_owned(),
            Sense::Exhaust => "Exhaust Temp".to_owned(),
            Sense::Watts => "Pwr Consumption".to_owned(),
            Sense::Cpu(cpu) => format!("CPU{} Temp", cpu + 1),
            Sense::Memory(cpu) => format!("DIMM Temp {}", cpu + 1),
            Sense::Gpu(gpu) => format!("GPU{} Temp", gpu + 1),
            Sense::Core(core) => format!("CPU{} Core{} Temp", core % 2 + 1, core / 2),
            Sense::Input(psu) => format!("PS{} Input Power", psu + 1),
            Sense::Output(psu) => format!("PS{} Output Power", psu + 1),
            Sense::Fan(fan) => format!("{} Speed", (self.row.names.fan)(fan)),
            Sense::Volts(psu) => format!("PS{} Voltage", psu + 1),
        }
    }

    /// What a sensor feels, as other documents quote it: with the way to the sensor where there is one.
    pub(super) fn quoted(&self, sense: Sense) -> Value {
        let mut quoted = json!({ "Reading": self.probe(sense).reading });
        if self.row.layout.core_sensors.is_some()
            && let Some(number) = self.senses().iter().position(|known| *known == sense)
        {
            let id = self.sensor_id(number, sense);
            set(&mut quoted, "DataSourceUri", json!(format!("{}/Sensors/{id}", self.chassis_path())));
        }
        quoted
    }

    pub(super) fn sensors(&self, base: &str, path: &[&str]) -> Option<(Place, Value)> {
        let senses = self.senses();
        let mut numbered = senses.iter().copied().enumerate();
        let [id] = path else {
            let ids: Vec<String> = numbered.map(|(number, sense)| self.sensor_id(number, sense)).collect();
            return path
                .is_empty()
                .then(|| self.collection(base, "SensorCollection", "Sensor Collection", &ids));
        };
        let (_, sense) = numbered.find(|(number, sense)| self.sensor_id(*number, *sense) == *id)?;
        let probe = self.probe(sense);
        let (kind, units) = probe.kind;
        let mut doc = json!({
            "Name": probe.name,
            "Description": "Instance of Sensor Id",
            "Reading": probe.reading,
            "ReadingType": kind,
            "ReadingUnits": units,
            "ReadingRangeMin": 0,
            "ReadingRangeMax": probe.most.0,
            "PhysicalContext": probe.place,
            "RelatedItem": [link(&self.chassis_path())],
            "Status": status(probe.health),
        });
        if let Some(critical) = probe.most.1 {
            let thresholds = json!({
                "UpperCritical": { "Reading": critical, "Activation": "Increasing" },
                "UpperCaution": { "Reading": critical - 5.0, "Activation": "Increasing" },
            });
            set(&mut doc, "Thresholds", thresholds);
        }
        if matches!(sense, Sense::Fan(_)) {
            set(&mut doc, "SpeedRPM", json!(probe.reading));
        }
        self.head(&mut doc, "Sensor", &format!("{base}/{id}"), id);
        Some((Place::Sensor, doc))
    }

    /// The power and warmth of the chassis at once.
    pub(super) fn environment(&self, path: &str) -> Value {
        let fans: Vec<Value> =
            (0..self.hardware.fans).map(|number| self.quoted(Sense::Fan(number))).collect();
        let mut doc = json!({
            "Name": "Chassis Environment Metrics",
            "Description": "Power and temperature of the chassis",
            "PowerWatts": self.quoted(Sense::Watts),
            "TemperatureCelsius": self.quoted(Sense::Inlet),
            "FanSpeedsPercent": fans,
        });
        self.head(&mut doc, "EnvironmentMetrics", path, "EnvironmentMetrics");
        doc
    }

    /// The worst health of the fans or power supplies.
    pub(super) fn health_word_of(&self, which: Ailment) -> &'static str {
        let ill = self.hardware.ailment == Some(which);
        health_word(if ill { which.health() } else { Health::Ok })
    }
}
