//! Killed at any moment, the log has every record that was acknowledged, and its chain verifies.
//!
//! PORTCULLIS_PROVE_KILLS says how often (20 without it), PORTCULLIS_PROVE_SEED which moments.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

mod common;

use audit::{Config, Outcome, Query, Status};
use common::{Place, act};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CHILD: &str = "PORTCULLIS_AUDIT_CHILD";
const WRITERS: u64 = 8;

fn config() -> Config {
    Config { segment_bytes: 100_000, reserve_bytes: 128 * 1024, checkpoint_records: 40, ..Config::default() }
}

/// Begins and completes acts from several tasks, and says so on standard output; `rounds` in each task.
async fn write(place: &Place, rounds: u64) {
    let log = place.open(config());
    let mut exporter = tokio::task::JoinSet::new();
    exporter.spawn(audit::export::anchor(log.clone(), place.root().join("anchor")));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let log = log.clone();
        writers.spawn(async move {
            for round in 0..rounds {
                let record =
                    log.begin(act("ada", &format!("r{writer}-{round}"), round % 3 == 0)).await.unwrap();
                println!("begun {record}");
                let end = log.complete(record, Outcome::Ok, Value::Null).await.unwrap();
                println!("done {record} {end}");
            }
        });
    }
    writers.join_all().await;
    log.stop().await;
    exporter.join_all().await;
}

/// The process that is killed; started as a test by itself it writes a little and is not.
#[tokio::test(flavor = "multi_thread")]
async fn many_writers_share_the_log() {
    match std::env::var_os(CHILD) {
        Some(root) => write(&Place::at(Path::new(&root)), u64::MAX).await,
        None => {
            let place = Place::new();
            write(&place, 20).await;
            let report = place.verify(Some(&place.root().join("anchor")));
            assert!(report.is_sound() && report.anchored == report.last - 1, "{report}");
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// A step of xorshift64.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

/// What the killed process had said.
#[derive(Default)]
struct Said {
    begun: BTreeSet<u64>,
    done: BTreeSet<u64>,
    highest: u64,
}

fn run_and_kill(root: &Path, after: Duration, said: &mut Said) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "many_writers_share_the_log", "--nocapture"])
        .env(CHILD, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    // The moments are counted from its first word, so that it is never killed before it begins.
    while !line.starts_with("begun") && output.read_line(&mut line).unwrap() > 0 {
        if !line.starts_with("begun") {
            line.clear();
        }
    }
    let reader = std::thread::spawn(move || {
        let mut lines = vec![line.trim_end().to_owned()];
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 {
            if line.ends_with('\n') {
                lines.push(line.trim_end().to_owned());
            }
            line.clear();
        }
        lines
    });
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    for line in reader.join().unwrap() {
        let words: Vec<&str> = line.split(' ').collect();
        let records: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        said.highest = said.highest.max(records.iter().copied().max().unwrap_or(0));
        match words[0] {
            "begun" => drop(said.begun.insert(records[0])),
            "done" => drop(said.done.insert(records[0])),
            _ => {}
        }
    }
}

/// Logs are begun anew after this many kills, since each start reads the whole log.
const KILLS_OF_A_LOG: u64 = 20;

#[test]
fn no_acknowledged_record_is_lost_when_killed() {
    let (kills, seed) = (number("PORTCULLIS_PROVE_KILLS", 20), number("PORTCULLIS_PROVE_SEED", 0x5eed));
    let (mut random, mut left) = (seed.max(1), kills);
    let (mut begun, mut done) = (0, 0);
    while left > 0 {
        let now = left.min(KILLS_OF_A_LOG);
        let said = kill_one_log(now, &mut random, seed);
        begun += said.begun.len();
        done += said.done.len();
        left -= now;
    }
    println!("{kills} kills, {begun} acts begun, {done} completed, nothing lost (seed {seed})");
    assert!(done as u64 >= kills, "too little was written to prove anything");
}

fn kill_one_log(kills: u64, random: &mut u64, seed: u64) -> Said {
    let (place, mut said) = (Place::new(), Said::default());
    for kill in 1..=kills {
        let after = Duration::from_micros(next(random) % 60_000);
        run_and_kill(place.root(), after, &mut said);
        let anchor = place.root().join("anchor");
        let report = place.verify(anchor.exists().then_some(anchor.as_path()));
        assert!(report.is_sound(), "kill {kill} after {after:?}, seed {seed}:\n{report}");
        assert!(report.last >= said.highest, "kill {kill}: {} said, {} on disk", said.highest, report.last);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let statuses = runtime.block_on(statuses(&place));
    for record in &said.begun {
        let status = statuses.get(record).copied();
        let done = said.done.contains(record);
        assert!(status.is_some(), "record {record} was acknowledged and is lost");
        assert!(!done || status == Some(Status::Ok), "record {record} was completed and is {status:?}");
        assert!(status != Some(Status::Pending), "record {record} is pending for ever");
    }
    said
}

/// How it stands with every act, after a last start.
async fn statuses(place: &Place) -> std::collections::BTreeMap<u64, Status> {
    let log = place.open(config());
    let mut found = std::collections::BTreeMap::new();
    let mut below = None;
    loop {
        let page = log.list(Query { below, limit: 1000, ..Query::default() }).await.unwrap();
        let Some(last) = page.last() else { break };
        below = Some(last.record);
        found.extend(page.iter().map(|entry| (entry.record, entry.status)));
    }
    log.stop().await;
    found
}
