//! A sweep of a whole /16 in which almost nobody is: in network namespaces of its own, so that empty addresses drop
//! packets as they do in a management network, and nothing else is on the wire.
//!
//! The test runs itself once more inside the namespace of the appliance. `make prove` takes a /16 with a thousand
//! controllers; otherwise it is a small slice. Both need root and `ip` (iproute2).

use crate::figures::Process;
use crate::report::{section, wanted};
use anyhow::{Context as _, bail, ensure};
use api::Client;
use api::device::{DeviceQuery, NewSweep, Sweep};
use e2e::appliance::{Appliance, section as table};
use e2e::operator::Operator;
use e2e::rack::Rack;
use e2e::{peers, program, wait};
use lab::LabConfig;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const NAME: &str = "sweep::a_range_in_which_almost_nobody_is";
/// Tells the test that it runs inside the namespace, between which it was started.
const INSIDE: &str = "PORTCULLIS_PROOF_INSIDE";
/// The first controller behind a router; the range is the network around it.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 10);
/// The first controller on the appliance's own wire, of so many, and their network.
const NEAR: Ipv4Addr = Ipv4Addr::new(10, 78, 3, 10);
const NEAR_COUNT: usize = 20;
const NEAR_RANGE: &str = "10.78.0.0/22";
const PORT: u16 = 443;
const PATIENCE: Duration = Duration::from_secs(300);

/// The size of the proof.
struct Size {
    prefix: usize,
    controllers: usize,
    /// For the measured pace: addresses a second, and for how long.
    pace: usize,
    seconds: usize,
}

impl Size {
    fn wanted() -> Self {
        Self {
            prefix: wanted("PORTCULLIS_PROVE_SWEEP_PREFIX", 21),
            controllers: wanted("PORTCULLIS_PROVE_SWEEP_CONTROLLERS", 30),
            pace: wanted("PORTCULLIS_PROVE_SWEEP_PACE", 400),
            seconds: wanted("PORTCULLIS_PROVE_SWEEP_SECONDS", 3),
        }
    }

    /// Whether it is the size for which there is a limit.
    const fn is_whole(&self) -> bool {
        self.prefix == 16
    }

    fn range(&self) -> String {
        format!("10.77.0.0/{}", self.prefix)
    }
}

/// Two namespaces and a wire between them; removed when this is dropped.
struct Network {
    appliance: String,
    hall: String,
}

impl Network {
    fn new() -> anyhow::Result<Self> {
        let id = std::process::id();
        let network = Self { appliance: format!("pcswa-{id}"), hall: format!("pcswb-{id}") };
        network.ip(&["netns", "add", &network.appliance])?;
        network.ip(&["netns", "add", &network.hall])?;
        let (a, b) = (network.appliance.as_str(), network.hall.as_str());
        network
            .ip(&["link", "add", "wire", "netns", a, "type", "veth", "peer", "name", "wire", "netns", b])?;
        for (name, address) in [(a, "10.76.0.1/30"), (b, "10.76.0.2/30")] {
            network.ip(&["-n", name, "address", "add", address, "dev", "wire"])?;
            network.ip(&["-n", name, "link", "set", "lo", "up"])?;
            network.ip(&["-n", name, "link", "set", "wire", "up"])?;
        }
        network.ip(&["-n", a, "route", "add", "10.77.0.0/16", "via", "10.76.0.2"])?;
        network.ip(&["-n", a, "address", "add", "10.78.0.1/22", "dev", "wire"])?;
        network.ip(&["-n", b, "route", "add", "10.78.0.1/32", "dev", "wire"])?;
        Ok(network)
    }

