//! A scenario and a site to a plan: names become numbers, and what has no place in the site is told.

use crate::diagnostic::{Code, Problem, Which, steps};
use crate::document::words::{Action, Class};
use crate::document::{Scenario, Site, scenario};
use crate::near;
use crate::plan::{Limit, Link, Log, Plan, Rule, Zone, ZoneIndex};
use crate::yaml::Step;
use std::collections::BTreeMap;

impl Plan {
    /// Binds a scenario to a site. Rules whose group of people is not bound match nobody.
    ///
    /// # Errors
    ///
    /// Every name of a zone or an application that the site does not bind.
    pub fn bind(scenario: &Scenario, site: &Site) -> Result<Self, Vec<Problem>> {
        let mut binder = Binder::new(site);
        let home = binder.zone(&site.appliance.zone, Which::Site, || steps!["appliance", "zone"]);
        let rules: Vec<Option<Rule>> =
            scenario.rules.iter().enumerate().map(|(index, rule)| binder.rule(index, rule)).collect();
        let rules: Vec<Rule> = rules.into_iter().flatten().collect();
        let routed = binder.routed(&rules);
        let limits = binder.limits();
        match home {
            Some(home) if binder.problems.is_empty() => Ok(Self {
                scenario: format!("{} {}", scenario.id, scenario.version),
                zones: site.zones.iter().map(|(name, zone)| bound(name, zone)).collect(),
                home,
                own: site.appliance.addresses.clone(),
                rules,
                routed,
                limits,
                links: site.links.iter().map(link).collect(),
                urgent: urgent(site),
            }),
            _ => Err(binder.problems),
        }
    }
}

fn link((interface, line): (&String, &crate::document::site::Line)) -> Link {
    Link { interface: interface.clone(), mbit: line.mbit }
}

/// What the applications use that come first.
fn urgent(site: &Site) -> Vec<crate::service::Service> {
    let first = site.applications.values().filter(|application| application.class == Class::Console);
    first.flat_map(|application| application.services.iter().copied()).collect()
}

fn bound(name: &str, zone: &crate::document::site::Zone) -> Zone {
    Zone {
        name: name.to_owned(),
        interfaces: zone.interfaces.clone(),
        networks: zone.networks.clone(),
        is_choke_point: zone.segment == crate::document::site::Segment::ChokePoint,
    }
}

struct Binder<'a> {
    site: &'a Site,
    zones: BTreeMap<&'a str, ZoneIndex>,
    problems: Vec<Problem>,
}

impl<'a> Binder<'a> {
    fn new(site: &'a Site) -> Self {
        let zones = site.zones.keys().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        Self { site, zones, problems: Vec::new() }
    }

    fn zone(&mut self, name: &str, which: Which, path: impl FnOnce() -> Vec<Step>) -> Option<ZoneIndex> {
        let found = self.zones.get(name).copied();
        if found.is_none() {
            let known: Vec<&str> = self.zones.keys().copied().collect();
            let otherwise = format!("add it to the site's `zones`, which has: {}", known.join(", "));
            let hint = near::hint(name, known, &otherwise);
            self.problems.push(Problem::new(
                Code::UnknownZone,
                which,
                path(),
                format!("the site has no zone `{name}`"),
                hint,
            ));
        }
        found
    }

    fn rule(&mut self, index: usize, rule: &scenario::Rule) -> Option<Rule> {
        let from: Vec<Option<ZoneIndex>> = (rule.zones.from.iter().enumerate())
            .map(|(at, name)| {
                self.zone(name, Which::Scenario, || steps!["rules", index, "zones", "from", at])
            })
            .collect();
        let to = self.zone(&rule.zones.to, Which::Scenario, || steps!["rules", index, "zones", "to"]);
        let application = self.application(index, &rule.application.app_id);
        let mut from: Vec<ZoneIndex> = from.into_iter().collect::<Option<_>>()?;
        from.sort_unstable();
        from.dedup();
        let (to, application) = (to?, application?);
        let group = rule.identity.as_ref().and_then(|identity| identity.user_group.as_ref());
        Some(Rule {
            index,
            app_id: rule.application.app_id.clone(),
            action: rule.action,
            from,
            to,
            sources: group.map(|group| self.site.groups.get(group).cloned().unwrap_or_default()),
            services: application.services.clone(),
            multicast: application.multicast.clone(),
            log: Log {
                at_start: rule.logging.at_start,
                at_end: rule.logging.at_end,
                is_high: rule.logging.priority == scenario::Priority::High,
                per_second: rule.logging.rate_limit,
            },
            class: application.class,
            is_shadow: self.site.shadow.contains(&rule.application.app_id),
            is_clear_text: application.clear_text,
            rationale: rule.rationale.clone(),
        })
    }

