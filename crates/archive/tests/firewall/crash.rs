//! What a crash, a spoiled file and a full disk leave behind.

use crate::ground::{Chance, Ground, PATIENCE, at};
use archive::Config;
use archive::firewall::{Log, Told};
use model::SystemClock;
use model::firewall_log::{Entry, Query, Why};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn everything() -> Query {
    Query { limit: 10_000, ..Query::default() }
}

fn entries(number: u64, second: i64) -> Vec<Entry> {
    let mut chance = Chance(number + 1);
    (0..number).map(|_| chance.entry(second)).collect()
}

fn whys(ground: &Ground) -> Vec<Why> {
    ground.log.find(&everything(), PATIENCE).missing.iter().map(|loss| loss.why).collect()
}

#[test]
fn a_kill_loses_what_waited_and_says_so() {
    let ground = Ground::plain();
    ground.log.keep(entries(30, 0));
    ground.log.flush();
    ground.log.keep(entries(5, 8));
    ground.set(60);
    // As `write` says on its way: the log was last seen to be kept at 60 s.
    assert_eq!(ground.all(&everything()).len(), 35);
    fs::write(ground.directory.path().join("open/2027-01-15T08.00000002.parquet.tmp"), b"PAR1 torn").unwrap();
    let ground = ground.restart();
    assert_eq!(ground.all(&everything()).len(), 30);
    assert_eq!(ground.files().len(), 1, "what was half written is gone");
    assert_eq!(whys(&ground), [Why::Crash]);
    // It is written down, and known after the next start too.
    ground.log.flush();
    let ground = ground.restart();
    assert!(whys(&ground).contains(&Why::Crash));
}

#[test]
fn an_orderly_end_loses_nothing() {
    let directory = tempfile::TempDir::new().unwrap();
    let config = Config { spare_megabytes: 0, ..Config::default() };
    let open =
        || Arc::new(Log::open(directory.path(), config.clone(), Arc::new(SystemClock), |_| {}).unwrap());
    let log = open();
    let (writer, tidier) = (Arc::clone(&log), Arc::clone(&log));
    let threads = [std::thread::spawn(move || writer.write()), std::thread::spawn(move || tidier.tidy())];
    log.keep(entries(50, 0));
    let begun = Instant::now();
    log.stop();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "it waits for nothing");
    drop(log);
    let log = open();
    let found = log.find(&everything(), PATIENCE);
    assert_eq!(found.lines.len(), 50);
    assert_eq!(found.missing.iter().map(|loss| loss.why).collect::<Vec<_>>(), [Why::Stopped]);
}

#[test]
fn a_crash_while_an_hour_is_merged_counts_nothing_twice() {
    let ground = Ground::plain();
    for second in [0, 10, 20] {
        ground.set(second);
        ground.log.keep(entries(20, second));
        ground.log.flush();
    }
    let before = ground.all(&everything());
    let pieces: Vec<_> = ground.files().into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    assert_eq!(pieces.len(), 3);
    ground.set(7200);
    ground.log.tidy_once();
    assert_eq!(ground.files().len(), 1);
    // The hour's file has its name, and its pieces are still there.
    for (bytes, path) in &pieces[1..] {
        fs::write(path, bytes).unwrap();
    }
    let ground = ground.restart();
    assert_eq!(ground.files().len(), 1);
    assert_eq!(ground.all(&everything()), before);
    // A clock that was set back: more of an hour that is merged already.
    ground.set(100);
    ground.log.keep(entries(7, 100));
    ground.log.flush();
    ground.set(7200);
    ground.log.tidy_once();
    let after = ground.all(&everything());
    assert_eq!((after.len(), &after[7..]), (67, before.as_slice()));
}

#[test]
fn a_file_that_cannot_be_read_is_put_aside_and_its_hour_is_missing() {
    let ground = Ground::plain();
    ground.log.keep(entries(20, 0));
    ground.log.flush();
    ground.set(3600);
    ground.log.keep(entries(10, 3600));
    ground.log.flush();
    fs::write(&ground.files()[0], b"not Parquet").unwrap();
    // While it runs: the rest is found, and the hour is missing.
    let found = ground.log.find(&everything(), PATIENCE);
    assert_eq!((found.lines.len(), found.missing.len()), (10, 1));
    assert_eq!(
        (found.missing[0].why, found.missing[0].from, found.missing[0].to),
        (Why::Damaged, at(0), at(3600))
    );
    let ground = ground.restart();
    assert_eq!(ground.all(&everything()).len(), 10);
    assert!(whys(&ground).contains(&Why::Damaged));
    assert!(matches!(ground.told().as_slice(), [Told::Damaged(_)]));
    ground.log.flush();
    let ground = ground.restart();
    assert!(whys(&ground).contains(&Why::Damaged), "it was written down");
    assert_eq!(ground.told(), []);
}

#[test]
fn while_the_disk_takes_nothing_entries_are_counted_and_it_is_told_once() {
    let ground = Ground::plain();
    ground.log.keep(entries(20, 0));
    ground.log.flush();
    // Where the pieces go is a file for a while: nothing can be written.
    let open = ground.directory.path().join("open");
    let aside = ground.directory.path().join("aside");
    fs::rename(&open, &aside).unwrap();
    fs::write(&open, b"").unwrap();
    for second in [10, 20, 30] {
        ground.set(second);
        ground.log.keep(entries(10, second));
        ground.log.flush();
    }
    let told = ground.told();
    let [Told::NotKept(why)] = told.as_slice() else { panic!("{told:?}") };
    assert!(why.starts_with("write ") && why.contains("open/2027-01-15T08."), "{why}");
    let missing = ground.log.find(&Query { since: Some(at(5)), ..everything() }, PATIENCE).missing;
    assert_eq!(missing.iter().find(|loss| loss.why == Why::Disk).unwrap().count, Some(30));
    fs::remove_file(&open).unwrap();
    fs::rename(&aside, &open).unwrap();
    ground.log.keep(entries(5, 30));
    ground.log.flush();
    assert_eq!(ground.told(), [Told::KeptAgain]);
    let ground = ground.restart();
    assert_eq!(ground.all(&everything()).len(), 25);
    let disk = ground.log.find(&everything(), PATIENCE).missing;
    assert_eq!(disk.iter().find(|loss| loss.why == Why::Disk).unwrap().count, Some(30));
}

#[test]
fn the_rest_of_the_appliance_keeps_its_room() {
    let ground = Ground::new(Config { spare_megabytes: u64::MAX / 4_000_000, ..Config::default() });
    ground.log.keep(entries(20, 0));
    ground.log.flush();
    let told = ground.told();
    let [Told::NotKept(why)] = told.as_slice() else { panic!("{told:?}") };
    assert!(why.contains("MB left") && why.contains("[archive]"), "{why}");
    assert_eq!(ground.files().len(), 0);
}
