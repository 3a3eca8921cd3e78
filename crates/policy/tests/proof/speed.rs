//! How many decisions a core makes in a second.

use crate::sample::Dice;
use crate::shipped::plan;
use policy::evaluate::{Asked, Evaluator};
use policy::packet::{Packet, Payload};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

const DEVICES: usize = 5_000;

/// Questions between 5,000 devices, the appliance and the other zones, half of them with the interface.
fn questions() -> Vec<Packet> {
    let mut dice = Dice::new(7);
    let device = |dice: &mut Dice| {
        let host = u32::try_from(dice.throw(DEVICES)).unwrap();
        IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 20, 1, 0)) + host))
    };
    let appliance: IpAddr = "10.20.0.1".parse().unwrap();
    let admin: IpAddr = "192.168.10.70".parse().unwrap();
    let ports = [443, 5989, 22, 80, 23, 8443];
    let question = |_| {
        let (from, to) = match dice.throw(4) {
            0 => (device(&mut dice), appliance),
            1 => (admin, device(&mut dice)),
            2 => (admin, appliance),
            _ => (appliance, device(&mut dice)),
        };
        let payload = match dice.throw(4) {
            0 => Payload::Udp { source: 1024, to: dice.of(&[427, 53, 623, 123]) },
            1 => Payload::Icmp(8),
            _ => Payload::Tcp(dice.of(&ports)),
        };
        let interface = if dice.is(2) { None } else { Some(dice.of(&["eth0", "eth1"]).to_owned()) };
        Packet { from, to, payload, interface }
    };
    (0..20_000).map(question).collect()
}

/// In an optimised build over a million; the debug build only shows that it runs.
#[test]
fn figures_decisions_a_second() {
    let evaluator = Evaluator::new(&plan());
    let questions = questions();
    let asked = Asked::default();
    let (mut passed, mut asked_for) = (0_usize, 0_usize);
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 1_000 }) {
        passed += questions.iter().filter(|packet| evaluator.judge(packet, &asked).passes()).count();
        asked_for += questions.len();
    }
    let rate = asked_for as f64 / started.elapsed().as_secs_f64();
    let figure = format!(
        "| what | figure |\n|---|---|\n| decisions a second on one core, 12 rules, {DEVICES} devices | {rate:.0} |\n"
    );
    println!("{figure}");
    if let Some(folder) = std::env::var_os("PORTCULLIS_FIGURES") {
        std::fs::write(std::path::Path::new(&folder).join("policy.md"), figure).unwrap();
    }
    assert!(passed > 0 && passed < asked_for);
    assert!(cfg!(debug_assertions) || rate > 1_000_000.0, "only {rate:.0} decisions a second");
}
