//! The fleet by model: how many of each there are, how they are, and which firmware runs on how many.

use super::fleet::natural;
use super::query::quoted;
use model::Device;
use model::device::{Health, Stage};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A version and on how many devices of a model it runs.
pub(crate) struct Version {
    pub version: String,
    pub count: usize,
    /// Of 100 devices of the model.
    pub percent: usize,
    pub href: String,
}

/// One model.
pub(crate) struct Model {
    pub vendor: String,
    pub model: String,
    pub href: String,
    pub count: usize,
    pub on: usize,
    pub offline: usize,
    /// How many are of which health, the worst first.
    pub health: Vec<(Health, usize)>,
    pub firmware: Vec<Version>,
    pub bios: Vec<Version>,
}

/// All models of the devices, the most frequent first; what is decommissioned does not count.
pub(crate) fn models(devices: &[Arc<Device>]) -> Vec<Model> {
    let mut by: BTreeMap<(String, String), Vec<&Device>> = BTreeMap::new();
    for device in devices.iter().filter(|device| device.stage != Stage::Decommissioned) {
        let word = |of: &Option<String>| of.clone().unwrap_or_default();
        by.entry((word(&device.identity.vendor), word(&device.identity.model))).or_default().push(device);
    }
    let mut models: Vec<Model> =
        by.into_iter().map(|((vendor, model), of)| row(vendor, model, &of)).collect();
    models.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then_with(|| natural(&a.vendor, &b.vendor))
            .then_with(|| natural(&a.model, &b.model))
    });
    models
}

fn row(vendor: String, model: String, devices: &[&Device]) -> Model {
    let terms = [("vendor", &vendor), ("model", &model)];
    let filter: Vec<String> = terms.iter().map(|(key, value)| format!("{key}:{}", quoted(value))).collect();
    let filter = filter.join(" ");
    let count = devices.len();
    let health = |of| (of, devices.iter().filter(|device| device.state.health == of).count());
    Model {
        href: address(&filter),
        count,
        on: devices.iter().filter(|device| device.state.power == model::device::Power::On).count(),
        offline: devices
            .iter()
            .filter(|device| matches!(device.state.reach, model::device::Reach::Offline { .. }))
            .count(),
        health: [Health::Critical, Health::Warning, Health::Ok, Health::Unknown].map(health).to_vec(),
        firmware: versions(devices, &filter, "firmware", |device| device.identity.bmc_firmware.as_deref()),
        bios: versions(devices, &filter, "bios", |device| device.identity.bios_version.as_deref()),
        vendor,
        model,
    }
}

fn versions(
    devices: &[&Device],
    filter: &str,
    key: &str,
    of: impl Fn(&Device) -> Option<&str>,
) -> Vec<Version> {
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for device in devices {
        *by.entry(of(device).unwrap_or_default()).or_default() += 1;
    }
    let version = |(version, count): (&str, usize)| Version {
        version: version.to_owned(),
        count,
        percent: percent(count, devices.len()),
        href: address(&format!("{filter} {key}:{}", quoted(version))),
    };
    let mut versions: Vec<Version> = by.into_iter().map(version).collect();
    // The newest first, as far as names tell.
    versions.sort_by(|a, b| natural(&b.version, &a.version));
    versions
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or_default()
}

fn address(filter: &str) -> String {
    super::fleet::address(filter, "name", 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::device::fixture;

    #[test]
    fn models_are_counted_with_their_versions() {
        let with = |number: u8, model: &str, firmware: &str| {
            let mut device = fixture(number);
            device.identity.model = Some(model.into());
            device.identity.bmc_firmware = (!firmware.is_empty()).then(|| firmware.to_owned());
            Arc::new(device)
        };
        let mut gone = Device::clone(&with(9, "B", "1"));
        gone.stage = Stage::Decommissioned;
        let fleet = [
            with(1, "A 1", "7.9"),
            with(2, "B", "1.0"),
            with(3, "A 1", "7.10"),
            with(4, "A 1", "7.10"),
            with(5, "A 1", ""),
            Arc::new(gone),
        ];
        let models = models(&fleet);
        let counted: Vec<(&str, usize)> = models.iter().map(|it| (it.model.as_str(), it.count)).collect();
        assert_eq!(counted, [("A 1", 4), ("B", 1)]);
        let versions: Vec<(&str, usize, usize)> =
            models[0].firmware.iter().map(|it| (it.version.as_str(), it.count, it.percent)).collect();
        assert_eq!(versions, [("7.10", 2, 50), ("7.9", 1, 25), ("", 1, 25)]);
        assert!(models[0].firmware[0].href.contains("model%3A%22A+1%22"), "{}", models[0].firmware[0].href);
    }
}
