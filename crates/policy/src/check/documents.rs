//! Versions, names, languages, techniques: the documents themselves.

use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::words::Text;
use crate::near;
use crate::yaml::Step;

/// ATT&CK's tactics for enterprises, as the format writes them.
const TACTICS: [&str; 14] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

pub fn look(look: &Look<'_>, found: &mut Found) {
    versions(look, found);
    identifiers(look, found);
    texts(look, found);
    rules(look, found);
    techniques(look, found);
}

fn versions(look: &Look<'_>, found: &mut Found) {
    let hint = "write `schema_version: 1.0.0`";
    if !is_first_format(&look.scenario.schema_version) {
        let what = format!("the scenario's format {} is not known", look.scenario.schema_version);
        found.scenario(Code::UnsupportedVersion, steps!["schema_version"], what, hint);
    }
    if !is_first_format(&look.site.schema_version) {
        let what = format!("the site's format {} is not known", look.site.schema_version);
        found.site(Code::UnsupportedVersion, steps!["schema_version"], what, hint);
    }
    if !is_semantic(&look.scenario.version) {
        let what = format!("{:?} is no semantic version", look.scenario.version);
        found.scenario(Code::BadVersion, steps!["version"], what, "write three numbers: 1.0.0");
    }
    if look.site.scenario != look.scenario.id {
        let what =
            format!("the site binds `{}`, and the scenario is `{}`", look.site.scenario, look.scenario.id);
        let hint = format!("write `scenario: {}`, or take the other scenario", look.scenario.id);
        found.site(Code::ScenarioMismatch, steps!["scenario"], what, hint);
    }
}

fn is_first_format(version: &str) -> bool {
    is_semantic(version) && version.starts_with("1.")
}

