//! Questions to the shipped pair, and what cannot be asked.

use super::*;
use crate::document::words::Action;
use crate::plan::Plan;
use crate::read::{parse_scenario, parse_site};
use crate::shipped;

fn shipped() -> (Evaluator, Site) {
    let scenario = parse_scenario(shipped::SCENARIO.as_bytes(), "s").document.unwrap().content;
    let site = parse_site(shipped::SITE.as_bytes(), "g").document.unwrap().content;
    (Evaluator::new(&Plan::bind(&scenario, &site).unwrap()), site)
}

fn question(text: &str) -> Question {
    serde_json::from_str(text).unwrap()
}

fn asked(text: &str) -> Result<Answers, Wrong> {
    let (evaluator, site) = shipped();
    ask(&evaluator, Known::of(&site), &question(text), &Asked::default(), "en")
}

#[test]
fn every_way_to_say_the_same_gets_the_same_answer() {
    let start = r#"{"from": "10.20.0.1", "to": "10.20.0.7", "#;
    let plain = asked(&format!("{start}\"proto\": \"tcp\", \"port\": 443}}")).unwrap();
    assert_eq!((plain.first.explanation.verdict, plain.first.explanation.rule), (Action::Allow, Some(1)));
    assert_eq!((plain.first.service.as_str(), plain.also.len()), ("tcp/443", 0));
    for rest in [r#""proto": "6", "port": 443}"#, r#""service": "tcp/443"}"#, r#""service": "443"}"#] {
        assert_eq!(asked(&format!("{start}{rest}")).unwrap(), plain, "{rest}");
    }
    let application = asked(&format!("{start}\"service\": \"bmc_management\"}}")).unwrap();
    let services: Vec<&str> = application.all().map(|answer| answer.service.as_str()).collect();
    assert_eq!(services, ["tcp/443", "tcp/5989"]);
}

