//! Two network namespaces: the appliance's, with four interfaces, and the rest of the world at their other ends.

use super::wire::Segment;
use policy::evaluate::Family;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

pub const DEVICES: [&str; 4] = ["e0", "e1", "e2", "e3"];
/// The appliance's addresses, by device.
pub const OWN: [(&str, &str); 4] = [
    ("10.0.0.1", "fd00::1"),
    ("10.1.0.1", "fd01::1"),
    ("10.2.0.1", "fd02::1"),
    ("198.51.100.1", "2001:db8::1"),
];
/// What is not listed goes out by the last device.
const ROUTES: [(&str, usize); 6] = [
    ("10.0.0.0/16", 0),
    ("10.1.0.0/16", 1),
    ("10.2.0.0/16", 2),
    ("fd00::/16", 0),
    ("fd01::/16", 1),
    ("fd02::/16", 2),
];

/// Packets below this number go no further than the rules; those from it on go all the way.
pub const GOES_ON: u16 = 0x8000;

/// The device that the appliance sends to an address by.
pub fn route(to: IpAddr) -> &'static str {
    let leads = |(net, _): &&(&str, usize)| net.parse::<ipnet::IpNet>().unwrap().contains(&to);
    DEVICES[ROUTES.iter().find(leads).map_or(3, |(_, device)| *device)]
}

