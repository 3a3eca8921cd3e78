//! What is no question and no policy: one line that says what, where and what to do, and exit code 2.

use crate::Bench;
use std::fs::File;
use std::time::{Duration, Instant};

#[test]
fn a_file_that_is_none_is_told_by_its_name() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("directory")).unwrap();
    for (file, what) in [
        ("missing.yaml", "No such file"),
        ("directory", "Is a directory"),
        ("scenario.yaml/in", "Not a directory"),
    ] {
        for verb in ["check", "reach", "test", "render"] {
            let ran = bench.run(&["policy", verb, "--policy", file, "--site", "site.yaml"], b"").exits(2);
            let lines: Vec<&str> = ran.err.lines().collect();
            assert!(lines[0].contains(what) && lines[0].contains(file), "{verb} {file}: {}", ran.err);
            assert!(lines.len() == 2 && lines[1].contains("--policy"), "{verb} {file}: {}", ran.err);
        }
        let ran = bench
            .run(&["policy", "test", "--policy", "scenario.yaml", "--site", file, "--json"], b"")
            .exits(2);
        let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert!(error["error"]["cause"].as_str().unwrap().contains(what), "{error}");
        assert!(error["error"]["hint"].as_str().unwrap().contains("--site"), "{error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let bench = Bench::new();
    bench.write("scenario.yaml", &[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0xff, 0xfe, 0x80]);
    let ran = bench.policy("check", &[]).exits(2);
    assert!(ran.out.starts_with("scenario.yaml:1:") && ran.out.contains("error [encoding]"), "{}", ran.out);
    let ran = bench.policy("explain", &["--from", "a", "--to", "b", "--service", "1"]).exits(2);
    assert!(ran.err.contains("error [encoding]") && ran.err.contains("correct them first"), "{}", ran.err);
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let bench = Bench::new();
    File::create(bench.path("huge.yaml")).unwrap().set_len(100 << 20).unwrap();
    for file in ["huge.yaml", "/dev/zero"] {
        let begun = Instant::now();
        let ran = bench.run(&["policy", "check", "--policy", file, "--site", "site.yaml"], b"").exits(2);
        assert!(ran.out.contains("error [limit] the file has more than 4194304 bytes"), "{}", ran.out);
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_question_that_cannot_be_asked_is_one_line_with_what_to_do() {
    let bench = Bench::new();
    let ends = ["--from", "10.1.5.10", "--to", "10.20.0.1"];
    for (rest, what, hint) in [
        (&["--proto", "sctp"][..], "--proto: \"sctp\" is no protocol", "write tcp, udp"),
        (&["--proto", "tcp"], "--port: tcp to which port?", "65535"),
        (&["--service", "bmc_managment"], "--service: \"bmc_managment\" is no service", "`bmc_management`"),
        (&["--service", "443", "--via", "eth9"], "--via: no zone has the interface \"eth9\"", "eth"),
        (&["--proto", "udp", "--port", "9", "--asked", "239.255.255.253"], "--asked", "--source-port"),
    ] {
        let ran = bench.policy("explain", &[&ends[..], rest].concat()).exits(2);
        let lines: Vec<&str> = ran.err.lines().collect();
        assert!(
            lines.len() == 2 && lines[0].contains(what) && lines[1].contains(hint),
            "{rest:?}: {}",
            ran.err
        );
        assert!(ran.out.is_empty());
    }
    for (from, what, hint) in [
        ("10.1.5.300", "--from: \"10.1.5.300\" is no address, host, zone or `appliance`", "write an address"),
        ("10.1.5.0/24", "is no address", "one address of the network"),
        ("fd12::1", "different families", "two IPv4"),
        ("managment", "is no address", "`management`"),
    ] {
        let ran =
            bench.policy("explain", &["--from", from, "--to", "10.20.0.1", "--service", "443"]).exits(2);
        assert!(ran.err.contains(what) && ran.err.contains(hint), "{from}: {}", ran.err);
    }
    bench
        .policy("explain", &["--from", "10.1.5.10", "--to", "10.20.0.1", "--proto", "tcp", "--port", "70000"])
        .exits(2);
    bench.policy("explain", &["--to", "10.20.0.1"]).exits(2);
    let ran = bench.policy("reach", &["--from", "controler"]).exits(2);
    assert!(ran.err.contains("--from") && ran.err.contains("`controller`"), "{}", ran.err);
    let ran = bench.policy("explain", &["--questions", "missing"]).exits(2);
    assert!(ran.err.contains("No such file") && ran.err.contains("--questions"), "{}", ran.err);
}

#[test]
fn nothing_is_answered_about_files_with_errors_but_a_failing_test_may_be_asked_about() {
    let bench = Bench::new();
    let ask = ["--from", "10.1.5.10", "--to", "10.20.0.1", "--service", "443"];
    bench.edit(
        "site.yaml",
        "to: controller, service: tcp/443, expect: drop}",
        "to: controller, service: tcp/443, expect: allow}",
    );
    bench.policy("explain", &ask).exits(0);
    bench.policy("test", &[]).exits(1);
    bench.edit("scenario.yaml", "risk: 4", "risk: 9");
    for (verb, rest) in [("explain", &ask[..]), ("test", &[]), ("reach", &[])] {
        let ran = bench.policy(verb, rest).exits(2);
        assert!(ran.out.is_empty() && ran.err.contains("error [risk_out_of_range]"), "{verb}: {}", ran.err);
        assert!(ran.err.contains("correct them first") && !ran.err.contains("failed_test"), "{}", ran.err);
    }
}

#[test]
fn machines_get_one_object_for_every_error() {
    let bench = Bench::new();
    let object = |ran: crate::Ran| -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert!(value["error"]["cause"].is_string(), "{value}");
        value
    };
    object(bench.policy("reach", &["--svg", "-", "--json"]).exits(2));
    bench.write("questions", b"{}");
    object(bench.policy("explain", &["--questions", "questions", "--json"]).exits(2));
    let ran =
        bench.run(&["policy", "diff", "scenario.yaml", "nope.yaml", "--site", "site.yaml"], b"").exits(2);
    assert!(ran.err.contains("name it as NEW"), "{}", ran.err);
    bench.edit(
        "site.yaml",
        "to: controller, service: tcp/443, expect: drop}",
        "to: controller, service: tcp/443, expect: allow}",
    );
    object(bench.policy("test", &["--json"]).exits(1));
    bench.edit("scenario.yaml", "risk: 4", "risk: 9");
    let told = object(bench.policy("test", &["--json"]).exits(2));
    assert_eq!(told["diagnostics"][0]["code"], "risk_out_of_range");
    let ask = ["--from", "10.1.5.10", "--to", "10.20.0.1", "--proto", "tcp", "--port"];
    for port in ["0", "70000"] {
        let ran = bench.policy("explain", &[&ask[..], &[port]].concat()).exits(2);
        assert!(ran.err.contains("1..=65535"), "{}", ran.err);
    }
    let ran = bench.run(&["init", "--data", "site.yaml"], b"");
    assert!(!ran.err.contains("portcullis:   hint"), "{}", ran.err);
}