    fn ip(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let output = Command::new("ip").args(arguments).output().context("run ip")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "ip {}: {}", arguments.join(" "), said.trim());
        Ok(output)
    }

    /// A command inside one of the namespaces.
    fn within(&self, namespace: &str, program: &std::path::Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(program);
        command
    }

    /// Controllers stand at these addresses. At every other one packets are dropped: nothing forwards them, and who
    /// does not forward says nothing (`net.ipv4.ip_forward` is off).
    fn furnish(&self, first: Ipv4Addr, controllers: usize) -> anyhow::Result<()> {
        let off = "echo 0 >/proc/sys/net/ipv4/ip_forward";
        let mut shell = self.within(&self.hall, "sh".as_ref());
        ensure!(shell.args(["-c", off]).status()?.success(), "forwarding cannot be switched off");
        let plan = LabConfig { count: controllers, first_addr: first, port: PORT, ..LabConfig::default() };
        let mut batch = Command::new("ip")
            .args(["-n", &self.hall, "-batch", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .context("run ip")?;
        let mut lines = String::new();
        for unit in lab::unit::plan(&plan) {
            writeln!(lines, "route add local {}/32 dev lo", unit.addr.ip())?;
        }
        batch.stdin.take().context("stdin")?.write_all(lines.as_bytes())?;
        ensure!(batch.wait()?.success(), "the controllers' addresses cannot be set");
        Ok(())
    }

    fn lab(&self, first: Ipv4Addr, controllers: usize) -> anyhow::Result<Running> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let mut command = self.within(&self.hall, &program::path()?);
        command.args(["lab", "--count", &controllers.to_string(), "--port", &PORT.to_string()]);
        command.args(["--first-addr", &first.to_string()]);
        let file = fs::File::create(&log)?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        let mut lab = Running(child);
        wait::until("the lab listens", PATIENCE, || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            ensure!(lab.0.try_wait()?.is_none(), "the lab has ended: {said}");
            Ok((said.lines().count() >= controllers).then_some(()))
        })?;
        Ok(lab)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in [&self.appliance, &self.hall] {
            drop(Command::new("ip").args(["netns", "delete", name]).output());
        }
    }
}

/// A process that is killed when this is dropped. `ip netns exec` becomes the program, so the identifier is its own.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[test]
fn a_range_in_which_almost_nobody_is() -> anyhow::Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return inside(&Size::wanted());
    }
    if peers::find("ip").is_none() {
        peers::missing(NAME, "ip (iproute2)");
        return Ok(());
    }
    let network = match Network::new() {
        Ok(network) => network,
        Err(error) => {
            println!("SKIPPED {NAME}: network namespaces cannot be made here: {error:#}");
            return Ok(());
        }
    };
    let size = Size::wanted();
    network.furnish(FIRST, size.controllers)?;
    network.furnish(NEAR, NEAR_COUNT)?;
    let _labs = (network.lab(FIRST, size.controllers)?, network.lab(NEAR, NEAR_COUNT)?);
    let mut itself = network.within(&network.appliance, &std::env::current_exe()?);
    let status = itself.args(["--exact", NAME, "--nocapture"]).env(INSIDE, "1").status()?;
    ensure!(status.success(), "inside the namespace it ended with {status}");
    Ok(())
}

struct Site {
    appliance: Appliance,
    admin: Client,
}

impl Site {
    fn new() -> anyhow::Result<Self> {
        let appliance = Appliance::with(|config| {
            let bmc = table(config, "bmc");
            bmc.insert("sweep_sockets".into(), 2000.into());
            bmc.insert("sweep_connect_timeout_ms".into(), 500.into());
        })?;
        let admin = Operator::enrol(&appliance)?.client(&appliance)?;
        Ok(Self { appliance, admin })
    }

    fn sweep(&self, range: &str, rate: usize) -> anyhow::Result<u64> {
        let rate = Some(u32::try_from(rate)?);
        Ok(self
            .admin
            .sweep(&NewSweep { range: range.into(), port: Some(PORT), rate, near_only: false })?
            .sweep)
    }

    fn state(&self, number: u64) -> anyhow::Result<Option<Sweep>> {
        Ok(self.admin.sweeps()?.into_iter().find(|sweep| sweep.sweep == number))
    }

