//! Jobs: the same act on many devices, watched, stopped, resumed, exported.

use super::device::done;
use crate::cli::Remote;
use crate::exit::Exit;
use crate::output::{show, table};
use crate::remote;
use api::Client;
use api::device::{DeviceQuery, Job, JobSummary};
use clap::{Args, Subcommand};
use model::job::{Act, Outcome, Pacing, State};
use model::{DeviceId, Failure, Kind};
use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::time::Duration;

/// How often a job that runs is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Acts on many devices.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The jobs, newest first.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// What became of each device of a job.
    Show {
        /// Its number.
        job: u64,
        #[command(flatten)]
        remote: Remote,
    },
    /// Wait until a job has ended or was stopped, with its progress.
    Wait {
        /// Its number.
        job: u64,
        #[command(flatten)]
        remote: Remote,
    },
    /// Begin nothing more of a job; what runs ends.
    Stop {
        /// Its number.
        job: u64,
        #[command(flatten)]
        remote: Remote,
    },
    /// Go on with a stopped job, in one's own name.
    Resume {
        /// Its number.
        job: u64,
        #[command(flatten)]
        remote: Remote,
    },
}

/// Options that say how fast a job goes; without any, what is usual for the act.
#[derive(Debug, Args)]
pub struct Pace {
    /// At most so many acts at once (1 to 5000)
    #[arg(long, value_name = "N")]
    at_once: Option<u16>,
    /// Make groups by this label, such as `rack` or `feed`
    #[arg(long, value_name = "LABEL")]
    group_by: Option<String>,
    /// At most so many acts at once in one group; 0: no limit of its own
    #[arg(long, value_name = "N")]
    group_at_once: Option<u16>,
    /// Milliseconds between two starts in one group
    #[arg(long, value_name = "MS")]
    pause_ms: Option<u32>,
    /// Stop when so many percent of the acts that ended have failed; 0: never
    #[arg(long, value_name = "PERCENT")]
    stop_percent: Option<u8>,
    /// But not before so many have ended
    #[arg(long, value_name = "N")]
    stop_after: Option<u16>,
}

impl Pace {
    /// What is usual for the act, changed by what was said.
    pub fn over(self, act: Act) -> Pacing {
        let usual = Pacing::usual(act);
        Pacing {
            at_once: self.at_once.unwrap_or(usual.at_once),
            group_by: self.group_by.or(usual.group_by),
            group_at_once: self.group_at_once.unwrap_or(usual.group_at_once),
            pause_ms: self.pause_ms.unwrap_or(usual.pause_ms),
            stop_percent: self.stop_percent.unwrap_or(usual.stop_percent),
            stop_after: self.stop_after.unwrap_or(usual.stop_after),
        }
    }
}

/// Runs a verb.
pub fn run(verb: Verb, json: bool) -> Result<(), Exit> {
    match verb {
        Verb::List { remote } => Ok(show(json, &remote::client(&remote)?.jobs()?, |jobs| list(jobs))?),
        Verb::Show { job, remote } => {
            let client = remote::client(&remote)?;
            tell(&client, &client.job(job)?, json)
        }
        Verb::Wait { job, remote } => wait(&remote::client(&remote)?, job, json),
        Verb::Stop { job, remote } => done(json, remote::client(&remote)?.stop_job(job)),
        Verb::Resume { job, remote } => done(json, remote::client(&remote)?.resume_job(job)),
    }
}

/// Waits until nothing of a job runs any more; on a terminal with a line that tells how far it is. The first
/// failure is the verb's own, and so is that it was stopped before its end.
pub fn wait(client: &Client, number: u64, json: bool) -> Result<(), Exit> {
    let live = std::io::stderr().is_terminal();
    let job = loop {
        let job = client.job(number)?;
        if live {
            eprint!("\r{}\x1b[K", line(&job.summary));
        }
        if !runs(&job) {
            break job;
        }
        std::thread::sleep(LOOK_AGAIN);
    };
    if live {
        eprintln!();
    }
    tell(client, &job, json)?;
    came_to(job).map_or(Ok(()), |failure| Err(failure.into()))
}

/// Whether anything of it runs: after a stop, acts that were under way go on to their end.
fn runs(job: &Job) -> bool {
    job.summary.state == State::Running || job.items.iter().any(|item| item.outcome == Outcome::Running)
}

