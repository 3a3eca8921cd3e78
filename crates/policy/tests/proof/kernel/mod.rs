//! The evaluator against the kernel: random policies are loaded into a network namespace, real packets are sent through it, and
//! what passes, and which rule counted it, must be what the evaluator says.

mod alive;
mod live;
mod policies;
mod wire;
mod world;

use crate::sample::{Dice, GROUPS};
use policies::{Shot, any_shot, asked, plan, shot, shot_at, shot_through};
use policy::evaluate::asked::ANSWER_SECONDS;
use policy::evaluate::{Asked, Cause, Evaluator, Family, is_group};
use policy::packet::{Packet, Payload};
use policy::plan::Plan;
use policy::render::{Openings, confirmed};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use world::{Seen, Way, World};

/// What was tried, and what came of it.
#[derive(Debug, Default)]
struct Tally {
    policies: usize,
    packets: usize,
    passed: usize,
    unreached: usize,
    rules: usize,
    rules_hit: usize,
    answers: usize,
    /// Answers that were sent too late to tell.
    late: usize,
    requests: usize,
    pinholes: usize,
    followed: usize,
    ended: usize,
    by_way: BTreeMap<String, usize>,
    differences: Vec<String>,
}

/// The source port of the first packet.
const FIRST_PORT: u16 = 20_000;

#[test]
fn kernel_and_evaluator_agree() {
    if !world::is_possible("kernel_and_evaluator_agree") {
        return;
    }
    let number = |name: &str, or: usize| std::env::var(name).map_or(or, |text| text.parse().unwrap());
    let (policies, packets) =
        (number("PORTCULLIS_PROVE_POLICIES", 20), number("PORTCULLIS_PROVE_PACKETS", 5_000));
    let first = number("PORTCULLIS_PROVE_SEED", 1);
    let mut world = World::new("pc-proof");
    world.join(
        &GROUPS
            .map(|group| group)
            .into_iter()
            .filter(|group| *group != "255.255.255.255")
            .collect::<Vec<_>>(),
    );
    let mut tally = Tally::default();
    let mut seed = first;
    while tally.policies < policies || tally.packets < packets {
        let mut dice = Dice::new(seed as u64);
        let plan = plan(&mut dice);
        let each = packets / policies;
        let due = (each * (tally.policies + 1)).saturating_sub(tally.packets).clamp(each / 2, each * 2);
        live::connections(&mut world, &mut dice, &plan, due / 3, seed, &mut tally);
        let due = (each * (tally.policies + 1)).saturating_sub(tally.packets).clamp(each / 2, each * 2);
        new_packets(&mut world, &mut dice, &plan, due, seed, &mut tally);
        tally.policies += 1;
        seed += 1;
    }
    report(&tally);
    assert!(
        tally.differences.is_empty(),
        "{}",
        tally.differences[..tally.differences.len().min(5)].join("\n\n")
    );
    assert!(tally.passed * 10 >= tally.packets * 3, "too few packets pass to prove it");
    assert!(tally.unreached * 20 < tally.packets, "too many packets never came as far as the rules");
    assert_eq!(
        tally.rules_hit, tally.rules,
        "a rule that the evaluator hits was never counted by the kernel"
    );
    assert!(tally.answers + tally.late > 0 && tally.pinholes > 0, "no answer, or no pinhole, was tried");
    assert!(tally.followed > tally.ended && tally.ended > 0, "no connection went on, or none was ended");
}

