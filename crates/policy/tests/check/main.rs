//! Every mistake that can be told is told, in the right line and column: each case is the shipped pair of files with a few
//! words exchanged, and the words that the diagnostic must point at.

#![expect(
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod cases;
mod order;
mod ten_mistakes;

use policy::check::{Terms, files};
use policy::diagnostic::{Code, Diagnostic};
use policy::shipped;
use std::collections::BTreeSet;

/// Words exchanged in a file, the first time that they stand there.
type Edits = &'static [(&'static str, &'static str)];

struct Case {
    code: Code,
    /// In the scenario, and in the site.
    edits: (Edits, Edits),
    /// In which of the two it is told.
    is_site: bool,
    /// After these words, at those.
    place: (&'static str, &'static str),
}

const fn scenario(code: Code, edits: Edits, place: (&'static str, &'static str)) -> Case {
    Case { code, edits: (edits, &[]), is_site: false, place }
}

const fn site(code: Code, edits: Edits, place: (&'static str, &'static str)) -> Case {
    Case { code, edits: (&[], edits), is_site: true, place }
}

/// A change in the site that is told in the scenario.
const fn both(code: Code, edits: Edits, place: (&'static str, &'static str)) -> Case {
    Case { code, edits: (&[], edits), is_site: false, place }
}

fn edited(text: &str, edits: Edits) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not there");
        text.replacen(from, to, 1)
    })
}

fn told(case: &Case) -> (String, String, Vec<Diagnostic>) {
    let scenario = edited(shipped::SCENARIO, case.edits.0);
    let site = edited(shipped::SITE, case.edits.1);
    let terms = Terms::new(jiff::civil::date(2026, 11, 20));
    let checked = files((scenario.as_bytes(), "scenario"), (site.as_bytes(), "site"), terms);
    (scenario, site, checked.diagnostics)
}

/// Where these words begin, after those: line and column, from 1.
fn place(text: &str, (after, words): (&str, &str)) -> (usize, usize) {
    let start = text.find(after).unwrap_or_else(|| panic!("{after:?} is not there"));
    let at = start + text[start..].find(words).unwrap_or_else(|| panic!("{words:?} is not there"));
    let before = &text[..at];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let mut failures = Vec::new();
    for case in cases::all() {
        let (scenario, site, told) = told(&case);
        let (file, text) = if case.is_site { ("site", site) } else { ("scenario", scenario) };
        let (line, column) = place(&text, case.place);
        let is_told = told.iter().any(|one| {
            (one.code, one.file.as_str(), one.line, one.column) == (case.code, file, line, column)
        });
        if !is_told {
            let all: Vec<String> = told.iter().map(ToString::to_string).collect();
            failures.push(format!("no {} at {file}:{line}:{column} among\n{}\n", case.code, all.join("\n")));
        }
        for one in told {
            assert!(!one.what.is_empty() && !one.why.is_empty() && !one.hint.is_empty(), "{one}");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_mistake_is_without_a_case() {
    let cased: BTreeSet<Code> = cases::all().iter().map(|case| case.code).collect();
    // Two that need more than a few words exchanged.
    let apart = [Code::TooMany, Code::SwappedFiles];
    let is_missing = |code: &&Code| !cased.contains(code) && !apart.contains(code);
    let missing: Vec<&Code> = Code::ALL.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_cannot_be_compared_in_time_is_told() {
    let rule = "  - application: {app_id: dns}\n    zones: {from: [management], to: internal}\n    direction: internal\n    action: allow\n";
    let scenario = edited(shipped::SCENARIO, &[]) + &rule.repeat(1_000);
    let site = edited(shipped::SITE, &[]) + "shadow:\n" + &"  - dns\n".repeat(1_001);
    let terms = Terms::new(jiff::civil::date(2026, 11, 20));
    let told = files((scenario.as_bytes(), "scenario"), (site.as_bytes(), "site"), terms).diagnostics;
    let told: Vec<_> = told.iter().map(|one| (one.code, one.file.as_str(), one.line)).collect();
    let rules = place(&scenario, ("\nrules:", "rules")).0;
    let shadow = place(&site, ("\nshadow:", "shadow")).0;
    assert_eq!(told, [(Code::TooMany, "scenario", rules), (Code::TooMany, "site", shadow)]);
}

#[test]
fn names_of_mistakes_are_snake_case_and_there_once() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for name in names {
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit()),
            "{name}"
        );
    }
    let json = serde_json::to_value(Code::BlindProfile).expect("a code is a word");
    assert_eq!(json, "blind_profile");
}

#[test]
fn a_test_about_a_zone_holds_for_all_of_it_or_not_at_all() {
    for expect in ["drop", "allow"] {
        let test =
            format!("\ntests:\n  - {{from: trust, to: appliance, service: tcp/443, expect: {expect}}}\n");
        let site = shipped::SITE.replacen("\ntests:\n", &test, 1);
        let terms = Terms::new(jiff::civil::date(2026, 11, 20));
        let checked = files((shipped::SCENARIO.as_bytes(), "scenario"), (site.as_bytes(), "site"), terms);
        let is_it =
            |one: &Diagnostic| one.code == Code::FailedTest && one.what.starts_with("trust -> appliance");
        assert!(checked.diagnostics.iter().any(is_it), "{expect}: {:#?}", checked.diagnostics);
    }
}

#[test]
fn a_proposed_rule_names_a_zone_of_the_site() {
    let scenario =
        shipped::SCENARIO.replace("to: internal", "to: inner").replace("app_id: dns,", "app_id: lookup,");
    let site = shipped::SITE.replacen("\n  internal:", "\n  inner:", 1).replacen("[tcp/636]", "[tcp/637]", 1);
    assert!(site.contains("\n  inner:") && scenario.contains("app_id: lookup,"));
    let terms = Terms::new(jiff::civil::date(2026, 11, 20));
    let told = files((scenario.as_bytes(), "scenario"), (site.as_bytes(), "site"), terms).diagnostics;
    let proposal = told.iter().find(|one| one.code == Code::NoDirectoryFlow);
    let hint = &proposal.unwrap_or_else(|| panic!("{told:#?}")).hint;
    assert!(hint.contains("to: inner}") || hint.contains("to: dmz}"), "{hint}");
}

#[test]
fn files_in_each_others_place_are_told_in_one_sentence() {
    let terms = Terms::new(jiff::civil::date(2026, 11, 20));
    let (site, scenario) = ((shipped::SITE.as_bytes(), "site"), (shipped::SCENARIO.as_bytes(), "scenario"));
    let told = files(site, scenario, terms).diagnostics;
    let told: Vec<_> = told.iter().map(|one| (one.code, one.file.as_str())).collect();
    assert_eq!(told, [(Code::SwappedFiles, "site")]);
}
