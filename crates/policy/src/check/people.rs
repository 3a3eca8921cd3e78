//! Groups of people, key controls, and whether anybody is left who may come in.

use super::known::{ADMINISTRATION, CLEAR_TEXT, meet};
use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::scenario::Rule;
use crate::document::words::{Action, DecryptionMode, Profile};
use crate::near;
use ipnet::IpNet;

pub fn look(look: &Look<'_>, found: &mut Found) {
    for (index, rule) in look.rules() {
        group(look, index, rule, found);
        let posture = rule.identity.as_ref().and_then(|identity| identity.device_posture.as_ref());
        if let Some(posture) = posture {
            let what = format!("{} asks for machines that are `{posture}`", named(index, rule));
            let hint = "delete it, and say in the rationale who checks people's machines, and where";
            found.scenario(
                Code::UncheckedPosture,
                steps!["rules", index, "identity", "device_posture"],
                what,
                hint,
            );
        }
    }
    for name in look.site.groups.keys() {
        if !look.rules().any(|(_, rule)| group_of(rule) == Some(name)) {
            let what = format!("no rule names the group `{name}`");
            found.site(Code::UnusedGroup, steps!["groups", name], what, "delete it, or name it in a rule");
            found.at_key();
        }
    }
    key_controls(look, found);
    lockout(look, found);
}

fn group_of(rule: &Rule) -> Option<&String> {
    rule.identity.as_ref().and_then(|identity| identity.user_group.as_ref())
}

fn group(look: &Look<'_>, index: usize, rule: &Rule, found: &mut Found) {
    let Some(group) = group_of(rule) else { return };
    let path = steps!["rules", index, "identity", "user_group"];
    match look.site.groups.get(group).filter(|networks| !networks.is_empty()) {
        None => {
            let known = look.site.groups.keys().map(String::as_str);
            let otherwise = format!("add its networks to the site:\ngroups:\n  {group}: [10.1.5.0/24]");
            let what = format!(
                "the site does not say where the group `{group}` of {} comes from",
                named(index, rule)
            );
            found.scenario(Code::UnboundGroup, path, what, near::hint(group, known, &otherwise));
        }
        Some(networks) if !rule.zones.from.iter().any(|zone| comes_from(look, networks, zone)) => {
            let what = format!("the group `{group}` comes from none of the zones of {}", named(index, rule));
            let hint = "correct the group's networks, or add the zone that they are in";
            found.scenario(Code::GroupElsewhere, path, what, hint);
        }
        Some(_) => {}
    }
}

/// Whether some of these networks are in a zone.
fn comes_from(look: &Look<'_>, networks: &[IpNet], zone: &str) -> bool {
    let of_zone = look.zone(zone).map(|zone| zone.networks.as_slice()).unwrap_or_default();
    networks.iter().any(|one| of_zone.iter().any(|other| one.contains(other) || other.contains(one)))
}

fn key_controls(look: &Look<'_>, found: &mut Found) {
    let Some(model) = &look.scenario.threat_model else { return };
    for (at, control) in model.key_controls.iter().enumerate() {
        let path = steps!["threat_model", "key_controls", at];
        let Some((_, missing, is_met)) = CONTROLS.iter().find(|(name, ..)| name == control) else {
            let hint = near::hint(
                control,
                CONTROLS.iter().map(|(name, ..)| *name),
                "tell in the description what it is",
            );
            found.scenario(
                Code::UnknownKeyControl,
                path,
                format!("`{control}` is no known key control"),
                hint,
            );
            continue;
        };
        if !is_met(look) {
            let what = format!("`{control}` is a key control, and {missing}");
            found.scenario(
                Code::UnmetKeyControl,
                path,
                what,
                "write the rule that carries it out, or delete the control",
            );
        }
    }
}

type Control = (&'static str, &'static str, fn(&Look<'_>) -> bool);

/// Each key control, what is missing without it, and whether some rule carries it out.
const CONTROLS: [Control; 6] = [
    ("management_zone_segmentation", "the site has no zone beside the appliance's", |look| {
        look.site.zones.len() > 1
    }),
    ("ssl_inbound_inspection", "no rule is decrypted in this way", |look| {
        look.allowing().any(|(_, rule)| rule.decryption.mode == DecryptionMode::SslInboundInspection)
    }),
    ("ssl_forward_proxy", "no rule is decrypted in this way", |look| {
        look.allowing().any(|(_, rule)| rule.decryption.mode == DecryptionMode::SslForwardProxy)
    }),
    ("block_cleartext_management", "no rule drops clear text", |look| {
        let known = CLEAR_TEXT.map(|(_, service)| service);
        look.rules().any(|(_, rule)| {
            rule.action != Action::Allow && meet(look.services(&rule.application.app_id), &known)
        })
    }),
    ("firmware_sandboxing", "no rule has the profile `sandboxing`", |look| {
        look.allowing().any(|(_, rule)| rule.security_profiles.contains_key(&Profile::Sandboxing))
    }),
    ("identity_user_group", "no rule has an `identity` with a `user_group`", |look| {
        look.rules().any(|(_, rule)| group_of(rule).is_some())
    }),
];

fn lockout(look: &Look<'_>, found: &mut Found) {
    let is_open = |rule: &Rule| {
        let is_for_somebody = group_of(rule)
            .is_none_or(|group| look.site.groups.get(group).is_some_and(|networks| !networks.is_empty()));
        rule.zones.to == look.home()
            && is_for_somebody
            && rule.zones.from.iter().any(|from| from != look.home())
            && meet(look.services(&rule.application.app_id), &ADMINISTRATION)
    };
    if !look.scenario.rules.is_empty() && !look.allowing().any(|(_, rule)| is_open(rule)) {
        let what = format!("no rule allows HTTPS or SSH into `{}` from another zone", look.home());
        let hint = "allow tcp/443 from where administrators work";
        found.scenario(Code::Lockout, steps!["rules"], what, hint);
    }
}