    fn until_ended(&self, number: u64) -> anyhow::Result<Sweep> {
        wait::until("the sweep has ended", PATIENCE, || {
            thread::sleep(Duration::from_millis(20));
            Ok(self.state(number)?.filter(|sweep| sweep.ended))
        })
    }

    fn process(&self) -> anyhow::Result<Process> {
        Process::read(self.appliance.pid().context("it does not run")?)
    }
}

/// How many packets have left over the wire; while nothing answers, that is one for each address.
fn sent() -> anyhow::Result<u64> {
    let table = fs::read_to_string("/proc/self/net/dev")?;
    let line = table.lines().find_map(|line| line.trim().strip_prefix("wire:")).context("no wire")?;
    // Eight numbers about what came, then bytes and packets that went.
    Ok(line.split_ascii_whitespace().nth(9).context("/proc/net/dev")?.parse()?)
}

fn inside(size: &Size) -> anyhow::Result<()> {
    let site = Site::new()?;
    let before = site.process()?;
    let began = Instant::now();
    // As fast as the places let.
    let number = site.sweep(&size.range(), 10_000)?;
    let ended = site.until_ended(number)?;
    let took = began.elapsed();
    let after = site.process()?;
    let total = (1_u64 << (32 - size.prefix)) - 2;
    ensure!((ended.asked, ended.total) == (total, total), "asked {} of {total}", ended.asked);
    let found = usize::try_from(ended.found)?;
    ensure!(found == size.controllers, "{found} controllers answered, not {}", size.controllers);
    let devices = site.admin.devices(&DeviceQuery { limit: 1, ..DeviceQuery::default() })?.total;
    ensure!(devices == size.controllers, "{devices} are in the book");

    let mut text = String::from("| a sweep of addresses of which most drop packets | figure |\n|---|---|\n");
    writeln!(text, "| addresses, time-out 500 ms, 2,000 places | {total} |")?;
    writeln!(text, "| controllers that answered, of as many | {found} |")?;
    writeln!(text, "| seconds, whole | {:.2} |", took.as_secs_f64())?;
    let least = (total - ended.found) as f64 * 0.5 / 2000.0;
    writeln!(text, "| seconds that waiting alone takes | {least:.2} |")?;
    writeln!(text, "| CPU of the appliance, seconds | {:.2} |", after.cpu_seconds - before.cpu_seconds)?;
    writeln!(text, "| resident memory of the appliance, most | {:.1} MB |", after.peak as f64 / 1e6)?;
    let pace = paced(&site, size)?;
    writeln!(
        text,
        "| a set pace of {} a second, measured on the wire over {} s | {:.1} a second ({:+.2} %) |",
        size.pace,
        size.seconds,
        pace,
        (pace / size.pace as f64 - 1.0) * 100.0
    )?;
    near(&site, &mut text)?;
    section("sweep", &text)?;
    if size.is_whole() {
        ensure!(took < Duration::from_secs(20), "the whole range took {took:?}");
    }
    ensure!((pace / size.pace as f64 - 1.0).abs() < 0.05, "the pace is {pace:.1}, not {}", size.pace);
    Ok(())
}

/// A sweep at a set pace over addresses where nobody is; how many a second left, counted on the wire.
fn paced(site: &Site, size: &Size) -> anyhow::Result<f64> {
    let number = site.sweep("10.77.128.0/17", size.pace)?;
    // The first half second begins; the sweep goes on for longer than is measured.
    thread::sleep(Duration::from_millis(700));
    let (from, began) = (sent()?, Instant::now());
    thread::sleep(Duration::from_secs(size.seconds as u64));
    let (to, took) = (sent()?, began.elapsed());
    if site.state(number)?.is_none_or(|sweep| sweep.ended) {
        bail!("the sweep ended before it was measured");
    }
    site.admin.stop_sweep(number)?;
    Ok((to - from) as f64 / took.as_secs_f64())
}

