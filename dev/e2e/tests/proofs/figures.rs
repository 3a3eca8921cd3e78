//! How much the appliance needs with many devices, idle and asked. `make bench` runs these at their full
//! size with the optimised program and holds them to their limits; otherwise they are a small slice.

use crate::lab_process::{LabProcess, Simulated, credential};
use crate::report::{section, wanted};
use anyhow::{Context as _, ensure};
use api::Client;
use api::device::{DeviceQuery, EditDevice, NewSweep};
use e2e::appliance::Appliance;
use e2e::operator::{Operator, Session};
use e2e::wait;
use model::{Device, Secret, Stage};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// For a thousand controllers to be found, taken over and read on two busy cores.
const PATIENCE: Duration = Duration::from_secs(1500);
/// The unit of the kernel's CPU times, `sysconf(_SC_CLK_TCK)`: 100 on every Linux that is met.
const TICKS: f64 = 100.0;

/// Whether figures are wanted, and so limits held.
pub fn is_bench() -> bool {
    std::env::var_os("PORTCULLIS_FIGURES").is_some()
}

/// Many controllers in a process of their own, and an appliance before them.
pub struct Hall {
    /// The controllers.
    pub lab: LabProcess,
    /// The appliance.
    pub appliance: Appliance,
    /// The administrator's program.
    pub admin: Client,
    session: Session,
    /// A program's way to the API, where its answers are timed.
    program: (ureq::Agent, Secret<String>),
}

impl Hall {
    /// So many controllers, all seen, named and labelled after their racks.
    fn seen(count: usize) -> anyhow::Result<Self> {
        Self::seen_with(count, &[])
    }

    /// The same with other options of `portcullis lab`.
    pub fn seen_with(count: usize, options: &[&str]) -> anyhow::Result<Self> {
        // The defaults, the minute between polls included: they are what is measured.
        Self::seen_by(count, options, |config| drop(config.remove("bmc")))
    }

    /// The same before an appliance that logs when a command has come to its controller's owner.
    pub fn seen_logged(count: usize, options: &[&str]) -> anyhow::Result<Self> {
        Self::seen_by(count, options, |config| {
            config.remove("bmc");
            let log = e2e::appliance::section(config, "log");
            log.insert("level".into(), "info,bmc::fleet=debug".into());
            log.insert("format".into(), "json".into());
        })
    }

    /// The same before an appliance that is quick to give a controller up.
    pub fn seen_hasty(count: usize) -> anyhow::Result<Self> {
        Self::seen_by(count, &[], |config| {
            let bmc = e2e::appliance::section(config, "bmc");
            for (key, seconds) in [("request_timeout", 3), ("connect_timeout", 3), ("inventory_timeout", 30)]
            {
                bmc.insert(key.into(), seconds.into());
            }
        })
    }

    fn seen_by(
        count: usize,
        options: &[&str],
        change: impl FnOnce(&mut toml::Table),
    ) -> anyhow::Result<Self> {
        let lab = LabProcess::start_with(count, options)?;
        let appliance = Appliance::with(change)?;
        let mut operator = Operator::enrol(&appliance)?;
        let (admin, session) = (operator.client(&appliance)?, operator.sign_in(&appliance)?);
        let program = (appliance.agent()?, session.token("viewer", "all")?);
        let hall = Self { lab, appliance, admin, session, program };
        let sweep = NewSweep {
            range: hall.lab.range(count),
            port: Some(hall.lab.port()),
            rate: Some(1000),
            near_only: false,
        };
        hall.admin.sweep(&sweep)?;
        wait::until("all are seen", PATIENCE, || Ok((hall.total("")? == count).then_some(())))?;
        hall.label()?;
        Ok(hall)
    }

    fn total(&self, filter: &str) -> anyhow::Result<usize> {
        let q = Some(filter.to_owned()).filter(|filter| !filter.is_empty());
        Ok(self.admin.devices(&DeviceQuery { q, limit: 1, ..DeviceQuery::default() })?.total)
    }

    /// Every device.
    pub fn devices(&self) -> anyhow::Result<Vec<Device>> {
        Ok(self.admin.devices(&DeviceQuery { limit: 5000, ..DeviceQuery::default() })?.devices)
    }