/// Three numbers, and perhaps more behind `-` or `+` (semver.org).
fn is_semantic(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_snake_case(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('_')
        && !name.contains("__")
}

/// The name as it should have been written.
fn snake_case(name: &str) -> String {
    let plain: String = name
        .chars()
        .enumerate()
        .flat_map(|(at, c)| {
            let gap = (c.is_ascii_uppercase() && at > 0).then_some('_');
            gap.into_iter().chain(Some(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }))
        })
        .collect();
    plain.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

fn identifiers(look: &Look<'_>, found: &mut Found) {
    let mut scenario = vec![(steps!["id"], &look.scenario.id)];
    for (index, rule) in look.rules() {
        scenario.push((steps!["rules", index, "application", "app_id"], &rule.application.app_id));
        if let Some(group) = rule.identity.as_ref().and_then(|identity| identity.user_group.as_ref()) {
            scenario.push((steps!["rules", index, "identity", "user_group"], group));
        }
    }
    let controls = look.scenario.threat_model.iter().flat_map(|model| model.key_controls.iter().enumerate());
    scenario.extend(controls.map(|(at, name)| (steps!["threat_model", "key_controls", at], name)));
    for (path, name) in scenario.into_iter().filter(|(_, name)| !is_snake_case(name)) {
        let (what, hint) = misnamed(name);
        found.scenario(Code::BadIdentifier, path, what, hint);
    }
    let zones = look.site.zones.keys().map(|name| (steps!["zones", name], name));
    let applications = look.site.applications.keys().map(|name| (steps!["applications", name], name));
    let groups = look.site.groups.keys().map(|name| (steps!["groups", name], name));
    for (path, name) in zones.chain(applications).chain(groups).filter(|(_, name)| !is_snake_case(name)) {
        let (what, hint) = misnamed(name);
        found.site(Code::BadIdentifier, path, what, hint);
        found.at_key();
    }
}

fn misnamed(name: &str) -> (String, String) {
    let hint = match snake_case(name) {
        better if is_snake_case(&better) => format!("write `{better}`, here and wherever it is named"),
        _ => "write small letters, digits and `_`, a letter first".to_owned(),
    };
    (format!("{name:?} is not in snake_case"), hint)
}

fn texts(look: &Look<'_>, found: &mut Found) {
    let scenario = look.scenario;
    let mut texts: Vec<(Vec<Step>, &Text)> =
        vec![(steps!["title"], &scenario.title), (steps!["description"], &scenario.description)];
    if let Some(model) = &scenario.threat_model {
        texts.push((steps!["threat_model", "summary"], &model.summary));
        texts.push((steps!["threat_model", "attacker_goal"], &model.attacker_goal));
    }
    texts.extend(look.rules().map(|(index, rule)| (steps!["rules", index, "rationale"], &rule.rationale)));
    for (path, text) in texts {
        for language in text.keys().filter(|language| !is_language(language)) {
            let mut path = path.clone();
            path.push(language.into());
            let what = format!("{language:?} is no language");
            found.scenario(Code::BadLanguage, path, what, "write a tag like en, de, fr or pt-BR");
            found.at_key();
        }
    }
}

/// The shape of a tag of BCP 47: a language of two or three letters, and parts of two to eight letters or digits.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    parts.next().is_some_and(|first| (2..=3).contains(&first.len()) && is_letters(first))
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn rules(look: &Look<'_>, found: &mut Found) {
    if look.scenario.rules.is_empty() {
        found.scenario(
            Code::NoRules,
            steps!["rules"],
            "there is no rule",
            "write one, or begin with the shipped scenario",
        );
    }
    for (index, rule) in look.rules() {
        let name = named(index, rule);
        if let Some(risk) = rule.application.risk.filter(|risk| !(1..=5).contains(risk)) {
            let path = steps!["rules", index, "application", "risk"];
            found.scenario(
                Code::RiskOutOfRange,
                path,
                format!("the risk of {name} is {risk}"),
                "write 1 to 5",
            );
        }
        if rule.rationale.values().all(|text| text.trim().is_empty()) {
            let path = steps!["rules", index];
            let hint = "add `rationale: {en: …}`: who needs it, and what stands against its abuse";
            found.scenario(Code::NoRationale, path, format!("{name} does not say why it is there"), hint);
        }
    }
}

fn techniques(look: &Look<'_>, found: &mut Found) {
    for (at, technique) in look.scenario.mitre_attack.iter().enumerate() {
        if !is_technique(&technique.id) {
            let what = format!("{:?} is no technique", technique.id);
            let hint = "write T and four digits, a sub-technique with a dot and three more: T1542.001";
            found.scenario(Code::BadTechnique, steps!["mitre_attack", at, "id"], what, hint);
        }
        let tactic = technique.tactic.as_str();
        if !tactic.is_empty() && !TACTICS.contains(&tactic) {
            let hint = near::hint(tactic, TACTICS, &format!("write one of: {}", TACTICS.join(", ")));
            let what = format!("{tactic:?} is no tactic of ATT&CK");
            found.scenario(Code::BadTechnique, steps!["mitre_attack", at, "tactic"], what, hint);
        }
    }
}

/// `T1190`, `T1542.001`.
pub fn is_technique(id: &str) -> bool {
    let (whole, part) = id.split_once('.').unwrap_or((id, "000"));
    let is_digits =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    whole.strip_prefix('T').is_some_and(|digits| is_digits(digits, 4)) && is_digits(part, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_versions_and_tags_are_told_apart() {
        for (name, better) in
            [("dnsServer", "dns_server"), ("Web-UI", "web_u_i"), ("a__b", "a_b"), ("_x", "x")]
        {
            assert!(!is_snake_case(name) && snake_case(name) == better, "{name}: {}", snake_case(name));
        }
        assert!(is_snake_case("infra_mgmt_web") && is_snake_case("net6") && !is_snake_case("6net"));
        assert!(
            is_semantic("1.0.0")
                && is_semantic("1.0.0-rc.1+5")
                && !is_semantic("1.0")
                && !is_semantic("v1.0.0")
        );
        assert!(
            is_language("en") && is_language("pt-BR") && is_language("zh-Hant") && !is_language("english")
        );
        assert!(
            is_technique("T1190")
                && is_technique("T1542.001")
                && !is_technique("T119")
                && !is_technique("1190")
        );
    }
}
