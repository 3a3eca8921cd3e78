//! What can go wrong with a request: operation, controller and answer in each variant.

use crate::client::document::Unreadable;
use model::device::{Certificate, Endpoint, Fingerprint};
use model::failure::{Failure, Kind};
use model::inventory::FaultKind;
use std::sync::Arc;
use std::time::Duration;

/// A request that did not succeed. It can be cloned, since several may have waited for the same answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// No TCP connection.
    #[error("{operation} {endpoint}: no connection")]
    Connect {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// A deadline passed.
    #[error("{operation} {endpoint}: no {awaited} within {} s", limit.as_secs_f64())]
    TimedOut {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// What did not come: `connection`, `TLS handshake`, `answer`, `whole answer`.
        awaited: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// No TLS connection.
    #[error("{operation} {endpoint}: TLS handshake failed")]
    Tls {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// What to do about it, where that is known.
        hint: Option<&'static str>,
        /// What was wrong.
        source: Arc<std::io::Error>,
    },
    /// The controller showed another certificate than the pinned one; nothing was sent to it.
    #[error("{operation} {endpoint}: it shows certificate {}, pinned is {pinned}", presented.fingerprint)]
    CertificateChanged {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// What it must show.
        pinned: Fingerprint,
        /// What it showed.
        presented: Box<Certificate>,
    },
    /// The connection broke, or what came over it is not HTTP.
    #[error("{operation} {endpoint}: the exchange broke off")]
    Exchange {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// What was wrong.
        source: Arc<hyper::Error>,
    },
    /// An HTTP status other than success.
    #[error("{operation} {endpoint}: answered {status}{}", said(messages))]
    Answered {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// The HTTP status.
        status: u16,
        /// The messages of the answer's `@Message.ExtendedInfo` (DSP0266, error responses).
        messages: Vec<String>,
        /// In how many seconds to ask again, where it says so (`Retry-After`).
        retry_after: Option<u64>,
    },
    /// The credential, or its absence, was refused. It is not sent again.
    #[error("{operation} {endpoint}: answered {status}{}", said(messages))]
    CredentialRefused {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// The HTTP status, 401 or 403.
        status: u16,
        /// The messages of the answer.
        messages: Vec<String>,
    },
    /// The controller no longer knows the session.
    #[error("{operation} {endpoint}: the session has ended")]
    SessionEnded {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
    },
    /// The controller has no session service, or one that makes none: 404, 405, 501, or success without a token.
    #[error("{operation} {endpoint}: it has no session service")]
    NoSessions {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
    },
    /// Nothing was sent: the controller is left alone at present, or cannot be asked before something is put right.
    #[error("{operation} {endpoint}: not asked: {cause}")]
    NotAsked {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// Why it was not asked.
        cause: String,
    },
    /// The answer's body is not what it must be.
    #[error("{operation} {endpoint}: unreadable answer")]
    BadDocument {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: Arc<Unreadable>,
    },
    /// A link that is none, or leads to another host.
    #[error("{operation} {endpoint}: link {link:?} {problem}")]
    BadLink {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// The link as it was written.
        link: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A well-formed answer that lacks something which has to be there.
    #[error("{operation} {endpoint}: {problem}")]
    BadAnswer {
        /// What was tried.
        operation: String,
        /// Where.
        endpoint: Endpoint,
        /// What is wrong with it.
        problem: String,
    },
}

/// The controller's own words, after the status.
fn said(messages: &[String]) -> String {
    if messages.is_empty() { String::new() } else { format!(": {}", messages.join(" ")) }
}

impl Error {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Connect { .. } | Self::Tls { .. } | Self::Exchange { .. } | Self::NotAsked { .. } => {
                Kind::Unreachable
            }
            Self::TimedOut { .. } => Kind::TimedOut,
            Self::CertificateChanged { .. } => Kind::Conflict,
            Self::Answered { status: 404, .. } => Kind::NotFound,
            Self::Answered { status: 405 | 501, .. } | Self::NoSessions { .. } => Kind::Unsupported,
            Self::Answered { status: 409 | 503, .. } => Kind::Busy,
            Self::Answered { status: 429, .. } => Kind::Throttled,
            Self::CredentialRefused { .. } => Kind::CredentialRefused,
            Self::Answered { .. }
            | Self::SessionEnded { .. }
            | Self::BadDocument { .. }
            | Self::BadLink { .. }
            | Self::BadAnswer { .. } => Kind::BadAnswer,
        }
    }

    /// What kind of fault it is in a reading that goes on without the document.
    #[must_use]
    pub const fn fault(&self) -> FaultKind {
        match self {
            Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Exchange { .. }
            | Self::TimedOut { .. }
            | Self::NotAsked { .. } => FaultKind::NoAnswer,
            Self::BadDocument { .. } | Self::BadAnswer { .. } => FaultKind::BadDocument,
            Self::BadLink { .. } => FaultKind::BadLink,
            Self::CertificateChanged { .. }
            | Self::Answered { .. }
            | Self::CredentialRefused { .. }
            | Self::SessionEnded { .. }
            | Self::NoSessions { .. } => FaultKind::Refused,
        }
    }

    /// Whether every later request would fail as well, so that a reading ends here.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::Tls { .. }
                | Self::CertificateChanged { .. }
                | Self::CredentialRefused { .. }
                | Self::SessionEnded { .. }
                | Self::NotAsked { .. }
                | Self::TimedOut { awaited: "connection" | "TLS handshake", .. }
        )
    }

    /// The same as a refused credential, where the answer was 401 or 403.
    #[must_use]
    pub fn as_credential_refused(self) -> Self {
        match self {
            Self::Answered { operation, endpoint, status: status @ (401 | 403), messages, .. } => {
                Self::CredentialRefused { operation, endpoint, status, messages }
            }
            other => other,
        }
    }

    /// The HTTP status, where there was an answer.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } | Self::CredentialRefused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The controller's own words.
    #[must_use]
    pub fn messages(&self) -> &[String] {
        match self {
            Self::Answered { messages, .. } | Self::CredentialRefused { messages, .. } => messages,
            _ => &[],
        }
    }

    /// The certificate that was shown instead of the pinned one.
    #[must_use]
    pub fn presented(&self) -> Option<&Certificate> {
        match self {
            Self::CertificateChanged { presented, .. } => Some(presented),
            _ => None,
        }
    }

    /// The operation and the controller it was tried on.
    #[must_use]
    pub fn subject(&self) -> (&str, Endpoint) {
        match self {
            Self::Connect { operation, endpoint, .. }
            | Self::TimedOut { operation, endpoint, .. }
            | Self::Tls { operation, endpoint, .. }
            | Self::CertificateChanged { operation, endpoint, .. }
            | Self::Exchange { operation, endpoint, .. }
            | Self::Answered { operation, endpoint, .. }
            | Self::CredentialRefused { operation, endpoint, .. }
            | Self::SessionEnded { operation, endpoint }
            | Self::NoSessions { operation, endpoint }
            | Self::NotAsked { operation, endpoint, .. }
            | Self::BadDocument { operation, endpoint, .. }
            | Self::BadLink { operation, endpoint, .. }
            | Self::BadAnswer { operation, endpoint, .. } => (operation, *endpoint),
        }
    }

    /// What was wrong, with every source, without operation and subject.
    #[must_use]
    pub fn cause(&self) -> String {
        let whole = self.to_string();
        let (operation, endpoint) = self.subject();
        let prefix = format!("{operation} {endpoint}: ");
        let mut cause = whole.strip_prefix(&prefix).unwrap_or(&whole).to_owned();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            let text = error.to_string();
            if !cause.ends_with(&text) {
                cause = format!("{cause}: {text}");
            }
            source = error.source();
        }
        cause
    }

    /// The failure of an act on `subject` that this request was part of.
    #[must_use]
    pub fn failure(&self, operation: &str, subject: &str) -> Failure {
        let failure = Failure::new(self.kind(), operation, subject, self.cause());
        match self.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Tls { hint, .. } => *hint,
            Self::CertificateChanged { .. } => Some(
                "find out why the certificate changed; then approve the new one, or leave the controller alone",
            ),
            Self::CredentialRefused { .. } => {
                Some("check user name and password on the controller; the refused one is not sent again")
            }
            Self::Connect { .. } | Self::TimedOut { .. } => {
                Some("check address, port and cabling, and whether a firewall lies between")
            }
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (operation, endpoint) = error.subject();
        error.failure(operation, &endpoint.to_string())
    }
}
