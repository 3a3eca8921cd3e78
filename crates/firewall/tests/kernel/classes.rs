//! Classes of traffic on a full line: consoles come first.

use crate::ground::{Ground, HERE, failed, permit, run, run_quietly};
use firewall::Client;
use firewall::message::{FailureKind, Link};
use policy::plan::Plan;
use policy::read::{parse_scenario, parse_site};
use policy::render::{Openings, candidate, confirmed};
use rustix::net::sockopt::set_tcp_congestion;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CONSOLE: u16 = 2200;
const BULK: u16 = 9999;
/// What the line carries, in megabits a second.
const RATE: u32 = 100;

const SCENARIO: &str = "\
schema_version: 1.0.0
id: classes
version: 1.0.0
rules:
  - application: {app_id: console}
    zones: {from: [trust], to: management}
    direction: inbound
    action: allow
  - application: {app_id: images}
    zones: {from: [trust], to: management}
    direction: inbound
    action: allow
";

fn plan(more: &str) -> Plan {
    let site = format!(
        "schema_version: 1.0.0\nscenario: classes\nappliance: {{zone: management, addresses: [{HERE}]}}\n\
         zones:\n  trust: {{interfaces: [w0], networks: [10.9.0.0/24]}}\n  management: {{networks: [10.20.0.0/16]}}\n\
         applications:\n  console: {{class: console, services: [tcp/{CONSOLE}]}}\n  images: {{class: bulk, services: [tcp/{BULK}]}}\n{more}"
    );
    let scenario = parse_scenario(SCENARIO.as_bytes(), "scenario.yaml").document.unwrap().content;
    let site = parse_site(site.as_bytes(), "site.yaml").document.unwrap().content;
    Plan::bind(&scenario, &site).unwrap()
}

async fn confirm(client: &mut Client, plan: &Plan) {
    let none = Openings::default();
    let trial = candidate(None, plan, 30, &none);
    let generation = client.load(&permit(), trial, confirmed(plan, &none), 30).await.unwrap();
    client.confirm(&permit(), generation).await.unwrap();
    assert_eq!(client.status().await.unwrap().drift, [""; 0]);
}

/// A switch between the two ends, whose ports carry no more than the line does and keep up to a fifth of a second.
struct Switch(String);

impl Switch {
    fn new(ground: &Ground) -> Self {
        let switch = Self(format!("{}s", ground.name));
        let name = &switch.0;
        run(&["ip", "netns", "add", name]);
        run(&["ip", "-n", name, "link", "add", "bridge", "type", "bridge"]);
        run(&["ip", "-n", &ground.name, "link", "del", "w0"]);
        for (port, end, address) in
            [("port-a", &ground.name, "10.9.0.1/24"), ("port-b", &ground.device, "10.9.0.2/24")]
        {
            run(&["ip", "-n", name, "link", "add", port, "type", "veth", "peer", "name", "w0", "netns", end]);
            run(&["ip", "-n", name, "link", "set", port, "master", "bridge", "up"]);
            run(&["ip", "-n", end, "address", "add", address, "dev", "w0"]);
            run(&["ip", "-n", end, "link", "set", "w0", "up"]);
            let rate = format!("{RATE}mbit");
            run(&[
                "tc", "-n", name, "qdisc", "add", "dev", port, "root", "tbf", "rate", &rate, "burst", "32k",
                "latency", "200ms",
            ]);
        }
        run(&["ip", "-n", name, "link", "set", "bridge", "up"]);
        switch
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        run_quietly(&["ip", "netns", "del", &self.0]);
    }
}

/// Fills the line from the appliance to the device by several connections, as long as their ends are kept.
fn fill(ground: &Ground) -> (Vec<TcpStream>, Arc<AtomicU64>) {
    let listener = ground.listen(BULK);
    let carried = Arc::new(AtomicU64::new(0));
    let ends = (0..4).map(|_| {
        let mut end = ground.knock(BULK).expect("the rule lets it in");
        let mut source = listener.accept().unwrap().0;
        // What most senders use; it fills whatever queue there is.
        set_tcp_congestion(&source, "cubic").unwrap();
        std::thread::spawn(move || while source.write_all(&[0; 65_536]).is_ok() {});
        let (keep, carried) = (end.try_clone().unwrap(), Arc::clone(&carried));
        std::thread::spawn(move || {
            let mut room = vec![0; 65_536];
            while let Ok(length @ 1..) = end.read(&mut room) {
                carried.fetch_add(length as u64, Ordering::Relaxed);
            }
        });
        keep
    });
    (ends.collect(), carried)
}

/// A console's round trips: the median, and the 99th of a hundred.
fn round_trips(ground: &Ground) -> [Duration; 2] {
    let listener = ground.listen(CONSOLE);
    let mut keys = ground.knock(CONSOLE).expect("the rule lets it in");
    let (mut echo, _) = listener.accept().unwrap();
    keys.set_nodelay(true).unwrap();
    echo.set_nodelay(true).unwrap();
    let echoing = std::thread::spawn(move || {
        let mut key = [0; 16];
        while echo.read_exact(&mut key).is_ok() && echo.write_all(&key).is_ok() {}
    });
    let mut times = Vec::new();
    let mut key = [7; 16];
    let end = Instant::now() + Duration::from_secs(8);
    while times.len() < 1000 && Instant::now() < end {
        let begun = Instant::now();
        keys.write_all(&key).unwrap();
        keys.read_exact(&mut key).unwrap();
        times.push(begun.elapsed());
        // As fast as nobody types.
        std::thread::sleep(Duration::from_millis(3));
    }
    drop(keys);
    echoing.join().unwrap();
    times.sort();
    [times[times.len() / 2], times[times.len() * 99 / 100]]
}

