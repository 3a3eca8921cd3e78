//! What applications are on the wire, and which names they may reach.

use super::known::{CLEAR_TEXT, MULTICAST};
use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::words::{Action, Profile};
use crate::near;
use crate::service::Service;
use crate::yaml::Step;

pub fn look(look: &Look<'_>, found: &mut Found) {
    services(look, found);
    multicast(look, found);
    named_by_the_site(look, found);
    clear_text(look, found);
    allow_lists(look, found);
}

fn services(look: &Look<'_>, found: &mut Found) {
    let depended_on: Vec<&String> = look.rules().flat_map(|(_, rule)| &rule.application.depends_on).collect();
    for (name, application) in &look.site.applications {
        if application.services.is_empty() {
            let what = format!("`{name}` has no service");
            let hint = "add one: tcp/443, udp/1024-2048, icmp/echo-request";
            found.site(Code::NoServices, steps!["applications", name], what, hint);
        }
        if !look.has_rule_for(name) && !depended_on.contains(&name) {
            let what = format!("no rule is about `{name}`, and none depends on it");
            found.site(
                Code::UnusedApplication,
                steps!["applications", name],
                what,
                "write a rule for it, or delete it",
            );
        }
    }
}

fn multicast(look: &Look<'_>, found: &mut Found) {
    for (name, application) in &look.site.applications {
        for (at, group) in application.multicast.iter().enumerate().filter(|(_, group)| !group.is_multicast())
        {
            let path = steps!["applications", name, "multicast", at];
            let hint = "write a group; what is asked by unicast needs no entry";
            found.site(Code::NotMulticast, path, format!("{group} is no multicast group"), hint);
        }
        let has_udp = application.services.iter().any(|service| matches!(service, Service::Udp(_)));
        if !application.multicast.is_empty() && !has_udp {
            let path = steps!["applications", name, "multicast"];
            let what = format!("`{name}` asks groups and has no UDP service");
            found.site(Code::MulticastWithoutUdp, path, what, "add its UDP port, or delete the groups");
        }
        let known = MULTICAST.iter().find(|(_, service, _)| application.services.contains(service));
        if let Some((protocol, service, groups)) = known.filter(|_| application.multicast.is_empty()) {
            let what = format!(
                "`{name}` is {protocol} ({service}), which asks by multicast and is answered by unicast"
            );
            let hint =
                format!("add `multicast: [{groups}]`: answers to a request are then let in for seconds");
            found.site(Code::MulticastUnanswered, steps!["applications", name], what, hint);
        }
    }
}

/// What the site says about applications, held against the rules.
fn named_by_the_site(look: &Look<'_>, found: &mut Found) {
    let site = look.site;
    let mut named: Vec<(Vec<Step>, &String)> =
        site.domains.keys().map(|name| (steps!["domains", name], name)).collect();
    let controls = site.compensating_controls.iter().enumerate();
    named.extend(
        controls.map(|(at, one)| (steps!["compensating_controls", at, "application"], &one.application)),
    );
    named.extend(site.shadow.iter().enumerate().map(|(at, name)| (steps!["shadow", at], name)));
    for (at, routed) in site.routed.iter().enumerate() {
        let applications = routed.applications.iter().enumerate();
        named.extend(applications.map(|(item, name)| (steps!["routed", at, "applications", item], name)));
    }
    for (path, name) in named.into_iter().filter(|(_, name)| !look.has_rule_for(name)) {
        let known = look.rules().map(|(_, rule)| rule.application.app_id.as_str());
        let hint = near::hint(name, known, "write a rule for it, or delete this");
        let is_key = path.last() == Some(&Step::from(name));
        found.site(Code::UnboundApplication, path, format!("no rule is about `{name}`"), hint);
        if is_key {
            found.at_key();
        }
    }
}

fn clear_text(look: &Look<'_>, found: &mut Found) {
    for (index, rule) in look.rules() {
        let app_id = &rule.application.app_id;
        let Some(application) = look.application(app_id) else { continue };
        let has = |known: &Service| application.services.iter().any(|service| service.covers(*known));
        let clear: Vec<String> = CLEAR_TEXT
            .iter()
            .filter(|(_, service)| has(service))
            .map(|(name, service)| format!("{name} ({service})"))
            .collect();
        let name = named(index, rule);
        if rule.action == Action::Allow && (application.clear_text || !clear.is_empty()) {
            let which =
                if clear.is_empty() { "an application in clear text".to_owned() } else { clear.join(", ") };
            let hint = "allow its encrypted successor, and drop this one";
            found.scenario(
                Code::ClearTextAllowed,
                steps!["rules", index, "action"],
                format!("{name} allows {which}"),
                hint,
            );
        } else if rule.action != Action::Allow && !clear.is_empty() && !application.clear_text {
            let what = format!("`{app_id}` holds {}", clear.join(", "));
            let path = steps!["applications", app_id];
            found.site(Code::ClearTextUnmarked, path, what, "add `clear_text: true`");
        }
    }
}

fn allow_lists(look: &Look<'_>, found: &mut Found) {
    for (index, rule) in look.allowing().filter(|(_, rule)| look.is_internet(&rule.zones.to)) {
        let app_id = &rule.application.app_id;
        let listed =
            rule.security_profiles.get(&Profile::UrlFiltering).and_then(|body| body.get("allow_list"));
        let has_own = listed.and_then(|list| list.as_array()).is_some_and(|list| !list.is_empty());
        let has_sites = look.site.domains.get(app_id).is_some_and(|names| !names.is_empty());
        if !has_own && !has_sites {
            let what = format!(
                "{} leads to `{}`, and the site does not say to which hosts",
                named(index, rule),
                rule.zones.to
            );
            let hint = format!("add the names to the site:\ndomains:\n  {app_id}: [download.example.com]");
            found.scenario(Code::NoAllowList, steps!["rules", index, "zones", "to"], what, hint);
        }
    }
}
