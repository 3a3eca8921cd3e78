//! `policy check`: each mistake at its place, and exit codes.

use crate::{Bench, place, run};
use serde_json::{Value, json};

const SCENARIO: &str = include_str!("../../../policy/tests/check/fixtures/ten_mistakes.yaml");
const SITE: &str = include_str!("../../../policy/tests/check/fixtures/ten_mistakes_site.yaml");

#[test]
fn the_shipped_files_are_clean() {
    let bench = Bench::new();
    let ran = bench.policy("check", &["--strict"]).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("scenario.yaml, site.yaml: nothing is wrong\n", ""));
    let answer = bench.policy("check", &["--json"]).exits(0).json();
    let expected = json!({
        "policy": "scenario.yaml", "site": "site.yaml", "errors": 0, "warnings": 0, "notes": 0, "diagnostics": [],
    });
    assert_eq!(answer, expected);
}

#[test]
fn each_of_the_ten_mistakes_is_told_at_its_line_and_column() {
    let bench = Bench::new();
    bench.write("scenario.yaml", SCENARIO.as_bytes());
    bench.write("site.yaml", SITE.as_bytes());
    let answer = bench.policy("check", &["--json"]).json();
    let told = answer["diagnostics"].as_array().unwrap();
    for (mistake, file, code, after, words) in [
        (1, "scenario.yaml", "counted_from_one", "app_id: bmc_management", "rule 3"),
        (2, "scenario.yaml", "unknown_dependency", "app_id: firmware_update", "ssl"),
        (3, "scenario.yaml", "blind_profile", "app_id: bmc_management", "antivirus"),
        (4, "scenario.yaml", "intra_zone", "app_id: bmc_management", "management], to"),
        (5, "scenario.yaml", "established_sessions", "app_id: clear_text_mgmt", "drop"),
        (6, "scenario.yaml", "unmet_key_control", "key_controls", "identity_user_group"),
        (7, "scenario.yaml", "no_time_flow", "T1557, name", "rules:"),
        (7, "scenario.yaml", "no_log_flow", "T1557, name", "rules:"),
        (7, "scenario.yaml", "no_directory_flow", "T1557, name", "rules:"),
        (8, "scenario.yaml", "port_only_in_prose", "app_id: clear_text_mgmt", "udp/623"),
        (9, "site.yaml", "multicast_unanswered", "icmp_probe", "slp"),
        (10, "scenario.yaml", "loud_drop", "app_id: clear_text_mgmt", "high"),
    ] {
        let (line, column) = place(if file == "site.yaml" { SITE } else { SCENARIO }, after, words);
        let is_it = |one: &&Value| {
            one["file"] == file && one["code"] == code && one["line"] == line && one["column"] == column
        };
        let one = told.iter().find(is_it);
        let one = one
            .unwrap_or_else(|| panic!("mistake {mistake}: no {code} at {file}:{line}:{column}: {told:#?}"));
        for field in ["what", "why", "hint"] {
            assert!(one[field].as_str().is_some_and(|text| text.len() > 8), "mistake {mistake}: {one}");
        }
        let shown = bench.policy("check", &[]).out;
        assert!(shown.contains(&format!("{file}:{line}:{column}: ")), "mistake {mistake}: {shown}");
    }
}

#[test]
fn warnings_fail_only_if_asked_to_and_errors_always() {
    let bench = Bench::new();
    bench.edit("scenario.yaml", "    retrieved: 2026-06-04", "    retrieved: 2019-06-04");
    let ran = bench.policy("check", &[]).exits(0);
    assert!(ran.out.ends_with("scenario.yaml, site.yaml: 0 errors, 1 warning, 0 notes\n"), "{}", ran.out);
    bench.policy("check", &["--strict"]).exits(2);
    bench.edit(
        "scenario.yaml",
        "to: management}\n    direction: inbound",
        "to: managment}\n    direction: inbound",
    );
    let text = std::fs::read_to_string(bench.path("scenario.yaml")).unwrap();
    let (line, column) = place(&text, "to: ", "managment");
    let ran = bench.policy("check", &[]).exits(2);
    let told = format!(
        "scenario.yaml:{line}:{column}: error [unknown_zone] the site has no zone `managment`\n  Without its place in the network \
         nothing can be decided about it.\n  did you mean `management`?\n"
    );
    assert!(ran.out.contains(&told), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "no colours where there is no terminal");
    assert_eq!(bench.policy("check", &["--json"]).exits(2).json()["errors"], 1);
}

#[test]
fn a_scenario_is_checked_without_a_site_too() {
    let bench = Bench::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let data = elsewhere.path().to_str().unwrap();
    let check = ["policy", "check", "--policy", "scenario.yaml", "--data", data];
    let ran = bench.run(&check, b"").exits(0);
    assert!(ran.out.starts_with("scenario.yaml: nothing is wrong\nwithout a site file"), "{}", ran.out);
    bench.edit("scenario.yaml", "risk: 4", "risk: 9");
    let answer = bench.run(&[&check[..], &["--json"]].concat(), b"").exits(2).json();
    assert_eq!(
        (&answer["site"], &answer["diagnostics"][0]["code"]),
        (&Value::Null, &json!("risk_out_of_range"))
    );
}

#[test]
fn schemas_are_those_that_are_kept() {
    let bench = Bench::new();
    for (of, kept) in [
        ("scenario", include_str!("../../../../docs/schema/scenario.json")),
        ("site", include_str!("../../../../docs/schema/site.json")),
    ] {
        let ran = run(bench.dir.path(), &["policy", "schema", of], b"").exits(0);
        assert_eq!(ran.json(), serde_json::from_str::<Value>(kept).unwrap(), "{of}");
    }
}

#[test]
fn what_renders_is_the_whole_table_and_what_has_an_error_does_not() {
    let bench = Bench::new();
    let text = bench.policy("render", &[]).exits(0).out;
    assert!(text.starts_with("table inet portcullis\ndelete table inet portcullis\n"), "{text}");
    for app_id in ["infra_mgmt_web", "bmc_management", "clear_text_mgmt", "directory"] {
        assert!(text.contains(app_id), "{app_id}");
    }
    let answer = bench.policy("render", &["--json"]).exits(0).json();
    assert_eq!((&answer["table"], answer["nft"].as_str()), (&json!("inet portcullis"), Some(text.as_str())));
    bench.edit("scenario.yaml", "risk: 4", "risk: 9");
    let ran = bench.policy("render", &[]).exits(2);
    assert!(ran.out.is_empty() && ran.err.contains("error [risk_out_of_range]"), "{}", ran.err);
}
