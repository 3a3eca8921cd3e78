//! What templates are given: plain values, already in words, so that templates decide nothing but layout.

pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod device;
pub(crate) mod firewall_log;
pub(crate) mod fleet;
pub(crate) mod frame;
pub(crate) mod inventory;
pub(crate) mod job;
pub(crate) mod models;
pub(crate) mod pacing;
pub(crate) mod policy;
pub(crate) mod policy_hits;
pub(crate) mod policy_lines;
pub(crate) mod query;
pub(crate) mod racks;
pub(crate) mod sensors;
pub(crate) mod traffic;

use jiff::Timestamp;
use model::device::{Certificate, Reset};
use model::job::Act;

/// Of this build.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A word of the vocabulary as people read it.
pub(crate) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// The first letter, for narrow column heads.
pub(crate) fn initial(word: &str) -> String {
    word.chars().take(2).collect()
}

/// A point in time, for people and for scripts.
#[derive(Clone, Debug)]
pub(crate) struct Time {
    /// RFC 3339.
    pub iso: String,
    /// `2026-11-20 07:52:01`, UTC.
    pub shown: String,
    /// `12 s ago`.
    pub ago: String,
}

impl Time {
    /// As seen from `now`.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), shown: shown(at), ago: ago(at, now) }
    }
}

/// `2026-11-20 07:52:01`, UTC.
pub(crate) fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    let (step, unit) = match seconds {
        ..90 => (1, "s"),
        90..5_400 => (60, "min"),
        5_400..172_800 => (3_600, "h"),
        _ => (86_400, "d"),
    };
    format!("{} {unit} ago", (seconds + step / 2) / step)
}

/// A certificate as pages show it.
#[derive(Clone, Debug)]
pub(crate) struct ShownCertificate {
    pub fingerprint: String,
    pub subject: String,
    pub issuer: String,
    pub ends: String,
    pub trusted: bool,
}

impl ShownCertificate {
    pub(crate) fn new(certificate: &Certificate, now: Timestamp) -> Self {
        let ends = certificate.not_after.map_or_else(
            || "not said".to_owned(),
            |end| if end < now { format!("{} (over)", shown(end)) } else { shown(end) },
        );
        Self {
            fingerprint: certificate.fingerprint.to_string(),
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            ends,
            trusted: certificate.trusted,
        }
    }
}

/// An `<svg>` element that the appliance drew itself; the one markup that is put into a page as it is,
/// beside [`crate::manual::Rendered`].
pub(crate) struct Drawing(String);

impl Drawing {
    /// The QR code of a first login: made by `identity` from numbers alone.
    pub(crate) fn of(svg: &model::Secret<String>) -> Self {
        Self(svg.expose().clone())
    }
}

impl std::fmt::Display for Drawing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Drawing {}

/// One value that a form offers.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub value: &'static str,
    pub text: &'static str,
    pub disrupts: bool,
}

/// How people call a reset type.
pub(crate) const fn reset_text(reset: Reset) -> &'static str {
    match reset {
        Reset::On => "Power on",
        Reset::ForceOff => "Force off",
        Reset::GracefulShutdown => "Shut down",
        Reset::GracefulRestart => "Restart gracefully",
        Reset::ForceRestart => "Force restart",
        Reset::Nmi => "Send NMI",
        Reset::ForceOn => "Force on",
        Reset::PushPowerButton => "Push power button",
        Reset::PowerCycle => "Power cycle",
        Reset::Suspend => "Suspend",
        Reset::Pause => "Pause",
        Reset::Resume => "Resume",
        Reset::FullPowerCycle => "Full power cycle",
    }
}

/// How people call what a job does.
pub(crate) const fn act_text(act: Act) -> &'static str {
    match act {
        Act::Power { reset } => reset_text(reset),
        Act::Refresh => "Read now",
        Act::Stage { stage: model::Stage::Maintenance } => "Put into maintenance",
        Act::Stage { .. } => "Put in service",
    }
}

/// A reset type as a form offers it.
pub(crate) const fn reset_choice(reset: Reset) -> Choice {
    Choice { value: reset.word(), text: reset_text(reset), disrupts: reset.disrupts() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_rounded_to_what_matters() {
        let at = |seconds: i64| Timestamp::from_second(1_000_000_000 - seconds).unwrap();
        let now = at(0);
        for (seconds, text) in [
            (-5, "0 s ago"),
            (12, "12 s ago"),
            (89, "89 s ago"),
            (150, "3 min ago"),
            (7_200, "2 h ago"),
            (259_200, "3 d ago"),
        ] {
            assert_eq!(ago(at(seconds), now), text);
        }
    }
}
