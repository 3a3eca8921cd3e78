//! Explain, reach and diff are made from the evaluator, and so must agree with it on every packet.

use crate::sample::{self, Dice};
use policy::diff::{Change, diff};
use policy::evaluate::{Asked, Cause, Evaluator};
use policy::explain::explain;
use policy::names::Subject;
use policy::packet::{Packet, Payload};
use policy::reach::{Row, picture, reach};
use policy::region::AddressRange;
use policy::service::Service;
use std::net::IpAddr;

fn holds(ranges: &[AddressRange], address: IpAddr) -> bool {
    ranges.iter().any(|range| range.holds(address))
}

fn is_of(services: &[Service], payload: Payload) -> bool {
    services.iter().any(|service| payload.is_of(*service))
}

/// A packet that is judged by what the document says alone.
fn packet(dice: &mut Dice) -> Packet {
    loop {
        let packet = Packet { interface: None, ..sample::packet(dice) };
        let is_v4 = packet.from.is_ipv4();
        let is_foreign = matches!(packet.payload, Payload::Icmp(_)) && !is_v4
            || matches!(packet.payload, Payload::Icmp6(_)) && is_v4;
        if is_v4 == packet.to.is_ipv4() && !is_foreign {
            return packet;
        }
    }
}

fn reaches(evaluator: &Evaluator, packet: &Packet) -> bool {
    let judgement = evaluator.judge(packet, &Asked::default());
    judgement.passes() && judgement.cause == Cause::Rule
}

#[test]
fn a_difference_is_exactly_what_is_judged_differently() {
    let (mut gains, mut losses) = (0, 0);
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let old_plan = sample::plan(&mut dice);
        let mut new_plan = if dice.is(3) { sample::plan(&mut dice) } else { old_plan.clone() };
        if let Some(rule) = new_plan.rules.first_mut() {
            rule.services =
                vec![Service::Tcp(sample::ports(&mut dice)), Service::Udp(sample::ports(&mut dice))];
        }
        let (old, new) = (Evaluator::new(&old_plan), Evaluator::new(&new_plan));
        let changes = diff(&old, &new);
        for _ in 0..400 {
            let packet = packet(&mut dice);
            let (before, after) = (reaches(&old, &packet), reaches(&new, &packet));
            let own =
                |plan: &policy::plan::Plan| plan.own.contains(&packet.from) && plan.own.contains(&packet.to);
            let stays = own(&old_plan) || own(&new_plan);
            let said = |gained: bool| {
                let is_it = |change: &&Change| {
                    change.gained == gained
                        && holds(&change.from.addresses, packet.from)
                        && holds(&change.to.addresses, packet.to)
                        && is_of(&change.services, packet.payload)
                };
                changes.iter().filter(is_it).count()
            };
            let wanted = (usize::from(!stays && !before && after), usize::from(!stays && before && !after));
            assert_eq!((said(true), said(false)), wanted, "seed {seed}: {packet:?}\n{changes:#?}");
            gains += wanted.0;
            losses += wanted.1;
        }
        assert!(diff(&old, &old).is_empty());
    }
    assert!(gains > 500 && losses > 500, "{gains} gains and {losses} losses are too few to prove it");
}

#[test]
fn a_difference_the_other_way_round_is_the_same_with_gains_for_losses() {
    for seed in 0..100 {
        let mut dice = Dice::new(seed);
        let plans = [sample::plan(&mut dice), sample::plan(&mut dice)];
        let [old, new] = plans.map(|plan| Evaluator::new(&plan));
        let turned = |changes: Vec<Change>| {
            let mut turned: Vec<String> = changes
                .iter()
                .map(|c| format!("{} {:?} {:?} {:?}", !c.gained, c.from, c.to, c.services))
                .collect();
            turned.sort();
            turned
        };
        let mut there = diff(&old, &new);
        for change in &mut there {
            change.gained = !change.gained;
        }
        assert_eq!(turned(there), turned(diff(&new, &old)));
    }
}

#[test]
fn reach_is_exactly_what_is_allowed() {
    let mut hits = 0;
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let plan = sample::plan(&mut dice);
        let evaluator = Evaluator::new(&plan);
        for _ in 0..20 {
            let packet = packet(&mut dice);
            let who = match dice.throw(3) {
                0 => Subject::Zone(match evaluator.places().of(packet.from) {
                    Some(policy::evaluate::Place::Zone(zone)) => zone,
                    _ => plan.home,
                }),
                1 if plan.own.contains(&packet.from) => Subject::Appliance,
                _ => Subject::Addresses(vec![packet.from]),
            };
            let rows = reach(&evaluator, &who);
            let is_it = |row: &&Row| {
                holds(&row.from, packet.from)
                    && holds(&row.to, packet.to)
                    && is_of(&row.services, packet.payload)
            };
            let found: Vec<&Row> = rows.iter().filter(is_it).collect();
            let judgement = evaluator.judge(&packet, &Asked::default());
            if reaches(&evaluator, &packet) {
                hits += 1;
                let [row] = found.as_slice() else { panic!("seed {seed}: {packet:?} {found:#?}") };
                assert_eq!(
                    (Some(row.rule), row.path, row.enforced),
                    (judgement.rule, judgement.path, judgement.enforced)
                );
            } else {
                assert!(found.is_empty(), "seed {seed}: {packet:?} {judgement:?} {found:#?}");
            }
        }
    }
    assert!(hits > 100, "only {hits} of the packets pass");
}

#[test]
fn an_explanation_never_contradicts_the_judgement() {
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let plan = sample::plan(&mut dice);
        let evaluator = Evaluator::new(&plan);
        assert_eq!(picture(&evaluator).nodes.len(), plan.zones.len() + 1);
        for _ in 0..50 {
            let packet = sample::packet(&mut dice);
            let asked = sample::asked(&mut dice, &plan);
            let judgement = evaluator.judge(&packet, &asked);
            let said = explain(&evaluator, &packet, &asked, "en");
            assert_eq!((said.verdict, said.rule), (judgement.verdict, judgement.rule));
            assert!(!said.why.is_empty());
            assert_eq!(said.shadow.first().map(|shadow| shadow.rule), judgement.shadow);
            assert!(
                said.nearest.as_ref().is_none_or(|near| !judgement.passes() && !near.missing.is_empty()),
                "{said:?}"
            );
        }
    }
}
