//! DuckDB, which is not ours, reads the log's files as they are: merged hours and pieces, every column, and what is missing.

use crate::ground::{Chance, Ground, at};
use model::firewall_log::{Entry, Loss, Why};
use std::process::Command;

const QUESTION: &str = r#"
import duckdb, sys
rows = duckdb.sql(f"""
  select count(*) filter (verdict <> 'lost'), sum(epoch_us("at")::hugeint) filter (verdict <> 'lost'),
    count(source), count(rule), count(app), count("from"), count("to"), sum(protocol), sum(source_port), sum(port),
    count(arrived), count(leaves), sum(bytes), sum(length(message)) filter (verdict <> 'lost'),
    count(*) filter (verdict = 'lost'), sum(lost), max(epoch_us(until)),
    count(*) filter (verdict = 'would-drop' and "from" = '10.20.3.4')
  from '{sys.argv[1]}/**/*.parquet'""").fetchall()
print(" ".join(str(cell) for cell in rows[0]))
print(duckdb.sql(f"select distinct typeof(\"at\"), typeof(received) from '{sys.argv[1]}/**/*.parquet'").fetchall())
"#;

/// The interpreter that has DuckDB, if there is one.
fn python(test: &str) -> Option<String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let peers = std::env::var("PORTCULLIS_PEERS").unwrap_or(format!("{home}/.cache/portcullis/peers/bin"));
    let python = format!("{peers}/python3");
    let tried = Command::new(&python).args(["-c", "import duckdb"]).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("SKIPPED {test}: DuckDB is not installed; run dev/scripts/setup.sh test");
    None
}

#[test]
fn duckdb_reads_what_was_kept() {
    let Some(python) = python("duckdb_reads_what_was_kept") else { return };
    let ground = Ground::plain();
    let mut chance = Chance(21);
    let mut all: Vec<Entry> = Vec::new();
    for second in (0..9000).step_by(300) {
        ground.set(second);
        let batch: Vec<Entry> = (0..200).map(|_| chance.entry(second)).collect();
        all.extend(batch.iter().cloned());
        ground.log.keep(batch);
        ground.log.flush();
    }
    ground.log.lose(Loss { from: at(10), to: at(20), why: Why::Kernel, count: Some(77) });
    ground.log.lose(Loss { from: at(10), to: at(9000), why: Why::Crash, count: None });
    ground.log.flush();
    ground.log.tidy_once();
    let output = Command::new(python).args(["-c", QUESTION]).arg(ground.directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let count = |has: fn(&Entry) -> bool| all.iter().filter(|entry| has(entry)).count() as i128;
    let sum = |of: fn(&Entry) -> i128| all.iter().map(of).sum::<i128>();
    let wanted = [
        all.len() as i128,
        sum(|entry| entry.at.as_microsecond().into()),
        count(|entry| entry.source.is_some()),
        count(|entry| entry.rule.is_some()),
        count(|entry| entry.app.is_some()),
        count(|entry| entry.from.is_some()),
        count(|entry| entry.to.is_some()),
        sum(|entry| entry.protocol.unwrap_or_default().into()),
        sum(|entry| entry.source_port.unwrap_or_default().into()),
        sum(|entry| entry.port.unwrap_or_default().into()),
        count(|entry| entry.arrived.is_some()),
        count(|entry| entry.leaves.is_some()),
        sum(|entry| entry.bytes.unwrap_or_default().into()),
        sum(|entry| entry.message.as_ref().map_or(0, |message| message.chars().count() as i128)),
        2,
        77,
        at(9000).as_microsecond().into(),
        count(|entry| {
            entry.verdict.name() == "would-drop"
                && entry.from.is_some_and(|from| from.to_string() == "10.20.3.4")
        }),
    ];
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap(), wanted.map(|number| number.to_string()).join(" "));
    assert_eq!(lines.next().unwrap(), "[('TIMESTAMP WITH TIME ZONE', 'TIMESTAMP WITH TIME ZONE')]");
}
