//! Connections that are opened under one policy and go on under the next, in both directions.

use super::policies::{Shot, can_be_followed, shot_at, successor};
use super::wire::{Segment, accepting};
use super::world::{GOES_ON, Way, World, route};
use super::{Tally, compare};
use crate::sample::Dice;
use policy::evaluate::{Asked, Evaluator};
use policy::packet::Payload;
use policy::plan::Plan;
use policy::render::{Openings, candidate, confirmed};
use std::ops::Range;

/// The source port of the first connection.
const PORT: u16 = 50_000;

/// A packet of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// The first.
    First,
    /// The first answer.
    Accept,
    /// A later one, in the direction of the first.
    Later,
    /// A later answer.
    Back,
    /// An ICMP error about it, from the one who was asked.
    Refuse,
}

struct Run<'a> {
    world: &'a mut World,
    tally: &'a mut Tally,
    numbers: Range<u16>,
    seed: usize,
}

pub fn connections(
    world: &mut World,
    dice: &mut Dice,
    plan: &Plan,
    count: usize,
    seed: usize,
    tally: &mut Tally,
) {
    let (old, next) = (Evaluator::new(plan), successor(dice, plan));
    let new = Evaluator::new(&next);
    let open = opened(dice, &old, count);
    let text = if dice.is(2) {
        confirmed(&next, &Openings::default())
    } else {
        candidate(Some(plan), &next, 600, &Openings::default())
    };
    world.place_witnesses();
    world.forget_connections();
    world.load(&confirmed(plan, &Openings::default()));
    let mut run = Run { world, tally, numbers: GOES_ON..u16::MAX, seed };
    let of = |wanted: fn(&Payload) -> bool| -> Vec<&Shot> {
        open.iter().filter(|shot| wanted(&shot.packet.payload)).collect()
    };
    let (all, tcp) = (of(|_| true), of(|payload| matches!(payload, Payload::Tcp(_))));
    let udp = of(|payload| matches!(payload, Payload::Udp { .. }));
    run.step(&old, &all, Part::First);
    run.step(&old, &all, Part::Accept);
    run.step(&old, &tcp, Part::Later);
    run.step(&old, &udp, Part::Refuse);
    run.world.load(&text);
    for (shots, part) in [(&all, Part::Later), (&all, Part::Back), (&udp, Part::Refuse)] {
        let ended = run.step(&new, shots, part);
        run.tally.followed += shots.len();
        run.tally.ended += ended;
    }
}

/// Connections that the first policy allows.
fn opened(dice: &mut Dice, evaluator: &Evaluator, count: usize) -> Vec<Shot> {
    let mut open: Vec<Shot> = Vec::new();
    // Each is sent about six packets.
    for turn in 0..count * 2 {
        if open.len() >= count / 6 {
            break;
        }
        let port = PORT + u16::try_from(open.len()).unwrap();
        let found = shot_at(dice, evaluator, turn % evaluator.plan().rules.len(), port, 0);
        open.extend(found.filter(|shot| can_be_followed(shot, evaluator)));
    }
    open
}

impl Run<'_> {
    /// Sends this part of each connection; says how many were to be held back.
    fn step(&mut self, evaluator: &Evaluator, shots: &[&Shot], part: Part) -> usize {
        let numbered: Vec<(&Shot, Way, Segment)> = shots
            .iter()
            .map(|shot| {
                let (way, segment) = packet(shot, part, self.numbers.next().unwrap());
                (*shot, way, segment)
            })
            .collect();
        let sent: Vec<_> = numbered.iter().map(|(_, way, segment)| (way.clone(), segment.clone())).collect();
        let seen = self.world.send(&sent);
        let mut ended = 0;
        for (shot, way, segment) in &numbered {
            let expected = shot.passes(evaluator, &Asked::default());
            ended += usize::from(!expected);
            let about =
                || format!("seed {}, {part:?} by {way:?}: {segment:?}\n{:#?}", self.seed, evaluator.plan());
            compare(self.tally, &seen, shot, segment.number, expected, &about);
        }
        ended
    }
}

fn packet(shot: &Shot, part: Part, number: u16) -> (Way, Segment) {
    let (from, to, payload) = (shot.packet.from, shot.packet.to, shot.packet.payload);
    let back = match shot.way {
        Way::Wire(_) if super::policies::own().contains(&to) => Way::Host(None),
        _ => Way::Wire(route(to)),
    };
    let first = Segment::first(from, to, payload, shot.port, number);
    let later = |back| Segment::later(from, to, payload, shot.port, number, back);
    match part {
        Part::First => (shot.way.clone(), first),
        Part::Later => (shot.way.clone(), later(false)),
        Part::Back => (back, later(true)),
        Part::Refuse => (back, Segment::refusal(&first, number)),
        Part::Accept => {
            let mut answer = later(true);
            if matches!(payload, Payload::Tcp(_)) {
                accepting(&mut answer);
            }
            (back, answer)
        }
    }
}
