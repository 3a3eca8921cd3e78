//! What can go wrong while the HTTPS server starts.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address cannot be listened on.
    #[error("listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// A socket that was handed over cannot be used.
    #[error("use listening socket number {number} that was handed over")]
    Socket {
        /// Its place among those handed over, from zero.
        number: usize,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// Neither an address nor a socket was given.
    #[error("nothing to listen on: `listen` is empty and no socket was handed over")]
    NothingToListenOn,
    /// A certificate or key file cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// The certificate file holds no certificate.
    #[error("{path} holds no certificate in PEM form")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key do not fit, or the key is of a kind that is not supported.
    #[error("use the key in {key} with the certificate in {certificate}")]
    KeyDoesNotFit {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
    /// The TLS library refuses its own settings.
    #[error("set TLS up")]
    Tls(#[source] rustls::Error),
}
