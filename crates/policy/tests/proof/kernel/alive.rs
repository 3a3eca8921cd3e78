//! What programs at both ends of a connection notice: refusals, the end of what lost its right, and the end of a trial.

use super::world::{World, is_possible};
use crate::changes::{close, isolate, open, promote, revert};
use crate::shipped;
use policy::document::words::Action;
use policy::plan::Plan;
use policy::render::{Openings, bootstrap, candidate, confirmed};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const HERE: [&str; 2] = ["10.0.0.1", "fd00::1"];
const THERE: [&str; 2] = ["10.0.0.9", "fd00::9"];

/// How long a trial lasts, in seconds: long enough for a busy machine to ask once.
const TRIAL: u32 = 3;

/// A program in one of the namespaces.
struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    fn new(namespace: &str) -> Self {
        let mut child = Command::new("ip")
            .args(["netns", "exec", namespace, "python3", "-c", include_str!("peer.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    fn ask(&mut self, what: &str) -> String {
        writeln!(self.stdin, "{what}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One zone of others, one of ours; `action` for tcp/443 and udp/443 to the appliance.
fn plan(action: Option<Action>) -> Plan {
    let mut plan = shipped::plan();
    plan.own = super::policies::own();
    plan.home = 1;
    plan.zones.truncate(2);
    for (zone, (device, nets)) in plan
        .zones
        .iter_mut()
        .zip([("e0", ["10.0.0.0/16", "fd00::/16"]), ("e1", ["10.1.0.0/16", "fd01::/16"])])
    {
        zone.interfaces = vec![device.into()];
        zone.networks = nets.iter().map(|net| net.parse().unwrap()).collect();
    }
    plan.rules.truncate(1);
    let rule = &mut plan.rules[0];
    (rule.from, rule.to) = (vec![0], 1);
    rule.services = ["tcp/443", "udp/443"].map(|service| service.parse().unwrap()).to_vec();
    match action {
        Some(action) => rule.action = action,
        None => plan.rules.clear(),
    }
    plan
}

fn world(name: &str) -> (World, Peer, Peer) {
    let world = World::new(name);
    world.settle("r0", &THERE);
    let (here, there) = (Peer::new(world.here()), Peer::new(world.there()));
    (world, here, there)
}

fn rendered(action: Option<Action>) -> String {
    confirmed(&plan(action), &Openings::default())
}

#[test]
fn a_refusal_is_heard_and_a_drop_is_silent() {
    if !is_possible("a_refusal_is_heard_and_a_drop_is_silent") {
        return;
    }
    let (world, mut here, mut there) = world("pc-refuse");
    for (own, peer) in HERE.iter().zip(THERE) {
        assert_eq!(here.ask(&format!("listen {own} 443")), "ok");
        let mut tries = |text: &str| {
            world.load(text);
            let tcp = there.ask(&format!("connect {peer} {own} 443"));
            let udp = there.ask(&format!("ask {peer} {own} 443"));
            (tcp, udp)
        };
        let said = |(tcp, udp): (String, String), wanted: (&str, &[&str])| {
            assert_eq!(tcp, wanted.0);
            assert!(wanted.1.contains(&udp.as_str()), "{udp}");
        };
        said(tries(&bootstrap()), ("ok", &["ECONNREFUSED"]));
        said(tries(&rendered(Some(Action::Allow))), ("ok", &["ECONNREFUSED"]));
        said(tries(&rendered(Some(Action::Reject))), ("ECONNREFUSED", &["EHOSTUNREACH", "EACCES"]));
        said(tries(&rendered(Some(Action::Drop))), ("timeout", &["timeout"]));
        said(tries(&rendered(None)), ("timeout", &["timeout"]));
    }
}

#[test]
fn both_ends_learn_that_a_connection_lost_its_right() {
    if !is_possible("both_ends_learn_that_a_connection_lost_its_right") {
        return;
    }
    let (world, mut here, mut there) = world("pc-alive");
    for (own, peer) in HERE.iter().zip(THERE) {
        for text in [rendered(None), rendered(Some(Action::Drop)), rendered(Some(Action::Reject))] {
            world.load(&rendered(Some(Action::Allow)));
            assert_eq!(here.ask(&format!("listen {own} 443")), "ok");
            assert_eq!(there.ask(&format!("connect {peer} {own} 443")), "ok");
            assert_eq!(here.ask("accept"), "ok");
            assert_eq!((there.ask("send"), here.ask("receive")), ("ok".into(), "ok".into()));
            // What stays allowed goes on over a reload.
            world.load(&rendered(Some(Action::Allow)));
            assert_eq!((here.ask("send"), there.ask("receive")), ("ok".into(), "ok".into()));
            world.load(&text);
            let started = Instant::now();
            there.ask("send");
            assert_eq!(there.ask("receive"), "ECONNRESET", "{text}");
            here.ask("send");
            let learned = here.ask("receive");
            assert_eq!(learned, "ECONNRESET", "{text}");
            assert!(started.elapsed() < Duration::from_secs(5));
        }
    }
}

/// Whether a connection is accepted or refused, which is known at once.
fn is_open(there: &mut Peer) -> bool {
    match there.ask(&format!("connect {} {} 443", THERE[0], HERE[0])).as_str() {
        "ok" => true,
        "ECONNREFUSED" => false,
        other => panic!("{other}"),
    }
}

#[test]
fn the_kernel_ends_a_trial_by_itself() {
    if !is_possible("the_kernel_ends_a_trial_by_itself") {
        return;
    }
    let (world, mut here, mut there) = world("pc-trial");
    assert_eq!(here.ask(&format!("listen {} 443", HERE[0])), "ok");
    let (open, shut) = (plan(Some(Action::Allow)), plan(Some(Action::Reject)));
    for before in [Some(&open), None] {
        world.load(&candidate(before, &shut, TRIAL, &Openings::default()));
        let started = Instant::now();
        assert!(!is_open(&mut there), "the policy on trial holds at once");
        while !is_open(&mut there) {
            assert!(started.elapsed() < Duration::from_secs(10), "the trial does not end");
        }
        assert!(started.elapsed() > Duration::from_secs(1), "the trial ended too soon");
    }
    world.load(&candidate(Some(&open), &shut, TRIAL, &Openings::default()));
    world.load(&promote());
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(3500) {
        assert!(!is_open(&mut there), "what was confirmed does not end");
    }
    world.load(&revert());
    assert!(is_open(&mut there));
}

#[test]
fn a_pinhole_opens_closes_and_runs_out() {
    if !is_possible("a_pinhole_opens_closes_and_runs_out") {
        return;
    }
    let (world, mut here, mut there) = world("pc-hole");
    assert_eq!(there.ask(&format!("listen {} 8443", THERE[0])), "ok");
    world.load(&rendered(None));
    let mut tries = || here.ask(&format!("connect {} {} 8443", HERE[0], THERE[0]));
    let hole = policy::evaluate::Pinhole { to: THERE[0].parse().unwrap(), protocol: 6, port: 8443 };
    assert_eq!(tries(), "timeout");
    world.load(&open(&hole, 600));
    assert_eq!(tries(), "ok");
    world.load(&isolate(hole.to));
    assert_eq!(tries(), "ok", "the appliance itself still reaches an isolated device");
    world.load(&close(&hole));
    assert_eq!(tries(), "timeout");
    world.load(&open(&hole, 600));
    world.load(&open(&hole, 3));
    assert_eq!(tries(), "ok");
    let started = Instant::now();
    while tries() == "ok" {
        assert!(started.elapsed() < Duration::from_secs(10), "a pinhole does not run out");
    }
}
