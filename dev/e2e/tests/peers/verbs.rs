//! The verbs of the program, as a person or a script uses them: what they answer, and how they fail.

use crate::support::Verbs;
use e2e::appliance::{Appliance, section};
use e2e::operator::{Operator, PASSWORD};
use e2e::program;
use e2e::site::Site;
use lab::LabConfig;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn texts(output: &Output) -> (String, String) {
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn run(arguments: &[&str]) -> Output {
    let mut command = program::command().unwrap();
    for variable in ["PORTCULLIS_DATA", "PORTCULLIS_URL", "PORTCULLIS_TOKEN_FILE", "PORTCULLIS_CONFIG"] {
        command.env_remove(variable);
    }
    command.args(arguments).output().unwrap()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn what_the_program_says_of_itself() {
    let (help, _) = texts(&run(&["--help"]));
    for code in
        ["0  it worked", "2  the command line", "3  refused", "4  there is no such thing", "6  the audit log"]
    {
        assert!(help.contains(code), "{help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success() && texts(&output).0.contains("portcullis"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(run(&["man", &text(folder.path())]).status.success());
    let pages: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for page in
        ["portcullis.1", "portcullis-device.1", "portcullis-device-adopt.1", "portcullis-bmc-inspect.1"]
    {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
    let actions: Value = serde_json::from_slice(&run(&["--json", "access", "actions"]).stdout).unwrap();
    assert!(actions.as_array().unwrap().iter().any(|action| action["action"] == "device.power"));
    assert_eq!(run(&["no-such-verb"]).status.code(), Some(2));
    assert_eq!(
        run(&["device", "list", "--url", "https://127.0.0.1:1"]).status.code(),
        Some(5),
        "nobody listens"
    );
}

#[test]
fn a_configuration_is_made_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    let made: Value = serde_json::from_slice(&run(&["--json", "init", "--data", &data]).stdout).unwrap();
    assert!(made["first_login"].as_str().unwrap().starts_with("https://"), "{made}");
    assert_eq!(run(&["init", "--data", &data]).status.code(), Some(2), "nothing is overwritten");
    assert!(run(&["check", "--data", &data]).status.success());
    let file = Path::new(&data).join("portcullis.toml");
    let good = fs::read_to_string(&file).unwrap();
    for (wrong, word) in [
        ("[bmc]\npol_interval = 60\n", "pol_interval"),
        ("[bmc]\npoll_interval = \"often\"\n", "portcullis.toml:2:17: "),
        ("[bmc\n", "portcullis.toml"),
    ] {
        fs::write(&file, wrong).unwrap();
        let output = run(&["check", "--data", &data]);
        let (_, said) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {said}");
        assert!(said.contains(word) && said.contains("portcullis.toml:"), "{wrong}: {said}");
        assert_eq!(run(&["serve", "--data", &data]).status.code(), Some(2), "{wrong}: not served either");
    }
    fs::write(&file, good).unwrap();
    let again = run(&["--json", "init", "--reset-login", "--data", &data]);
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_ne!(again["first_login"], made["first_login"]);
}

#[test]
fn users_tokens_and_what_they_may() {
    let mut site = Site::adopted(2).unwrap();
    let verbs = Verbs::of(&site.appliance, &mut site.admin);
    let bmc = site.bmc(0).unwrap();
    let device = verbs.json(&["device", "find", &bmc.addr.ip().to_string()])["devices"][0].clone();
    let id = device["id"].as_str().unwrap();

    let link = verbs.json(&["user", "create", "vera", "--full-name", "Vera Viewer"]);
    let link = site.appliance.at(link["path"].as_str().unwrap());
    let mut vera = Operator::enrol_with(&site.appliance, "vera", &link).unwrap();
    let session = vera.sign_in(&site.appliance).unwrap();
    let grant = verbs.json(&["user", "grant", "vera", "viewer", "all"])["grant"].clone();
    let token = session.token("viewer", "all").unwrap();
    let hers = Verbs::with_token(&site.appliance, token.expose());
    assert!(hers.json(&["access", "whoami"])["principal"].as_str().unwrap().starts_with("vera"));
    assert_eq!(hers.json(&["device", "list"])["total"], 2);
    for forbidden in [&["device", "power", "force_off", id][..], &["user", "list"], &["audit", "list"]] {
        hers.fails(3, forbidden);
    }
    let no = verbs.json(&["access", "explain", "vera", "device.power", id]);
    assert_eq!(no["allowed"], false, "{no}");
    verbs.json(&["user", "grant", "vera", "operator", "label:rack=9"]);
    assert_eq!(verbs.json(&["access", "explain", "vera", "device.power", id])["allowed"], false);
    verbs.json(&["device", "edit", id, "--label", "rack=9"]);
    let yes = verbs.json(&["access", "explain", "vera", "device.power", id]);
    assert_eq!(yes["allowed"], true, "{yes}");
    hers.fails(3, &["device", "power", "force_off", id]);

    let made = verbs.json(&["token", "create", "scripts", "--role", "operator", "--days", "1"]);
    let scripts = Verbs::with_token(&site.appliance, made["token"].as_str().unwrap());
    assert_eq!(scripts.json(&["device", "power", "force_off", id])["power"], "off");
    scripts.fails(3, &["user", "disable", "vera"]);
    let tokens = verbs.json(&["token", "list"]);
    let one = tokens.as_array().unwrap().iter().find(|token| token["label"] == "scripts").unwrap();
    verbs.json(&["token", "revoke", one["id"].as_str().unwrap()]);
    scripts.fails(3, &["device", "list"]);

    verbs.json(&["user", "revoke", "vera", &grant.to_string()]);
    verbs.json(&["user", "disable", "vera"]);
    hers.fails(3, &["access", "whoami"]);
    verbs.fails(4, &["user", "disable", "nobody"]);
    verbs.fails(4, &["device", "show", "nothing"]);
    verbs.fails(2, &["device", "discover", "10.0.0.0/99"]);
    assert!(verbs.json(&["user", "list"]).as_array().unwrap().len() >= 2);
    let table = verbs.run(&["device", "list"]);
    assert!(texts(&table).0.contains(bmc.serial.as_str()), "{}", texts(&table).0);
    assert!(!site.appliance.log().contains(PASSWORD));
}

#[test]
fn the_audit_log_is_listed_exported_and_verified() {
    let with_anchor = |config: &mut toml::Table| {
        section(config, "audit").insert("anchor".into(), "checkpoints".into());
    };
    let mut site =
        Site::with(LabConfig { count: 1, time_scale: 0.02, ..LabConfig::default() }, with_anchor).unwrap();
    let verbs = Verbs::of(&site.appliance, &mut site.admin);
    assert!(!verbs.json(&["audit", "list", "--limit", "5"]).as_array().unwrap().is_empty());
    let key = verbs.json(&["audit", "key"])["key"].as_str().unwrap().to_owned();
    let export = verbs.run(&["audit", "export"]);
    assert!(export.status.success(), "{export:?}");
    let records: Vec<Value> =
        texts(&export).0.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(records.len() > 5);
    assert!(site.appliance.stop().unwrap().success());

    let verbs = Verbs::with_token(&site.appliance, "none");
    let anchor = text(&site.appliance.data().join("checkpoints"));
    let verify = ["audit", "verify", "--key", &key, "--anchor", &anchor];
    assert!(verbs.json(&verify).is_object());
    assert!(verbs.json(&["audit", "verify"]).is_object(), "the chain alone");
    let mut segments: Vec<_> = fs::read_dir(site.appliance.data().join("audit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    segments.retain(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("device.adopt")));
    let segment = segments.first().expect("a segment tells of the adoption");
    let whole = fs::read_to_string(segment).unwrap();
    let mut cut: Vec<&str> = whole.lines().take(3).collect();
    cut.push("");
    for damaged in [whole.replacen("device.adopt", "device.adept", 1), cut.join("\n")] {
        fs::write(segment, damaged).unwrap();
        let output = verbs.run(&[&["--json"], &verify[..]].concat());
        assert_eq!(output.status.code(), Some(6), "{output:?}");
        assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap().is_object());
    }
    fs::write(segment, whole).unwrap();
    verbs.json(&verify);
}

/// Another data directory, made by `init`, whose database is the backup's.
fn restored(backup: &str, data: &Path) -> Output {
    let data = text(data);
    assert!(run(&["init", "--data", &data]).status.success());
    let kept = run(&["restore", "--data", &data, backup]);
    assert_eq!(
        kept.status.code(),
        Some(1),
        "a database that is there is not overwritten: {}",
        texts(&kept).1
    );
    run(&["--json", "restore", "--replace", "--data", &data, backup])
}

#[test]
fn a_backup_is_restored_with_the_vault_key_and_of_little_use_without() {
    let mut site = Site::adopted(2).unwrap();
    let token = site.session.token("administrator", "all").unwrap();
    let verbs = Verbs::with_token(&site.appliance, token.expose());
    verbs.json(&["user", "create", "vera"]);
    let backup = text(&site.appliance.scratch().join("backup"));
    assert!(verbs.json(&["backup", &backup])["bytes"].as_u64().unwrap() > 10_000);
    assert_eq!(verbs.run(&["backup", &backup]).status.code(), Some(1), "a backup is not overwritten");
    let key = fs::read(site.appliance.data().join("vault.key")).unwrap();
    let held = fs::read(&backup).unwrap();
    assert!(!held.windows(key.len()).any(|part| part == key), "a backup never holds the vault's key");

    let config = fs::read_to_string(site.appliance.data().join("portcullis.toml")).unwrap();
    assert!(site.appliance.stop().unwrap().success());
    let aside = site.appliance.scratch().join("first");
    fs::rename(site.appliance.data(), &aside).unwrap();
    // With another key: nothing is opened by it, and that is said.
    let made = restored(&backup, &site.appliance.data());
    assert!(made.status.success(), "{}", texts(&made).1);
    fs::write(site.appliance.data().join("portcullis.toml"), &config).unwrap();
    site.appliance.start().unwrap();
    let refused = site.admin.sign_in(&site.appliance).err().unwrap().to_string();
    assert!(refused.contains("it was sealed with key"), "the second factor is sealed too: {refused}");
    let verbs = Verbs::with_token(&site.appliance, token.expose());
    let id = verbs.json(&["device", "list"])["devices"][0]["id"].as_str().unwrap().to_owned();
    let output = verbs.run(&["device", "power", "force_off", &id]);
    let (_, said) = texts(&output);
    assert!(!output.status.success() && said.contains("it was sealed with key"), "{said}");
    assert!(site.appliance.stop().unwrap().success());
    // With the right one: users, devices and their credentials are back.
    fs::remove_dir_all(site.appliance.data()).unwrap();
    assert!(restored(&backup, &site.appliance.data()).status.success());
    fs::copy(aside.join("vault.key"), site.appliance.data().join("vault.key")).unwrap();
    fs::write(site.appliance.data().join("portcullis.toml"), &config).unwrap();
    site.appliance.start().unwrap();
    let verbs = Verbs::of(&site.appliance, &mut site.admin);
    let users = verbs.json(&["user", "list"]);
    assert!(users.as_array().unwrap().iter().any(|user| user["name"] == "vera"), "{users}");
    let devices = verbs.json(&["device", "list"]);
    assert_eq!(devices["total"], json!(2));
    let id = devices["devices"][0]["id"].as_str().unwrap();
    assert_eq!(verbs.json(&["device", "power", "force_off", id])["power"], "off");
}

/// For a person at a terminal too, an error is one line that says what was wrong, where and what to do.
#[test]
fn errors_for_people_are_short() {
    let appliance = Appliance::fresh().unwrap();
    let verbs = Verbs::with_token(&appliance, "pc_nobody_knows");
    let output = verbs.run(&["device", "list"]);
    let (_, said) = texts(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.lines().count() <= 2 && said.starts_with("portcullis: "), "{said}");
    let none = Command::new(program::path().unwrap())
        .args(["bmc", "inspect", "http://127.0.0.1:1"])
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(2), "plain HTTP must be asked for");
}
