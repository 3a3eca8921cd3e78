//! How soon a power command is sent to a controller that is being read in full: nothing goes before it but what was in
//! flight when it came.

use crate::figures::{Hall, is_bench};
use crate::report::{section, wanted};
use anyhow::{Context as _, ensure};
use api::device::NewJob;
use e2e::wait;
use jiff::Timestamp;
use lab::random::Dice;
use model::device::{Power, Reset};
use model::job::{Act, Pacing, State};
use model::{Clock, Device, SystemClock};
use serde_json::Value;
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

/// For a fleet to be read, and its servers to be switched.
const PATIENCE: Duration = Duration::from_secs(600);

/// A request as the controller saw it; times in seconds before it was asked for them.
struct Line {
    began: f64,
    ended: f64,
    get: bool,
    target: String,
}

/// One command, given while its controller was being read.
#[derive(Clone, Copy)]
struct Sample {
    /// Requests that were sent after the command had come and before it.
    before: usize,
    /// Requests that were in flight when it came, and were waited for.
    waited_for: usize,
    /// From the call of the API to the command's first request at the controller, in seconds.
    first: f64,
    /// From the owner's taking it to its first request at the controller.
    own: f64,
    /// From the call of the API to the command itself at the controller.
    post: f64,
}

/// A command as it was given.
struct Given {
    id: String,
    device: String,
    called: Timestamp,
}

/// When the owner of a controller took the last command for it, as the appliance's log says.
fn came_at(hall: &Hall, id: &str) -> anyhow::Result<Timestamp> {
    let log = hall.appliance.log();
    let came = log.lines().rev().filter(|line| line.contains("a command has come"));
    let mut came = came.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = came.find(|line| line.get("device").and_then(Value::as_str) == Some(id));
    let line = line.context("the log does not say that the command came")?;
    let at = line.get("timestamp").and_then(Value::as_str).context("a log line without a time")?;
    Ok(at.parse()?)
}

fn seconds_before(at: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(at).as_secs_f64()
}

/// What a controller was sent, oldest first, and when that was asked for.
fn lines(hall: &Hall, name: &str) -> anyhow::Result<(Vec<Line>, Timestamp)> {
    let before = SystemClock.now();
    let answer = hall.lab.tell("GET", &format!("/log?at={name}"))?;
    let took = SystemClock.now().duration_since(before) / 2;
    let now = before.checked_add(took)?;
    let all = answer.pointer("/0/requests").and_then(Value::as_array).context("no log")?;
    let line = |line: &Value| {
        let began = line.get("began_seconds_ago").and_then(Value::as_f64)?;
        let took = line.get("took_seconds").and_then(Value::as_f64);
        let text = |key: &str| line.get(key).and_then(Value::as_str);
        let ended = took.map_or(0.0, |took| began - took);
        Some(Line { began, ended, get: text("method")? == "GET", target: text("target")?.to_owned() })
    };
    Ok((all.iter().filter_map(line).collect(), now))
}

/// How a command fared; nothing where the reading had ended before it came.
fn sample(hall: &Hall, given: &Given) -> anyhow::Result<Option<Sample>> {
    let came = came_at(hall, &given.id)?;
    let (lines, now) = lines(hall, &given.device)?;
    let post = lines.iter().rposition(|line| !line.get && line.target.ends_with("ComputerSystem.Reset"));
    let at = post.context("the command was never sent")?;
    let (earlier, post) = (lines.get(..at).unwrap_or_default(), lines.get(at).context("the command")?);
    let system = post.target.split("/Actions/").next().unwrap_or_default();
    // Before it switches a server it looks at it: that is its own first request.
    let look = earlier.last().filter(|line| line.get && line.target == system);
    let (others, first) = match look {
        Some(look) => (earlier.get(..at - 1).unwrap_or_default(), look.began),
        None => (earlier, post.began),
    };
    let arrived = seconds_before(came, now);
    let is_read = others.iter().any(|line| line.began >= arrived && line.began - arrived < 1.0);
    let goes_on = lines.get(at + 1..).unwrap_or_default().iter().filter(|line| line.target != system).count();
    if !is_read || goes_on < 3 {
        return Ok(None);
    }
    let called = seconds_before(given.called, now);
    Ok(Some(Sample {
        before: others.iter().filter(|line| line.began < arrived).count(),
        waited_for: others
            .iter()
            .filter(|line| line.began >= arrived && line.ended < arrived && line.ended >= first)
            .count(),
        first: called - first,
        own: arrived - first,
        post: called - post.began,
    }))
}

