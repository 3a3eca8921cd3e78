//! How long a full reading of a whole fleet takes, what it needs, and what sick controllers do to the others.

use crate::figures::{Hall, Process, is_bench, megabytes};
use crate::report::{section, wanted};
use anyhow::{Context as _, ensure};
use api::device::{Job, NewJob};
use e2e::{peers, program, wait};
use model::job::{Act, Item, Outcome, Pacing, State};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// For a fleet to be read.
const PATIENCE: Duration = Duration::from_secs(900);
/// So many controllers are read by the peer; what it needs grows with their number.
const BY_PEER: usize = 10;

/// Reads all of the devices once, all at the same time; comes back with the job when it has ended.
fn read_all(hall: &Hall, devices: Vec<String>) -> anyhow::Result<Job> {
    let pacing = Pacing { at_once: 5000, stop_percent: 0, ..Pacing::default() };
    let job = hall.admin.start_job(&NewJob { devices, act: Act::Refresh, pacing: Some(pacing) })?.job;
    wait::until("all are read", PATIENCE, || {
        thread::sleep(Duration::from_millis(200));
        let running = hall.admin.jobs()?.into_iter().find(|one| one.id == job).context("no such job")?;
        Ok((running.state != State::Running).then_some(()))
    })?;
    Ok(hall.admin.job(job)?)
}

/// From the job's start to the end of the last of these items.
fn seconds<'a>(job: &Job, items: impl Iterator<Item = &'a Item>) -> anyhow::Result<f64> {
    let last = items.filter_map(|item| item.ended_at).max().context("nothing ended")?;
    Ok(last.duration_since(job.summary.began_at).as_secs_f64())
}

fn ids(hall: &Hall) -> anyhow::Result<Vec<String>> {
    Ok(hall.devices()?.into_iter().map(|device| device.id.0).collect())
}

/// The kernel's mark of the most memory is set back to what is used now.
fn forget_peak(process: u32) -> anyhow::Result<()> {
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").context("set the peak back")
}

#[test]
fn figures_readings() -> anyhow::Result<()> {
    let count = wanted("PORTCULLIS_BENCH_READINGS", if is_bench() { 1000 } else { 12 });
    let latency = if is_bench() { "200" } else { "5" };
    let hall = Hall::seen_with(count, &["--latency", latency, "--log", "400"])?;
    hall.adopt(count)?;
    let pid = hall.appliance.pid().context("it does not run")?;
    forget_peak(pid)?;
    hall.lab.tell("POST", "/forget")?;
    let (before, lab_before) = (hall.process()?, Process::read(hall.lab.pid())?);
    let job = read_all(&hall, ids(&hall)?)?;
    let (after, lab_after) = (hall.process()?, Process::read(hall.lab.pid())?);
    ensure!(job.summary.failed == 0, "{} of {count} were not read", job.summary.failed);
    let took = seconds(&job, job.items.iter())?;
    let own = (after.cpu_seconds - before.cpu_seconds) / count as f64;
    let peer = by_peer(&hall)?;
    let mut text = format!(
        "| {count} simulated controllers that answer after {latency} ms, read in full | figure |\n|---|---|\n"
    );
    writeln!(text, "| all of them, two cores, the simulation included | {took:.1} s |")?;
    writeln!(text, "| resident memory, most ever | {:.1} MB |", megabytes(after.peak))?;
    writeln!(text, "| CPU of the appliance, a controller | {:.1} ms |", own * 1e3)?;
    writeln!(
        text,
        "| CPU of the simulation, a controller | {:.1} ms |",
        (lab_after.cpu_seconds - lab_before.cpu_seconds) / count as f64 * 1e3
    )?;
    match &peer {
        Some(peer) => {
            writeln!(
                text,
                "| CPU of Python's `redfish` {} for the same {} requests, a controller | {:.1} ms |",
                peer.version,
                peer.requests,
                peer.cpu * 1e3
            )?;
            writeln!(text, "| the appliance needs of that | {:.1} % |", own / peer.cpu * 100.0)?;
        }
        None => println!("SKIPPED the comparison with Python's redfish: it is not installed"),
    }
    section("readings", &text)?;
    if is_bench() {
        ensure!(took < 90.0, "{took:.1} s");
        ensure!(after.peak < 200_000_000, "{:.1} MB", megabytes(after.peak));
        ensure!(peer.is_none_or(|peer| own < peer.cpu / 10.0), "more than a tenth of the peer's CPU");
    }
    Ok(())
}

/// What the peer needed.
struct Peer {
    version: String,
    requests: usize,
    /// Seconds of CPU for one controller.
    cpu: f64,
}

