//! The filter box: words that must all match, some of them `key:value`.

use model::Device;
use model::device::{Reach, canonical_mac};

/// What a filter said, ready to be held against devices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// As typed.
    pub text: String,
    /// The column that the list is sorted by, with `-` in front for descending.
    pub sort: String,
    /// Terms with a key that no device knows.
    pub ignored: Vec<String>,
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Term {
    Anywhere { needle: String, mac: Option<String> },
    Keyed { key: String, value: String },
}

/// So many words of a filter count; nobody types more, and each costs a pass over the fleet.
const MOST_TERMS: usize = 16;
/// Keys that every device answers to.
const KEYS: &[&str] = &["power", "health", "stage", "zone", "reach", "presence", "certificate"];

impl Query {
    /// Reads a filter. `labels` says whether any device carries a label with that key.
    pub(crate) fn new(text: &str, sort: &str, label: impl Fn(&str) -> bool) -> Self {
        let mut query = Self { text: text.trim().into(), sort: sort.into(), ..Self::default() };
        for word in text.split_whitespace().take(MOST_TERMS) {
            match word.split_once(':') {
                // An address or a MAC has colons too; a key is letters.
                Some((key, value))
                    if key.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-')
                        && !is_address(word) =>
                {
                    let (key, value) = (key.to_ascii_lowercase(), value.to_lowercase());
                    if KEYS.contains(&key.as_str()) || label(&key) {
                        query.terms.push(Term::Keyed { key, value });
                    } else {
                        query.ignored.push(word.into());
                    }
                }
                _ => {
                    query.terms.push(Term::Anywhere { needle: word.to_lowercase(), mac: canonical_mac(word) })
                }
            }
        }
        query
    }

    /// Whether all terms match.
    pub(crate) fn matches(&self, device: &Device) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Anywhere { needle, mac } => anywhere(device, needle, mac.as_deref()),
            Term::Keyed { key, value } => keyed(device, key, value),
        })
    }
}

fn is_address(word: &str) -> bool {
    word.parse::<std::net::IpAddr>().is_ok() || canonical_mac(word).is_some() || partial_mac(word)
}

/// `aa:bb:cc`: the beginning of a MAC.
fn partial_mac(word: &str) -> bool {
    word.split(':').all(|pair| pair.len() <= 2 && pair.chars().all(|c| c.is_ascii_hexdigit()))
}

fn anywhere(device: &Device, needle: &str, mac: Option<&str>) -> bool {
    let identity = &device.identity;
    let holds = |text: &str| text.to_lowercase().contains(needle);
    let said = [
        &identity.vendor,
        &identity.model,
        &identity.serial,
        &identity.hostname,
        &identity.asset_tag,
        &identity.bmc_firmware,
        &identity.bios_version,
        &identity.service_uuid,
        &identity.system_uuid,
    ];
    holds(&device.name)
        || device.id.0 == needle
        || said.into_iter().flatten().any(|text| holds(text))
        || device.endpoint.to_string().contains(needle)
        || identity.macs.iter().any(|own| own.contains(needle) || mac == Some(own))
        || identity.addresses.iter().any(|own| own.to_string().contains(needle))
        || device.labels.values().any(|value| holds(value))
}

fn keyed(device: &Device, key: &str, value: &str) -> bool {
    let word = |word: &str| word == value || word.replace('_', "-") == value;
    match key {
        "power" => word(device.state.power.word()),
        "health" => word(device.state.health.word()),
        "stage" => word(device.stage.word()),
        "presence" => word(device.presence.word()),
        "zone" => device.zone.to_lowercase() == value,
        "reach" => word(reach_word(&device.state.reach)),
        "certificate" => value == "changed" && has_changed_certificate(device),
        label => device.labels.iter().any(|(k, v)| k.to_lowercase() == label && v.to_lowercase() == value),
    }
}

/// `online`, `offline` or `not_asked`.
pub(crate) const fn reach_word(reach: &Reach) -> &'static str {
    match reach {
        Reach::NotAsked => "not_asked",
        Reach::Online => "online",
        Reach::Offline { .. } => "offline",
    }
}

/// Whether it shows another certificate than the pinned one.
pub(crate) fn has_changed_certificate(device: &Device) -> bool {
    match (&device.pinned, &device.presented) {
        (Some(pinned), Some(presented)) => pinned.fingerprint != presented.fingerprint,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::device::fixture;
    use model::device::{Health, Power};

    fn query(text: &str) -> Query {
        Query::new(text, "name", |key| key == "rack")
    }

    #[test]
    fn words_match_names_serials_macs_addresses_models_and_labels() {
        let device = fixture(7);
        for text in [
            "r1-u07",
            "R1-U",
            "sn0007",
            "10.0.3.7",
            "aa:bb:cc:00:00:07",
            "AABBCC000007",
            "aa-bb-cc-00-00-07",
            "aa:bb",
            "poweredge",
            "r1",
            "",
        ] {
            assert!(query(text).matches(&device), "{text}");
        }
        for text in ["r9-u07", "10.0.3.70", "r1-u07 nonsense", "ff:ee"] {
            assert!(!query(text).matches(&device), "{text}");
        }
    }

    #[test]
    fn keys_match_exactly() {
        let mut device = fixture(7);
        device.state.power = Power::PoweringOff;
        device.state.health = Health::Critical;
        for text in [
            "power:powering_off",
            "power:powering-off",
            "health:critical",
            "stage:in_service",
            "zone:management",
            "rack:r1",
            "reach:online",
            "POWER:powering_off zone:management",
        ] {
            assert!(query(text).matches(&device), "{text}");
        }
        for text in ["power:off", "health:ok", "rack:r", "certificate:changed"] {
            assert!(!query(text).matches(&device), "{text}");
        }
    }

    #[test]
    fn a_key_that_nobody_knows_is_named_and_left_out() {
        let query = query("colour:red r1");
        assert_eq!(query.ignored, ["colour:red"]);
        assert!(query.matches(&fixture(1)));
    }
}
