//! `policy explain`: answers that machines read, single and many.

use crate::Bench;
use serde_json::{Value, json};

#[test]
fn an_answer_keeps_its_shape() {
    let bench = Bench::new();
    let ask = |rest: &[&str]| bench.policy("explain", &[rest, &["--json"]].concat()).exits(0).json();
    let answer = ask(&[
        "--from",
        "10.1.5.10",
        "--to",
        "10.20.0.1",
        "--proto",
        "tcp",
        "--port",
        "443",
        "--via",
        "eth0",
    ]);
    let rationale = answer["rationale"].as_str().unwrap().to_owned();
    assert!(rationale.starts_with("Administrators and the virtualization manager reach"), "{rationale}");
    let expected = json!({
        "verdict": "allow",
        "rule": 0,
        "app_id": "infra_mgmt_web",
        "why": "rule 0 (infra_mgmt_web) allows tcp/443 from trust to the appliance for its group of people",
        "rationale": rationale,
        "path": "input",
        "enforced": true,
        "from": { "address": "10.1.5.10", "zone": "trust", "appliance": false },
        "to": { "address": "10.20.0.1", "zone": "management", "appliance": true },
        "shadow": [],
        "nearest": null,
        "service": "tcp/443",
        "via": "eth0",
    });
    assert_eq!(answer, expected);
    let answer = ask(&["--from", "10.0.9.4", "--to", "10.20.0.7", "--proto", "tcp", "--port", "443"]);
    let Value::Object(answer) = answer else { panic!("an object") };
    assert_eq!(
        (&answer["verdict"], &answer["rule"], &answer["app_id"]),
        (&json!("drop"), &Value::Null, &Value::Null)
    );
    assert_eq!(answer["nearest"]["app_id"], "bmc_management");
}

/// What is asked, and the verdict, the rule and the path that come of it.
const QUESTIONS: [(&[&str], &str, Option<u64>, &str); 16] = [
    (
        &["--from", "10.20.0.1", "--to", "10.20.0.7", "--proto", "tcp", "--port", "443"],
        "allow",
        Some(1),
        "output",
    ),
    (&["--from", "10.20.0.1", "--to", "10.20.0.7", "--proto", "icmp"], "allow", Some(2), "output"),
    (
        &["--from", "10.20.0.1", "--to", "10.20.0.7", "--proto", "icmp", "--type", "13"],
        "drop",
        None,
        "output",
    ),
    (
        &["--from", "fd12:3456:789a:20::1", "--to", "fd12:3456:789a:20::7", "--proto", "icmp"],
        "allow",
        Some(2),
        "output",
    ),
    (
        &[
            "--from",
            "fd12:3456:789a:20::7",
            "--to",
            "fd12:3456:789a:20::1",
            "--proto",
            "icmp6",
            "--type",
            "135",
        ],
        "allow",
        None,
        "input",
    ),
    (&["--from", "appliance", "--to", "controller", "--app", "bmc_management"], "allow", Some(1), "output"),
    (
        &["--from", "10.20.0.7", "--to", "10.20.0.1", "--proto", "udp", "--port", "623"],
        "drop",
        Some(6),
        "input",
    ),
    (
        &["--from", "10.20.0.7", "--to", "10.20.0.1", "--proto", "udp", "--port", "623", "--established"],
        "drop",
        Some(6),
        "input",
    ),
    (
        &["--from", "10.20.0.7", "--to", "10.20.0.1", "--proto", "udp", "--port", "123"],
        "allow",
        Some(7),
        "input",
    ),
    (
        &["--from", "10.20.0.7", "--to", "10.20.0.1", "--proto", "udp", "--port", "123", "--via", "eth0"],
        "drop",
        None,
        "input",
    ),
    (&["--from", "10.20.0.1", "--to", "239.255.255.253", "--service", "udp/427"], "allow", Some(3), "output"),
    (
        &[
            "--from",
            "10.20.0.7",
            "--to",
            "10.20.0.1",
            "--proto",
            "udp",
            "--port",
            "40000",
            "--source-port",
            "427",
        ],
        "drop",
        None,
        "input",
    ),
    (
        &[
            "--from",
            "10.20.0.7",
            "--to",
            "10.20.0.1",
            "--proto",
            "udp",
            "--port",
            "40000",
            "--source-port",
            "427",
            "--asked",
            "239.255.255.253",
        ],
        "allow",
        Some(3),
        "input",
    ),
    (&["--from", "10.20.0.7", "--to", "10.2.0.53", "--service", "dns"], "drop", None, "forward"),
    (&["--from", "10.20.0.7", "--to", "10.20.0.8", "--service", "443"], "allow", Some(1), "inside"),
    (&["--from", "10.20.0.1", "--to", "10.2.0.53", "--proto", "47"], "drop", None, "output"),
];

