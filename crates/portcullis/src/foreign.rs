//! Other firewalls' syslog, into the firewalls' log.

use crate::firewall_log::FirewallLog;
use anyhow::Context as _;
use jiff::Timestamp;
use model::firewall_log::{Entry, Log, Loss, Why};
use std::sync::Arc;
use syslog::{Config, Given, Listeners, Sink};
use web::tls::LiveCertificate;

/// Opens what is configured and takes over what systemd opened; nothing if there is neither.
pub fn listen(
    config: &Config,
    given: Given,
    certificate: Arc<LiveCertificate>,
) -> anyhow::Result<Option<Listeners>> {
    let listeners = Listeners::bind(config, given, certificate).context("listen to other firewalls")?;
    let addresses = listeners.addresses();
    for (transport, address) in &addresses {
        tracing::info!(%address, transport, "syslog of other firewalls is taken");
    }
    if !addresses.is_empty() && config.from.is_empty() {
        // systemd's sockets need no key, so `check` cannot see this.
        tracing::warn!("nobody may send syslog: name the networks of the firewalls as `from` in [syslog]");
    }
    Ok((!addresses.is_empty()).then_some(listeners))
}

impl Sink for FirewallLog {
    fn keep(&self, entries: Vec<Entry>) {
        Log::keep(self, entries);
    }

    fn lose(&self, from: Timestamp, to: Timestamp, count: u64) {
        Log::lose(self, Loss { from, to, why: Why::Buffer, count: Some(count) });
    }
}
