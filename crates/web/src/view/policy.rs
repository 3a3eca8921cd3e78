//! The policy as people read it: how it stands, its rules, and what a question came to.

use super::frame::Banner;
use super::{Time, spaced};
use control::policy::ask::{Answer, Answers};
use control::policy::{Bound, Rule, Verdict, in_language, scenario};
use control::policy::{Hits, Status};
use jiff::{SignedDuration, Timestamp};
use model::enforcement::{Enforced, Version};
use std::net::IpAddr;

/// Rationales are shown in this language, or in the first that there is.
pub(crate) const LANGUAGE: &str = "en";
/// A rule that was not hit for so long may be one that nobody needs.
const UNUSED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How the policy stands, in words.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// `ok`, `warn` or `bad`.
    pub tone: &'static str,
    pub title: String,
    pub text: String,
    pub trial: Option<Trial>,
    /// What is not as it should be, each with what to do.
    pub troubles: Vec<String>,
    /// The kernel differs from what was loaded.
    pub drift: Vec<String>,
    /// Others that see packets before the policy does.
    pub earlier: Vec<String>,
    pub facts: Vec<(&'static str, String)>,
}

/// A version on trial.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub version: u64,
    pub by: String,
    pub left: u32,
}

impl Standing {
    pub(crate) fn of(status: &Status) -> Self {
        let (tone, title, text) = headline(status);
        let trial = status.trial.as_ref().map(|(version, left)| Trial {
            version: version.number,
            by: version.applied_by.clone().unwrap_or_else(|| "somebody".into()),
            left: *left,
        });
        Self {
            tone,
            title,
            text,
            trial,
            troubles: status.disagreement.iter().cloned().chain(status.strange.iter().map(strange)).collect(),
            drift: status.drift.clone(),
            earlier: status.earlier.clone(),
            facts: facts(status),
        }
    }
}

fn strange(address: &IpAddr) -> String {
    format!("{address} is cut off and nobody knows why; let it back under Openings, by its address.")
}

fn headline(status: &Status) -> (&'static str, String, String) {
    let version = |version: &Version| {
        let by = version.confirmed_by.as_deref().unwrap_or("somebody");
        let at = version.confirmed_at.map_or_else(|| "an unknown time".to_owned(), super::shown);
        format!("Confirmed by {by}, {at} UTC.")
    };
    match (status.enforced, &status.confirmed) {
        (Enforced::Nothing, _) => (
            "warn",
            "Nothing is enforced".into(),
            "No policy was confirmed yet, so everything passes. What stands here is what would be enforced."
                .into(),
        ),
        (Enforced::Confirmed, Some(confirmed)) => {
            ("ok", format!("Version {} is enforced", confirmed.number), version(confirmed))
        }
        (Enforced::Confirmed, None) => {
            ("warn", "A policy is enforced".into(), "It is none of the versions that are kept here.".into())
        }
        (Enforced::Trial, _) => (
            "warn",
            "A version is on trial".into(),
            "The kernel goes back to what held before when its time is over, whatever has died.".into(),
        ),
        (Enforced::Shut, _) => (
            "bad",
            "Nothing passes".into(),
            "The confirmed policy could not be loaded, so the kernel lets nothing in or out but loopback."
                .into(),
        ),
        (Enforced::Unknown, confirmed) => unanswered(status, confirmed.as_ref(), version),
    }
}

fn unanswered(
    status: &Status,
    confirmed: Option<&Version>,
    words: impl Fn(&Version) -> String,
) -> (&'static str, String, String) {
    let why = status.program.as_deref().unwrap_or("it was not asked yet");
    match confirmed {
        None => (
            "warn",
            "Planned, not enforced".into(),
            format!(
                "The firewall’s program does not answer, and no policy was ever confirmed: everything passes. {why}"
            ),
        ),
        Some(confirmed) => (
            "bad",
            format!("Not known whether version {} is enforced", confirmed.number),
            format!(
                "{} The firewall’s program does not answer; the kernel goes on with what it holds. {why}",
                words(confirmed)
            ),
        ),
    }
}

