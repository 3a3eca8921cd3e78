//! What is rendered is read by nft, whatever the plan.

use crate::changes::{close, isolate, open, promote, revert};
use crate::sample::{self, Dice};
use crate::shipped::plan;
use policy::evaluate::Pinhole;
use policy::plan::Plan;
use policy::render::{Openings, bootstrap, candidate, confirmed};
use std::io::Write;
use std::process::{Command, Stdio};

/// Whether nft is there and may look at a namespace of its own.
pub fn has_nft(test: &str) -> bool {
    let tried = Command::new("unshare").args(["-n", "nft", "list", "ruleset"]).output();
    let has = tried.is_ok_and(|output| output.status.success());
    if !has {
        println!("SKIPPED {test}: this needs root and the program nft");
    }
    has
}

/// What nft says of a text; nothing where it takes it.
fn check(text: &str) -> String {
    let mut nft = Command::new("unshare")
        .args(["-n", "nft", "-c", "-f", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    nft.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = nft.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

fn openings() -> Openings {
    let hole = |to: &str, protocol, port| Pinhole { to: to.parse().unwrap(), protocol, port };
    Openings {
        pinholes: [
            (hole("10.20.3.4", 6, 443), 600),
            (hole("10.20.3.4", 1, 0x800), 5),
            (hole("fd20::7", 17, 623), 1),
            (hole("fd20::8", 17, 623), 0),
        ]
        .into(),
        quarantined: ["10.20.3.9", "fd20::9"].map(|address| address.parse().unwrap()).into(),
    }
}

#[test]
fn nft_takes_everything_that_is_rendered() {
    if !has_nft("nft_takes_everything_that_is_rendered") {
        return;
    }
    let shipped = plan();
    let texts = [
        bootstrap(),
        confirmed(&shipped, &Openings::default()),
        confirmed(&shipped, &openings()),
        candidate(None, &shipped, 60, &openings()),
        candidate(Some(&shipped), &shipped, 1, &Openings::default()),
    ];
    for text in texts {
        assert_eq!(check(&text), "", "{text}");
    }
    for seed in 0..25 {
        let mut dice = Dice::new(seed);
        let plans = [sample::plan(&mut dice), sample::plan(&mut dice)];
        let text = candidate(Some(&plans[0]), &plans[1], 60, &openings());
        assert_eq!(check(&text), "", "seed {seed}\n{text}");
    }
}

#[test]
fn nft_takes_every_change_of_a_set() {
    if !has_nft("nft_takes_every_change_of_a_set") {
        return;
    }
    let mut text = candidate(None, &plan(), 60, &openings());
    for (hole, seconds) in &openings().pinholes {
        text += &open(hole, *seconds);
        text += &close(hole);
        text += &close(hole);
    }
    for address in openings().quarantined {
        text += &isolate(address);
    }
    text += &[promote(), revert(), promote()].concat();
    assert_eq!(check(&text), "");
}

/// The kernel fills sets of ranges in the order in which they come, after the rules are in force.
#[test]
fn what_says_that_the_sets_are_filled_is_filled_last() {
    let plan = plan();
    let openings = openings();
    for text in [bootstrap(), confirmed(&plan, &openings), candidate(Some(&plan), &plan, 60, &openings)] {
        let (_, last) = text.split_once("set ready {").expect("there is one");
        assert_eq!(last.matches("elements").count(), 1, "{last}");
        let hooks: Vec<&str> = last.split("type filter hook ").skip(1).collect();
        assert_eq!((hooks.len(), text.matches("type filter hook ").count()), (3, 3));
        for hook in hooks {
            let (before, after) = hook.split_once("meta nfproto != @ready drop").expect("it asks");
            assert!(!before.contains("goto") && !before.contains('@') && after.contains("vmap"), "{hook}");
        }
    }
}

/// Names that somebody could put into a document to make nft read something else.
#[test]
fn strange_names_stay_names() {
    let strange = "a\"; add rule inet x y accept; \"\n}{ é*";
    let mut plan = plan();
    plan.scenario = strange.into();
    for rule in &mut plan.rules {
        rule.app_id = strange.repeat(20);
    }
    for zone in &mut plan.zones {
        zone.name = strange.into();
        zone.interfaces = vec![strange.into(), "eth*".into(), String::new(), "x".repeat(16)];
    }
    let text = confirmed(&plan, &Openings::default());
    assert!(!text.contains("accept;") && !text.contains("eth*") && text.is_ascii());
    assert!(
        text.contains("iifname != { \"?\" }"),
        "a zone with strange interfaces must not become one that takes any"
    );
    if has_nft("strange_names_stay_names") {
        assert_eq!(check(&text), "", "{text}");
    }
}

#[test]
fn the_same_plan_is_the_same_text() {
    let plans: [Plan; 2] = [plan(), plan()];
    let [one, two] = plans.map(|plan| confirmed(&plan, &openings()));
    assert_eq!(one, two);
}