/// What was wrong with a job in the end, if anything.
fn came_to(job: Job) -> Option<Failure> {
    let JobSummary { id, state, done, total, .. } = job.summary;
    if let State::Stopped { why } = state {
        let cause = format!("it was stopped ({why}) when {done} of {total} acts had ended");
        let failure = Failure::new(Kind::Conflict, "wait for the end of", format!("job {id}"), cause);
        return Some(failure.hint(format!("`portcullis job resume {id}` goes on with what has not begun")));
    }
    job.items.into_iter().find_map(|item| match item.outcome {
        Outcome::Failed { failure } => Some(failure),
        Outcome::Waiting | Outcome::Running | Outcome::Done => None,
    })
}

/// Shows a job with what became of each device; to people by the devices' names.
fn tell(client: &Client, job: &Job, json: bool) -> Result<(), Exit> {
    let mut names = HashMap::new();
    if !json {
        let all = client.devices(&DeviceQuery { q: None, offset: 0, limit: 5000 })?.devices;
        names.extend(all.into_iter().map(|device| (device.id, device.name)));
    }
    Ok(show(json, job, |job| results(job, &names))?)
}

fn line(job: &JobSummary) -> String {
    let state = match &job.state {
        State::Running => "running".to_owned(),
        State::Stopped { why } => format!("stopped: {why}"),
        State::Ended => "ended".to_owned(),
    };
    format!("job {}: {} of {} done, {} failed; {state}", job.id, job.done, job.total, job.failed)
}

fn list(jobs: &[JobSummary]) -> String {
    let row = |job: &JobSummary| {
        let state = match job.state {
            State::Running => "running",
            State::Stopped { .. } => "stopped",
            State::Ended => "ended",
        };
        vec![
            job.id.to_string(),
            job.title.clone(),
            job.by.clone(),
            state.to_owned(),
            format!("{}/{}", job.done, job.total),
            job.failed.to_string(),
            format!("{:.0}", job.began_at),
        ]
    };
    let rows: Vec<Vec<String>> = jobs.iter().map(row).collect();
    table(&["job", "what", "by", "state", "done", "failed", "started"], &rows)
}

fn results(job: &Job, names: &HashMap<DeviceId, String>) -> String {
    let row = |item: &model::job::Item| {
        let failure = match &item.outcome {
            Outcome::Failed { failure } => failure.to_string(),
            Outcome::Waiting | Outcome::Running | Outcome::Done => String::new(),
        };
        let name = names.get(&item.device).cloned().unwrap_or_else(|| item.device.to_string());
        vec![name, item.group.clone(), item.outcome.word().to_owned(), failure]
    };
    let rows: Vec<Vec<String>> = job.items.iter().map(row).collect();
    format!("{}\n{}", line(&job.summary), table(&["device", "group", "outcome", "failure"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(state: &serde_json::Value, outcomes: &[&str]) -> Job {
        let item = |(at, outcome): (usize, &&str)| json!({ "device": format!("d-{at}"), "outcome": outcome });
        let mut job = json!({
            "id": 7, "title": "Power on 2 devices", "by": "alice", "act": null, "pacing": {},
            "began_at": "2026-11-20T14:00:00Z", "ended_at": null, "total": outcomes.len(), "done": 1, "failed": 0,
            "items": outcomes.iter().enumerate().map(item).collect::<Vec<_>>(),
        });
        let (Some(fields), Some(state)) = (job.as_object_mut(), state.as_object()) else { unreachable!() };
        fields.extend(state.clone());
        serde_json::from_value(job).unwrap()
    }

    #[test]
    fn a_stopped_job_is_waited_for_until_its_last_act_has_ended_and_is_no_success() {
        let stopped = json!({ "state": "stopped", "why": "by bob" });
        assert!(runs(&job(&stopped, &["running", "waiting"])));
        let rest = job(&stopped, &["done", "waiting"]);
        assert!(!runs(&rest));
        let failure = came_to(rest).unwrap();
        assert!(failure.to_string().contains("stopped (by bob) when 1 of 2"), "{failure}");
        let ended = job(&json!({ "state": "ended" }), &["done", "done"]);
        assert!(!runs(&ended) && came_to(ended).is_none());
    }

    #[test]
    fn devices_are_told_by_their_names() {
        let job = job(&json!({ "state": "ended" }), &["done", "done"]);
        let names = HashMap::from([(DeviceId("d-0".into()), "r1-u01".to_owned())]);
        let told = results(&job, &names);
        assert!(told.contains("r1-u01") && told.contains("d-1") && !told.contains("d-0"), "{told}");
    }
}
