//! The evaluator against one that we did not write: Aerleon's `AclCheck`, on policies that both can say.
//!
//! Aerleon knows neither zones nor nested networks, groups of hosts, shadow rules or types of ICMP messages. So the zones here are
//! disjoint, everything is routed, and a zone is written out as its networks.

use crate::sample::{Dice, action};
use policy::document::words::Action;
use policy::evaluate::{Asked, Evaluator, Family};
use policy::packet::{Packet, Payload};
use policy::plan::{Log, Plan, Rule, Zone};
use policy::service::{Ports, Service};
use serde_json::{Value, json};
use std::io::Write;
use std::net::IpAddr;
use std::process::{Command, Stdio};

const OWN: [&str; 2] = ["192.0.2.1", "2001:db8::1"];
/// Within the first zone's networks, in part of them, and across no border.
const PEOPLE: [&str; 5] = ["10.0.7.0/24", "10.0.128.0/17", "fd00:1::/32", "10.1.3.0/25", "fd01::8/125"];
const PORTS: [u16; 10] = [1, 22, 23, 80, 443, 427, 5988, 5989, 40_000, 65_535];

fn networks(zone: usize) -> Vec<String> {
    vec![format!("10.{zone}.0.0/16"), format!("10.{}.64.0/18", zone + 100), format!("fd0{zone}::/16")]
}

fn plan(dice: &mut Dice) -> Plan {
    let count = 2 + dice.throw(4);
    let zone = |index: usize| Zone {
        name: format!("zone{index}"),
        networks: networks(index).iter().map(|net| net.parse().unwrap()).collect(),
        ..Zone::default()
    };
    let rules: Vec<Rule> = (0..3 + dice.throw(12)).map(|index| rule(dice, index, count)).collect();
    let routed = rules.iter().enumerate();
    let routed = routed.flat_map(|(place, rule)| rule.from.iter().map(move |from| (*from, rule.to, place)));
    Plan {
        scenario: "shared 1.0.0".into(),
        zones: (0..count).map(zone).collect(),
        home: dice.throw(count),
        own: OWN.map(|address| address.parse().unwrap()).to_vec(),
        routed: routed.collect(),
        rules,
        limits: Vec::new(),
        links: Vec::new(),
        urgent: Vec::new(),
    }
}

fn rule(dice: &mut Dice, index: usize, zones: usize) -> Rule {
    let people = dice.is(4);
    let sources = people.then(|| (0..1 + dice.throw(2)).map(|_| dice.of(&PEOPLE).parse().unwrap()).collect());
    // Whose people they are, both zones' or neither's: a rule with people is for the zones that they are in.
    let from = if people { vec![0, 1] } else { (0..zones).filter(|_| dice.is(2)).collect() };
    let from = if from.is_empty() { vec![dice.throw(zones)] } else { from };
    Rule {
        index,
        app_id: format!("app{index}"),
        action: action(dice),
        from,
        to: dice.throw(zones),
        sources,
        services: (0..1 + dice.throw(3)).map(|_| service(dice)).collect(),
        multicast: Vec::new(),
        log: Log::default(),
        is_shadow: false,
        class: Default::default(),
        is_clear_text: false,
        rationale: Default::default(),
    }
}

fn service(dice: &mut Dice) -> Service {
    let (a, b) = (dice.of(&PORTS), dice.of(&PORTS));
    let ports = if dice.is(3) { Ports::new(a.min(b), a.max(b)) } else { Ports::new(a, a) }.unwrap();
    match dice.throw(5) {
        0..=2 => Service::Tcp(ports),
        3 => Service::Udp(ports),
        _ => Service::Echo,
    }
}

/// The plan as Aerleon reads it: a term for each protocol of each rule, named after the rule's place.
fn translated(plan: &Plan) -> (Value, Value) {
    let (mut networks_by_name, mut services, mut terms) =
        (serde_json::Map::new(), serde_json::Map::new(), Vec::new());
    let written = |zones: &[usize]| -> Vec<String> {
        let own = OWN.iter().filter(|_| zones.contains(&plan.home)).map(ToString::to_string);
        zones.iter().flat_map(|zone| networks(*zone)).chain(own).collect()
    };
    let values = |nets: Vec<String>| {
        let nets: Vec<Value> = nets.iter().map(|net| json!({ "address": net })).collect();
        json!({ "values": nets })
    };
    for (place, rule) in plan.rules.iter().enumerate() {
        let from = match &rule.sources {
            Some(sources) => sources.iter().map(ToString::to_string).collect(),
            None => written(&rule.from),
        };
        networks_by_name.insert(format!("FROM{place}"), values(from));
        networks_by_name.insert(format!("TO{place}"), values(written(&[rule.to])));
        for (protocol, is_of) in PROTOCOLS {
            let wanted: Vec<&Service> = rule.services.iter().filter(|service| is_of(service)).collect();
            if wanted.is_empty() {
                continue;
            }
            let mut term = json!({
                "name": format!("rule{place}-{protocol}"),
                "source-address": format!("FROM{place}"),
                "destination-address": format!("TO{place}"),
                "protocol": [protocol],
                "action": match rule.action {
                    Action::Allow => "accept",
                    Action::Drop => "deny",
                    Action::Reject => "reject",
                },
            });
            if let "tcp" | "udp" = protocol {
                let name = format!("PORTS{place}-{protocol}");
                let ports = wanted.iter().map(|service| {
                    let text = service.to_string();
                    json!({ "protocol": protocol, "port": text.split('/').next_back() })
                });
                services.insert(name.clone(), ports.collect());
                term["destination-port"] = json!([name]);
            }
            terms.push(term);
        }
    }
    let filter = json!({ "header": { "targets": { "speedway": "INPUT DROP" } }, "terms": terms });
    (
        json!({ "networks": networks_by_name, "services": services }),
        json!({ "filename": "random", "filters": [filter] }),
    )
}

