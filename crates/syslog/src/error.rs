//! Why it does not listen.

use std::net::SocketAddr;
use std::path::PathBuf;

/// A listener that could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address that nobody may have, or that somebody has.
    #[error("listen for syslog at {address} ({transport})")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// `udp`, `tcp` or `tls`.
        transport: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A socket that systemd handed over cannot be used.
    #[error("take the syslog socket number {number} over that systemd opened")]
    Socket {
        /// Its place among them, from 0.
        number: usize,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The authorities of senders' certificates cannot be read.
    #[error("read the certificates in {} (`[syslog] client_ca`)", .path.display())]
    ClientCa {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: rustls_pki_types::pem::Error,
    },
    /// No authority, or none that can be one.
    #[error("no certificate in {} can be an authority for senders (`[syslog] client_ca`): {cause}", .path.display())]
    NoAuthority {
        /// The file.
        path: PathBuf,
        /// What the TLS library says.
        cause: String,
    },
    /// The TLS library refuses.
    #[error("prepare TLS for syslog")]
    Tls(#[source] rustls::Error),
    /// There is no such zone.
    #[error(
        "no time zone {name:?} is known to this system (`[syslog] time_zone`); is the package tzdata installed?"
    )]
    TimeZone {
        /// Its name.
        name: String,
    },
}
