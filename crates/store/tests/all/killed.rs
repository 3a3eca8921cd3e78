//! Killed while writing: every acknowledged row is there.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use store::Store;

const DATABASE: &str = "PORTCULLIS_TEST_KILLED_DATABASE";

/// What the process that is killed does: writes, and says so after each.
async fn write_until_killed(path: &str) {
    let store = Store::open(path).unwrap();
    for number in 0.. {
        store.put_setting(&format!("{number}"), &number).await.unwrap();
        println!("row {number}");
    }
}

#[tokio::test]
async fn every_acknowledged_row_survives_a_kill() {
    if let Ok(path) = std::env::var(DATABASE) {
        return write_until_killed(&path).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.db");
    let mut last = 0;
    for kill in 1..=10 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::every_acknowledged_row_survives_a_kill", "--nocapture"])
            .env(DATABASE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut rows = lines.filter_map(|line| line.split("row ").nth(1)?.parse::<u64>().ok());
        let enough = rows.by_ref().find(|row| *row >= 37 * kill).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        last = rows.last().unwrap_or(enough).max(last);

        let store = Store::open(path.to_str().unwrap()).unwrap();
        let there = store.settings().await.unwrap();
        let is_there = |row: u64| there.iter().any(|(key, value)| *key == row.to_string() && *value == row);
        assert!((0..=last).all(is_there), "kill {kill}: of rows 0 to {last}, {} are there", there.len());
    }
    println!("10 kills; the last acknowledged row was {last}");
}
