//! Flows that are easily forgotten, and clear text.

use super::known::{CLEAR_TEXT, DIRECTORY, LOGS, TIME, meet};
use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::scenario::{Priority, Rule};
use crate::document::words::Action;
use crate::service::Service;

pub fn look(look: &Look<'_>, found: &mut Found) {
    forgotten(look, found);
    clear_text(look, found);
    for (index, rule) in look.rules().filter(|(_, rule)| rule.action != Action::Allow) {
        if rule.logging.priority == Priority::High && rule.logging.rate_limit.is_none() {
            let what = format!("{} logs every dropped packet with high priority", named(index, rule));
            let hint = "add `rate_limit: 10` (records a second) to its logging; what is beyond is counted";
            found.scenario(Code::LoudDrop, steps!["rules", index, "logging", "priority"], what, hint);
        }
    }
}

/// A flow that a scenario needs: what is told without it, and the rule that is proposed.
struct Flow {
    code: Code,
    what: &'static str,
    services: &'static [Service],
    /// What applications for it are called where the site does not say what they are on the wire.
    names: &'static [&'static str],
    app_id: &'static str,
    ports: &'static str,
    /// To the appliance's own zone; else to the one that its names come from.
    is_home: bool,
    category: &'static str,
    rationale: &'static str,
}

const FLOWS: [Flow; 3] = [
    Flow {
        code: Code::NoTimeFlow,
        what: "no rule allows NTP (udp/123)",
        services: &TIME,
        names: &["ntp", "time"],
        app_id: "ntp",
        ports: "udp/123",
        is_home: true,
        category: "networking",
        rationale: "The controllers take their time from the appliance, so that logs can be compared.",
    },
    Flow {
        code: Code::NoLogFlow,
        what: "no rule allows syslog (udp/514, tcp/6514)",
        services: &LOGS,
        names: &["syslog", "log", "logs"],
        app_id: "syslog",
        ports: "udp/514, tcp/6514",
        is_home: true,
        category: "infrastructure",
        rationale: "The controllers send their logs to the appliance, where an intruder cannot delete them.",
    },
    Flow {
        code: Code::NoDirectoryFlow,
        what: "people are let in by group, and no rule allows LDAP over TLS (tcp/636)",
        services: &DIRECTORY,
        names: &["ldap", "ldaps", "directory"],
        app_id: "directory",
        ports: "tcp/636",
        is_home: false,
        category: "infrastructure",
        rationale: "The appliance asks the directory who belongs to a group.",
    },
];

fn forgotten(look: &Look<'_>, found: &mut Found) {
    if look.scenario.rules.is_empty() {
        return;
    }
    let by_group = |rule: &Rule| rule.identity.as_ref().is_some_and(|identity| identity.user_group.is_some());
    let counts_on_groups = look.rules().any(|(_, rule)| by_group(rule))
        || look
            .scenario
            .threat_model
            .iter()
            .any(|model| model.key_controls.iter().any(|one| one == "identity_user_group"));
    for flow in FLOWS.iter().filter(|flow| flow.is_home || counts_on_groups) {
        let is_there = look.allowing().any(|(_, rule)| {
            let app_id = &rule.application.app_id;
            let is_it = match look.application(app_id) {
                Some(application) => meet(&application.services, flow.services),
                None => flow.names.contains(&app_id.as_str()),
            };
            is_it
                && rule.zones.from.iter().any(|from| from == look.home())
                && (!flow.is_home || rule.zones.to == look.home())
        });
        if !is_there {
            let what = format!("{} from `{}`", flow.what, look.home());
            found.scenario(flow.code, steps!["rules"], what, proposal(look, flow));
        }
    }
}

/// The rule, and what it is on the wire, as text to paste.
fn proposal(look: &Look<'_>, flow: &Flow) -> String {
    let Flow { app_id, ports, category, rationale, .. } = flow;
    let home = look.home();
    let to = if flow.is_home { home } else { inner(look) };
    let risk = if flow.is_home { 1 } else { 3 };
    format!(
        "add to the scenario's rules:\n  - application: {{app_id: {app_id}, category: {category}, risk: {risk}}}\n    zones: {{from: [{home}], to: {to}}}\n    direction: internal\n    action: allow\n    logging: {{at_end: true}}\n    rationale: {{en: \"{rationale}\"}}\nand to the site's applications:\n  {app_id}: {{services: [{ports}]}}"
    )
}

/// The zone that names come from, or `internal`, or another of the site's that is not the Internet.
fn inner<'a>(look: &Look<'a>) -> &'a str {
    let is_inner = |rule: &Rule| rule.zones.to != look.home() && !look.is_internet(&rule.zones.to);
    look.allowing()
        .find(|(_, rule)| rule.application.app_id == "dns" && is_inner(rule))
        .map(|(_, rule)| rule.zones.to.as_str())
        .or_else(|| look.site.zones.get_key_value("internal").map(|(name, _)| name.as_str()))
        .or_else(|| {
            let mut zones = look.site.zones.keys().map(String::as_str);
            zones.find(|zone| *zone != look.home() && !look.is_internet(zone))
        })
        .unwrap_or(look.home())
}

fn clear_text(look: &Look<'_>, found: &mut Found) {
    let home = look.home();
    let dropping = |rule: &Rule| {
        rule.action != Action::Allow
            && rule.zones.to == home
            && rule.zones.from.iter().any(|from| from == home)
    };
    let controls = look.scenario.threat_model.iter().flat_map(|model| model.key_controls.iter().enumerate());
    for (at, _) in controls.filter(|(_, control)| *control == "block_cleartext_management") {
        let forgotten: Vec<String> = CLEAR_TEXT
            .iter()
            .filter(|(_, known)| {
                !look.rules().any(|(_, rule)| {
                    dropping(rule)
                        && look.services(&rule.application.app_id).iter().any(|one| one.covers(*known))
                })
            })
            .map(|(name, service)| format!("{name} ({service})"))
            .collect();
        if !forgotten.is_empty() {
            let what =
                format!("clear-text management is to be blocked, and no rule drops {}", forgotten.join(", "));
            let hint = "add these services to the application of the dropping rule, in the site";
            found.scenario(Code::ClearTextForgotten, steps!["threat_model", "key_controls", at], what, hint);
        }
    }
    let first_allow = look.allowing().map(|(index, _)| index).next();
    for (index, rule) in look.rules().filter(|(index, _)| first_allow.is_some_and(|first| first < *index)) {
        let is_clear = look.application(&rule.application.app_id).is_some_and(|application| {
            application.clear_text || meet(&application.services, &CLEAR_TEXT.map(|(_, service)| service))
        });
        if rule.action != Action::Allow && is_clear && !speaks_of_open_sessions(rule) {
            let what = format!(
                "{} does not say what becomes of sessions in clear text that are open already",
                named(index, rule)
            );
            let hint = "nothing is lost here: every packet is judged by its connection's first one, so open sessions end within a second of the apply. Say in the rationale that they are to end, for those who enforce the scenario elsewhere";
            found.scenario(Code::EstablishedSessions, steps!["rules", index, "action"], what, hint);
        }
    }
}

fn speaks_of_open_sessions(rule: &Rule) -> bool {
    const WORDS: [&str; 8] = [
        "established",
        "existing",
        "live session",
        "live connection",
        "open session",
        "open before",
        "bestehend",
        "établi",
    ];
    rule.rationale.values().any(|text| {
        let text = text.to_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    })
}