/// Reads all in full, and switches each server at a moment of its own while it is read.
fn round(hall: &Hall, devices: &[Device], window: f64, seed: u64) -> anyhow::Result<Vec<Sample>> {
    let pacing = Pacing { at_once: 5000, stop_percent: 0, ..Pacing::default() };
    let ids = devices.iter().map(|device| device.id.0.clone()).collect();
    let job = hall.admin.start_job(&NewJob { devices: ids, act: Act::Refresh, pacing: Some(pacing) })?.job;
    let given: Vec<Given> = thread::scope(|scope| {
        let commands: Vec<_> = devices
            .iter()
            .map(|device| {
                scope.spawn(move || {
                    let mut dice = Dice::new(seed, &device.name);
                    thread::sleep(Duration::from_secs_f64(window * (0.05 + 0.85 * dice.fraction())));
                    let is_on = hall.admin.device(&device.id.0)?.state.power == Power::On;
                    let reset = if is_on { Reset::ForceOff } else { Reset::On };
                    let called = SystemClock.now();
                    hall.admin.switch(&device.id.0, reset).with_context(|| device.subject())?;
                    Ok(Given { id: device.id.0.clone(), device: device.name.clone(), called })
                })
            })
            .collect();
        commands
            .into_iter()
            .map(|command| command.join().ok().context("a thread panicked")?)
            .collect::<anyhow::Result<_>>()
    })?;
    wait::until("all are read", PATIENCE, || {
        let running = hall.admin.jobs()?.into_iter().find(|one| one.id == job).context("no such job")?;
        Ok((running.state != State::Running).then_some(()))
    })?;
    given.iter().filter_map(|given| sample(hall, given).transpose()).collect()
}

/// How long one of them takes to be read beside all others: a job's median.
fn window(hall: &Hall, devices: &[Device]) -> anyhow::Result<f64> {
    let pacing = Pacing { at_once: 5000, stop_percent: 0, ..Pacing::default() };
    let ids = devices.iter().map(|device| device.id.0.clone()).collect();
    let job = hall.admin.start_job(&NewJob { devices: ids, act: Act::Refresh, pacing: Some(pacing) })?.job;
    let ended = wait::until("all are read", PATIENCE, || {
        let job = hall.admin.job(job)?;
        Ok((job.summary.state != State::Running).then_some(job))
    })?;
    let began = ended.summary.began_at;
    let took = ended.items.iter().filter_map(|item| item.ended_at);
    let mut took: Vec<f64> = took.map(|at| at.duration_since(began).as_secs_f64()).collect();
    took.sort_by(f64::total_cmp);
    took.get(took.len() / 2).copied().context("nothing was read")
}

/// The share `percent` of them is at most this.
fn percentile<T: Copy>(sorted: &[T], percent: usize) -> anyhow::Result<T> {
    let at = (sorted.len().saturating_sub(1) * percent).div_ceil(100);
    sorted.get(at).copied().context("no command came while its controller was read")
}

#[test]
fn figures_command() -> anyhow::Result<()> {
    let count = wanted("PORTCULLIS_BENCH_COMMAND", if is_bench() { 60 } else { 4 });
    let rounds = if is_bench() { 5 } else { 2 };
    let latency = if is_bench() { 200 } else { 60 };
    let hall = Hall::seen_logged(count, &["--latency", &latency.to_string(), "--log", "400"])?;
    hall.adopt(count)?;
    let devices = hall.devices()?;
    let window = window(&hall, &devices)?;
    let mut samples = Vec::new();
    for seed in 0..rounds {
        hall.lab.tell("POST", "/forget?at=all")?;
        samples.extend(round(&hall, &devices, window, seed)?);
    }
    ensure!(!samples.is_empty(), "no command came while its controller was read");
    let sorted = |of: fn(&Sample) -> usize| {
        let mut all: Vec<usize> = samples.iter().map(of).collect();
        all.sort_unstable();
        all
    };
    let times = |of: fn(&Sample) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let mut text = format!(
        "| {} power commands, each while its controller was read in full; {count} controllers that answer after {latency} ms | median | 99th percentile | most |\n|---|---|---|---|\n",
        samples.len()
    );
    let (before, waited) = (sorted(|sample| sample.before), sorted(|sample| sample.waited_for));
    for (what, all) in [
        ("requests that were sent after the command came and before it", &before),
        ("requests in flight when it came that it waited for", &waited),
    ] {
        let (median, most) = (percentile(all, 50)?, percentile(all, 100)?);
        writeln!(text, "| {what} | {median} | {} | {most} |", percentile(all, 99)?)?;
    }
    for (what, all) in [
        ("from the owner's taking it to its first request at the controller", times(|sample| sample.own)),
        (
            "from the API's call to the command's first request at the controller",
            times(|sample| sample.first),
        ),
        ("from the API's call to the command itself at the controller", times(|sample| sample.post)),
    ] {
        let ms = |percent| Ok::<_, anyhow::Error>(percentile(&all, percent)? * 1e3);
        writeln!(text, "| {what} | {:.1} ms | {:.1} ms | {:.1} ms |", ms(50)?, ms(99)?, ms(100)?)?;
    }
    section("command", &text)?;
    let (before, waited) = (percentile(&before, 99)?, percentile(&waited, 99)?);
    ensure!(!is_bench() || before <= 1, "{before} requests were sent before the command, 99th percentile");
    ensure!(!is_bench() || waited <= 1, "{waited} requests were waited for, 99th percentile");
    Ok(())
}
