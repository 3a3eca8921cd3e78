//! Every address that is served, and what stands before its handler.

use crate::answer::Refusal;
use crate::app::App;
use crate::pages::{account, audit, device, discovery, enrol, findings, fleet, jobs, manual, racks, sign_in, users};
use crate::{assets, csrf, headers, live, observe, session};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use model::{Failure, Kind};
use std::time::Duration;

/// An answer that is not there by then is given up; acts that take longer are jobs.
const DEADLINE: Duration = Duration::from_secs(30);

/// Pages, live events, assets and observability over these parts; `api` is merged in, outside of the
/// checks for forms, which a program with a token does not send.
pub fn router(app: &App, api: Router) -> Router {
    let pages = pages()
        .fallback(async || Refusal::NoSuchPage)
        .layer(from_fn(csrf::guard))
        .layer(from_fn_with_state(app.clone(), session::find))
        .with_state(app.clone());
    let open = Router::new()
        .route("/assets/{file}", get(assets::serve))
        .route("/favicon.ico", get(assets::icon))
        .route("/robots.txt", get(assets::robots))
        .route("/healthz", get(observe::healthz))
        .route("/readyz", get(observe::readyz))
        .route("/metrics", get(observe::metrics))
        .with_state(app.clone());
    pages.merge(open).merge(api).layer(from_fn(deadline)).layer(from_fn(observe::count)).layer(from_fn(headers::add))
}

fn pages() -> Router<App> {
    Router::new()
        .route("/", get(fleet::show))
        .route("/fleet/act", post(fleet::act))
        .route("/fleet/act/confirmed", post(fleet::confirmed))
        .route("/fragments/tally", get(fleet::tally))
        .route("/fragments/device-row/{id}", get(fleet::row))
        .route("/fragments/device-state/{id}", get(device::state))
        .route("/racks", get(racks::show))
        .route("/jobs", get(jobs::list))
        .route("/jobs/{id}", get(jobs::show))
        .merge(device_pages())
        .merge(people_pages())
        .route("/discovery", get(discovery::show))
        .route("/discovery/start", post(discovery::start))
        .route("/discovery/stop", post(discovery::stop))
        .route("/discovery/adopt", post(discovery::adopt))
        .route("/discovery/credentials", post(discovery::credentials))
        .route("/findings", get(findings::show))
        .route("/findings/certificates", post(findings::approve))
        .route("/audit", get(audit::list))
        .route("/audit/export", get(audit::export))
        .route("/audit/{number}", get(audit::show))
        .route("/manual", get(manual::contents))
        .route("/manual/{chapter}", get(manual::chapter))
        .route("/events", get(live::stream))
}

fn device_pages() -> Router<App> {
    Router::new()
        .route("/devices/{name}", get(device::show))
        .route("/devices/{name}/power", post(device::power))
        .route("/devices/{name}/power/confirmed", post(device::power_confirmed))
        .route("/devices/{name}/refresh", post(device::refresh))
        .route("/devices/{name}/stage", post(device::stage))
        .route("/devices/{name}/edit", post(device::edit))
        .route("/devices/{name}/adopt", post(device::adopt))
        .route("/devices/{name}/certificate", post(device::certificate))
        .route("/devices/{name}/forget", post(device::forget))
}

fn people_pages() -> Router<App> {
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/enrol/{link}", get(enrol::show).post(enrol::set))
        .route("/users", get(users::list).post(users::create))
        .route("/users/{name}", get(users::show))
        .route("/users/{name}/reset", post(users::reset))
        .route("/users/{name}/enabled", post(users::enable))
        .route("/users/{name}/grant", post(users::grant))
        .route("/users/{name}/revoke", post(users::revoke))
        .route("/account", get(account::show))
        .route("/account/tokens", post(account::make_token))
        .route("/account/tokens/revoke", post(account::revoke_token))
}

async fn deadline(request: Request, next: Next) -> Response {
    let subject = request.uri().path().to_owned();
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let cause = format!("there was no answer within {} s", DEADLINE.as_secs());
            Refusal::Failed(Failure::new(Kind::TimedOut, "answer", subject, cause)).into_response()
        }
    }
}