/// Lets Python's `redfish` ask some controllers what the appliance has asked them, one after the other.
fn by_peer(hall: &Hall) -> anyhow::Result<Option<Peer>> {
    let Some(python) = peers::find("python3") else { return Ok(None) };
    let folder = tempfile::tempdir()?;
    let simulated = hall.lab.all()?;
    let mut wanted = Vec::new();
    for one in simulated.iter().take(BY_PEER) {
        let asked = hall.lab.tell("GET", &format!("/log?at={}", one.name))?;
        let lines = asked.pointer("/0/requests").and_then(|lines| lines.as_array()).context("no log")?;
        let paths: Vec<&str> = lines
            .iter()
            .filter(|line| line.get("method").and_then(|it| it.as_str()) == Some("GET"))
            .filter_map(|line| line.get("target").and_then(|it| it.as_str()))
            .collect();
        wanted.push(serde_json::json!({ "url": format!("https://{}", one.addr), "paths": paths }));
    }
    let (user, password) = crate::lab_process::ACCOUNT;
    let task = serde_json::json!({ "user": user, "password": password, "controllers": wanted });
    let file = folder.path().join("task.json");
    std::fs::write(&file, task.to_string())?;
    let script = program::root().join("dev/e2e/tests/proofs/readings_peer.py");
    let output = peer(&python, &script, &file).output().context("run the peer")?;
    if output.status.code() == Some(77) {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the peer failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_str(&said).context("what the peer said")?;
    let number = |name: &str| said.get(name).and_then(serde_json::Value::as_f64).context(name.to_owned());
    Ok(Some(Peer {
        version: said.get("version").and_then(|it| it.as_str()).unwrap_or_default().to_owned(),
        requests: number("requests")? as usize,
        cpu: number("cpu_seconds")?,
    }))
}

fn peer(python: &Path, script: &Path, task: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(script).arg(task);
    for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    command
}

/// A tenth of the fleet hangs or answers after 20 s: the others are read as quickly as without them.
#[test]
fn figures_sick() -> anyhow::Result<()> {
    let count = wanted("PORTCULLIS_BENCH_SICK", if is_bench() { 500 } else { 20 });
    let latency = if is_bench() { "200" } else { "50" };
    let hall = Hall::seen_with(count, &["--latency", latency])?;
    hall.adopt(count)?;
    let simulated = hall.lab.all()?;
    let sick: HashSet<_> = simulated.iter().step_by(10).map(|one| one.addr).collect();
    let devices = hall.devices()?;
    let healthy: HashSet<_> = devices
        .iter()
        .filter(|device| !sick.contains(&device.endpoint.into()))
        .map(|device| device.id.clone())
        .collect();
    let of_healthy = |item: &&Item| healthy.contains(&item.device);
    let well = read_all(&hall, ids(&hall)?)?;
    let without = seconds(&well, well.items.iter().filter(of_healthy))?;
    for (at, one) in simulated.iter().step_by(10).enumerate() {
        let kind = if at % 2 == 0 { "hang" } else { "slow=20000" };
        hall.lab.tell("POST", &format!("/fault?at={}&kind={kind}", one.name))?;
    }
    let pacing = Pacing { at_once: 5000, stop_percent: 0, ..Pacing::default() };
    let job =
        hall.admin.start_job(&NewJob { devices: ids(&hall)?, act: Act::Refresh, pacing: Some(pacing) })?.job;
    let done = wait::until("the healthy ones are read", PATIENCE, || {
        thread::sleep(Duration::from_millis(100));
        let job = hall.admin.job(job)?;
        let all = job.items.iter().filter(of_healthy).all(|item| item.outcome.has_ended());
        Ok(all.then_some(job))
    })?;
    let failed = done.items.iter().filter(of_healthy).filter(|item| item.outcome != Outcome::Done).count();
    ensure!(failed == 0, "{failed} healthy ones were not read");
    let with = seconds(&done, done.items.iter().filter(of_healthy))?;
    hall.admin.stop_job(job)?;
    let mut text = format!(
        "| {count} simulated controllers that answer after {latency} ms, a full reading of the healthy ones | figure |\n|---|---|\n"
    );
    writeln!(text, "| all are healthy | {without:.2} s |")?;
    writeln!(text, "| every tenth hangs or answers after 20 s | {with:.2} s |")?;
    writeln!(text, "| the healthy ones later by | {:.1} % |", (with / without - 1.0) * 100.0)?;
    section("sick", &text)?;
    ensure!(!is_bench() || with < without * 1.05, "{with:.2} s instead of {without:.2} s");
    Ok(())
}

/// Captured trees at the captured makers' own latencies.
#[test]
fn figures_many() -> anyhow::Result<()> {
    let count = wanted("PORTCULLIS_BENCH_MANY", if is_bench() { 5000 } else { 8 });
    let Some(trees) = trees() else {
        println!("SKIPPED figures_many: ../shared/cases is not there");
        return Ok(());
    };
    let mut options = vec!["--latency", if is_bench() { "real" } else { "5" }];
    for tree in &trees {
        options.extend(["--replay", tree]);
    }
    let hall = Hall::seen_with(count, &options)?;
    hall.adopt(count)?;
    forget_peak(hall.appliance.pid().context("it does not run")?)?;
    let job = read_all(&hall, ids(&hall)?)?;
    ensure!(job.summary.failed == 0, "{} of {count} were not read", job.summary.failed);
    let took = seconds(&job, job.items.iter())?;
    let mut text = format!(
        "| {count} controllers that replay captured trees (Dell, HPE, Lenovo, Supermicro) at those makers' latencies, read in full | figure |\n|---|---|\n"
    );
    writeln!(text, "| all of them, two cores, the simulation included | {took:.1} s |")?;
    writeln!(text, "| resident memory, most ever | {:.1} MB |", megabytes(hall.process()?.peak))?;
    section("many", &text)?;
    ensure!(!is_bench() || took < 300.0, "{took:.1} s");
    Ok(())
}

fn trees() -> Option<Vec<String>> {
    let shared =
        std::env::var_os("PORTCULLIS_SHARED").map_or_else(|| program::root().join("../shared"), Into::into);
    let of = |maker: &str| Path::new(&shared).join(format!("cases/redfish-{maker}.tar.gz"));
    let all = ["dell", "hpe", "lenovo", "supermicro"].map(of);
    all.iter().all(|tree| tree.is_file()).then(|| all.iter().map(|tree| tree.display().to_string()).collect())
}
