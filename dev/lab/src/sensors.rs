//! Readings that move with power and time: a pure function of the seed, the moment and the power.

use crate::power::Power;
use crate::random::Dice;
use jiff::Timestamp;

/// What a server's sensors feel at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Climate {
    seed: u64,
    seconds: f64,
    heat: f64,
    on: bool,
}

impl Climate {
    /// What the sensors of the unit with `seed` feel `now`.
    #[must_use]
    pub fn at(seed: u64, power: &Power, now: Timestamp) -> Self {
        let (rise, fall) = (90.0, 240.0);
        let lasted = power.seconds(now);
        let heat = if power.is_on() { 1.0 - (-lasted / rise).exp() } else { (-lasted / fall).exp() };
        Self {
            seed,
            seconds: now.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64(),
            heat,
            on: power.is_on(),
        }
    }

    /// A slow wave between -1 and 1, another for each sensor.
    fn wave(&self, sensor: &str) -> f64 {
        let mut dice = Dice::new(self.seed, sensor);
        [(2.0, 47.0), (1.0, 11.0), (0.5, 613.0)]
            .into_iter()
            .map(|(weight, period)| {
                let phase = dice.fraction() * std::f64::consts::TAU;
                let own = period * (0.8 + 0.4 * dice.fraction());
                weight / 3.5 * (self.seconds / own * std::f64::consts::TAU + phase).sin()
            })
            .sum()
    }

    /// The air that comes in, in degrees Celsius.
    #[must_use]
    pub fn inlet(&self) -> f64 {
        let room = 20.0 + 4.0 * Dice::new(self.seed, "room").fraction();
        tenth(room + self.wave("inlet"))
    }

    /// The air that goes out.
    #[must_use]
    pub fn exhaust(&self) -> f64 {
        tenth(self.inlet() + 11.0 * self.heat + self.wave("exhaust"))
    }

    /// A processor.
    #[must_use]
    pub fn cpu(&self, number: usize) -> f64 {
        let load = 26.0 + 6.0 * self.wave(&format!("cpu{number}"));
        tenth(self.inlet() + 3.0 + load * self.heat)
    }

    /// A GPU.
    #[must_use]
    pub fn gpu(&self, number: usize) -> f64 {
        tenth(self.inlet() + 4.0 + (30.0 + 8.0 * self.wave(&format!("gpu{number}"))) * self.heat)
    }

    /// A board or module.
    #[must_use]
    pub fn part(&self, name: &str) -> f64 {
        tenth(self.inlet() + 3.0 + (12.0 + 2.0 * self.wave(name)) * self.heat)
    }

    /// A voltage that a regulator makes out of what the power supplies give; it needs the server to be on.
    #[must_use]
    pub fn rail(&self, number: usize) -> f64 {
        let volts = 1.1 + 0.02 * self.wave(&format!("rail{number}"));
        (volts * 1000.0).round() / 1000.0
    }

    /// The memory near a processor.
    #[must_use]
    pub fn memory(&self, number: usize) -> f64 {
        tenth(self.inlet() + 2.0 + (13.0 + 2.0 * self.wave(&format!("dimm{number}"))) * self.heat)
    }

    /// A fan, in revolutions per minute.
    #[must_use]
    pub fn fan(&self, number: usize) -> i64 {
        if self.on {
            whole(5400.0 + 3600.0 * self.heat + 240.0 * self.wave(&format!("fan{number}")))
        } else {
            0
        }
    }

    /// The power drawn, in watts; what the controller itself needs stays when the server is off.
    #[must_use]
    pub fn watts(&self) -> i64 {
        let size = 210.0 + 160.0 * Dice::new(self.seed, "watts").fraction();
        if self.on {
            whole(size * (0.7 + 0.3 * self.heat) + 22.0 * self.wave("watts"))
        } else {
            whole(11.0 + self.wave("idle"))
        }
    }

    /// The voltage that a power supply is fed with.
    #[must_use]
    pub fn volts(&self, number: usize) -> f64 {
        tenth(230.0 + 1.5 * self.wave(&format!("volts{number}")))
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[expect(clippy::cast_possible_truncation, reason = "readings are far inside the range of i64")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_same_moment_reads_the_same_and_another_does_not() {
        let power = Power::steady(true, at(0));
        let read = |now| Climate::at(5, &power, now).cpu(0);
        assert_eq!(read(at(10)), read(at(10)));
        assert!((0..60).any(|s| read(at(s)) != read(at(0))));
    }

    #[test]
    fn a_server_that_is_off_cools_down() {
        let on = Power::steady(true, at(0));
        let mut off = on.clone();
        off.force(false, at(0));
        let (warm, soon, late) =
            (Climate::at(5, &on, at(0)), Climate::at(5, &off, at(30)), Climate::at(5, &off, at(3600)));
        assert!(warm.cpu(0) > late.cpu(0) + 10.0);
        assert!(soon.cpu(0) > late.cpu(0));
        assert_eq!(late.fan(0), 0);
        assert!(late.watts() < 20 && warm.watts() > 100);
    }

    #[test]
    fn readings_are_plausible_for_a_day() {
        for seed in 0..20 {
            let power = Power::steady(true, at(0));
            for minute in 0..1440 {
                let climate = Climate::at(seed, &power, at(minute * 60));
                assert!((15.0..30.0).contains(&climate.inlet()));
                assert!((35.0..75.0).contains(&climate.cpu(1)), "{}", climate.cpu(1));
                assert!((4000..12_000).contains(&climate.fan(2)));
                assert!((100..600).contains(&climate.watts()));
            }
        }
    }
}
