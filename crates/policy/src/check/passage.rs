//! Where rules hold: direction, inside a zone, between zones, limits.

use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::scenario::Rule;
use crate::document::site::Segment;
use crate::document::words::{Action, Direction};
use std::collections::BTreeMap;

pub fn look(look: &Look<'_>, found: &mut Found) {
    for (index, rule) in look.rules() {
        sources(index, rule, found);
        direction(look, index, rule, found);
        inside(look, index, rule, found);
        between(look, index, rule, found);
    }
    routed(look, found);
    limits(look, found);
}

fn sources(index: usize, rule: &Rule, found: &mut Found) {
    let path = steps!["rules", index, "zones", "from"];
    if rule.zones.from.is_empty() {
        let what = format!("{} does not say from where", named(index, rule));
        found.scenario(Code::NoSource, path, what, "name the zones that it begins in");
        return;
    }
    for (at, zone) in rule.zones.from.iter().enumerate() {
        if rule.zones.from.iter().take(at).any(|earlier| earlier == zone) {
            let path = steps!["rules", index, "zones", "from", at];
            let what = format!("{} names `{zone}` twice", named(index, rule));
            found.scenario(Code::RepeatedSource, path, what, "delete one, or name the other zone");
        }
    }
}

/// Seen from the appliance's zone: out to the Internet, in from elsewhere, or between inner zones.
fn direction(look: &Look<'_>, index: usize, rule: &Rule, found: &mut Found) {
    let (from, to) = (&rule.zones.from, &rule.zones.to);
    if from.is_empty() || look.zone(to).is_none() {
        return;
    }
    let is_to_home = to == look.home();
    let fits: &[Direction] = if look.is_internet(to) {
        &[Direction::Outbound]
    } else if from.iter().any(|zone| look.is_internet(zone))
        || (is_to_home && from.iter().any(|zone| zone != to))
    {
        &[Direction::Inbound]
    } else if is_to_home {
        &[Direction::Internal, Direction::Inbound]
    } else {
        &[Direction::Internal]
    };
    if let Some(first) = fits.first().filter(|_| !fits.contains(&rule.direction)) {
        let what = format!(
            "{} goes from {} to {to}, which is not {}",
            named(index, rule),
            from.join(", "),
            word(rule.direction)
        );
        let hint = format!("write `direction: {}`, or correct the zones", word(*first));
        found.scenario(Code::WrongDirection, steps!["rules", index, "direction"], what, hint);
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
        Direction::Internal => "internal",
    }
}

fn inside(look: &Look<'_>, index: usize, rule: &Rule, found: &mut Found) {
    let to = &rule.zones.to;
    let Some(at) = rule.zones.from.iter().position(|from| from == to) else { return };
    if look.zone(to).is_some_and(|zone| zone.segment == Segment::Shared) {
        let what = format!(
            "{} is inside `{to}`, whose members reach each other without the appliance",
            named(index, rule)
        );
        let hint = format!(
            "isolate them (private VLAN) and write `segment: choke_point` into the site's zone `{to}`"
        );
        found.scenario(Code::IntraZone, steps!["rules", index, "zones", "from", at], what, hint);
    }
}

fn between(look: &Look<'_>, index: usize, rule: &Rule, found: &mut Found) {
    let (from, to) = (&rule.zones.from, &rule.zones.to);
    if rule.action != Action::Allow || to == look.home() {
        return look_in(look, index, rule, found);
    }
    for (at, zone) in from.iter().enumerate().filter(|(_, zone)| *zone != to && *zone != look.home()) {
        let is_routed = look.site.routed.iter().any(|routed| {
            routed.from == *zone && routed.to == *to && routed.applications.contains(&rule.application.app_id)
        });
        if !is_routed {
            let what = format!(
                "{} allows passage from `{zone}` to `{to}`, and the appliance is in neither",
                named(index, rule)
            );
            let hint = format!(
                "delete the zone; or let the site route it:\nrouted:\n  - {{from: {zone}, to: {to}, applications: [{}]}}",
                rule.application.app_id
            );
            found.scenario(Code::NotForwarded, steps!["rules", index, "zones", "from", at], what, hint);
        }
    }
    look_in(look, index, rule, found);
}

fn look_in(look: &Look<'_>, index: usize, rule: &Rule, found: &mut Found) {
    let internet = rule.zones.from.iter().position(|zone| look.is_internet(zone));
    if let Some(at) = internet.filter(|_| rule.action == Action::Allow && !look.is_internet(&rule.zones.to)) {
        let what = format!("{} lets the Internet into `{}`", named(index, rule), rule.zones.to);
        let hint = "let people come by a VPN or the lifeline, and delete this zone from the rule";
        found.scenario(Code::InternetInbound, steps!["rules", index, "zones", "from", at], what, hint);
    }
}

fn routed(look: &Look<'_>, found: &mut Found) {
    for (at, routed) in look.site.routed.iter().enumerate() {
        let way = format!("from `{}` to `{}`", routed.from, routed.to);
        let applications = routed.applications.join(", ");
        let hint = "where the appliance's own programs can do it (SSH, HTTPS, proxy, resolver), delete this";
        found.site(Code::RoutedPassage, steps!["routed", at], format!("{applications}: routed {way}"), hint);
        for (item, app_id) in
            routed.applications.iter().enumerate().filter(|(_, app_id)| look.has_rule_for(app_id))
        {
            let is_allowed = look.allowing().any(|(_, rule)| {
                rule.application.app_id == *app_id
                    && rule.zones.to == routed.to
                    && rule.zones.from.contains(&routed.from)
            });
            if !is_allowed {
                let what = format!("no rule allows `{app_id}` {way}");
                let path = steps!["routed", at, "applications", item];
                found.site(Code::RoutedWithoutRule, path, what, "write the rule, or delete this");
            }
        }
    }
}

fn limits(look: &Look<'_>, found: &mut Found) {
    let mut seen = BTreeMap::new();
    for (at, class) in look.site.traffic_classes.iter().enumerate() {
        let path = |field: &str| steps!["traffic_classes", at, field];
        let way = format!("from `{}` to `{}`", class.from, class.to);
        if class.mbit == 0 {
            found.site(
                Code::ZeroLimit,
                path("mbit"),
                format!("nothing may pass {way}"),
                "write how many megabits a second",
            );
        }
        if let Some(first) = seen.insert((&class.from, &class.to), at) {
            let what = format!("the way {way} has a limit already, the one at place {first}");
            found.site(Code::RepeatedLimit, path("mbit"), what, "keep one of them");
        }
    }
    for (interface, _) in look.site.links.iter().filter(|(_, line)| line.mbit == 0) {
        let what = format!("the line behind `{interface}` carries nothing");
        found.site(
            Code::ZeroLimit,
            steps!["links", interface, "mbit"],
            what,
            "write how many megabits a second",
        );
    }
    for (index, rule) in look.rules().filter(|(_, rule)| rule.logging.rate_limit == Some(0)) {
        let what = format!("{} may write no record at all", named(index, rule));
        let path = steps!["rules", index, "logging", "rate_limit"];
        found.scenario(
            Code::ZeroLimit,
            path,
            what,
            "write how many records a second, or switch its logging off",
        );
    }
}
