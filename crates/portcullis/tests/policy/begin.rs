//! `init` proposes both files, and the verbs find them beside the configuration.

use crate::{Bench, Ran, run};
use policy::shipped;
use std::path::Path;

fn init(data: &Path) -> Ran {
    run(Path::new("/"), &["init", "--data", data.to_str().unwrap(), "--json"], b"")
}

#[test]
fn a_new_data_directory_has_a_policy_to_begin_with() {
    let bench = Bench::new();
    let data = bench.path("data");
    let answer = init(&data).exits(0).json();
    let files = [data.join("policy/scenario.yaml"), data.join("policy/site.yaml")];
    assert_eq!(answer["policy"], serde_json::json!(files));
    for (file, text) in files.iter().zip([shipped::SCENARIO, shipped::SITE]) {
        assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    }
    let data = data.to_str().unwrap();
    let here = |arguments: &[&str]| run(Path::new("/"), &[arguments, &["--data", data]].concat(), b"");
    assert!(here(&["check"]).exits(0).out.ends_with("site.yaml: nothing is wrong\n"));
    assert!(here(&["policy", "check"]).exits(0).out.ends_with("nothing is wrong\n"));
    assert!(here(&["policy", "test"]).exits(0).out.ends_with("7 passed, 0 failed\n"));
    let answer = here(&[
        "policy",
        "explain",
        "--from",
        "10.1.5.10",
        "--to",
        "10.20.0.1",
        "--service",
        "443",
        "--json",
    ]);
    assert_eq!(answer.exits(0).json()["rule"], 0);
    std::fs::write(&files[0], shipped::SCENARIO.replacen("risk: 4", "risk: 9", 1)).unwrap();
    let ran = here(&["check"]).exits(2);
    assert!(ran.out.contains("error [risk_out_of_range]"), "{}", ran.out);
    let answer = here(&["check", "--json"]).exits(2).json();
    assert_eq!(
        (&answer["problems"], &answer["policy"]["errors"]),
        (&serde_json::json!([]), &serde_json::json!(1))
    );
    std::fs::remove_dir_all(Path::new(data).join("policy")).unwrap();
    assert!(here(&["check", "--json"]).exits(0).json()["policy"].is_null());
    assert!(here(&["policy", "check"]).exits(2).err.contains("`portcullis init` writes an example"));
}

#[test]
fn a_policy_that_is_there_is_left_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let data = bench.path("data");
    std::fs::create_dir_all(data.join("policy")).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(data.join("policy/scenario.yaml"), "mine").unwrap();
    init(&data).exits(0);
    assert_eq!(std::fs::read_to_string(data.join("policy/scenario.yaml")).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(data.join("policy/site.yaml")).unwrap(), shipped::SITE);
}
