//! `policy reach`, `diff` and `test`.

use crate::{Bench, place};
use serde_json::{Value, json};

#[test]
fn what_a_controller_may_reach_is_a_table() {
    let bench = Bench::new();
    let answer =
        bench.policy("reach", &["--from", "10.20.0.7", "--to", "appliance", "--json"]).exits(0).json();
    let told: Vec<(u64, &str, &Value)> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["rule"].as_u64().unwrap(), row["app_id"].as_str().unwrap(), &row["services"]))
        .collect();
    assert_eq!(
        told,
        [
            (1, "bmc_management", &json!(["tcp/443", "tcp/5989"])),
            (2, "icmp_probe", &json!(["icmp/echo-request"])),
            (3, "slp", &json!(["tcp/427", "udp/427"])),
            (7, "ntp", &json!(["udp/123"])),
            (9, "syslog", &json!(["tcp/6514", "udp/514"])),
        ]
    );
    assert_eq!(answer["rows"][0]["to"], json!(["10.1.0.5", "10.20.0.1"]));
    assert!(answer.get("picture").is_none());
    let ran = bench.policy("reach", &["--from", "trust", "--to", "internet"]).exits(0);
    assert_eq!(ran.out, "trust may reach nothing of internet\n");
    let ran = bench.policy("reach", &["--from", "appliance", "--to", "10.2.0.53"]).exits(0);
    assert!(ran.out.contains("-> 10.2.0.53\n") && !ran.out.contains("firmware"), "{}", ran.out);
}

#[test]
fn one_of_a_zone_is_told_from_the_rest_of_it() {
    let bench = Bench::new();
    let rows = |to: &str| {
        bench.policy("reach", &["--from", "appliance", "--to", to, "--json"]).json()["rows"].clone()
    };
    for row in rows("controller").as_array().unwrap() {
        assert_eq!(row["to"], json!(["10.20.0.7", "fd12:3456:789a:20::7"]), "{row}");
    }
    let groups = rows("management");
    let asks_group = |row: &Value| row["to"].as_array().unwrap().contains(&json!("239.255.255.253"));
    assert!(groups.as_array().unwrap().iter().any(asks_group), "groups are asked in the zone");
    assert!(!rows("internal").as_array().unwrap().iter().any(asks_group));
}

#[test]
fn zones_are_drawn_to_a_file_that_is_not_overwritten_by_chance() {
    let bench = Bench::new();
    bench.policy("reach", &["--svg", "zones.svg"]).exits(0);
    let svg = std::fs::read_to_string(bench.path("zones.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=") && svg.contains("clear_text_mgmt (6)"), "{svg}");
    let ran = bench.policy("reach", &["--svg", "zones.svg"]).exits(2);
    assert!(ran.err.contains("zones.svg") && ran.err.contains("--replace"), "{}", ran.err);
    bench.policy("reach", &["--svg", "zones.svg", "--replace"]).exits(0);
    assert_eq!(bench.policy("reach", &["--svg", "-"]).exits(0).out, svg);
    let answer = bench.policy("reach", &["--json"]).exits(0).json();
    assert_eq!(answer["picture"]["nodes"].as_array().unwrap().len(), 5);
}

#[test]
fn what_changes_is_told_in_words_and_as_pairs() {
    let bench = Bench::new();
    let text = std::fs::read_to_string(bench.path("scenario.yaml")).unwrap();
    bench.write("new.yaml", text.replacen("action: drop", "action: allow", 1).as_bytes());
    let diff = |rest: &[&str]| {
        let files = ["policy", "diff", "scenario.yaml", "new.yaml", "--site", "site.yaml"];
        bench.run(&[&files[..], rest].concat(), b"").exits(0)
    };
    let words = diff(&[]).out;
    assert!(words.starts_with("scenario.yaml (out_of_band_management 1.0.0) -> new.yaml ("), "{words}");
    assert!(
        words.contains("\n+ management (10.20.0.0, ") && words.contains("may now reach the appliance"),
        "{words}"
    );
    let changes = diff(&["--json"]).json()["changes"].clone();
    let is_input = |change: &&Value| change["path"] == "input";
    let change = changes.as_array().unwrap().iter().find(is_input).unwrap();
    assert_eq!(
        (&change["gained"], &change["before"]["rule"], &change["after"]["rule"]),
        (&json!(true), &json!(6), &json!(6))
    );
    assert!(words.contains(change["words"].as_str().unwrap()));
    assert!(diff(&["--pairs"]).out.contains("gained  management 10.20.0.0, "));
    let same = ["policy", "diff", "scenario.yaml", "scenario.yaml", "--site", "site.yaml"];
    let ran = bench.run(&same, b"").exits(0);
    assert!(ran.out.ends_with("nothing gains or loses reach\n"), "{}", ran.out);
}

#[test]
fn two_site_files_are_compared_too() {
    let bench = Bench::new();
    let text = std::fs::read_to_string(bench.path("site.yaml")).unwrap();
    bench.write(
        "new.yaml",
        text.replacen("services: [tcp/636]", "services: [tcp/636, tcp/389]", 1).as_bytes(),
    );
    let files =
        ["policy", "diff", "scenario.yaml", "scenario.yaml", "--site", "site.yaml", "--new-site", "new.yaml"];
    let ran = bench.run(&files, b"").exits(0);
    assert!(
        ran.out.contains("on tcp/389: rule 10 (directory) allows it, where no rule did before"),
        "{}",
        ran.out
    );
}

#[test]
fn what_must_hold_is_tested_and_a_failure_has_its_line() {
    let bench = Bench::new();
    let ran = bench.policy("test", &[]).exits(0);
    assert!(ran.out.ends_with("7 passed, 0 failed\n"), "{}", ran.out);
    bench.edit(
        "site.yaml",
        "to: controller, service: tcp/443, expect: drop}",
        "to: controller, service: tcp/443, expect: allow}",
    );
    let text = std::fs::read_to_string(bench.path("site.yaml")).unwrap();
    let (line, _) = place(&text, "tests:", "- {from: workstation, to: controller");
    let ran = bench.policy("test", &["--quiet"]).exits(1);
    let told = format!(
        "FAILED  site.yaml:{line}: workstation -> controller on tcp/443: allow\n        10.1.5.10 -> 10.20.0.7 is dropped: "
    );
    assert!(ran.out.starts_with(&told), "{}", ran.out);
    assert!(ran.err.contains("1 test does not hold"), "{}", ran.err);
    let answer = bench.policy("test", &["--json"]).exits(1).json();
    assert_eq!(
        (&answer["passed"], &answer["failed"], &answer["tests"][1]["line"]),
        (&json!(6), &json!(1), &json!(line))
    );
    assert_eq!(answer["tests"][1]["explanation"]["verdict"], "drop");
}

#[test]
fn site_files_are_compared_by_other_words_and_swapped_files_are_told_as_such() {
    let bench = Bench::new();
    let ran = bench.run(&["policy", "diff", "site.yaml", "site.yaml", "--site", "site.yaml"], b"").exits(2);
    assert!(ran.err.contains("these are site files") && ran.err.contains("--new-site"), "{}", ran.err);
    let swapped = ["policy", "check", "--policy", "site.yaml", "--site", "scenario.yaml", "--json"];
    let report = bench.run(&swapped, b"").exits(2).json();
    assert_eq!((&report["errors"], &report["diagnostics"][0]["code"]), (&json!(1), &json!("swapped_files")));
}
