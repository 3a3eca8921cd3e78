//! The `[web]` section of `portcullis.toml`.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

model::settings! {
    /// Where pages and API are served, and with which certificate. Plain HTTP is never served.
    Web {
        /// Addresses to listen on; leave it empty if systemd hands the sockets over.
        listen: Vec<SocketAddr> = vec![SocketAddr::from(([0, 0, 0, 0], 8443))],
        /// The certificate chain, PEM, the appliance's own first; read again when the file changes.
        certificate: PathBuf = "tls/certificate.pem".into(),
        /// Its private key, PEM; read again when the file changes.
        key: PathBuf = "tls/key.pem".into(),
        /// Networks that may read `/metrics` without signing in.
        metrics_open_to: Vec<IpNet> = vec![IpAddr::from(Ipv4Addr::LOCALHOST).into(), IpAddr::from(Ipv6Addr::LOCALHOST).into()],
        /// Connections served at once; more wait until one ends.
        connections: usize = 1024,
    }
}

impl Web {
    /// Whether this address may read `/metrics`.
    #[must_use]
    pub fn opens_metrics_to(&self, from: IpAddr) -> bool {
        let from = from.to_canonical();
        self.metrics_open_to.iter().any(|net| net.contains(&from))
    }
}
