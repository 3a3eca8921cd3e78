//! The JSON API under `/api/v1`, for programs that hold a token.
//!
//! Router and OpenAPI document are made from the same list of handlers, so neither can know an endpoint
//! that the other does not. Handlers translate; what may be seen or done is decided in `control`. A
//! cookie is worth nothing here, so no other site can make a browser act.
//!
//! | module | what it does |
//! |---|---|
//! | `guard` | who is asking; refuses query fields that nobody reads |
//! | `extract` | bodies, queries and path segments, or a failure that says what is wrong with them |
//! | `refusal` | failures as HTTP answers |
//! | `document` | the OpenAPI document |
//! | `stream` | long answers |
//! | `devices`, `inventory`, `power`, `sweeps`, `jobs`, `policy`, `openings`, `users`, `tokens`, `audit`, `findings`, `backup`, `events` | the endpoints |

mod audit;
mod backup;
mod devices;
mod document;
mod events;
mod extract;
mod findings;
mod firewall_log;
mod guard;
pub(crate) mod inventory;
mod jobs;
mod openings;
mod policy;
mod power;
pub(crate) mod refusal;
mod stream;
mod sweeps;
mod tokens;
mod users;

pub use document::document;

use crate::app::App;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{any, get};
use refusal::Refusal;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

/// The largest body of a request, in bytes.
const LARGEST_BODY: usize = 1 << 20;
/// The largest body that imports credentials, in bytes.
const LARGEST_IMPORT: usize = 4 << 20;

/// The largest body that carries the policy's documents, in bytes: both, and what JSON adds.
const LARGEST_POLICY: usize = 2 * control::policy::LARGEST_DOCUMENT + LARGEST_BODY;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Api {
    app: App,
    /// The endpoints with query fields, as method and path.
    queried: Arc<HashSet<(String, String)>>,
    turns: Arc<Turns>,
}

/// What is done by one at a time, because it reads or writes everything.
struct Turns {
    verify: Semaphore,
    backup: Arc<Semaphore>,
}

impl FromRef<Api> for App {
    fn from_ref(api: &Api) -> Self {
        api.app.clone()
    }
}

impl FromRef<Api> for Arc<Turns> {
    fn from_ref(api: &Api) -> Self {
        Arc::clone(&api.turns)
    }
}

/// Everything under `/api`.
pub fn router(app: &App) -> Router {
    let turns = Turns { verify: Semaphore::new(1), backup: Arc::new(Semaphore::new(1)) };
    let document = document();
    let queried = Arc::new(guard::queried(&document));
    let api = Api { app: app.clone(), queried, turns: Arc::new(turns) };
    let (router, _) = endpoints().split_for_parts();
    let text = Arc::new(document.to_string());
    router
        .layer(from_fn_with_state(api.clone(), guard::guard))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .route(
            "/api/v1/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], text.to_string())),
        )
        .route("/api/{*rest}", any(Refusal::no_such_path))
        .method_not_allowed_fallback(Refusal::wrong_method)
        .layer(map_response(never_kept))
        .with_state(api)
}

/// Every endpoint, once: what is served and what is documented.
fn endpoints() -> OpenApiRouter<Api> {
    let device = OpenApiRouter::new()
        .routes(routes!(devices::list_devices))
        .routes(routes!(devices::show_device, devices::edit_device, devices::forget_device))
        .routes(routes!(devices::show_inventory))
        .routes(routes!(devices::find_devices))
        .routes(routes!(inventory::show_readings))
        .routes(routes!(inventory::show_traffic))
        .routes(routes!(inventory::show_history))
        .routes(routes!(inventory::show_diff))
        .routes(routes!(inventory::show_version))
        .routes(routes!(inventory::show_documents))
        .routes(routes!(inventory::find_components))
        .routes(routes!(inventory::export_components))
        .routes(routes!(inventory::show_changes))
        .routes(routes!(inventory::list_models))
        .routes(routes!(devices::adopt_device))
        .routes(routes!(devices::refresh_device))
        .routes(routes!(devices::set_device_stage))
        .routes(routes!(devices::approve_device_certificate))
        .routes(routes!(power::switch_device))
        .routes(routes!(jobs::list_jobs, power::start_job))
        .routes(routes!(jobs::show_job))
        .routes(routes!(jobs::stop_job))
        .routes(routes!(jobs::resume_job))
        .routes(routes!(sweeps::list_sweeps, sweeps::start_sweep))
        .routes(routes!(sweeps::stop_sweep))
        .routes(routes!(sweeps::import_credentials).layer(DefaultBodyLimit::max(LARGEST_IMPORT)));
    let policy = OpenApiRouter::new()
        .routes(routes!(policy::show_policy))
        .routes(
            routes!(policy::list_versions, policy::propose_version)
                .layer(DefaultBodyLimit::max(LARGEST_POLICY)),
        )
        .routes(routes!(policy::check_documents).layer(DefaultBodyLimit::max(LARGEST_POLICY)))
        .routes(routes!(policy::show_version))
        .routes(routes!(policy::check_version))
        .routes(routes!(policy::show_plan))
        .routes(routes!(policy::show_rules))
        .routes(routes!(policy::apply_version))
        .routes(routes!(policy::confirm_version))
        .routes(routes!(policy::revert_policy))
        .routes(routes!(policy::repair_policy))
        .routes(routes!(policy::explain_policy))
        .routes(routes!(policy::show_reach))
        .routes(routes!(policy::show_zones))
        .routes(routes!(policy::diff_versions))
        .routes(routes!(policy::show_schemas))
        .routes(routes!(firewall_log::find_logged))
        .routes(routes!(firewall_log::export_logged))
        .routes(routes!(openings::list_pinholes, openings::open_pinhole))
        .routes(routes!(openings::close_pinhole))
        .routes(routes!(openings::list_quarantined))
        .routes(routes!(openings::show_quarantine, openings::set_quarantine));
    let people = OpenApiRouter::new()
        .routes(routes!(tokens::who_am_i))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(tokens::explain_access))
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::reset_user))
        .routes(routes!(users::set_user_enabled))
        .routes(routes!(users::add_grant))
        .routes(routes!(users::revoke_grant));
    let appliance = OpenApiRouter::new()
        .routes(routes!(audit::list_audit))
        .routes(routes!(audit::export_audit))
        .routes(routes!(audit::show_audit_state))
        .routes(routes!(findings::list_findings))
        .routes(routes!(findings::acknowledge_finding))
        .routes(routes!(events::follow_events))
        .routes(routes!(backup::make_backup));
    OpenApiRouter::with_openapi(document::head())
        .nest(::api::ROOT, device.merge(policy).merge(people).merge(appliance))
}

async fn never_kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
