//! What an application cannot do without.

use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::scenario::Rule;
use crate::document::words::Action;
use crate::near;
use std::collections::{BTreeMap, BTreeSet};

pub fn look(look: &Look<'_>, found: &mut Found) {
    for (index, rule) in look.rules() {
        for (at, needed) in rule.application.depends_on.iter().enumerate() {
            let path = steps!["rules", index, "application", "depends_on", at];
            if !look.has_rule_for(needed) && look.application(needed).is_none() {
                let known = look.rules().map(|(_, rule)| rule.application.app_id.as_str());
                let known = known.chain(look.site.applications.keys().map(String::as_str));
                let otherwise =
                    format!("write a rule for `{needed}`, or its services into the site's `applications`");
                let what = format!("{} depends on `{needed}`, which nothing defines", named(index, rule));
                found.scenario(Code::UnknownDependency, path, what, near::hint(needed, known, &otherwise));
            } else if rule.action == Action::Allow && !is_allowed(look, rule, needed) {
                let what = format!(
                    "{} depends on `{needed}`, and no rule allows that where it is needed",
                    named(index, rule)
                );
                let hint = format!(
                    "allow `{needed}` from `{}`, or from the zones that this rule begins in",
                    rule.zones.to
                );
                found.scenario(Code::DependencyNotAllowed, path, what, hint);
            }
        }
    }
    circles(look, found);
}

/// Whether an end of the rule may use what it depends on: by a rule of that name, or by rules that allow its services on
/// the same way.
fn is_allowed(look: &Look<'_>, rule: &Rule, needed: &str) -> bool {
    let is_end = |zone: &String| *zone == rule.zones.to || rule.zones.from.contains(zone);
    let by_name = look
        .allowing()
        .any(|(_, other)| other.application.app_id == needed && other.zones.from.iter().any(is_end));
    let services = look.services(needed);
    let by_service = !services.is_empty()
        && services.iter().all(|service| {
            look.allowing().any(|(_, other)| {
                let is_same_way = other.zones.to == rule.zones.to
                    && rule.zones.from.iter().all(|from| other.zones.from.contains(from));
                is_same_way && look.services(&other.application.app_id).iter().any(|one| one.covers(*service))
            })
        });
    by_name || by_service
}

fn circles(look: &Look<'_>, found: &mut Found) {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, rule) in look.rules() {
        let needed = rule.application.depends_on.iter().map(String::as_str);
        needs.entry(&rule.application.app_id).or_default().extend(needed);
    }
    for (index, rule) in look.rules() {
        for (at, needed) in rule.application.depends_on.iter().enumerate() {
            if reaches(&needs, needed, &rule.application.app_id) {
                let path = steps!["rules", index, "application", "depends_on", at];
                let what =
                    format!("`{}` depends on `{needed}`, which depends on it", rule.application.app_id);
                found.scenario(Code::DependencyCycle, path, what, "delete one of the two");
            }
        }
    }
}

fn reaches(needs: &BTreeMap<&str, BTreeSet<&str>>, from: &str, to: &str) -> bool {
    let mut open = vec![from];
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(needs.get(at).into_iter().flatten());
        }
    }
    false
}
