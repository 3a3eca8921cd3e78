//! How many decisions a core makes in a second, and how long a whole site takes on its way into the kernel.

use crate::render::has_nft;
use crate::sample::Dice;
use crate::shipped::{MANAGEMENT, plan};
use policy::evaluate::{Asked, Evaluator, Pinhole};
use policy::packet::{Packet, Payload};
use policy::render::{Openings, confirmed};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
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

/// In an optimised build over a million decisions, and under a second; the debug build only shows that it runs.
#[test]
fn figures_of_speed() {
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
    assert!(passed > 0 && passed < asked_for);
    let (rendered, loaded) = whole_site();
    let figure = format!(
        "| what | figure |\n|---|---|\n\
         | decisions a second on one core, 12 rules, {DEVICES} devices | {rate:.0} |\n\
         | {DEVICES} devices as networks of their own, 200 pinholes: rendered, ms | {} |\n\
         | the same read and loaded by nft, ms | {} |\n",
        rendered.as_millis(),
        loaded.map_or("not measured: no root or no nft".into(), |loaded| loaded.as_millis().to_string()),
    );
    println!("{figure}");
    if let Some(folder) = std::env::var_os("PORTCULLIS_FIGURES") {
        std::fs::write(std::path::Path::new(&folder).join("policy.md"), figure).unwrap();
    }
    assert!(cfg!(debug_assertions) || rate > 1_000_000.0, "only {rate:.0} decisions a second");
    assert!(cfg!(debug_assertions) || rendered < Duration::from_millis(300));
}

/// How long it takes to render a site whose devices are each a network of their own, with no two side by side, and to load it.
fn whole_site() -> (Duration, Option<Duration>) {
    let mut plan = plan();
    let device = |number: u32| Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 20, 1, 0)) + 2 * number);
    let devices: Vec<Ipv4Addr> = (0..u32::try_from(DEVICES).unwrap()).map(device).collect();
    plan.zones[MANAGEMENT].networks =
        devices.iter().map(|device| ipnet::IpNet::from(IpAddr::V4(*device))).collect();
    let hole = |to: &Ipv4Addr| (Pinhole { to: (*to).into(), protocol: 6, port: 443 }, 60);
    let openings = Openings { pinholes: devices.iter().take(200).map(hole).collect(), ..Openings::default() };
    let started = Instant::now();
    let text = confirmed(&plan, &openings);
    let rendered = started.elapsed();
    assert!(text.contains("10.20.1.2 : goto"));
    if !has_nft("figures_of_speed: loading") {
        return (rendered, None);
    }
    let started = Instant::now();
    let mut nft =
        Command::new("unshare").args(["-n", "nft", "-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    nft.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(nft.wait().unwrap().success());
    (rendered, Some(started.elapsed()))
}
