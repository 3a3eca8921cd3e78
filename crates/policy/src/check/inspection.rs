//! Profiles that see nothing, and decryption that nobody does.

use super::known::OPEN;
use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::scenario::Rule;
use crate::document::words::{Action, DecryptionMode, Profile};
use crate::near;

const EXCLUSIONS: [&str; 3] = ["cert_pinned_app", "finance", "health"];

pub fn look(look: &Look<'_>, found: &mut Found) {
    for (index, rule) in look.rules() {
        if rule.action == Action::Allow {
            blind(look, index, rule, found);
            elsewhere(look, index, rule, found);
            risk(index, rule, found);
        } else {
            needless(index, rule, found);
        }
        for (at, exclusion) in rule.decryption.exclusions.iter().enumerate() {
            if !EXCLUSIONS.contains(&exclusion.as_str()) {
                let hint =
                    near::hint(exclusion, EXCLUSIONS, "write one of: cert_pinned_app, finance, health");
                let path = steps!["rules", index, "decryption", "exclusions", at];
                found.scenario(
                    Code::UnknownExclusion,
                    path,
                    format!("`{exclusion}` is no known exclusion"),
                    hint,
                );
            }
        }
    }
    for (at, control) in look.site.compensating_controls.iter().enumerate() {
        if control.control.values().all(|text| text.trim().is_empty()) {
            let what = format!("it is not said what makes up for profiles of `{}`", control.application);
            let hint = "add `control: {en: …}`: what does the work, and where";
            found.site(Code::EmptyControl, steps!["compensating_controls", at], what, hint);
        }
    }
}

fn blind(look: &Look<'_>, index: usize, rule: &Rule, found: &mut Found) {
    let app_id = &rule.application.app_id;
    if rule.decryption.mode != DecryptionMode::None || is_open(look, app_id) {
        return;
    }
    for (profile, word) in words(rule).filter(|(profile, _)| profile.reads_content()) {
        let is_made_up_for = look.site.compensating_controls.iter().any(|control| {
            control.application == *app_id
                && control.profiles.contains(&profile)
                && control.control.values().any(|text| !text.trim().is_empty())
        });
        if !is_made_up_for {
            let what = format!("{} is inspected by {word} and never decrypted", named(index, rule));
            let hint = format!(
                "delete the profile, or name in the site what does its work:\ncompensating_controls:\n  - application: {app_id}\n    profiles: [{word}]\n    control: {{en: …}}"
            );
            found.scenario(
                Code::BlindProfile,
                steps!["rules", index, "security_profiles", word.as_str()],
                what,
                hint,
            );
            found.at_key();
        }
    }
}

/// Whether anybody can read an application's traffic.
fn is_open(look: &Look<'_>, app_id: &str) -> bool {
    let Some(application) = look.application(app_id) else { return true };
    application.clear_text
        || application.services.iter().all(|service| OPEN.iter().any(|open| open.covers(*service)))
}

/// A rule's profiles, and how they are written.
fn words(rule: &Rule) -> impl Iterator<Item = (Profile, String)> {
    rule.security_profiles.keys().map(|profile| (*profile, word(*profile)))
}

fn word(profile: Profile) -> String {
    serde_json::to_value(profile).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn elsewhere(look: &Look<'_>, index: usize, rule: &Rule, found: &mut Found) {
    let (hint, is_here) = match rule.decryption.mode {
        DecryptionMode::None => return,
        DecryptionMode::SslInboundInspection => (
            "inspection with the server's own key is done for what ends at the appliance: write `none`, or name its zone",
            rule.zones.to == look.home(),
        ),
        DecryptionMode::SslForwardProxy => (
            "the forward proxy is for ways out of the appliance's zone to the Internet: write `none`",
            look.is_internet(&rule.zones.to) && rule.zones.from.iter().any(|from| from == look.home()),
        ),
    };
    if !is_here {
        let what = format!("the appliance cannot open the traffic of {}", named(index, rule));
        found.scenario(Code::InspectionElsewhere, steps!["rules", index, "decryption", "mode"], what, hint);
    }
}

fn risk(index: usize, rule: &Rule, found: &mut Found) {
    let Some(risk) = rule.application.risk.filter(|risk| *risk >= 4) else { return };
    let is_logged = rule.logging.at_start || rule.logging.at_end;
    let missing = match (rule.security_profiles.is_empty(), is_logged) {
        (true, false) => "no profile and no logging",
        (true, true) => "no profile",
        (false, false) => "no logging",
        (false, true) => return,
    };
    let what = format!("{} has risk {risk} and {missing}", named(index, rule));
    let hint = "add `security_profiles: {ips: {}}` and `logging: {at_start: true, at_end: true}`";
    found.scenario(Code::UnguardedRisk, steps!["rules", index, "application", "risk"], what, hint);
}

fn needless(index: usize, rule: &Rule, found: &mut Found) {
    if let Some((_, word)) = words(rule).next() {
        let what = format!("{} lets nothing pass, and has profiles", named(index, rule));
        found.scenario(
            Code::ProfileOnDrop,
            steps!["rules", index, "security_profiles", word.as_str()],
            what,
            "delete them",
        );
        found.at_key();
    } else if rule.decryption.mode != DecryptionMode::None {
        let what = format!("{} lets nothing pass, and is decrypted", named(index, rule));
        found.scenario(
            Code::ProfileOnDrop,
            steps!["rules", index, "decryption", "mode"],
            what,
            "write `none`",
        );
    }
}
