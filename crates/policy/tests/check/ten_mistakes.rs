//! The ten mistakes that a published scenario of this kind holds: each is found, in the right line of a scenario with the
//! same structure.

use crate::place;
use policy::check::{Terms, files};
use policy::diagnostic::{Code, Diagnostic, Severity};

const SCENARIO: &str = include_str!("fixtures/ten_mistakes.yaml");
const SITE: &str = include_str!("fixtures/ten_mistakes_site.yaml");

fn told() -> Vec<Diagnostic> {
    let terms = Terms::new(jiff::civil::date(2026, 11, 20));
    files((SCENARIO.as_bytes(), "scenario"), (SITE.as_bytes(), "site"), terms).diagnostics
}

#[track_caller]
fn holds(file: &str, code: Code, after: &str, words: &str) {
    let text = if file == "site" { SITE } else { SCENARIO };
    let (line, column) = place(text, (after, words));
    let told = told();
    let found = told
        .iter()
        .any(|one| (one.file.as_str(), one.code, one.line, one.column) == (file, code, line, column));
    let all: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert!(found, "no {code} at {file}:{line}:{column} among\n{}", all.join("\n"));
}

#[test]
fn one_the_rationales_count_rules_from_one() {
    holds("scenario", Code::CountedFromOne, "app_id: bmc_management", "rule 3");
    holds("scenario", Code::CountedFromOne, "app_id: clear_text_mgmt", "rule 2");
}

#[test]
fn two_a_dependency_that_nothing_defines() {
    holds("scenario", Code::UnknownDependency, "app_id: firmware_update", "ssl");
}

#[test]
fn three_profiles_that_cannot_see() {
    holds("scenario", Code::BlindProfile, "app_id: bmc_management", "antivirus");
    holds("scenario", Code::BlindProfile, "app_id: bmc_management", "sandboxing");
}

#[test]
fn four_rules_inside_a_zone() {
    for rule in ["bmc_management", "icmp_probe", "slp", "clear_text_mgmt"] {
        holds("scenario", Code::IntraZone, &format!("app_id: {rule}"), "management], to");
    }
    holds("scenario", Code::IntraZone, "app_id: infra_mgmt_web", "management], to");
}

#[test]
fn five_open_sessions_in_clear_text() {
    holds("scenario", Code::EstablishedSessions, "app_id: clear_text_mgmt", "drop");
}

#[test]
fn six_a_key_control_without_a_rule() {
    holds("scenario", Code::UnmetKeyControl, "key_controls", "identity_user_group");
}

#[test]
fn seven_time_logs_and_directory() {
    for code in [Code::NoTimeFlow, Code::NoLogFlow, Code::NoDirectoryFlow] {
        holds("scenario", code, "T1557, name", "rules:");
    }
}

#[test]
fn eight_ports_that_stand_in_prose_only() {
    holds("scenario", Code::PortOnlyInProse, "app_id: clear_text_mgmt", "udp/623");
    holds("scenario", Code::ClearTextForgotten, "key_controls", "block_cleartext_management");
}

#[test]
fn nine_multicast_is_answered_by_unicast() {
    holds("site", Code::MulticastUnanswered, "icmp_probe", "slp");
}

#[test]
fn ten_silent_drops_with_loud_logs() {
    holds("scenario", Code::LoudDrop, "app_id: clear_text_mgmt", "high");
}

#[test]
fn nothing_else_is_told_of_it() {
    let mut codes: Vec<&str> = told().iter().map(|one| one.code.name()).collect();
    codes.dedup();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(
        codes,
        [
            "blind_profile",
            "clear_text_forgotten",
            "counted_from_one",
            "established_sessions",
            "intra_zone",
            "loud_drop",
            "multicast_unanswered",
            "no_directory_flow",
            "no_log_flow",
            "no_time_flow",
            "port_only_in_prose",
            "unknown_dependency",
            "unmet_key_control"
        ]
    );
}

#[test]
fn what_is_proposed_makes_it_whole() {
    let told = told();
    let mut scenario = SCENARIO.to_owned();
    let mut site = SITE.to_owned();
    for code in [Code::NoTimeFlow, Code::NoLogFlow, Code::NoDirectoryFlow] {
        let hint = &told.iter().find(|one| one.code == code).expect("told").hint;
        let (rule, application) =
            hint.split_once("\nand to the site's applications:\n").expect("two proposals");
        let rule = rule.split_once('\n').expect("a rule").1;
        scenario.push_str(&format!("{rule}\n"));
        site = site.replace("applications:\n", &format!("applications:\n{application}\n"));
    }
    let terms = Terms::new(jiff::civil::date(2026, 11, 20));
    let again = files((scenario.as_bytes(), "scenario"), (site.as_bytes(), "site"), terms).diagnostics;
    let is_new = |one: &&Diagnostic| {
        one.severity != Severity::Note && !told.iter().any(|before| before.code == one.code)
    };
    assert_eq!(again.iter().find(is_new), None);
    for code in [Code::NoTimeFlow, Code::NoLogFlow, Code::NoDirectoryFlow] {
        assert!(!again.iter().any(|one| one.code == code), "{code} is still told");
    }
}
