//! Rationales that say something else than the table: rules counted from 1, ports that no rule is about, techniques that
//! are not listed.

use super::documents::is_technique;
use super::known::{CLEAR_TEXT, PORTS};
use super::tokens::{Token, sentences};
use super::{Found, Look, named};
use crate::diagnostic::{Code, steps};
use crate::document::scenario::Rule;
use crate::document::words::Action;
use crate::service::{Ports, Service};
use crate::yaml::Step;
use std::collections::BTreeSet;

/// What a rule is called, in the languages that we have seen.
const RULE: [&str; 6] = ["rule", "rules", "regel", "regeln", "règle", "règles"];

pub fn look(look: &Look<'_>, found: &mut Found) {
    for (index, rule) in look.rules() {
        for (language, text) in &rule.rationale {
            let read = Read { look, index, rule, path: steps!["rules", index, "rationale", language], text };
            let sentences = sentences(text);
            read.counting(&sentences, found);
            read.ports(&sentences, found);
            read.techniques(&sentences, found);
        }
    }
}

/// One rationale.
struct Read<'a> {
    look: &'a Look<'a>,
    index: usize,
    rule: &'a Rule,
    path: Vec<Step>,
    text: &'a str,
}

impl Read<'_> {
    fn tell(&self, code: Code, what: String, hint: String, words: &str, found: &mut Found) {
        found.scenario(code, self.path.clone(), what, hint);
        found.at_words(words);
    }

    /// A rule that is named by its number, in a sentence that is about the one before it.
    fn counting(&self, sentences: &[Vec<Token<'_>>], found: &mut Found) {
        let rules = &self.look.scenario.rules;
        for sentence in sentences {
            for pair in sentence.windows(2) {
                let [word, number] = pair else { continue };
                let Ok(named_rule) = number.text.parse::<usize>() else { continue };
                if !RULE.contains(&word.text.to_lowercase().as_str()) {
                    continue;
                }
                let words = self.text.get(word.at..number.at + number.text.len()).unwrap_or(number.text);
                let meant = named_rule.checked_sub(1).and_then(|meant| Some((meant, rules.get(meant)?)));
                let about = |rule: Option<&Rule>| rule.map_or(0, |rule| self.score(sentence, rule));
                match meant {
                    Some((meant, rule))
                        if named_rule == rules.len() || about(Some(rule)) > about(rules.get(named_rule)) =>
                    {
                        let what =
                            format!("`{words}` means {}, and rules are counted from 0", named(meant, rule));
                        let hint =
                            format!("write rule {meant}, or better its name: `{}`", rule.application.app_id);
                        self.tell(Code::CountedFromOne, what, hint, words, found);
                    }
                    _ if named_rule > rules.len() || rules.is_empty() => {
                        let what = format!(
                            "`{words}` is not there: the last one is rule {}",
                            rules.len().saturating_sub(1)
                        );
                        self.tell(
                            Code::DanglingRule,
                            what,
                            "name the application instead".to_owned(),
                            words,
                            found,
                        );
                    }
                    _ => {}
                }
            }
        }
    }

    /// How many words of a sentence are about a rule: those of its application's name, and its ports.
    fn score(&self, sentence: &[Token<'_>], rule: &Rule) -> usize {
        let app_id = &rule.application.app_id;
        let names: BTreeSet<&str> = app_id.split('_').filter(|part| part.len() > 1).collect();
        let services = self.look.services(app_id);
        let is_about = |token: &&Token<'_>| {
            let word = token.text.to_lowercase();
            let number = word.rsplit('/').next().and_then(|number| number.parse().ok());
            word.split(['-', '/']).any(|part| names.contains(part))
                || number
                    .is_some_and(|port| port > 20 && services.iter().any(|service| is_port(*service, port)))
        };
        sentence.iter().filter(is_about).count()
    }

    /// Ports by number, and in rules that forbid, protocols by name.
    fn ports(&self, sentences: &[Vec<Token<'_>>], found: &mut Found) {
        let mut told = BTreeSet::new();
        for sentence in sentences {
            for (at, token) in sentence.iter().enumerate() {
                let before =
                    at.checked_sub(1).and_then(|at| sentence.get(at)).map(|token| token.text.to_lowercase());
                let Some(services) = self.named_here(token.text, before.as_deref()) else { continue };
                let is_handled = services.iter().any(|service| self.is_handled(*service));
                let first = services.first().copied();
                if !is_handled && first.is_some_and(|first| told.insert(first)) {
                    let what = format!(
                        "{} names `{}`, and no rule is about it",
                        named(self.index, self.rule),
                        token.text
                    );
                    let proposal = first.map_or(String::new(), |service| service.to_string());
                    let hint = format!(
                        "add {proposal} to an application of the site, `{}` if it belongs there",
                        self.rule.application.app_id
                    );
                    self.tell(Code::PortOnlyInProse, what, hint, token.text, found);
                }
            }
        }
    }

    /// What a word means on the wire, if it means a port.
    fn named_here(&self, word: &str, before: Option<&str>) -> Option<Vec<Service>> {
        if let Some(service) = word.to_lowercase().parse().ok().filter(|_| word.contains('/')) {
            return Some(vec![service]);
        }
        if let Ok(port) = word.parse::<u16>() {
            let is_number_of_else =
                before.is_some_and(|before| RULE.contains(&before) || matches!(before, "rfc" | "dsp"));
            let is_port =
                before.is_some_and(|before| matches!(before, "on" | "port" | "ports")) || port > 100;
            let ports = Ports::new(port, port)?;
            let is_meant = PORTS.contains(&port) && is_port && !is_number_of_else;
            return is_meant.then(|| vec![Service::Tcp(ports), Service::Udp(ports)]);
        }
        let known = CLEAR_TEXT.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        known.filter(|_| self.rule.action != Action::Allow).map(|(_, service)| vec![*service])
    }

    fn is_handled(&self, service: Service) -> bool {
        self.look.rules().any(|(_, rule)| {
            self.look.services(&rule.application.app_id).iter().any(|one| one.meets(service))
        })
    }

    fn techniques(&self, sentences: &[Vec<Token<'_>>], found: &mut Found) {
        let listed = &self.look.scenario.mitre_attack;
        for token in sentences.iter().flatten().filter(|token| is_technique(token.text)) {
            if !listed.iter().any(|technique| technique.id == token.text) {
                let what = format!(
                    "{} names {}, which `mitre_attack` does not list",
                    named(self.index, self.rule),
                    token.text
                );
                let hint = format!("add it to `mitre_attack`: {{id: {}, name: …, tactic: …}}", token.text);
                self.tell(Code::UnlistedTechnique, what, hint, token.text, found);
            }
        }
    }
}

fn is_port(service: Service, port: u16) -> bool {
    match service {
        Service::Tcp(ports) | Service::Udp(ports) => ports.holds(port),
        Service::Icmp(_) | Service::Icmp6(_) | Service::Echo => false,
    }
}