fn facts(status: &Status) -> Vec<(&'static str, String)> {
    let (read, lost) = status.log;
    let mut facts = vec![
        ("Openings", status.pinholes.to_string()),
        ("Controllers kept reachable", status.polled.to_string()),
        ("Devices cut off", status.quarantined.to_string()),
    ];
    if read > 0 || lost > 0 {
        facts.push(("Log records", read.to_string()));
        facts.push(("Lost of them", lost.to_string()));
    }
    facts
}

/// What everybody must know of the policy, on every page; nothing where a confirmed one is enforced.
pub(crate) fn banner(enforced: Enforced) -> Option<Banner> {
    let (title, text, urgent) = match enforced {
        Enforced::Confirmed => return None,
        Enforced::Nothing => {
            ("Nothing is enforced", "No policy was confirmed yet, so the kernel lets everything pass.", false)
        }
        Enforced::Trial => (
            "A policy is on trial",
            "The kernel takes it back by itself unless somebody confirms it in time.",
            true,
        ),
        Enforced::Shut => (
            "Nothing passes",
            "The confirmed policy could not be loaded, so the kernel is shut. Its program's log says why.",
            true,
        ),
        Enforced::Unknown => (
            "It is not known what is enforced",
            "The firewall's program does not answer. What the kernel holds, it holds; before the first confirmed policy that is nothing.",
            false,
        ),
    };
    Some(Banner { title: title.into(), text: text.into(), urgent })
}

/// A rule.
#[derive(Clone, Debug)]
pub(crate) struct RuleRow {
    pub place: usize,
    pub app_id: String,
    pub category: Option<String>,
    pub from: String,
    pub to: String,
    pub services: String,
    pub verdict: Word,
    /// It only logs what it would do.
    pub is_shadow: bool,
    pub risk: Option<u8>,
    pub techniques: Vec<scenario::Technique>,
    /// What stands around it: people, decryption, profiles, logs, what it needs.
    pub terms: Vec<(&'static str, String)>,
    pub rationale: Option<String>,
    pub hits: Option<u64>,
    pub last: Option<Time>,
    /// It was not hit for long.
    pub is_unused: bool,
}

/// A verdict, by word, colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub text: &'static str,
    pub tone: &'static str,
    pub icon: &'static str,
}

impl Word {
    pub(crate) const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allow => Self { text: "allow", tone: "ok", icon: "h-ok" },
            Verdict::Drop => Self { text: "drop", tone: "critical", icon: "i-offline" },
            Verdict::Reject => Self { text: "reject", tone: "critical", icon: "i-offline" },
        }
    }
}

/// All rules of a version, in its order. `since` is from when on its hits are known, if it is in force.
pub(crate) fn rules(bound: &Bound, hits: &[Hits], since: Option<Timestamp>, now: Timestamp) -> Vec<RuleRow> {
    let rules = bound.scenario.rules.iter().zip(&bound.plan().rules);
    rules.map(|(written, rule)| row(bound, written, rule, hits, since, now)).collect()
}

fn row(
    bound: &Bound,
    written: &scenario::Rule,
    rule: &Rule,
    hits: &[Hits],
    since: Option<Timestamp>,
    now: Timestamp,
) -> RuleRow {
    let hit = hits.iter().find(|hits| hits.rule == Some(rule.index) && hits.app_id == rule.app_id);
    let last = hit.and_then(|hit| hit.last);
    let rationale = in_language(&written.rationale, LANGUAGE);
    let named = |technique: &&scenario::Technique| {
        rationale.as_ref().is_some_and(|text| names_technique(text, &technique.id))
    };
    let is_old = |at: Timestamp| now.duration_since(at) > UNUSED;
    RuleRow {
        place: rule.index,
        app_id: rule.app_id.clone(),
        category: written.application.category.map(|category| spaced(&word(&category))),
        from: written.zones.from.join(", "),
        to: written.zones.to.clone(),
        services: rule.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        verdict: Word::of(rule.action),
        is_shadow: rule.is_shadow,
        risk: written.application.risk,
        techniques: bound.scenario.mitre_attack.iter().filter(named).cloned().collect(),
        terms: terms(written),
        rationale,
        hits: since.map(|_| hit.map_or(0, |hit| hit.packets)),
        last: last.map(|at| Time::new(at, now)),
        is_unused: since.zip(hit).is_some_and(|(since, hit)| is_old(last.unwrap_or(since.max(hit.since)))),
    }
}