/// Prints the figures, and leaves them where they are gathered.
fn report(tally: &Tally) {
    let accepted = 100.0 * tally.passed as f64 / tally.packets as f64;
    let mut rows = vec![
        ("random policies".to_owned(), tally.policies.to_string()),
        ("packets".into(), tally.packets.to_string()),
        ("of these accepted".into(), format!("{accepted:.1} %")),
        ("held back by the kernel before any rule".into(), tally.unreached.to_string()),
        (
            "rules hit, of those that a packet exists for".into(),
            format!("{} of {}", tally.rules_hit, tally.rules),
        ),
        ("requests to a group let out".into(), tally.requests.to_string()),
        ("answers to them let in".into(), tally.answers.to_string()),
        ("packets through a pinhole".into(), tally.pinholes.to_string()),
        ("packets of live connections after the policy changed".into(), tally.followed.to_string()),
        ("of these ended by it".into(), tally.ended.to_string()),
    ];
    rows.extend(tally.by_way.iter().map(|(way, count)| (format!("new packets, {way}"), count.to_string())));
    rows.push(("differences".into(), tally.differences.len().to_string()));
    let rows: String = rows.iter().map(|(what, figure)| format!("| {what} | {figure} |\n")).collect();
    let table = format!("| the evaluator against the kernel | figure |\n|---|---|\n{rows}");
    println!("{table}");
    if let Some(folder) = std::env::var_os("PORTCULLIS_FIGURES") {
        std::fs::write(std::path::Path::new(&folder).join("policy-kernel.md"), table).unwrap();
    }
}

/// Holds what the kernel did with a packet against what was to be expected.
fn compare(
    tally: &mut Tally,
    seen: &Seen,
    shot: &Shot,
    number: u16,
    expected: bool,
    what: &dyn Fn() -> String,
) -> bool {
    let key = (shot.family(), number);
    tally.packets += 1;
    if !seen.reached.contains(&key) {
        tally.unreached += 1;
        return false;
    }
    let passed = seen.passed.contains(&key);
    tally.passed += usize::from(passed);
    if passed != expected {
        let said = if expected { "must pass and does not" } else { "must not pass and does" };
        tally.differences.push(format!("{said}: {shot:?}\n{}", what()));
    }
    true
}

fn new_packets(
    world: &mut World,
    dice: &mut Dice,
    plan: &Plan,
    count: usize,
    seed: usize,
    tally: &mut Tally,
) {
    let evaluator = Evaluator::new(plan);
    let mut asked = asked(dice);
    world.place_witnesses();
    world.forget_connections();
    world.load(&confirmed(plan, &openings(&asked)));
    let shots = shots(dice, &evaluator, &asked, count);
    let (own, others): (Vec<Shot>, Vec<Shot>) =
        shots.into_iter().partition(|shot| matches!(shot.way, Way::Host(_)));
    let sent = |shots: &[Shot]| {
        shots.iter().map(|shot| (shot.way.clone(), shot.segment.clone())).collect::<Vec<_>>()
    };
    let mut expected = BTreeMap::<usize, u64>::new();
    let mut judge = |tally: &mut Tally, seen: &Seen, shots: &[Shot], asked: &Asked| {
        for shot in shots {
            let judgement = evaluator.judge(&shot.packet, asked);
            let what = || format!("seed {seed}: {judgement:?}\n{asked:?}\n{plan:#?}");
            let passes = shot.passes(&evaluator, asked);
            if !compare(tally, seen, shot, shot.segment.number, passes, &what) {
                continue;
            }
            let way = format!("{:?}, {:?}", judgement.path, shot.family());
            *tally.by_way.entry(way.to_lowercase()).or_default() += 1;
            tally.answers += usize::from(judgement.cause == Cause::Answer);
            tally.pinholes += usize::from(judgement.cause == Cause::Pinhole);
            if judgement.enforced && !shot.is_misled(&evaluator) {
                for place in deciders(&evaluator, &shot.packet, asked) {
                    *expected.entry(place).or_default() += 1;
                }
            }
        }
    };
    let started = Instant::now();
    let seen = world.send(&sent(&own));
    judge(tally, &seen, &own, &asked);
    for shot in &own {
        tally.requests += usize::from(is_group(shot.packet.to) && shot.passes(&evaluator, &asked));
        let key = (shot.family(), shot.segment.number);
        let judgement = evaluator.judge(&shot.packet, &asked);
        asked
            .answers
            .extend(evaluator.awaits(&shot.packet, &judgement).filter(|_| seen.reached.contains(&key)));
    }
    let mut others = [others, answers(dice, plan, &asked)].concat();
    let seen = world.send(&sent(&others));
    if started.elapsed() > Duration::from_secs(u64::from(ANSWER_SECONDS) - 3) {
        // On a machine this busy nobody knows whether the kernel still awaited them.
        let all = others.len();
        others.retain(|shot| evaluator.judge(&shot.packet, &asked).cause != Cause::Answer);
        tally.late += all - others.len();
    }
    judge(tally, &seen, &others, &asked);
    hold_counters(world, plan, &expected, seed, tally);
}

