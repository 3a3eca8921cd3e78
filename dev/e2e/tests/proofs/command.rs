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
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

/// For a fleet to be read, and its servers to be switched.
const PATIENCE: Duration = Duration::from_secs(600);

/// One command, given while its controller was being read.
#[derive(Clone, Copy)]
struct Sample {
    /// Requests that were begun after the command had come and before its own first.
    before: usize,
    /// Requests in flight when it came whose answers it waited for.
    waited_for: usize,
    /// From the owner's taking it to its first request, in seconds.
    own: f64,
    /// From the call of the API to its first request.
    first: f64,
    /// From the call of the API to the answer.
    answered: f64,
}

/// A command as it was given.
struct Given {
    id: String,
    called: Timestamp,
    answered: Timestamp,
}

/// What the owner of a controller did, as the appliance's log says.
#[derive(Clone, Copy, PartialEq)]
enum Did {
    /// It took a command.
    Took,
    /// It began a request.
    Asked { ticket: u64, command: bool },
    /// A request ended.
    Heard { ticket: u64 },
}

/// What each owner did, oldest first.
fn deeds(hall: &Hall) -> HashMap<String, Vec<(Timestamp, Did)>> {
    let mut all = HashMap::<String, Vec<(Timestamp, Did)>>::new();
    for line in hall.appliance.log().lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
        if let Some((device, at, did)) = deed(&line) {
            all.entry(device).or_default().push((at, did));
        }
    }
    all
}

fn deed(line: &Value) -> Option<(String, Timestamp, Did)> {
    let text = |key: &str| line.get(key).and_then(Value::as_str);
    let ticket = line.get("ticket").and_then(Value::as_u64);
    let did = match text("message")? {
        "a command has come" => Did::Took,
        "asks" => Did::Asked { ticket: ticket?, command: text("lane")? == "Control" },
        "has its answer" => Did::Heard { ticket: ticket? },
        _ => return None,
    };
    Some((text("device")?.to_owned(), text("timestamp")?.parse().ok()?, did))
}

/// Answers that come so soon after another came with it: what the owner takes in together.
const TOGETHER: f64 = 0.005;

/// How a command fared; nothing where its controller was not being read when it came.
fn sample(deeds: &[(Timestamp, Did)], given: &Given) -> Option<Sample> {
    let took = deeds.iter().rposition(|(_, did)| *did == Did::Took)?;
    let (earlier, (came, _)) = (deeds.get(..took)?, *deeds.get(took)?);
    let later = deeds.get(took + 1..)?;
    let own = later.iter().position(|(_, did)| matches!(did, Did::Asked { command: true, .. }))?;
    let (until, (first, _)) = (later.get(..own)?, *later.get(own)?);
    let asked_after =
        later.iter().skip(own).filter(|(_, did)| matches!(did, Did::Asked { command: false, .. }));
    let mut in_flight = HashSet::new();
    for (_, did) in earlier {
        match did {
            Did::Asked { ticket, .. } => in_flight.insert(*ticket),
            Did::Heard { ticket } => in_flight.remove(ticket),
            Did::Took => false,
        };
    }
    if in_flight.is_empty() || asked_after.count() < 3 {
        return None;
    }
    let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
    let heard = |(at, did): &(Timestamp, Did)| {
        matches!(did, Did::Heard { ticket } if in_flight.contains(ticket)).then_some(*at)
    };
    let mut waited_for = 0;
    let mut last = None;
    for at in until.iter().filter_map(heard) {
        if last.is_none_or(|last| seconds(last, at) > TOGETHER) {
            waited_for += 1;
            last = Some(at);
        }
    }
    Some(Sample {
        before: until.iter().filter(|(_, did)| matches!(did, Did::Asked { .. })).count(),
        waited_for,
        own: seconds(came, first),
        first: seconds(given.called, first),
        answered: seconds(given.called, given.answered),
    })
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
                    Ok(Given { id: device.id.0.clone(), called, answered: SystemClock.now() })
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
    let deeds = deeds(hall);
    Ok(given.iter().filter_map(|given| sample(deeds.get(&given.id)?, given)).collect())
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
    let hall = Hall::seen_logged(count, &["--latency", &latency.to_string()])?;
    hall.adopt(count)?;
    let devices = hall.devices()?;
    let window = window(&hall, &devices)?;
    let mut samples = Vec::new();
    for seed in 0..rounds {
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
        ("requests begun after the command came and before its first", &before),
        ("requests in flight when it came whose answers it waited for", &waited),
    ] {
        let (median, most) = (percentile(all, 50)?, percentile(all, 100)?);
        writeln!(text, "| {what} | {median} | {} | {most} |", percentile(all, 99)?)?;
    }
    for (what, all) in [
        ("from the owner's taking it to its first request", times(|sample| sample.own)),
        ("from the API's call to its first request", times(|sample| sample.first)),
        ("from the API's call to the answer, the server switched", times(|sample| sample.answered)),
    ] {
        let ms = |percent| Ok::<_, anyhow::Error>(percentile(&all, percent)? * 1e3);
        writeln!(text, "| {what} | {:.1} ms | {:.1} ms | {:.1} ms |", ms(50)?, ms(99)?, ms(100)?)?;
    }
    section("command", &text)?;
    let (before, waited) = (percentile(&before, 99)?, percentile(&waited, 99)?);
    ensure!(!is_bench() || before == 0, "{before} requests were begun before the command, 99th percentile");
    ensure!(!is_bench() || waited <= 1, "{waited} requests were waited for, 99th percentile");
    Ok(())
}
