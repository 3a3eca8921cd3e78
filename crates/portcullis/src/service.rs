//! Pages and API over the parts, on their sockets.

use crate::config::Config;
use crate::parts::Parts;
use crate::telemetry::Metrics;
use anyhow::Context as _;
use audit::Health;
use bmc::Fleet;
use control::{Jobs, Policies, Records};
use model::command::bmc::Controllers;
use std::net::TcpListener;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use web::{App, Banner, Server};

/// What was started before the door opens.
pub struct Shared<'a> {
    /// What drives controllers.
    pub fleet: &'a Arc<Fleet>,
    /// What keeps records.
    pub records: &'a Arc<Records>,
    /// What keeps the policy.
    pub policies: &'a Arc<Policies>,
    /// Acts on many devices.
    pub jobs: Jobs,
    /// What is measured.
    pub metrics: Metrics,
    /// Cancelled when pages and API close.
    pub closing: CancellationToken,
    /// Sockets that systemd opened.
    pub sockets: Vec<TcpListener>,
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
        policies: Arc::clone(shared.policies),
        clock: Arc::clone(&parts.clock),
        parquet: Arc::new(|table| {
            archive::to_parquet(table).map_err(|error| format!("{:#}", anyhow::Error::from(error)))
        }),
        config: config.web.clone(),
        metrics: Arc::new(move || metrics.render()),
        ready: Arc::new({
            let log = parts.door.audit().clone();
            move || match log.health() {
                Health::Broken => {
                    Err("the audit log takes no records; see the log, then restart the appliance".into())
                }
                Health::Sound | Health::DiskFull => Ok(()),
            }
        }),
        banners: Arc::new({
            let log = parts.door.audit().clone();
            move || banner(log.health()).into_iter().collect()
        }),
        closing: shared.closing,
    });
    let mut listen = config.web.clone();
    let sockets = shared.sockets;
    if !sockets.is_empty() {
        listen.listen.clear();
    }
    let router = web::router(&app, web::api::router(&app));
    let server = Server::bind(&listen, sockets, router).context("open the door")?.parting(app.farewell());
    Ok((server, app))
}

/// What everybody must know of the audit log.
fn banner(health: Health) -> Option<Banner> {
    let (title, text) = match health {
        Health::Sound => return None,
        Health::DiskFull => (
            "The disk is full",
            "Nothing is done that cannot be written down: only switching off still works. Free some space on the appliance.",
        ),
        Health::Broken => (
            "The audit log cannot be written",
            "Nothing is done until the appliance was restarted; its log says why.",
        ),
    };
    Some(Banner { title: title.into(), text: text.into(), urgent: true })
}