fn openings(asked: &Asked) -> Openings {
    Openings {
        pinholes: asked.pinholes.iter().map(|hole| (*hole, 600)).collect(),
        quarantined: asked.quarantined.clone(),
    }
}

/// Packets for each rule, for each pinhole, and some for none.
fn shots(dice: &mut Dice, evaluator: &Evaluator, asked: &Asked, count: usize) -> Vec<Shot> {
    let mut shots: Vec<Shot> = Vec::new();
    let rules = evaluator.plan().rules.len();
    let mut turn = 0;
    while shots.len() < count && turn < count * 4 {
        let number = u16::try_from(shots.len() + 1).unwrap();
        let port = FIRST_PORT + number;
        let holes: Vec<_> = asked.pinholes.iter().copied().collect();
        let found = match turn % 5 {
            0 => any_shot(dice, port, number),
            1 if !holes.is_empty() => shot_through(dice, holes[turn / 5 % holes.len()], port, number),
            _ => shot_at(dice, evaluator, turn % rules, port, number),
        };
        shots.extend(found);
        turn += 1;
    }
    shots
}

/// What the asked hosts send back, and what others send that looks like it.
fn answers(dice: &mut Dice, plan: &Plan, asked: &Asked) -> Vec<Shot> {
    let mut shots = Vec::new();
    for (at, answer) in asked.answers.iter().take(12).enumerate() {
        for turn in 0..6_u16 {
            let number = 10_000 + u16::try_from(at).unwrap() * 6 + turn;
            let from = policies::address(dice, Family::of(answer.to));
            let source = if turn == 5 { answer.service ^ 1 } else { answer.service };
            let payload = Payload::Udp { source: source.max(1), to: answer.port };
            let is_peer = !plan.own.contains(&from);
            shots.extend(shot(dice, from, answer.to, payload, 0, number).filter(|_| is_peer));
        }
    }
    shots
}

/// The rules that count a packet: the one that decides, and those on trial before it.
fn deciders(evaluator: &Evaluator, packet: &Packet, asked: &Asked) -> Vec<usize> {
    let judgement = evaluator.judge(packet, asked);
    let decides = match judgement.cause {
        Cause::NotRouted(place) => Some(place),
        Cause::Rule => judgement.rule,
        _ => None,
    };
    evaluator.shadows(packet, &judgement).into_iter().chain(decides).collect()
}

/// Each rule must have counted exactly the packets that the evaluator says it decides about.
fn hold_counters(
    world: &World,
    plan: &Plan,
    expected: &BTreeMap<usize, u64>,
    seed: usize,
    tally: &mut Tally,
) {
    let counters = world.counters();
    for place in 0..plan.rules.len() {
        let begin = format!("confirmed_rule_{place}_");
        let counted: u64 =
            counters.iter().filter(|(chain, _)| chain.starts_with(&begin)).map(|(_, count)| count).sum();
        let wanted = expected.get(&place).copied().unwrap_or_default();
        tally.rules += usize::from(wanted > 0);
        tally.rules_hit += usize::from(wanted > 0 && counted > 0);
        if counted != wanted {
            tally
                .differences
                .push(format!("seed {seed}: rule {place} counted {counted}, not {wanted}\n{plan:#?}"));
        }
    }
}
