//! Promises about the two files of a policy, the scenario and the site, and about questions to them.

use policy::check::{Terms, files};
use policy::diagnostic::{Diagnostic, Severity};
use policy::document::Site;
use policy::document::words::Action;
use policy::evaluate::{Asked, Evaluator};
use policy::plan::Plan;
use policy::question::{Known, MAX_QUESTION_BYTES, MOST_ANSWERS, Wrong, ask, parse as parse_question};
use policy::read::{Reading, parse_scenario, parse_site, write};
use serde::Serialize;
use std::fmt::Debug;
use std::sync::OnceLock;

/// A pair that is without mistakes, so that the other one is looked at to the end.
const SCENARIO: &[u8] = include_bytes!("../../../fuzz/seeds/policy_scenario/small.yaml");
const SITE: &[u8] = include_bytes!("../../../fuzz/seeds/policy_site/small.yaml");
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 20);

/// A question is answered by rules that there are, or refused with what to do; written and read again it is the same.
pub fn question(bytes: &[u8]) {
    let shipped = shipped();
    assert!(shipped.is_some(), "the shipped pair is not bound");
    let Some((evaluator, site)) = shipped else { return };
    let question = match parse_question(bytes) {
        Ok(question) => question,
        Err(wrong) => return said(&wrong),
    };
    let again = serde_json::to_vec(&question).map(|written| parse_question(&written));
    assert!(again.is_ok_and(|again| again.as_ref() == Ok(&question) || bytes.len() > MAX_QUESTION_BYTES / 8));
    match ask(evaluator, Known::of(site), &question, &Asked::default(), "en") {
        Ok(answers) => {
            assert!(answers.all().count() <= MOST_ANSWERS);
            for answer in answers.all() {
                let told = &answer.explanation;
                let rule = told.rule.and_then(|rule| evaluator.plan().rules.get(rule));
                assert!(rule.map(|rule| &rule.app_id) == told.app_id.as_ref(), "told by no rule: {told:?}");
                assert!(!told.why.is_empty() && (told.nearest.is_none() || told.verdict != Action::Allow));
            }
        }
        Err(wrong) => said(&wrong),
    }
}

fn said(wrong: &Wrong) {
    assert!(
        !wrong.what.is_empty() && !wrong.hint.is_empty(),
        "refused without saying why, or what to do: {wrong:?}"
    );
}

fn shipped() -> Option<&'static (Evaluator, Site)> {
    static SHIPPED: OnceLock<Option<(Evaluator, Site)>> = OnceLock::new();
    let bound = || {
        let scenario = parse_scenario(policy::shipped::SCENARIO.as_bytes(), "scenario").document?;
        let site = parse_site(policy::shipped::SITE.as_bytes(), "site").document?.content;
        Some((Evaluator::new(&Plan::bind(&scenario.content, &site).ok()?), site))
    };
    SHIPPED.get_or_init(bound).as_ref()
}

/// A scenario that is read is written and read again as itself; what is told of it is told where there is something.
pub fn scenario(bytes: &[u8]) {
    read_again(bytes, parse_scenario);
    checked(bytes, SITE);
}

/// The same of a site.
pub fn site(bytes: &[u8]) {
    read_again(bytes, parse_site);
    checked(SCENARIO, bytes);
}

fn read_again<T: Serialize + PartialEq + Debug>(bytes: &[u8], parse: fn(&[u8], &str) -> Reading<T>) {
    let reading = parse(bytes, "file");
    placed(&reading.diagnostics, bytes, "file");
    let has_error = reading.diagnostics.iter().any(|told| told.severity == Severity::Error);
    assert!(
        reading.document.is_some() != has_error,
        "read although there is an error, or refused without one"
    );
    let Some(document) = reading.document else { return };
    let written = write(&document.content);
    assert!(written.is_ok(), "what was read cannot be written: {:?}", document.content);
    let written = written.unwrap_or_default();
    let again = parse(written.as_bytes(), "again").document.map(|again| again.content);
    assert!(
        again.as_ref() == Some(&document.content),
        "written and read again, it is another: {:?}\n{written}\n{again:?}",
        document.content
    );
}

fn checked(scenario: &[u8], site: &[u8]) {
    let checked = files((scenario, "scenario"), (site, "site"), Terms::new(TODAY));
    placed(&checked.diagnostics, scenario, "scenario");
    placed(&checked.diagnostics, site, "site");
    let has_error = checked.diagnostics.iter().any(|told| told.severity == Severity::Error);
    assert!(
        checked.plan.is_some() != has_error,
        "bound although there is an error, or not bound without one"
    );
}

/// Every place that is told is one of the text.
fn placed(told: &[Diagnostic], text: &[u8], file: &str) {
    let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for one in told.iter().filter(|one| one.file == file) {
        let is_inside = (1..=lines).contains(&one.line) && (1..=text.len() + 1).contains(&one.column);
        assert!(is_inside, "told outside of the text, which has {lines} lines: {one}");
        assert!(
            !one.what.is_empty() && !one.hint.is_empty(),
            "told without saying what, or what to do: {one}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_a_pair_without_errors() {
        let checked = files((SCENARIO, "scenario"), (SITE, "site"), Terms::new(TODAY));
        let told: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
        assert!(checked.plan.is_some(), "{}", told.join("\n"));
    }

    #[test]
    fn the_shipped_pair_keeps_the_promises() {
        scenario(policy::shipped::SCENARIO.as_bytes());
        site(policy::shipped::SITE.as_bytes());
    }
}