/// The bar for 99 of 100; less is asked while the machine builds.
fn most() -> Duration {
    Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 20 })
}

/// Measures while the line is full, and says the round trips and what the rest carried in megabits a second.
fn measure(ground: &Ground) -> ([Duration; 2], f64) {
    let (ends, carried) = fill(ground);
    let wait = Instant::now();
    while carried.load(Ordering::Relaxed) < 5_000_000 {
        assert!(wait.elapsed() < Duration::from_secs(20), "nothing comes through");
        std::thread::yield_now();
    }
    let (begun, before) = (Instant::now(), carried.load(Ordering::Relaxed));
    let [median, p99] = round_trips(ground);
    let rate = (carried.load(Ordering::Relaxed) - before) as f64 * 8e-6 / begun.elapsed().as_secs_f64();
    for end in ends {
        end.shutdown(std::net::Shutdown::Both).unwrap();
    }
    println!("  median {median:?}, p99 {p99:?}, the rest {rate:.1} Mbit/s");
    ([median, p99], rate)
}

#[tokio::test]
async fn a_console_is_quick_on_a_full_line() {
    let Some(mut ground) = Ground::new("a_console_is_quick_on_a_full_line") else { return };
    let _switch = Switch::new(&ground);
    ground.start();
    let mut client = ground.client().await;
    confirm(&mut client, &plan(&format!("links:\n  w0: {{mbit: {RATE}}}\n"))).await;
    println!("a line of {RATE} Mbit/s, full, without classes:");
    let ([slow, _], _) = measure(&ground);
    let link = |mbit| vec![Link { interface: "w0".into(), mbit }];
    client.links(&permit(), link(RATE)).await.unwrap();
    println!("with classes:");
    let ([quick, p99], rate) = measure(&ground);
    assert!(p99 < most() && quick * 3 < slow, "{p99:?}, {quick:?}, and {slow:?} without");
    assert!(rate > 0.75 * f64::from(RATE), "the line is not full: {rate}");
    assert_eq!(client.status().await.unwrap().drift, [""; 0]);
}

#[tokio::test]
async fn more_than_a_limit_does_not_pass_and_consoles_are_let_by() {
    let Some(mut ground) = Ground::new("more_than_a_limit_does_not_pass") else { return };
    ground.start();
    let mut client = ground.client().await;
    confirm(&mut client, &plan("traffic_classes: [{from: management, to: trust, mbit: 20}]\n")).await;
    println!("a limit of 20 Mbit/s between two zones:");
    let ([_, p99], rate) = measure(&ground);
    assert!((5.0..23.0).contains(&rate), "{rate} Mbit/s");
    assert!(p99 < most(), "{p99:?}");
}

#[tokio::test]
async fn only_our_own_classes_are_taken_off_and_only_lines_are_taken() {
    let Some(mut ground) = Ground::new("only_our_own_classes") else { return };
    ground.start();
    let mut client = ground.client().await;
    let link = |interface: &str, mbit| vec![Link { interface: interface.into(), mbit }];
    let shown = |ground: &Ground| {
        let output = run_quietly(&["tc", "-n", &ground.name, "qdisc", "show", "dev", "w0"]);
        String::from_utf8(output.stdout).unwrap()
    };
    for mbit in [1, 400_000, 100] {
        client.links(&permit(), link("w0", mbit)).await.unwrap();
        assert!(shown(&ground).contains("htb 7063: root"), "{}", shown(&ground));
        assert_eq!(shown(&ground).matches("pfifo").count(), 3);
    }
    drop(client);
    ground.kill();
    run(&["tc", "-n", &ground.name, "qdisc", "del", "dev", "w0", "root"]);
    ground.start();
    let mut client = ground.client().await;
    assert!(shown(&ground).contains("htb 7063: root"), "a start puts them on again");
    for _ in 0..2 {
        client.links(&permit(), Vec::new()).await.unwrap();
        assert!(!shown(&ground).contains("htb"), "{}", shown(&ground));
    }
    run(&["tc", "-n", &ground.name, "qdisc", "add", "dev", "w0", "root", "handle", "5:", "pfifo"]);
    failed(client.links(&permit(), link("w0", 100)).await, FailureKind::Refused);
    client.links(&permit(), Vec::new()).await.unwrap();
    assert!(shown(&ground).contains("pfifo 5: root"), "{}", shown(&ground));
    for bad in ["", "-force", "w0 root", "w0\nqdisc", "a/b", "sixteen-and-more", "nobody"] {
        failed(client.links(&permit(), link(bad, 10)).await, FailureKind::Refused);
    }
    for mbit in [0, 400_001] {
        failed(client.links(&permit(), link("w0", mbit)).await, FailureKind::Refused);
    }
    failed(client.links(&permit(), vec![link("w0", 1).remove(0); 65]).await, FailureKind::Refused);
}