#[test]
fn every_kind_of_packet_is_asked_about() {
    let bench = Bench::new();
    for (question, verdict, rule, path) in QUESTIONS {
        let answer = bench.policy("explain", &[question, &["--json"]].concat()).exits(0).json();
        let told = (answer["verdict"].as_str(), answer["rule"].as_u64(), answer["path"].as_str());
        assert_eq!(told, (Some(verdict), rule, Some(path)), "{question:?}: {answer:#}");
    }
}

#[test]
fn people_read_it_in_few_lines() {
    let bench = Bench::new();
    let ran = bench
        .policy("explain", &["--from", "10.20.0.7", "--to", "10.2.0.53", "--service", "udp/53"])
        .exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], "drop  10.20.0.7 (management) -> 10.2.0.53 (internal) on udp/53, forward");
    assert!(
        lines[1].starts_with("  why        rule 4 (dns) allows it by the document, but the appliance routes"),
        "{}",
        ran.out
    );
    assert!(lines[2].starts_with("  nearest    rule 4 (dns): the appliance routes nothing"), "{}", ran.out);
    let several =
        bench.policy("explain", &["--from", "appliance", "--to", "controller", "--service", "ping"]).out;
    assert!(several.starts_with("Verdict  Rule"), "{several}");
}

#[test]
fn who_is_in_no_zone_is_dropped_and_told_so() {
    let bench = Bench::new();
    bench.edit(
        "site.yaml",
        "networks: [0.0.0.0/0, \"::/0\"]",
        "networks: [198.51.100.0/24, \"2001:db8::/32\"]",
    );
    let question = ["--from", "192.0.2.1", "--to", "10.20.0.1", "--service", "443", "--json"];
    let answer = bench.policy("explain", &question).exits(0).json();
    assert_eq!((&answer["verdict"], &answer["from"]["zone"]), (&json!("drop"), &Value::Null));
    assert!(answer["why"].as_str().unwrap().starts_with("its source is in no zone"), "{answer}");
}

#[test]
fn many_questions_are_answered_line_by_line() {
    let bench = Bench::new();
    let long = format!("{{\"from\": \"{}\", \"to\": \"a\", \"service\": \"1\"}}", "x".repeat(1 << 20));
    let input = [
        r#"{"from": "10.20.0.1", "to": "10.20.0.7", "proto": "tcp", "port": 443}"#,
        "",
        r#"{"from": "controller", "to": "appliance", "service": "udp/623"}"#,
        r#"{"from": "nobody", "to": "appliance", "service": "udp/623"}"#,
        r#"{"from": "10.20.0.1""#,
        r#"{"from": "10.20.0.1", "to": "10.20.0.7", "service": "443", "colour": 1}"#,
        &long,
        r#"{"from": "10.20.0.7", "to": "10.20.0.1", "service": "ntp"}"#,
    ]
    .join("\n");
    let files = ["policy", "explain", "--policy", "scenario.yaml", "--site", "site.yaml", "--questions"];
    let ran = bench.run(&[&files[..], &["-", "--json"]].concat(), input.as_bytes()).exits(2);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<u64> = lines.iter().map(|line| line["line"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 3, 4, 5, 6, 7, 8]);
    assert_eq!((&lines[0]["verdict"], &lines[0]["rule"]), (&json!("allow"), &json!(1)));
    assert_eq!((&lines[1]["verdict"], lines[1]["also"].as_array().unwrap().len()), (&json!("drop"), 3));
    assert_eq!(lines[2]["error"]["field"], "from");
    for (line, what) in [(3, "EOF"), (4, "colour"), (5, "longer than 16384 bytes")] {
        assert!(lines[line]["error"]["what"].as_str().unwrap().contains(what), "{}", lines[line]);
    }
    assert_eq!(lines[6]["rule"], 7);
    assert!(ran.err.contains("4 of the questions could not be asked"), "{}", ran.err);
    bench.write("questions", br#"{"from": "10.20.0.7", "to": "10.20.0.1", "service": "ntp"}"#);
    let ran = bench.run(&[&files[..], &["questions"]].concat(), b"").exits(0);
    assert!(
        ran.out.starts_with("1: allow 10.20.0.7 -> 10.20.0.1 udp/123: 7 ntp (rule 7 (ntp) allows"),
        "{}",
        ran.out
    );
}