    fn label(&self) -> anyhow::Result<()> {
        let simulated = self.lab.all()?;
        let by_addr: BTreeMap<SocketAddr, &Simulated> = simulated.iter().map(|one| (one.addr, one)).collect();
        for device in self.devices()? {
            let one = by_addr.get(&device.endpoint.into()).context("a device that is not of the lab")?;
            let (rack, unit) = one.name.split_once('-').context("rack and unit")?;
            let labels = [("rack", rack), ("unit", unit), ("env", "production")];
            let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            self.admin
                .edit(&device.id.0, &EditDevice { name: Some(one.name.clone()), labels: Some(labels) })?;
        }
        Ok(())
    }

    /// Those that tell their serial number are adopted by rule, the others by hand; waits until each was read.
    pub fn adopt(&self, count: usize) -> anyhow::Result<()> {
        let simulated = self.lab.all()?;
        let entry = |one: &Simulated| {
            let credential = credential();
            json!({ "serial": one.serial, "username": credential.username, "password": credential.password.expose() })
        };
        for some in simulated.chunks(200) {
            self.admin.import_credentials(&some.iter().map(entry).collect())?;
        }
        let seen = |device: &Device| device.stage == Stage::Seen && device.identity.serial.is_none();
        let by_hand: Vec<Device> = self.devices()?.into_iter().filter(seen).collect();
        thread::scope(|scope| {
            // Each waits for its own controller most of the time.
            let share = by_hand.len().div_ceil(if is_bench() { 64 } else { 4 }).max(1);
            let by_hand = by_hand.chunks(share).map(|some| {
                scope.spawn(|| {
                    some.iter().try_for_each(|device| {
                        let print = device.presented.as_ref().map(|certificate| certificate.fingerprint);
                        self.admin.adopt(&device.id.0, &credential(), print).with_context(|| device.subject())
                    })
                })
            });
            let workers: Vec<_> = by_hand.collect();
            workers.into_iter().try_for_each(|worker| worker.join().ok().context("a worker panicked")?)
        })?;
        wait::until("all are adopted", PATIENCE, || {
            thread::sleep(Duration::from_millis(500));
            Ok((self.total("stage:in_service")? == count).then_some(()))
        })?;
        wait::until("all are read", PATIENCE, || {
            thread::sleep(Duration::from_millis(500));
            let all = self.devices()?;
            Ok(all
                .iter()
                .all(|device| device.state.read_at.is_some() && !device.resets.is_empty())
                .then_some(()))
        })
    }

    /// The appliance's process.
    pub fn process(&self) -> anyhow::Result<Process> {
        Process::read(self.appliance.pid().context("it does not run")?)
    }
}

/// What the kernel says of a process.
pub struct Process {
    at: Instant,
    /// Bytes of memory that it has.
    pub resident: u64,
    /// The most that it ever had.
    pub peak: u64,
    /// Of all cores together.
    pub cpu_seconds: f64,
}

impl Process {
    /// A process by its number.
    pub fn read(pid: u32) -> anyhow::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context(name.to_owned())?;
            let number = line.trim_start_matches(':').trim().trim_end_matches(" kB");
            Ok::<u64, anyhow::Error>(number.parse::<u64>()? * 1024)
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> = stat.rsplit_once(')').context("stat")?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).context("stat");
        let cpu_seconds = (ticks(11)? + ticks(12)?) / TICKS;
        Ok(Self { at: Instant::now(), resident: kib("VmRSS")?, peak: kib("VmHWM")?, cpu_seconds })
    }
}

