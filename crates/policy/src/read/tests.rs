//! What is told about a file, at which place; and that what is written is read again.

use super::*;
use crate::diagnostic::Code;

fn told(reading: &Reading<Scenario>) -> Vec<(Code, usize, usize)> {
    reading.diagnostics.iter().map(|told| (told.code, told.line, told.column)).collect()
}

const GOOD: &str = "\
schema_version: 1.0.0
id: small
version: 1.2.3
rules:
  - application: {app_id: dns, risk: 2}
    zones: {from: [management], to: internal}
    direction: internal
    action: allow
";

fn reading(from: &str, to: &str) -> Reading<Scenario> {
    assert!(GOOD.contains(from));
    parse_scenario(GOOD.replace(from, to).as_bytes(), "s.yaml")
}

#[test]
fn a_good_file_gives_nothing_to_tell() {
    let reading = reading("", "");
    assert_eq!(reading.diagnostics, []);
    assert_eq!(reading.document.unwrap().content.rules[0].application.app_id, "dns");
}

#[test]
fn a_misspelt_word_is_told_with_the_one_that_was_meant() {
    let reading = reading("action: allow", "action: alow");
    assert_eq!(told(&reading), [(Code::UnknownWord, 8, 13)]);
    assert_eq!(reading.diagnostics[0].hint, "did you mean `allow`?");
    assert!(reading.document.is_none());
}

#[test]
fn a_misspelt_field_is_told_and_so_is_what_is_missing_for_it() {
    let reading = reading("direction: internal", "directoin: internal");
    assert_eq!(told(&reading), [(Code::MissingField, 5, 5), (Code::MisspeltField, 7, 5)]);
    assert_eq!(reading.diagnostics[0].hint, "rename `directoin` to `direction`");
    assert_eq!(reading.diagnostics[1].hint, "did you mean `direction`?");
}

#[test]
fn a_field_in_the_wrong_place_is_told() {
    let reading = reading("    action: allow\n", "    action: allow\n    risk: 3\n    colour: red\n");
    assert_eq!(told(&reading), [(Code::MisspeltField, 9, 5), (Code::UnknownField, 10, 5)]);
    assert_eq!(reading.diagnostics[0].hint, "it belongs into `application`");
    let kept = &reading.document.unwrap().content.rules[0].unknown;
    assert_eq!(kept.get("colour"), Some(&"red".into()));
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = GOOD.replace("risk: 2", "risk: high").replace("version: 1.2.3", "version: 1.2")
        + "  - {action: drop}\nreferences:\n  - {url: x, retrieved: 2026-13-01}\n";
    let reading = parse_scenario(text.as_bytes(), "s.yaml");
    assert_eq!(
        told(&reading),
        [
            (Code::WrongValue, 3, 10),
            (Code::WrongValue, 5, 38),
            (Code::MissingField, 9, 5),
            (Code::WrongValue, 11, 25),
        ],
        "{:#?}",
        reading.diagnostics
    );
    assert_eq!(reading.diagnostics[0].hint, "write it in quotes");
    assert!(reading.diagnostics[1].what.ends_with("expected a whole number from 0 to 255"));
}

#[test]
fn an_unknown_profile_is_told_at_its_key() {
    let reading = reading("action: allow", "action: allow\n    security_profiles:\n      antivirsu: {}");
    assert_eq!(told(&reading), [(Code::UnknownWord, 10, 7)], "{:#?}", reading.diagnostics);
    assert_eq!(reading.diagnostics[0].hint, "did you mean `antivirus`?");
}

#[test]
fn items_are_counted_as_they_were_written() {
    let text = "\
schema_version: 1.0.0
scenario: small
appliance: {zone: management, addresses: [10.0.0.1]}
zones:
  management: {networks: [10.0.0.0/33, 10.1.5.0, 10.2.0.0/16, \"fd00::\", \"fd00::/129\"]}
applications: {}
";
    let reading = parse_site(text.as_bytes(), "site.yaml");
    let told: Vec<(&str, &str)> = reading
        .diagnostics
        .iter()
        .map(|told| (told.what.split(' ').next().unwrap(), told.hint.split(", or").next().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("`zones.management.networks[0]`", "the prefix of an IPv4 network is a number from 0 to 32"),
            ("`zones.management.networks[1]`", "a network needs its prefix: 10.1.5.0/24"),
            ("`zones.management.networks[3]`", "a network needs its prefix: fd00::/64"),
            ("`zones.management.networks[4]`", "the prefix of an IPv6 network is a number from 0 to 128"),
        ],
        "{:#?}",
        reading.diagnostics
    );
}

#[test]
fn a_site_is_read_and_its_mistakes_are_told() {
    let text = "\
schema_version: 1.0.0
scenario: small
appliance: {zone: management, addresses: [10.0.0.1, fd00::1]}
zones:
  management: {networks: [10.0.0.0/33], segment: choke-point}
applications:
  dns: {services: [udp/53, tcp/99999]}
";
    let reading = parse_site(text.as_bytes(), "site.yaml");
    let told: Vec<_> = reading.diagnostics.iter().map(|told| (told.code, told.line, told.column)).collect();
    assert_eq!(
        told,
        [(Code::WrongValue, 5, 27), (Code::UnknownWord, 5, 50), (Code::WrongValue, 7, 28)],
        "{:#?}",
        reading.diagnostics
    );
    assert_eq!(reading.diagnostics[1].hint, "did you mean `choke_point`?");
}
