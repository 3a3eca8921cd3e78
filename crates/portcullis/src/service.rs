//! Pages and API over the parts, on their sockets.

use crate::config::Config;
use crate::parts::Parts;
use crate::telemetry::Metrics;
use anyhow::Context as _;
use bmc::Fleet;
use control::{Jobs, Records};
use model::command::bmc::Controllers;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use web::{App, Server};

/// What was started before the door opens.
pub struct Shared<'a> {
    /// What drives controllers.
    pub fleet: &'a Arc<Fleet>,
    /// What keeps records.
    pub records: &'a Arc<Records>,
    /// Acts on many devices.
    pub jobs: Jobs,
    /// What is measured.
    pub metrics: Metrics,
    /// Cancelled when pages and API close.
    pub closing: CancellationToken,
}

/// Binds the sockets; nothing is served yet.
pub fn bind(parts: &Parts, config: &Config, shared: Shared<'_>) -> anyhow::Result<(Server, App)> {
    let controllers: Arc<dyn Controllers> = Arc::clone(shared.fleet) as _;
    let metrics = shared.metrics;
    let app = App::new(web::Parts {
        door: parts.door.clone(),
        gate: parts.gate.clone(),
        jobs: shared.jobs,
        controllers,
        records: Arc::clone(shared.records),
        clock: Arc::clone(&parts.clock),
        config: config.web.clone(),
        metrics: Arc::new(move || metrics.render()),
        ready: Arc::new(|| Ok(())),
        banners: Arc::new(Vec::new),
        closing: shared.closing,
    });
    let given = listenfd::ListenFd::from_env();
    let mut sockets = Vec::new();
    let mut given = given;
    for at in 0..given.len() {
        sockets.extend(given.take_tcp_listener(at).context("take systemd's socket over")?);
    }
    let mut listen = config.web.clone();
    if !sockets.is_empty() {
        listen.listen.clear();
    }
    let router = web::router(&app, web::api::router(&app));
    let server = Server::bind(&listen, sockets, router).context("open the door")?;
    Ok((server, app))
}
