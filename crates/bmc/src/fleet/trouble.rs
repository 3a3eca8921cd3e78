//! Why a device could not be asked.

use crate::Error;
use model::{Failure, Kind};
use std::time::Duration;

/// Why a device could not be asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Trouble {
    /// A request failed.
    #[error("{}", .0.cause())]
    Request(Error),
    /// Signing in failed; the request itself was not sent.
    #[error("{}", .0.cause())]
    SignIn(Error),
    /// The controller failed too often in a row and is left alone for a while.
    #[error("it failed several times in a row and is left alone for {} s; last: {cause}", pause.as_secs().max(1))]
    LeftAlone {
        /// For how long yet.
        pause: Duration,
        /// What was wrong last.
        cause: String,
    },
    /// The controller seems to be starting, so that what it says is not believed yet.
    #[error("it seems to be starting: {cause}")]
    Starting {
        /// What it says.
        cause: String,
    },
    /// The appliance itself could not.
    #[error("{}", .0.cause)]
    Here(Failure),
    /// The controller refused the credential before; it is not sent again.
    #[error("the controller refused the credential before; it is not sent again")]
    RefusedBefore,
    /// The device is not adopted any more.
    #[error("the device is not adopted any more")]
    Gone,
}

impl Trouble {
    /// The failure of an act that met it.
    #[must_use]
    pub fn failure(&self, operation: &str, subject: &str) -> Failure {
        match self {
            Self::Request(error) | Self::SignIn(error) => error.failure(operation, subject),
            Self::LeftAlone { .. } | Self::Starting { .. } => Failure::new(Kind::Unreachable, operation, subject, self.to_string()),
            Self::Here(failure) => {
                Failure { operation: operation.into(), subject: subject.into(), ..failure.clone() }
            }
            Self::RefusedBefore => Failure::new(Kind::CredentialRefused, operation, subject, self.to_string())
                .hint("correct the account on the controller and refresh the device, or forget it and adopt it again"),
            Self::Gone => Failure::new(Kind::NotFound, operation, subject, self.to_string()),
        }
    }

    /// Whether asking again without somebody's help is useless.
    #[must_use]
    pub const fn needs_help(&self) -> bool {
        matches!(
            self,
            Self::RefusedBefore
                | Self::Gone
                | Self::Request(Error::CredentialRefused { .. } | Error::CertificateChanged { .. })
                | Self::SignIn(Error::CredentialRefused { .. } | Error::CertificateChanged { .. })
        )
    }

    /// Whether nothing of the request can have reached the controller's Redfish service.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Request(error) => matches!(
                error,
                Error::Connect { .. }
                    | Error::Tls { .. }
                    | Error::NotAsked { .. }
                    | Error::TimedOut { awaited: "connection" | "TLS handshake", .. }
            ),
            Self::SignIn(_)
            | Self::LeftAlone { .. }
            | Self::Starting { .. }
            | Self::Here(_)
            | Self::RefusedBefore
            | Self::Gone => true,
        }
    }

    /// The request's or the sign-in's error, where it was one.
    #[must_use]
    pub const fn error(&self) -> Option<&Error> {
        match self {
            Self::Request(error) | Self::SignIn(error) => Some(error),
            Self::LeftAlone { .. }
            | Self::Starting { .. }
            | Self::Here(_)
            | Self::RefusedBefore
            | Self::Gone => None,
        }
    }
}
