//! Why a device could not be asked.

use crate::Error;
use model::{Failure, Kind};

/// Why a device could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A request failed.
    #[error("{}", .0.cause())]
    Request(Error),
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
    pub fn failure(&self, operation: &str, subject: &str) -> Failure {
        match self {
            Self::Request(error) => error.failure(operation, subject),
            Self::Here(failure) => {
                Failure { operation: operation.into(), subject: subject.into(), ..failure.clone() }
            }
            Self::RefusedBefore => Failure::new(Kind::CredentialRefused, operation, subject, self.to_string())
                .hint("correct the account on the controller and refresh the device, or forget it and adopt it again"),
            Self::Gone => Failure::new(Kind::NotFound, operation, subject, self.to_string()),
        }
    }

    /// Whether asking again without somebody's help is useless.
    pub const fn needs_help(&self) -> bool {
        matches!(
            self,
            Self::RefusedBefore
                | Self::Gone
                | Self::Request(Error::CredentialRefused { .. } | Error::CertificateChanged { .. })
        )
    }

    /// Whether nothing of the request can have reached the controller's Redfish service.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Request(error) => matches!(
                error,
                Error::Connect { .. }
                    | Error::Tls { .. }
                    | Error::TimedOut { awaited: "connection" | "TLS handshake", .. }
            ),
            Self::Here(_) | Self::RefusedBefore | Self::Gone => true,
        }
    }
}
