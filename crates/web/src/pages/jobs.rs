//! Acts on devices that run by themselves: what became of each.

use crate::answer::{Answer, page};
use crate::app::App;
use crate::live::may_see_job;
use crate::session::Session;
use crate::view::device::link;
use crate::view::frame::{Area, Frame};
use askama::Template;
use axum::extract::{Path, State};
use model::{Actor, Failure, Kind};

#[derive(Template)]
#[template(path = "job.html")]
struct One {
    frame: Frame,
    job: Shown,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct All {
    frame: Frame,
    jobs: Vec<Shown>,
}

/// A job as pages show it.
pub(crate) struct Shown {
    pub id: u64,
    pub title: String,
    pub by: String,
    pub done: usize,
    pub failed: usize,
    pub total: usize,
    pub ended: bool,
    pub results: Vec<Outcome>,
}

/// What became of one device.
pub(crate) struct Outcome {
    pub name: String,
    pub link: String,
    pub problem: Option<String>,
    pub hint: Option<String>,
}

impl Shown {
    fn new(job: &control::Job) -> Self {
        Self {
            id: job.id,
            title: job.title.clone(),
            by: job.by.clone(),
            done: job.results.len(),
            failed: job.failed(),
            total: job.total,
            ended: job.has_ended(),
            results: Vec::new(),
        }
    }

    /// With the outcome for each device that the actor may see, failures first.
    fn with_results(job: &control::Job, app: &App, actor: &Actor) -> Self {
        let visible = job.results.iter().filter_map(|(id, failure)| {
            let device = app.door.device(actor, &id.0).ok()?;
            let (problem, hint) =
                failure.as_ref().map_or((None, None), |f| (Some(f.to_string()), f.hint.clone()));
            Some(Outcome { name: device.name.clone(), link: link(&device.name), problem, hint })
        });
        let mut results: Vec<Outcome> = visible.collect();
        results.sort_by(|a, b| {
            let failed_first = b.problem.is_some().cmp(&a.problem.is_some());
            failed_first.then_with(|| crate::view::fleet::natural(&a.name, &b.name))
        });
        Self { results, ..Self::new(job) }
    }
}

/// `GET /jobs/{id}`.
pub(crate) async fn show(State(app): State<App>, session: Session, Path(id): Path<u64>) -> Answer {
    let found = app.jobs.get(id).filter(|_| may_see_job(&app, &session.actor, id));
    let job = found.ok_or_else(|| {
        Failure::new(Kind::NotFound, "show", format!("job {id}"), "there is no such job")
            .hint("jobs are remembered until the appliance starts again; the audit log has every act")
    })?;
    let job = Shown::with_results(&job, &app, &session.actor);
    page(&One { frame: app.frame(&session, &job.title, Area::Jobs), job })
}

/// `GET /jobs`.
pub(crate) async fn list(State(app): State<App>, session: Session) -> Answer {
    let all = app.jobs.list();
    let seen = all.iter().filter(|job| may_see_job(&app, &session.actor, job.id));
    page(&All { frame: app.frame(&session, "Jobs", Area::Jobs), jobs: seen.map(Shown::new).collect() })
}
