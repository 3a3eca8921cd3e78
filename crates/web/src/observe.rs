//! How the appliance is, for load balancers and Prometheus.

use crate::app::App;
use crate::session::From;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Instant;

/// `GET /healthz`: the program runs.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the program can work, or 503 with what it waits for.
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    match (app.ready)() {
        Ok(()) => "ready\n".into_response(),
        Err(cause) => (StatusCode::SERVICE_UNAVAILABLE, format!("{cause}\n")).into_response(),
    }
}

/// `GET /metrics`, for the addresses of `metrics_open_to`.
pub(crate) async fn metrics(State(app): State<App>, From(from): From) -> Response {
    if !from.is_some_and(|from| app.config.opens_metrics_to(from)) {
        let text = "metrics are for the addresses in web.metrics_open_to only\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (app.metrics)()).into_response()
}

/// Counts answers by route and status; a route is what is in the code, so the labels are few.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(crate::metrics::REQUESTS, "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!(crate::metrics::SECONDS, "route" => route).record(began.elapsed().as_secs_f64());
    response
}