    fn application(&mut self, index: usize, name: &str) -> Option<&'a crate::document::site::Application> {
        let site = self.site;
        let found = site.applications.get(name);
        if found.is_none() {
            let known = site.applications.keys().map(String::as_str);
            let otherwise = format!("add `{name}` with its services to the site's `applications`");
            self.problems.push(Problem::new(
                Code::UnknownApplication,
                Which::Scenario,
                steps!["rules", index, "application", "app_id"],
                format!("the site does not say what `{name}` is on the wire"),
                near::hint(name, known, &otherwise),
            ));
        }
        found
    }

    /// What may be routed: the places of the rules that allow it. `check` tells what no rule allows.
    fn routed(&mut self, rules: &[Rule]) -> Vec<(ZoneIndex, ZoneIndex, usize)> {
        let mut found = Vec::new();
        for (at, routed) in self.site.routed.iter().enumerate() {
            let from = self.zone(&routed.from, Which::Site, || steps!["routed", at, "from"]);
            let to = self.zone(&routed.to, Which::Site, || steps!["routed", at, "to"]);
            let (Some(from), Some(to)) = (from, to) else { continue };
            for (place, rule) in rules.iter().enumerate() {
                let is_named = routed.applications.contains(&rule.app_id);
                if is_named && rule.action == Action::Allow && rule.to == to && rule.from.contains(&from) {
                    found.push((from, to, place));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn limits(&mut self) -> Vec<Limit> {
        let mut found = Vec::new();
        for (at, class) in self.site.traffic_classes.iter().enumerate() {
            let from = self.zone(&class.from, Which::Site, || steps!["traffic_classes", at, "from"]);
            let to = self.zone(&class.to, Which::Site, || steps!["traffic_classes", at, "to"]);
            if let (Some(from), Some(to)) = (from, to) {
                found.push(Limit { from, to, mbit: class.mbit });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{parse_scenario, parse_site};

    const SCENARIO: &str = "\
schema_version: 1.0.0
id: small
version: 1.2.3
rules:
  - application: {app_id: web}
    zones: {from: [trust, management, trust], to: management}
    direction: inbound
    action: allow
    identity: {user_group: admins}
    logging: {at_start: true, priority: high, rate_limit: 10}
  - application: {app_id: dns}
    zones: {from: [management], to: trust}
    direction: internal
    action: allow
";
    const SITE: &str = "\
schema_version: 1.0.0
scenario: small
appliance: {zone: management, addresses: [10.0.0.1]}
zones:
  trust: {networks: [10.1.0.0/16], interfaces: [eth0]}
  management: {networks: [10.0.0.0/16], segment: choke_point}
applications:
  web: {services: [tcp/443]}
  dns: {services: [udp/53, tcp/53], clear_text: true}
groups: {admins: [10.1.5.0/24]}
shadow: [dns]
routed: [{from: management, to: trust, applications: [dns, web]}]
traffic_classes: [{from: trust, to: management, mbit: 100}]
";

    fn documents(scenario: &str, site: &str) -> (Scenario, Site) {
        let scenario = parse_scenario(scenario.as_bytes(), "s").document.unwrap().content;
        (scenario, parse_site(site.as_bytes(), "g").document.unwrap().content)
    }

    #[test]
    fn names_become_numbers() {
        let (scenario, site) = documents(SCENARIO, SITE);
        let plan = Plan::bind(&scenario, &site).unwrap();
        assert_eq!(plan.scenario, "small 1.2.3");
        let names: Vec<&str> = plan.zones.iter().map(|zone| zone.name.as_str()).collect();
        assert_eq!((names, plan.home), (vec!["management", "trust"], 0));
        assert!(plan.zones[0].is_choke_point && !plan.zones[1].is_choke_point);
        let web = &plan.rules[0];
        assert_eq!((web.index, web.from.as_slice(), web.to), (0, [0, 1].as_slice(), 0));
        assert_eq!(web.sources, Some(vec!["10.1.5.0/24".parse().unwrap()]));
        assert_eq!(web.log, Log { at_start: true, at_end: false, is_high: true, per_second: Some(10) });
        let dns = &plan.rules[1];
        assert!(dns.is_shadow && dns.is_clear_text && dns.sources.is_none() && dns.services.len() == 2);
        assert_eq!(plan.routed, [(0, 1, 1)], "no rule allows web from management to trust");
        assert_eq!(plan.limits, [Limit { from: 1, to: 0, mbit: 100 }]);
    }

    #[test]
    fn a_group_that_is_not_bound_matches_nobody() {
        let (scenario, site) = documents(SCENARIO, &SITE.replace("groups: {admins", "groups: {guests"));
        assert_eq!(Plan::bind(&scenario, &site).unwrap().rules[0].sources, Some(vec![]));
    }

    #[test]
    fn every_name_that_is_not_bound_is_told() {
        let site = SITE
            .replace("  dns: {", "  dnss: {")
            .replace("zone: management,", "zone: managment,")
            .replace("{from: trust, to: management, mbit", "{from: guests, to: nowhere, mbit");
        let (scenario, site) = documents(&SCENARIO.replace("to: trust", "to: trustt"), &site);
        let problems = Plan::bind(&scenario, &site).unwrap_err();
        let told: Vec<_> =
            problems.iter().map(|told| (told.code, told.spot.path.clone(), told.hint.as_str())).collect();
        assert_eq!(told.len(), 5);
        assert_eq!(told[0], (Code::UnknownZone, steps!["appliance", "zone"], "did you mean `management`?"));
        assert_eq!(told[1], (Code::UnknownZone, steps!["rules", 1, "zones", "to"], "did you mean `trust`?"));
        let application = steps!["rules", 1, "application", "app_id"];
        assert_eq!(told[2], (Code::UnknownApplication, application, "did you mean `dnss`?"));
        assert_eq!(told[4].1, steps!["traffic_classes", 0, "to"]);
    }
}
