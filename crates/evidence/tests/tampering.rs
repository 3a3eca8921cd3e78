//! Whoever can write the log can change it, but not unseen: every edit up to the last anchor is found.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

mod common;

use common::{Sample, lines_of, unlines};
use evidence::{Chain, Problem, Report};
use proptest::prelude::*;

/// Whether the edit was found, and nothing past the first damaged record is called proved.
fn found(report: &Report) -> bool {
    !report.is_sound()
}

#[test]
fn an_untouched_log_is_proved_up_to_its_last_anchor() {
    let sample = Sample::new(40, 10);
    let report = sample.verify(&sample.log);
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.last, report.lines, report.torn.as_ref()), (sample.last, sample.last, None));
    assert_eq!(report.anchored, sample.anchored);
    assert_eq!(report.unanchored, sample.last - sample.anchored);
    assert!(report.signed >= report.anchored);
    assert!(report.to_string().contains("proved by the anchor"), "{report}");
}

#[test]
fn every_byte_of_every_anchored_record_counts() {
    let sample = Sample::new(12, 4);
    let length: usize = sample.anchored_lines().iter().map(|line| line.len() + 1).sum();
    for position in 0..length {
        for change in [0x01, 0x20, 0x80] {
            let mut log = sample.log.clone();
            log[position] ^= change;
            let report = sample.verify(&log);
            assert!(found(&report), "byte {position} changed by {change:#x} was not found\n{report}");
        }
    }
}

/// Every field of a record that the format has, and of the body that this sample has, changed in a valid way.
fn field_edits(line: &str) -> Vec<(&'static str, String)> {
    let (hash, json) = line.split_at(64);
    let (other_hash, rest) = (hash.replace(&hash[..1], if hash.starts_with('0') { "1" } else { "0" }), json);
    let record: serde_json::Value = serde_json::from_str(json).unwrap();
    let edit = |field: &str, value: serde_json::Value| {
        let mut record = record.clone();
        *record.pointer_mut(field).unwrap() = value;
        format!("{hash} {record}")
    };
    let seq = record["seq"].as_u64().unwrap();
    let mut edits = vec![
        ("hash", format!("{other_hash}{rest}")),
        ("seq up", edit("/seq", (seq + 1).into())),
        ("seq down", edit("/seq", (seq - 1).into())),
        ("seq far", edit("/seq", u64::MAX.into())),
        ("at", edit("/at", "2001-01-01T00:00:00Z".into())),
        ("kind", edit("/kind", "other".into())),
        ("body", edit("/body", serde_json::json!({}))),
        ("order of fields only", edit("/kind", record["kind"].clone())),
    ];
    if record["kind"] == "act" {
        edits.push(("actor", edit("/body/actor", "mallory".into())));
        edits.push(("action", edit("/body/action", "none".into())));
        edits.push(("object", edit("/body/object", "nothing".into())));
        edits.push(("outcome", edit("/body/outcome", "failed".into())));
    }
    edits
}

#[test]
fn each_field_of_each_record_changed_is_found_at_its_line() {
    let sample = Sample::new(20, 5);
    let lines = lines_of(&sample.log);
    for (index, line) in sample.anchored_lines().iter().enumerate() {
        for (field, changed) in field_edits(line) {
            if field == "order of fields only" && changed == *line {
                continue;
            }
            let mut edited = lines.clone();
            edited[index] = changed;
            let report = sample.verify(&unlines(&edited));
            assert!(found(&report), "{field} of line {} was not found", index + 1);
            let first = &report.defects[0];
            assert_eq!(first.line, index as u64 + 1, "{field}: {report}");
            assert!(matches!(first.problem, Problem::Changed | Problem::WrongLog), "{field}: {report}");
            assert!(report.defects.len() <= 2, "one edit, many defects: {field}\n{report}");
            assert!(report.anchored <= index as u64, "{field}: {report}");
        }
    }
}

