//! Acts on many devices: how far they are.

use super::extract::{Caller, Path};
use super::refusal::Answer;
use crate::app::App;
use crate::live::may_see_job;
use ::api::device::{Job, JobResult, JobSummary};
use axum::Json as Shown;
use axum::extract::State;
use model::{Failure, Kind};

/// List the jobs of this life of the appliance, newest first: one's own, or with the right to read the
/// audit log everybody's.
#[utoipa::path(get, path = "/jobs", tag = "power", responses((status = 200, body = Vec<JobSummary>)))]
pub(super) async fn list_jobs(
    State(app): State<App>,
    Caller(actor): Caller,
) -> Answer<Shown<Vec<JobSummary>>> {
    let mut jobs = app.jobs.list();
    jobs.retain(|job| may_see_job(&app, &actor, job.id));
    let summary = |job: control::Job| JobSummary {
        id: job.id,
        total: job.total,
        done: job.results.len(),
        failed: job.failed(),
        title: job.title,
        by: job.by,
    };
    Ok(Shown(jobs.into_iter().map(summary).collect()))
}

/// Show a job, and what became of each device that one may see.
#[utoipa::path(get, path = "/jobs/{job}", tag = "power", params(("job" = u64, Path, description = "Its number.")), responses((status = 200, body = Job)))]
pub(super) async fn show_job(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(number): Path<u64>,
) -> Answer<Shown<Job>> {
    let found = app.jobs.get(number).filter(|_| may_see_job(&app, &actor, number));
    let job = found.ok_or_else(|| {
        Failure::new(Kind::NotFound, "find", format!("job {number}"), "there is no such job")
            .hint("jobs are remembered until the appliance starts again; the audit log has every act")
    })?;
    let (done, failed) = (job.results.len(), job.failed());
    let seen = job.results.into_iter().filter(|(id, _)| app.door.device(&actor, &id.0).is_ok());
    let results = seen.map(|(device, failure)| JobResult { device, failure }).collect();
    Ok(Shown(Job { id: job.id, title: job.title, by: job.by, total: job.total, done, failed, results }))
}
