//! `kill -9` in the middle of a job: what is harmless goes on and every server is as it should be; a power cycle
//! is sent to no server twice, and the rest waits for a person.

use crate::ground::Ground;
use anyhow::{Context as _, ensure};
use api::device::NewJob;
use e2e::appliance::section;
use e2e::wait;
use model::device::{Power, Reset};
use model::job::{Act, Outcome, Pacing, State};
use std::time::Duration;

const SERVERS: usize = 12;
const SOON: Duration = Duration::from_secs(60);

/// One after the other, so that a kill falls into the middle.
fn slowly() -> Option<Pacing> {
    Some(Pacing { at_once: 2, pause_ms: 100, ..Pacing::default() })
}

/// Adopted servers that are all on, or all off.
fn ground(on: bool) -> anyhow::Result<Ground> {
    let ground = Ground::adopted(SERVERS, |config| {
        section(config, "bmc").insert("power_restart_watch".into(), 1.into());
    })?;
    let bmcs = ground.rack.bmcs();
    bmcs.iter().try_for_each(|bmc| ground.rack.lab().set(bmc.addr, lab::Change::Power(on)))?;
    Ok(ground)
}

fn start(ground: &Ground, reset: Reset) -> anyhow::Result<u64> {
    let devices = ground.devices()?.iter().map(|device| device.id.0.clone()).collect();
    Ok(ground.admin.start_job(&NewJob { devices, act: Act::Power { reset }, pacing: slowly() })?.job)
}

/// Waits until some are done and some are not, kills, starts again.
fn kill_in_the_middle(ground: &mut Ground, job: u64) -> anyhow::Result<usize> {
    let done = wait::until("a third is done", SOON, || {
        let summary = ground.admin.job(job)?.summary;
        Ok((summary.done >= SERVERS / 3).then_some(summary.done))
    })?;
    ensure!(done < SERVERS, "the job was over before it could be broken off");
    ground.appliance.kill9()?;
    ground.appliance.start()?;
    Ok(done)
}

/// How many requests to reset its server each controller got.
fn resets(ground: &Ground) -> anyhow::Result<Vec<usize>> {
    let of = |bmc: &lab::BmcInfo| {
        let lines = ground.rack.lab().log(bmc.addr)?;
        Ok(lines.iter().filter(|line| line.method == "POST" && line.target.contains("Reset")).count())
    };
    ground.rack.bmcs().iter().map(of).collect()
}

#[test]
fn a_job_that_takes_nothing_away_goes_on_after_a_kill() -> anyhow::Result<()> {
    let mut ground = ground(false)?;
    let job = start(&ground, Reset::On)?;
    kill_in_the_middle(&mut ground, job)?;
    let ended = wait::until("the job has ended", SOON, || {
        let job = ground.admin.job(job)?;
        Ok((job.summary.state == State::Ended).then_some(job))
    })?;
    let failed: Vec<_> = ended.items.iter().filter(|item| item.outcome != Outcome::Done).collect();
    ensure!(failed.is_empty(), "{failed:?}");
    for bmc in ground.rack.bmcs() {
        ensure!(ground.rack.lab().power_state(bmc.addr)? == "On", "{} is not on", bmc.name);
    }
    Ok(())
}

#[test]
fn a_power_cycle_is_never_sent_twice_and_waits_for_a_person_after_a_kill() -> anyhow::Result<()> {
    let mut ground = ground(true)?;
    let job = start(&ground, Reset::ForceRestart)?;
    kill_in_the_middle(&mut ground, job)?;
    let stopped = ground.admin.job(job)?;
    let State::Stopped { why } = &stopped.summary.state else {
        anyhow::bail!("it goes on by itself: {:?}", stopped.summary.state)
    };
    ensure!(why.contains("restarted"), "{why}");
    let waiting = stopped.items.iter().filter(|item| item.outcome == Outcome::Waiting).count();
    ensure!(waiting > 0, "nothing waits");
    ground.admin.resume_job(job)?;
    let ended = wait::until("the job has ended", SOON, || {
        let job = ground.admin.job(job)?;
        Ok((job.summary.state == State::Ended).then_some(job))
    })?;
    let unsure = ended.items.iter().filter(|item| matches!(item.outcome, Outcome::Failed { .. })).count();
    ensure!(unsure <= 2, "{unsure} were under way at once");
    let resets = resets(&ground)?;
    let twice = resets.iter().filter(|count| **count > 1).count();
    let never = resets.iter().filter(|count| **count == 0).count();
    ensure!(twice == 0, "reset twice: {resets:?}");
    ensure!(never <= unsure, "{never} were left out, {unsure} are known to be unsure");
    let on = ground.devices()?.iter().filter(|device| device.state.power != Power::Off).count();
    on.eq(&SERVERS).then_some(()).context("a server is off")
}
