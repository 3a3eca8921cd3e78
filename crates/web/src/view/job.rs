//! A job as pages and exports show it.

use super::device::link;
use super::fleet::natural;
use super::pacing;
use crate::app::App;
use control::jobs::Summary;
use model::job::{Item, Outcome, State};
use model::table::{Table, Type};
use model::{Actor, Failure, Kind};
use std::collections::BTreeMap;

/// A job.
pub(crate) struct Shown {
    pub id: u64,
    pub title: String,
    pub by: String,
    pub pacing: String,
    pub began: String,
    pub state: &'static str,
    /// Why it was stopped.
    pub why: Option<String>,
    pub total: usize,
    pub done: usize,
    pub failed: usize,
    pub running: usize,
    pub ended: bool,
    /// Whether its devices were put into groups.
    pub has_groups: bool,
    pub groups: Vec<Group>,
    pub results: Vec<Row>,
    /// Devices that are not shown.
    pub more: usize,
}

/// How far one group is.
pub(crate) struct Group {
    pub name: String,
    pub total: usize,
    pub done: usize,
    pub failed: usize,
    pub running: usize,
}

/// What became of one device.
pub(crate) struct Row {
    pub device: String,
    pub name: String,
    pub link: String,
    pub group: String,
    pub outcome: &'static str,
    pub began: Option<jiff::Timestamp>,
    pub ended: Option<jiff::Timestamp>,
    pub problem: Option<String>,
    pub hint: Option<String>,
}

impl Shown {
    pub(crate) fn new(job: &Summary) -> Self {
        let record = &job.record;
        let (state, why) = match &record.state {
            State::Running => ("running", None),
            State::Stopped { why } => ("stopped", Some(why.clone())),
            State::Ended => ("ended", None),
        };
        Self {
            id: job.id,
            title: record.title.clone(),
            by: record.actor.principal.to_string(),
            pacing: pacing::words(&record.pacing),
            began: super::shown(record.began_at),
            state,
            why,
            total: job.total,
            done: job.done,
            failed: job.failed,
            running: 0,
            ended: record.state == State::Ended,
            has_groups: record.pacing.group_by.is_some(),
            groups: Vec::new(),
            results: Vec::new(),
            more: 0,
        }
    }

    /// With the devices that the actor may see: failures first, then what runs, then what is done and waits.
    pub(crate) fn with_items(job: &control::Job, app: &App, actor: &Actor) -> Self {
        let row = |item: &Item| {
            app.door.device(actor, &item.device.0).ok().map(|device| Row::new(item, &device.name))
        };
        let mut results: Vec<Row> = job.items.iter().filter_map(row).collect();
        results.sort_by(|a, b| {
            let urgent = |row: &Row| match row.outcome {
                "failed" => 0,
                "running" => 1,
                "waiting" => 2,
                _ => 3,
            };
            urgent(a).cmp(&urgent(b)).then_with(|| natural(&a.name, &b.name))
        });
        let running = job.items.iter().filter(|item| item.outcome == Outcome::Running).count();
        Self { running, groups: groups(&job.items), results, ..Self::new(&job.summary()) }
    }

    /// At most so many devices: what failed, runs or waits first. The page comes anew with every act.
    pub(crate) fn cut(mut self, most: usize) -> Self {
        self.more = self.results.len().saturating_sub(most);
        self.results.truncate(most);
        self
    }

    /// The results as they leave the appliance, a row for each device.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new(&[
            ("job", Type::Int),
            ("device", Type::Text),
            ("name", Type::Text),
            ("group", Type::Text),
            ("outcome", Type::Text),
            ("began_at", Type::Time),
            ("ended_at", Type::Time),
            ("failure", Type::Text),
        ]);
        let row = |row: &Row| {
            vec![
                self.id.into(),
                row.device.as_str().into(),
                row.name.as_str().into(),
                row.group.as_str().into(),
                row.outcome.into(),
                row.began.into(),
                row.ended.into(),
                row.problem.clone().into(),
            ]
        };
        table.rows = self.results.iter().map(row).collect();
        table
    }
}

fn groups(items: &[Item]) -> Vec<Group> {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for item in items {
        let group = groups.entry(&item.group).or_insert_with(|| Group {
            name: if item.group.is_empty() { "without".into() } else { item.group.clone() },
            total: 0,
            done: 0,
            failed: 0,
            running: 0,
        });
        group.total += 1;
        group.done += usize::from(item.outcome.has_ended());
        group.failed += usize::from(matches!(item.outcome, Outcome::Failed { .. }));
        group.running += usize::from(item.outcome == Outcome::Running);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| natural(&a.name, &b.name));
    // One group is the job itself.
    if groups.len() > 1 { groups } else { Vec::new() }
}

impl Row {
    fn new(item: &Item, name: &str) -> Self {
        let failure = match &item.outcome {
            Outcome::Failed { failure } => Some(failure),
            Outcome::Waiting | Outcome::Running | Outcome::Done => None,
        };
        Self {
            device: item.device.0.clone(),
            name: name.to_owned(),
            link: link(name),
            group: item.group.clone(),
            outcome: item.outcome.word(),
            began: item.began_at,
            ended: item.ended_at,
            problem: failure.map(ToString::to_string),
            hint: failure.and_then(|failure| failure.hint.clone()),
        }
    }
}

pub(crate) fn no_such_job(id: u64) -> Failure {
    Failure::new(Kind::NotFound, "find", format!("job {id}"), "there is no such job")
        .hint("only so many ended jobs are kept; the audit log has every act")
}
