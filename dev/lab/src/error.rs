//! What can go wrong when a lab is set up or told something.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address could not be listened at.
    #[error(
        "listen at {addr}: it must be an address of this machine where nobody listens yet, another lab for one, and a port below 1024 needs the right to bind it; give others with --first-addr or --port"
    )]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There are more BMCs than may be open at once.
    #[error("{count} BMCs need {needed} open files, and this process may have {allowed}; raise `ulimit -n`")]
    OpenFiles {
        /// How many BMCs.
        count: usize,
        /// What they need.
        needed: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// A certificate or key could not be made.
    #[error("make the certificate of {subject}")]
    Certificate {
        /// Whose.
        subject: String,
        /// Why.
        source: rcgen::Error,
    },
    /// A certificate and its key could not be used.
    #[error("use the certificate of {subject}")]
    Tls {
        /// Whose.
        subject: String,
        /// Why.
        source: rustls::Error,
    },
    /// A file of the state folder could not be read or written.
    #[error("keep the state of the lab in {path}")]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file with the list of BMCs could not be written.
    #[error("write the list of BMCs to {path}")]
    Credentials {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A captured tree could not be read.
    #[error("read the captured tree {path}")]
    Replay {
        /// The archive or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A captured tree has no service root.
    #[error("{0} is no captured tree: it has no redfish/v1/index.json, or that is no JSON")]
    NoRoot(PathBuf),
    /// The password file could not be read.
    #[error("read the password from {path}")]
    ReadPassword {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The password file's first line is empty.
    #[error("the first line of {0} is empty, and must be the password")]
    EmptyPassword(PathBuf),
    /// A lab is told things on loopback only.
    #[error(
        "{0} is no loopback address, and whoever reaches --control may break the lab; take one of 127.0.0.0/8"
    )]
    ControlNotLoopback(SocketAddr),
    /// A lab that runs could not be asked.
    #[error("ask the lab at {addr}; it must have been started with --control {addr}")]
    Control {
        /// Where.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A lab that runs refused.
    #[error("the lab refuses: {0}")]
    Refused(String),
    /// No BMC has this address.
    #[error("no simulated BMC listens at {0}")]
    NoSuchBmc(SocketAddr),
}
