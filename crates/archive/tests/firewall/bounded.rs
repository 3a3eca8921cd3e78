//! The log is as large and as old as it may be, and large row groups are taken over as they are.

use crate::ground::{Chance, Ground, PATIENCE, at};
use archive::Config;
use archive::firewall::Told;
use model::firewall_log::{Entry, Query, Why};
use std::fs;

/// Entries that do not compress well.
fn noise(number: u64, seed: u64) -> Vec<Entry> {
    let mut chance = Chance(seed);
    let line =
        |chance: &mut Chance| (0..60).map(|_| char::from(33 + chance.below(90) as u8)).collect::<String>();
    (0..number)
        .map(|_| Entry { at: at(0), message: Some(line(&mut chance).into()), ..Entry::default() })
        .collect()
}

#[test]
fn the_oldest_goes_first_when_the_log_is_too_large() {
    let ground = Ground::new(Config { firewall_megabytes: 1, spare_megabytes: 0, ..Config::default() });
    for hour in 0..6 {
        ground.set(hour * 3600);
        ground.log.keep(noise(5000, hour as u64 + 1));
        ground.log.flush();
        ground.log.tidy_once();
    }
    let size: u64 = ground.files().iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(size <= 1024 * 1024, "{size}");
    let told = ground.told();
    assert!(told.iter().all(|told| matches!(told, Told::Removed(_))) && !told.is_empty(), "{told:?}");
    let ground = ground.restart();
    let query = Query { limit: 1, ..Query::default() };
    let found = ground.log.find(&query, PATIENCE);
    assert_eq!(found.lines[0].position.row, 4999, "the newest is there");
    let removed = found.missing.iter().find(|loss| loss.why == Why::Removed).unwrap();
    assert!(removed.to > at(3600) && removed.to < at(5 * 3600), "{removed:?}");
    let recent = Query { since: Some(at(5 * 3600)), ..query };
    let missing = ground.log.find(&recent, PATIENCE).missing;
    assert!(missing.iter().all(|loss| loss.why == Why::Crash), "only the restart: {missing:?}");
}

#[test]
fn the_oldest_goes_when_it_is_too_old() {
    let ground = Ground::new(Config { firewall_days: 2, spare_megabytes: 0, ..Config::default() });
    for day in 0..5 {
        ground.set(day * 86_400);
        ground.log.keep(noise(3, 1));
        ground.log.flush();
        ground.log.tidy_once();
    }
    assert_eq!(ground.files().len(), 3, "{:?}", ground.files());
    assert_eq!(ground.told().len(), 2);
}

#[test]
fn an_open_hour_that_is_too_large_loses_its_first_pieces_and_places_stay() {
    let ground = Ground::new(Config { firewall_megabytes: 1, spare_megabytes: 0, ..Config::default() });
    for second in 0..6 {
        ground.set(second);
        ground.log.keep(noise(5000, second as u64 + 1));
        ground.log.flush();
    }
    let query = Query { limit: 3, ..Query::default() };
    let before = ground.log.find(&query, PATIENCE);
    ground.log.tidy_once();
    let after = ground.log.find(&query, PATIENCE);
    assert_eq!(before.lines, after.lines);
    assert_eq!(after.lines[0].position.row, 29_999);
    ground.set(3700);
    ground.log.tidy_once();
    let ground = ground.restart();
    assert_eq!(ground.log.find(&query, PATIENCE).lines, before.lines);
}

#[test]
fn large_row_groups_are_taken_over_and_small_ones_put_together() {
    let ground = Ground::plain();
    let mut chance = Chance(11);
    let mut all: Vec<Entry> = Vec::new();
    for (second, number) in [(0, 10), (1, 40_000), (2, 10), (3, 20), (4, 33_000)] {
        ground.set(second);
        let batch: Vec<Entry> = (0..number).map(|_| chance.entry(second)).collect();
        all.extend(batch.iter().cloned());
        ground.log.keep(batch);
        ground.log.flush();
    }
    ground.set(7200);
    ground.log.tidy_once();
    assert_eq!(ground.files().len(), 1);
    let query = Query { limit: 10_000, ..Query::default() };
    let found: Vec<Entry> = ground.all(&query).into_iter().map(|line| line.entry).collect();
    assert!(found.iter().eq(all.iter().rev()));
    let bytes = bytes::Bytes::from(fs::read(&ground.files()[0]).unwrap());
    use parquet::file::reader::FileReader as _;
    let reader = parquet::file::serialized_reader::SerializedFileReader::new(bytes).unwrap();
    let rows: Vec<i64> = reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(rows, [10, 40_000, 30, 33_000]);
}
