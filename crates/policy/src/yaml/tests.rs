//! What is read, and what is refused, at which place.

use super::*;
use crate::diagnostic::steps;

fn refused(text: impl AsRef<[u8]>) -> (Code, usize, usize, String) {
    let refusal = parse(text.as_ref()).unwrap_err();
    assert!(!refusal.what.is_empty() && !refusal.hint.is_empty());
    (refusal.code, refusal.place.line, refusal.place.column, refusal.what)
}

#[test]
fn a_mapping_is_read_with_its_places() {
    let text = "# a\nrules:\n  - app: dns\n    zones: {from: [a, b], to: c}\n  - app: \"x\"\nwhy: |\n  First line.\n  See rule 3 here.\n";
    let root = parse(text.as_bytes()).unwrap();
    assert_eq!(
        root.value(),
        serde_json::json!({
            "rules": [{"app": "dns", "zones": {"from": ["a", "b"], "to": "c"}}, {"app": "x"}],
            "why": "First line.\nSee rule 3 here.\n",
        })
    );
    let places = Places::new("f", text.as_bytes(), Some(root));
    let at = |path: &[Step]| {
        let place = places.of(path);
        (place.line, place.column)
    };
    assert_eq!(at(&steps!["rules"]), (2, 1));
    assert_eq!(at(&steps!["rules", 0]), (3, 5));
    assert_eq!(at(&steps!["rules", 0, "app"]), (3, 10));
    assert_eq!(at(&steps!["rules", 0, "zones"]), (4, 5));
    assert_eq!(at(&steps!["rules", 0, "zones", "from", 1]), (4, 23));
    assert_eq!(at(&steps!["rules", 1, "zones", "to"]), (5, 5), "what is absent is told at its parent");
    let words = places.of_words(&steps!["why"], "rule 3");
    assert_eq!((words.line, words.column), (8, 7));
    assert_eq!(places.of_key(&steps!["why"]).column, 1);
    assert_eq!(places.of_words(&steps!["why"], "absent"), places.of(&steps!["why"]));
}

#[test]
fn words_are_found_in_one_line_too() {
    let text = "why: \"ä rule 3\"\n";
    let places = Places::new("f", text.as_bytes(), parse(text.as_bytes()).ok());
    assert_eq!(places.of_words(&steps!["why"], "rule 3"), Place { line: 1, column: 9 });
    let text = "why: >-\n  See the\n  rule\n  3 of it.\n";
    let places = Places::new("f", text.as_bytes(), parse(text.as_bytes()).ok());
    assert_eq!(places.of_words(&steps!["why"], "rule 3"), Place { line: 3, column: 3 });
    assert_eq!(places.of_words(&steps!["why"], "the rule"), Place { line: 2, column: 7 });
}

#[test]
fn a_key_that_is_there_twice_is_told_with_both_places() {
    let (code, line, column, what) = refused("a: 1\nb: 2\n\"a\": 3\n");
    assert_eq!((code, line, column), (Code::DuplicateKey, 3, 1));
    assert!(what.contains("line 1, column 1"), "{what}");
    assert!(parse(b"a: {x: 1}\nb: {x: 2}\n").is_ok());
}

#[test]
fn what_is_not_yaml_is_told_at_its_place() {
    assert_eq!(refused("a: 1\nb: [1, 2\nc: 3\n").0, Code::Syntax);
    assert_eq!(refused("a: 1\n b: 2\n").1, 2);
    for text in ["", "# only a remark\n", "- a\n", "text\n", "~\n"] {
        assert_eq!(refused(text).0, Code::Syntax, "{text:?}");
    }
}

#[test]
fn bytes_that_readers_disagree_about_are_refused() {
    let (code, line, column, _) = refused(b"a: 1\nb: \xff\n");
    assert_eq!((code, line, column), (Code::Encoding, 2, 4));
    let (code, line, column, _) = refused("a: 1\nb: x\0\nc: 2\n");
    assert_eq!((code, line, column), (Code::Encoding, 2, 5));
    assert!(parse("\u{feff}a: 1\r\nb: 2\r\n".as_bytes()).is_ok());
}

#[test]
fn what_these_files_do_without_is_refused_by_name() {
    for (text, line, column, word) in [
        ("a: !!str 1\n", 1, 4, "tag"),
        ("a: !secret x\n", 1, 4, "tag"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("x: &x {a: 1}\ny:\n  <<: *x\n", 3, 3, "<<"),
        ("? [a, b]\n: 1\n", 1, 3, "key"),
        ("x: &x a\n*x : 1\n", 2, 1, "key"),
        ("x: &x [*x]\n", 1, 8, "inside"),
        ("x: .inf\n", 1, 4, "exactly"),
        ("x: 99999999999999999999\n", 1, 4, "exactly"),
    ] {
        let (code, at_line, at_column, what) = refused(text);
        assert_eq!((code, at_line, at_column), (Code::Unsupported, line, column), "{text:?}: {what}");
        assert!(what.contains(word), "{text:?}: {what}");
    }
    assert!(parse(b"x: ! a\n").is_err());
}

#[test]
fn an_alias_stands_for_its_anchor() {
    let root = parse(b"x: &x {a: [1]}\ny: *x\n'<<': text\n443: no\n").unwrap();
    assert_eq!(
        root.value(),
        serde_json::json!({"x": {"a": [1]}, "y": {"a": [1]}, "<<": "text", "443": "no"})
    );
}

#[test]
fn no_few_bytes_become_many() {
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (next, last) in ('b'..='i').zip('a'..) {
        let many = vec![format!("*{last}"); 10].join(", ");
        laughs.push_str(&format!("{next}: &{next} [{many}]\n"));
    }
    assert_eq!(refused(laughs).0, Code::Limit);
    let long = "x".repeat(100_000);
    let many = vec!["*a"; 1000].join(", ");
    assert_eq!(refused(format!("a: &a {long}\nb: [{many}]\n")).0, Code::Limit);
    assert_eq!(refused(format!("a: {}1{}\n", "[".repeat(40), "]".repeat(40))).0, Code::Limit);
    let (code, line, ..) = refused(format!("a: {}\nb: {}", "[".repeat(10_000), "- ".repeat(10_000)));
    assert_eq!((code, line), (Code::Limit, 1));
    let halves = format!("a: &a {0}1{1}\nb: {0}*a{1}\n", "[".repeat(20), "]".repeat(20));
    assert_eq!(refused(halves).0, Code::Limit);
    assert_eq!(refused("a: 1\n".repeat(1 << 20)).0, Code::Limit);
    let items = format!("a:\n{}", "- 1\n".repeat(500_000));
    assert_eq!(refused(items).0, Code::Limit);
}

#[test]
fn the_worst_texts_are_read_or_refused_in_time() {
    let most = MAX_BYTES / 32;
    for unit in [
        "- ", "? ", "[", "{a: ", "&a ", "a: ", "'", "\"\\", "a\n", "- a\n", "# x\n", "%x\n", "\n\n ", "!a ",
        "*a ", "|\n", "a: b: ", ": ", ",",
    ] {
        for start in ["", "x: ", "x: [", "x: \""] {
            let mut text = start.to_owned();
            text.push_str(&unit.repeat((most - 4) / unit.len()));
            let begun = std::time::Instant::now();
            let _ = parse(text.as_bytes());
            assert!(begun.elapsed().as_secs() < 20, "{start:?} and many {unit:?}: {:?}", begun.elapsed());
        }
    }
}
