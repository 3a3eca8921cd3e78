//! Log lines and metrics.

use crate::config::{Log, LogFormat};
use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// What is measured, ready to be read.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// As Prometheus reads it (text exposition format 0.0.4).
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Starts logging to standard error, and measuring.
pub fn start(log: &Log) -> anyhow::Result<Metrics> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log filter {:?}", log.level))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    match log.format {
        LogFormat::Human => lines.with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    let handle = PrometheusBuilder::new().install_recorder().context("start measuring")?;
    Ok(Metrics(handle))
}
