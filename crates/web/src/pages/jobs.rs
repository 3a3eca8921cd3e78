//! Acts on many devices that run by themselves: how far they are, what became of each, stop and resume.

use crate::answer::{Answer, page, see};
use crate::app::App;
use crate::export;
use crate::fields::Fields;
use crate::live::may_see_job;
use crate::session::Session;
use crate::view::frame::{Area, Frame};
use crate::view::job::{Shown, no_such_job};
use askama::Template;
use axum::extract::{Path, Query, State};
use model::{Actor, Failure};

/// Devices on a job's page; all are exported.
const MOST_SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "job.html")]
struct One {
    frame: Frame,
    job: Shown,
    may_stop: bool,
    may_resume: bool,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct All {
    frame: Frame,
    jobs: Vec<Shown>,
}

fn find(app: &App, actor: &Actor, id: u64) -> Result<control::Job, Failure> {
    app.jobs.get(id).filter(|_| may_see_job(app, actor, id)).ok_or_else(|| no_such_job(id))
}

/// `GET /jobs/{id}`.
pub(crate) async fn show(State(app): State<App>, session: Session, Path(id): Path<u64>) -> Answer {
    let job = find(&app, &session.actor, id)?;
    let may_steer = app.jobs.may_steer(id, &session.actor);
    let runs = job.record.state == model::job::State::Running;
    page(&One {
        frame: app.frame(&session, &job.record.title, Area::Jobs),
        may_stop: may_steer && runs,
        may_resume: may_steer && job.can_resume() && !job.is_running(),
        job: Shown::with_items(&job, &app, &session.actor).cut(MOST_SHOWN),
    })
}

/// `GET /jobs`.
pub(crate) async fn list(State(app): State<App>, session: Session) -> Answer {
    let all = app.jobs.list();
    let seen = all.iter().filter(|job| may_see_job(&app, &session.actor, job.id));
    page(&All { frame: app.frame(&session, "Jobs", Area::Jobs), jobs: seen.map(Shown::new).collect() })
}

/// `POST /jobs/{id}/stop`.
pub(crate) async fn stop(
    State(app): State<App>,
    session: Session,
    Path(id): Path<u64>,
    _fields: Fields,
) -> Answer {
    app.jobs.check_steer(id, &session.actor, "stop")?;
    app.jobs.stop(id, &format!("by {}", session.actor.principal)).await?;
    Ok(see(&format!("/jobs/{id}")))
}

/// `POST /jobs/{id}/resume`.
pub(crate) async fn resume(
    State(app): State<App>,
    session: Session,
    Path(id): Path<u64>,
    _fields: Fields,
) -> Answer {
    app.jobs.check_steer(id, &session.actor, "resume")?;
    app.jobs.resume(id, &session.actor).await?;
    Ok(see(&format!("/jobs/{id}")))
}

/// `GET /jobs/{id}/export`.
pub(crate) async fn export(
    State(app): State<App>,
    session: Session,
    Path(id): Path<u64>,
    Query(wanted): Query<export::Wanted>,
) -> Answer {
    let job = Shown::with_items(&find(&app, &session.actor, id)?, &app, &session.actor);
    export::file(&app, &job.table(), wanted.format, &format!("job-{id}"))
}
