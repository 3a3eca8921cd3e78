//! What is found is what matches, wherever it lies.

use crate::ground::{BEGIN, Chance, Ground, PATIENCE, at};
use jiff::SignedDuration;
use model::firewall_log::{Bars, Entry, Loss, Query, Verdict, Why};
use std::collections::BTreeSet;

/// A log of three hours: one merged, one in pieces, one half in memory; and all of it as a list.
fn filled(chance: &mut Chance) -> (Ground, Vec<Entry>) {
    let (ground, mut all) = (Ground::plain(), Vec::new());
    for second in (0..10_000).step_by(50) {
        ground.set(second);
        let batch: Vec<Entry> = (0..chance.below(40)).map(|_| chance.entry(second)).collect();
        all.extend(batch.iter().cloned());
        ground.log.keep(batch);
        if second % 400 == 0 && second < 9000 {
            ground.log.flush();
        }
        if second == 4000 {
            ground.log.tidy_once();
        }
    }
    (ground, all)
}

#[test]
fn every_question_finds_what_a_plain_list_finds() {
    let mut chance = Chance(7);
    let (ground, all) = filled(&mut chance);
    assert_eq!(
        ground.files().iter().filter(|path| !path.starts_with(ground.directory.path().join("open"))).count(),
        1
    );
    let mut found_any = 0;
    for number in 0..150 {
        let query = chance.query();
        let lines = ground.all(&query);
        let wanted: Vec<&Entry> = all.iter().rev().filter(|entry| query.matches(entry)).collect();
        let found: Vec<&Entry> = lines.iter().map(|line| &line.entry).collect();
        assert_eq!(found.len(), wanted.len(), "{number}: {query:?}");
        assert_eq!(found, wanted, "{number}: {query:?}");
        let places: BTreeSet<_> = lines.iter().map(|line| line.position).collect();
        assert_eq!(places.len(), lines.len(), "each has a place of its own");
        assert!(lines.iter().all(|line| line.received.as_second() >= BEGIN));
        found_any += usize::from(!found.is_empty());
    }
    assert!(found_any > 70, "only {found_any} questions found anything");
}

#[test]
fn a_place_stays_the_same_when_its_hour_is_merged() {
    let mut chance = Chance(99);
    let (ground, all) = filled(&mut chance);
    let query = Query { limit: 10_000, ..Query::default() };
    let before = ground.all(&query);
    ground.log.flush();
    assert_eq!(ground.all(&query), before, "written");
    ground.set(20_000);
    ground.log.tidy_once();
    assert_eq!(ground.files().len(), 3, "{:?}", ground.files());
    assert_eq!(ground.all(&query), before, "merged");
    let ground = ground.restart();
    assert_eq!(ground.all(&query), before, "read again");
    assert_eq!(before.len(), all.len());
    // What stands behind a place is what has come since.
    let after = Query { after: Some(before[10].position), ..query };
    assert_eq!(ground.all(&after), before[..10]);
}

#[test]
fn counts_are_those_of_a_plain_list() {
    let mut chance = Chance(3);
    let (ground, all) = filled(&mut chance);
    let bars = Bars { begin: at(600), step: SignedDuration::from_secs(600), number: 14 };
    for _ in 0..50 {
        let query = chance.query();
        let counts = ground.log.count(&query, bars, PATIENCE);
        assert_eq!((counts.bars.len(), counts.cut_at), (14, None));
        for (number, bar) in (0_i64..).zip(&counts.bars) {
            let (begin, end) = (at(600 + number * 600), at(1200 + number * 600));
            for (verdict, count) in Verdict::ALL.iter().zip(bar) {
                let is_it = |entry: &&Entry| {
                    entry.at >= begin && entry.at < end && entry.verdict == *verdict && query.matches(entry)
                };
                assert_eq!(all.iter().filter(is_it).count() as u64, *count, "{query:?} {number} {verdict:?}");
            }
        }
    }
}

#[test]
fn without_time_a_search_says_how_far_it_came_and_goes_on_from_there() {
    let mut chance = Chance(5);
    let (ground, all) = filled(&mut chance);
    ground.log.flush();
    let mut query = Query { limit: 10_000, ..Query::default() };
    let (mut number, mut cuts) = (0, 0);
    loop {
        // No time at all: nothing on disk is looked at. Then as much as there is.
        let none = ground.log.find(&query, std::time::Duration::ZERO);
        if none.is_cut {
            cuts += 1;
            assert!(none.lines.is_empty());
            query.before = none.next;
        }
        let found = ground.log.find(&Query { limit: 500, ..query.clone() }, PATIENCE);
        number += found.lines.len();
        query.before = found.next;
        if found.next.is_none() {
            break;
        }
    }
    assert_eq!(number, all.len());
    assert!(cuts > 2);
}

#[test]
fn what_is_missing_is_told_with_what_is_found() {
    let ground = Ground::plain();
    let loss = |second, why, count| Loss { from: at(second), to: at(second), why, count };
    let missing = |ground: &Ground, since, until| {
        let query = Query { since: Some(at(since)), until: Some(at(until)), limit: 10, ..Query::default() };
        let found = ground.log.find(&query, PATIENCE);
        assert!(found.lines.iter().all(|line| line.entry.verdict == Verdict::Unknown));
        found.missing.iter().map(|loss| (loss.why, loss.count)).collect::<Vec<_>>()
    };
    ground.log.keep(vec![Entry { at: at(0), ..Entry::default() }]);
    ground.log.lose(loss(10, Why::Kernel, Some(7)));
    ground.set(20);
    assert_eq!(missing(&ground, 0, 20), [(Why::Kernel, Some(7))]);
    ground.log.flush();
    ground.log.lose(loss(19, Why::Kernel, Some(1)));
    ground.log.lose(loss(3000, Why::Disk, Some(2)));
    ground.set(4000);
    ground.log.flush();
    ground.log.keep(vec![Entry { at: at(4000), ..Entry::default() }]);
    ground.set(9000);
    ground.log.flush();
    let ground = {
        ground.log.tidy_once();
        ground.restart()
    };
    assert_eq!(ground.files().len(), 2);
    assert_eq!(missing(&ground, 0, 100), [(Why::Kernel, Some(8))]);
    assert_eq!(missing(&ground, 100, 2000), []);
    assert_eq!(missing(&ground, 2000, 3500), [(Why::Disk, Some(2))]);
    assert_eq!(missing(&ground, -50, 5), [(Why::Before, None)]);
}