#[test]
fn each_way_to_move_records_is_found_and_named() {
    let sample = Sample::new(30, 10);
    let lines = lines_of(&sample.log);
    type Edit = fn(&mut Vec<String>);
    let table: &[(&str, Edit, Problem)] = &[
        ("one removed", |l| drop(l.remove(7)), Problem::Missing),
        ("many removed", |l| drop(l.drain(4..15)), Problem::Missing),
        ("the first removed", |l| drop(l.remove(0)), Problem::Missing),
        ("two neighbours swapped", |l| l.swap(7, 8), Problem::Misplaced),
        ("two far apart swapped", |l| l.swap(3, 16), Problem::Misplaced),
        ("one repeated at once", |l| l.insert(8, l[7].clone()), Problem::Misplaced),
        ("one repeated later", |l| l.insert(15, l[3].clone()), Problem::Misplaced),
        ("an old one put in another's place", |l| l[9] = l[4].clone(), Problem::Misplaced),
        ("garbage put in", |l| l.insert(9, "garbage".into()), Problem::Unreadable),
        ("much garbage put in", |l| drop(l.splice(9..9, vec!["x".into(); 5])), Problem::Unreadable),
        ("an empty line put in", |l| l.insert(9, String::new()), Problem::Unreadable),
        ("a line too long", |l| l[9] = "x".repeat(200_000), Problem::Unreadable),
        ("the end cut", |l| l.truncate(11), Problem::Cut),
        ("all cut", Vec::clear, Problem::Cut),
        ("reversed", |l| l.reverse(), Problem::Misplaced),
    ];
    for (name, edit, expected) in table {
        let mut edited = lines.clone();
        edit(&mut edited);
        let report = sample.verify(&unlines(&edited));
        assert!(report.defects.iter().any(|defect| defect.problem == *expected), "{name}:\n{report}");
        assert!(report.defects.len() <= 12 || *name == "reversed", "{name}: too many words\n{report}");
    }
}

#[test]
fn a_record_forged_and_inserted_with_a_right_hash_is_found() {
    let sample = Sample::new(20, 5);
    let lines = lines_of(&sample.log);
    let mut chain = Chain::resume(sample.heads[6]);
    let forged = chain.next("act", &serde_json::json!({"actor": "mallory"}), sample.heads[6].at).unwrap();
    let mut edited = lines.clone();
    edited.insert(7, String::from_utf8(forged.bytes).unwrap().trim_end().into());
    let report = sample.verify(&unlines(&edited));
    assert!(found(&report) && report.anchored <= 7, "{report}");
    assert!(report.defects.len() <= 2, "{report}");
}

/// An attacker who knows the format: the edit, and every hash after it made anew.
fn rechained(lines: &[String], from: usize, edit: impl Fn(&mut serde_json::Value)) -> Vec<String> {
    let mut prev = None;
    let mut out = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let (hash, mut json) = line.split_at(64);
        json = &json[1..];
        let hash: evidence::Hash = hash.parse().unwrap();
        let mut text = json.to_owned();
        if index == from {
            let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
            edit(&mut value);
            text = value.to_string();
        }
        let hash = if index < from { hash } else { evidence::Hash::then(&prev.unwrap(), text.as_bytes()) };
        out.push(format!("{hash} {text}"));
        prev = Some(hash);
    }
    out
}

#[test]
fn a_log_chained_anew_after_an_edit_differs_from_its_anchor() {
    let sample = Sample::without_inner_checkpoints(20, 5);
    let lines = lines_of(&sample.log);
    for from in 1..sample.anchored as usize {
        let edited = rechained(&lines, from, |record| record["body"]["actor"] = "mallory".into());
        let report = sample.verify(&unlines(&edited));
        let problems: Vec<_> = report.defects.iter().map(|defect| defect.problem).collect();
        assert_eq!(problems, [Problem::Rewritten], "{report}");
        assert!(report.anchored <= from as u64, "{report}");
        // Without an anchor nothing could be said; that is what anchors are for.
        assert!(sample.verify_without_anchor(&unlines(&edited)).is_sound());
    }
    // Behind the last anchor it cannot be seen, and is reported as unanchored.
    let edited =
        rechained(&lines, sample.anchored as usize, |record| record["body"]["actor"] = "mallory".into());
    let report = sample.verify(&unlines(&edited));
    assert!(report.is_sound() && report.unanchored > 0, "{report}");
}