/// Whether a text names a technique, and not one whose name goes on (`T1542` in `T1542.001`).
fn names_technique(text: &str, id: &str) -> bool {
    let goes_on = |rest: &str| {
        let mut rest = rest.chars();
        match rest.next() {
            Some('.') => rest.next().is_some_and(|c| c.is_ascii_digit()),
            Some(c) => c.is_ascii_alphanumeric(),
            None => false,
        }
    };
    !id.is_empty() && text.split(id).skip(1).any(|rest| !goes_on(rest))
}

fn terms(rule: &scenario::Rule) -> Vec<(&'static str, String)> {
    let mut terms = Vec::new();
    if let Some(group) = rule.identity.as_ref().and_then(|identity| identity.user_group.as_ref()) {
        terms.push(("only for", spaced(group)));
    }
    let profiles: Vec<String> = rule.security_profiles.keys().map(|profile| spaced(&word(profile))).collect();
    if !profiles.is_empty() {
        terms.push(("looked into by", profiles.join(", ")));
    }
    let decryption = word(&rule.decryption.mode);
    if decryption != "none" {
        terms.push(("opened by", spaced(&decryption)));
    }
    if !rule.application.depends_on.is_empty() {
        terms.push(("needs", rule.application.depends_on.join(", ")));
    }
    let mut logs: Vec<&str> = Vec::new();
    let logging = &rule.logging;
    logs.extend(logging.at_start.then_some("at the start"));
    logs.extend(logging.at_end.then_some("at the end"));
    logs.extend((logging.priority == scenario::Priority::High).then_some("loudly"));
    if !logs.is_empty() {
        let limit = logging.rate_limit.map(|limit| format!(", at most {limit}/s")).unwrap_or_default();
        terms.push(("logged", format!("{}{limit}", logs.join(", "))));
    }
    terms
}

/// A word of the format, as it is written in files.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// What a question came to.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub first: One,
    /// The others, where they differ in nothing but the packet.
    pub also: Vec<One>,
}

/// The answer for one packet.
#[derive(Clone, Debug)]
pub(crate) struct One {
    pub verdict: Word,
    pub from: String,
    pub to: String,
    pub service: String,
    pub rule: Option<(usize, String)>,
    pub why: String,
    pub rationale: Option<String>,
    pub enforced: bool,
    pub shadow: Vec<String>,
    pub nearest: Option<String>,
}

impl Told {
    pub(crate) fn of(answers: &Answers) -> Self {
        Self { first: one(&answers.first), also: answers.also.iter().map(one).collect() }
    }
}

fn one(answer: &Answer) -> One {
    let told = &answer.explanation;
    let end = |end: &control::policy::ask::End| {
        let place = match (&end.zone, end.appliance) {
            (_, true) => "the appliance",
            (Some(zone), false) => zone,
            (None, false) => "no zone",
        };
        format!("{} ({place})", end.address)
    };
    let shadow = |shadow: &control::policy::ask::Shadow| {
        let would = Word::of(shadow.would).text;
        format!("rule {} ({}) would {would} it, were it not on trial", shadow.rule, shadow.app_id)
    };
    One {
        verdict: Word::of(told.verdict),
        from: end(&told.from),
        to: end(&told.to),
        service: answer.service.clone(),
        rule: told.rule.zip(told.app_id.clone()),
        why: told.why.clone(),
        rationale: told.rationale.clone(),
        enforced: told.enforced,
        shadow: told.shadow.iter().map(shadow).collect(),
        nearest: told.nearest.as_ref().map(|it| format!("rule {} ({}): {}", it.rule, it.app_id, it.missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_technique_is_not_taken_for_its_parent() {
        assert!(names_technique("sent (T1542.001), which", "T1542.001"));
        assert!(!names_technique("sent (T1542.001), which", "T1542"));
        assert!(names_technique("as in T1542. Then", "T1542"));
        assert!(!names_technique("T15421", "T1542") && !names_technique("anything", ""));
    }

    #[test]
    fn every_state_but_a_confirmed_policy_is_told_on_every_page() {
        assert_eq!(banner(Enforced::Confirmed), None);
        assert_eq!(banner(Enforced::Nothing).unwrap().title, "Nothing is enforced");
        assert!(banner(Enforced::Unknown).unwrap().title.contains("not known"));
        assert!(banner(Enforced::Shut).unwrap().urgent);
    }
}