/// A sweep of the appliance's own wire: each address takes an entry of the kernel's neighbour table, which has room for
/// 1024 unless somebody changed it, and this range alone has 1022.
fn near(site: &Site, text: &mut String) -> anyhow::Result<()> {
    let number = site.sweep(NEAR_RANGE, 10_000)?;
    let began = Instant::now();
    let mut most = 0;
    let ended = wait::until("the sweep has ended", PATIENCE, || {
        let table = Command::new("ip").args(["-4", "neighbour", "show", "nud", "incomplete"]).output()?;
        most = most.max(String::from_utf8_lossy(&table.stdout).lines().count());
        Ok(site.state(number)?.filter(|sweep| sweep.ended))
    })?;
    let took = began.elapsed().as_secs_f64();
    ensure!(
        (ended.asked, ended.found) == (1022, NEAR_COUNT as u64),
        "{} of {} answered",
        ended.found,
        ended.asked
    );
    ensure!(most < 600, "{most} entries of the neighbour table were unresolved at the same time");
    writeln!(
        text,
        "| the appliance's own wire, 1022 addresses, {NEAR_COUNT} answered: seconds | {took:.2} |"
    )?;
    writeln!(text, "| entries of the neighbour table unresolved at the same time, most | {most} |")?;
    let devices = site.admin.devices(&DeviceQuery { limit: 5000, ..DeviceQuery::default() })?.devices;
    let near = devices.iter().filter(|device| device.endpoint.addr.to_string().starts_with("10.78."));
    ensure!(near.clone().count() == NEAR_COUNT && near.clone().all(|device| device.identity.macs.len() == 1));
    Ok(())
}

#[test]
fn a_killed_sweep_is_listed_as_unfinished_and_goes_on() -> anyhow::Result<()> {
    let rack = Rack::start(3)?;
    let mut appliance = Appliance::fresh()?;
    let mut operator = Operator::enrol(&appliance)?;
    let admin = operator.client(&appliance)?;
    let new = NewSweep { range: rack.range(), port: Some(rack.port()), rate: Some(40), near_only: false };
    let number = admin.sweep(&new)?.sweep;
    wait::until("the sweep is under way", PATIENCE, || {
        let sweep = admin.sweeps()?.into_iter().find(|sweep| sweep.sweep == number);
        Ok(sweep.filter(|sweep| sweep.asked > 0 && !sweep.ended && !sweep.unfinished))
    })?;
    appliance.kill9()?;
    appliance.start()?;
    let left = admin.sweeps()?;
    let [sweep] = left.as_slice() else { bail!("not one sweep is listed: {left:?}") };
    ensure!((sweep.sweep, sweep.ended, sweep.unfinished) == (number, true, true), "{sweep:?}");
    ensure!(sweep.range.as_deref() == Some(rack.range().as_str()) && sweep.rate == 40, "{sweep:?}");

    let token = appliance.scratch().join("token");
    fs::write(&token, operator.sign_in(&appliance)?.token("administrator", "all")?.expose())?;
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600))?;
    let resume = || -> anyhow::Result<String> {
        let mut verb = appliance.verb(&["device", "discover", "--resume"])?;
        let output = verb.env("PORTCULLIS_TOKEN_FILE", &token).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let said = resume()?;
    ensure!(said.starts_with(&format!("sweep {number}: ")) && said.ends_with(", 3 controllers"), "{said:?}");
    let after = admin.sweeps()?;
    ensure!(after.len() == 1 && !after.iter().any(|sweep| sweep.unfinished), "{after:?}");
    let devices = admin.devices(&DeviceQuery { limit: 1, ..DeviceQuery::default() })?.total;
    ensure!(devices == 3, "{devices} devices were found");
    ensure!(resume()? == "no sweep is unfinished");
    Ok(())
}
