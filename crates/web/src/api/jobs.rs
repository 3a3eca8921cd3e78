//! Acts on many devices: how far they are, stop, resume.

use super::extract::{Caller, Path};
use super::refusal::Answer;
use crate::app::App;
use crate::live::may_see_job;
use crate::view::job::no_such_job;
use ::api::device::{Job, JobSummary};
use axum::Json as Shown;
use axum::extract::State;
use axum::http::StatusCode;
use control::jobs::Summary;
use model::{Actor, Failure};

fn summary(job: Summary) -> JobSummary {
    JobSummary {
        id: job.id,
        title: job.record.title,
        by: job.record.actor.principal.to_string(),
        act: job.record.act,
        pacing: job.record.pacing,
        state: job.record.state,
        began_at: job.record.began_at,
        ended_at: job.record.ended_at,
        total: job.total,
        done: job.done,
        failed: job.failed,
    }
}

fn find(app: &App, actor: &Actor, id: u64) -> Result<control::Job, Failure> {
    app.jobs.get(id).filter(|_| may_see_job(app, actor, id)).ok_or_else(|| no_such_job(id))
}

/// List the jobs, newest first: one's own, or with the right to read the audit log everybody's.
#[utoipa::path(get, path = "/jobs", tag = "power", responses((status = 200, body = Vec<JobSummary>)))]
pub(super) async fn list_jobs(
    State(app): State<App>,
    Caller(actor): Caller,
) -> Answer<Shown<Vec<JobSummary>>> {
    let mut jobs = app.jobs.list();
    jobs.retain(|job| may_see_job(&app, &actor, job.id));
    Ok(Shown(jobs.into_iter().map(summary).collect()))
}

/// Show a job, and what became of each device that one may see.
#[utoipa::path(get, path = "/jobs/{job}", tag = "power", params(("job" = u64, Path, description = "Its number.")), responses((status = 200, body = Job)))]
pub(super) async fn show_job(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(number): Path<u64>,
) -> Answer<Shown<Job>> {
    let job = find(&app, &actor, number)?;
    let summary = summary(job.summary());
    let items = job.items.into_iter().filter(|item| app.door.device(&actor, &item.device.0).is_ok());
    Ok(Shown(Job { summary, items: items.collect() }))
}

/// Stop a job: nothing more of it is begun, what runs ends.
#[utoipa::path(post, path = "/jobs/{job}/stop", tag = "power", params(("job" = u64, Path, description = "Its number.")), responses((status = 204)))]
pub(super) async fn stop_job(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(number): Path<u64>,
) -> Answer<StatusCode> {
    app.jobs.check_steer(number, &actor, "stop")?;
    app.jobs.stop(number, &format!("by {}", actor.principal)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Go on with a stopped job. Its acts are done in the caller's name from then on, and by the caller's rights.
#[utoipa::path(post, path = "/jobs/{job}/resume", tag = "power", params(("job" = u64, Path, description = "Its number.")), responses((status = 204)))]
pub(super) async fn resume_job(
    State(app): State<App>,
    Caller(actor): Caller,
    Path(number): Path<u64>,
) -> Answer<StatusCode> {
    app.jobs.check_steer(number, &actor, "resume")?;
    app.jobs.resume(number, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