/// How a packet comes into the appliance's namespace.
#[derive(Clone, Debug)]
pub enum Way {
    /// By this interface.
    Wire(&'static str),
    /// It is the appliance's own; to a group by this interface.
    Host(Option<&'static str>),
}

/// What the witnesses saw, by family and number.
#[derive(Debug, Default)]
pub struct Seen {
    /// It came in at all.
    pub arrived: BTreeSet<(Family, u16)>,
    /// It came as far as our table.
    pub reached: BTreeSet<(Family, u16)>,
    /// Our table let it through.
    pub passed: BTreeSet<(Family, u16)>,
}

struct Engine {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

pub struct World {
    appliance: String,
    rest: String,
    host: Option<Engine>,
    wire: Option<Engine>,
}

fn run(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}\n{input}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether such namespaces can be made here.
pub fn is_possible(test: &str) -> bool {
    let works = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    let possible = works("ip", &["netns", "list"])
        && works("unshare", &["-n", "nft", "list", "ruleset"])
        && works("python3", &["-c", "import socket"]);
    if !possible {
        println!("SKIPPED {test}: this needs root, and the programs ip, nft and python3");
    }
    possible
}

impl World {
    pub fn new(name: &str) -> Self {
        let (appliance, rest) =
            (format!("{name}-a-{}", std::process::id()), format!("{name}-r-{}", std::process::id()));
        for namespace in [&appliance, &rest] {
            run("ip", &["netns", "add", namespace], "");
        }
        let mut world = Self { appliance, rest, host: None, wire: None };
        world.raise();
        world.host = Some(Engine::new(&world.appliance));
        world.wire = Some(Engine::new(&world.rest));
        world
    }

    fn raise(&self) {
        let (a, r) = (&self.appliance, &self.rest);
        let mut there = String::from("link set lo up\n");
        let mut here = String::from("link set lo up\n");
        for (index, device) in DEVICES.iter().enumerate() {
            let (v4, v6) = OWN[index];
            there += &format!(
                "link add r{index} address 02:00:00:00:01:0{index} type veth peer name {device} netns {a} address 02:00:00:00:00:0{index}\n"
            );
            there += &format!("link set r{index} up\n");
            here += &format!(
                "link set {device} up\naddr add {v4}/32 dev {device}\naddr add {v6}/128 dev {device} nodad\n"
            );
        }
        run("ip", &["-n", r, "-batch", "-"], &there);
        for (net, device) in ROUTES {
            here += &format!("route add {net} dev {}\n", DEVICES[device]);
        }
        here += "route add default dev e3\nroute add ::/0 dev e3\n";
        for setting in
            ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.accept_dad=0"]
        {
            self.set(setting);
        }
        run("ip", &["-n", a, "-batch", "-"], &here);
        for setting in [
            "net.netfilter.nf_conntrack_tcp_be_liberal=1",
            "net.ipv4.conf.all.send_redirects=0",
            "net.ipv4.conf.all.rp_filter=0",
            "net.ipv4.conf.all.log_martians=0",
        ] {
            self.set(setting);
        }
        for device in DEVICES {
            self.set(&format!("net.ipv4.conf.{device}.rp_filter=0"));
            self.set(&format!("net.ipv4.conf.{device}.send_redirects=0"));
        }
    }

    fn set(&self, setting: &str) {
        run("ip", &["netns", "exec", &self.appliance, "sysctl", "-qw", setting], "");
    }

    /// The appliance's namespace.
    pub fn here(&self) -> &str {
        &self.appliance
    }

    /// Everybody else's.
    pub fn there(&self) -> &str {
        &self.rest
    }

    /// Gives somebody addresses at the other end of a wire, so that programs can run there.
    pub fn settle(&self, device: &str, addresses: &[&str]) {
        let add = |address: &&str| {
            let nodad = if address.contains(':') { " nodad" } else { "" };
            format!("addr add {address}/16 dev {device}{nodad}\n")
        };
        run("ip", &["-n", &self.rest, "-batch", "-"], &addresses.iter().map(add).collect::<String>());
    }

    pub fn join(&mut self, groups: &[&str]) {
        let pairs = groups.iter().flat_map(|group| DEVICES.iter().map(move |device| (device, group)));
        let pairs: Vec<_> = pairs.collect();
        self.host.as_mut().unwrap().ask(&serde_json::json!({ "join": pairs }));
    }

    pub fn forget_connections(&mut self) {
        self.host.as_mut().unwrap().ask(&serde_json::json!({ "forget": true }));
    }

    pub fn load(&self, text: &str) {
        run("ip", &["netns", "exec", &self.appliance, "nft", "-f", "-"], text);
    }

    fn list(&self, table: &str) -> serde_json::Value {
        let listed =
            run("ip", &["netns", "exec", &self.appliance, "nft", "-j", "list", "table", "inet", table], "");
        serde_json::from_str(&listed).unwrap()
    }

    /// Sends all of them, and waits until each has been seen to come in.
    pub fn send(&mut self, segments: &[(Way, Segment)]) -> Seen {
        let (mut by_host, mut by_wire, mut awaited) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (way, segment) in segments {
            let bytes = segment.bytes();
            match way {
                Way::Wire(device) => {
                    awaited.insert((Family::of(segment.from), segment.number));
                    by_wire.push((
                        "wire",
                        device.replace('e', "r"),
                        String::new(),
                        hex(&frame(device, &bytes)),
                    ));
                }
                Way::Host(device) => {
                    let device = device.unwrap_or_default().to_owned();
                    by_host.push(("host", device, segment.to.to_string(), hex(&bytes)));
                }
            }
        }
        self.host.as_mut().unwrap().ask(&serde_json::json!({ "send": by_host }));
        self.wire.as_mut().unwrap().ask(&serde_json::json!({ "send": by_wire }));
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.seen().arrived.is_superset(&awaited) {
            assert!(Instant::now() < deadline, "not all packets came in");
        }
        // What had come in was dealt with before the namespace was asked again.
        self.seen()
    }

    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for entry in self.list("witness")["nftables"].as_array().unwrap() {
            let Some(set) = entry.get("set") else { continue };
            let name = set["name"].as_str().unwrap();
            let family = if name.ends_with('4') { Family::V4 } else { Family::V6 };
            let numbers = set["elem"].as_array().into_iter().flatten();
            let numbers = numbers.filter_map(|number| Some((family, u16::try_from(number.as_u64()?).ok()?)));
            match name.trim_end_matches(['4', '6']) {
                "arrived" => seen.arrived.extend(numbers),
                "reached" => seen.reached.extend(numbers),
                _ => seen.passed.extend(numbers),
            }
        }
        seen
    }

    /// How many packets the first counter of each of our chains has counted.
    pub fn counters(&self) -> BTreeMap<String, u64> {
        let mut counters = BTreeMap::new();
        for entry in self.list("portcullis")["nftables"].as_array().unwrap() {
            let Some(rule) = entry.get("rule") else { continue };
            let first =
                rule["expr"].as_array().and_then(|expr| expr.first()).and_then(|first| first.get("counter"));
            if let Some(packets) = first.and_then(|counter| counter["packets"].as_u64()) {
                *counters.entry(rule["chain"].as_str().unwrap().to_owned()).or_default() += packets;
            }
        }
        counters
    }

    /// The witnesses: who came in, who came as far as our table, whom it let through. What the kernel sends by itself is kept
    /// out, so that each packet is one that we sent.
    pub fn place_witnesses(&self) {
        let mut text = String::from("table inet witness\ndelete table inet witness\ntable inet witness {\n");
        for name in ["arrived", "reached", "passed"] {
            for (digit, kind) in [('4', "ip id"), ('6', "ip6 flowlabel")] {
                text += &format!("set {name}{digit} {{\ntypeof {kind}\nsize 65535\nflags dynamic\n}}\n");
            }
        }
        let note = |name: &str| format!("add @{name}4 {{ ip id }}\nadd @{name}6 {{ ip6 flowlabel }}\n");
        text += &format!("chain come {{\ntype filter hook prerouting priority -500\n{}}}\n", note("arrived"));
        text += "chain own {\ntype filter hook output priority -500\nmeta mark != 1 drop\n}\n";
        for hook in ["input", "output", "forward"] {
            text += &format!(
                "chain before_{hook} {{\ntype filter hook {hook} priority -10\n{}}}\n",
                note("reached")
            );
            text += &format!(
                "chain after_{hook} {{\ntype filter hook {hook} priority 10\n{}ip id < {GOES_ON} drop\nip6 flowlabel < {GOES_ON} drop\n}}\n",
                note("passed")
            );
        }
        self.load(&(text + "}\n"));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for engine in [self.host.take(), self.wire.take()].into_iter().flatten() {
            let Engine { mut child, stdin, .. } = engine;
            drop(stdin);
            let _ = child.wait();
        }
        for namespace in [&self.appliance, &self.rest] {
            let _ = Command::new("ip").args(["netns", "del", namespace]).status();
        }
    }
}

impl Engine {
    fn new(namespace: &str) -> Self {
        let mut child = Command::new("ip")
            .args(["netns", "exec", namespace, "python3", "-c", include_str!("engine.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    fn ask(&mut self, what: &serde_json::Value) {
        writeln!(self.stdin, "{what}").unwrap();
        self.stdin.flush().unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "done", "the sender has failed");
    }
}

/// An Ethernet frame from the other end of an interface's wire.
fn frame(device: &str, packet: &[u8]) -> Vec<u8> {
    let index = device.as_bytes()[1] - b'0';
    let mut frame = vec![2, 0, 0, 0, 0, index, 2, 0, 0, 0, 1, index];
    frame.extend(if packet[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] });
    frame.extend(packet);
    frame
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
