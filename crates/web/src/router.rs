//! Every address that is served, and what stands before its handler.

use crate::answer::Refusal;
use crate::app::App;
use crate::pages::{
    account, audit, changes, device, device_history, device_sensors, device_traffic, discovery, enrol,
    findings, firewall_log, fleet, jobs, learned, manual, models, parts, policy, policy_documents,
    policy_openings, policy_trial, racks, sign_in, users,
};
use crate::{answer, assets, csrf, headers, live, observe, session};
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
        .layer(from_fn(deadline))
        .layer(from_fn_with_state(app.clone(), answer::framed))
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
    // The API is without the deadline: a program that switches a server waits for minutes, and the acts behind
    // it have deadlines of their own.
    pages.merge(open).merge(api).layer(from_fn(observe::count)).layer(from_fn(headers::add))
}

/// Declares the pages: the router, and the list of what is in it, which tests walk through.
macro_rules! pages {
    ($($method:ident $path:literal => $handler:path;)+) => {
        /// Method and path of every page and form.
        pub const PAGES: &[(&str, &str)] = &[$((stringify!($method), $path),)+];

        fn pages() -> Router<App> {
            Router::new()$(.route($path, $method($handler)))+
        }
    };
}

pages! {
    get "/" => fleet::show;
    post "/fleet/act" => fleet::act;
    post "/fleet/act/confirmed" => fleet::confirmed;
    get "/fragments/tally" => fleet::tally;
    get "/fragments/device-row/{id}" => fleet::row;
    get "/fragments/device-state/{id}" => device::state;
    get "/fleet/models" => models::show;
    get "/fleet/export" => fleet::export;
    get "/racks" => racks::show;
    get "/inventory" => parts::show;
    get "/inventory/export" => parts::export;
    get "/inventory/changes" => changes::show;
    get "/inventory/models" => learned::show;
    get "/jobs" => jobs::list;
    get "/jobs/{id}" => jobs::show;
    get "/jobs/{id}/export" => jobs::export;
    post "/jobs/{id}/stop" => jobs::stop;
    post "/jobs/{id}/resume" => jobs::resume;
    get "/discovery" => discovery::show;
    post "/discovery/start" => discovery::start;
    post "/discovery/stop" => discovery::stop;
    post "/discovery/adopt" => discovery::adopt;
    post "/discovery/credentials" => discovery::credentials;
    get "/policy" => policy::show;
    get "/policy/ask" => policy::ask;
    get "/policy/documents" => policy_documents::show;
    get "/policy/propose" => policy_documents::form;
    post "/policy/propose" => policy_documents::propose;
    get "/policy/openings" => policy_openings::show;
    post "/policy/openings/open" => policy_openings::open;
    post "/policy/openings/close" => policy_openings::close;
    post "/policy/quarantine" => policy_openings::quarantine;
    get "/policy/versions" => policy_trial::versions;
    get "/policy/diff" => policy_trial::diff;
    post "/policy/apply" => policy_trial::apply;
    post "/policy/confirm" => policy_trial::confirm;
    post "/policy/revert" => policy_trial::revert;
    post "/policy/repair" => policy_trial::repair;
    get "/firewall-log" => firewall_log::show;
    get "/firewall-log/export" => firewall_log::export;
    get "/findings" => findings::show;
    post "/findings/certificates" => findings::approve;
    post "/findings/acknowledge" => findings::acknowledge;
    get "/audit" => audit::list;
    get "/audit/export" => audit::export;
    post "/audit/verify" => audit::verify;
    get "/audit/{number}" => audit::show;
    get "/manual" => manual::contents;
    get "/manual/{chapter}" => manual::chapter;
    get "/events" => live::stream;
    get "/devices/{name}" => device::show;
    get "/devices/{name}/history" => device_history::show;
    get "/devices/{name}/traffic" => device_traffic::show;
    get "/devices/{name}/sensors" => device_sensors::show;
    post "/devices/{name}/power" => device::power;
    post "/devices/{name}/power/confirmed" => device::power_confirmed;
    post "/devices/{name}/refresh" => device::refresh;
    post "/devices/{name}/stage" => device::stage;
    post "/devices/{name}/edit" => device::edit;
    post "/devices/{name}/adopt" => device::adopt;
    post "/devices/{name}/certificate" => device::certificate;
    post "/devices/{name}/forget" => device::forget;
    get "/sign-in" => sign_in::show;
    post "/sign-in" => sign_in::sign_in;
    post "/sign-out" => sign_in::sign_out;
    get "/enrol/{link}" => enrol::show;
    post "/enrol/{link}" => enrol::set;
    get "/users" => users::list;
    post "/users" => users::create;
    get "/users/{name}" => users::show;
    post "/users/{name}/reset" => users::reset;
    post "/users/{name}/enabled" => users::enable;
    post "/users/{name}/grant" => users::grant;
    post "/users/{name}/revoke" => users::revoke;
    get "/account" => account::show;
    post "/account/login" => account::renew_login;
    post "/account/tokens" => account::make_token;
    post "/account/tokens/revoke" => account::revoke_token;
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