#[test]
fn a_checkpoint_inside_the_log_cannot_be_chained_anew_without_the_key() {
    let sample = Sample::new(20, 5);
    let edited = rechained(&lines_of(&sample.log), 2, |record| record["body"]["actor"] = "mallory".into());
    let report = sample.verify_without_anchor(&unlines(&edited));
    assert!(report.defects.iter().all(|defect| defect.problem == Problem::BadSignature), "{report}");
    assert!(found(&report) && report.signed == 0, "{report}");
}

#[test]
fn logs_keys_and_anchors_that_do_not_belong_together_are_told_apart() {
    let (sample, other) = (Sample::new(20, 5), Sample::new(20, 5));
    let problems = |report: &Report| report.defects.iter().map(|defect| defect.problem).collect::<Vec<_>>();
    let swapped = sample.verify(&other.log);
    assert!(problems(&swapped).contains(&Problem::WrongLog), "{swapped}");
    let mut foreign = Sample::new(20, 5);
    foreign.anchors = other.anchors.clone();
    let report = foreign.verify(&foreign.log);
    assert!(problems(&report).iter().all(|problem| *problem == Problem::BadSignature), "{report}");
    assert_eq!(report.anchored, 0);
    let mut forged = Sample::new(20, 5);
    forged.anchors = forged.anchors.replace("\"seq\":6", "\"seq\":7");
    assert!(problems(&forged.verify(&forged.log)).contains(&Problem::BadSignature));
    let mut sliced = Sample::new(20, 5);
    sliced.anchors.push_str("{\"log\":\"unfinished");
    assert!(sliced.verify(&sliced.log).is_sound(), "an append that a crash cut short is no damage");
}

#[test]
fn an_unfinished_last_line_is_a_crash_and_no_damage() {
    let sample = Sample::new(20, 5);
    let whole = sample.log.len();
    let last = lines_of(&sample.log).last().unwrap().len() + 1;
    for cut in 1..last {
        let report = sample.verify(&sample.log[..whole - cut]);
        assert!(report.is_sound(), "{report}");
        let torn = report.torn.expect("the tail is seen");
        assert_eq!((torn.offset, torn.bytes), ((whole - last) as u64, (last - cut) as u64));
        assert_eq!(report.last, sample.last - 1);
    }
    let mut zeros = sample.log.clone();
    zeros.extend(std::iter::repeat_n(0, 300_000));
    let report = sample.verify(&zeros);
    assert!(report.is_sound());
    assert_eq!(report.torn.map(|torn| torn.bytes), Some(300_000));
}

#[test]
fn a_log_in_several_files_is_one_chain() {
    let sample = Sample::new(20, 5);
    let lines = lines_of(&sample.log);
    let (first, second) = (unlines(&lines[..9]), unlines(&lines[9..]));
    assert!(sample.verify_files(&[&first, &second]).is_sound());
    assert!(found(&sample.verify_files(&[&second, &first])));
    assert!(found(&sample.verify_files(&[&first])));
    let report = sample.verify_files(&[&first[..first.len() - 1], &second]);
    assert_eq!(report.defects[0].problem, Problem::Unreadable, "{report}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_mixture_of_edits_up_to_the_anchor_is_found(
        edits in prop::collection::vec((0..5u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let sample = common::shared();
        let mut lines: Vec<Vec<u8>> = sample.anchored_lines().into_iter().map(String::into_bytes).collect();
        let original = lines.clone();
        for (what, one, two, byte) in edits {
            if lines.is_empty() { break; }
            let (one, two) = (one.index(lines.len()), two.index(lines.len()));
            match what {
                0 => { let at = two % lines[one].len().max(1); if let Some(b) = lines[one].get_mut(at) { *b ^= byte; } }
                1 => drop(lines.remove(one)),
                2 => lines.swap(one, two),
                3 => { let line = lines[one].clone(); lines.insert(two, line); }
                _ => lines.truncate(one),
            }
        }
        prop_assume!(lines != original);
        let mut log: Vec<u8> = lines.into_iter().flat_map(|line| [line, vec![b'\n']].concat()).collect();
        log.extend(sample.unanchored_bytes());
        let report = sample.verify(&log);
        prop_assert!(found(&report), "{}", report);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let sample = common::shared();
        let report = sample.verify(&bytes);
        prop_assert!(found(&report));
        let _ = evidence::Checkpoint::parse(&bytes);
        let _ = evidence::record::parse(&bytes);
    }
}