type IsOf = fn(&Service) -> bool;
const PROTOCOLS: [(&str, IsOf); 4] = [
    ("tcp", |service| matches!(service, Service::Tcp(_))),
    ("udp", |service| matches!(service, Service::Udp(_))),
    ("icmp", |service| matches!(service, Service::Echo)),
    ("icmpv6", |service| matches!(service, Service::Echo)),
];

/// Mostly something that a rule may be about.
fn question(dice: &mut Dice, plan: &Plan) -> Packet {
    let family = dice.of(&Family::BOTH);
    let rule = &plan.rules[dice.throw(plan.rules.len())];
    let (from, to) = (dice.of(&rule.from), rule.to);
    let mut zone = |near: usize| if dice.is(4) { dice.throw(6) } else { near };
    let (from, to) = (zone(from), zone(to));
    let port = dice.of(&PORTS).saturating_add(u16::try_from(dice.throw(2)).unwrap());
    let payload = match dice.throw(6) {
        0 => Payload::Tcp(port),
        1 => Payload::Udp { source: 1024, to: port },
        _ => policy::region::speaker(dice.of(&rule.services), family),
    };
    let (from, to) = (address(dice, family, from), address(dice, family, to));
    Packet { from, to, payload, interface: None }
}

/// An address in a zone, or near it, or the appliance's.
fn address(dice: &mut Dice, family: Family, zone: usize) -> IpAddr {
    let text = match (dice.throw(8), family) {
        (0, Family::V4) => OWN[0].to_owned(),
        (0, Family::V6) => OWN[1].to_owned(),
        (1, Family::V4) => format!("10.{}.{}.0", zone + 100, dice.of(&[63, 64, 127, 128])),
        (2, Family::V4) => format!("10.{zone}.255.255"),
        (_, Family::V4) => format!("10.{zone}.{}.{}", dice.of(&[7, 3, 200]), dice.of(&[0, 127, 128, 255])),
        (_, Family::V6) => {
            format!("fd0{zone}:{}::{}", dice.of(&["0", "1", "ffff"]), dice.of(&["7", "8", "f", "10"]))
        }
    };
    text.parse().unwrap()
}

fn asked_of(packet: &Packet) -> Value {
    let (port, protocol) = match packet.payload {
        Payload::Tcp(port) => (json!(port), "tcp"),
        Payload::Udp { to, .. } => (json!(to), "udp"),
        Payload::Icmp(_) => (json!("any"), "icmp"),
        _ => (json!("any"), "icmpv6"),
    };
    json!([packet.from, packet.to, port, protocol])
}

/// The interpreter that has Aerleon, if there is one.
fn python(test: &str) -> Option<String> {
    let home = std::env::var("HOME").unwrap_or_default();
    let peers = std::env::var("PORTCULLIS_PEERS").unwrap_or(format!("{home}/.cache/portcullis/peers/bin"));
    let python = format!("{peers}/python3");
    let tried = Command::new(&python).args(["-c", "import aerleon"]).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("SKIPPED {test}: aerleon is not installed; run dev/scripts/setup.sh test");
    None
}

#[test]
fn aerleon_says_the_same() {
    let Some(python) = python("aerleon_says_the_same") else { return };
    let mut cases = Vec::new();
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let plan = plan(&mut dice);
        let own = |packet: &Packet| plan.own.contains(&packet.from) && plan.own.contains(&packet.to);
        let questions: Vec<Packet> =
            (0..200).map(|_| question(&mut dice, &plan)).filter(|packet| !own(packet)).collect();
        cases.push((plan, questions));
    }
    let asked = cases.iter().map(|(plan, questions)| {
        let (definitions, policy) = translated(plan);
        json!({ "definitions": definitions, "policy": policy, "questions": questions.iter().map(asked_of).collect::<Vec<_>>() })
    });
    let answers = ask(&python, &asked.collect());
    let (mut same, mut allowed) = (0, 0);
    for ((plan, questions), answers) in cases.iter().zip(answers.as_array().unwrap()) {
        let evaluator = Evaluator::new(plan);
        for (packet, answer) in questions.iter().zip(answers.as_array().unwrap()) {
            let judgement = evaluator.judge(packet, &Asked::default());
            let ours = judgement.rule.map(|place| (place, judgement.verdict));
            assert_eq!(ours, read(answer), "{packet:?}\n{judgement:?}\n{plan:#?}");
            same += 1;
            allowed += usize::from(judgement.passes());
        }
    }
    println!("aerleon: {same} questions on {} policies, {allowed} allowed, 0 differences", cases.len());
    assert!(allowed * 20 > same, "too few questions are allowed to prove it: {allowed} of {same}");
}

fn ask(python: &str, asked: &Value) -> Value {
    let mut child = Command::new(python)
        .args(["-c", include_str!("aerleon.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "aerleon has failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rule's place and what it does, out of `["rule3-tcp", "accept"]`.
fn read(answer: &Value) -> Option<(usize, Action)> {
    let term = answer.get(0)?.as_str()?;
    let place = term.trim_start_matches("rule").split('-').next()?.parse().unwrap();
    let action = match answer.get(1)?.as_str()? {
        "accept" => Action::Allow,
        "deny" => Action::Drop,
        "reject" => Action::Reject,
        other => panic!("aerleon says {other}"),
    };
    Some((place, action))
}
