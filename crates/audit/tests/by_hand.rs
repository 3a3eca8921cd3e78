//! The manual says how to check a log with `sha256sum` and `openssl`; its commands are run here as they stand.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, like the tests themselves")]

mod common;

use audit::{Config, Outcome};
use common::{Place, act};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

/// The shell commands in the manual's chapter, in their order.
fn commands() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual/audit.md");
    let manual = std::fs::read_to_string(path).unwrap();
    manual.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn run(script: &str, dir: &Path, anchor: &Path) -> Output {
    Command::new("sh").args(["-euc", script]).current_dir(dir).env("ANCHOR", anchor).output().unwrap()
}

fn there_is(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success()
}

async fn written(place: &Place) {
    let log = place.open(Config { segment_bytes: 5_000, checkpoint_records: 8, ..Config::default() });
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(audit::export::anchor(log.clone(), place.root().join("anchor")));
    for number in 0..15 {
        let detail = json!({"text": "quote \" backslash \\ percent %s two  spaces Grüße\nnext line"});
        let begin = audit::Begin { detail, ..act("ada", &format!("r{number}"), false) };
        let record = log.begin(begin).await.unwrap();
        log.complete(record, Outcome::Ok, Value::Null).await.unwrap();
    }
    log.stop().await;
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manuals_commands_check_the_chain() {
    let (place, script) = (Place::new(), &commands()[0]);
    written(&place).await;
    let anchor = place.root().join("anchor");
    let sound = run(script, &place.dir, &anchor);
    assert!(sound.status.success() && sound.stdout.is_empty(), "{sound:?}");
    let file = place.dir.join("audit-000001.log");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\"ada\"", "\"eve\"", 1)).unwrap();
    let damaged = run(script, &place.dir, &anchor);
    assert!(!damaged.status.success(), "{damaged:?}");
    assert!(String::from_utf8_lossy(&damaged.stdout).contains("\"eve\""), "{damaged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manuals_commands_check_an_anchor() {
    if !there_is("openssl") || !there_is("perl") {
        return println!("SKIPPED the_manuals_commands_check_an_anchor: install openssl and perl");
    }
    let (place, script) = (Place::new(), &commands()[1]);
    written(&place).await;
    let anchor = place.root().join("anchor");
    let good = run(script, place.root(), &anchor);
    assert!(good.status.success(), "{good:?}");
    let text = std::fs::read_to_string(&anchor).unwrap();
    std::fs::write(&anchor, text.replace("\"seq\":", "\"seq\":1")).unwrap();
    let bad = run(script, place.root(), &anchor);
    assert!(!bad.status.success(), "{bad:?}");
}
