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
const KEYS: &[&str] = &[
    "power",
    "health",
    "stage",
    "zone",
    "reach",
    "presence",
    "certificate",
    "vendor",
    "model",
    "firmware",
    "bios",
];

impl Query {
    /// Reads a filter. `labels` says whether any device carries a label with that key.
    pub(crate) fn new(text: &str, sort: &str, label: impl Fn(&str) -> bool) -> Self {
        let mut query = Self { text: text.trim().into(), sort: sort.into(), ..Self::default() };
        for word in words(text).take(MOST_TERMS) {
            match word.split_once(':') {
                // An address or a MAC has colons too; a key is letters.
                Some((key, value))
                    if key.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-')
                        && !is_address(word) =>
                {
                    let (key, value) = (key.to_ascii_lowercase(), value.replace('"', "").to_lowercase());
                    if KEYS.contains(&key.as_str()) || label(&key) {
                        query.terms.push(Term::Keyed { key, value });
                    } else {
                        query.ignored.push(word.into());
                    }
                }
                _ => {
                    let word = word.replace('"', "");
                    query
                        .terms
                        .push(Term::Anywhere { needle: word.to_lowercase(), mac: canonical_mac(&word) })
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

/// The words of a filter; blanks between quotation marks do not part.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let parts = text.split(move |c: char| {
        inside ^= c == '"';
        c.is_whitespace() && !inside
    });
    parts.filter(|word| !word.is_empty())
}

/// A value as the filter reads it back. It has no way to write a quotation mark, so these do not count.
pub(crate) fn quoted(value: &str) -> String {
    let value = value.replace('"', "");
    if value.is_empty() || value.contains(char::is_whitespace) { format!("\"{value}\"") } else { value }
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
        "vendor" => said(&device.identity.vendor, value),
        "model" => said(&device.identity.model, value),
        "firmware" => said(&device.identity.bmc_firmware, value),
        "bios" => said(&device.identity.bios_version, value),
        "certificate" => value == "changed" && has_changed_certificate(device),
        label => device.labels.iter().any(|(k, v)| k.to_lowercase() == label && v.to_lowercase() == value),
    }
}

/// Whether it is exactly that, whatever the case and without quotation marks; nothing said is the empty word.
fn said(own: &Option<String>, value: &str) -> bool {
    own.as_deref().unwrap_or_default().replace('"', "").to_lowercase() == value
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
    fn values_with_blanks_stand_in_quotation_marks() {
        let mut device = fixture(7);
        device.identity.model = Some("PowerEdge R750 xs".into());
        device.identity.bios_version = None;
        for text in [
            "model:\"poweredge r750 xs\"",
            "model:\"PowerEdge R750 xs\" rack:r1",
            "bios:\"\"",
            "\"edge r750\"",
        ] {
            assert!(query(text).matches(&device), "{text}");
        }
        for text in ["model:PowerEdge", "bios:2.1", "model:\"PowerEdge\""] {
            assert!(!query(text).matches(&device), "{text}");
        }
        device.identity.model = Some("Tower 19\" deep".into());
        assert!(query(&format!("model:{}", quoted("Tower 19\" deep"))).matches(&device));
        assert_eq!((quoted("a b"), quoted("a"), quoted("")), ("\"a b\"".into(), "a".into(), "\"\"".into()));
    }

    #[test]
    fn a_key_that_nobody_knows_is_named_and_left_out() {
        let query = query("colour:red r1");
        assert_eq!(query.ignored, ["colour:red"]);
        assert!(query.matches(&fixture(1)));
    }
}