/// In millions of bytes.
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[test]
fn figures_idle() -> anyhow::Result<()> {
    let count = wanted("PORTCULLIS_BENCH_DEVICES", if is_bench() { 1000 } else { 20 });
    let seconds = wanted("PORTCULLIS_BENCH_IDLE_SECONDS", if is_bench() { 180 } else { 3 }) as u64;
    let hall = Hall::seen(count)?;
    let began = Instant::now();
    hall.adopt(count)?;
    let taken_over = began.elapsed();
    if is_bench() {
        // A poll of each, so that what the taking over needed is over.
        thread::sleep(Duration::from_secs(70));
    }
    let before = hall.process()?;
    thread::sleep(Duration::from_secs(seconds));
    let after = hall.process()?;
    let share = (after.cpu_seconds - before.cpu_seconds) / after.at.duration_since(before.at).as_secs_f64();
    let mut text = String::from("| idle with adopted devices | figure |\n|---|---|\n");
    writeln!(text, "| devices, each polled once a minute in a session that stays open | {count} |")?;
    writeln!(text, "| resident memory after {seconds} s | {:.1} MB |", megabytes(after.resident))?;
    writeln!(
        text,
        "| resident memory, most ever (while {count} were taken over in {} s) | {:.1} MB |",
        taken_over.as_secs(),
        megabytes(after.peak)
    )?;
    writeln!(text, "| CPU over these {seconds} s, of one core | {:.2} % |", share * 100.0)?;
    section("idle", &text)?;
    if is_bench() {
        ensure!(after.resident < 120_000_000, "{:.1} MB resident", megabytes(after.resident));
        ensure!(share < 0.02, "{:.2} % of a core", share * 100.0);
    }
    Ok(())
}

/// How long an answer took to begin, and how long it is.
struct Timed {
    first_byte: Duration,
    bytes: usize,
}

impl Hall {
    fn time(&self, path: &str, times: usize) -> anyhow::Result<(Duration, Duration, usize)> {
        let mut all = Vec::with_capacity(times);
        self.once(path)?;
        for _ in 0..times {
            all.push(self.once(path)?);
        }
        all.sort_by_key(|timed| timed.first_byte);
        let at = |percent: usize| {
            let timed = all.get(((all.len() - 1) * percent).div_ceil(100)).context("nothing was timed")?;
            Ok::<_, anyhow::Error>(timed.first_byte)
        };
        Ok((at(50)?, at(99)?, all.iter().map(|timed| timed.bytes).max().unwrap_or_default()))
    }

    fn once(&self, path: &str) -> anyhow::Result<Timed> {
        let began = Instant::now();
        let mut answer = if path.starts_with("/api/") {
            let (agent, token) = &self.program;
            let bearer = format!("Bearer {}", token.expose());
            agent.get(self.appliance.at(path)).header("authorization", bearer).call()?
        } else {
            self.session.ask(path)?
        };
        let first_byte = began.elapsed();
        ensure!(answer.status() == 200, "{path} was answered with {}", answer.status());
        let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec()?.len();
        Ok(Timed { first_byte, bytes })
    }
}

#[test]
fn figures_fleet() -> anyhow::Result<()> {
    let count = wanted("PORTCULLIS_BENCH_FLEET", if is_bench() { 5000 } else { 60 });
    let times = if is_bench() { 50 } else { 5 };
    let hall = Hall::seen(count)?;
    let rack = if count > 500 { "r17" } else { "r2" };
    let paths = [
        ("fleet page", "/".to_owned()),
        ("fleet page, filtered by words", format!("/?q={rack}")),
        ("fleet page, filtered by state and sorted", "/?q=stage:seen&sort=health&desc=true".to_owned()),
        ("racks", "/racks".to_owned()),
        ("API: 500 devices", "/api/v1/devices".to_owned()),
    ];
    let mut text = format!(
        "| {count} devices, {times} requests each, one kept connection | first byte, median | 99th percentile | size |\n|---|---|---|---|\n"
    );
    let mut slow = Vec::new();
    for (name, path) in paths {
        let (median, most, bytes) = hall.time(&path, times)?;
        writeln!(
            text,
            "| {name} | {:.1} ms | {:.1} ms | {:.1} kB |",
            median.as_secs_f64() * 1e3,
            most.as_secs_f64() * 1e3,
            bytes as f64 / 1e3
        )?;
        if name.starts_with("fleet") {
            ensure!(bytes < 300_000, "{name} is {bytes} bytes long");
            if most > Duration::from_millis(100) {
                slow.push(name);
            }
        }
    }
    writeln!(
        text,
        "\nResident memory with {count} devices that were seen: {:.1} MB.",
        megabytes(hall.process()?.resident)
    )?;
    section("fleet", &text)?;
    ensure!(!is_bench() || slow.is_empty(), "slower than 100 ms: {slow:?}");
    Ok(())
}
