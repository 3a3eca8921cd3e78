//! Other firewalls' syslog, into the firewalls' log.

use anyhow::Context as _;
use jiff::Timestamp;
use model::firewall_log::Entry;
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

/// Where lines go while nothing keeps them: they are counted by `syslog` itself, and that is all.
pub struct Counted;

impl Sink for Counted {
    fn keep(&self, _entries: Vec<Entry>) {}

    fn lose(&self, _from: Timestamp, _to: Timestamp, _count: u64) {}
}
