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
use e2e::{peers, program, wait};
use lab::LabConfig;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const NAME: &str = "sweep::a_range_in_which_almost_nobody_is";
/// Tells the test that it runs inside the namespace, between which it was started.
const INSIDE: &str = "PORTCULLIS_PROOF_INSIDE";
/// The first controller; the range is the network around it.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 10);
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
    fn furnish(&self, controllers: usize) -> anyhow::Result<()> {
        let off = "echo 0 >/proc/sys/net/ipv4/ip_forward";
        let mut shell = self.within(&self.hall, "sh".as_ref());
        ensure!(shell.args(["-c", off]).status()?.success(), "forwarding cannot be switched off");
        let plan = LabConfig { count: controllers, first_addr: FIRST, port: PORT, ..LabConfig::default() };
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

    fn lab(&self, controllers: usize) -> anyhow::Result<Running> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let mut command = self.within(&self.hall, &program::path()?);
        command.args(["lab", "--count", &controllers.to_string(), "--port", &PORT.to_string()]);
        command.args(["--first-addr", &FIRST.to_string()]);
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
    network.furnish(size.controllers)?;
    let _lab = network.lab(size.controllers)?;
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
        Ok(self.admin.sweep(&NewSweep { range: range.into(), port: Some(PORT), rate })?.sweep)
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