#[test]
fn a_range_of_ports_is_answered_part_by_part() {
    let answers = asked(r#"{"from": "10.20.0.1", "to": "10.20.0.7", "service": "tcp/440-450"}"#).unwrap();
    let told: Vec<(&str, Action)> =
        answers.all().map(|answer| (answer.service.as_str(), answer.explanation.verdict)).collect();
    assert_eq!(
        told,
        [("tcp/440-442", Action::Drop), ("tcp/443", Action::Allow), ("tcp/444-450", Action::Drop)]
    );
    assert!(answers.first.explanation.why.ends_with("; so it is with all of tcp/440-442"));
}

#[test]
fn a_zone_is_asked_part_by_part() {
    let answers = asked(r#"{"from": "trust", "to": "10.20.0.1", "service": "443"}"#).unwrap();
    let verdicts: Vec<Action> = answers.all().map(|answer| answer.explanation.verdict).collect();
    assert!(verdicts.contains(&Action::Drop) && verdicts.contains(&Action::Allow), "{verdicts:?}");
}

#[test]
fn an_address_is_asked_about_as_it_is_on_the_wire() {
    let question =
        |from: &str| format!("{{\"from\": \"{from}\", \"to\": \"10.20.0.1\", \"service\": \"443\"}}");
    assert_eq!(asked(&question("::ffff:10.1.5.10")).unwrap(), asked(&question("10.1.5.10")).unwrap());
    for local in ["127.0.0.1", "::ffff:127.0.0.1", "::1"] {
        let wrong = asked(&question(local)).unwrap_err();
        assert!(wrong.field == "from" && wrong.what.contains("never leaves its host"), "{wrong}");
    }
}

#[test]
fn a_name_stands_for_all_of_its_addresses() {
    let answers = asked(r#"{"from": "controller", "to": "appliance", "service": "ping"}"#).unwrap();
    let told: Vec<(String, &str)> = answers
        .all()
        .map(|answer| (answer.explanation.to.address.to_string(), answer.service.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("10.1.0.5".into(), "icmp/8"),
            ("10.20.0.1".into(), "icmp/8"),
            ("fd12:3456:789a:1::5".into(), "icmp6/128"),
            ("fd12:3456:789a:20::1".into(), "icmp6/128")
        ]
    );
}

#[test]
fn an_answer_to_a_group_is_let_in_only_after_the_request() {
    let start =
        r#"{"from": "10.20.0.7", "to": "10.20.0.1", "proto": "udp", "port": 40000, "source_port": 427"#;
    assert_eq!(asked(&format!("{start}}}")).unwrap().first.explanation.verdict, Action::Drop);
    let answer = asked(&format!("{start}, \"asked\": \"239.255.255.253\"}}")).unwrap().first.explanation;
    assert_eq!((answer.verdict, answer.app_id.as_deref()), (Action::Allow, Some("slp")));
}

#[test]
fn an_open_connection_is_judged_like_a_new_one() {
    let answer = asked(
        r#"{"from": "controller", "to": "10.20.0.1", "proto": "udp", "port": 623, "established": true}"#,
    );
    let answer = answer.unwrap().first.explanation;
    assert_eq!((answer.verdict, answer.rule), (Action::Drop, Some(6)));
    assert!(answer.why.ends_with("judged like a new one"), "{}", answer.why);
}

/// A question, the field that is wrong with it, and words of what is said and of what is to be done.
const WRONG: [[&str; 4]; 18] = [
    [
        r#"{"from": "nobody", "to": "10.1.1.1", "service": "443"}"#,
        "from",
        "is no address",
        "write an address",
    ],
    [r#"{"from": "10.1.1.1", "to": "controler", "service": "443"}"#, "to", "is no address", "`controller`"],
    [
        r#"{"from": "10.1.1.1", "to": "10.20.0.0/16", "service": "443"}"#,
        "to",
        "is no address",
        "one address of",
    ],
    [r#"{"from": "10.1.1.1", "to": "fd12::1", "service": "443"}"#, "to", "different families", "two IPv4"],
    [
        r#"{"from": "10.1.1.1", "to": "10.1.1.2", "proto": "tpc", "port": 1}"#,
        "proto",
        "is no protocol",
        "`tcp`",
    ],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "proto": "sctp"}"#, "proto", "is no protocol", "write tcp"],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "proto": "tcp"}"#, "port", "which port", "65535"],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "proto": "tcp", "port": 0}"#, "port", "no port", "65535"],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "proto": "icmp", "port": 8}"#, "port", "only TCP", "type"],
    [
        r#"{"from": "10.1.1.1", "to": "10.1.1.2", "proto": "tcp", "port": 8, "type": 8}"#,
        "type",
        "only ICMP",
        "out",
    ],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "proto": "icmp6"}"#, "proto", "no such packet", "icmp6"],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "port": 8}"#, "proto", "which protocol", "tcp or udp"],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2"}"#, "proto", "what is it about", "tcp/443"],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "service": "slpp"}"#, "service", "is no service", "`slp`"],
    [
        r#"{"from": "10.1.1.1", "to": "10.1.1.2", "service": "1", "port": 1}"#,
        "service",
        "beside a port",
        "leave",
    ],
    [
        r#"{"from": "10.1.1.1", "to": "10.1.1.2", "service": "1", "proto": "tcp"}"#,
        "service",
        "protocol",
        "either",
    ],
    [r#"{"from": "10.1.1.1", "to": "10.1.1.2", "service": "1", "via": "eth7"}"#, "via", "no zone has", "eth"],
    [
        r#"{"from": "10.1.1.1", "to": "10.1.1.2", "service": "1", "source_port": 1}"#,
        "source_port",
        "only UDP",
        "out",
    ],
];

#[test]
fn what_cannot_be_asked_is_told_by_field_with_what_to_do() {
    for [text, field, what, hint] in WRONG {
        let wrong = asked(text).unwrap_err();
        assert_eq!(wrong.field, field, "{text}: {wrong}");
        assert!(wrong.what.contains(what) && wrong.hint.contains(hint), "{text}: {wrong} ({})", wrong.hint);
    }
}

#[test]
fn a_question_that_stands_for_too_much_is_refused() {
    let (evaluator, mut site) = shipped();
    let many = (0..=MOST_ANSWERS).map(|at| IpAddr::from([10, 20, (at >> 8) as u8, at as u8])).collect();
    site.hosts.insert("all".into(), many);
    let question = question(r#"{"from": "10.20.0.1", "to": "all", "service": "443"}"#);
    let wrong = ask(&evaluator, Known::of(&site), &question, &Asked::default(), "en").unwrap_err();
    assert!(wrong.what.contains("more than 256"), "{wrong}");
}

#[test]
fn who_is_in_no_zone_is_answered_and_not_refused() {
    let (evaluator, mut site) = shipped();
    site.zones.remove("internet");
    let mut plan = evaluator.plan().clone();
    let internet = plan.zones.iter().position(|zone| zone.name == "internet").unwrap();
    plan.zones[internet].networks.clear();
    let question = question(r#"{"from": "192.0.2.1", "to": "10.20.0.1", "service": "443"}"#);
    let answer = ask(&Evaluator::new(&plan), Known::of(&site), &question, &Asked::default(), "en").unwrap();
    let answer = answer.first.explanation;
    assert_eq!((answer.verdict, answer.rule, answer.from.zone), (Action::Drop, None, None));
}
