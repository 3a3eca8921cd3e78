//! What is said of rules that never decide, held against the evaluator: on small policies every kind of packet is asked.

use policy::check::{Terms, problems};
use policy::diagnostic::Code;
use policy::document::{Scenario, Site};
use policy::evaluate::{Asked, Cause, Evaluator};
use policy::packet::{Packet, Payload};
use policy::plan::Plan;
use policy::yaml::Step;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ZONES: [&str; 3] = ["home", "office", "rest"];
const GROUPS: [&str; 3] = ["some", "others", "all"];

prop_compose! {
    fn rule(with_groups: bool)(from in prop::collection::btree_set(0..3usize, 1..3), to in 0..3usize, app in 0..4usize, action in 0..3usize,
        group in prop::option::weighted(0.3, 0..3usize)) -> Value {
        let from: Vec<&str> = from.into_iter().map(|zone| ZONES[zone]).collect();
        let action = ["allow", "drop", "reject"][action];
        let mut rule = json!({"application": {"app_id": format!("app{app}")}, "zones": {"from": from, "to": ZONES[to]}, "direction": "internal", "action": action});
        if let (Some(group), true) = (group, with_groups) {
            rule["identity"] = json!({"user_group": GROUPS[group]});
        }
        rule
    }
}

prop_compose! {
    fn service()(kind in 0..5usize, first in 1..=4u16, more in 0..3u16) -> String {
        let last = (first + more).min(4);
        match kind {
            0 | 1 => format!("tcp/{first}-{last}"),
            2 | 3 => format!("udp/{first}-{last}"),
            _ => "icmp/echo-request".to_owned(),
        }
    }
}

prop_compose! {
    fn documents(with_groups: bool)(rules in prop::collection::vec(rule(with_groups), 1..8), services in prop::collection::vec(prop::collection::vec(service(), 1..4), 4),
        shadow in prop::option::weighted(0.3, 0..4usize)) -> (Scenario, Site) {
        let applications: serde_json::Map<String, Value> =
            services.into_iter().enumerate().map(|(app, services)| (format!("app{app}"), json!({"services": services}))).collect();
        let shadow: Vec<String> = shadow.into_iter().map(|app| format!("app{app}")).collect();
        let scenario = json!({"schema_version": "1.0.0", "id": "small", "version": "1.0.0", "rules": rules});
        let site = json!({
            "schema_version": "1.0.0", "scenario": "small",
            "appliance": {"zone": "home", "addresses": ["10.0.0.1", "fd00::1"]},
            "zones": {"home": {"networks": ["10.0.0.0/24", "fd00::/64"]}, "office": {"networks": ["10.1.0.0/24", "fd01::/64"]}, "rest": {"networks": ["10.2.0.0/24", "fd02::/64"]}},
            "applications": applications,
            "groups": {"some": ["10.1.0.0/25"], "others": ["10.1.0.128/25", "10.2.0.0/24"], "all": ["10.0.0.0/8", "fd00::/8"]},
            "shadow": shadow,
        });
        (serde_json::from_value(scenario).unwrap(), serde_json::from_value(site).unwrap())
    }
}

/// The rules that decide about some packet.
fn deciding(plan: &Plan) -> BTreeSet<usize> {
    let evaluator = Evaluator::new(plan);
    let sources = [
        "10.0.0.1",
        "10.0.0.9",
        "10.1.0.5",
        "10.1.0.200",
        "10.2.0.5",
        "fd00::1",
        "fd00::9",
        "fd01::5",
        "fd02::5",
    ];
    let targets =
        ["10.0.0.1", "10.0.0.7", "10.1.0.7", "10.2.0.7", "fd00::1", "fd00::7", "fd01::7", "fd02::7"];
    let ports = (1..=4).flat_map(|port| [Payload::Tcp(port), Payload::Udp { source: 9, to: port }]);
    let payloads: Vec<Payload> = ports.chain([Payload::Icmp(8), Payload::Icmp6(128)]).collect();
    let mut found = BTreeSet::new();
    for (from, to) in sources.iter().flat_map(|from| targets.map(|to| (from, to))) {
        let (from, to): (std::net::IpAddr, std::net::IpAddr) = (from.parse().unwrap(), to.parse().unwrap());
        for &payload in payloads.iter().filter(|_| from.is_ipv4() == to.is_ipv4()) {
            let judged = evaluator.judge(&Packet { from, to, payload, interface: None }, &Asked::default());
            found.extend(judged.rule);
            if let Cause::NotRouted(rule) = judged.cause {
                found.insert(rule);
            }
        }
    }
    found
}

/// The rules of which it is told that they never decide.
fn told(scenario: &Scenario, site: &Site) -> BTreeSet<usize> {
    let problems = problems(scenario, site, Terms::new(jiff::civil::date(2026, 11, 20)));
    let dead = problems.iter().filter(|one| matches!(one.code, Code::ShadowedRule | Code::UnreachableRule));
    dead.filter_map(|one| match one.spot.path.get(1) {
        Some(Step::Item(rule)) => Some(*rule),
        _ => None,
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_that_is_told_never_decides((scenario, site) in documents(true)) {
        let plan = Plan::bind(&scenario, &site).unwrap();
        let both: Vec<usize> = deciding(&plan).intersection(&told(&scenario, &site)).copied().collect();
        prop_assert!(both.is_empty(), "rules {both:?} decide");
    }

    #[test]
    fn without_groups_each_rule_that_never_decides_is_told((scenario, site) in documents(false)) {
        let plan = Plan::bind(&scenario, &site).unwrap();
        let (deciding, told) = (deciding(&plan), told(&scenario, &site));
        for (place, rule) in plan.rules.iter().enumerate() {
            let only_logs = rule.is_shadow && rule.action != policy::document::words::Action::Allow;
            prop_assert!(only_logs || deciding.contains(&place) != told.contains(&place), "rule {place}: {deciding:?} {told:?}");
        }
    }
}
